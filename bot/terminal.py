"""A conversation in the terminal: the customers' HTTP door, as a person types into it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bot.app import create_app
from bot.reach import Through, reached
from help_center.settings import Settings

LOOK_SECONDS = 1.0


async def chat_in_terminal(settings: Settings) -> None:
    """Until the end of the input. Raises what reaching the installation raises."""
    async with _client(settings) as client:
        created = (await client.post("/api/conversations", json={"locale": "en"})).raise_for_status().json()
        door = f"/api/conversations/{created['id']}"
        headers = {"Authorization": f"Bearer {created['token']}"}
        print(f"{created['greeting']}\n(an empty line or Ctrl+D ends the conversation)\n")
        seen: set[str] = set()
        looking = asyncio.create_task(_look(client, door, headers, seen))
        try:
            while line := (await asyncio.to_thread(_read)).strip():
                response = await client.post(
                    f"{door}/messages", json={"text": line}, headers=headers, timeout=130
                )
                if response.is_error:
                    print(f"! {response.json().get('detail', response.status_code)}")
                    continue
                turn = response.json()
                if turn["message"] is None:
                    print("(passed on)")
                elif turn["message"]["id"] not in seen:
                    seen.add(turn["message"]["id"])
                    print(f"\n{turn['message']['text']}\n")
                    for number, source in enumerate(turn["message"]["sources"], 1):
                        print(f"  [{number}] {source['title']}  {source['url']}")
        finally:
            looking.cancel()
            await client.post(f"{door}/close", headers=headers)


def _read() -> str:
    if sys.stdin.isatty():
        print("> ", end="", flush=True)
    return sys.stdin.readline()


async def _look(client: httpx.AsyncClient, door: str, headers: dict[str, str], seen: set[str]) -> None:
    """Prints what a person replies, as it comes."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        shown = await client.get(door, headers=headers)
        for message in shown.json().get("messages", []) if shown.is_success else []:
            if message["role"] in {"agent", "system"} and message["id"] not in seen:
                seen.add(message["id"])
                print(f"\n{message['author'] or 'Parley'}: {message['text']}\n")


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running server, or of an app in this process when none runs."""
    with reached(settings, "chat") as reach:
        if isinstance(reach, Through):
            async with httpx.AsyncClient(base_url=reach.url, timeout=30, trust_env=False) as client:
                yield client
            return
        app = create_app(reach.house)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://parley", timeout=30) as client:
                yield client
