"""Personal data on its way: what a provider, the log, the database and an agent get of what a customer wrote."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text as sql

from bot.llm import ModelError
from bot.logs import FORM, Discreet, without_query
from bot.understand import Said
from help_center.database import new_id
from tests.bot.conftest import Serve
from tests.bot.support import Dial, Service, Talk, parts_of, turn
from tests.bot.test_model_path import QUESTION, ModelServer, model, running, server
from tests.conftest import Installation

__all__ = ["running", "server"]  # fixtures
EMAIL, PHONE = "ada.lovelace@example.org", "+44 7700 900123"
CARD, IBAN = "4242 4242 4242 4242", "GB82 WEST 1234 5698 7654 32"
KEY, PASSWORD = "sk-proj-abcd1234efgh5678ijkl", "hunter2Horse"
NEVER_KEPT = ("4242 4242", KEY, PASSWORD)
PRIVATE = (EMAIL, PHONE, IBAN, *NEVER_KEPT)
TOLD = (
    f"I am {EMAIL}, call {PHONE}. I paid with card {CARD}, refund to {IBAN} please. My password is {PASSWORD}, "
    f"the key {KEY}."
)


def none_of(private: tuple[str, ...], told: Any) -> None:
    said = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    assert said
    for value in private:
        assert value not in said, f"{value!r} got out"
        plain = re.sub(r"\W", "", value)
        assert plain not in re.sub(r"[^\w]", "", said), f"{value!r} got out, written otherwise"


# --- to a model ------------------------------------------------------------------------------------------------


def test_no_prompt_holds_what_is_private(serve: Serve, server: ModelServer) -> None:
    talk = serve(llm=model()).talk()
    talk.say(f"{QUESTION} {TOLD}")
    talk.say(f"And when does the refund reach {EMAIL}? How do I return it?")
    assert len(server.asked) == 2
    none_of(PRIVATE, server.asked)
    assert server.user.count("[email 1]") == 2, (
        "the same address has the same placeholder in history and question"
    )
    for placeholder in ("[phone 1]", "[card 1]", "[iban 1]", "[password]", "[key]"):
        assert placeholder in server.user


def test_articles_are_told_as_they_are_published(library: Any, server: ModelServer) -> None:
    from dataclasses import replace

    found = library.search.find(QUESTION)
    best = found.passages[0]
    own = replace(best.passage, text="Write to returns@shop.example or call +44 7700 900999.", sections=())
    told = replace(found, passages=[replace(best, passage=own, whole=None), *found.passages[1:]])

    class Published:
        def find(self, *_: Any, **__: Any) -> Any:
            return told

        def __getattr__(self, name: str) -> Any:
            return getattr(library.search, name)

    parts = parts_of(library, model())
    parts.search = Published()  # type: ignore[assignment]
    turn(parts, f"{QUESTION} I am {EMAIL}")
    assert "returns@shop.example or call +44 7700 900999" in server.user
    none_of((EMAIL,), server.asked)


@pytest.mark.parametrize(
    "pieces",
    [
        ("The refund for [email 1] reaches your account within 5 working days [@5 working days]. ",),
        ("The refund for [ema", "il 1", "] reaches your account within 5 working days [@5 working days]. "),
    ],
    ids=["whole", "cut in pieces"],
)
def test_the_customer_reads_their_own_address(
    serve: Serve, server: ModelServer, pieces: tuple[str, ...]
) -> None:
    server.will(*pieces)
    talk = serve(llm=model()).talk()
    events = list(talk.stream(f"{QUESTION} I am {EMAIL}"))
    expected = f"The refund for {EMAIL} reaches your account within 5 working days [1]."
    assert events[-1].data["action"] == "answer"
    assert events[-1].data["message"]["text"].strip() == expected
    assert "".join(event.data["text"] for event in events if event.name == "delta").strip() == expected
    none_of((EMAIL,), server.asked)


def test_a_card_or_a_password_is_never_put_back(serve: Serve, server: ModelServer) -> None:
    server.will("The refund to [card 1] reaches your account within 5 working days [@5 working days]. ")
    told = serve(llm=model()).talk().say(f"{QUESTION} {TOLD}")
    assert told["message"]["text"].startswith("The refund to •••• 4242 reaches")
    none_of(NEVER_KEPT, told)


def test_what_an_earlier_version_has_kept_is_masked_too(library: Any, server: ModelServer) -> None:
    turn(
        parts_of(library, model()),
        QUESTION,
        history=(Said("customer", TOLD), Said("agent", f"Hello {EMAIL}")),
    )
    none_of(PRIVATE, server.asked)


def test_a_cut_of_a_long_history_leaves_no_half_of_a_number(library: Any, server: ModelServer) -> None:
    long = "x" * 590 + f" {CARD} {EMAIL}"
    turn(parts_of(library, model()), QUESTION, history=(Said("customer", long),))
    none_of((EMAIL, "4242 42"), server.asked)


def test_a_providers_error_repeats_nothing(server: ModelServer) -> None:
    from bot.llm.langchain import _line

    told = _line(Exception(f"bad request: {TOLD}"))
    assert told.startswith("bad request: I am [email]")
    none_of(PRIVATE, told)


# --- to the log ----------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged by all of Parley, as its own handler writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Discreet(FORM))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_a_line_holds_nothing_private_in_message_arguments_or_exception(lines: io.StringIO) -> None:
    log = logging.getLogger("test")
    log.warning("could not answer: %s", TOLD)
    try:
        raise ModelError(TOLD)
    except ModelError:
        log.exception("turn %s failed", "turn_1")
    told = lines.getvalue()
    none_of(PRIVATE, told)
    assert "turn turn_1 failed" in told
    assert "Traceback" in told


def test_what_helps_to_find_a_fault_stays(lines: io.StringIO) -> None:
    line = (
        f"{new_id('turn')} of {new_id('conv')} at http://127.0.0.1:8000 failed on 2026-01-15 10:30:22 with 0x80070005: "
        "psycopg 3.2.1, line 4821, 550e8400-e29b-41d4-a716-446655440000, took 1718123 ms"
    )
    logging.getLogger("test").warning(line)
    assert lines.getvalue().strip() == f"WARNING test: {line}"


def test_a_turn_that_fails_with_the_message_in_its_error_logs_nothing_private(
    serve: Serve, lines: io.StringIO
) -> None:
    class Failing:
        name = "failing"

        def stream(self, prompt: Any) -> Any:
            raise RuntimeError(f"cannot send {TOLD} in {prompt.user}")

    talk = serve(llm=Failing()).talk()
    talk.say(f"{QUESTION} {TOLD}")
    told = lines.getvalue()
    assert "cannot send" in told
    none_of(PRIVATE, told)


def test_an_access_line_holds_no_query(lines: io.StringIO) -> None:
    log = logging.Logger("uvicorn.access")
    log.addFilter(without_query)
    log.addHandler(logging.StreamHandler(lines))
    log.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "GET", "/api/search?q=zebra", "1.1", 200)
    assert lines.getvalue().strip().endswith('127.0.0.1:1 - "GET /api/search HTTP/1.1" 200')


@pytest.mark.slow
def test_the_shipped_server_writes_no_search_into_its_log(shop_installation: Installation) -> None:
    service = shop_installation.serve()
    for path in ("/api/search", "/help/search"):
        answer = httpx.get(service.url + path, params={"q": f"zebra crossing {EMAIL}"}, trust_env=False)
        assert answer.status_code == 200
    service.process.terminate()
    service.process.wait(20)
    told = (shop_installation.folder / "stderr.log").read_text("utf-8")
    assert "zebra" not in told
    assert EMAIL not in told


# --- to the database, to agents and back to the customer ---------------------------------------------------------------


def everything_in(service: Service) -> str:
    """All rows of the service's database, as text."""
    with service.house.database.read() as session:
        names = session.scalars(sql("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
        rows = [str(list(session.execute(sql(f'SELECT * FROM "{name}"')))) for name in names]
    return "\n".join(rows).encode().decode("unicode_escape", "replace")


def handed_over(serve: Serve) -> tuple[Talk, dict[str, Any], list[dict[str, Any]]]:
    """A conversation that a person has, its packet, and the queue."""
    service = serve(dial=Dial(confidence=0.01))
    talk = service.talk(page_url="https://shop.example/pay?access_token=9f8e7d6c5b")
    talk.say(f"{QUESTION} {TOLD}")
    told = talk.post("/escalate", {"note": f"My note: {TOLD}"}).json()
    talk.say(f"One more: {TOLD}")
    headers = service.agent()
    with service.client() as client:
        packet = client.get(f"/api/handoffs/{told['handoff_id']}", headers=headers).json()
        queue = client.get("/api/handoffs", headers=headers).json()["items"]
    return talk, packet, queue


def test_cards_keys_and_passwords_are_nowhere_in_the_database(serve: Serve) -> None:
    talk, _, _ = handed_over(serve)
    talk.post("/rating", {"csat": 1, "comment": TOLD})
    answer = next(m for m in talk.show()["messages"] if m["role"] == "assistant")
    talk.post(f"/messages/{answer['id']}/feedback", {"helpful": False, "comment": TOLD})
    kept = everything_in(talk.service)
    assert EMAIL in kept
    none_of((*NEVER_KEPT, "9f8e7d6c5b"), kept)


def test_the_customer_reads_what_they_wrote_but_for_what_is_never_kept(serve: Serve) -> None:
    talk = serve().talk()
    talk.say(TOLD, client_id="c1")
    again = talk.say(TOLD, client_id="c1")
    expected = TOLD.replace(CARD, "•••• 4242").replace(PASSWORD, "[password]").replace(KEY, "[key]")
    mine = [message for message in talk.show()["messages"] if message["role"] == "customer"]
    assert [message["text"] for message in mine] == [expected]
    assert mine[0]["client_id"] == "c1"
    assert again["action"]


def test_agents_see_how_to_reach_the_customer_and_the_end_of_the_account(serve: Serve) -> None:
    _, packet, queue = handed_over(serve)
    wrote = [message["text"] for message in packet["transcript"] if message["role"] == "customer"]
    assert len(wrote) == 2
    for text in (*wrote, packet["customer_note"]):
        for shown in (EMAIL, PHONE, "•••• 4242", "GB •••• 5432", "[password]", "[key]"):
            assert shown in text
    none_of((IBAN, *NEVER_KEPT), packet)
    none_of((IBAN, *NEVER_KEPT), queue)
    assert packet["page_url"] == "https://shop.example/pay?access_token=[key]"


def test_agents_hear_of_new_messages_without_the_account(serve: Serve) -> None:
    talk, _, _ = handed_over(serve)
    with talk.service.house.database.read() as session:
        events = session.execute(sql("SELECT topic, payload FROM events")).all()
    heard = [str(payload) for topic, payload in events if topic == "inbox"]
    assert any("One more" in payload for payload in heard)
    none_of((IBAN, *NEVER_KEPT), "\n".join(heard))


def test_what_an_agent_writes_is_theirs(serve: Serve) -> None:
    talk, packet, _ = handed_over(serve)
    headers = talk.service.agent()
    with talk.service.client() as client:
        client.post(f"/api/handoffs/{packet['id']}/claim", headers=headers).raise_for_status()
        reply = {"text": "Your new password is Blue42Sky."}
        client.post(f"/api/handoffs/{packet['id']}/reply", json=reply, headers=headers).raise_for_status()
    assert talk.texts("agent") == ["Your new password is Blue42Sky."]
