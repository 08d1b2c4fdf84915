"""A conversation that comes back after a person was done with it: the bot knows what was said, and starts anew."""

from __future__ import annotations

from typing import Any

import pytest

from bot.understand import Said, understand
from tests.bot.conftest import Serve
from tests.bot.support import Service, StringModel, Talk

RETURN = "How do I return a bicycle?"


def step(service: Service, handoff_id: str, agent: dict[str, str], verb: str) -> None:
    with service.client() as client:
        answer = client.post(f"/api/handoffs/{handoff_id}/{verb}", json={}, headers=agent)
    assert answer.status_code == 200, answer.text


def done_by_a_person(service: Service, talk: Talk, end: str) -> str:
    """A person is called, takes it, and gives it back or closes it; the handoff's id."""
    told: dict[str, Any] = talk.post("/escalate", {}).json()
    agent = service.agent()
    for verb in ("claim", end):
        step(service, told["handoff_id"], agent, verb)
    return str(told["handoff_id"])


@pytest.mark.parametrize("end", ["return", "resolve"])
def test_what_was_asked_before_a_person_came_is_not_held_against_the_customer(serve: Serve, end: str) -> None:
    service = serve()
    talk = service.talk()
    assert [talk.say(RETURN)["action"] for _ in range(2)] == ["answer", "answer"]
    done_by_a_person(service, talk, end)
    assert talk.say(RETURN)["action"] == "answer", "asked for the first time since"
    assert talk.say(RETURN)["action"] == "answer"
    assert talk.say(RETURN)["reasons"] == ["repeated_question"], "and for the third"


def test_three_times_without_a_person_in_between_calls_one(serve: Serve) -> None:
    talk = serve().talk()
    assert [talk.say(RETURN)["action"] for _ in range(3)] == ["answer", "answer", "escalate"]


def test_a_second_handoff_is_a_new_one_that_knows_the_first(serve: Serve) -> None:
    service = serve()
    talk = service.talk()
    first = done_by_a_person(service, talk, "resolve")
    told = talk.say("I want to talk to a human")
    assert (told["action"], told["conversation"]["status"]) == ("escalate", "waiting")
    assert told["handoff_id"] != first
    with service.client() as client:
        packet = client.get(f"/api/handoffs/{told['handoff_id']}", headers=service.agent()).json()
    assert packet["reopened"] is True


def test_the_bot_still_knows_what_was_said_before(serve: Serve) -> None:
    model = StringModel(["You can return a bicycle within 30 days."], ["Print the label."])
    service = serve(llm=model)
    talk = service.talk()
    talk.say(RETURN)
    done_by_a_person(service, talk, "return")
    talk.say("And where do I get the label for it?")
    assert RETURN in model.prompts[-1].user


def test_settled_messages_are_context_and_do_not_count() -> None:
    history = (Said("customer", RETURN), Said("assistant", "Within 30 days."), Said("customer", RETURN))
    assert understand(RETURN, history).times_asked == 3
    assert understand(RETURN, history, settled=2).times_asked == 2
    assert understand(RETURN, history, settled=3).times_asked == 1
    assert understand("and for it?", history, settled=3).context
