"""Calibrates the demo as an owner would: `python -m evals.demo`, a part of `make run`.

Fits the confidence to the half of the questions that come with Parley which no eval judges by, asked of the index as it is.
Does nothing where a fit is kept already, or where the index holds other articles than the shipped help center. The fit is in
force for as long as it holds no others: of an owner's own articles it says nothing. Anew where the shipped articles have changed.
"""

from __future__ import annotations

import sys

from sqlalchemy import select

from bot.assess import KEPT_AS
from bot.house import House
from bot.logs import complain
from evals.apart import fitted_on
from evals.beir import LabelledSet
from evals.run import calibrate, own_questions
from help_center.articles import Article
from help_center.faults import Mendable
from help_center.settings import Settings, load_settings

NAME = "Parley's own documentation"


def wanted(settings: Settings) -> bool:
    """Whether the demo is what is served, and nothing was fitted yet that is in force."""
    house = House(settings)
    try:
        kept = house.database.fact(KEPT_AS)
        if kept is not None and not (kept.get("demo") and house.calibrations().is_default):
            return False
        with house.database.read() as session:
            there = set(session.scalars(select(Article.id)))
        return there == {article.id for article in own_questions().corpus or ()}
    finally:
        house.close()


def main() -> None:
    """What stops the fit stops no demo: the shipped default serves then, and why is said."""
    try:
        settings = load_settings()
        if not wanted(settings):
            return
        own = own_questions()
        mine = tuple(query for query in own.queries if fitted_on(query.id))
        told = calibrate(settings, LabelledSet(NAME, mine, None), demo=True).document
    except Mendable as error:
        complain(f"the demo is not calibrated: {error}")
        return
    if told["warning"]:
        complain(told["warning"])
    if told["kept"]:
        print(f"the demo's confidence: fitted on {told['fitted_on']}", file=sys.stderr)


if __name__ == "__main__":
    main()
