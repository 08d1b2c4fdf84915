"""Does the confidence in use still hold? Whether it fits the parts in use, and what live answers say of it.

Puts the calibration and the house's fingerprint beside `escalation.drift`, which reads the words of agents and customers.
"""

from __future__ import annotations

import logging

from bot.house import House
from escalation.drift import Drift, Standing, watch
from help_center.database import now
from help_center.settings import Settings

log = logging.getLogger(__name__)
TOLD_AS = "drift_told"  # the installation fact that keeps the day of the last warning
FITTED_WITH = ("embedding_model", "llm", "reranker")  # settings that the shipped default took as they ship
PARTS = (
    "the embedding model or the chunking",
    "the answerer",
    "the re-ranker",
)  # of a fingerprint, in its order


def standing(house: House) -> Standing:
    """The calibration in use, as the figures page and `escalation.drift` see it."""
    calibration = house.calibrations()
    return Standing(calibration.fitted_on, calibration.is_default, doubt(house))


def doubt(house: House) -> str | None:
    """Why the confidence may not fit what answers now, and what to do; None when nothing speaks against it."""
    calibration = house.calibrations()
    if house.calibrations.outlived:
        return (
            "most of the articles that the confidence was fitted on are gone, so the shipped default serves: run "
            "`parley calibrate --data DIR` on labelled questions of today."
        )
    if (
        calibration.is_default
    ):  # vectors differ a little between processors: the default is held against the settings
        other = [
            f"PARLEY_{name.upper()}"
            for name in FITTED_WITH
            if getattr(house.settings, name) != Settings.model_fields[name].default
        ]
        if not other:
            return None
        return (
            f"the confidence is the shipped default, fitted without your {', '.join(other)}: "
            "run `parley calibrate --data DIR` on labelled questions."
        )
    was, is_ = calibration.fingerprint.split("|"), house.fingerprint.split("|")
    if was == is_:
        if not house.calibrations.outgrown:
            return None
        return (
            "most of what is searched was written after the confidence was fitted, and it may not be true any more: run "
            "`parley calibrate --data DIR` on labelled questions of today."
        )
    longest = max(len(was), len(is_))
    was, is_ = was + [""] * (longest - len(was)), is_ + [""] * (longest - len(is_))
    changed = [part for part, old, new in zip(PARTS, was, is_, strict=False) if old != new]
    return (
        f"the confidence was fitted before {' and '.join(changed)} changed, and may not be true any more: "
        "run `parley calibrate --data DIR` again."
    )


def drift(house: House) -> Drift:
    with house.database.read() as session:
        return watch(session, standing(house), now().date())


def warn_once_a_day(house: House) -> None:
    """Logs it when live answers contradict the confidence; the first of several workers tells it."""
    found = drift(house)
    if not found.alarm:
        return
    today = {"day": now().date().isoformat()}
    if house.database.fact(TOLD_AS) == today:
        return
    house.database.keep_fact(TOLD_AS, today)
    log.warning(
        "the confidence does not hold any more: %s. Run `parley calibrate --data DIR` on labelled questions of these weeks.",
        found.told(),
    )
