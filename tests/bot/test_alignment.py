"""A sentence laid on a passage word by word: what is missing, swapped, denied or turned round."""

from __future__ import annotations

import pytest

from bot.ground.alignment import FEATURES, Laid, features
from bot.ground.facts import equal_in_other_words
from bot.ground.trees import Trees

PASSAGE = (
    "The locker takes cards, but neither cash nor vouchers.",
    "Hall Nord has a sauna; hall Hafen is closed on Mondays.",
    "Originals are uploaded when the switch is on.",
    "Approve the run at most three days before pay day.",
)


def told(sentence: str) -> dict[str, float]:
    return features(
        Laid.out([sentence], "en"),
        Laid.out(PASSAGE, "en"),
        Laid.out(["Storage"], "en"),
        lambda one, other: None,
    )


def test_every_feature_is_told_and_none_of_nothing() -> None:
    assert tuple(told("The locker takes cards.")) == FEATURES
    assert set(told("").values()) == {0.0}


@pytest.mark.parametrize(
    ("feature", "true", "false"),
    [
        ("lacks", "The locker takes cards.", "The robot takes coins."),
        ("denied_word", "The locker takes cards.", "The locker takes cash."),
        ("swapped_unit", "Hall Nord has a sauna.", "Hall locker has a sauna."),
        ("antonym_clause", "Originals are uploaded when the switch is on.", "Originals are uploaded when the switch is off."),
        ("antonym", "Approve the run no more than 3 days before pay day.", "Approve the run at least three days before pay day."),
        ("other_side", "Approve the run before pay day.", "Approve the run after pay day."),
        ("only_new", "Hall Nord has a sauna.", "Only hall Nord has a sauna."),
        ("exchanged", "Hall Nord has a sauna.", "Hall Nord has a pool."),
        ("verbatim_denied", "Hall Nord has a sauna.", "Hall Nord has no sauna."),
    ],
)  # fmt: skip
def test_a_false_sentence_shows_where_it_is_false(feature: str, true: str, false: str) -> None:
    assert told(false)[feature] > told(true)[feature]


def test_numbers_are_the_same_in_words_in_digits_and_on_the_clock() -> None:
    assert Laid.out(["At 3 pm, in three shops"], "en").words == ("15", "00", "3", "shops")


def test_a_length_of_time_is_the_same_in_other_units() -> None:
    assert ("14", "day") in equal_in_other_words("within two weeks")
    assert ("1/2", "hour") in equal_in_other_words("for 30 minutes")
    assert ("60", "minute") in equal_in_other_words("an hour")
    assert not {unit for number, unit in equal_in_other_words("ten shops")}


def test_trees_say_what_moved_them() -> None:
    told = {"base": 0.0, "trees": [[[0, 0.5, 1, 2, 0.0], [-1, 0, 0, 0, -2.0], [-1, 0, 0, 0, 3.0]]]}
    trees = Trees.read(told)
    assert trees.json() == told
    assert trees.probability([0.2]) < 0.2 < 0.9 < trees.probability([0.8])
    assert trees.pulls([0.2]) == {0: -2.0}
