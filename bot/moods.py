"""What a customer feels, out of one message: the mood. A problem is not a mood: "payment failed with error 500" is
neutral; negative means upset, fed up, insulted, threatening to leave.

Knows one text; knows nothing of the conversation or of what is done about it. An English message is read by the message
model (`bot/message_model.py`). Any other, or where that model is missing, by its words alone: a small "wide and deep"
network (Cheng et al. 2016), one hidden layer over a handful of word signs and a weight for each word and pair of words,
fitted by `evals/fit_feelings.py` on English, and kept as plain numbers in `fitted/feelings.json`.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bot.languages import in_english
from bot.message_model import MessageModel, shipped
from bot.prose import FROWN, SMILE, prose, shouted

Label = Literal["negative", "neutral", "positive"]
GivesModel = Callable[[], MessageModel | None]

BUCKETS = 2**14  # that words and pairs of words are hashed into
WORDING_SCALE = 3.0  # the words together against one sign
MOST_WORDS = 400  # of a message whose wording is read


@dataclass(frozen=True)
class Sentiment:
    """`score` runs from -1 (unhappy) to 1 (happy); it is at most -0.1 where the label is negative and at
    least 0.1 where it is positive."""

    label: Label
    score: float

    def json(self) -> dict[str, Any]:
        return {"label": self.label, "score": round(self.score, 3)}


@dataclass(frozen=True)
class _Network:
    """Its three outputs: negative, neutral, positive.

    `hidden` (h, len(SIGNS)) with `hidden_bias` (h,); `out` (3, h) with `bias` (3,); `wording` (BUCKETS, 3); and the two probabilities from which a text is called negative or positive."""

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out: NDArray[np.float32]
    bias: NDArray[np.float32]
    wording: NDArray[np.float32]
    negative_from: float
    positive_from: float

    def sentiment(self, text: str) -> Sentiment:
        given = mood_signs(text).astype(np.float32)
        logits = self.out @ np.maximum(self.hidden @ given + self.hidden_bias, 0) + self.bias
        buckets = wording_buckets(text)
        if buckets:
            logits = logits + self.wording[buckets].sum(axis=0) * (WORDING_SCALE / math.sqrt(len(buckets)))
        odds = np.exp(logits.astype(np.float64) - float(logits.max()))
        negative, _, positive = (float(p) for p in odds / odds.sum())
        return _sentiment(negative, positive, self.negative_from, self.positive_from)


def _sentiment(negative: float, positive: float, negative_from: float, positive_from: float) -> Sentiment:
    """Of two probabilities, each with that from which it is called so."""
    if negative >= negative_from:
        return Sentiment("negative", round(min(-0.1, -_sureness(negative, negative_from)), 3))
    if positive >= positive_from:
        return Sentiment("positive", round(max(0.1, _sureness(positive, positive_from)), 3))
    lean = _sureness(positive, positive_from) - _sureness(negative, negative_from)
    return Sentiment("neutral", round(max(-0.49, min(0.49, lean)), 3))


def _sureness(probability: float, threshold: float) -> float:
    """The probability with its log-odds moved so that the threshold lies at one half."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    shift = math.log(threshold / (1 - threshold))
    return 1 / (1 + math.exp(shift - math.log(p / (1 - p))))


class Feelings:
    """Reads the mood of a message. Load once; `read` is pure and safe to share between threads.

    `model`: gives the message model, or None for words alone; asked at the first message, so that starting waits for nothing."""

    def __init__(self, words_alone: _Network, fitted_on: str, model: GivesModel) -> None:
        self._words_alone = words_alone
        self._model = model
        self.fitted_on = fitted_on

    @classmethod
    def load(cls) -> Feelings:
        """With the fitted file and the message model that ship with the package."""
        return _shipped()

    @classmethod
    def from_json(cls, text: str, model: GivesModel = lambda: None) -> Feelings:
        """Raises ValueError where the file's signs are not this module's: it has to be fitted anew."""
        fitted = json.loads(text)
        if tuple(fitted["signs"]) != SIGNS:
            raise ValueError(
                "fitted/feelings.json knows other signs than bot/moods.py: run evals/fit_feelings.py"
            )
        return cls(_network(fitted["words_alone"]), fitted["fitted_on"], model)

    def read(self, text: str) -> Sentiment:
        """The mood of `text`. By words alone only what is said outright is seen."""
        text = prose(text)
        model = self._model() if text and in_english(text) and not _names_a_thing(text) else None
        if model is None:
            return self._words_alone.sentiment(text)
        moods = model.hear(text).moods
        return _sentiment(moods["negative"], moods["positive"], model.negative_from, model.positive_from)


def _names_a_thing(text: str) -> bool:
    """A word or two without any sign of a mood ("hours", "timeout"): the model knows such words from complaints only."""
    return len(text.split()) <= FEW and not any(mood_signs(text)[place] for place in _TELLING)


@lru_cache(maxsize=1)
def _shipped() -> Feelings:
    text = files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8")
    return Feelings.from_json(text, shipped)


ARRAYS = ("hidden", "hidden_bias", "out", "bias", "wording")


def packed(values: NDArray[np.float32]) -> dict[str, Any]:
    """An array as JSON: its shape and its float16 numbers in base64."""
    return {
        "shape": list(values.shape),
        "float16": base64.b64encode(values.astype("<f2").tobytes()).decode("ascii"),
    }


def _unpacked(kept: dict[str, Any]) -> NDArray[np.float32]:
    numbers = np.frombuffer(base64.b64decode(kept["float16"]), dtype="<f2").astype(np.float32)
    return numbers.reshape(kept["shape"])


def _network(kept: dict[str, Any]) -> _Network:
    arrays = {name: _unpacked(kept[name]) for name in ARRAYS}
    return _Network(**arrays, negative_from=kept["negative_from"], positive_from=kept["positive_from"])


_TOKEN = re.compile(r"#?\w+(?:'\w+)?|[?!.]+")


def wording_buckets(text: str) -> list[int]:
    """The places of the words and neighbouring pairs of words of a text's prose, each once, in order: below BUCKETS."""
    tokens = _TOKEN.findall(text.lower())[:MOST_WORDS]
    wordings = [*tokens, *(f"{one} {two}" for one, two in pairwise(tokens))]
    return sorted({zlib.crc32(wording.encode()) % BUCKETS for wording in wordings})


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


_SWEARING = _words(
    r"f+u+c+k+\w*|f[*#@]+\w*|fck\w*|f+ing|effing|sh[i1*]t+\w*|bull\s?sh[i*]t|b\.?s\.?(?=[\s!.]*$)|damn\w*|"
    r"goddamn\w*|"
    r"bloody|wtf|wth|ffs|omfg|crap\w*|hell no|(?:what|why|who|where|how) (?:the|in) hell|what the heck|ass|"
    r"a[s*]{2}\w{0,4}|piss\w*|suck(?:s|ed|ing)?|screw(?:ed)? (?:you|me|up|over)|bitch\w*|bastards?|jfc|stfu"
)
_SCORN = _words(
    r"useless|ridiculous\w*|unacceptable|inacceptable|pathetic|a (?:complete |total |huge |big )?joke|worst|"
    r"terribl[ey]|"
    r"horrible|horribly|horrendous|awful|disgust\w*|garbage|trash|rubbish|scam\w*|liars?|lying|lied|"
    r"incompeten\w*|"
    r"rude(?:ly|ness)?|shame(?:ful)?|disgrace\w*|nightmare\w*|appall\w*|atrocious|abysmal|dreadful|lousy|"
    r"outrage(?:d|ous)|insult(?:ing|ed)?|insane|absurd|stupid\w*|idiot\w*|moron\w*|dumb\w*|clueless|"
    r"laughable|"
    r"worthless|hopeless|unprofessional|unbelievabl[ey]|inexcusable|disrespect\w*|fail(?:ure)? of|epic fail|"
    r"#\w*fail\w*|"
    r"#\w*(?:sucks?|worst|disappoint\w*|never\w*)|robbery|rip[- ]?off|ripped off|thie(?:f|ves)|fraudsters?|"
    r"waste of (?:my |our )?(?:time|money)|wasted? (?:my|our) (?:time|money|\w+ hours?)|"
    r"(?:poor|bad|shoddy|crappy|zero|no) (?:customer )?(?:service|support|communication)"
)
_UPSET = _words(
    r"fed up|sick (?:and tired )?of|tired of|had (?:more than )?enough|enough is enough|enough of this|"
    r"frustrat\w*|"
    r"angry|anger\w*|furious|annoy\w*|disappoint\w*|upset|unhappy|dissatisfied|unsatisfied|livid|fuming|"
    r"outraged|"
    r"(?:los(?:ing|t)|out of) (?:my |all )?patience|hate|hated|loathe|mad|irate|enraged|infuriat\w*|"
    r"irritat\w*|"
    r"exhausted|stress\w* (?:me )?out|driving me (?:crazy|nuts|insane|mad)|ugh+|argh+|grr+|smh|not (?:ok|"
    r"okay|cool)|"
    r"beyond (?:frustrated|belief|annoyed|angry)|give up|giving up|can ?no?'?t (?:stand|take)|"
    r"for fuck'?s sake|"
    r"for (?:god|heaven|christ|pete|goodness)'?s sake|come on+|seriously|are you (?:kidding|serious|joking)|"
    r"you'?ve got to be kidding|is this a joke|what a joke|thumbs down|regret\w*"
)
_AGAIN = _words(
    r"(?:third|fourth|fifth|sixth|tenth|hundredth|\d+(?:rd|th)|umpteenth|nth|millionth) time|(?:\d+|three|"
    r"four|five|ten) "
    r"times (?:now|already|and)|again and again|over and over|time and again|yet again|once again|"
    r"how many (?:more )?"
    r"times|how much longer|keep (?:asking|saying|telling|repeating)|keeps? (?:hanging|giving me)|"
    r"still (?:no|nothing|"
    r"nobody|have no|haven'?t (?:heard|got|received) (?:back|any|a|from))|for (?:weeks|months|days|hours|"
    r"ages)|"
    r"(?:\d+|two|three|four|five|six) (?:hours?|hrs?|weeks|months) (?:on hold|and (?:still|counting)|later|"
    r"now)|on hold|"
    r"hung up|hang(?:s|ing)? up|no (?:one|body) (?:\w+ )?(?:answers?|responds?|replies|replied|cares?|helps?|"
    r"knows?|picks)|"
    r"nobody (?:\w+ )?(?:answers?|responds?|replies|replied|cares?|helps?|knows?)|no (?:response|reply|"
    r"answer|explanation|"
    r"apology|help)|ignor(?:ed|ing) (?:me|us|my|by)|run(?:ning)? (?:me )?around|in circles|already (?:told|"
    r"said|explained|"
    r"tried that|asked)|i (?:just )?(?:told|asked) you|as i (?:already )?said"
)
_LEAVING = _words(
    r"(?:i'?m|i am|we'?re|i will|i'?ll|we'?ll|gonna|going to|want to|about to) (?:just )?(?:cancel(?:l?ing)?|"
    r"clos(?:e|ing)|"
    r"delet(?:e|ing)|leav(?:e|ing)|switch(?:ing)?|mov(?:e|ing)|tak(?:e|ing)) (?:my|our|you|everything|this|"
    r"to|for|it)|"
    r"cancel my (?:account|subscription|contract|membership|plan)|never (?:again|\w+ (?:\w+ )?again)|(?:take|"
    r"taking) "
    r"(?:my|our) (?:business|money|custom)|done with (?:you|this|them|your)|i'?m (?:so )?(?:done|out)|"
    r"last time (?:i|we|"
    r"i'?ll|you)|lost (?:a|my|me as a) (?:customer|business|client)|los(?:e|ing) (?:a|me as a) (?:customer|"
    r"client)|"
    r"want my money back|give me my money|lawyers?|attorney|sue|suing|legal action|small claims|ombudsman|"
    r"report(?:ing)? "
    r"you|bad review|tell(?:ing)? everyone|avoid (?:this|them|at all)|stay away|won'?t be (?:back|using|"
    r"flying|buying)|"
    r"(?:go|going|switch(?:ing)?) to (?:a|your|the) competitors?"
)
_NOT_HELPED = _words(
    r"(?:did|does|do|is|was|are|were|has|have|that|this|still|really|absolutely)(?:n'?t|"
    r" not)? (?:\w+ )?(?:not|no|n'?t) "
    r"(?:any |of any |a |even |being |been )?help(?:ful|ed|ing)?|(?:didn'?t|doesn'?t|don'?t|did not|does not|"
    r"isn'?t|wasn'?t|"
    r"aren'?t|not|never) (?:\w+ )?(?:help(?:ful|ed|ing)?)|no help|unhelpful|(?:didn'?t|did not|doesn'?t|"
    r"does not) (?:answer|"
    r"solve|fix|address) (?:my|the|anything|it)|not what i (?:asked|said|meant|want(?:ed)?)|not my question|"
    r"wrong answer|"
    r"you (?:don'?t|do not|didn'?t|cannot|can'?t) (?:even )?(?:understand|listen|get it|read|care)|"
    r"makes? no sense|"
    r"nonsense|not (?:good enough|working for me|true)"
)
_HOLLOW_THANKS = _words(
    r"thanks? (?:you )?(?:so much |a lot )?for (?:nothing|wast\w*|ruin\w*|los\w*|ignor\w*|screw\w*|"
    r"the (?:delay|wait|mess|"
    r"rude\w*|terrible|horrible|lack|run ?around|headache))|no thanks to|thanks but no thanks|(?:great|nice|"
    r"good) job "
    r"(?:losing|ruining|ignoring|screwing|messing)|way to (?:go|ruin|treat)|not (?:\w+ )?(?:happy|impressed|"
    r"satisfied|good|"
    r"great|pleased|amused|thrilled|fair|acceptable|right|nice|surprised)|(?:isn'?t|"
    r"wasn'?t) (?:\w+ )?(?:good|great|fair|"
    r"acceptable|right|nice|funny)|far from|so much for|as usual|how (?:hard|difficult) (?:is|can) it"
)
_WHY = _words(
    r"why (?:can'?t|don'?t|won'?t|didn'?t|doesn'?t|aren'?t|isn'?t|is it so|do you (?:guys|people|always|"
    r"even)|would you|are "
    r"you (?:guys|so|always))|how (?:can|could|dare) you|what (?:is|'s) wrong with|what kind of|"
    r"what'?s the point|you "
    r"people|you guys|do you even|does any(?:one|body)|why bother"
)
_THANKS = _words(
    r"thank(?:s| you|ful\w*| u)|thx|thanx|tysm|ty|appreciate[sd]?|grateful|cheers|kudos|shout ?out|props"
)
_PRAISE = _words(
    r"great|awesome|amazing|love[ds]?|lovely|loving|perfect(?:ly)?|excellent|wonderful|fantastic|brilliant|"
    r"superb|best|"
    r"helpful|nice|kind|impressed|happy|glad|pleased|excited|enjoy\w*|good (?:job|work|service|stuff|one)|"
    r"well done|"
    r"(?:it|that|this|now|finally|all) (?:works?|worked|is working|fixed|solved|helped|sorted)|solved (?:it|"
    r"my)|"
    r"fixed (?:it|my)|beautiful|cool|yay|woo+hoo+|rock(?:s|ed)?|you(?:'re| are) the best|made my day|5 stars|"
    r"recommend|"
    r"smooth|thumbs up|friendly|so (?:easy|fast|quick|good)|wow"
)
_ASKING = re.compile(
    r"^\W*+(?:(?:hi|hello|hey|please|pls)\W*+)?(?:how (?:do|can|could|would|should|much|many|long|to)|what|when|"
    r"where|which|who|can "
    r"(?:i|you|we)|could|is (?:it|there)|are there|do (?:i|you|we)|does|may i|will|would|i need to|i(?:'d|"
    r" would) like|i want to)\b",
    re.IGNORECASE,
)
SIGNS: tuple[str, ...] = (
    "swearing", "scorn", "upset", "again", "leaving", "not_helped", "hollow_thanks", "why", "thanks",
    "praise", "asking", "leaving_asked", "question_mark", "exclamations", "strong_marks", "shouting", "smile",
    "frown", "hollow_dots",
)  # fmt: skip


_TELLING = tuple(i for i, name in enumerate(SIGNS) if name not in {"asking", "question_mark"})
FEW = 2  # words that name a thing, unless one of them tells a mood


def mood_signs(text: str) -> NDArray[np.float64]:
    """The word signs of a text in the order of SIGNS, shape (len(SIGNS),), each 0..1."""
    text = prose(text)
    asking = _ASKING.match(text) is not None
    leaving = _LEAVING.search(text) is not None
    hollow = _HOLLOW_THANKS.search(text) is not None
    exclamations = text.count("!")
    signs = {
        "swearing": _SWEARING.search(text) is not None,
        "scorn": min(len(_SCORN.findall(text)), 2) / 2,
        "upset": min(len(_UPSET.findall(text)), 2) / 2,
        "again": min(len(_AGAIN.findall(text)), 2) / 2,
        "leaving": leaving and not asking,
        "not_helped": _NOT_HELPED.search(text) is not None,
        "hollow_thanks": hollow,
        "why": _WHY.search(text) is not None,
        "thanks": _THANKS.search(text) is not None and not hollow,
        "praise": 0.0 if hollow else min(len(_PRAISE.findall(text)), 2) / 2,
        "asking": asking,
        "leaving_asked": leaving and asking,
        "question_mark": "?" in text,
        "exclamations": min(exclamations, 3) / 3,
        "strong_marks": re.search(r"!!|\?\?|!\?|\?!", text) is not None,
        "shouting": min(shouted(text), 5) / 5,
        "smile": SMILE.search(text) is not None,
        "frown": FROWN.search(text) is not None,
        "hollow_dots": re.search(r"\.\.\.|…", text) is not None,
    }
    return np.array([float(signs[name]) for name in SIGNS])
