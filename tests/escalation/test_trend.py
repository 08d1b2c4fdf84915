"""How a conversation goes: what weighs, what fades, and what never is too much by itself."""

from __future__ import annotations

from escalation.trend import TOO_MUCH, Moment, strain

MILD = Moment(-0.45)  # as unhappy as a message that is still called neutral can be


def test_one_mildly_annoyed_message_is_never_too_much() -> None:
    assert strain([MILD]) < TOO_MUCH
    assert strain([Moment(0.2), Moment(0.0), MILD]) < TOO_MUCH
    assert strain([Moment(-0.49, failed=True)]) < TOO_MUCH, "not even where it says that the answer failed"


def test_it_grows_with_what_repeats() -> None:
    assert strain([MILD]) < strain([MILD, MILD]) < strain([MILD, MILD, MILD])
    assert strain([MILD, MILD, MILD]) >= TOO_MUCH


def test_an_answer_that_failed_a_repetition_and_heat_add_to_the_mood() -> None:
    for more in ("failed", "repeated", "heated"):
        assert strain([Moment(-0.2, **{more: True})]) > strain([Moment(-0.2)])
    assert strain([Moment(-0.3, failed=True), Moment(-0.3, failed=True, repeated=True)]) >= TOO_MUCH


def test_what_was_said_last_weighs_most_and_what_is_long_past_nothing() -> None:
    assert strain([Moment(-0.2), MILD]) > strain([MILD, Moment(-0.2)])
    assert strain([MILD, MILD, Moment(-0.2), Moment(-0.2), MILD]) == strain(
        [Moment(-0.2), Moment(-0.2), MILD]
    )


def test_a_calm_message_ends_it() -> None:
    assert strain([Moment(-0.9), Moment(-0.9), Moment(0.0)]) == 0
    assert strain([Moment(-0.9, failed=True), Moment(0.6)]) == 0
    assert strain([]) == 0


def test_asking_again_calmly_is_no_anger() -> None:
    assert strain([Moment(0.0), Moment(0.0, repeated=True), Moment(0.0, repeated=True)]) < TOO_MUCH
