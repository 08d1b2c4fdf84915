"""The bicycle shop, indexed once for all tests of the bot, and services on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.app import create_app
from bot.house import House
from help_center.importing import bring_in
from help_center.settings import Settings
from tests.bot.support import Dial, Service, relevance
from tests.conftest import ARTICLES, in_thread


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(_env_file=None, data_dir=folder, **({"rate_limit": "off"} | more))  # type: ignore[call-arg]


@pytest.fixture(scope="module", autouse=True)
def turned() -> Iterator[None]:
    """The relevance floor is what the test's Dial says."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("retrieval.search", "bot.assess"):
            patch.setattr(f"{module}.shipped", lambda: relevance)
        yield


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with the bicycle shop's articles in its index. Nobody changes it."""
    import json

    folder = tmp_path_factory.mktemp("library")
    file = folder / "bicycles.jsonl"
    file.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
    house = House(settings(folder / "var"))
    bring_in(house.database, [str(file)], prune=False)
    house.indexer.sync()
    yield house
    house.close()


Serve = Callable[..., Service]


def server_of(
    stack: ExitStack,
    library: House,
    blank: Path,
    folder: Path,
    llm: Any = None,
    dial: Dial | None = None,
    **more: Any,
) -> Service:
    """A service with conversations of its own on the shared library; one that starts again in a folder goes on with them."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "parley.db").exists():
        shutil.copy(blank, folder / "parley.db")
    house = House(settings(folder, **more), model=llm)
    dial = dial or Dial()
    house.__dict__.update(
        store=library.store, embedder=library.embedder, search=library.search, calibrations=dial
    )
    service = Service(stack.enter_context(in_thread(create_app(house))), house, dial)
    stack.callback(house.close)
    return service


@pytest.fixture
def serve(library: House, blank_database: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts services: `serve(llm=..., dial=..., rate_limit="3/minute")`."""
    with ExitStack() as stack:
        made = 0

        def start(**given: Any) -> Service:
            nonlocal made
            made += 1
            return server_of(stack, library, blank_database, tmp_path / f"service{made}", **given)

        yield start


@pytest.fixture(scope="module")
def service(
    library: House, blank_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service for all tests of a module; it answers whatever it finds, from the passages."""
    with ExitStack() as stack:
        yield server_of(stack, library, blank_database, tmp_path_factory.mktemp("service"))
