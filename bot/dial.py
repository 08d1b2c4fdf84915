"""The dial: the share of given answers that may be wrong. The owner's setting wins over PARLEY_MAX_WRONG; no restart."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from help_center.database import Database, InstallationFact
from help_center.kept import Kept, keep

KEPT_AS = "dial"


class Dial:
    """Call it for the share in force, for the turn that begins now."""

    def __init__(self, database: Database, default: float) -> None:
        self.default = default
        self._kept = Kept(database, KEPT_AS, _share)

    def __call__(self) -> float:
        kept = self._kept()
        return self.default if kept is None else kept

    @property
    def kept(self) -> float | None:
        """What the owner has set at /manage; None: PARLEY_MAX_WRONG holds."""
        return self._kept()


def read_dial(session: Session) -> float | None:
    fact = session.get(InstallationFact, KEPT_AS)
    return _share(fact.value if fact else None)


def keep_dial(session: Session, share: float | None) -> None:
    """None: from now on PARLEY_MAX_WRONG holds again."""
    keep(session, KEPT_AS, None if share is None else {"max_wrong": share})


def _share(kept: dict[str, Any] | None) -> float | None:
    return float(kept["max_wrong"]) if kept else None
