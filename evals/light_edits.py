"""Makes true sentences that differ lightly from a passage's own: another beginning, a word or two in other words, a clause
less, the condition in front.

Hand-written cases have none: there a sentence that nearly repeats the passage is a corruption of it, and one that is true is
worded freely. A model fitted on those alone learns that a light edit is a lie (it lost 15 to 36 of 100 of these).
"""

from __future__ import annotations

import random
import re

_others = """customers/users at_once/immediately press/click choose/select begins/starts begin/start shows/displays show/display
needs/requires e-mail/mail telephone/phone phone/telephone several/multiple must/has_to only/just every/each each/every
such_as/for_example as_well/too cannot/can't does_not/doesn't do_not/don't is_not/isn't are_not/aren't makes/creates
removed/deleted removes/deletes get/receive gets/receives machine/computer program/application at_most/no_more_than
at_least/no_less_than website/site within/in picture/image change/modify changes/modifies allowed/permitted folder/directory
everybody/everyone somebody/someone nobody/no_one buy/purchase big/large wrong/incorrect right/correct stops/halts
twice/two_times once/one_time whole/entire writes/types"""
OTHERS = [tuple(side.replace("_", " ") for side in pair.split("/")) for pair in _others.split()]
BEGINNINGS = (
    "Yes, ", "Note that ", "Please note that ", "In short, ", "According to the article, ", "As described there, ",
    "Good to know: ", "In this case, ", "No problem: ", "Generally, ",
)  # fmt: skip
_named = re.compile(r"I\b|[A-Z]{2,}|[A-Z]\w*[A-Z]")
_aside = re.compile(r"; |: |, (?:so|because|but not|which|such as|for example|since|where)\b")
_condition = re.compile(r"([^,;:]{15,}?) ((?:if|when|as soon as|until|unless|after|before) [^,;:]{10,})\.$")


def light_edits(unit: str, dice: random.Random) -> list[str]:
    """None of what is no plain sentence."""
    text = " ".join(unit.split())
    if len(text) < 30 or "|" in text or not text[0].isalpha() or text.count("`") > 4 or text[-1] not in ".!":
        return []
    made = [dice.choice(BEGINNINGS) + _inside(text)]
    changed, number = text, 0
    for word, other in dice.sample(OTHERS, len(OTHERS)):
        new = re.sub(rf"\b{re.escape(word)}\b", other, changed, count=1)
        number += new != changed
        changed = new
        if number == 2:
            break
    made += [changed] if number else []
    for piece in (text[: found.start()] + "." for found in [_aside.search(text)] if found):
        made += [piece] if len(piece.split()) > 5 else []
    rest = text.partition("; ")[2]
    made += [rest[0].upper() + rest[1:]] if len(rest.split()) > 5 else []
    if turned := _condition.match(text):
        made.append(f"{turned[2][0].upper()}{turned[2][1:]}, {_inside(turned[1])}.")
    return made


def _inside(sentence: str) -> str:
    return sentence if _named.match(sentence) else sentence[0].lower() + sentence[1:]
