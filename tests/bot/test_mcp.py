"""The Model Context Protocol door, spoken to by the `mcp` package's own client and by plain HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from help_center.articles import store
from help_center.sources.base import SourceArticle, article_from_record
from tests.bot.conftest import Serve
from tests.bot.support import Dial, Service
from tests.conftest import ARTICLES

RETURN = "How do I return a bicycle?"
WHOLESALE = "wholesale price list for dealers"
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.fixture
def service(service: Service) -> Service:
    service.dial.confidence, service.dial.domain = Dial.confidence, Dial.domain
    with (
        service.house.database.write() as session
    ):  # conversations are the service's own, and the articles here, too
        for article in ARTICLES:
            given = article_from_record(dict(article), article["id"])
            assert isinstance(given, SourceArticle)
            store(session, given, "test")
    return service


def call(
    service: Service, name: str, headers: dict[str, str] | None = None, **arguments: Any
) -> dict[str, Any]:
    """One tool call without a session, as JSON-RPC."""
    answer = post(service, "tools/call", {"name": name, "arguments": arguments}, headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()["result"]
    return told


def post(
    service: Service, method: str, params: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with service.client(headers=JSON | (headers or {})) as client:
        return client.post("/mcp", json=body)


def content(result: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(result["content"][0]["text"])
    return told


def with_client(service: Service, work: Callable[[Any], Awaitable[None]]) -> None:
    from mcp.client.session import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def run() -> None:
        async with (
            streamable_http_client(f"{service.url}/mcp") as (receiving, sending, *_),
            ClientSession(receiving, sending) as session,
        ):
            await session.initialize()
            await work(session)

    asyncio.run(run())


def test_the_packages_own_client_finds_the_tools_and_uses_them(service: Service) -> None:
    async def work(session: Any) -> None:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {"search_help_center", "read_article", "ask"}
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        found = await session.call_tool("search_help_center", {"query": RETURN, "limit": 3})
        first = json.loads(found.content[0].text)["results"][0]
        assert first["article_id"] == "returns"
        assert first["url"] == f"{service.url}/help/articles/return-a-bicycle"
        read = await session.call_tool("read_article", {"article": first["url"]})
        assert "Print the label" in json.loads(read.content[0].text)["body"]
        told = json.loads((await session.call_tool("ask", {"question": RETURN})).content[0].text)
        assert told["action"] == "answer"
        assert told["confidence"] == pytest.approx(0.95, abs=0.01)
        assert told["sources"][0]["article_id"] == "returns"

    with_client(service, work)


def test_agents_articles_want_an_agents_token(service: Service) -> None:
    token = service.agent()
    for name, arguments in (
        ("search_help_center", {"query": WHOLESALE}),
        ("ask", {"question": "What do dealers get off the list price?"}),
        ("read_article", {"article": "wholesale-prices"}),
    ):
        assert "35 %" not in json.dumps(call(service, name, **arguments), ensure_ascii=False)
        assert "35 %" in json.dumps(call(service, name, token, **arguments), ensure_ascii=False)
    for hidden in ("draft-helmets", "wholesale-prices", "nowhere"):
        told = call(service, "read_article", article=hidden)
        assert told["isError"]
        assert "there is no such article" in told["content"][0]["text"]
    assert post(service, "tools/list", {}, {"Authorization": "Bearer parley_nobody"}).status_code == 401


def test_nobody_is_promised(service: Service) -> None:
    told = content(call(service, "ask", question="Let me talk to a human please"))
    assert told["action"] == "escalate"
    assert told["answer"].startswith("This needs a person, and I can't hand you over")


def test_bad_arguments_are_told(service: Service) -> None:
    assert call(service, "ask", question="   ")["isError"]
    assert call(service, "search_help_center", query="x" * 1001)["isError"]
    assert call(service, "search_help_center", query="tyre", limit=1000)["isError"]


def test_there_is_nothing_to_listen_to(service: Service) -> None:
    """No stream that stays open: every answer is one of its own."""
    with service.client(headers=JSON) as client:
        for method in ("GET", "DELETE"):
            assert client.request(method, "/mcp").status_code == 405


def test_other_sites_are_refused_and_strangers_are_counted(serve: Serve) -> None:
    service = serve(rate_limit="2/minute")
    assert post(service, "tools/list", {}, {"Origin": "https://evil.example"}).status_code == 403
    assert post(service, "tools/list", {}, {"Origin": service.url}).status_code == 200
    told = [call(service, "ask", question=RETURN) for _ in range(3)]
    assert [bool(one.get("isError")) for one in told] == [False, False, True]
    assert "too many requests" in told[2]["content"][0]["text"]
