"""What all tests share: a help center of our own, a house on it, and servers as real processes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import argon2
import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Playwright, expect, sync_playwright
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

import help_center.tables  # noqa: F401  (fills Base.metadata)
from help_center import people
from help_center.database import Database
from tests.forked import Forked

PARLEY = str(Path(sys.executable).parent / "parley")
SERVICES_REQUIRED = os.environ.get("SERVICES") == "required"
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
# no clock here either
settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")
# a help center that is not ours: a bicycle shop's
ARTICLES: list[dict[str, Any]] = [
    {
        "id": "returns", "title": "Return a bicycle", "section": ["Orders"],
        "body": "You can return a bicycle within 30 days.\n\n## How to return it\n\n1. Open **My orders** and choose "
        "**Return**.\n2. Print the label.\n3. Hand the box to the carrier.\n\n## When you get your money back\n\nThe refund "
        "reaches your account within 5 working days after the bicycle has arrived in our warehouse.",
    },
    {
        "id": "tyre-pressure", "title": "Find the right tyre pressure", "section": ["Care"],
        "body": "The right pressure stands on the side of the tyre.\n\n| Tyre | Pressure |\n| --- | --- |\n| 25 mm | 6.5 bar |\n"
        "| 32 mm | 5 bar |\n| 50 mm | 2.5 bar |\n\nPump a little more when you carry luggage.",
    },
    {
        "id": "bike-computer", "title": "Connect the bike computer to your phone", "section": ["Electronics"],
        "body": "Switch Bluetooth on, then hold the side button for three seconds until the light blinks blue.\n\n## Update the "
        "firmware\n\n```bash\nvelo-update --device CX-20 --channel stable\n```\n\nThe update takes about ten minutes. Error E-417 "
        "means that the battery is too low: charge it to 40 % first.",
    },
    {
        "id": "battery-winter", "title": "Store the e-bike battery in winter", "section": ["Care"],
        "body": "Store the battery indoors, between 10 and 20 degrees, charged to about 60 %.\n\nNever leave it empty for months.",
    },
    {
        "id": "wholesale-prices", "title": "Wholesale price list", "section": ["Internal"], "audience": "agents",
        "body": "Dealers get 35 % off the list price of every bicycle.",
    },
    {
        "id": "draft-helmets", "title": "Helmet sizes", "section": ["Care"], "status": "draft",
        "body": "Measure your head two fingers above the eyebrows.",
    },
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole-product files first: they take longest, and side by side the run ends with its longest file."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def pytest_collection_finish() -> None:
    """What is imported and collected stays to the end: garbage is not looked for in it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _take_turns(item, "playwright" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    # what a module shares is closed with its last test, which need not be one of the browser
    ends = nextitem is None or nextitem.path != item.path
    mine = [one for one in item.session.items if one.path == item.path] if ends else [item]
    _take_turns(item, any("playwright" in getattr(one, "fixturenames", ()) for one in mine))


def _take_turns(item: pytest.Item, browser: bool) -> None:
    """Playwright keeps its event loop running between its calls, for the whole process: the other tests are to find none."""
    loop = getattr(item.config, "playwright_loop", None)
    if loop is not None and not loop.is_closed() and asyncio._get_running_loop() in {None, loop}:
        asyncio._set_running_loop(loop if browser else None)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PARLEY_") or name in {"OPENAI_API_KEY", "OPENAI_BASE_URL"}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _passwords_cost_nothing() -> Iterator[None]:
    """Slow on purpose is what a password's hash is in the product: here, hundreds are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def articles_file(tmp_path: Path) -> Path:
    """The bicycle shop's articles as a .jsonl file."""
    file = tmp_path / "bicycles.jsonl"
    file.write_text("\n".join(json.dumps(article) for article in ARTICLES), encoding="utf-8")
    return file


Running = subprocess.Popen[bytes] | Forked


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@dataclass
class Installation:
    """One data dir, with `parley` run in it as a user does. `env`: its PARLEY_ settings."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PARLEY_", "OPENAI_"))}
        return kept | {"PARLEY_DATA_DIR": str(self.folder / "var"), "PARLEY_RATE_LIMIT": "off"} | self.env

    def parley(
        self, *words: str, check: bool = True, stdin: str = "", timeout: float = 300, program: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """A command from its beginning to its end. `program`: as the installed program, and no fork."""
        reading, writing = os.pipe()
        with TemporaryFile() as out, TemporaryFile() as err:
            with open(reading, "rb") as given:
                process = self._begin(words, (given, out, err), program)
            with contextlib.suppress(BrokenPipeError), open(writing, "w", encoding="utf-8") as giving:
                giving.write(stdin)
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            said, complained = (_all_of(file) for file in (out, err))
        if check and status != 0:
            raise AssertionError(f"parley {' '.join(words)} ended with {status}:\n{said}\n{complained}")
        return subprocess.CompletedProcess(words, status, said, complained)

    def start(self, *words: str, program: bool = False) -> Running:
        """A `parley` command in the background; ended with the test."""
        with open(os.devnull, "r+b") as nothing, open(self.folder / "stderr.log", "ab") as log:
            process = self._begin(words, (nothing, nothing, log), program)
        self.running.append(process)
        return process

    def _begin(self, words: tuple[str, ...], streams: tuple[IO[bytes], ...], program: bool) -> Running:
        env, numbers = self.environment(), [stream.fileno() for stream in streams]
        if program or "--workers" in words:  # the workers are started by the program's own file
            return subprocess.Popen(
                [PARLEY, *words], env=env, cwd=self.folder, start_new_session=True,
                **dict(zip(("stdin", "stdout", "stderr"), numbers, strict=True)),
            )  # fmt: skip
        return Forked(words, env, self.folder, *numbers)

    def serve(self, *words: str, program: bool = False) -> Server:
        """A server on a free port of loopback, once it is ready."""
        port = free_port()
        process = self.start("serve", "--port", str(port), *words, program=program)
        server = Server(f"http://127.0.0.1:{port}", process)
        server.wait(self.folder / "stderr.log")
        return server

    def agent(self, email: str | None = None, role: str = "agent") -> dict[str, str]:
        """Headers of a new agent."""
        told = self.parley(
            "agent",
            "add",
            email or f"{uuid.uuid4().hex[:8]}@example.org",
            "--role",
            role,
            "--token",
            "--json",
        )
        return {"Authorization": f"Bearer {json.loads(told.stdout)['token']}"}

    def stop(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass
class Server:
    url: str
    process: Running

    def client(self, **more: Any) -> httpx.Client:
        # plain HTTP: reading the certificates of the world takes longer than a request
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, verify=False, **more)

    def wait(self, log: Path) -> None:
        end = time.monotonic() + 180
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=10):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise AssertionError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")

    def kill(self) -> None:
        """As a power cut would end it."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def conversation(self, **given: Any) -> Conversation:
        with self.client() as client:
            created = client.post("/api/conversations", json=given).raise_for_status().json()
        return Conversation(self, created["id"], created["token"], created["greeting"])


@dataclass
class Conversation:
    """A customer's side of one conversation."""

    server: Server
    id: str
    token: str
    greeting: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def say(self, text: str, client_id: str | None = None) -> dict[str, Any]:
        with self.server.client() as client:
            body = {"text": text} | ({"client_id": client_id} if client_id else {})
            answer = client.post(f"/api/conversations/{self.id}/messages", json=body, headers=self.headers)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    def show(self) -> dict[str, Any]:
        with self.server.client() as client:
            told: dict[str, Any] = (
                client.get(f"/api/conversations/{self.id}", headers=self.headers).raise_for_status().json()
            )
        return told


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An empty data dir of its own."""
    made = Installation(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def indexed_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data dir with the bicycle shop in its index, made as its owner does: it is copied."""
    made = Installation(tmp_path_factory.mktemp("shop"))
    (made.folder / "bicycles.jsonl").write_text("\n".join(json.dumps(article) for article in ARTICLES))
    made.parley("index", "bicycles.jsonl")
    return made.folder / "var"


@pytest.fixture
def shop_installation(installation: Installation, indexed_shop: Path) -> Installation:
    """A data dir of its own with the bicycle shop in its index."""
    shutil.copytree(indexed_shop, installation.folder / "var")
    return installation


@pytest.fixture
def installations(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes several: `installations("one", PARLEY_REDIS_URL=...)`."""
    made: list[Installation] = []

    def make(name: str, **env: str) -> Installation:
        (tmp_path / name).mkdir()
        made.append(Installation(tmp_path / name, env))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@contextmanager
def fresh_postgres(like: str = "template1") -> Iterator[str]:
    """The address of a new PostgreSQL database, a copy of `like`; dropped afterwards."""
    name = f"parley_test_{uuid.uuid4().hex[:12]}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 10})
    try:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'))
            # nobody pulls the plug of the tests' PostgreSQL: it need not wait for its disk
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    except SQLAlchemyError as error:
        absent("PostgreSQL", error)
    yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


@pytest.fixture
def empty_postgres_url() -> Iterator[str]:
    with fresh_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def blank_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables, which nobody uses: it is copied."""
    with fresh_postgres() as url:
        database = Database(url)
        database.migrate(tmp_path_factory.mktemp("blank"))
        database.close()
        yield url.rsplit("/", 1)[1]


@pytest.fixture
def postgres_url(blank_postgres: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own, with all tables."""
    with fresh_postgres(like=blank_postgres) as url:
        yield url


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file, to be copied."""
    folder = tmp_path_factory.mktemp("blank")
    database = Database(f"sqlite:///{folder / 'parley.db'}")
    database.migrate(folder)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return folder / "parley.db"


@pytest.fixture
def sqlite_url(blank_database: Path, tmp_path: Path) -> str:
    """A SQLite database of the test's own, with all tables: `parley.db` in its folder."""
    shutil.copy(blank_database, tmp_path / "parley.db")
    return f"sqlite:///{tmp_path / 'parley.db'}"


@pytest.fixture
def redis_url() -> str:
    import redis

    try:
        redis.from_url(REDIS, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        absent("Redis", error)
    return REDIS


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chroma server of the tests' own."""
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "chroma"),
        "run",
        "--path",
        str(tmp_path_factory.mktemp("chroma")),
    ]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/api/v2/heartbeat", trust_env=False).is_success:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    else:
        process.kill()
        absent("a Chroma server", TimeoutError("it did not start"))
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def playwright(pytestconfig: pytest.Config) -> Iterator[Playwright]:
    with sync_playwright() as started:
        pytestconfig.playwright_loop = loop = asyncio._get_running_loop()  # type: ignore[attr-defined]
        expect.set_options(timeout=30_000)  # a wait for something that comes: the machine is busy
        yield started
        asyncio._set_running_loop(loop)  # the last test may have been another kind of one


@pytest.fixture(scope="session")
def browser(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    """One Chromium for all tests of this process. Make contexts in it, and close them; or take `open_page`."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        absent("Chromium", FileNotFoundError("`apt install chromium` brings it"))
    made = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
    yield made
    asyncio._set_running_loop(pytestconfig.playwright_loop)  # type: ignore[attr-defined]
    made.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages, each with cookies and a storage of its own: `open_page(url, viewport=..., color_scheme="dark")`.
    No script of theirs may have failed at the end."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def opened(url: str | None = None, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        if url is not None:
            page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def faults(page: Page | Frame) -> list[str]:
    """What axe finds on a page, a line for each place. It does not enter frames by itself."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def screenshot(page: Page, name: str, *, full_page: bool = False) -> None:
    """Keeps how a page looks, where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(400)  # what moves has come to rest
        page.screenshot(path=f"{folder}/{name}.png", full_page=full_page)


@contextmanager
def in_thread(app: FastAPI) -> Iterator[str]:
    """Serves an app on a free port of loopback; gives its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, proxy_headers=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < end, "the server did not start in time"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def absent(what: str, error: Exception) -> None:
    """Skips with a clear word, and fails where all services are required (CI)."""
    told = f"{what} is not there: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}"
    if SERVICES_REQUIRED:
        pytest.fail(told)
    pytest.skip(told)


def eventually(true: Callable[[], Any], seconds: float = 60) -> Any:
    """What `true` gives as soon as it is true: a wait for what comes soon, and late on a busy machine."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
    return found


def in_proportion(
    act: Callable[[str], Any],
    text: str | Callable[[int], str],
    lengths: tuple[int, ...] = (1000, 8000, 64_000),
) -> None:
    """The work that a text makes grows with its length and no faster: eight times as long, at most 24 times the work,
    where what grows with the square takes 64. `text` is a piece that is repeated, or makes the text of a length."""

    def given(length: int) -> str:
        return (text * (length // len(text) + 1))[:length] if isinstance(text, str) else text(length)

    texts = {length: given(length) for length in lengths}
    ends = count()
    grows(lambda length: act(f"{texts[length]} {next(ends)}"), lengths)  # another end: nothing is remembered


def grows(act: Callable[[int], Any], sizes: tuple[int, ...], faster: float = 3.0) -> None:
    """The work grows at most `faster` times as much as the size. Counted in this thread's own processor time, and again
    where it seems to be too much, up to three times; what takes less than a millisecond is not told apart. Python's
    garbage collection is off meanwhile: its work grows with all that the process holds."""

    def seconds(size: int) -> float:
        gc.disable()
        try:
            began = time.thread_time()
            act(size)
            return max(0.001, time.thread_time() - began)
        finally:
            gc.enable()

    seconds(sizes[0])
    took = {size: seconds(size) for size in sizes}
    for small, large in pairwise(sizes):
        tries = [took[large] / took[small]]
        while tries[-1] >= faster * large / small:
            assert len(tries) < 3, f"{large / small:g} times the size takes {min(tries):.1f} times the work"
            tries.append(seconds(large) / seconds(small))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
