"""The reader's word on whether what was found first answers the question: for the confidence that ships."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot import reading
from bot.assess import Calibration, default_calibration
from bot.house import House
from bot.reading import answered_here
from bot.turn import Asked, outcome_of
from bot.understand import understand
from retrieval.evidence import NAMES
from retrieval.reader import ReaderError
from retrieval.search import Found


def found_for(library: House, text: str) -> Found:
    found = library.search.find(text, limit=10)
    return replace(found, answered=answered_here(found, understand(text, ())))


@pytest.mark.parametrize(
    ("answered", "nearly"),
    [
        ("When do I get my money back?", "Can I get my money back in cash at the till?"),
        ("What pressure do 32 mm tyres need?", "How much do 32 mm tyres cost?"),
        (
            "How do I connect the bike computer to my phone?",
            "How do I connect the bike computer to my heart rate belt?",
        ),
    ],
)
def test_what_is_only_nearly_answered_is_read_as_such_and_is_less_sure(
    library: House, answered: str, nearly: str
) -> None:
    one, other = found_for(library, answered), found_for(library, nearly)
    assert one.hits[0].article_id == other.hits[0].article_id
    assert one.answered is not None
    assert other.answered is not None
    assert one.answered > other.answered
    calibration = default_calibration()
    assert calibration.confidence(one) > calibration.confidence(other)
    unread = [calibration.confidence(replace(found, answered=None)) for found in (one, other)]
    assert calibration.confidence(one) - calibration.confidence(other) > unread[0] - unread[1]


def test_nobody_reads_what_is_not_there_or_in_another_language(library: House) -> None:
    found = library.search.find("When do I get my money back?", limit=10)
    question = understand("When do I get my money back?", ())
    assert answered_here(Found(), question) is None
    assert answered_here(found, replace(question, language="de")) is None
    german = replace(found, hits=[replace(found.hits[0], locale="de")])
    assert answered_here(german, question) is None


def test_without_the_reader_the_other_signals_decide(library: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ReaderError("the reader's model is missing")

    monkeypatch.setattr(reading, "shipped", missing)
    found = found_for(library, "When do I get my money back?")
    assert found.answered is None
    calibration = default_calibration()
    mean = calibration.answerable.mean[len(NAMES)]
    as_usual = calibration.of_vector([*found.evidence.vector(), mean])
    assert calibration.confidence(found) == pytest.approx(as_usual, abs=0.02)


def test_the_signals_behind_the_evidence_are_kept_and_others_are_refused() -> None:
    calibration = default_calibration()
    assert calibration.reads
    assert Calibration.read(calibration.json(), is_default=True) == calibration
    with pytest.raises(ValueError, match="other signals"):
        Calibration.read(calibration.json() | {"signals": [*NAMES, "starlight"]}, is_default=True)


def test_a_turn_reads_for_the_confidence_that_ships(library: House) -> None:
    outcome = asyncio.run(outcome_of(Asked("When do I get my money back?"), library.parts))
    assert outcome.record["calibration"]["default"]
    assert outcome.record["answered_here"] > 0
