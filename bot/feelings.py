"""What a customer feels and wishes, out of one message: mood, a wish for a person, small talk, abuse.

Knows one text and, for the mood, its embedding; knows nothing of the conversation, of what was searched, or
of what is done about it (the trend and the decision are the escalation rules'). A problem is not a mood:
"payment failed with error 500" is neutral; negative means upset, fed up, insulted, threatening to leave.

The mood is a logistic regression over the embedding and a handful of word signs, fitted by
`evals/fit_feelings.py` and kept as plain numbers in `fitted/feelings.json`; it was fitted and measured on
English only. The wish for a person and small talk are rules, in English and with the commonest wordings in
German, Spanish, French, Portuguese, Italian and Dutch. Abuse is rules in English, with a few of the commonest
words of the others."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

Label = Literal["negative", "neutral", "positive"]
ChatKind = Literal["greeting", "thanks", "farewell"]

DIMENSIONS = 384  # of the embedding, all-MiniLM-L6-v2
_READ_AT_MOST = 4000  # characters; a pasted log says nothing about the mood or the wish


# --- mood
# ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sentiment:
    """`score` runs from -1 (unhappy) to 1 (happy); it is at most -0.1 where the label is negative and at
    least 0.1 where it is positive."""

    label: Label
    score: float


@dataclass(frozen=True)
class _Weights:
    """Three-class logistic regression: rows negative, neutral, positive.

    `signs` (3, len(SIGNS)), `meaning` (3, 384) or (3, 0) for words alone, `bias` (3,), and the two
    probabilities from which a text is called negative or positive."""

    signs: NDArray[np.float64]
    meaning: NDArray[np.float64]
    bias: NDArray[np.float64]
    negative_from: float
    positive_from: float

    def sentiment(self, signs: NDArray[np.float64], vector: NDArray[np.float64] | None) -> Sentiment:
        logits = self.signs @ signs + self.bias
        if vector is not None:
            logits = logits + self.meaning @ vector
        odds = np.exp(logits - logits.max())
        negative, _, positive = (float(p) for p in odds / odds.sum())
        if negative >= self.negative_from:
            return Sentiment("negative", round(min(-0.1, -_sureness(negative, self.negative_from)), 3))
        if positive >= self.positive_from:
            return Sentiment("positive", round(max(0.1, _sureness(positive, self.positive_from)), 3))
        lean = _sureness(positive, self.positive_from) - _sureness(negative, self.negative_from)
        return Sentiment("neutral", round(max(-0.49, min(0.49, lean)), 3))


def _sureness(probability: float, threshold: float) -> float:
    """The probability with its log-odds moved so that the threshold lies at one half."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    shift = math.log(threshold / (1 - threshold))
    return 1 / (1 + math.exp(shift - math.log(p / (1 - p))))


class Feelings:
    """Reads the mood of a message. Load once; `read` is pure and safe to share between threads."""

    def __init__(self, with_meaning: _Weights, words_alone: _Weights, fitted_on: str) -> None:
        self._with_meaning = with_meaning
        self._words_alone = words_alone
        self.fitted_on = fitted_on

    @classmethod
    def load(cls) -> Feelings:
        """Reads the fitted file that ships with the package."""
        return cls.from_json(files("bot").joinpath("fitted", "feelings.json").read_text(encoding="utf-8"))

    @classmethod
    def from_json(cls, text: str) -> Feelings:
        """Raises ValueError where the file's signs are not this module's: it has to be fitted anew."""
        fitted = json.loads(text)
        if tuple(fitted["signs"]) != SIGNS:
            raise ValueError(
                "fitted/feelings.json knows other signs than bot/feelings.py: run evals/fit_feelings.py"
            )
        return cls(_weights(fitted["with_meaning"]), _weights(fitted["words_alone"]), fitted["fitted_on"])

    def read(self, text: str, vector: NDArray[np.float32] | None = None) -> Sentiment:
        """The mood of `text`. `vector`: its unit-length embedding by all-MiniLM-L6-v2, shape (384,), or None
        where there is none (words alone: sees only what is said outright). Raises ValueError for another
        shape."""
        signs = mood_signs(text)
        if vector is None:
            return self._words_alone.sentiment(signs, None)
        if vector.shape != (DIMENSIONS,):
            raise ValueError(f"the mood needs an embedding of shape ({DIMENSIONS},), not {vector.shape}")
        return self._with_meaning.sentiment(signs, vector.astype(np.float64))


def _weights(kept: dict[str, object]) -> _Weights:
    def array(name: str) -> NDArray[np.float64]:
        return np.asarray(kept[name], dtype=np.float64)

    return _Weights(
        array("signs"), array("meaning"), array("bias"),
        float(array("negative_from")), float(array("positive_from")),
    )  # fmt: skip


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
    r"^\W*(?:hi|hello|hey|please|pls)?\W*(?:how (?:do|can|could|would|should|much|many|long|to)|what|when|"
    r"where|which|who|can "
    r"(?:i|you|we)|could|is (?:it|there)|are there|do (?:i|you|we)|does|may i|will|would|i need to|i(?:'d|"
    r" would) like|i want to)\b",
    re.IGNORECASE,
)
_SMILE = re.compile(r"[:;=]-?[)D]|<3|[😀😁😂😃😄😊😍😎😉🙂🤗👍👏🙏🎉💜💙♥❤✨🙌😘]")
_FROWN = re.compile(r"[:=]'?-?[(/\\](?!/)|[😠😡🤬😤😒🙄😞😔😢😭😩😫👎💩😑😐🤦😕☹]")
_LINK_OR_HANDLE = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
_CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`", re.DOTALL)

SIGNS: tuple[str, ...] = (
    "swearing", "scorn", "upset", "again", "leaving", "not_helped", "hollow_thanks", "why", "thanks",
    "praise", "asking", "leaving_asked", "question_mark", "exclamations", "strong_marks", "shouting", "smile",
    "frown", "hollow_dots",
)  # fmt: skip


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
        "shouting": min(_shouted(text), 5) / 5,
        "smile": _SMILE.search(text) is not None,
        "frown": _FROWN.search(text) is not None,
        "hollow_dots": re.search(r"\.\.\.|…", text) is not None,
    }
    return np.array([float(signs[name]) for name in SIGNS])


def prose(text: str) -> str:
    """What of a message can carry a mood: no links, no @handles, no code, plain apostrophes, one kind of
    space.

    The embedding that the mood is read with should be made of the message without handles too."""
    text = _CODE.sub(" ", text[:_READ_AT_MOST]).replace("’", "'").replace("‘", "'")
    return re.sub(r"\s+", " ", _LINK_OR_HANDLE.sub(" ", text)).strip()


def _shouted(text: str) -> int:
    """The longest run of words in capitals, where it is no run of names (IBM HTTP SSL): 0 below three, or 1
    for a single long one next to "!"."""
    longest = run = 0
    for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text):
        if word.isupper() and (len(word) > 1 or word == "I"):
            run += 1
            longest = max(longest, run)
        else:
            run = 0
    if longest >= 3:
        return longest
    return 1 if re.search(r"\b[A-Z]{4,}\b[^.]{0,20}!", text) else 0


# --- the wish for a person
# -----------------------------------------------------------------------------------


def wants_human(text: str) -> bool:
    """Whether the message asks for a person, in any wording and with typing errors: "agent pls", "tlak to a
    humen".

    A question about people is not a wish for one: "how do I add an agent?", "am I talking to a real person?",
    "what are your agents' opening hours?". Asking for a department counts where it is wished for ("let me
    speak to customer service"), not where it is asked about ("how can I contact customer service?")."""
    if _DECLINED.search(text[:_READ_AT_MOST]):
        return False
    if _PLAIN_WISH.fullmatch(" ".join(re.findall(r"\w+", text[:200].lower()))):
        return True
    return any(_PLAIN_WISH.fullmatch(clause) or _wishes_person(clause) for clause in _clauses(text))


_SOMEBODY = r"(?:a |an |some )?(?:real |live |actual )?(?:person|human(?: being)?|someone|somebody|representative|operator|agent)"
_PLAIN_WISH = re.compile(
    rf"(?:please )?(?:i (?:just |really |only |still )?(?:want|need|demand|prefer|would like|would prefer|would rather have|"
    rf"would rather deal with|d like|d rather deal with|d prefer)|get me|give me|bring me|find me|send me) {_SOMEBODY}"
    r"(?: please| now| here| to help(?: me)?| who can help(?: me)?| right now)*"
    rf"|{_SOMEBODY}(?: please)?|customer (?:service|support)(?: please)?"
    r"|can (?:someone|somebody|anyone|anybody|a person|a human) (?:please )?help(?: me)?(?: please)?"
)
_DECLINED = re.compile(
    r"\b(?:do not|don'?t|don’t|no need to|without) (?:want to |need to )?(?:connect|transfer|hand|talk|speak|put|get|pass|talking|speaking)"
    r"\b[^.!?\n]{0,30}\b(?:human|person|agent|someone|somebody)\b",
    re.IGNORECASE,
)


def _clauses(text: str) -> Iterator[str]:
    """The message cut at sentence ends, each clause as plain known words: "Tlak to a humen, pls" gives "talk
    to a human" and "please"; commas cut too, and the whole sentence is looked at as well."""
    for sentence in re.split(r"[.!?;\n…]+(?=\s|$)|[\n;]", prose(text)):
        plain = known_words(sentence)
        if plain:
            yield plain
        if _ABOUT_US.search(plain):
            continue
        parts = re.split(r"[,:]|\s[-–—]\s|\b(?:but|and|so)\b", sentence)
        if len(parts) > 1:
            yield from filter(None, map(known_words, parts))


_ABOUT_US = re.compile(r"^(?:\w+ ){0,2}?(?:am i|are you|r you|is this|is it|i am not|i'm not)\b")


def known_words(text: str) -> str:
    """Lower case, no accents, no punctuation, and words near one of ours (a typing error away) turned into
    it."""
    text = unicodedata.normalize("NFKD", text.lower().replace("’", "'").replace("ß", "ss"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    words: list[str] = []
    for word in re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text):
        words.extend(_unglued(word))
    plain = " ".join(_corrected(word) for word in words)
    return _OTHER_IN_CONTEXT.sub(lambda at: "speak" if "p" in at.group() else "chat", plain)


# Real words that next to "to" or "with" somebody are a typing error.
_OTHER_IN_CONTEXT = re.compile(
    r"\b(?:peak|speck|speek|spek|hat|cat|chart|chap)(?= (?:to|with) (?:a|an|the|your|you|someone|somebody|"
    r"human|agent)\b)"
)

# In the order in which a tie is settled. A word of 4 to 6 letters may be one edit away, a longer one two.
_KEYWORDS = (
    "talk", "talking", "speak", "speaking", "chat", "chatting", "contact", "contacting", "connect",
    "transfer", "escalate", "human", "humans", "person", "people", "agent", "agents", "operator", "operators",
    "representative", "representatives", "advisor", "adviser", "assistant", "assistance", "someone",
    "somebody", "anyone", "anybody", "customer", "service", "support", "manager", "supervisor", "employee",
    "specialist", "consultant", "please", "callback", "with", "live", "real", "have",
    "want", "forward", "colleague", "member", "staff", "touch", "actual", "switch", "there", "could", "your",
    "this", "need", "being", "possible", "looking", "bring", "don't", "connected", "from", "take",
    "mitarbeiter", "mitarbeiterin", "kundenservice", "kundendienst", "kundenberater", "menschen", "jemanden",
    "sprechen", "verbinden", "ansprechpartner", "conseiller", "conseillere", "quelqu'un", "operateur",
    "parler", "hablar", "persona", "humano", "agente", "operador", "asesor", "representante", "atendente",
    "pessoa", "operatore", "parlare", "qualcuno", "medewerker", "iemand", "spreken",
)  # fmt: skip

# Real words that lie a typing error away from one of ours.
_OTHER_WORDS = frozenset(
    """
    college colleges possibly
    wish wits width witch wits pith myth both wife wing wire wide wise wifi will wrath switch
    love like line life five give lives alive lived dive hive olive liver lime list link lift live's lies lite
    lice live read deal rear seal meal heal peal veal zeal reel ream teal area renal royal reals rial reap
    save gave cave wave hive hate haven halve shave hare haze rave pave heave half hang hand hard haves wand
    wait went wants wanted wane ants warn wart wont vant pant cant ant rant forwards forwarded toward towards
    colleagues members remember number dismember embers stuff stiff staffs stack start state stage staf
    touched torch couch pouch vouch tough actually factual stitch twitch switched switches snitch here their
    these three where theme then they them threw cloud would should mould couldn't you yours you're four hour
    pour tour our youth thus thin thing think thins that than then his things third hits feed seed deed weed
    needs needed nerd seen been bring beings begin bing looing cooking booking locking lacking looting string
    brings ring bringing brig king form forms front frog frame farm foam prom take tale tasks talk's tame tape
    sake make fake lake bake cake wake rake took taken takes taker toke stake don't didn't won't can't
    connection disconnected connecter walk walking tall tale task tasks talks talked talky walks tank talc
    tally balk stalk teak speaks speaker speakers spear sneak sneaking steak break bleak weak peak peaking
    seeking leaking what that hat cat chart chap char cats chats chatted chant cheat coat can cut hats than
    chai chit shat contacts contacted contract contracts contrast contain contains content contents context
    compact contracting connects connected connecting collect corrects correct connector transfers transferred
    transferring transform escalated escalates humane persons personal personnel parson prison poison season
    reason purpose perform perfect peoples urgent event regent agenda agency aged ages argent scent operated
    operators operation operations operate operates generator represented represents representation advisory
    advisors advisers advised advise adviced advices advise assistants assisted assist assisting resistant
    resistance instance insistent assistive distance sometime sometimes anytime anyway anywhere nobody
    customers custom customs customized customize services served serve serves device devices serviced
    supports supported supporter supporting managers manage managed manages supervisors employees employer
    employed employ specialists specialty special specially consultants consulting consultation constant
    pleased pleases plead pleas place places callbacks fallback rollback feedback playback personas humanos
    agentes hunan urgents persone pessoas parlor parker partner parer planner parle paler haber habla halar
    hablan spoken sprechend verbunden conseil conseils operadora operadores human's service's asesores iemands
    talent person's someone's agent's pelase supports support's """.split()  # noqa: SIM905
)

_SHORT = {
    "pls": "please", "plz": "please", "plse": "please", "plss": "please", "pleas": "please",
    "wanna": "want to", "gotta": "got to", "u": "you", "ur": "your", "ya": "you", "2": "to",
    "rep": "representative", "reps": "representatives", "csr": "representative", "sb": "somebody",
    "sm1": "someone", "some1": "someone", "any1": "anyone", "cs": "customer service", "humanbeing": "human",
    "irl": "real", "lemme": "let me", "gimme": "give me", "im": "i'm", "dont": "don't", "cant": "can't",
    "cannot": "can't", "wont": "won't", "yr": "your", "w": "with", "wth": "with", "wit": "with",
    "wiht": "with", "wirh": "with", "ot": "to", "na": "an", "convo": "talk", "tech": "support",
    "helpdesk": "support", "hotline": "support", "opperator": "operator", "humanos": "humano",
    "menschlichen": "menschen", "wan": "want", "need2": "need to", "rael": "real", "reel": "real",
    "lvie": "live", "relly": "really", "svp": "please", "asap": "now", "ppl": "people", "teh": "the",
    "wnat": "want", "wnt": "want", "ned": "need", "tlk": "talk", "tak": "talk", "alk": "talk", "tal": "talk",
    "wat": "want", "tk": "talk", "cht": "chat", "wih": "with", "ith": "with", "liv": "live", "ral": "real",
    "rel": "real", "hae": "have", "ths": "this", "clal": "call", "caall": "call", "rng": "ring",
    "nede": "need", "agt": "agent", "bots": "bot", "robots": "bot", "robot": "bot", "chatbot": "bot",
    "chatbots": "bot",
}  # fmt: skip

_GLUED = re.compile(
    r"(?P<u>u)(?P<do>direct|help|connect|transfer|put|get)|(?P<verb>talk|speak|chat|connect|talking|speaking|"
    r"chatting)(?P<to>to|with)(?P<who>a|an|human|person|agent|some(?:one|body))?|"
    r"(?P<to2>to|with|a|an)(?P<who2>human|person|agent|operator|somebody|someone|representative)|"
    r"(?P<some>some|any)(?P<one>one|body)|(?P<have>have|got|want|need|like|try|trying|going|how|not|don't|"
    r"uwant|i)(?P<to3>to|can|know)|"
    r"(?P<adj>live|real|human)(?P<noun>agent|person|human|operator|chat|being|support)"
)


def _unglued(word: str) -> list[str]:
    """ "talkto" is two words; "someone" stays one."""
    if word in _KEYWORDS:
        return [word]
    glued = _GLUED.fullmatch(word)
    return [part for part in glued.groups() if part] if glued and not glued.group("some") else [word]


@lru_cache(maxsize=8192)
def _corrected(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    if (
        len(word) < 4
        or len(word) > 16
        or word in _OTHER_WORDS
        or word in _KEYWORDS
        or not word.replace("'", "").isalpha()
    ):
        return word
    best, near = word, 3
    for keyword in _KEYWORDS:
        allowed = 1 if len(keyword) < 7 else 2
        if allowed == 2 and (len(word) < 6 or word[0] != keyword[0]):
            allowed = 1
        edits = OSA.distance(word, keyword, score_cutoff=allowed)
        if edits <= allowed and edits < near:
            best, near = keyword, edits
    return best


_WHO = (  # unmistakably a person of ours
    r"(?:human(?: being)?s?|agents?|operators?|representatives?|advis[eo]rs?|assistants?|employees?|"
    r"specialists?|consultants?|"
    r"supervisors?|managers?|associates?|colleagues?|technicians?|member of (?:your |the )?staff|"
    r"(?:support |customer service |service |sales |staff |team )+(?:human|person|people|agent|"
    r"representative|member|staff|guy|lady|someone)|"
    r"(?:real|live|actual|living|breathing|flesh and blood|proper|physical|human)(?: (?:live|human|living|"
    r"actual|customer|support|fucking|damn))? "
    r"(?:human|person|people|agent|operator|representative|one|someone|somebody|being|assistant|support|man|"
    r"woman|guy|chat|help|service)|"
    r"(?:someone|somebody|anyone|anybody|one|person) (?:who is |who's |that is |that's |"
    r"thats )?(?:a )?(?:real|human|live|actual|alive|not a bot))"
)
_ANYBODY = r"(?:someone|somebody|anyone|anybody|person|real people|people|staff|human staff|boss)"
_TEAM = (
    r"(?:(?:the |your |a |an )?(?:(?:customer|technical|tech|client|user|live|human|phone|real|actual) )*"
    r"(?:customer service|customer support|customer care|customer assistance|support|helpdesk|help desk|"
    r"support team|"
    r"service team|service desk|call cent(?:er|re)|your team|the team|management|headquarters))"
)
_SWEAR = r"(?:(?:fucking|fuckin|bloody|damn|goddamn|freaking|frigging|actual|just|really|one of) )*"
_DET = rf"(?:{_SWEAR}(?:(?:a|an|the|to|with|your|you|some|any|one of|our|ur|another|different) )*{_SWEAR})"
_TALK = (
    r"(?:talk|speak|chat|talking|speaking|chatting|spk|converse|have a (?:talk|word|chat|call|conversation))"
)
_REACH = (
    r"(?:contact|contacting|reach|reaching|get in touch|getting in touch|get hold|get a hold|get ahold|hear)"
)
_HAND = (
    r"(?:connect|connecting|transfer|transferring|escalate|escalating|hand|handing|put|putting|pass|passing|"
    r"redirect|direct|"
    r"forward|route|switch|refer|link|patch|get|give|bring|send|find|fetch|show|let)"
)
_AFTER = (  # what may not follow, or the person is somebody else's, or a thing
    r"(?! (?:who(?!(?: (?:can|could|will|is|knows?|understands?|speaks?|actually|really))|'s)|'s|string|"
    r"strings|id|ids|account|accounts|"
    r"licen[cs]es?|keys?|seats?|roles?|groups?|names?|emails?|numbers?|versions?|status|permissions?|portal|"
    r"dashboard|"
    r"console|software|install\w*|config\w*|services?|fees?|rights|readable|resources?|commissions?|in (?:my|"
    r"our|the) |on (?:facebook|"
    r"instagram|whatsapp|twitter|skype|teams|slack|tinder|discord|marketplace|linkedin|youtube|gmail|"
    r"messenger)|else's|outside))"
)
_WISH = (
    r"(?:i|we|you|me|us|please|want|need|like|can|could|help|let|how|just|trying|try|have|got|must|"
    r"is it possible)"
)

_BARE = re.compile(
    r"(?:(?:please|hi|hello|hey|ok|okay|no|yes|now|right|i|i'd|we|want|need|a|an|the|to|just|can|could|get|"
    r"me|give|have|would|like|"
    r"my|your|you|with|here|immediately|urgently|is|there|for|this|again|or|fucking|bloody|damn|actual|real|"
    r"live|human|only|yo|"
    r"someone|talk|do|any|available|there's|asking|ask|requesting|request|said|instead|how|about|bitte|favor|"
    r"por|s'il|vous|plait|per|"
    r"favore|alstublieft|aub|un|una|einen?|een|uno|quero|quiero|ich|will|brauche|voglio|vorrei|veux|je|ik|"
    r"wil|um|uma) )*"
    rf"(?:{_WHO}|(?:someone|somebody) from (?:your )?(?:customer )?(?:support|service|team)|human support|"
    rf"human help|human assistance|live support|live chat|real support|personal assistance|"
    r"mitarbeiter(?:in)?|menschen|kundenberater|echter menschen?|echte persona?|echte person|agente|humano|"
    r"humana|operador|operadora|"
    r"asesor|asesora|representante|atendente|operatore|umano|persona (?:real|reale|vera|umana|de verdad)|"
    r"pessoa (?:real|de verdade)|"
    r"conseiller|conseillere|humain|operateur|vraie personne|medewerker|echt menschen|echt mens|mens|"
    r"echte person|echte mens)"
    r"(?: (?:please|now|right|here|immediately|urgently|real|live|agent|human|person|operator|today|thanks|"
    r"thank|you|for|help|asap|"
    r"instead|again|only|available|there|not|a|bot|or|no|bots|bitte|por|favor|svp|per|favore|humano|humana|"
    r"humain|umano|aub|graag|alstublieft))*"
)
_A_PERSON = re.compile(
    r"\b(?:i|we|i'd|we'd) (?:\w+ ){0,2}?(?:want|need|prefer|like|rather have|have) (?:a|an|some|"
    r"one of your) (?:real |actual |live )?"
    r"(?:human|person|agent|representative|supervisor|manager)s? (?:to )?(?:read|answer|look|check|review|"
    r"see|tell|help|reply|respond|"
    r"handle|explain)\b|\btake me to (?:a |an |the |your )?(?:real |actual |live )?(?:human|person|agent|"
    r"representative|supervisor|manager)\b|"
    r"\b(?:is|are) (?:any|one|some) of (?:your|the) (?:agents?|people|staff|colleagues?|"
    r"representatives?) (?:\w+ )?(?:free|available|there|here|online)\b|"
    r"\bmember of (?:your |the )?(?:team|staff) (?:\w+ )?(?:contact|call|phone|ring|help|email|write) me\b|"
    r"^(?:\w+ )?(?:get|give) me (?:the |your )?customer (?:service|support|care)$|\b(?:hand|send|pass|"
    r"take) me (?:off |over |on )?to (?:a |an |some)(?:person|human|body|one)\b|"
    r"^i (?:really )?(?:need|want) (?:someone|somebody) to talk to\b|^give me a (?:phone )?call\b|"
    r"^where (?:is|are|'s) (?:the|your|all the) (?:real )?humans?\b|"
    r"^(?:(?:a|ok|okay|hi|hello|just|want|need|i|get|me|give|can|have|let|"
    r"to) )*(?<!contact )person (?:please|now|asap|not a bot)$|"
    r"\b(?:get|give|find|bring) me (?:to )?(?:a |an |some )?(?:fucking |damn )?(?:person|people|"
    r"someone(?: else)? (?:real|human|to talk to|i can talk to|who can help))\b|"
    r"\b(?:help|assistance|support|answers?) from (?:a |an |some |one of your )?(?:real |actual |"
    r"live )?(?:human|person|agent|people)s?\b|^is (?:a|"
    r"any) person (?:available|here|there)|"
    rf"\b{_TALK} (?:to|with) a (?:man|woman)\b"
)
_TALK_TO = re.compile(
    rf"\b(?:{_TALK}|{_REACH}) (?:(?:me|us|again|directly|over the phone|on the phone|by phone|live|now|"
    rf"please) )*{_DET}"
    rf"(?:{_WHO}|{_ANYBODY})\b{_AFTER}"
)
_TALK_NEAR = re.compile(
    rf"\b(?:talk|speak|chat|contact|connect|connected|transfer|transferred|talking|speaking|chatting|deal|"
    rf"dealing) "
    rf"(?:\w+ ){{0,3}}?(?:human(?: being)?s?|agent|operator|representative|supervisor|advis[eo]r|colleague|"
    rf"(?:real|live|actual) \w+|(?:member|someone|somebody) (?:\w+ )?(?:staff|real|human))\b{_AFTER}"
)
_CHAT_HERE = (
    r"(?:me|us|this|it|him|my|our|the|chat|conversation|issue|ticket|case|query|question|request|problem|"
    r"call)"
)
_ON = (
    r"(?:(?:over|through|straight|directly|back|on|in|touch|hold|of|up|now|please|talk|speak|have|to|with) )*"
)
_HAND_OVER = re.compile(
    rf"\b{_HAND} (?:to )?(?:{_CHAT_HERE} )*{_ON}{_DET}{_WHO}\b{_AFTER}|"
    rf"\b(?:connect|connecting|transfer|transferring|escalate|escalating|put|putting|pass|redirect|direct|"
    rf"forward|hand|handing|route|switch|refer|patch) (?:to )?"
    rf"(?:(?:me|us|this|my (?:case|issue|ticket|call|question|request|problem|query)|the (?:chat|"
    rf"conversation|call)) ){_ON}{_DET}(?:{_ANYBODY}|{_TEAM})\b{_AFTER}|"
    rf"\b(?:connect|escalate)(?: (?:to|with))+ {_DET}(?:{_ANYBODY}|{_TEAM})\b{_AFTER}"
)
_GIVE_ME = re.compile(
    rf"\b(?:want|wants|need|demand|request|requesting|prefer|rather have|would like|i'd like|give me|get me|"
    rf"find me|bring me|asking for|ask for|looking for|waiting for|have) "
    rf"{_DET}{_WHO}\b(?= ?$| (?:please|now|to (?:help|talk|speak|assist|answer|explain|call|contact|chat|"
    rf"respond|reply|handle|sort|resolve|deal|look into|take over|step in|solve|fix)|"
    r"here|immediately|asap|right|today|not|no|instead|because|about|and|or|urgently|on|who|that|at|as|help|"
    r"again|for (?:this|help)|thanks|thank|i|this|real|live))"
)
_SOMEONE_TO = re.compile(
    r"\b(?:want|need|get|have|let|can|could|would|ask|may|tell) (?:\w+ ){0,2}?"
    r"(?:someone|somebody|anyone|anybody|a person|an agent|a human|people|your (?:team|staff|people|agents?)|"
    r"an? (?:\w+ )?(?:human|person|agent|operator|representative|manager|supervisor)|representative) "
    r"(?:(?:from|in|at|of|on|with) (?:your |the |ur |customer )?(?:\w+ )?(?:support|team|service|side|end|"
    r"company|staff|office|department|there)? ?)?"
    r"(?:please )?(?:to )?(?:(?:that |who )?(?:can |could )?)?(?:call|phone|ring|contact|talk to|speak to|"
    r"speak with|talk with|chat with|reach out to|get in touch with) (?:me|us)\b"
)
_IS_THERE = re.compile(
    rf"\b(?:is|are) (?:there )?(?:a|an|any|some|the)? ?{_WHO} (?:(?:around|available|there|here|online|"
    rf"free)\b|(?:that |who |whom )?(?:i|we|can|to|could|available)\b)|"
    rf"\b(?:is|are) there (?:\w+ )?(?:a |an |any |some )?(?:{_WHO}|{_ANYBODY}) (?:\w+ )?(?:(?:i|we) (?:can|"
    rf"could|may) {_TALK}|to {_TALK}|(?:i|we) (?:can|could) {_REACH})|"
    rf"^(?:do|don't) you (?:guys )?have (?:a |an |any )?{_WHO}$|^any (?:real |live |actual )?(?:{_WHO}|"
    rf"human) (?:here|there|around|available|online|i can)|"
    rf"\b(?:can|could|would|will|may|let) {_DET}(?:real |live |actual )?(?:human|real person|real people|"
    rf"live agent|human agent|live person|actual person|actual human|agent|operator|representative) "
    r"(?:please )?(?:help|assist|answer|take over|look|respond|reply|step in|join|handle|call|contact|talk|"
    r"speak|chat|deal|explain|sort)\b"
)
_BOT = (
    r"(?:a |an |the |this |your |another |some |any |more |stupid |damn |fucking )*(?:bot|machine|computer|"
    r"ai|automated \w+|recording)"
)
_NO_BOT = re.compile(
    rf"\b(?:don't|do not|stop|hate|without|sick of|tired of|fed up with|enough of|rather not|instead of|"
    rf"never|refuse|not|no) (?:\w+ ){{0,4}}?"
    rf"(?:talk|speak|chat|talking|speaking|chatting|deal|dealing) (?:to|with) {_BOT}\b|"
    r"\b(?:don't|do not) (?:want|need|like) (?:to be answered by |an? answers? from |answers from )?(?:a |"
    r"an |the |this |your )?bot\b(?! to)|"
    r"^(?:please )?(?:no|not|stop the|enough)(?: more)?(?: of)?(?: a| the| this)? bot(?: please)?$|"
    r"\b(?:anyone|someone|somebody|anything) (?:but|other than|except) (?:a |the |this )?bot\b"
)
_CALL_ME = re.compile(
    r"^(?:(?:please|can|could|would|will|you|just|hi|hello|someone|somebody|kindly|want|i|to|ask|them|have|"
    r"need|and|or|now|pls|ok) )*(?:call|phone|ring|telephone) (?:me|us)"
    r"(?: (?:back|now|please|today|tomorrow|on|at|after|before|immediately|when|as|or|urgently|right|in|"
    r"later|asap|directly|anytime|soon|about|regarding|\d+)\b.*)?$|"
    r"\b(?:arrange|schedule|request|want|need|get|book|have|expect|like|give me) (?:a |an |the |"
    r"for )?(?:call ?back|"
    r"callback|(?:phone )?call (?:back )?(?:by|from) (?:\w+ )?\w+|return call)\b|"
    r"\b(?:talk|speak|discuss (?:this|it)) (?:to (?:you|someone) )?(?:over|on|by) (?:the )?(?:phone|"
    r"telephone)\b|"
    r"^(?:please )?(?:put me through|transfer me|escalate(?: this| it| my (?:case|issue|ticket|"
    r"problem))?(?: (?:now|please|immediately))?)$"
)
_TEAM_WISH = re.compile(
    rf"(?:^|\b(?:want|need|like|let me|can i|could i|may i|have to|have got to|got to|must|trying|try|please|"
    rf"help me|help|wish|demand|assistance) (?:\w+ )?)(?:to )?{_TALK} (?:to |with ){_DET}{_TEAM}\b"
)
_TEAM_ASKED = re.compile(r"\b(?:how|what|where|which|when|hours?|number|whether|if|know)\b")
_SOME_PERSON_TO_ANSWER = re.compile(
    r"\b(?:want|need|like|get|have) (?:\w+ )?(?:some|a|an|another|real|actual) (?:\w+ )?(?:person|people|"
    r"human) to (?:answer|help|assist|respond|reply|explain|talk|speak|contact|call|deal|handle|look)"
)

# A clause that speaks of people without wishing for one.
_ABOUT = re.compile(
    r"\b(?:the|a|an|my|our|your|main|primary|emergency) contact (?:person|agent)\b|"
    r"\bdo i (?:have|need) to\b(?<!what do i have to)(?<!what do i need to)|^(?:\w+ ){0,2}?(?:am|was|"
    r"were) i (?:\w+ )?(?:talking|speaking|chatting|dealing|in)\b|^(?:\w+ ){0,2}?(?:are|r|"
    r"aren't) you\b(?!.*\b(?:connect|transfer|get|let)\b)|"
    r"^is (?:this|it|that)(?! possible)\b|^(?:\w+ )?(?:you're|you are|this is|it's) (?:\w+ )?(?:a |an |"
    r"the )?(?:bot|human|real)|"
    r"\b(?:i|we|he|she|they|my \w+) (?:was|were|have been|had been|has been) (?:\w+ )?(?:talking|speaking|"
    r"chatting|dealing|contacting|connected|transferred)|"
    r"\b(?:after|while|before|without|avoid|instead of|since|by|when) (?:\w+ ){0,2}?(?:talking|speaking|"
    r"chatting|contacting|calling|having to|dealing)|"
    r"\b(?:don't|do not|didn't|no|not|never|rather not|needn't|won't) (?:really |even |actually |a )?(?:want|"
    r"need|wish|have|like|transfer|connect|escalate|put|send|required?|necessary)\b(?! (?:\w+ ){0,6}?bot)|"
    r"\b(?:what|which|who|whats|what's) (?:(?:is|are|does|do|kind|type|sort|time|times|hours?|days?|did|was|"
    r"were|if|happens|about|'s)\b)(?!.* (?:do i|to do|i have to do|i need to do|i do) )|"
    r"\b(?:at|see|check|tell me|know|find|checking|seeing) (?:at )?what (?:time|hours?|days?)|"
    r"\bopening hours\b|"
    r"\b(?:customers|users|visitors|clients|guests|shoppers|students|members|they|callers|people|teammates|"
    r"a customer|a user|a visitor|my customer|my client|the user|the customer|admins?) "
    r"(?:\w+ ){0,3}?(?:talk|speak|chat|contact|reach|call|connect|request|ask|get|transferred|see)\b|"
    r"\b(?:how|can|could|should|where|do|to|please|i|want|need)(?: \w+){0,3} (?:add|invite|remove|delete|"
    r"create|assign|configure|install|set up|setup|enable|disable|edit|update|change|rename|train|hire|"
    r"become|upgrade|manage|block|mention|tag|share|import|export|report|integrate|embed|uninstall|restart|"
    r"deploy|register|rate|tip|pay|choose|select)\b(?! (?:me|us)\b)|"
    r"\b(?:call|text|message|send|email) (?:my|mom|dad|the)\b"
)

_FOREIGN_TALK = (
    r"(?:sprechen|reden|chatten|telefonieren|verbinden|verbunden|verbinde|weiterleiten|kontaktieren|hablar|"
    r"hablo|chatear|comunicar(?:me)?|"
    r"comunicarse|comunicame|comuniqueme|contactar|conectar(?:me)?|conecteme|conectame|pasar(?:me)?|paseme|"
    r"pasame|paseme|transferir(?:me)?|transfiereme|transfiera(?:me)?|"
    r"atienda|atender|parler|discuter|echanger|tchatter|joindre|contacter|passez|passer|transferez|"
    r"transferer|relation|mettez|falar|conversar|"
    r"contato|contactar|contatar|contacto|contact (?:met|avec)|conecte|transfere|transfira|passe|atendido|"
    r"atendimento|parlare|chattare|contattare|passami|passatemi|passarmi|"
    r"mettermi|mettetemi|collegami|trasferiscimi|parlo|praten|spreken|doorverbinden|doorverbonden|verbind|"
    r"bellen|spreek)"
)
_FOREIGN_WHO = (
    r"(?:menschen?|mitarbeiter(?:in|n)?|kundenberater(?:in)?|berater(?:in)?|ansprechpartner(?:in)?|"
    r"kundenservice|kundendienst|jemand(?:en|em)?|person|agent(?:en)?|"
    r"alguien|persona|humano|humana|agente|operador(?:a)?|asesor(?:a)?|representante|ejecutivo|encargado|"
    r"supervisor|"
    r"quelqu'un|personne|conseill(?:er|ere)|agent|humain|human|operateur|operatrice|responsable|etre humain|"
    r"service client|"
    r"alguem|pessoa|atendente|gerente|qualcuno|umano|operatore|operatrice|assistente|addetto|consulente|"
    r"essere umano|"
    r"iemand|mens|mensen|medewerk(?:er|ster)|persoon|klantenservice|klantendienst)"
)
_FOREIGN = re.compile(
    rf"\b{_FOREIGN_TALK} (?:(?:me|moi|sie|mich|mir|uns|nous|mij|en|contacto|contact|in|a|avec|con|com|mit|"
    rf"met|zu|an|aan|door|un|una|une|um|uma|uno|"
    rf"ein|einen|einem|einer|eine|een|echten|echte|echt|echter|real|vrai|vraie|vero|vera|ihrem|ihren|le|la|"
    rf"il|el|o|os|au|du|de|der|die|den|dem|l|l'|d'un|d'une|"
    rf"votre|su|vos|alguno|algun|alguna|verdadero|richtigen|lebenden|atencion|servicio|por|favor|se|con|ao|"
    rf"ad|humain|humano) ){{0,6}}?(?:l'|d'|un')?{_FOREIGN_WHO}\b|"
    rf"\b(?:mit|an|zu|met|aan) (?:\w+ ){{0,3}}?{_FOREIGN_WHO} (?:\w+ ){{0,3}}?{_FOREIGN_TALK}\b|"
    rf"\b(?:iemand|jemanden|een medewerker|een mens) (?:\w+ ){{0,2}}?(?:spreken|sprechen|bellen)\b|"
    rf"\b(?:quiero|necesito|prefiero|quisiera|quero|preciso|prefiro|gostaria|voglio|vorrei|ho bisogno di|"
    rf"mi serve|veux|voudrais|besoin|souhaite|"
    rf"will|mochte|brauche|moechte|wil|graag) (?:(?:d'|de|di|um|uma|un|una|une|uno|einen|eine|einem|een|le|"
    rf"den|echten|echte|echter|richtigen|realen|vrai|vraie|vero|real|"
    rf"asistencia|atencion|atendimento) )*(?:d'un |d'une )?(?:{_FOREIGN_WHO}|operatore|attention humaine|"
    rf"humaine)(?: (?:real|humano|humana|umano|umana|reale|vera|humain|reel|s'il vous plait|por favor|please|"
    rf"bitte|per favore|aub)\b.*)?$|"
    r"\b(?:atendimento|atencion|asistencia|servicio) (?:humano|humana)\b|\b(?:nicht|geen|no|pas|nao|"
    r"non) (?:\w+ ){0,3}(?:mit |met |con |avec |com )(?:\w+ )?bot\b"
)
_FOREIGN_ABOUT = re.compile(
    r"\b(?:wie kann ich|wie|como|comment|come|hoe)\b.*\b(?:hinzufugen|anlegen|agregar|anadir|ajouter|"
    r"adicionar|aggiungere|toevoegen|crear|creer|criar|creare)\b|"
    r"\b(?:nao|no|non|ne) (?:quiero|quero|voglio|veux|necesito|preciso) (?!.*\bbot\b)"
)


_MADE = re.compile(
    r"\b(?:how (?:do|can|to) (?:i |we )?(?:connect|transfer)|format|api|string|widget|list|page|screen|"
    r"settings?|sync|server|"
    r"software|time (?:data|chat|sync)|estate)\b"
)


def _wishes_person(clause: str) -> bool:
    if len(clause) > 600 or _FOREIGN_ABOUT.search(clause):
        return False
    if _NO_BOT.search(clause):
        return True
    if _ABOUT.search(clause):
        return False
    if (
        _BARE.fullmatch(clause)
        or _CALL_ME.search(clause)
        or _IS_THERE.search(clause)
        or _SOMEONE_TO.search(clause)
    ):
        return True
    if (
        _TALK_TO.search(clause)
        or (_TALK_NEAR.search(clause) and not _MADE.search(clause))
        or _GIVE_ME.search(clause)
        or _SOME_PERSON_TO_ANSWER.search(clause)
    ):
        return True
    if _HAND_OVER.search(clause) or _A_PERSON.search(clause):
        return True
    if _TEAM_WISH.search(clause) and not _TEAM_ASKED.search(clause):
        return True
    return _FOREIGN.search(clause) is not None


# --- small talk
# ----------------------------------------------------------------------------------------------

_GREETING = (
    r"(?:h+i+|h+e+y+|hiy?a|he+l+o+|heya|hello there|yo|howdy|greetings|salutations|aloha|ahoy|sup|what'?s up|"
    r"whats up|wassup|"
    r"good (?:morning|afternoon|evening|day)|morning|evening|afternoon|gm|g'?day|"
    r"how (?:are|r|have) (?:you|u|things|ya)(?: (?:been|doing|today|going|this (?:morning|evening|fine day)|"
    r"all|guys))*|how'?s (?:it going|everything|things|life)|"
    r"(?:so )?how(?:'?s| is| are| have|'?ve|'?re) (?:it|everything|things|life|you|your day|"
    r"the day)(?: (?:going|been|doing|hanging|treating|today|right|now|with|for|you|ok|okay|well|feeling|on|"
    r"this|fine|day))*|"
    r"(?:are you|is everything|are things)(?: (?:doing|going|ok|okay|well|alright|with|for|you|feeling|right|"
    r"now|today|good))+|how goes it|(?:just )?(?:wanted|want) to say (?:hi|hello)|how do you do|"
    r"(?:it'?s )?(?:nice|good|great) to (?:meet|see) you|pleased to meet you|"
    r"(?:is )?(?:anyone|anybody|someone) (?:there|here)|(?:are )?you there|knock knock|"
    r"hallo|guten (?:tag|morgen|abend)|moin|servus|gruss gott|gruess gott|tag|wie geht'?s?(?: es (?:dir|"
    r"ihnen))?|"
    r"hola|buenas(?: tardes| noches)?|buenos dias|que tal|como estas|bonjour|bonsoir|salut|coucou|ca va|"
    r"comment (?:ca va|allez vous)|"
    r"ola|oi|bom dia|boa (?:tarde|noite)|tudo (?:bem|bom)|ciao|salve|buongiorno|buonasera|buon giorno|"
    r"buona sera|come (?:va|stai)|"
    r"hoi|goede(?:morgen|middag|navond|n?dag)|goeden?(?:morgen|middag|avond|dag)|goede (?:morgen|middag|"
    r"avond|dag)|hoe gaat het)"
)
_THANKING = (
    r"(?:(?:many |much )?thanks+(?: you)?|(?:i )?thank (?:you|u|ya)+|thankyou|thanku|thx+|thnx|thanx|tnx|tks|"
    r"tysm|tyvm|ty|ta|cheers|much appreciated|much obliged|"
    r"(?:i )?(?:really |very much |truly |do )*appreciate (?:it|this|what you did|you(?: helping me)?|(?:the|"
    r"your|that|all your|all the) ?(?:help|time|assistance|support|answer|response|reply)?)|(?:your (?:help|"
    r"answer) is )?appreciated|"
    r"(?:i'?m|i am|im) (?:so |very |really )?(?:grateful|thankful)(?: (?:to you|for (?:the|your) (?:help|"
    r"answer|assistance|support)))?|(?:i )?(?:want|would like|need|let me|i'd like) (?:to )?thank you|"
    r"(?:i )?really thank you|i can(?:'?t| ?not) thank you enough|"
    r"(?:that|this|it|you)(?:'?s| is| was|'?ve| have|'?re| are| all)* (?:been )?(?:very |really |so |super |"
    r"a |great |big |most |of )*(?:helpful|help|helped|kind|perfect|great|awesome|all i needed|what i needed|"
    r"the best|working now|solved)(?: me)?(?: a lot| very much)?|"
    r"(?:that |it |this |which )?(?:worked|helped|solved it|fixed it|did it|did the trick|"
    r"works now)(?: perfectly| great| now| fine| a lot| for me)?|"
    r"great (?:help|job|work)|good (?:job|work|bot|answer)|well done|nice (?:one|work|job)|problem solved|"
    r"all (?:good|set|sorted)(?: now)?|"
    r"danke(?: (?:sehr|schon|schoen|dir|ihnen))?|vielen dank|besten dank|herzlichen dank|tausend dank|"
    r"(?:muchas |mil |muchisimas )?gracias|te lo agradezco|merci(?: (?:beaucoup|bien|a vous|infiniment))?|"
    r"(?:muito )?obrigad[oa]|valeu|"
    r"(?:tante |molte |mille )?grazie(?: mille)?|ti ringrazio|(?:heel erg |hartelijk )?(?:bedankt|dank (?:je|"
    r"u)(?: wel)?|dankjewel|dankuwel))"
)
_PARTING = (
    r"(?:(?:good ?)?bye+(?: ?bye+)?|byee+|bb|cya|see (?:you|ya|u)(?: (?:later|soon|around|again|tomorrow|"
    r"then|in a while))*|farewell|later|laters|take care|ttyl|"
    r"(?:talk|speak) to you (?:later|soon)|catch you later|have a (?:good|nice|great|lovely|"
    r"wonderful)(?: \w+)? ?(?:day|one|evening|weekend|night|time|week)?|you too|good ?night|"
    r"(?:no|nope|nah)?(?: thanks| thank you)? ?that'?s (?:all|everything)(?! (?:right|good|"
    r"i know))(?: (?:for now|i need(?:ed)?|today|for today))?|that (?:is|was|will be|would be) (?:all|"
    r"everything)(?! (?:right|good|i know))(?: (?:for now|i need(?:ed)?|today))?|"
    r"nothing else|i'?m (?:good|done|all set)(?: now)?|i have to go|i(?:'?ve)? got to go|gotta go|got to go|"
    r"bye for now|(?:it )?(?:was |is )?(?:always )?(?:so |really )?(?:nice|good|great|lovely|pleasant|"
    r"a pleasure|glad) (?:to (?:talk|chat|speak)|talking|chatting|speaking)(?: to| with)? you|(?:nice|good|"
    r"great) (?:talk|chat)(?:ing)?|"
    r"(?:i )?(?:have|need|got) to (?:go|run|leave)(?: now)?|i'?(?:m|ll be) (?:leaving|off)(?: now)?|"
    r"(?:i )?(?:must|have to) say goodbye|take it easy|until next time|peace(?: out)?|adios|so long|"
    r"tschu+ss?i?|tschuss|tschuess|auf wiedersehen|bis (?:bald|dann|spater)|schonen tag(?: noch)?|"
    r"hasta (?:luego|pronto|manana|la vista)|chau|chao|nos vemos|"
    r"que tenga(?:s)? (?:un )?buen dia|au revoir|a bientot|bonne (?:journee|soiree)|adieu|a plus|tchau|"
    r"ate (?:logo|mais|breve|amanha)|adeus|tenha um bom dia|"
    r"arrivederci|addio|a presto|buona (?:giornata|serata|notte)|buonanotte|tot ziens|doei|doeg|dag|"
    r"tot (?:later|snel)|fijne (?:dag|avond)(?: nog)?)"
)
_FILLER = (
    r"(?:there|all|team|everyone|everybody|guys?|folks|friend|mate|buddy|dear|sir|madam|ma'?am|parley|bot|ai|"
    r"support|again|so|very|much|a lot|lots|a bunch|a million|"
    r"a ton|kindly|ok(?:ay)?|k|kk|great|perfect|cool|awesome|nice|alright|all right|right|sure|yes|yep|yeah|"
    r"yup|no|nope|well|oh|ah|wow|and|but|then|just|now|today|"
    r"for (?:the|your|all|this|that|all your|all the)(?: (?:quick|great|kind|fast|prompt|swift))? ?(?:help|"
    r"support|assistance|time|answer|reply|response|info|information|"
    r"advice|patience|service|everything|clarification|explanation|tip|link|update)?|for (?:helping|"
    r"everything|that|this|your|answering|explaining|clarifying|letting me know|chatting|"
    r"talking)(?: to)?(?: me| that| my question| it)?(?: out)?|"
    r"got it|understood|i see|fine|good|excellent|brilliant|amazing|wonderful|fantastic|lovely|super|"
    r"in advance|have|is|with|to|from|you|u|please|the|my|"
    r"beaucoup|mille|sehr|noch|vielmals|muito|molto|tutti|todos|tous|zusammen|alle|leute|amigo|pour (?:votre|"
    r"ton) aide|por (?:tu|su|la) ayuda|fur (?:die|ihre|deine) hilfe|"
    r"pela (?:sua )?ajuda|per (?:l'aiuto|il tuo aiuto)|voor (?:je|uw|de) hulp)"
)
_CHAT_STEP = re.compile(
    rf"(?:(?P<farewell>{_PARTING})|(?P<thanks>{_THANKING})|(?P<greeting>{_GREETING})|"
    rf"(?P<filler>{_FILLER}))(?:\s+|$)"
)
_CHAT_WORDS = (
    "hello",
    "thanks",
    "thank",
    "goodbye",
    "morning",
    "afternoon",
    "evening",
    "appreciate",
    "helpful",
    "bonjour",
    "gracias",
    "obrigado",
    "grazie",
)
_NOT_CHAT = re.compile(r"\bfor nothing\b|\bno thanks to\b|\bno help\b|(?:n't|\bnot)\b(?! thank)")


_ACKNOWLEDGED = re.compile(
    r"(?:(?:ok(?:ay)?|alright|all right|perfect|great|cool|nice|got it|understood|i see|done|thanks|thank you|thx)"
    r"(?: a lot| so much| very much)?[\s,.!]*)*"
    r"(?:(?:that|it|this) (?:has |really )?(?:solved|fixed|worked|works|helped|did)(?: it| the trick| now| me| my problem)*)?[\s.!]*",
    re.IGNORECASE,
)
_ONLY_PICTURES = re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F\u200D\s]+")
_HELP_AT_ALL = re.compile(
    r"(?:(?:hi|hello|hey)[\s,!]*)?(?:can you help(?: me)?|could you help(?: me)?|i need (?:some |your )?help|help(?: me)?)(?: please)?[\s.!?]*",
    re.IGNORECASE,
)


def chat_kind(text: str) -> ChatKind | None:
    """ "greeting", "thanks" or "farewell" where the message is that and nothing else; None where it holds
    anything more ("hi, how do I reset my password"). A farewell outweighs thanks, and thanks a greeting."""
    if len(text) > 160:
        return None
    if not text.strip():
        return None
    if _ACKNOWLEDGED.fullmatch(text.strip()) or _ONLY_PICTURES.fullmatch(text.strip()):
        return "thanks"
    if _HELP_AT_ALL.fullmatch(text.strip()):
        return "greeting"
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    plain = re.sub(r"(?<!\w)@\w+|(?<!\w)[:;=x]-?[)dp3](?!\w)|<3", " ", plain)
    if re.search(r"[\d#$€£%/\\{}<>=_]", plain):
        return None
    plain = " ".join(_chat_corrected(word) for word in re.findall(r"[a-z]+(?:'[a-z]+)*", plain))
    if not plain or _NOT_CHAT.search(plain) or (plain.startswith("ye") and "thank" not in plain):
        return None
    return _chat_from(plain)


def _chat_from(plain: str) -> ChatKind | None:
    """Takes one phrase after another off the front; small talk is what leaves nothing over."""
    found: set[str] = set()
    at = 0
    while at < len(plain):
        step = _CHAT_STEP.match(plain, at)
        if step is None:
            return None
        found.add(step.lastgroup or "filler")
        at = step.end()
    kinds: tuple[ChatKind, ...] = ("farewell", "thanks", "greeting")
    return next((kind for kind in kinds if kind in found), None)


@lru_cache(maxsize=4096)
def _chat_corrected(word: str) -> str:
    if len(word) >= 4 and word not in (
        "hell",
        "help",
        "hall",
        "than",
        "think",
        "tank",
        "thanks",
        "helpful",
        "hallo",
        "hola",
        "evenings",
        "even",
        "event",
        "mourning",
        "warning",
    ):
        for known in _CHAT_WORDS:
            if len(known) >= 5 and OSA.distance(word, known, score_cutoff=1) <= 1:
                return known
    return word


# --- abuse
# ---------------------------------------------------------------------------------------------------

_INSULT = (  # nouns for people
    r"(?:idiots?|morons?|imbeciles?|cretins?|dumb ?ass(?:es)?|dumb ?f\w*ck\w*|stupid bot|retards?|assholes?|"
    r"arseholes?|a[*s@$]{2}h[*o0]les?|bastards?|b[i1!*]tch(?:es)?|"
    r"cunts?|c[*u]nts?|d[i1*]ckheads?|dicks?|wankers?|pricks?|twats?|tossers?|scumbags?|scum|"
    r"douche(?:bag)?s?|jerks?|losers?|sons? of (?:a )?b\w+|motherf\w+|"
    r"pieces? of (?:sh[i1*]t|crap|garbage|trash|sht)|clowns?|crooks?|thie(?:f|ves)|liars?|scammers?|"
    r"fraudsters?|parasites?|vermin|monkeys?|pigs?|"
    r"incompetent (?:fools?|morons?|people)|fools?|dimwits?|nitwits?|halfwits?|dumbos?|shitheads?|fuckers?|"
    r"fuckwits?|fucktards?)"
)
_FOUL = (
    r"(?:(?:fucking|f\w*ing|damn|goddamn|bloody|absolute|complete|total|utter|stupid|dumb|useless|worthless|"
    r"incompetent|lazy|little|big|bunch of|a|an|the|all|such|nothing but|just|so|really|lot of|pack of|lying|"
    r"pathetic|filthy|dirty|rotten|brainless) )*"
)
_ABUSE = re.compile(
    rf"\b(?:you|u|ya|you guys|you people|you all|your (?:\w+ ){{0,3}}?(?:team|staff|agents?|company|people|"
    rf"support|bot|boss|employees|colleagues?|workers)|this (?:company|bot)|he|she|they)"
    rf"(?: is|'s| are|'re| r|re|s| were| must be| sound like)? {_FOUL}(?:{_INSULT})\b|"
    rf"^(?:\W*(?:hey|shut up|well|oh|go away|ok))?\W*{_FOUL}{_INSULT}\W*$|"
    rf"\b(?:bunch|pack|load|lot|team|company|gang) of {_FOUL}{_INSULT}\b|\b{_FOUL}{_INSULT} (?:like you|"
    rf"you are|work(?:s|ing)? (?:there|here|for you))\b|"
    r"\b(?:you|u|you guys|you people|this bot|the bot|your (?:\w+ )?(?:bot|staff|agents?|team|people|"
    r"support))(?: is| are|'re| r|re|'s) (?:\w+ ){0,2}?(?:stupid|dumb|idiotic|moronic|retarded|brain ?dead|"
    r"subhuman|worthless|disgusting|scum|trash|full of (?:shit|crap))\b|"
    r"\b(?:stupid|dumb|idiotic|moronic|retarded|shitty|fucking|worthless|brainless|damn|"
    r"useless fucking) (?:ro|chat)?bots?\b|"
    r"\b(?:f+u+c+k+|f[*@#]+c?k?|fck|fuk|phuck|screw|sod|bugger|damn|curse) (?:you+|u|off|ya|yourself|"
    r"yourselves|your (?:company|mother|mom)|this company|the lot of you|y'?all|them|him|her)\b|"
    r"\bgo (?:f\w*ck|screw) yourself|"
    r"\b(?:f u|fu|stfu|kys|gtfo|foad)\b(?=[\s!.,]*$)|\bpiss off\b|\bgo to hell\b|\brot in hell\b|"
    r"\bburn in hell\b|\bkill (?:yourself|urself|yourselves)\b|\bdrop dead\b|\bgo die\b|"
    r"\bi hope you (?:all )?(?:die|burn|rot|get cancer)|"
    r"(?<!won't )(?<!can't )(?<!cannot )\bshut (?:the (?:fuck|hell) )?up\b(?! about)|\bshut your (?:mouth|"
    r"face|trap)\b|\beat sh[i1*]t\b|\bsuck my\b|\bkiss my ass\b|\bi(?:'ll| will| am going to|'m going to|"
    r"'m gonna) (?:\w+ )?(?:find (?:you|u) and )?(?:kill|hurt|beat|strangle|punch) (?:you|u)\b(?! (?:a|an|"
    r"the|some))|"
    r"\byour mo(?:m|ther) (?:is|was)|\bscrew you(?:r|s)? (?:all|guys)|"
    # slurs
    r"\bn[i1!*]gg(?:er|a|ah|uh)s?\b|\bf[a4@*]gg?(?:ot)?s?\b(?<!\bfag)|\bk[i1]kes?\b|\bch[i1]nks?\b|"
    r"\bgooks?\b|\bwetbacks?\b|\b(?:towel|rag)heads?\b|\btrann(?:y|ies)\b|\bpak[i1]s?\b|\bretard(?:s|ed)?\b|"
    r"\bspastic\b|"
    # the commonest of other languages
    r"\b(?:arschl[oö]ch\w*|wichser|hurensohn|fick dich|verpiss dich|missgeburt|du (?:idiot|depp|trottel)|"
    r"halt die fresse|"
    r"hij[oa]s? de puta|gilipollas|pendejos?|vete a la mierda|que te jodan|eres (?:un |una )?(?:idiota|"
    r"imb[eé]cil|est[uú]pid[oa])|"
    r"encul[eé]s?|connards?|connasse|va te faire (?:foutre|voir)|fils de pute|ta gueule|nique ta|"
    r"filho da puta|vai se f[ou]der|vai tomar no cu|"
    r"vaffanculo|stronz[oie]|figlio di puttana|testa di cazzo|coglion[ei]|klootzak(?:ken)?|kankerlijer|"
    r"rot op|krijg de \w+|hoerenjong)\b",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:i|me|myself|i'm|i am|i feel|i was|my own)\s+(?:\w+\s+){0,4}"
    r"(?:idiot|stupid|dumb|moron|fool|clown)\b(?!.*\byou\b)",
    re.IGNORECASE,
)


def is_abuse(text: str) -> bool:
    """Insults aimed at the bot, the company or people, threats and slurs; not mere frustration, and not
    swearing at a thing ("this damn button", "what the fuck is wrong with my order")."""
    plain = prose(text)[:1500]
    return _ABUSE.search(plain) is not None and _SELF.search(plain) is None
