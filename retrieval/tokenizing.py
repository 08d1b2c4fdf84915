"""Text into tokens, for passages and questions alike: stems of words, whole codes, pieces of text without spaces.

Knows languages, not indexes. A word that is put together with hyphens, underscores or dots ("e-mail", "ORA-00942",
"v2.3.1") gives its parts and, as one token more, the whole without its marks, so that it is found however it is typed.
"""

from __future__ import annotations

import re
import runpy
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import Stemmer

VERSION = "tokens-2"  # goes up when the same text gives other tokens
LONGEST = 60  # characters of a word that is put together
BREAK = "\n"  # in the place of a word: what stands around it does not stand together


def _ranges_of_marks() -> str:
    """Signs that belong to the letter before them (vowels of Hindi and Thai, accents written apart), which `\\w` leaves out."""
    points = [point for point in range(0x300, 0x1DFF) if unicodedata.category(chr(point))[0] == "M"]
    return "".join(map(chr, points)) + "\u200c\u200d"


_run = rf"[^\W_]+(?:[{_ranges_of_marks()}]+[^\W_]*)*"
_plain = rf"{_run}(?:['’]{_run})*"
_word = re.compile(_plain)
_compound = re.compile(rf"{_plain}(?:(?:_+|[-.‐‑]){_plain})*")
_compound_of_ascii = re.compile(r"[a-z0-9]+(?:(?:_+|[-.'])[a-z0-9]+)*")  # the same, faster
_word_of_ascii = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_hyphenated = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_cjk = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f]+")
_run_on = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+")  # Thai, Lao, Myanmar, Khmer
_unspaced = re.compile(f"{_cjk.pattern}|{_run_on.pattern}")
_accents = re.compile(r"[\u0300-\u036f]+")
_strokes = str.maketrans("łøđħı", "lodhi")  # what Unicode does not take for an accent
_marks_between = re.compile(r"[-_.‐‑]+")
_numbers_dot = re.compile(r"(?<=\d)\.(?=\d)")
_version = re.compile(r"v(?=\d+(?:\.\d+)+$)")
_unwritten = {
    **dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x640]),  # soft hyphens, joiners, tatweel
    **dict.fromkeys([*range(0x64B, 0x660), 0x670]),  # vowels of Arabic, which are mostly left out
    **dict.fromkeys(range(0x591, 0x5BE)),  # and of Hebrew
    **dict.fromkeys([*range(0x5BF, 0x5C0), *range(0x5C1, 0x5C3), *range(0x5C4, 0x5C6), 0x5C7]),
}

STEMMED = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian",
    "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "st": "sesotho", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# the commonest words of languages that bm25s has no list of
_common = {
    "ar": "في من على إلى عن مع هذا هذه ذلك التي الذي ما لا لم لن هل أن إن كان كانت هو هي أو ثم كل قد بعد قبل عند يا كما أي و",
    "bg": "и в на за да се от с не е са по до при като това които който че ще но или как какво може си ми ти го ги",
    "ca": "el la els les un una uns unes de del dels a al als en i o que per amb no es és són com se si ho hi més aquest aquesta el meu la meva",
    "cs": "a i v ve na s se z ze k ke o u do od po pro při za je jsou být to ten ta tento tato že ale nebo jak co když si by jako už můj moje",
    "el": "ο η το οι τα του της των τον την και σε με για από στο στη στην στον στα στις στους να θα που πως είναι δεν μη μην ή αν ένα μια ένας μου σας σου τι",
    "eo": "la kaj de en al estas ne ke mi vi li ŝi ĝi kun por el sur da do ĉu kiel kio pri ankaŭ",
    "et": "ja ei on et see kui ka mis või ning aga oma ma sa ta me te nad kas kuidas siis selle seda minu",
    "eu": "eta da ez bat du dira zen baina edo ere hau hori zer nola nire zure",
    "fa": "و در به از که این آن را با برای است یک تا بر هم یا اما اگر هر نیز خود می من شما چه چگونه ها های",
    "fi": "ja ei on että se ne tämä nämä kun jos myös mutta tai ole olla ovat oli joka jotka mitä miten mikä kuin niin hän minä sinä te he me voi voin",
    "ga": "an na agus ar le do i is tá ní go sé sí mé tú ag ó bhí cad conas mo",
    "he": "של את על אל עם לא כן זה זו או גם כי אם מה איך הוא היא הם אני אתה יש אין כל עד רק לי לך שלי שלך",
    "hi": "का की के को में से पर है हैं और या यह वह ये वे था थी थे हो होता होती भी नहीं तो ही कि जो एक इस उस मैं आप मेरा मेरी मेरे अपने अपनी कैसे क्या",
    "hr": "i u na za se da je su od s sa o do po pri kao to koji koja koje ali ili kako što bi ne ni mi ti ga ih moj moja",
    "hu": "a az és hogy nem is egy ez azt ezt meg de ha vagy mint van volt lesz csak már el fel ki be hogyan mi én ön aki ami",
    "hy": "և է են որ այս այդ ես դու մի ու ինչ ինչպես համար չի իմ",
    "id": "yang dan di ke dari untuk dengan pada ini itu adalah atau tidak akan dalam oleh sebagai juga saya anda bagaimana apa bisa dapat ada",
    "lt": "ir į iš su už apie kad ar bet arba kaip tai šis ši yra buvo būti ne nuo iki per prie jei aš jūs mano jūsų",
    "lv": "un ir no uz ar par ka vai bet kā tas tā šis šī nav līdz pie ja es jūs mans jūsu kas",
    "ne": "र को मा छ हो यो त्यो पनि लागि के कसरी मेरो",
    "pl": "i w we na z ze do od po o u za przy dla się jest są być to ten ta te że ale lub albo oraz jak co gdy jeśli nie czy czym mój moja moje tego tej tym ich jego jej",
    "ro": "și în de la cu pe din pentru că nu este sunt un o ai ale al sau dar dacă ce cum care mai se să am ați lui ei meu mea",
    "sk": "a i v vo na s so z zo k ku o u do od po pre pri za je sú byť to ten tá tento táto že ale alebo ako čo keď sa by môj moja",
    "sl": "in v na za se da je so od s z o do po pri kot to ki ali pa kako kaj bi ne mi ti ga jih moj moja",
    "sr": "и у на за се да је су од са о до по при као то који која које али или како шта би не ми ти га их мој моја i u na za se da je su od sa o do po pri kao to koji koja koje ali ili kako šta bi ne",
    "ta": "ஒரு மற்றும் இந்த அந்த என்று எப்படி என்ன என்",
    "uk": "і й та в у на з із за до від по о об при для про що як це цей ця ці не ні або але чи є був була були бути я ви мій моя моє ваш його її їх",
    "vi": "và của là có cho không được các những một này đó với trong để từ đến khi như thì tôi bạn",
}  # fmt: skip
# words that carry no meaning of their own in a question to a help center
_asking = {
    "en": """how what when where why who which whose can could would should shall may might must do does did done please
        help need want way like know get got have has had having am are is was were be been being i me my mine myself we
        us our ours you your yours he him his she her it its they them their theirs someone anyone there here just also
        any some about""",
    "de": """wie was wann wo warum wer welche welcher welches wessen kann können könnte könnten muss müssen soll sollte
        möchte will brauche bitte hilfe gibt geht macht machen tun""",
    "es": """cómo qué cuándo dónde quién cuál cuáles puedo puede pueden podría debo debe necesito quiero quisiera hacer hago
        ayuda hay""",
    "fr": """comment quoi quand où qui quel quelle quels quelles pourquoi puis peux peut pouvez pourrais dois doit faut
        veux voudrais besoin faire fais aide""",
    "it": "come cosa quando dove perché chi quale quali posso può potrei devo deve voglio vorrei serve fare faccio aiuto",
    "nl": "hoe wat wanneer waar waarom wie welke kan kunnen moet moeten wil graag hulp doe doen",
    "pt": "como que quando onde quem qual quais posso pode poderia devo deve preciso quero gostaria fazer faço ajuda",
}
LISTED = frozenset(
    (*_common, "da", "de", "en", "es", "fr", "it", "nl", "no", "pt", "ru", "sv", "tr")
)  # with stop words
_asking_in = {language: frozenset(words.split()) for language, words in _asking.items()}


def tokens(text: str, language: str, *, wholes: bool = True) -> list[str]:
    """Lower-case stems without stop words, in order; after them, where `wholes`, the words that are put together
    as one token each. Chinese, Japanese and Korean as pairs of characters, Thai and its neighbours as threes."""
    stop, stem = _words_of(language)
    found: list[str] = []
    whole: list[str] = []
    text = normal(text)
    ascii_only = text.isascii()
    for compound in (_compound_of_ascii if ascii_only else _compound).findall(text):
        if ascii_only and compound.isalnum():
            if compound not in stop:
                found.append(compound)
            continue
        parts = _word.findall(compound)
        for part in parts:
            found.extend(_pieces(part, stop))
        if wholes and len(parts) > 1 and (together := joined(compound)):
            whole.append(together)
    found += whole
    return stem(found) if stem else found


def telling_words(question: str, language: str = "en") -> str:
    """A question without the words that only ask."""
    asking = _asking_in.get(language, frozenset()) | _asking_in["en"]
    return _word.sub(lambda word: "" if word[0].lower() in asking else word[0], question)


def only_asks(word: str, language: str) -> bool:
    """Whether a lower-case word carries no meaning of its own in a question."""
    return word in _asking_in["en"] or word in _asking_in.get(language, ())


def is_stop_word(word: str, language: str) -> bool:
    return word in _words_of(language)[0]


def normal(text: str) -> str:
    """Lower case, in one form of Unicode, without vowel signs and joiners that are written or not as one likes."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).translate(_unwritten).lower()


@lru_cache(maxsize=100_000)
def folded(word: str) -> str:
    """A normal word without accents ("pénalité": "penalite"; "straße": "strasse")."""
    if word.isascii():
        return word
    apart = _accents.sub("", unicodedata.normalize("NFKD", word.casefold()))
    return unicodedata.normalize("NFC", apart).translate(_strokes)


def joined(compound: str) -> str | None:
    """A normal word that is put together, as one: "e-mail" as "email", "ora-00942" as "ora00942", "v2.3.1" as "2.3.1".
    None where there is nothing but single letters, as in "e.g", and where it is longer than anybody types."""
    if len(compound) > LONGEST:
        return None
    if max(map(len, _marks_between.split(compound))) < 2 and not any(sign.isdigit() for sign in compound):
        return None
    kept = _numbers_dot.sub("\0", compound)
    kept = _marks_between.sub("", kept).replace("\0", ".")
    return _version.sub("", kept)


def written_words(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, word as it stands) of the words of a text, the compounds undivided."""
    for found in _compound.finditer(text):
        yield found.start(), found.end(), found[0]


def parts_at(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, word as it stands) of the words of a text, the compounds by their parts."""
    for found in _word.finditer(text):
        yield found.start(), found.end(), found[0]


def pieces_at(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the pieces that a word of a script without spaces is taken apart into, as `tokens` does it."""
    for size, script in ((2, _cjk), (3, _run_on)):
        for run in script.finditer(text, start, end):
            for first in range(run.start(), max(run.start() + 1, run.end() - size + 1)):
                yield first, min(first + size, run.end())


def parts_of(compound: str) -> list[str]:
    """The words that a compound is put together of."""
    return _word.findall(compound)


def sequence(text: str) -> list[str]:
    """The words of a text one after the other, folded, as a phrase is looked for: signs of scripts without spaces singly."""
    return [folded(word) for word in _words_in_order(normal(text))]


def words_of(text: str) -> list[str]:
    """A text's words in order, lower-case as written, a BREAK after every paragraph; then the words that are put together,
    as one ("e-mail" gives "e", "mail" and at the end "email")."""
    text = normal(text)
    found: list[str] = []
    for block in text.split("\n\n"):
        found += (*_words_in_order(block), BREAK)
    if "-" in text:
        for one in dict.fromkeys(_hyphenated.findall(text)):
            if together := joined(one):
                found += (together, BREAK)
    return found


def _words_in_order(text: str) -> list[str]:
    if text.isascii():
        return _word_of_ascii.findall(text)
    return _word.findall(_unspaced.sub(lambda run: f" {' '.join(run[0])} ", text).replace("’", "'"))


def without_spaces(word: str) -> bool:
    """Whether the word is of a script that does not keep words apart."""
    return not word.isascii() and bool(_unspaced.search(word))


def _pieces(word: str, stop: frozenset[str]) -> Iterator[str]:
    """The tokens of one word before stemming."""
    if without_spaces(word):
        for size, script in ((2, _cjk), (3, _run_on)):
            for run in script.findall(word):
                yield from (run[i : i + size] for i in range(max(1, len(run) - size + 1)))
            word = script.sub(" ", word)
        for rest in word.split():
            if rest not in stop:
                yield rest
        return
    word = word.replace("’", "'").removesuffix("'s")
    if word not in stop:
        yield word


@lru_cache(maxsize=64)
def _words_of(language: str) -> tuple[frozenset[str], Any]:
    name = STEMMED.get(language)
    listed = "EN" if language == "en" else (name or "").upper()
    stop = [*_lists().get(f"STOPWORDS_{listed}", ()), *_common.get(language, "").split()]
    return frozenset([*stop, *map(folded, stop)]), _Stem(name) if name else None


@lru_cache(maxsize=1)
def _lists() -> dict[str, Any]:
    """bm25s's lists of stop words, from their file: the package would bring scipy, a fifth of a second at every start."""
    spec = find_spec("bm25s")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("bm25s is missing: install Parley again.")
    return runpy.run_path(str(Path(spec.submodule_search_locations[0]) / "stopwords.py"))


class _Stem:
    """A Snowball stemmer; PyStemmer's objects are not for several threads, so each thread has its own."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._local = threading.local()

    def __call__(self, words: list[str]) -> list[str]:
        stemmer = getattr(self._local, "stemmer", None)
        if stemmer is None:
            stemmer = self._local.stemmer = Stemmer.Stemmer(self._name)
        return stemmer.stemWords(words)
