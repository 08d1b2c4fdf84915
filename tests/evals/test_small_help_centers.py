"""What the shipped confidence is fitted on beside public sets, and the sentences turned round for the check."""

from __future__ import annotations

import random

import pytest

from bot.ground.facts import denial
from evals.fit_confidence import JUDGES, SMALL, small_help_centers
from evals.turned_round import turned_round


def test_every_small_help_center_has_both_kinds_of_questions_and_names_its_own_articles() -> None:
    told = small_help_centers()
    assert len({one.name for _, one in told}) == len(told) >= 25
    for _, one in told:
        ids = {article.id for article in one.corpus or ()}
        assert len(ids) == len(one.corpus or ()) >= 9
        assert all(set(query.gold) <= ids for query in one.queries)
        answered = sum(bool(query.gold) for query in one.queries)
        assert answered == len(one.queries) - answered == 24
        assert len({query.text for query in one.queries}) == len(one.queries)
    assert {SMALL + writer for writer, _ in told} > set(JUDGES)  # some only judge


@pytest.mark.parametrize(
    ("true", "possible"),
    [
        ("You can store it indoors.", {"You can't store it indoors."}),
        ("The label costs 5 euros.", {"The label doesn't cost 5 euros."}),
        (
            "Send the box back.",
            {
                f"{start}end the box back."
                for start in ("Don't s", "You needn't s", "There's no need to s", "Never s")
            },
        ),
        ("You pay at the till.", {"You don't pay at the till.", "You needn't pay at the till."}),
    ],
)
def test_a_true_sentence_is_turned_round_by_one_denial(true: str, possible: set[str]) -> None:
    made = {turned_round(true, random.Random(seed)) for seed in range(30)}
    assert made == possible
    assert all(denial(one or "", "en")[0] == "-" for one in made)


@pytest.mark.parametrize(
    "sentence",
    ["You cannot store it indoors.", "Is it stored indoors?", "Nobody pays for it.", "Blue lights, mostly."],
)
def test_what_denies_or_asks_or_has_no_place_for_it_is_left_alone(sentence: str) -> None:
    assert turned_round(sentence, random.Random(0)) is None
