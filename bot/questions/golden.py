"""The golden questions: kept by the owner, found among what customers asked, and asked again to see what broke.

A run puts each of them to a turn (`trial`) and keeps what came of it; what was right in the run before and is not any more
has broken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.questions.asking import Asking, asks_something, distinct, golden, past
from bot.questions.beir import Written
from bot.questions.trial import Bench, Trial, parts_with, trial
from bot.turn import Asked
from bot.understand import Said
from escalation.labelled import labelled
from help_center.articles import Article
from help_center.conversations import Handoff
from help_center.database import iso, new_id, now
from help_center.golden import RUNS_KEPT, GoldenQuestion, GoldenRun
from help_center.masking import hide
from help_center.people import Viewer
from help_center.personal_data import KINDS
from help_center.web import Problem, clean_text
from retrieval.rehearsal import Rehearsal

MOST = 1000
MAX_TEXT = 2000
SUGGESTED = 20  # of each kind
RUNS_SHOWN = 20


# --- the list ----------------------------------------------------------------------------------------------


def add(session: Session, given: Written, conversation_id: str | None = None) -> GoldenQuestion | None:
    """The new question; None where the same one is there. Raises a 422 for one that cannot be kept."""
    text = clean_text(given.text).strip()
    if not text or len(text) > MAX_TEXT:
        raise Problem(422, f"text: write a question of at most {MAX_TEXT} characters.")
    same = select(GoldenQuestion.id).where(
        func.lower(GoldenQuestion.text) == text.lower(),
        GoldenQuestion.locale == given.locale if given.locale else GoldenQuestion.locale.is_(None),
    )
    if session.scalar(same):
        return None
    if (session.scalar(select(func.count()).select_from(GoldenQuestion)) or 0) >= MOST:
        raise Problem(422, f"there are {MOST} golden questions already: delete some first.")
    row = GoldenQuestion(
        id=new_id("gold"), text=text, articles=list(given.articles), locale=given.locale, note=given.note,
        history=list(given.history), conversation_id=conversation_id, created_at=now(), updated_at=now(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def exported(session: Session) -> list[Written]:
    rows = session.scalars(select(GoldenQuestion).order_by(GoldenQuestion.created_at, GoldenQuestion.id))
    return [
        Written(row.id, row.text, tuple(row.articles), tuple(row.history), row.locale, row.note)
        for row in rows
    ]


def listed(session: Session) -> dict[str, Any]:
    """All of them, newest first, each with what came of it in the last run, and the last runs, oldest first."""
    rows = session.scalars(
        select(GoldenQuestion).order_by(GoldenQuestion.created_at.desc(), GoldenQuestion.id)
    )
    questions = list(rows)
    runs = list(session.scalars(select(GoldenRun).order_by(GoldenRun.at.desc()).limit(RUNS_SHOWN)))
    last, before = (runs[0] if runs else None), (runs[1] if len(runs) > 1 else None)
    titles = _titles(session, {id for row in questions for id in row.articles} | _answering(last))
    return {
        "items": [_question(row, titles, last, before) for row in questions],
        "runs": [run_json(run) for run in reversed(runs)],
        "broke": _changed(before, last, True),
        "mended": _changed(before, last, False),
    }


def question_json(session: Session, row: GoldenQuestion) -> dict[str, Any]:
    return _question(row, _titles(session, row.articles), None, None)


def run_json(run: GoldenRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "at": iso(run.at),
        "by": run.by,
        "max_wrong": run.max_wrong,
        "asked": run.asked,
        "right": run.right,
        "answered": run.answered,
        "wrong": run.wrong,
    }


def _question(
    row: GoldenQuestion, titles: dict[str, tuple[str, str]], last: GoldenRun | None, before: GoldenRun | None
) -> dict[str, Any]:
    outcome = last.outcomes.get(row.id) if last else None
    earlier = before.outcomes.get(row.id) if before else None
    if outcome is not None:
        found = outcome.get("article_id")
        outcome = outcome | {"title": titles.get(found, (None, ""))[0]}
    return {
        "id": row.id,
        "text": row.text,
        "articles": [
            {"id": id, "title": titles.get(id, (None, ""))[0], "status": titles.get(id, (None, None))[1]}
            for id in row.articles
        ],
        "locale": row.locale,
        "note": row.note,
        "history": row.history,
        "conversation_id": row.conversation_id,
        "created_at": iso(row.created_at),
        "last": outcome,
        "broke": bool(outcome and earlier and earlier["right"] and not outcome["right"]),
    }


def _titles(session: Session, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Article id -> title and status, of those that there are."""
    query = select(Article.id, Article.title, Article.status).where(Article.id.in_(set(ids)))
    return {id: (title, status) for id, title, status in session.execute(query).tuples()}


def _answering(run: GoldenRun | None) -> set[str]:
    return {one["article_id"] for one in run.outcomes.values() if one.get("article_id")} if run else set()


def _changed(before: GoldenRun | None, last: GoldenRun | None, was: bool) -> int:
    """How many were right (`was`) in the run before and are not any more, or the other way round."""
    if before is None or last is None:
        return 0
    pairs = ((before.outcomes.get(id), one) for id, one in last.outcomes.items())
    return sum(bool(old) and old["right"] is was and one["right"] is not was for old, one in pairs if old)


# --- candidates --------------------------------------------------------------------------------------------


def candidates(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """Questions that might be golden, newest first: of past conversations, and those that agents have said something of;
    none that is alike to one that is there, none that replies to the bot or asks nothing by itself. Addresses and numbers are out of the texts."""
    embed = bench.embedder.embed_query
    with bench.house.database.read() as session:
        mine = golden(session)
        asked = [one for one in past(session) if not one.reply and asks_something(one.asked.text)]
        judged = [one for one in _judged(session) if asks_something(one.asked.text)]
        once, _ = distinct([*mine, *judged], embed)
        outcomes = [one for one in once if one.kind == "past"][:SUGGESTED]
        once, _ = distinct([*mine, *outcomes, *asked], embed)
        chosen = {one.id for one in outcomes}
        conversations = [one for one in once if one.kind == "past" and one.id not in chosen][:SUGGESTED]
        titles = _titles(session, {one.first for one in (*outcomes, *conversations) if one.first})
    return {
        "conversations": [_candidate(one, titles) for one in conversations],
        "outcomes": [_candidate(one, titles) for one in outcomes],
    }


def _judged(session: Session) -> list[Asking]:
    """What agents' outcomes teach, newest first."""
    questions = labelled(session).questions
    ids = [one.id for one in questions]
    query = select(Handoff.id, Handoff.conversation_id, Handoff.created_at).where(Handoff.id.in_(ids))
    of = {id: (conversation, at) for id, conversation, at in session.execute(query).tuples()}
    return [
        Asking(
            one.id, "past", Asked(one.text, tuple(Said(said["role"], said["text"]) for said in one.history)),
            of[one.id][1], frozenset([one.article_id] if one.article_id else []), frozenset(), False, of[one.id][0],
            first=one.article_id,
        )
        for one in reversed(questions)
    ]  # fmt: skip


def _candidate(one: Asking, titles: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        "id": one.id,
        "text": hide(one.asked.text, KINDS),
        "history": [{"role": said.role, "text": hide(said.text, KINDS)} for said in one.asked.history],
        "locale": one.asked.locale,
        "times": one.times,
        "at": iso(one.at),
        "conversation_id": one.conversation_id,
        "answered": one.answered,
        "unanswerable": one.expected == frozenset(),  # an agent said that no article answers it
        "article": {"id": one.first, "title": titles[one.first][0]} if one.first in titles else None,
    }


# --- a run -------------------------------------------------------------------------------------------------


class Runs:
    """Runs on a bench. One per process."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._house = bench.house

    async def run(self, viewer: Viewer) -> AsyncIterator[dict[str, Any]]:
        """Yields `{"done", "of"}` as it goes on, and at last `{"run": ...}`. Raises a 422 where there is no question."""
        database = self._house.database
        askings = await database.run(self._askings)
        if not askings:
            raise Problem(422, "there is no golden question yet: add one first.")
        yield {"done": 0, "of": len(askings)}
        async with self._bench.alone:
            # one index for all of them, whatever is published meanwhile
            search = await asyncio.to_thread(Rehearsal, self._house.search)
            parts = parts_with(self._house.parts, search)
            outcomes: dict[str, dict[str, Any]] = {}
            for asking in askings:
                outcomes[asking.id] = _outcome(asking, await trial(parts, asking))
                yield {"done": len(outcomes), "of": len(askings)}
            yield {"run": await database.run(self._keep, viewer, outcomes)}

    def _askings(self) -> list[Asking]:
        with self._house.database.read() as session:
            return golden(session)

    def _keep(self, viewer: Viewer, outcomes: dict[str, dict[str, Any]]) -> dict[str, Any]:
        answered = [one for one in outcomes.values() if one["action"] == "answer"]
        run = GoldenRun(
            id=new_id("run"), at=now(), by=(viewer.name or "somebody")[:320], max_wrong=self._house.dial(),
            asked=len(outcomes), right=sum(one["right"] for one in outcomes.values()), answered=len(answered),
            wrong=sum(not one["right"] for one in answered), outcomes=outcomes,
        )  # fmt: skip
        with self._house.database.write() as session:
            session.add(run)
            session.flush()
            old = select(GoldenRun.id).order_by(GoldenRun.at.desc(), GoldenRun.id.desc()).offset(RUNS_KEPT)
            session.execute(delete(GoldenRun).where(GoldenRun.id.in_(session.scalars(old).all())))
            return run_json(run)


def _outcome(asking: Asking, tried: Trial) -> dict[str, Any]:
    return {
        "action": tried.action,
        "right": tried.right(asking.expected),
        "confidence": tried.confidence,
        "article_id": tried.article_id if tried.answered else None,
    }
