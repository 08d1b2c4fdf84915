"""Does the confidence in use fit the parts in use? Said where it is used, and in the log when live answers contradict."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.assess import KEPT_AS, default_calibration
from bot.doctor import examine
from bot.drift import doubt, standing, warn_once_a_day
from bot.house import House
from help_center.conversations import Conversation, Feedback, TurnRow, add_message, locked
from help_center.database import new_id
from help_center.people import Customer
from help_center.settings import Settings
from tests.bot.support import StringModel
from tests.conftest import Installation


def settings(folder: Path, **given: str) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **given)  # type: ignore[call-arg, arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(settings(tmp_path))
    yield made
    made.close()


def keep(house: House, fingerprint: str) -> None:
    fitted = replace(default_calibration(), is_default=False, fitted_on="a test", fingerprint=fingerprint)
    house.database.keep_fact(KEPT_AS, fitted.json())


def unhappy(house: House, n: int) -> None:
    """`n` customers whom a very sure answer did not help."""
    used = standing(house)
    for _ in range(n):
        with house.database.write() as session:
            customer = Customer(id=new_id("cust"), attributes={})
            conversation = Conversation(id=new_id("conv"), customer_id=customer.id, greeting="", status="bot")
            session.add(customer)
            session.flush()
            session.add(conversation)
            session.flush()
            turn = TurnRow(
                id=new_id("turn"), conversation_id=conversation.id, status="done", action="answer", reasons=[]
            )
            turn.confidence = 0.95
            turn.record = {"calibration": {"default": used.is_default, "fitted_on": used.fitted_on}}
            session.add(turn)
            session.flush()
            told = locked(session, conversation.id)
            assert told is not None
            message = add_message(session, told, "assistant", "So.", turn_id=turn.id)
            session.add(Feedback(message_id=message.id, helpful=False))


def test_the_default_is_doubted_only_with_other_parts_than_it_was_fitted_with(tmp_path: Path) -> None:
    for given, named in (({}, None), ({"llm": "openai:gpt-5-mini"}, "PARLEY_LLM")):
        house = House(settings(tmp_path, **given))
        told = doubt(house)
        assert (told is None) if named is None else (told is not None and named in told)
        house.close()


def test_a_kept_fit_is_doubted_when_what_it_was_fitted_with_has_changed(house: House) -> None:
    keep(house, house.fingerprint)
    assert doubt(house) is None


def test_the_part_that_changed_is_named(tmp_path: Path) -> None:
    for changed, named in ((("other", 0), "embedding model"), (("openai:x", 1), "the answerer")):
        folder = tmp_path / changed[0].replace(":", "")
        house = House(settings(folder))
        parts = house.fingerprint.split("|")
        parts[changed[1]] = changed[0]
        keep(house, "|".join(parts))
        told = doubt(house)
        assert told is not None
        assert named in told
        assert "parley calibrate" in told
        house.close()


def test_another_answerer_in_this_process_counts(tmp_path: Path) -> None:
    house = House(settings(tmp_path))
    keep(house, house.fingerprint)
    house.close()
    scripted = House(settings(tmp_path), model=StringModel())
    told = doubt(scripted)
    scripted.close()
    assert told is not None
    assert "the answerer" in told


def test_drift_is_logged_once_a_day(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        unhappy(house, 3)
        warn_once_a_day(house)
        assert caplog.text == ""
        unhappy(house, 20)
        warn_once_a_day(house)
        warn_once_a_day(house)
    assert caplog.text.count("does not hold any more") == 1
    assert "parley calibrate" in caplog.text


def test_the_doctor_says_what_is_in_use_and_whether_live_answers_bear_it_out(tmp_path: Path) -> None:
    house = House(settings(tmp_path))
    house.database  # noqa: B018
    findings = {one.name: one for one in examine(settings(tmp_path))}
    assert "shipped default" in findings["confidence"].told
    assert "parley calibrate" in findings["confidence"].advice
    assert findings["live answers"].ok
    assert "outcome" in findings["live answers"].advice
    unhappy(house, 20)
    house.close()
    drifted = {one.name: one for one in examine(settings(tmp_path))}["live answers"]
    assert not drifted.ok
    assert "of 20" in drifted.told
    assert "parley calibrate" in drifted.advice


@pytest.mark.slow
def test_a_fit_of_other_parts_warns_on_stderr_wherever_it_is_used(shop_installation: Installation) -> None:
    assert "confidence" not in shop_installation.parley("ask", "How do I return a bicycle?").stderr
    house = House(settings(shop_installation.folder / "var"))
    keep(house, "another|extractive")
    house.close()
    asked = shop_installation.parley("ask", "How do I return a bicycle?", "--json")
    assert "fitted before the embedding model" in asked.stderr
    assert json.loads(asked.stdout)["action"]
    questions = shop_installation.folder / "questions"
    questions.mkdir()
    (questions / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "How do I return a bicycle?"}))
    (questions / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\treturns\t1\n")
    judged = shop_installation.parley("eval", "confidence", "--data", str(questions), check=False)
    assert "fitted before the embedding model" in judged.stderr
    shop_installation.serve()
    assert "fitted before the embedding model" in (shop_installation.folder / "stderr.log").read_text()
