"""Is anything that was found relevant at all, or is the question one for somebody else?

One floor for the bot, the help center and the API. Its numbers are fitted on public question sets, of which each set's
questions are asked of the others' articles (`evals/fit_confidence.py`); they ship with the program.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from retrieval.evidence import NAMES, Evidence
from retrieval.logistic import Logistic

# how far the first is ahead of the others tells whether it is right, not whether the question belongs here
SIGNALS = (
    "top_dense", "dense_falloff", "lexical_share", "coverage", "title_coverage", "known", "missing_numbers", "words",
    "dense_z", "lexical_z", "missing_word", "pairs",
)  # fmt: skip
SIZE = "passages"  # log10 of how many there are: among more, something is always nearer
FEWEST = 100  # passages: smaller help centers were not among those fitted on
_places = [NAMES.index(name) for name in SIGNALS]
_titles = NAMES.index("title_coverage")
NAMED = 0.99  # share of the telling words that title and headings must hold to settle it


@dataclass(frozen=True)
class Relevance:
    """`floor`: the probability below which nothing that was found is relevant."""

    model: Logistic
    floor: float
    fitted_on: str

    @classmethod
    def read(cls, told: dict[str, Any]) -> Relevance:
        """Raises ValueError for numbers that belong to other signals than ours."""
        if tuple(told["signals"]) != (*SIGNALS, SIZE):
            raise ValueError("the relevance floor was fitted on other signals: fit it again")
        return cls(Logistic.read(told["model"]), told["floor"], told["fitted_on"])

    def json(self) -> dict[str, Any]:
        return {
            "signals": [*SIGNALS, SIZE],
            "fitted_on": self.fitted_on,
            "model": self.model.json(),
            "floor": self.floor,
        }

    def probability(self, evidence: Evidence, passages: int) -> float:
        """That the help center is the right one to ask. A title or heading that holds all of the question's words settles
        it: "postgres" alone is far from any passage."""
        return self.of_vector(evidence.vector(), passages)

    def of_vector(self, values: Sequence[float], passages: int) -> float:
        """The same of an evidence's signals, in the order of NAMES."""
        return 1.0 if values[_titles] > NAMED else self.model.probability(chosen(values, passages))


def chosen(values: Sequence[float], passages: int) -> list[float]:
    """What the model looks at."""
    return [*(values[i] for i in _places), math.log10(max(FEWEST, passages))]


@cache
def shipped() -> Relevance:
    return Relevance.read(json.loads(files("retrieval").joinpath("fitted/relevance.json").read_text("utf-8")))
