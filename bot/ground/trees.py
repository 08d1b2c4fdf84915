"""A sum of small decision trees, as plain numbers: read from JSON, evaluated without the library that grew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from retrieval.logistic import sigmoid

Node = tuple[
    int, float, int, int, float
]  # feature (-1: a leaf), its threshold, left (at most it), right, value


@dataclass(frozen=True)
class Trees:
    """`base` and the leaves are log-odds."""

    base: float
    trees: tuple[tuple[Node, ...], ...]

    @classmethod
    def read(cls, told: dict[str, Any]) -> Trees:
        return cls(
            told["base"],
            tuple(
                tuple((int(f), float(t), int(left), int(right), float(v)) for f, t, left, right, v in tree)
                for tree in told["trees"]
            ),
        )

    def json(self) -> dict[str, Any]:
        return {"base": self.base, "trees": [[list(node) for node in tree] for tree in self.trees]}

    def probability(self, values: Sequence[float]) -> float:
        total = self.base
        for tree in self.trees:
            node = tree[0]
            while node[0] >= 0:
                node = tree[node[2] if values[node[0]] <= node[1] else node[3]]
            total += node[4]
        return sigmoid(total)

    def pulls(self, values: Sequence[float]) -> dict[int, float]:
        """Feature -> by how much its splits moved the log-odds, on the way from each root to the leaf (Saabas 2014)."""
        moved: dict[int, float] = {}
        for tree in self.trees:
            node = tree[0]
            while node[0] >= 0:
                after = tree[node[2] if values[node[0]] <= node[1] else node[3]]
                moved[node[0]] = moved.get(node[0], 0.0) + after[4] - node[4]
                node = after
        return moved
