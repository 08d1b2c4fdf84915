"""Which passage stands in which row of the lexical index, in arrays: 200,000 passages cost a few megabytes.

Nothing here is ever changed: `merged` makes a new roster of an old one. Knows ids, articles and places, no words.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Place = tuple[str, str]  # (audience, language)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Roster:
    """`ids`: of the passages, in UTF-8. `article`, `place`: the numbers, in `articles` and `places`, of each one's."""

    ids: NDArray[np.bytes_]
    article: NDArray[np.int32]
    place: NDArray[np.int16]
    articles: list[str]
    places: list[Place]
    _by_id: NDArray[np.int32] = field(init=False)  # rows in the order of their ids
    _number: dict[str, int] = field(init=False)  # of each article

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", np.argsort(self.ids).astype(np.int32))
        object.__setattr__(self, "_number", {article: i for i, article in enumerate(self.articles)})

    @classmethod
    def of(cls, rows: Iterable[tuple[str, str, Place]]) -> Roster:
        """Of (passage id, article id, place), in their order."""
        ids: list[bytes] = []
        article: list[int] = []
        place: list[int] = []
        articles: dict[str, int] = {}
        places: dict[Place, int] = {}
        for id, its_article, its_place in rows:
            ids.append(id.encode())
            article.append(articles.setdefault(its_article, len(articles)))
            place.append(places.setdefault(its_place, len(places)))
        return cls(
            np.array(ids, dtype=np.bytes_),
            np.array(article, dtype=np.int32),
            np.array(place, dtype=np.int16),
            list(articles),
            list(places),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def ids_of(self, rows: NDArray[np.intp]) -> list[str]:
        return [id.decode() for id in self.ids[rows].tolist()]

    def rows_with(self, ids: Sequence[str]) -> NDArray[np.int64]:
        """The row of each passage; -1 for one that is not here."""
        if not len(self) or not ids:
            return np.full(len(ids), -1, dtype=np.int64)
        asked = np.array([id.encode() for id in ids], dtype=np.bytes_)
        place = np.minimum(np.searchsorted(self.ids, asked, sorter=self._by_id), len(self) - 1)
        rows = self._by_id[place]
        return np.where(self.ids[rows] == asked, rows, -1)

    def rows_of(self, article: str) -> list[int]:
        number = self._number.get(article)
        rows: list[int] = [] if number is None else np.flatnonzero(self.article == number).tolist()
        return rows

    def lies_in(self, places: Collection[Place]) -> Flags:
        """Of every row, whether its place is one of these."""
        wanted = np.array([place in places for place in self.places], dtype=np.bool_)
        flags: Flags = wanted[self.place] if len(self) else np.zeros(0, np.bool_)
        return flags

    def merged(self, keep: Flags, more: Roster) -> Roster:
        """Without the rows that `keep`, shape (len(self),), leaves out; those of `more` come after the others."""
        used = np.unique(self.article[keep])
        articles = {self.articles[number]: new for new, number in enumerate(used)}
        places = {place: number for number, place in enumerate(self.places)}
        theirs = [articles.setdefault(article, len(articles)) for article in more.articles]
        lie = [places.setdefault(place, len(places)) for place in more.places]
        return Roster(
            np.concatenate([self.ids[keep], more.ids]),
            np.concatenate(
                [np.searchsorted(used, self.article[keep]), np.array(theirs, np.int32)[more.article]]
            ).astype(np.int32),
            np.concatenate([self.place[keep], np.array(lie, np.int16)[more.place]]),
            list(articles),
            list(places),
        )

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("ids", "article", "place"):
            np.save(folder / f"{name}.npy", getattr(self, name))
        told = {"articles": self.articles, "places": self.places}
        (folder / "names.json").write_text(json.dumps(told, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Roster:
        """What `save` left there. Raises OSError, ValueError, EOFError or KeyError."""
        told = json.loads((folder / "names.json").read_text("utf-8"))
        ids, article, place = (np.load(folder / f"{name}.npy") for name in ("ids", "article", "place"))
        if not len(ids) == len(article) == len(place):
            raise ValueError(f"the roster in {folder} does not belong together")
        return cls(ids, article, place, told["articles"], [(a, b) for a, b in told["places"]])
