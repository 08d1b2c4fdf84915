"""A whole Parley with the bicycle shop's articles in an index of its own: articles are changed here."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.app import create_app
from bot.house import House
from help_center.database import new_id, now
from help_center.golden import GoldenQuestion
from help_center.importing import bring_in
from tests.bot.conftest import settings
from tests.bot.support import Dial, Service
from tests.conftest import ARTICLES, in_thread


class Shop:
    def __init__(self, service: Service) -> None:
        self.service = service
        self.admin = service.agent("admin")

    def impact(self, id: str, changed: Any, status: int = 200) -> Any:
        with self.service.client() as client:
            answer = client.post(f"/api/articles/{id}/impact", json=changed, headers=self.admin, timeout=60)
        assert answer.status_code == status, answer.text
        return answer.json()

    def put(self, id: str, **fields: Any) -> None:
        article = next((one for one in ARTICLES if one["id"] == id), {})
        with self.service.client() as client:
            client.put(f"/api/articles/{id}", json=article | fields, headers=self.admin).raise_for_status()

    def delete(self, id: str) -> None:
        with self.service.client() as client:
            client.delete(f"/api/articles/{id}", headers=self.admin).raise_for_status()

    def golden(self, text: str, *articles: str) -> str:
        with self.service.house.database.write() as session:
            row = GoldenQuestion(
                id=new_id("gold"), text=text, articles=list(articles), note="", history=[], created_at=now()
            )
            session.add(row)
            return row.id

    def ask(self, text: str) -> dict[str, Any]:
        return self.service.talk().say(text)


def serve(stack: ExitStack, folder: Path) -> Shop:
    file = folder / "bicycles.jsonl"
    file.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
    house = House(settings(folder / "var"))
    bring_in(house.database, [str(file)], prune=False)
    house.indexer.sync()
    service = Service(stack.enter_context(in_thread(create_app(house))), house, Dial())
    stack.callback(house.close)
    return Shop(service)
