"""Which language is a message in? By its script and by the words that every text of a language has.

Knows a text, not the customer's browser and not the help center. Says nothing where too little speaks: "reset" could be
anybody's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.tokenizing import is_stop_word, normal, only_asks

# the languages that the bot's own words are given in
LANGUAGES = ("en", "de", "es", "fr", "pt", "it", "nl", "pl", "ru", "ar", "ja", "zh")
_by_words = ("en", "de", "es", "fr", "pt", "it", "nl", "pl")
_neighbours = (
    "da",
    "no",
    "sv",
    "cs",
    "sk",
    "ro",
    "fi",
    "hu",
    "tr",
    "id",
)  # told apart, but nothing is written in them
READ_AT_MOST = 1000  # characters
# what a short message consists of, where no word that every text has stands in it
_telltale = {
    "en": "hello hi thanks thank you please help yes i'm i don't doesn't didn't",
    "de": "hallo danke bitte guten tag morgen nein ja ich nicht meine mein kein keine hilfe tschüss mit",
    "es": "hola gracias por favor buenos buenas días ayuda cómo mi quiero está puedo sí",
    "fr": "bonjour merci salut s'il vous plaît aide je mon ma bonsoir j'ai c'est n'est oui où est-ce",
    "pt": "olá oi obrigado obrigada bom dia ajuda meu minha não você quero por favor sim",
    "it": "ciao grazie buongiorno aiuto mio mia il per favore sì vorrei ho",
    "nl": "hoi bedankt dank goedemorgen alstublieft mijn ik hoe het een nee goedendag",
    "pl": "cześć dzień dobry dziękuję proszę pomoc jak mój moje nie chcę mam tak",
}
_letters = {"de": "ß", "es": "ñ¿¡", "pt": "ãõ", "pl": "ąęłńśźż", "fr": "œ"}  # that none of the others write
_words_of = {language: frozenset(words.split()) for language, words in _telltale.items()}
_word = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_latin = re.compile(r"[a-zA-ZÀ-ÿĀ-ž]")
_scripts = {  # not a letter of another of these languages
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "ar": re.compile(r"[\u0621-\u064a]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
}
_others = re.compile(
    r"[іїєґўђћќљњџ]|[پچژگک]|[\uac00-\ud7af\u0e00-\u0e7f\u0900-\u097f\u0590-\u05ff\u0370-\u03ff]", re.I
)


def spoken(text: str) -> str | None:
    """The language of a text as one of LANGUAGES; None where it cannot be told, and for other languages."""
    text = text[:READ_AT_MOST]
    if _others.search(text):
        return None
    letters = len(_latin.findall(text))
    for language, script in _scripts.items():
        written = len(script.findall(text))
        # a Chinese or Japanese letter says as much as three of an alphabet
        if written and (3 * written if language in {"ja", "zh"} else written) >= letters:
            return language
    counts, words = _counted(text)
    if not words:
        return None
    best, second = sorted(counts.values(), reverse=True)[:2]
    if best == second or best < 0.2 * words:
        return None
    if best == 1 and words > 3:
        return None
    found = max(counts, key=counts.__getitem__)
    return found if found in LANGUAGES else None


def in_english(text: str) -> bool:
    """Whether nothing speaks for another language more than for English: for what reads English only, and has to read "agent pls"."""
    text = text[:READ_AT_MOST]
    letters = [letter for letter in text if letter.isalpha()]
    if sum(map(str.isascii, letters)) < 0.8 * len(letters):
        return False
    counts, _ = _counted(text)
    return max(counts.values()) <= counts["en"]


def _counted(text: str) -> tuple[dict[str, int], int]:
    """How much speaks for each language, and how many words there are."""
    words = [normal(word).replace("’", "'") for word in _word.findall(text)]
    counts = {
        language: sum(_has(language, word) for word in words) for language in (*_by_words, *_neighbours)
    }
    for language, letters_of in _letters.items():
        counts[language] += any(letter in text.lower() for letter in letters_of)
    return counts, len(words)


@lru_cache(maxsize=20_000)
def _has(language: str, word: str) -> bool:
    asked = only_asks(word, language) and (language == "en" or not only_asks(word, "en"))
    return word in _words_of.get(language, ()) or is_stop_word(word, language) or asked
