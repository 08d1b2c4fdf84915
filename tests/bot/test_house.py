"""What a house opens, and what it makes of what older versions kept."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot.assess import KEPT_AS, default_calibration
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
        house.calibrations.use(house.database.fact(KEPT_AS))
        assert not house.calibrations().is_default
    finally:
        house.close()
