"""Progress of long work: a bar on a terminal, plain lines when piped. Always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from tqdm import tqdm

LINE_SECONDS = 5.0


class Progress:
    """`with Progress("indexing", "passages") as progress: progress(done, known)`. `grows`: more may become known."""

    def __init__(self, what: str, unit: str, *, grows: bool = False) -> None:
        self._what, self._unit, self._grows = what, unit, grows
        self._bar = (
            tqdm(desc=what, unit=f" {unit}", leave=False, file=sys.stderr) if sys.stderr.isatty() else None
        )
        self._told_at = time.monotonic()

    def __call__(self, done: int, known: int | None = None) -> None:
        if self._bar is not None:
            self._bar.total = known
            self._bar.update(done - self._bar.n)
        elif time.monotonic() - self._told_at > LINE_SECONDS:
            self._told_at = time.monotonic()
            of = f" of {known}" if known else ""
            so_far = " so far" if known and self._grows else ""
            print(f"{self._what}: {done}{of} {self._unit}{so_far}", file=sys.stderr, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
