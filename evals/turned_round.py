"""True sentences turned round by a program: a denial put in, in one of the ways in which English does it.

What people write when they are asked for false sentences says the opposite in other words ("is free" for "costs 5 euros") and
seldom denies it; trees fitted on that alone take a "not" for a sign of truth.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from bot.ground.facts import denial

_DENIED = {
    "can": "can't", "is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't", "will": "won't", "does": "doesn't",
    "could": "couldn't", "should": "shouldn't", "would": "wouldn't", "may": "may not", "must": "needn't", "has to": "doesn't have to",
    "have to": "don't have to", "need to": "don't need to", "needs to": "doesn't need to", "'ll": " won't", "'re": " aren't",
    "costs": "doesn't cost", "takes": "doesn't take", "gets": "doesn't get", "includes": "doesn't include", "lasts": "doesn't last",
    "applies": "doesn't apply", "covers": "doesn't cover", "comes": "doesn't come", "opens": "doesn't open", "works": "doesn't work",
    "needs": "doesn't need", "stays": "doesn't stay", "goes": "doesn't go", "keeps": "doesn't keep", "starts": "doesn't start",
    "counts": "doesn't count", "pays": "doesn't pay", "remains": "doesn't remain", "runs": "doesn't run",
}  # fmt: skip
_verb = re.compile(rf"(?<!\w)({'|'.join(sorted(_DENIED, key=len, reverse=True))})(?!\w|['’]t|\s+not\b)")
_ours = re.compile(
    r"\b(you|we|they|people|guests|customers|members)\s+(?:also\s+|always\s+|only\s+)?"
    r"(pay|get|receive|keep|charge|offer|accept|send|take|lose|find|make|give|ship|cover|reply|answer|return|store|open|deliver|refund|need|save|use)\b",
    re.IGNORECASE,
)
_order = re.compile(
    r"^(Open|Send|Bring|Call|Leave|Use|Choose|Put|Keep|Take|Ask|Write|Pay|Return|Hand|Click|Tap|Press|Hold|Wait|Remove|Clean|Check|Show|"
    r"Fill|Enter|Book|Ring|Turn|Switch|Store|Place|Let|Tell|Register|Sign|Order|Wear|Park|Report)\b"
)
_TO_ORDERS = ("Don't {0}", "You needn't {0}", "There's no need to {0}", "Never {0}")


def turned_round(sentence: str, dice: random.Random) -> str | None:
    """The sentence with one denial in it, false where it was true; None where it has one already or no place is known."""
    if denial(sentence, "en")[0] == "-" or sentence.rstrip().endswith("?"):
        return None
    places = list(_places(sentence, dice))
    return dice.choice(places) if places else None


def _places(sentence: str, dice: random.Random) -> Iterator[str]:
    for found in _verb.finditer(sentence):
        yield sentence[: found.start()] + _DENIED[found[1]] + sentence[found.end() :]
    for found in _ours.finditer(sentence):
        word = dice.choice(("don't", "never") if found[1].lower() != "you" else ("don't", "needn't"))
        yield f"{sentence[: found.start()]}{found[1]} {word} {found[2]}{sentence[found.end() :]}"
    if order := _order.match(sentence):
        yield dice.choice(_TO_ORDERS).format(order[1].lower()) + sentence[order.end() :]
