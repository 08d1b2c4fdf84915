"""The demo calibrates itself, once, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.house import House
from bot.llm.base import ModelError
from evals import demo
from evals.apart import fitted_on
from evals.result import Result
from evals.run import own_questions, shipped_articles
from help_center.articles import Article, store
from help_center.settings import Settings
from help_center.sources.base import SourceArticle


@pytest.mark.slow
def test_the_demo_is_calibrated_once_and_another_help_center_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    house = House(settings)
    try:
        assert not demo.wanted(settings)  # nothing is there
        with house.database.write() as session:
            for article in shipped_articles():
                store(session, article, "test")
        house.indexer.sync()
        assert demo.wanted(settings)
        with house.database.write() as session:
            store(session, SourceArticle(id="ours", title="Ours", body="Of our own."), "test")
        assert not demo.wanted(settings)
    finally:
        house.close()
    house = House(settings)
    try:
        with house.database.write() as session:
            session.delete(session.get(Article, "ours"))
        demo.main()
        fitted = house.calibrations()
        half = sum(fitted_on(query.id) for query in own_questions().queries)
        assert (fitted.is_default, fitted.precedents is None) == (False, False)
        assert f"{half} questions" in fitted.fitted_on
        assert "the demo's confidence" in capsys.readouterr().err
        assert fitted.threshold(0.1) < 1
        monkeypatch.setattr(demo, "calibrate", lambda *_, **__: pytest.fail("calibrated again"))
        demo.main()
        with house.database.write() as session:
            store(session, SourceArticle(id="ours", title="Ours", body="Of our own."), "test")
        house.indexer.sync()
        house.calibrations._looked = (0.0, None, True)  # it looks every few seconds
        assert house.calibrations().is_default
        assert not demo.wanted(settings)
        with house.database.write() as session:
            session.delete(session.get(Article, "ours"))
    finally:
        house.close()


def test_what_stops_the_fit_stops_no_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object, **__: object) -> Result:
        raise ModelError("the model cannot be used: check its key.")

    def broken(*_: object, **__: object) -> Result:
        return Result("calibration", {}, {"kept": False, "warning": "not kept.", "fitted_on": "nothing"})

    monkeypatch.setattr(demo, "wanted", lambda _: True)
    for calibrate, line in (
        (refused, "the demo is not calibrated: the model cannot be used: check its key."),
        (broken, "not kept."),
    ):
        monkeypatch.setattr(demo, "calibrate", calibrate)
        demo.main()
        assert capsys.readouterr().err == f"parley: {line}\n"
