"""`/openapi.json`: what it says of answers and errors is what is really answered."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from bot.app import create_app
from bot.channels.shapes import ANSWERS, EVENTS, JSON, PROBLEM, Problem
from tests.bot.support import Dial, Service

TURN = {"conversation", "message", "action", "confidence", "sentiment", "reasons", "handoff_id", "timings_ms"}


@pytest.fixture
def service(service: Service) -> Service:
    service.dial.confidence, service.dial.domain = Dial.confidence, Dial.domain
    return service


@pytest.fixture
def schema(service: Service) -> dict[str, Any]:
    with service.client() as client:
        told: dict[str, Any] = client.get("/openapi.json").json()
    return told


def as_declared(schema: dict[str, Any], path: str, answer: httpx.Response) -> Any:
    """The answer's JSON, once it is what the schema says of this door."""
    responses = schema["paths"][path][answer.request.method.lower()]["responses"]
    declared = responses.get(str(answer.status_code), responses["default"])
    kind = answer.headers["content-type"].split(";")[0]
    assert kind in declared["content"], f"{answer.status_code} {kind} of {path}"
    one = declared["content"][kind]["schema"] | {"components": schema["components"]}
    told = answer.json()
    assert [error.message for error in Draft202012Validator(one).iter_errors(told)] == []
    return told


def named(schema: dict[str, Any], path: str, method: str, status: str, kind: str) -> str:
    reference: str = schema["paths"][path][method]["responses"][status]["content"][kind]["schema"]["$ref"]
    return reference.rsplit("/", 1)[-1]


def test_every_error_is_declared_as_the_problem_that_it_is(schema: dict[str, Any]) -> None:
    assert set(schema["components"]["schemas"]["Problem"]["required"]) == set(Problem.model_fields)
    invalid = 0
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if status == "default" or status >= "4":
                    assert list(response["content"]) == [PROBLEM], f"{method} {path} {status}"
                    assert named(schema, path, method, status, PROBLEM) == "Problem"
            assert "default" in operation["responses"], f"{method} {path}"
            invalid += "422" in operation["responses"]
    assert invalid > 50
    assert "HTTPValidationError" not in json.dumps(schema)


def test_all_that_the_schema_refers_to_is_there(schema: dict[str, Any]) -> None:
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))
    assert referred <= set(schema["components"]["schemas"])
    for one in schema["components"]["schemas"].values():
        Draft202012Validator.check_schema(one)


def test_the_doors_are_there_and_no_shape_takes_the_name_of_another(
    service: Service, schema: dict[str, Any]
) -> None:
    plain = FastAPI.openapi(create_app(service.house))
    doors = {f"{method.upper()} {path}" for path, methods in plain["paths"].items() for method in methods}
    assert set(ANSWERS) <= doors
    for name, one in plain["components"]["schemas"].items():
        if name not in {"HTTPValidationError", "ValidationError"}:
            assert schema["components"]["schemas"][name] == one


def test_a_message_is_answered_with_a_turn_or_with_events(schema: dict[str, Any]) -> None:
    path = "/api/conversations/{conversation_id}/messages"
    assert named(schema, path, "post", "200", JSON) == "Turn"
    assert list(schema["paths"][path]["post"]["responses"]["200"]["content"]) == [JSON, EVENTS]
    turn = schema["components"]["schemas"]["Turn"]
    assert set(turn["required"]) == set(turn["properties"]) == TURN
    assert schema["components"]["schemas"]["Message"]["properties"]["choices"]["type"] == "array"


def test_a_customers_answers_are_as_declared(service: Service, schema: dict[str, Any]) -> None:
    doors = "/api/conversations/{conversation_id}"
    with service.client() as client:
        created = as_declared(schema, "/api/conversations", client.post("/api/conversations", json={}))
        mine = {"Authorization": f"Bearer {created['token']}"}
        address = f"/api/conversations/{created['id']}"

        def say(text: Any) -> Any:
            answer = client.post(f"{address}/messages", json={"text": text}, headers=mine)
            return as_declared(schema, f"{doors}/messages", answer)

        told = say("How do I return a bicycle?")
        assert told["action"] == "answer"
        assert told.keys() == TURN
        assert told["message"]["sources"]
        assert say("Thanks!")["action"] == "chat"
        assert say(7)["status"] == 422
        escalated = client.post(f"{address}/escalate", json={"note": "please"}, headers=mine)
        assert as_declared(schema, f"{doors}/escalate", escalated)["action"] == "escalate"
        assert say("Is anybody there?")["message"] is None
        as_declared(schema, doors, client.get(address, headers=mine))
        assert as_declared(schema, doors, client.get(address))["status"] == 401
        with client.stream(
            "POST", f"{address}/messages", json={"text": "Hello?"}, headers=mine | {"Accept": EVENTS}
        ) as stream:
            assert stream.headers["content-type"].startswith(EVENTS)


def test_search_and_what_agents_get_are_as_declared(service: Service, schema: dict[str, Any]) -> None:
    agent = service.agent()
    talk = service.talk()
    talk.say("How do I return a bicycle?")
    talk.say("I want to talk to a person")
    with service.client(headers=agent) as client:
        found = as_declared(
            schema, "/api/search", client.get("/api/search", params={"q": "retrun a bicycle"})
        )
        assert found["results"]
        refused = client.get("/api/search", params={"q": "x", "limit": 0})
        assert as_declared(schema, "/api/search", refused)["status"] == 422
        queue = as_declared(
            schema, "/api/handoffs", client.get("/api/handoffs", params={"status": "waiting"})
        )
        id = next(one["id"] for one in queue["items"] if one["conversation_id"] == talk.id)

        def step(name: str, **given: Any) -> Any:
            answer = client.post(f"/api/handoffs/{id}/{name}", json=given)
            return as_declared(schema, f"/api/handoffs/{{id}}/{name}", answer)

        step("claim")
        assert step("note", text="a note")["internal"]
        step("reply", text="Here I am.")
        packet = as_declared(schema, "/api/handoffs/{id}", client.get(f"/api/handoffs/{id}"))
        assert packet["notes"]
        assert packet["sources_tried"]
        assert packet["confidence_trace"]
        step("resolve")
