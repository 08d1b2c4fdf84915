"""What happens to a conversation, in which order, when several things come at once or a process dies."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from bot import brief, ending, turns, words
from bot.brief import Brief, brief_of, case_of
from bot.house import House
from bot.llm import ModelError
from bot.receive import Reception
from help_center.conversations import Conversation, Handoff, Message, TurnRow, add_message, locked
from help_center.database import Database
from help_center.live import Live
from help_center.site import Site
from tests.bot.conftest import Serve
from tests.bot.support import UNSURE, Dial, Service, StringModel, Talk, parts_of
from tests.conftest import eventually

RETURN = "How do I return a bicycle?"
GOOD = ["You can return a bicycle within 30 days. ", "Print the label."]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as made:
        yield made


# --- messages in one breath ------------------------------------------------------------------------------------


def test_a_message_before_anything_is_shown_joins_the_turn(serve: Serve, pool: ThreadPoolExecutor) -> None:
    go = threading.Event()
    model = StringModel([go, *GOOD], [*GOOD])
    talk = serve(llm=model).talk()
    first: Future[dict[str, Any]] = pool.submit(talk.say, "How do I return", "m1")
    eventually(lambda: model.prompts)
    second = pool.submit(talk.say, "a bicycle?", "m2")
    eventually(lambda: len(talk.texts("customer")) == 2)
    again = pool.submit(talk.say, "How do I return", "m1")
    go.set()
    assert first.result(10) == second.result(10) == again.result(10)
    assert talk.texts("customer") == ["How do I return", "a bicycle?"]
    assert talk.texts("assistant") == [first.result()["message"]["text"]] == ["".join(GOOD)]
    assert "How do I return\na bicycle?" in model.prompts[-1].user


def test_a_message_after_something_was_shown_gets_a_turn_of_its_own(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    go = threading.Event()
    model = StringModel(
        [GOOD[0], "Print ", go, "the label."], ["The refund reaches your account within 5 working days."]
    )
    talk = serve(llm=model).talk()
    first = pool.submit(lambda: list(talk.stream(RETURN, "m1")))
    eventually(lambda: model.prompts)
    eventually(lambda: shown_of(talk))
    second = pool.submit(talk.say, "When do I get my money back?", "m2")
    eventually(lambda: len(talk.texts("customer")) == 2)
    assert len(model.prompts) == 1, "turns of one conversation run one at a time"
    go.set()
    one, two = first.result(10)[-1].data, second.result(10)
    assert one["message"]["text"] == "".join(GOOD)
    assert two["message"]["text"].startswith("The refund reaches")
    assert talk.texts("assistant") == [one["message"]["text"], two["message"]["text"]]
    assert "assistant: You can return" in model.prompts[1].user, "the second turn knows the first"


def shown_of(talk: Talk) -> str:
    with talk.service.house.database.read() as session:
        return "".join(row.shown_text for row in session.query(TurnRow).filter_by(conversation_id=talk.id))


def test_many_messages_in_one_breath_are_one_turn(serve: Serve, pool: ThreadPoolExecutor) -> None:
    """More restarts than a turn has attempts: joining is no failure."""
    gates = [threading.Event() for _ in range(6)]
    model = StringModel(*[[gate, *GOOD] for gate in gates], [*GOOD])
    talk = serve(llm=model).talk()
    saying = [pool.submit(talk.say, "How do I return a bicycle")]
    for n, gate in enumerate(gates):
        eventually(lambda n=n: len(model.prompts) == n + 1)
        saying.append(pool.submit(talk.say, f"part {n}"))
        eventually(lambda n=n: len(talk.texts("customer")) == n + 2)
        gate.set()
    turns = [future.result(10) for future in saying]
    assert all(told == turns[0] for told in turns)
    assert turns[0]["action"] == "answer"
    assert talk.texts("assistant") == ["".join(GOOD)]


def test_a_message_joins_a_turn_that_would_have_been_handed_over(
    serve: Serve, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was shown yet: the turn starts again with both, and a person gets both."""
    service = serve(dial=Dial(confidence=UNSURE))
    talk = service.talk()
    go, looking = threading.Event(), threading.Event()
    find = service.house.search.find

    def slow(*given: Any, **more: Any) -> Any:
        looking.set()
        go.wait(5)
        return find(*given, **more)

    monkeypatch.setattr(service.house.search, "find", slow)
    first = pool.submit(talk.say, "How do I return")
    assert looking.wait(5)
    second = pool.submit(talk.say, "a bicycle?")
    eventually(lambda: len(talk.texts("customer")) == 2)
    go.set()
    assert first.result(10) == second.result(10)
    assert first.result()["action"] == "escalate"
    assert len(talk.texts("assistant")) == 1
    with service.client(headers=service.agent()) as agent:
        assert "a bicycle?" in agent.get(f"/api/handoffs/{first.result()['handoff_id']}").json()["question"]


def test_the_same_client_id_in_flight_waits_for_the_result(serve: Serve, pool: ThreadPoolExecutor) -> None:
    go = threading.Event()
    model = StringModel([go, *GOOD])
    talk = serve(llm=model).talk()
    calls = [pool.submit(talk.say, RETURN, "same") for _ in range(4)]
    streams = [pool.submit(lambda: list(talk.stream(RETURN, "same"))) for _ in range(4)]
    eventually(lambda: model.prompts)
    time.sleep(0.2)
    assert not any(call.done() for call in calls)
    go.set()
    turns = [call.result(10) for call in calls]
    assert all(told == turns[0] for told in turns)
    for stream in streams:
        events = stream.result(10)
        assert events[-1].data == turns[0]
        assert "".join(event.data["text"] for event in events if event.name == "delta") == "".join(GOOD)
    assert len(model.prompts) == 1
    assert talk.texts("customer") == [RETURN]


def test_conversations_do_not_wait_for_each_other(serve: Serve, pool: ThreadPoolExecutor) -> None:
    go = threading.Event()
    model = StringModel([go, *GOOD], [*GOOD])
    service = serve(llm=model)
    slow = pool.submit(service.talk().say, RETURN)
    eventually(lambda: model.prompts)
    assert service.talk().say(RETURN)["action"] == "answer"
    assert not slow.done()
    go.set()
    assert slow.result(10)["action"] == "answer"


@pytest.mark.slow
def test_a_burst_in_many_conversations_loses_and_doubles_nothing(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    service = serve()
    talks = [service.talk() for _ in range(6)]
    questions = [
        RETURN,
        "Which tyre pressure for 32 mm?",
        "Where do I store the battery in winter?",
        "hello",
        "What does error E-417 mean?",
    ]
    said = [(talk, pool.submit(talk.say, question, question)) for question in questions for talk in talks]
    for talk, future in said:
        told = future.result(20)
        assert told["message"]["text"] in talk.texts("assistant")
    for talk in talks:
        assert sorted(talk.texts("customer")) == sorted(questions)
        with talk.service.house.database.read() as session:
            rows = session.query(TurnRow).filter_by(conversation_id=talk.id).all()
        assert {row.status for row in rows} == {"done"}
        assert len(talk.texts("assistant")) == len(rows)


# --- the button, closing and leaving while a turn runs -------------------------------------------------------------


def test_the_button_during_a_turn_that_has_shown_nothing_silences_it(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    """The model breaks off after the button: with nothing shown, a person will read it, and the bot says no more."""
    go = threading.Event()
    model = StringModel([go, "NO_ANSWER"])
    talk = serve(llm=model).talk()
    running = pool.submit(talk.say, RETURN)
    eventually(lambda: model.prompts)
    pressed = talk.post("/escalate").json()
    go.set()
    told = running.result(10)
    assert pressed["action"] == "escalate"
    assert (told["action"], told["handoff_id"], told["message"]) == ("relay", pressed["handoff_id"], None)
    assert talk.texts("assistant") == [pressed["message"]["text"]]


def test_the_button_before_the_first_words_keeps_them_from_being_shown(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    go = threading.Event()
    model = StringModel([go, *GOOD])
    talk = serve(llm=model).talk()
    running = pool.submit(lambda: list(talk.stream(RETURN)))
    eventually(lambda: model.prompts)
    pressed = talk.post("/escalate").json()
    go.set()
    events = running.result(10)
    assert [event for event in events if event.name == "delta"] == []
    assert events[-1].data["action"] == "relay"
    assert talk.texts("assistant") == [pressed["message"]["text"]]


def test_the_button_during_an_answer_lets_it_end(serve: Serve, pool: ThreadPoolExecutor) -> None:
    go = threading.Event()
    model = StringModel([GOOD[0], "Print ", go, "the label."])
    talk = serve(llm=model).talk()
    running = pool.submit(talk.say, RETURN)
    eventually(lambda: shown_of(talk))
    pressed = talk.post("/escalate").json()
    assert talk.post("/escalate").json() == pressed
    go.set()
    told = running.result(10)
    assert (told["action"], told["conversation"]["status"]) == ("answer", "waiting")
    assert told["message"]["text"] == "".join(GOOD), "what was shown is never taken back"
    assert talk.show()["status"] == "waiting"
    assert len(talk.texts("assistant")) == 2


def test_closing_during_a_turn_leaves_it_closed_and_out_of_the_queue(
    serve: Serve, pool: ThreadPoolExecutor
) -> None:
    go = threading.Event()
    model = StringModel([go, "NO_ANSWER"])
    talk = serve(llm=model).talk()
    running = pool.submit(talk.say, RETURN)
    eventually(lambda: model.prompts)
    talk.post("/close")
    go.set()
    assert running.result(10)["conversation"]["id"] == talk.id
    assert talk.show()["status"] == "closed"
    assert talk.show()["handoff"] is None


def test_a_caller_who_leaves_gets_the_answer_all_the_same(serve: Serve) -> None:
    go = threading.Event()
    model = StringModel([go, *GOOD])
    talk = serve(llm=model).talk()
    stream = talk.stream(RETURN, "m1")
    next(stream)
    stream.close()
    go.set()
    eventually(lambda: talk.texts("assistant") == ["".join(GOOD)])
    assert talk.say(RETURN, "m1")["message"]["text"] == "".join(GOOD)


# --- faults -----------------------------------------------------------------------------------------------------


def test_a_fault_in_the_middle_is_tried_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    service = serve()
    find, calls = service.house.search.find, []

    def faulty(*given: Any, **more: Any) -> Any:
        calls.append(given)
        if len(calls) < 3:
            raise RuntimeError("a bug")
        return find(*given, **more)

    monkeypatch.setattr(service.house.search, "find", faulty)
    assert service.talk().say(RETURN)["action"] == "answer"
    assert len(calls) == 3


def test_a_fault_that_stays_ends_with_a_person_and_never_in_silence(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = serve()

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(service.house.search, "find", broken)
    talk = service.talk()
    told = talk.say(RETURN)
    assert (told["action"], told["conversation"]["status"]) == ("escalate", "waiting")
    assert words.ENGLISH.seen_by_person in told["message"]["text"]
    assert told["timings_ms"].keys() == {"total"}
    assert talk.show()["handoff"]["id"] == told["handoff_id"]


def test_a_model_that_raises_what_it_should_not_still_ends_in_a_turn(serve: Serve) -> None:
    model = StringModel(*[[GOOD[0], "And", RuntimeError("not a ModelError")] for _ in range(9)])
    talk = serve(llm=model).talk()
    events = list(talk.stream(RETURN))
    deltas = "".join(event.data["text"] for event in events if event.name == "delta")
    assert events[-1].name == "turn"
    assert events[-1].data["message"]["text"].startswith(deltas)
    assert deltas.count(GOOD[0]) == 1, "what was shown is not shown again"


# --- a process that dies ------------------------------------------------------------------------------------------


@pytest.fixture
def reception(
    library: House, blank_database: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Reception]]:
    """Makes receptions on one database, as processes of one installation have them; leases are short."""
    import shutil

    monkeypatch.setattr(turns, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(turns, "SWEEP_SECONDS", 0.1)
    shutil.copy(blank_database, tmp_path / "parley.db")
    databases: list[Database] = []

    def make(llm: Any = None, site: Callable[[], Site] = Site) -> Reception:
        database = Database(f"sqlite:///{tmp_path / 'parley.db'}")
        databases.append(database)
        Live(database)  # what is published is written
        return Reception(database, parts_of(library, llm), site)

    yield make
    for database in databases:
        database.close()


def messages(reception: Reception, conversation: str) -> list[tuple[str, str]]:
    return [(message["role"], message["text"]) for message in reception.show(conversation)["messages"]]


async def happens(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def test_a_message_that_was_saved_and_never_begun_is_answered_by_the_next_process(reception: Any) -> None:
    dead, alive = reception(), reception()
    conversation = dead.create().id
    turn = dead.accept(conversation, RETURN, "m1")

    async def restart() -> dict[str, Any]:
        await alive.turns.start()
        await happens(lambda: len(messages(alive, conversation)) == 2)
        told: dict[str, Any] = await alive.turns.result(
            conversation, alive.accept(conversation, RETURN, "m1")
        )
        await alive.turns.stop()
        return told

    told = asyncio.run(restart())
    assert told["action"] == "answer"
    assert dead.accept(conversation, RETURN, "m1") == turn
    assert [role for role, _ in messages(alive, conversation)] == ["customer", "assistant"]


def test_a_turn_that_died_before_it_showed_anything_is_taken_anew(reception: Any) -> None:
    never = threading.Event()
    dead, alive = reception(StringModel([never])), reception(StringModel([*GOOD]))
    conversation = dead.create().id
    turn = dead.accept(conversation, RETURN)
    kill(dead, conversation, turn, lambda: dead._parts.llm.prompts)

    async def restart() -> dict[str, Any]:
        told: dict[str, Any] = await alive.turns.result(conversation, turn)
        return told

    assert asyncio.run(restart())["message"]["text"] == "".join(GOOD)
    assert [role for role, _ in messages(alive, conversation)] == ["customer", "assistant"]


def test_a_turn_that_died_in_the_middle_keeps_what_was_shown(reception: Any) -> None:
    never = threading.Event()
    dead, alive = (
        reception(StringModel([GOOD[0], "Print ", never])),
        reception(StringModel([["never asked"]])),
    )
    conversation = dead.create().id
    turn = dead.accept(conversation, RETURN)

    def shown() -> bool:
        with dead._database.read() as session:
            return session.get_one(TurnRow, turn).shown

    kill(dead, conversation, turn, shown)
    later = alive.accept(conversation, "And the label?")
    assert later != turn, "nothing joins what was shown"

    async def restart() -> tuple[dict[str, Any], dict[str, Any]]:
        return await alive.turns.result(conversation, turn), await alive.turns.result(conversation, later)

    told, _ = asyncio.run(restart())
    assert told["message"]["text"].startswith(GOOD[0])
    assert words.ENGLISH.cut_short in told["message"]["text"]
    assert told["action"] == "offer"
    assert [role for role, _ in messages(alive, conversation)] == [
        "customer",
        "customer",
        "assistant",
        "assistant",
    ]


def kill(reception: Reception, conversation: str, turn: str, when: Callable[[], Any]) -> None:
    """Runs the turn until `when`, then ends the event loop as a power cut would: nothing is finished or let go."""

    async def run() -> None:
        following = asyncio.create_task(anext(reception.turns.follow(conversation, turn)))  # type: ignore[arg-type]
        await happens(when)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.wait([following])

    asyncio.run(run())
    time.sleep(turns.LEASE_SECONDS + 0.1)


def test_two_processes_never_run_the_same_turn(reception: Any) -> None:
    go = threading.Event()
    one, other = reception(StringModel([go, *GOOD])), reception(StringModel([*GOOD]))
    conversation = one.create().id
    turn = one.accept(conversation, RETURN)

    async def both() -> list[dict[str, Any]]:
        await one.turns.start()
        await other.turns.start()
        first = asyncio.create_task(one.turns.result(conversation, turn))
        await happens(lambda: one._parts.llm.prompts)
        second = asyncio.create_task(other.turns.result(conversation, turn))
        await asyncio.sleep(1.0)  # longer than a lease: the holder renews it
        assert other._parts.llm.prompts == []
        go.set()
        told = [await first, await second]
        await one.turns.stop()
        await other.turns.stop()
        return told

    first, second = asyncio.run(both())
    assert first == second
    assert len(messages(one, conversation)) == 2


def test_a_turn_that_kills_its_process_again_and_again_goes_to_a_person(reception: Any) -> None:
    conversation = turn = ""
    for _ in range(turns.MOST_ATTEMPTS):
        dead = reception(StringModel([threading.Event()]))
        conversation = conversation or dead.create().id
        turn = turn or dead.accept(conversation, RETURN)
        kill(dead, conversation, turn, lambda dead=dead: dead._parts.llm.prompts)
    alive = reception(StringModel([*GOOD]))

    async def restart() -> dict[str, Any]:
        told: dict[str, Any] = await alive.turns.result(conversation, turn)
        return told

    told = asyncio.run(restart())
    assert told["action"] == "escalate"
    assert alive._parts.llm.prompts == []


# --- order and records ------------------------------------------------------------------------------------------


def test_a_message_is_saved_before_anything_else(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    service = serve()
    talk = service.talk()
    seen: list[list[str]] = []
    find = service.house.search.find

    def looking(*given: Any, **more: Any) -> Any:
        with service.house.database.read() as session:
            seen.append([m.text for m in session.query(Message).filter_by(conversation_id=talk.id)])
        return find(*given, **more)

    monkeypatch.setattr(service.house.search, "find", looking)
    talk.say(RETURN)
    assert seen == [[RETURN]]


def test_a_turn_is_kept_for_the_agents_and_the_evals(serve: Serve) -> None:
    service = serve()
    talk = service.talk()
    told = talk.say(RETURN)
    with service.house.database.read() as session:
        row = session.query(TurnRow).filter_by(conversation_id=talk.id).one()
        conversation = session.get_one(Conversation, talk.id)
    assert row.result == told
    assert row.action == "answer"
    assert {"signals", "evidence", "policy", "calibration", "found", "query", "sources_tried"} <= set(
        row.record or {}
    )
    assert conversation.status == "bot"


def test_what_the_button_hands_over_is_what_was_tried(serve: Serve) -> None:
    service = serve()
    talk = service.talk()
    talk.say(RETURN)
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=service.agent()) as agent:
        packet = agent.get(f"/api/handoffs/{handoff}").json()
    assert packet["question"] == RETURN
    assert packet["sources_tried"][0]["article_id"] == "returns"
    assert packet["suggested_reply"]
    assert [entry["value"] for entry in packet["confidence_trace"]] == [0.95, None]


@pytest.fixture
def briefs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each time that a conversation is summed up, whether that is inside of a write."""
    made: list[bool] = []

    def noted(session: Session, *given: Any) -> Brief:
        options = session.connection().get_execution_options()
        made.append(bool(options.get("parley_write")))
        return brief_of(session, *given)

    monkeypatch.setattr(ending, "brief_of", noted)
    return made


@pytest.mark.parametrize("button", [False, True])
def test_a_conversation_is_summed_up_outside_of_the_write(
    serve: Serve, briefs: list[bool], button: bool
) -> None:
    talk = serve(dial=Dial(confidence=0.95 if button else UNSURE)).talk()
    talk.say(RETURN)
    if button:
        talk.post("/escalate", {"note": "please", "contact": {"name": "Kim", "email": "kim@example.org"}})
        talk.post("/escalate", {"note": "please"})
    assert talk.show()["status"] == "waiting"
    assert briefs == [False]


@pytest.mark.parametrize("times", [1, 9])
def test_what_is_said_while_it_is_summed_up_is_part_of_it(
    reception: Callable[..., Reception], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Once more, or as often as BRIEFS says: who goes on writing is not kept waiting for ever."""
    desk = reception()
    id = desk.create().id
    made: list[int] = []

    def interrupted(session: Session, *given: Any) -> Brief:
        brief = brief_of(session, *given)
        made.append(brief.until)
        if len(made) <= times:
            with desk._database.write() as other:
                conversation = locked(other, id)
                assert conversation is not None
                add_message(other, conversation, "customer", f"My parcel {len(made)} never came")
        return brief

    monkeypatch.setattr(ending, "brief_of", interrupted)
    desk.escalate(id)
    assert made == list(range(min(times + 1, ending.BRIEFS)))
    with desk._database.read() as session:
        (handoff,) = session.scalars(select(Handoff))
    assert handoff.question == f"My parcel {made[-1]} never came"


def test_a_turn_reads_no_more_of_a_long_conversation_than_it_looks_back_on(
    reception: Callable[..., Reception],
) -> None:
    """It is read inside of a write."""
    desk = reception()
    id = desk.create().id
    with desk._database.write() as session:
        conversation = locked(session, id)
        assert conversation is not None
        for number in range(60):
            add_message(session, conversation, ("customer", "agent")[number % 2], f"Said {number}")
    desk.accept(id, RETURN)
    read: list[object] = []

    def loaded(message: object, _context: object) -> None:
        read.append(message)

    event.listen(Message, "load", loaded)
    try:
        claimed = desk.turns._claim(id)
    finally:
        event.remove(Message, "load", loaded)
    assert claimed is not None
    assert claimed.asked.text == RETURN
    assert [said.text for said in claimed.asked.history] == [f"Said {n}" for n in range(40, 60)]
    assert len(read) == turns.HISTORY + 1


def test_of_a_long_conversation_its_end_is_summed_up(reception: Callable[..., Reception]) -> None:
    desk = reception()
    for length in (100, 7900):
        id = desk.create().id
        with desk._database.write() as session:
            conversation = locked(session, id)
            assert conversation is not None
            for number in range(80):
                text = f"Parcel {number} never came. " + "It is late. " * (length // 12)
                add_message(session, conversation, "customer", text)
        with desk._database.read() as session:
            case = case_of(session, session.get_one(Conversation, id), [], ("requested_human",), "")
        assert case.question.startswith("Parcel 79 ")
        read = sum(len(said.text) for said in case.said)
        assert len(case.said) <= brief.MOST_MESSAGES
        assert read <= brief.MOST_CHARACTERS
        assert len(case.said) == brief.MOST_MESSAGES or read > brief.MOST_CHARACTERS - 8000


def test_a_miss_is_remembered_from_turn_to_turn(serve: Serve) -> None:
    """Offered once, handed over the second time, and forgotten after an answer."""
    service = serve(dial=Dial(confidence=0.45))
    talk = service.talk()
    assert talk.say("How do I return a bicycle label")["action"] == "offer"
    assert talk.say("Print a bicycle return label")["action"] == "escalate"
    other: Talk = service.talk()
    assert other.say("How do I return a bicycle label")["action"] == "offer"
    service.dial.confidence = 0.95
    assert other.say("Print a bicycle return label")["action"] == "answer"
    service.dial.confidence = 0.45
    assert other.say("How should I store the battery in winter")["action"] == "offer"


@pytest.mark.parametrize("said", ["thanks, that helped", "helpful"])
def test_what_was_offered_and_helped_is_no_miss(serve: Serve, said: str) -> None:
    """Thanked for, or called helpful below the message: the next question that is not sure is offered what is known, too."""
    service = serve(dial=Dial(confidence=0.45))
    talk = service.talk()
    offered = talk.say("How do I return a bicycle label")
    assert offered["action"] == "offer"
    if said == "helpful":
        talk.post(f"/messages/{offered['message']['id']}/feedback", {"helpful": True}).raise_for_status()
    else:
        assert talk.say(said)["action"] == "chat"
    assert talk.say("How should I store the battery in winter")["action"] == "offer"
    assert talk.say("Print a bicycle return label")["action"] == "escalate"


def test_no_after_thanks_is_a_farewell(serve: Serve) -> None:
    talk = serve(dial=Dial(confidence=0.45)).talk()
    assert talk.say("How do I return a bicycle label")["action"] == "offer"
    assert "anything else" in talk.say("thanks")["message"]["text"]
    assert talk.say("no")["message"]["text"].startswith("Goodbye")


@pytest.mark.parametrize("said", ["hello", "thanks for nothing", "not helpful"])
def test_what_was_offered_and_did_not_help_is_a_miss(serve: Serve, said: str) -> None:
    service = serve(dial=Dial(confidence=0.45))
    talk = service.talk()
    offered = talk.say("How do I return a bicycle label")
    if said == "not helpful":
        talk.post(f"/messages/{offered['message']['id']}/feedback", {"helpful": False}).raise_for_status()
    else:
        talk.say(said)
    assert talk.say("How should I store the battery in winter")["action"] in {"escalate", "relay"}


def test_a_model_that_is_down_for_good_still_answers_every_customer(serve: Serve) -> None:
    service: Service = serve(llm=StringModel(*[[ModelError("down")] for _ in range(5)]))
    for _ in range(5):
        assert service.talk().say(RETURN)["action"] == "answer"


def test_the_owners_greeting_opens_conversations_in_its_language(reception: Callable[..., Reception]) -> None:
    desk = reception(site=lambda: Site(default_language="de", greetings={"de": "Moin!"}))
    assert desk.create(locale="de-AT").greeting == "Moin!"
    assert desk.create().greeting == "Moin!"
    assert "assistant" in desk.create(locale="en").greeting
