"""What a house opens, and what it makes of what older versions kept."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from bot import precedents
from bot.assess import KEPT_AS, Calibration, default_calibration
from bot.drift import doubt
from bot.house import House
from help_center.index_tables import PassageRow
from help_center.settings import Settings


def test_a_calibration_on_signals_of_an_older_version_gives_way_to_the_default(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(Settings(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]
    try:
        kept = default_calibration().json()
        house.database.keep_fact(KEPT_AS, kept | {"signals": ["something", "else"]})
        with caplog.at_level(logging.WARNING):
            assert house.calibrations().is_default
        assert "parley calibrate" in caplog.text
        house.database.keep_fact(KEPT_AS, kept)
        house.calibrations.use(Calibration.read(kept, is_default=False))
        assert not house.calibrations().is_default
    finally:
        house.close()


def test_a_fit_is_kept_with_its_precedents_and_forgotten_with_them(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    house, worker = House(settings), House(settings)
    try:
        said = precedents.made_of([[1.0, 0.0], [0.0, 1.0]], [{"returns"}, ()], "space", ["f" * 64])
        own = replace(default_calibration(), is_default=False, precedents=said)
        house.calibrations.keep(own)
        for one in (house, worker):
            kept = one.calibrations().precedents
            assert kept is not None
            assert kept.answers == (frozenset({"returns"}), frozenset())
        house.calibrations.keep(replace(own, precedents=None))
        assert house.calibrations().precedents is None
        assert not house.calibrations().is_default
        house.calibrations.keep(own)
        older = replace(
            default_calibration(), is_default=False
        )  # knows nothing of precedents, and leaves them
        house.database.keep_fact(KEPT_AS, older.json())
        assert worker.database.fact(precedents.KEPT_AS) is not None
        late = House(settings)
        assert not late.calibrations().is_default
        assert late.calibrations().precedents is None
        late.close()
        house.calibrations.keep(own)
        house.calibrations.keep(None)
        assert house.calibrations().is_default
        assert house.database.fact(precedents.KEPT_AS) is None
    finally:
        house.close()
        worker.close()


def test_a_fit_is_in_force_as_long_as_half_of_what_it_was_fitted_on_is_there(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    house = House(settings)
    there = [f"{number:x}" * 32 for number in range(10)]

    def index(ids: list[str]) -> None:
        with house.database.write() as session:
            session.execute(delete(PassageRow))
            for number, id in enumerate(ids):
                session.add(
                    PassageRow(space="space", id=id, article_id=str(number), ordinal=0, headings=[], text="",
                               audience="public", language="en")
                )  # fmt: skip

    def in_force() -> bool:
        house.calibrations._looked = (0.0, None, True)  # it looks every few seconds
        return not house.calibrations().is_default

    try:
        said = precedents.made_of([[1.0, 0.0]], [{"returns"}], "space", there)
        index(there)
        own = replace(default_calibration(), is_default=False, precedents=said, fingerprint=house.fingerprint)
        house.calibrations.keep(own)
        assert (in_force(), doubt(house)) == (True, None)
        index([*there, *(f"e{number:031x}" for number in range(11))])
        assert in_force()
        assert "most of what is searched was written after the confidence was fitted" in str(doubt(house))
        index(there[:5] + ["f" * 32] * 1)
        assert in_force()
        index([*there[:4], "f" * 32])
        assert not in_force()
        assert "most of the articles that the confidence was fitted on are gone" in str(doubt(house))
        index(there)
        assert in_force()
        index([])  # the space of another model, or nothing at all: that is for others to say
        assert in_force()
        index(there)
        house.calibrations.keep(replace(default_calibration(), is_default=False, precedents=said, demo=True))
        assert in_force()
        index([*there, "f" * 32])  # of an owner's own articles the demo's fit says nothing
        assert not in_force()
        assert doubt(house) is None
        index(there[:4])
        assert not in_force()
    finally:
        house.close()
