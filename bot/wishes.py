"""Whether a message asks for a person: a fitted model over what its words do in the sentence and over its letters. Knows one text
and nothing of the conversation.

Each word is one of the kinds of `bot.wish_words` (also with a typing error, or glued to its neighbour) or unknown. The features are
the kinds in their order, near and far, and the pieces of three to five letters; a logistic regression weighs them. Its numbers,
`bot/fitted/wishes.json`, are made by `python -m evals.fit_wishes`, which says on what.
"""

from __future__ import annotations

import base64
import json
import math
import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.prose import READ_AT_MOST, prose
from bot.small_talk import chat_kind
from bot.wish_words import KINDS

BUCKETS = 1 << 16  # of the hashed features
WINDOW, STEP = 14, 5  # words that are judged together in a long sentence, and how far the next window starts
SURER = 0.4  # how much surer, for each e-fold of windows
FAR = 5  # words within which two kinds count as near each other
LONGEST_WORD = 20  # letters; what is longer is no word
UNKNOWN, NUMBER = "_", "#"
CLEARLY = 1.0  # score from which a plain clause is a wish, whatever stands around it
_WISHED_OR_CIVIL = frozenset({"WANT", "HAND", "TALK", "GIVE", "LET", "REACH", "CALL", "PLS"})
_PEOPLE = frozenset({"HUMAN", "AGENT", "BOSS", "PERSON", "SOMEONE", "WORKER"})
# in a clause that speaks of people and wishes for none: "no agent", "after speaking with someone", "a ticket for one person"
_OTHERWISE = frozenset(
    {UNKNOWN, NUMBER, "NOT", "COND", "THING", "HOW", "WHAT", "IS", "DO", "BOT", "THEY", "ONE"}
)
# what asks for nothing, however politely: "pls", "me too"
_CIVIL = frozenset({"^", "$", "PLS", "HI", "ME", "JUST", "I", "THIS", "AND"})


def wants_human(text: str) -> bool:
    """Whether the message asks for a person, in any wording and with typing errors: "agent pls", "tlak to a
    humen".

    A question about people is not a wish for one: "how do I add an agent?", "am I talking to a real person?",
    "what are your agents' opening hours?". Asking for a department counts where it is wished for ("let me
    speak to customer service"), not where it is asked about ("how can I contact customer service?")."""
    return chat_kind(text) is None and (_fitted().wishes(text) or _wished_elsewhere(text[:READ_AT_MOST]))


# Where the fitted model knows no words (Polish, Russian, Arabic, Japanese, Chinese): what the bot itself tells people to
# write, and its nearest kin. Whoever writes it otherwise still has the button.
_elsewhere = re.compile(
    r"""
    \b(?:po)?rozmawia(?:ć|j|m)\s+(?:\w+\s+){0,3}z\s+(?:\w+\s+)?(?:człowiekiem|osobą|konsultantem|doradcą|pracownikiem|kimś)\b
    | \bpołącz\w*\s+(?:\w+\s+){0,2}z\s+(?:\w+\s+)?(?:człowiekiem|osobą|konsultantem|doradcą|pracownikiem|kimś)\b
    | \b(?:поговорить|общаться|пообщаться|связаться|соедини\w*|переключи\w*|переведи\w*|позови\w*)\s+(?:\w+\s+){0,4}?
      (?:человек\w*|оператор\w*|сотрудник\w*|менеджер\w*|специалист\w*)\b
    | \bнуж(?:ен|на)\s+(?:мне\s+)?(?:живой\s+)?(?:человек|оператор)\b
    | (?:التحدث|التكلم|أتحدث|أتكلم|حو[ّ]?لني|تحويلي|تواصل)\s+(?:\w+\s+){0,2}?(?:مع|إلى|الى|ب)?\s*(?:ال)?(?:شخص|إنسان|انسان|موظف|ممثل|بشر)
    | (?:人間|人|担当者|担当の方|オペレーター|スタッフ)[とにへ](?:直接)?(?:話|お話|つな|繋|代わ|替わ|相談)
    | 转人工 | 人工客服 | 真人客服 | (?:跟|和|与|找)(?:真人|人工|客服|工作人员) | ^\W*人工\W*$
    """,
    re.VERBOSE | re.IGNORECASE,
)
_unwished = re.compile(r"\bnie\s+ch\w+|\bне\s+(?:хочу|надо|нужно)|\bلا\s+أريد|不要|不想|たくない")


def _wished_elsewhere(text: str) -> bool:
    return _elsewhere.search(text) is not None and _unwished.search(text) is None


# "about order RX-99213-B", "ref 99123", "my customer number is 44812"
_numbered = re.compile(
    r"(?:\b(?:about|re|regarding|concerning|for|on|with|my|our|the|is|number|numbers|no|nr|id|ref|reference|order|booking|ticket|invoice|case|"
    r"parcel|customer|account|member|contract|zu|wegen|bestellung|rechnung|pedido|commande|ordine|bestelling)\b[.:]?\s{1,3}){0,6}"
    r"#?\b(?=[\w-]{0,20}\d)[\w-]{4,24}(?!\S)",
    re.IGNORECASE,
)


def windows(text: str) -> Iterator[tuple[str, ...]]:
    """The sentences as plain words, without accents and apostrophes; a long one in windows that overlap. Of a very long message
    the beginning and the end."""
    for sentence in _sentences(text):
        words = _plain(sentence)
        for start in range(0, max(1, len(words) - WINDOW + STEP), STEP) if words else ():
            yield words[start : start + WINDOW]


def clauses(text: str) -> Iterator[tuple[str, ...]]:
    """The pieces between commas, dashes and the numbers of orders and the like, of sentences that have some."""
    for sentence in _sentences(text):
        pieces = re.split(r"[,:–—]\s+|\s-+\s", _numbered.sub(", ", sentence))
        for words in map(_plain, pieces if len(pieces) > 1 else ()):
            if 2 <= len(words) <= WINDOW:
                yield words


def _sentences(text: str) -> Iterator[str]:
    most = READ_AT_MOST // 2  # a line end becomes two signs
    halves = (text,) if len(text) <= most else (text[:most], text[-min(most, len(text) - most) :])
    for half in halves:
        yield from re.split(r"[.!?;…](?=\s|$)|[¿¡]", prose(half.replace("\n", ". ")))


def features(words: Sequence[str], ordinary: frozenset[str]) -> set[int]:
    """The buckets, 0 to BUCKETS - 1, of what is said of these words. `ordinary`: words that are no typing errors."""
    kinds = kinds_of(words, ordinary)
    told = set(kinds)
    for at, kind in enumerate(kinds):
        for other, later in enumerate(kinds[at + 1 :], at + 1):
            told.add(f"{kind}>{later}")
            if other - at <= FAR:
                told.add(f"{kind}~{later}")
        for length in (2, 3, 4):
            if at + length <= len(kinds):
                told.add(" ".join(kinds[at : at + length]))
    letters = f"^{' '.join(words)}$".encode()
    pieces = {letters[at : at + n] for n in (3, 4, 5) for at in range(len(letters) - n + 1)}
    joined = "".join(words).encode()  # blind to where the spaces are
    pieces |= {b"=" + joined[at : at + n] for n in (4, 6) for at in range(len(joined) - n + 1)}
    return {zlib.crc32(one) % BUCKETS for one in pieces} | {
        zlib.crc32(one.encode(), 1) % BUCKETS for one in told
    }


def kinds_of(words: Sequence[str], ordinary: frozenset[str]) -> list[str]:
    """The kinds of the words in their order, between "^" and "$"; unknown words in a row count as one."""
    kinds = ["^"]
    for word in words:
        kinds += [kind for kind in _kinds(word, ordinary) if kind != UNKNOWN or kinds[-1] != UNKNOWN]
    return [*kinds, "$"]


@dataclass(frozen=True)
class Fitted:
    """`weights`: BUCKETS numbers of one byte each, `scale` times too large. `ordinary`: words near one of ours that are no typing
    errors."""

    fitted_on: str
    weights: list[int]
    scale: float
    bias: float
    ordinary: frozenset[str]

    @classmethod
    def from_json(cls, text: str) -> Fitted:
        """Raises ValueError where the numbers are of another version of the features."""
        told = json.loads(text)
        weights = list(memoryview(base64.b64decode(told["weights"])).cast("b"))
        if len(weights) != BUCKETS or told["words"] != fingerprint():
            raise ValueError(
                "bot/fitted/wishes.json does not suit bot/wish_words.py: run python -m evals.fit_wishes DATA"
            )
        return cls(
            told["fitted_on"], weights, told["scale"], told["bias"], frozenset(told["ordinary"].split())
        )

    def wishes(self, text: str) -> bool:
        """Whether one window is a wish; the more windows there are, the surer it has to be. So is a plain clause, whatever
        stands around it."""
        read = list(windows(text))
        asking = [words for words in read if not self._asks_nothing(words)]
        scores = [self.score(features(words, self.ordinary)) for words in asking]
        heard = bool(scores) and max(scores) > SURER * math.log(len(read))
        return heard or any(map(self._plainly, clauses(text)))

    def _asks_nothing(self, words: Sequence[str]) -> bool:
        return _CIVIL.issuperset(kinds_of(words, self.ordinary)) or chat_kind(" ".join(words)) is not None

    def _plainly(self, words: Sequence[str]) -> bool:
        """Whether a clause is a wish and nothing else: what stands around it tells nothing then."""
        kinds = set(kinds_of(words, self.ordinary))
        about = kinds & _PEOPLE and kinds & _WISHED_OR_CIVIL and not kinds & _OTHERWISE
        return bool(about) and self.score(features(words, self.ordinary)) > CLEARLY

    def score(self, buckets: set[int]) -> float:
        """Above 0 for a wish."""
        return self.bias + sum(map(self.weights.__getitem__, buckets)) / self.scale


def fingerprint() -> int:
    """Of the words and their kinds: numbers fitted on others do not suit."""
    return zlib.crc32(json.dumps(KINDS).encode())


@cache
def _fitted() -> Fitted:
    return Fitted.from_json(files("bot").joinpath("fitted", "wishes.json").read_text(encoding="utf-8"))


def _plain(text: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKD", text.lower()).replace("'", "").replace("ß", "ss")
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    return tuple(re.findall(r"[a-z0-9]+", text))


KIND_OF = {word: kind for kind, words in KINDS.items() for word in words.split()}
_LONG_ENOUGH = {
    length: [word for word in KIND_OF if len(word) >= 4 and abs(len(word) - length) <= 2]
    for length in range(LONGEST_WORD + 1)
}


@lru_cache(maxsize=16384)
def _kinds(word: str, ordinary: frozenset[str]) -> tuple[str, ...]:
    """One kind, or several where words are written as one."""
    if word in KIND_OF:
        return (KIND_OF[word],)
    if word.isdigit():
        return (NUMBER,)
    if word in ordinary or len(word) > LONGEST_WORD:
        return (UNKNOWN,)
    return kinds_meant(word) or (UNKNOWN,)


def kinds_meant(word: str) -> tuple[str, ...]:
    """What a word that is none of ours may be a typing error of; empty when it is like none."""
    once = re.sub(r"(.)\1+", r"\1", word)  # "aaagent", "tto"
    if once in KIND_OF:
        return (KIND_OF[once],)
    meant = _nearest(word)
    if meant and OSA.distance(meant, word) == 1:
        return (KIND_OF[meant],)
    if glued := _glued(word):
        return glued
    meant = meant or _BY_SKELETON.get(_skeleton(word))
    return (KIND_OF[meant],) if meant else _glued_and_mistyped(word)


def _skeleton(word: str) -> str:
    """The first letter and the consonants after it, none twice in a row: what is left of a word typed in haste."""
    return re.sub(r"(.)\1+", r"\1", word[:1] + re.sub(r"[aeiouy]", "", word[1:]))


# of the words that tell, those of three consonants at least
_BY_SKELETON = {
    _skeleton(word): word
    for word in reversed(KIND_OF)
    if KIND_OF[word] in ("HUMAN", "AGENT", "BOSS", "PERSON", "SOMEONE", "HAND") and len(_skeleton(word)) >= 3 and len(word) >= 4
}  # fmt: skip


def _nearest(word: str) -> str | None:
    """The nearest of our words: of three letters two swapped, of more one typing error, or two from 7 letters on if the first
    letter is right."""
    if len(word) == 3:
        swapped = (word[1] + word[0] + word[2], word[0] + word[2] + word[1])
        return next((one for one in swapped if one in KIND_OF), None)
    if not 4 <= len(word) <= LONGEST_WORD:
        return None
    candidates = _LONG_ENOUGH[len(word)]
    same_start = [one for one in candidates if one[0] == word[0]]
    for among, most in ((same_start, 1), (candidates, 1), (same_start, 2 if len(word) >= 7 else 0)):
        found = process.extractOne(word, among, scorer=OSA.distance, score_cutoff=most) if most else None
        if found and (found[1] < 2 or len(found[0]) >= 7):
            return str(found[0])
    return None


def _glued(word: str) -> tuple[str, ...]:
    """The kinds of "talktoanagent": the fewest of our words that make it up, one of them of four letters at least."""
    best: list[tuple[str, ...] | None] = [()]  # for each beginning of the word
    for end in range(1, len(word) + 1):
        ways = [
            (*before, word[start:end])
            for start, before in enumerate(best)
            if before is not None and word[start:end] in KIND_OF and (end - start > 1 or word[start] in "aiu")
        ]
        best.append(min(ways, key=len, default=None))
    pieces = best[-1] or ()
    return tuple(KIND_OF[piece] for piece in pieces) if max(map(len, pieces), default=0) >= 4 else ()


def _glued_and_mistyped(word: str) -> tuple[str, ...]:
    """Two of our words written as one, one of them with a typing error."""
    for at in range(2, len(word) - 1):
        for right, wrong, first in ((word[:at], word[at:], True), (word[at:], word[:at], False)):
            if right in KIND_OF and len(wrong) >= 5:
                meant = _nearest(wrong)
                if meant and OSA.distance(meant, wrong) == 1:
                    kinds = KIND_OF[right], KIND_OF[meant]
                    return kinds if first else kinds[::-1]
    return ()
