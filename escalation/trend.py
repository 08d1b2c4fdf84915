"""How a conversation goes: does the customer lose patience? Pure arithmetic over their last messages.

Knows how each message felt and what it did; knows no words, no model and not what is done about it (`rules`). The weights
are a choice, not a fit: one mildly annoyed message never reaches TOO_MUCH, a second one that is as annoyed and says
that the answer failed does. docs/log.md has how far it predicts what people say of their satisfaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOOKS_BACK = 3  # messages of the customer, the present one included
FADES = 0.6  # of a message's weight, with each message after it
FAILED, REPEATED, HEATED = 0.2, 0.2, 0.2  # what each adds to the mood of its message
CALM = 0.1  # a message that weighs less than this ends the matter, whatever was before it
TOO_MUCH = 0.75  # strain from which a person takes over


@dataclass(frozen=True)
class Moment:
    """One message of the customer. `score`: its mood, -1 (unhappy) to 1; `failed`: it says that the answer did not
    help; `repeated`: it asks what was asked before; `heated`: capital letters, swearing or strings of marks."""

    score: float
    failed: bool = False
    repeated: bool = False
    heated: bool = False

    @property
    def weight(self) -> float:
        """0 for a friendly message, about 1 for one that has everything."""
        added = FAILED * self.failed + REPEATED * self.repeated + HEATED * self.heated
        return max(0.0, min(1.0, added - self.score))


def strain(moments: Sequence[Moment]) -> float:
    """How much the last messages weigh together, from 0; `moments`: oldest first, the present one last.

    0 where the present message is calm: who was annoyed and now says thanks is not lost.
    """
    if not moments or moments[-1].weight < CALM:
        return 0.0
    last = reversed(moments[-LOOKS_BACK:])
    return sum(moment.weight * FADES**back for back, moment in enumerate(last))
