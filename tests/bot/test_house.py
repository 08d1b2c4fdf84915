"""What a house opens, and what it makes of what older versions kept."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from bot import precedents
from bot.assess import KEPT_AS, Calibration, default_calibration
from bot.house import House
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
        house.calibrations.keep(None)
        assert house.calibrations().is_default
        assert house.database.fact(precedents.KEPT_AS) is None
    finally:
        house.close()
        worker.close()
