"""Where log lines go: warnings and worse, to stderr, without personal data. For every process that this program starts."""

from __future__ import annotations

import logging
import sys

from help_center.masking import hide
from help_center.personal_data import KINDS

FORM = "%(levelname)s %(name)s: %(message)s"


class Discreet(logging.Formatter):
    """Masks personal data in the whole of a line: its message, its arguments, and the exceptions told with it."""

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record), KINDS)


def without_query(record: logging.LogRecord) -> bool:
    """A filter for uvicorn's access lines, should anybody switch them on: addresses hold what people search for."""
    if isinstance(record.args, tuple):
        record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
    return True


def complain(line: str) -> None:
    """What a command has to say beside its result: one line on stderr, in the program's name."""
    print(f"parley: {' '.join(line.split())}", file=sys.stderr, flush=True)


def log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(FORM))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("uvicorn.access").addFilter(without_query)
    for noisy in ("httpx", "chromadb", "langchain", "sentence_transformers", "transformers"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
