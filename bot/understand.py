"""Understands what a customer wrote: the question to search for, what it follows up on, and their wishes.

Knows words and the conversation so far; searches nothing and decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from bot.languages import spoken
from bot.small_talk import chat_kind, displeased
from bot.wishes import wants_human
from retrieval.tokenizing import is_stop_word, only_asks

SAME_QUESTION = 88  # of 100: rapidfuzz's token_sort_ratio from which two questions are the same one
SAME_MEANING = 0.72  # cosine of all-MiniLM-L6-v2 from which they are, in other words: docs/log.md
CHOSEN_FROM = 80  # of 100: how much of an answer's words a title must hold, typing errors forgiven
NEAR_WORD = 75  # of 100: rapidfuzz's ratio from which one word is another, mistyped
LONGEST_QUERY = 2000  # characters that are searched for; the model's window is shorter still
EARLIER_READ = LONGEST_QUERY  # characters of an earlier message that are looked at
CONTEXT_MESSAGES = 3
MOST_QUESTIONS = 3  # of one breath that are answered each for itself

_word = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_place = r"(?:(?:yes|ok|okay|i mean|it's|its|i'd say)[, ]+)?(?:the |number |option |#)?"
_first = re.compile(_place + r"(?:first|1st|1|one|former|frist|fisrt)(?: (?:one|option|please|pls))*[.!)]*")
_second = re.compile(
    _place + r"(?:second|2nd|2|two|latter|last|other|secnd|secound)(?: (?:one|option|please|pls))*[.!)]*"
)
_neither = re.compile(  # what the widget's button says in each of its languages among them
    r"(?:(?:no[,.]? )?(?:neither|none|no|nope|nah)(?: of (?:them|these|those|the two|both))?(?: (?:one|really|thanks))?"
    r"|(?:something|anything) (?:else|different)|(?:not|nothing) (?:that|those|of that|either)"
    r"|keine?[sr]? (?:von|der) (?:den )?(?:beiden|beidem|denen)|weder noch|ningun[oa](?: de (?:l[oa]s dos|ell[oa]s))?|ni (?:lo )?uno ni (?:lo )?otro"
    r"|aucune?(?: des deux)?|ni l'une? ni l'autre|nessun[oa](?: de(?:i|lle) due)?|né l'un[oa]? né l'altr[oa]|nenhuma?(?: d[oa]s (?:dois|duas))?"
    r"|geen van (?:beiden?|de twee)|żad(?:ne|en|na)(?: z (?:nich|tych(?: dwóch)?))?|ни то,? ни другое|ни (?:один|одна|одно)(?: из (?:них|двух))?"
    r"|لا هذا ولا (?:ذاك|ذلك)|ولا واحد(?: منهما)?|どちらでも(?:ない|ないです|ありません)|(?:两个|两者|这两个)?都不是)[.!。！]*"
)
_undecided = re.compile(
    r"(?:i (?:really )?(?:do ?n'?t|do not) (?:know|understand|care)|(?:i'?m |i am )?not (?:really )?sure|no idea|dunno|idk|hard to say"
    r"|(?:yes|yeah|yep|ok|okay|sure|both|all|either|any|whatever|which|what|huh|hm+)(?: (?:of (?:them|these|those)|one|ones|please|pls|both))*)[.!?]*"
    r"|beides?|ja|weiß (?:ich )?nicht|ich weiß (?:es )?nicht|ambos|sí|no (?:lo )?sé|les deux|oui|je ne sais pas"
)
_greeting = re.compile(
    r"^\s*(?:(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening)|dear (?:team|support|all)|greetings)"
    r"(?: (?:there|all|team|everyone|guys|support))?\s*[,!.\-–:]+\s*)+",
    re.IGNORECASE,
)
_thanks = r"(?:many )?thanks(?: (?:in advance|a lot|so much))?|thank you(?: (?:in advance|very much|so much))?|cheers"
# "thanks" at the very end, or with a name behind it in a sentence of its own: "a thanks card" and "with regards to" stay
_sign_off = re.compile(
    rf"(?:(?:^|(?<=\s))(?:{_thanks})|(?:^|[.!?,;\n]\s*|\s+[–-]+\s*)(?:{_thanks}|(?:kind |best )?regards|best wishes)"
    r"\s*[,!.]*(?:\s+\w+){0,2})\s*[.!]*\s*$",
    re.IGNORECASE,
)
_loose_end = re.compile(r"(?<![\s,;:–-])(?:[\s,;:–-]|\b(?:and|but|so|or|und|aber|y|pero|et|mais)\s*$)+$")
# the pattern for a sign-off looks over white space in more than one way: much of it would keep it busy for minutes
_blanks = re.compile(r"(?<=\s\s)\s+")
# a turn that cannot stand alone points back, continues, or is very short
_points_back = re.compile(
    r"^(?:and|but|so|or|also|then|what about|how about|why not|why\?|which one|what if)\b"
    r"|\b(?:it|its|that|this|those|these|them|they|one|ones|there|he|she|the same|the first|the second|instead)\b",
    re.IGNORECASE,
)
# what says that the answer before it was none: by itself, or in front of what is asked now
_it = (
    r"(?:that|this|it|the (?:answer|article|link|solution|advice)|your (?:answer|suggestion|solution)|which)"
)
_very = r"(?:(?:really|actually|still|even|just|at all|either|unfortunately|sadly|quite) )*"
_not = r"(?:is ?n'?t|was ?n'?t|(?:is|was|'s|s)(?: really| still| exactly)? not)"
_failed = re.compile(
    r"(?:(?:no|nope|sorry|hm+|well|but|ok|okay|thanks but|unfortunately|yes but|i'm afraid)[,.!]* )*(?:"
    rf"{_it} {_very}(?:did ?n'?t|does ?n'?t|did not|does not|has ?n'?t|has not|won'?t) {_very}"
    r"(?:help(?:ed)?(?: me)?|work(?:ed)?|answer(?:ed)?(?: (?:my|the|any) (?:question|problem|issue)| it| that| me)?|"
    r"solved?(?: (?:my|the) (?:problem|issue)| it| anything)?|fix(?:ed)?(?: (?:my|the) (?:problem|issue)| it| anything)?|change anything|do (?:it|anything|the trick))|"
    rf"(?:that|this|it) ?{_not} {_very}(?:what i (?:asked|meant|wanted|need(?:ed)?|was (?:asking|looking for)|am (?:asking|looking for)|said)(?: (?:for|about))?"
    r"|my question|the (?:right )?answer|an answer|it|helpful|any help|of any help|right|correct|useful|relevant)|"
    r"(?:that|this|it)(?:'s| is|s| was) (?:the wrong (?:answer|article|thing|one)|wrong|irrelevant|no help|useless|not it|unhelpful)|"
    r"(?:still )?(?:not what i (?:asked|meant|wanted|need(?:ed)?|(?:was|am) looking)(?: for)?|not my question|not helpful|unhelpful|no help|wrong answer|"
    r"not (?:working|solved|fixed)|no luck|the same (?:problem|error|issue)|same (?:problem|error|issue)|no difference|nothing (?:changed|changes|happens|happened))|"
    r"(?:it |that |this )?(?:still )?(?:does ?n'?t|did ?n'?t|is ?n'?t|is not|does not|did not) (?:work(?:ing)?|help(?:ing)?|helped)|still (?:broken|nothing|stuck)|"
    r"i(?:'?ve| have)? (?:already )?(?:tried|did|done|read) (?:that|this|it|all (?:of )?(?:that|this)|everything)(?: already| before)?|already (?:tried|did|done) (?:that|this|it)|"
    r"i (?:did ?n'?t|did not) ask (?:for |about )?(?:that|this|it)|you (?:did ?n'?t|did not|have ?n'?t) answer(?:ed)? (?:my|the) question|you (?:do ?n'?t|do not|did ?n'?t) understand(?: me| my question)?|"
    r"(?:das|es) (?:hilft|half|hat) (?:mir )?(?:leider )?nicht(?: geholfen| weiter)?|das (?:war|ist) nicht meine frage|(?:das )?(?:funktioniert|geht) (?:immer noch |leider )?nicht|"
    r"(?:eso |esto )?no (?:me )?(?:ayuda|ayudó|ayudo|sirve|sirvió|funciona)|no es lo que pregunt[eé]|"
    r"(?:ça|cela) (?:ne )?(?:m'aide|m'a|marche|fonctionne) pas(?: aidée?)?|ce n'est pas (?:ma question|ce que j'ai demandé)|"
    r"(?:isso |isto )?não (?:me )?(?:ajuda|ajudou|funciona|funcionou)|(?:questo )?non (?:mi )?(?:aiuta|ha aiutato|funziona|serve)|dat (?:helpt|hielp|werkt) niet|(?:to )?nie (?:pomogło|pomaga|działa)|это не помогло|не помогло|не работает"
    r")(?: (?:at all|either|for me|unfortunately|sadly|though|sorry|anymore|again|now))*",
    re.IGNORECASE,
)
_only_no = re.compile(r"(?:no+|nope|nah|nein|nee|non|não|нет)[.!]*", re.IGNORECASE)
_only_yes = re.compile(r"(?:yes|yea?h?|yep|yup|sure|ja|jo|s[ií]|oui|sim|tak|да)[.!]*", re.IGNORECASE)
_joint = re.compile(r"^[\s,.;:!?…–-]*(?:(?:but|and|so|because|i mean|i meant)\b[\s,]*)?", re.IGNORECASE)
_ends = re.compile(
    r"\s*(?:$|[,.;:!?…–\n-]|(?:but|and|so|because|i mean|i meant)\b)", re.IGNORECASE
)  # not "it doesn't work in Firefox"
# one question ends, or a line does
_cuts = re.compile(r"(?<=[?？؟])\s+|\n+")
# where one wish may end and another begin: sentences, and their parts
_breaths = re.compile(
    r"(?<=[.!?？。؟])\s+|\n+|[,;:–]\s+|\s+-\s+|\s+(?:and|but|so|or|und|aber|y|pero|et|mais)\s+", re.IGNORECASE
)
# a complaint about the conversation, which is no matter of its own
_venting = re.compile(
    r"\b(?:useless|ridiculous|waste|joke|terrible|awful|annoying|frustrat\w+|stupid|fed up|sick of|not help\w*|had enough)\b",
    re.IGNORECASE,
)
_also = re.compile(
    r"^(?:(?:and|also|but|or|plus|then|oh|ah|another question|one more(?: thing| question)?|second(?:ly)?|next|besides|"
    r"btw|by the way)[,:]? +)*",
    re.IGNORECASE,
)
_asks = re.compile(
    _also.pattern
    + r"(?:how|what|whats|what's|when|where|why|who|which|whose|can|could|do|does|did|is|are|will|would|should|may|has|have|"
    r"wie|was|wann|wo|warum|wer|welche[rsnm]?|kann|können|gibt|cómo|como|qué|cuándo|dónde|cuál|puedo|comment|quand|où|quel\w*|"
    r"pourquoi|puis-je|est-ce|come|cosa|quando|dove|perché|quale|posso|onde|qual|hoe|wat|wanneer|waar|waarom|kan|jak|kiedy|gdzie|czy|как|что|когда|где|можно)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """One earlier message as the turn sees it. `role`: customer, assistant or agent."""

    role: str
    text: str


@dataclass(frozen=True)
class Question:
    """What the customer wrote, understood. `context` is set where the turn follows up on what was said before."""

    text: str
    query: str
    context: str | None = None
    wants_human: bool = False
    small_talk: str | None = None
    times_asked: int = 1
    chosen: str | None = None  # the title that was chosen of those a question back named
    before: str = ""  # where one was chosen: the question that was asked back about
    failed: bool = False  # says that what was answered before did not help
    asks: bool = True  # False where it says that and asks nothing else: `query` is then what was asked before
    parts: tuple[Question, ...] = ()  # the questions, where it holds more than one
    language: str | None = None  # of the message, where it can be told


def understand(
    text: str,
    history: tuple[Said, ...] = (),
    choices: tuple[str, ...] = (),
    answered: bool = False,
    settled: int = 0,
    parting: bool = False,
    unread: bool = False,
) -> Question:
    """`text`: what was written in one breath (several messages joined by line breaks); `history`: oldest first;
    `choices`: the titles that the turn before asked back about; `answered`: something was answered, or tried, before;
    `settled`: so many messages of the history are another matter: a question of theirs is not asked again here; `parting`:
    the turn before asked whether there was anything else; `unread`: it said that files cannot be read."""
    chat: str | None = chat_kind(text)
    before = matters(history)
    if chat == "murmur" and choices:  # "hm" is no answer to a question back
        chat = None
    if not choices and _only_no.fullmatch(text.strip()) and (parting or unread or not answered):
        chat = "farewell" if parting else "murmur"
    if not choices and _only_yes.fullmatch(text.strip()):
        chat = "unread" if unread else "murmur"
    named = next((title for title in choices if _same_words(text, title)), None)
    refused = bool(choices) and _refused(text)
    wished = (
        not named and not refused and wants_human(text)
    )  # a title may sound like it: "Point it at your help center"
    chosen = named or (None if chat or wished else choice(text, choices))
    if chosen is not None:
        asked = before[-1][:LONGEST_QUERY] if before else ""
        query = f"{asked} {chosen}".strip()[:LONGEST_QUERY]
        language = spoken(asked if named else text)  # a title is in the language of its article
        return Question(text=text, query=query, chosen=chosen, before=asked, language=language)
    query = _plain(wanted if wished and (wanted := beside_the_wish(text)) else text)
    judged = (answered and not chat) or displeased(text)
    failed, rest = (True, "") if refused else failure(text) if judged else (False, text)
    if failed:
        query = _plain(rest) or (before[-1][:LONGEST_QUERY] if before else query)
    asks = not failed or bool(rest.strip())
    return Question(
        text=text,
        query=query,
        context=_context(query, before) if asks else None,
        wants_human=wished,
        small_talk=chat,
        times_asked=1 + sum(same_question(query, other) for other in matters(history[settled:]))
        if asks
        else 1,
        failed=failed,
        asks=asks,
        parts=_parts(rest, before) if asks else (),
        language=spoken(text),
    )


def _plain(text: str) -> str:
    """The text without greeting and sign-off, as far as it is searched for."""
    text = _blanks.sub("", text)
    return (_sign_off.sub(_end, _greeting.sub("", text)).strip() or text.strip())[:LONGEST_QUERY]


def failure(text: str) -> tuple[bool, str]:
    """Whether a message says that the answer before it did not help, and what it says besides: "that didn't help, the
    light still blinks" -> (True, "the light still blinks")."""
    plain = _greeting.sub("", text.replace("’", "'")).strip()
    if _only_no.fullmatch(plain) or displeased(plain):
        return True, ""
    rest = plain
    while (found := _failed.match(rest)) and _ends.match(rest, found.end()):
        rest = _joint.sub("", rest[found.end() :])
    if rest == plain:
        return False, text
    return True, rest if len(rest.split()) > 2 else ""


def _refused(text: str) -> bool:
    """Whether an answer to a question back chooses nothing and asks nothing: "neither", "both", "I don't know"."""
    return any(pattern.fullmatch(_flat(text)) for pattern in (_neither, _undecided))


def _flat(text: str) -> str:
    return text.replace("’", "'").strip().lower()


def matters(history: Sequence[Said]) -> list[str]:
    """What the customer asked so far, without small talk, mere complaints, "neither" and the wish for a person; of each
    message its beginning."""
    asked = (_matter(said.text[:EARLIER_READ]) for said in history if said.role == "customer")
    return [text for text in asked if text]


@lru_cache(maxsize=1024)  # each turn looks at the messages before it again
def _matter(text: str) -> str:
    """What one message asks; empty where it asks nothing."""
    asked = beside_the_wish(text) if wants_human(text) else text
    nothing = (
        not asked or chat_kind(asked) or _neither.fullmatch(_flat(asked)) or failure(asked) == (True, "")
    )
    return "" if nothing else asked


def beside_the_wish(text: str) -> str:
    """What a message says besides its wish for a person: "my parcel never came, can I talk to somebody?" -> "my parcel
    never came". Empty where it says nothing else."""
    plain = _plain(text)
    kept, matter = "", False
    begin = 0
    for end in [*_breaths.finditer(plain), None]:
        piece = plain[begin : end.start() if end else len(plain)].strip()
        beside = not (wants_human(piece) or chat_kind(piece) or failure(piece)[0] or _venting.search(piece))
        if piece and beside:
            matter = matter or len(piece.split()) > 3
            kept += plain[begin : end.end() if end else len(plain)]
        begin = end.end() if end else len(plain)
    return _loose_end.sub("", kept) if matter else ""


def _parts(text: str, before: list[str]) -> tuple[Question, ...]:
    """The questions of a text that holds more than one, each as it would be understood after the others; `before`: the
    matters of the messages before it."""
    texts = questions_of(text)
    if len(texts) < 2:
        return ()
    parts = []
    for one in texts:
        query = _also.sub("", _plain(one))
        parts.append(Question(text=one, query=query, context=_context(query, before)))
        before = [*before, *matters((Said("customer", one),))]
    return tuple(parts)


def questions_of(text: str) -> list[str]:
    """The text cut where one question ends and another begins; what asks nothing stays with what stands beside it."""
    pieces: list[str] = []
    opened = False  # the piece before asks nothing yet
    for piece in filter(None, (piece.strip() for piece in _cuts.split(text.strip()))):
        if chat_kind(piece):
            continue
        asks = bool(_asks.match(_greeting.sub("", piece))) or (
            piece[-1] in "?？؟" and bool(pieces) and pieces[-1][-1] in "?？؟"
        )
        if pieces and (not asks or opened or len(piece.split()) < 3):
            pieces[-1] += f"\n{piece}"
            opened = opened and not asks and piece[-1] not in "?？؟"
        else:
            pieces.append(piece)
            opened = not asks and piece[-1] not in "?？؟"
    return pieces if len(pieces) <= MOST_QUESTIONS else [text]


def _end(found: re.Match[str]) -> str:
    """The mark that ended the question stays."""
    return found[0][0] if found[0][0] in ".!?" else ""


def choice(text: str, choices: tuple[str, ...]) -> str | None:
    """Which of two titles an answer to a question back means: by its place, or by its words."""
    if not choices:
        return None
    plain = text.strip().lower()
    for title, place in zip(choices, (_first, _second), strict=False):
        if place.fullmatch(plain):
            return title
    if len(plain) < 3:
        return None
    scores = [_named(plain, title.lower()) for title in choices]
    best = max(range(len(choices)), key=scores.__getitem__)
    rest = max((score for i, score in enumerate(scores) if i != best), default=0)
    return choices[best] if scores[best] >= CHOSEN_FROM and scores[best] > rest else None


def _same_words(one: str, other: str) -> bool:
    return one.lower().split() == other.lower().split()


def _named(answer: str, title: str) -> float:
    """How much of an answer is words of a title, of 100; a typing error in a word is forgiven. Words that every title
    could have count only where there are no others."""
    words = _word.findall(answer)
    telling = [word for word in words if word != "one" and not _says_nothing(word)]
    telling = telling or (words if len(words) > 1 else [])  # "what?" names nothing
    known = _word.findall(title)
    near = [max((_alike(word, other) for other in known), default=0.0) for word in telling]
    found = [score for score in near if score >= NEAR_WORD]
    share = 100 * len(found) / len(telling) if telling else 0.0
    return share - (100 - sum(found) / len(found)) / 100 if found else 0.0


def _says_nothing(word: str) -> bool:
    return only_asks(word, "en") or is_stop_word(word, "en")


def _alike(word: str, other: str) -> float:
    return 90.0 if min(len(word), len(other)) >= 5 and word[:5] == other[:5] else fuzz.ratio(word, other)


def same_question(one: str, other: str, closeness: float | None = None) -> bool:
    """Whether two questions are the same: in nearly the same words or, by the cosine of their embeddings, in others."""
    if len(one.split()) < 3 or len(other.split()) < 3:
        return one.strip().lower() == other.strip().lower()
    if closeness is not None and closeness >= SAME_MEANING:
        return True
    return fuzz.token_sort_ratio(one.lower(), other.lower()) >= SAME_QUESTION


def _context(query: str, before: Sequence[str]) -> str | None:
    """The last questions before this one, when it does not stand alone."""
    if not before:
        return None
    words = len(query.split())
    if words <= 3 or (words <= 14 and _points_back.search(query)):
        return "\n".join(before[-CONTEXT_MESSAGES:])[-LONGEST_QUERY:]
    return None
