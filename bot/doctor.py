"""Examines an installation: what is configured, what answers, what does not, and what to do."""

from __future__ import annotations

import asyncio
import os
import shutil
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import httpx
from sqlalchemy import func, select

from bot.assess import NEVER
from bot.drift import doubt, drift
from bot.house import House
from bot.llm import ModelError
from escalation.model_use import FAILURES
from escalation.notify.email import MailServer, Sender, connected, trouble
from help_center.articles import Article
from help_center.desk import Delivery
from help_center.faults import reason
from help_center.owner import OtherOwner, Ownership, own
from help_center.people import Agent
from help_center.settings import Settings
from retrieval.indexing import pending_of, space_of


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice`: what to do, where there is something to do."""

    name: str
    ok: bool
    told: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    house = House(settings)
    owner = own(settings.data_dir, "doctor") if settings.chroma_url is None else None
    checks: list[tuple[str, Callable[[], Finding]]] = [
        ("data dir", lambda: _data_dir(settings)),
        ("server", lambda: _server(owner)),
        ("database", lambda: _database(house)),
        ("embedding model", lambda: _embedder(house)),
        ("reranker", lambda: _reranker(house)),
        ("vector store", lambda: _store(house, owner)),
        ("index", lambda: _index(house)),
        ("language model", lambda: _model(house)),
        ("confidence", lambda: _confidence(house)),
        ("live answers", lambda: _live_answers(house)),
        ("live events", lambda: _redis(settings)),
        ("agents", lambda: _agents(house)),
        ("e-mail", lambda: _mail(settings)),
        ("deliveries", lambda: _deliveries(house)),
    ]
    findings = []
    for name, check in checks:
        try:
            findings.append(check())
        except Exception as error:
            why = reason(error)
            findings.append(
                Finding(name, False, why, "" if ". " in why else "see the settings article of the docs.")
            )
    if isinstance(owner, Ownership):
        owner.release()
    house.close()
    return findings


def _data_dir(settings: Settings) -> Finding:
    folder = settings.data_dir.resolve()
    free = shutil.disk_usage(folder).free / 1e9
    told = f"{folder}, {free:.1f} GB free, parley {version('parley')}"
    if not os.access(folder, os.W_OK):
        return Finding("data dir", False, told, "make it writable, or set PARLEY_DATA_DIR.")
    return Finding("data dir", free > 0.5, told, "" if free > 0.5 else "make room: under 0.5 GB is left.")


def _server(owner: Ownership | OtherOwner | None) -> Finding:
    if not isinstance(owner, OtherOwner):
        return Finding("server", True, "none runs on this data dir (`parley serve` starts one)")
    if owner.url is None:
        return Finding(
            "server", True, f"`parley {owner.command}` (process {owner.pid}) is at work on this data dir"
        )
    response = httpx.get(f"{owner.url}/readyz", timeout=10, trust_env=False)
    told = f"process {owner.pid} at {owner.url}"
    return Finding(
        "server", response.is_success, told, "" if response.is_success else "it is not ready: see its log."
    )


def _database(house: House) -> Finding:
    with house.database.read() as session:
        articles = session.scalar(select(func.count()).select_from(Article)) or 0
    url = house.database.engine.url.render_as_string(hide_password=True)
    return Finding("database", True, f"{url}, {articles} articles")


def _embedder(house: House) -> Finding:
    vector = house.embedder.embed_query("ready?")
    return Finding(
        "embedding model",
        True,
        f"{house.embedder.name} ({house.embedder.fingerprint}), {len(vector)} numbers",
    )


def _reranker(house: House) -> Finding:
    reranker = house.reranker
    if reranker is None:
        return Finding(
            "reranker", True, "none: the first order stays (PARLEY_RERANKER names a cross-encoder)"
        )
    reranker.scores("ready?", ["ready"])
    return Finding("reranker", True, f"{reranker.name} ({reranker.fingerprint})")


def _store(house: House, owner: Ownership | OtherOwner | None) -> Finding:
    if isinstance(owner, OtherOwner):
        return Finding("vector store", True, "embedded Chroma, in use by the process above")
    house.store.check()
    told = house.settings.chroma_url or f"embedded Chroma in {house.settings.data_dir / 'chroma'}"
    if house.settings.chroma_url is None and house.database.is_postgres:
        advice = "PostgreSQL with an embedded Chroma is for one host only: set PARLEY_CHROMA_URL for several."
        return Finding("vector store", True, told, advice)
    return Finding("vector store", True, told)


def _index(house: House) -> Finding:
    behind, articles, passages = pending_of(house.database, space_of(house.embedder))
    told = f"{articles} articles in {passages} passages, {behind} behind"
    if articles == 0 and behind == 0:
        return Finding(
            "index", True, told, "the help center is empty: `parley index FOLDER` brings articles in."
        )
    return Finding(
        "index", behind == 0, told, "" if behind == 0 else "run `parley index SOURCE` to bring it up to date."
    )


def _model(house: House) -> Finding:
    if house.llm is None:
        return Finding(
            "language model", True, "none: answers are quoted from the articles (PARLEY_LLM=extractive)"
        )
    try:
        asyncio.run(house.llm.check())
    except ModelError as error:
        return Finding("language model", False, str(error), FAILURES[error.kind].advice)
    return Finding("language model", True, f"{house.llm.name} answers")


def _confidence(house: House) -> Finding:
    calibration = house.calibrations()
    kept = house.dial.kept
    policy = calibration.policy(house.dial())
    dial = (
        f"PARLEY_MAX_WRONG={house.settings.max_wrong:g}"
        if kept is None
        else f"the dial of {kept:g} that was set at /manage (PARLEY_MAX_WRONG={house.settings.max_wrong:g} is not used)"
    )
    kind = "the shipped default" if calibration.is_default else "fitted for this installation"
    threshold = "never" if policy.answer_from >= NEVER else f"from {policy.answer_from:.2f}"
    told = f"{kind} ({calibration.fitted_on}); at {dial} it answers {threshold}"
    advice = doubt(house) or ""
    if not advice and calibration.is_default:
        advice = "it knows nothing of your articles: run `parley calibrate --data DIR` once you have labelled questions."
    return Finding("confidence", True, told, advice)


def _live_answers(house: House) -> Finding:
    found = drift(house)
    if found.alarm:
        advice = "the confidence is not true any more: run `parley calibrate --data DIR` on questions of these weeks."
    elif found.state == "unheard":
        advice = "let agents choose an outcome when they resolve, and customers say whether an answer helped."
    else:
        advice = ""
    return Finding("live answers", not found.alarm, found.told(), advice)


def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(
            "live events",
            True,
            "a short poll of the database (PARLEY_REDIS_URL wakes other processes at once)",
        )
    import redis

    try:
        redis.from_url(settings.redis_url, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        told = f"Redis does not answer: {error}"
        return Finding("live events", False, told, "start Redis, or mend or remove PARLEY_REDIS_URL.")
    return Finding("live events", True, "Redis answers")


def _agents(house: House) -> Finding:
    with house.database.read() as session:
        count = session.scalar(select(func.count()).select_from(Agent)) or 0
    advice = "" if count else "nobody can take a handoff over: `parley agent add EMAIL`."
    return Finding("agents", True, f"{count}", advice)


def _mail(settings: Settings) -> Finding:
    if settings.smtp_url is None:
        return Finding(
            "e-mail", True, "none: agents and customers get no e-mail (PARLEY_SMTP_URL names a mail server)"
        )
    server = MailServer.at(settings.smtp_url)
    try:
        with connected(server, Sender.of(settings).address.domain, seconds=5):
            pass
    except (smtplib.SMTPException, OSError) as error:
        return Finding("e-mail", False, trouble(error), "check PARLEY_SMTP_URL and the mail server's log.")
    advice = "" if settings.public_url else "e-mails have no links: set PARLEY_PUBLIC_URL."
    return Finding("e-mail", True, f"{server.host}:{server.port} answers, from {settings.mail_from}", advice)


def _deliveries(house: House) -> Finding:
    """E-mails, Slack messages and webhooks that did not arrive."""
    query = select(Delivery.status, func.count()).where(Delivery.status != "sent").group_by(Delivery.status)
    with house.database.read() as session:
        counts = dict(session.execute(query).tuples().all())
    failed = counts.get("failed", 0)
    advice = "see why under Notifications at /manage, and send them again there." if failed else ""
    return Finding("deliveries", True, f"{counts.get('pending', 0)} wait, {failed} failed", advice)
