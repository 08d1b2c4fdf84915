"""Which sentences of the language model were not shown as it wrote them, and in plain words why. Pure, over rows that were read.

For agents only: what a customer may read of an answer stands in its message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from help_center.conversations import TurnRow
from help_center.masking import stored_for_agents

WHY = {
    "number": "a number or date that the article does not have, or has for something else",
    "name": "a name that the article does not have, or has for something else",
    "negation": "it says the opposite of the article",
    "step": "a step that the article does not have",
    "order": "a step in another order than the article has it",
    "meaning": "the article does not say this",
    "code": "code that does not stand in the article like this",
    "address": "a link, e-mail address or phone number that the article does not have",
    "planted": "it speaks to an assistant, or gives the bot's instructions away",
    "too long": "too long to be checked as one sentence",
    "deed": "it tells of a deed of the bot's own, which has no hands",
    "announces nothing": "it announces what was left out",
    "repeats": "it repeats what was said in the article's own words",
    "answers nothing": "it holds, but says nothing that answers the question",
}
PUT_RIGHT = "shown with the right source: it had named another one"


@dataclass(frozen=True)
class Checked:
    """The model's sentences for one message. `sentences`: those left out, those that the article's own words took the place of, and
    those whose source was put right: `{text, why, left_out, instead}`. The text is the model's: nothing in it is to be believed
    where it was not shown; `instead` is the article's, and was shown."""

    message_id: str
    of: int
    left_out: int
    told: str
    sentences: list[dict[str, Any]]

    def json(self) -> dict[str, Any]:
        return dict(vars(self))


def checked(turns: Sequence[TurnRow]) -> list[Checked]:
    """Of these turns those in which a sentence was not shown as it was written, or its source was put right."""
    made = []
    for turn in turns:
        checks = (turn.record or {}).get("checks") or []
        sentences: list[dict[str, Any]] = [
            {
                "text": stored_for_agents(check["text"]),
                "why": _why(check),
                "left_out": not (check["kept"] or _instead(check)),
                "instead": _instead(check),
            }
            for check in checks
            if not check["kept"] or _put_right(check)
        ]
        if sentences and turn.message_id:
            left_out = sum(one["left_out"] for one in sentences)
            own_words = sum(bool(one["instead"]) for one in sentences)
            told = _told(len(checks), left_out, own_words, len(sentences) - left_out - own_words)
            made.append(Checked(turn.message_id, len(checks), left_out, told, sentences))
    return made


def _instead(check: Mapping[str, Any]) -> str:
    return "" if check["kept"] else str(check.get("instead") or "")


def _put_right(check: Mapping[str, Any]) -> bool:
    cited, passages = list(check.get("cited") or ()), list(check.get("passages") or ())
    return bool(check["kept"] and cited and passages and cited != passages)


def _why(check: Mapping[str, Any]) -> str:
    if check["kept"]:
        return PUT_RIGHT
    return "; ".join(WHY.get(reason, reason) for reason in check.get("reasons") or ("meaning",))


def _told(of: int, left_out: int, own_words: int, put_right: int) -> str:
    told: list[str] = []
    for number, what in ((left_out, "left out"), (own_words, "said in the article's own words")):
        if number:
            sentences = f" of {of} sentence{'s' * (of > 1)} of the model" if not told else ""
            told.append(f"{number}{sentences} {'was' if number == 1 else 'were'} {what}")
    if put_right:
        sources = (
            "the source of 1 sentence was" if put_right == 1 else f"the sources of {put_right} sentences were"
        )
        told.append(f"{sources} put right")
    line = "; ".join(told)
    return line[0].upper() + line[1:]
