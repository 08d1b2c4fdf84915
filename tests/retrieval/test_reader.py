"""The reader: does this passage say that?"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from retrieval.reader import LONGEST_PASSAGE, ReaderError, shipped

CONTEXT = "Late returns\nWhat it costs"
PASSAGE = (
    "A helmet that comes back after noon costs 4 euros more. Members of the Gold plan pay nothing, and a helmet that was "
    "lost is charged in full. Write to the shop before you leave the city."
)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (
            "With the Gold plan there is no extra charge.",
            "With the Gold plan there is always an extra charge.",
        ),
        (
            "Bring the helmet back late and you pay 4 euros.",
            "Bring the helmet back late and you pay 9 euros.",
        ),
        ("Who loses a helmet pays all of it.", "Bicycles are washed every Tuesday by our mechanics."),
    ],
)
def test_what_a_passage_says_is_likelier_than_what_it_does_not_say(true: str, false: str) -> None:
    reader = shipped()
    passage = reader.read(PASSAGE, CONTEXT)
    assert reader.says(passage, true) > reader.says(passage, false)


def test_a_question_of_another_matter_is_not_answered() -> None:
    reader = shipped()
    passage = reader.read(PASSAGE, CONTEXT)
    asked = reader.answers(passage, "how much is it when I bring the helmet back too late?")
    assert asked > reader.answers(passage, "How do I change the language of the app?")


def test_a_passage_is_read_once_and_what_is_held_against_it_leaves_no_trace() -> None:
    reader = shipped()
    passage = reader.read(PASSAGE, CONTEXT)
    first = reader.says(passage, "Gold members pay nothing.")
    reader.says(passage, "Everybody pays ten euros.")
    assert reader.says(passage, "Gold members pay nothing.") == first
    assert reader.says(reader.read(PASSAGE, CONTEXT), "Gold members pay nothing.") == first


@pytest.mark.parametrize("text", ["", "\x00", "🙂", "a " * 50_000, "Größe und Gewicht"])
def test_any_text_is_read(text: str) -> None:
    reader = shipped()
    passage = reader.read(text, text)
    assert 0 < passage.length <= LONGEST_PASSAGE
    assert isinstance(reader.says(passage, text), float)


def test_threads_share_it() -> None:
    reader = shipped()
    passage = reader.read(PASSAGE, CONTEXT)
    sentences = [f"A helmet costs {n} euros more." for n in range(12)]
    alone = [reader.says(passage, one) for one in sentences]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda one: reader.says(passage, one), sentences)) == alone


def test_a_missing_model_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.reader.FITTED", "fitted/nothing.onnx")
    with pytest.raises(ReaderError, match="install Parley again"):
        shipped.__wrapped__()
