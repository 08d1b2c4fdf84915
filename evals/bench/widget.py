"""`python -m evals.bench.widget`: what the chat costs a page. Sizes, requests, layout shift and main-thread time, in Chromium,
on a page of another origin with a strict policy, with the shipped help center behind it.

Worked case: a page of text without the chat is loaded, then the same page with its one script tag. What the second has
more of (requests, bytes, work on the main thread) is what the chat costs; `layout-shift` entries are asked for in both.
Then the chat is opened, once with an empty cache and once again, and a question is asked. Bytes are those on the wire,
as DevTools counts them; main-thread time is that of DevTools' `Performance.getMetrics` (TaskDuration), the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent.parent / "docs"
CHROMIUM = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    # page and frame in one process, so that all work is counted: by default a frame of another site has a thread of its own
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process",
]
QUIET_MS = 700
QUESTION = "How do I put the chat on my website?"
TEXT = (
    "<p>Somebody else's page, with words of its own, long enough to be scrolled and to be moved by what comes late.</p>"
    * 40
)


@dataclass(frozen=True)
class Step:
    """What one thing that a visitor does costs, over what the page costs without the chat."""

    name: str
    requests: int
    kilobytes: float
    main_thread_ms: float
    layout_shift: float


class AnotherSite:
    """Pages of another origin. Their policy allows the chat's origin its scripts and its frame, and nothing else: no style, no
    inline script, no eval, no connection, and Trusted Types on top."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {"/": page(TEXT), "/plain": page(TEXT)}
        self.files: dict[str, str] = {}  # scripts of the page's own
        self.policy = "default-src 'none'"
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                script = path in site.files
                body = (site.files.get(path) or site.pages.get(path) or site.pages["/"]).encode()
                self.send_response(200)
                self.send_header("Content-Type", f"text/{'javascript' if script else 'html'}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # another site, not another port alone: storage and processes are apart by site
        self.origin = f"http://localhost:{self._server.server_port}"
        self.neighbour = (
            f"http://127.0.0.1:{self._server.server_port}"  # another origin of the chat's own site
        )
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def embed(self, chat: str, attributes: str = "", before: str = "") -> None:
        """The chat's one line stands on every page but `/plain`. `before`: a script of the page's own."""
        self.policy = (
            f"default-src 'none'; script-src {chat} 'self'; frame-src {chat}; require-trusted-types-for 'script'; "
            "base-uri 'none'; form-action 'none'"
        )
        self.files["/own.js"] = before
        own = '<script src="/own.js"></script>' if before else ""
        self.pages["/"] = page(f'{TEXT}{own}<script src="{chat}/widget.js" {attributes} async></script>')

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def page(body: str) -> str:
    return f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Shop</title></head><body><main><h1>Shop</h1>{body}</main></body></html>'


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m evals.bench.widget",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    given = parser.parse_args(arguments)
    steps = measured(given.rounds)
    if given.json:
        print(json.dumps([asdict(step) for step in steps], indent=1))
    else:
        print(table(steps))


def table(steps: list[Step]) -> str:
    lines = ["| | requests | on the wire | main thread | layout shift |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {step.name} | {step.requests} | {step.kilobytes:.1f} kB | {step.main_thread_ms:.0f} ms | {step.layout_shift:g} |"
        for step in steps
    ]
    return "\n".join(lines)


def measured(rounds: int) -> list[Step]:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="parley-bench-widget-") as name, served(Path(name)) as chat:
        site = AnotherSite()
        site.embed(chat.url)
        try:
            chat.restart(site.origin)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=CHROMIUM
                )
                taken = [one_round(browser, site.origin) for _ in range(rounds)]
                browser.close()
        finally:
            site.close()
    return [middle([steps[n] for steps in taken]) for n in range(len(taken[0]))]


def middle(steps: list[Step]) -> Step:
    return Step(
        steps[0].name,
        round(statistics.median(step.requests for step in steps)),
        round(statistics.median(step.kilobytes for step in steps), 1),
        round(statistics.median(step.main_thread_ms for step in steps), 1),
        max(step.layout_shift for step in steps),
    )


def one_round(browser: Any, origin: str) -> list[Step]:
    """One visitor with an empty cache, who comes back once."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        bare = Meter(context.new_page())
        bare.page.goto(f"{origin}/plain", wait_until="load")
        before = bare.reading("the page alone")
        bare.page.close()
        meter = Meter(context.new_page())
        meter.page.goto(origin, wait_until="load")
        meter.page.locator('[data-parley="launcher"]').wait_for()
        loaded = meter.reading("the page with the closed chat")
        closed = Step(
            "closed, on a page's first visit",
            loaded.requests - before.requests,
            loaded.kilobytes - before.kilobytes,
            loaded.main_thread_ms - before.main_thread_ms,
            loaded.layout_shift,
        )
        opened = meter.opened("opened for the first time")
        chat = meter.page.frame_locator("iframe")
        chat.locator('[data-parley="input"]').fill(QUESTION)
        chat.locator('[data-parley="send"]').click()
        chat.locator('.message.assistant [data-parley="sources"]').last.wait_for()
        asked = meter.reading("a question and its answer")
        meter.page.close()
        again = Meter(context.new_page())
        again.page.goto(origin, wait_until="load")
        again.page.locator('[data-parley="launcher"]').wait_for()
        revisit = again.reading("the next page, closed")
        back = Step(
            "closed, on the next page",
            max(0, revisit.requests - before.requests),
            max(0.0, revisit.kilobytes - before.kilobytes),
            max(0.0, revisit.main_thread_ms - before.main_thread_ms),
            revisit.layout_shift,
        )
        return [closed, opened, asked, back, again.opened("opened again")]
    finally:
        context.close()


class Meter:
    """Reads what has happened on a page since the reading before."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._requests = 0
        self._bytes = 0.0
        self._last = (0, 0.0, 0.0)
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.send("Performance.enable")
        self._session.on("Network.requestWillBeSent", lambda event: self._began(event))
        self._session.on("Network.loadingFinished", lambda event: self._ended(event))
        page.add_init_script(
            "window.shifted = 0; new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifted += one.value })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )

    def _began(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            self._requests += 1

    def _ended(self, event: dict[str, Any]) -> None:
        self._bytes += event["encodedDataLength"]

    def opened(self, name: str) -> Step:
        self.page.locator('[data-parley="launcher"]').click()
        self.page.frame_locator("iframe").locator("#input").wait_for()
        return self.reading(name)

    def settle(self) -> None:
        """Waits until nothing new has been asked for or has come for a while; a stream of events never ends."""
        before = (-1, -1.0)
        while before != (self._requests, self._bytes):
            before = (self._requests, self._bytes)
            self.page.wait_for_timeout(QUIET_MS)

    def reading(self, name: str) -> Step:
        self.settle()
        told = self._session.send("Performance.getMetrics")["metrics"]
        work = 1000 * next(one["value"] for one in told if one["name"] == "TaskDuration")
        shift = float(self.page.evaluate("window.shifted"))
        requests, size, before = self._last
        self._last = (self._requests, self._bytes, work)
        return Step(
            name, self._requests - requests, (self._bytes - size) / 1000, work - before, round(shift, 4)
        )


@dataclass
class Served:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def restart(self, origin: str = "") -> None:
        """Serves, and may be framed by `origin`."""
        self.stop()
        command = [str(Path(sys.executable).parent / "parley"), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command,
            env=environment(self.folder, origin),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("bench: the server did not start")

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()
            self.process = None


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Parley with its own help center, on a free port."""
    parley = str(Path(sys.executable).parent / "parley")
    subprocess.run([parley, "index", str(DOCS)], env=environment(folder), check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Served(folder, port)
    try:
        yield made
    finally:
        made.stop()


def environment(folder: Path, origin: str = "") -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    more = {"PARLEY_ALLOWED_ORIGINS": origin} if origin else {}
    return kept | {"PARLEY_DATA_DIR": str(folder / "var"), "PARLEY_RATE_LIMIT": "off"} | more


if __name__ == "__main__":
    main()
