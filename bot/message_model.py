"""A small model of our own that reads one message: its mood, and whether it is of a topic that a person must hear of.

MiniLM whose upper three layers are fitted on messages (`evals/fit_messages.py`, `fitted/messages.md`), run by onnxruntime in int8:
two or three milliseconds a message. English only. Knows no conversation, and no threshold: `bot/moods.py` and `bot/topics.py` judge.
"""

from __future__ import annotations

import json
import logging
import threading
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.prose import FROWN, SMILE, shouted
from retrieval.onnx_files import session
from retrieval.reader import open_tokenizer

MOODS = ("negative", "neutral", "positive")
NONE = ""  # of no topic
LONGEST = 64  # tokens that are read together; a longer message is read a window at a time
WINDOWS = 4  # of a long message: its beginning and its end, where feelings are told
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Heard:
    """Probabilities: of each of MOODS, and of each topic, NONE among them. Each sums to 1."""

    moods: dict[str, float]
    topics: dict[str, float]


def spelled(text: str) -> str:
    """A message's prose as the model reads it. Its tokens know no capitals and no emoji, which would swallow the word beside them."""
    if shouted(text) >= 3:
        text += " !!!"
    text = FROWN.sub(" :( ", SMILE.sub(" :) ", text))
    return "".join(c if unicodedata.category(c) not in ("So", "Sk", "Cs", "Co", "Cn") else " " for c in text)


class MessageModel:
    """Safe to use from several threads: each run is on one thread of its own."""

    def __init__(self, session: Any, tokenizer: Any, topics: tuple[str, ...], told: dict[str, Any]) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._topics = topics
        self.negative_from = float(told["negative_from"])
        self.positive_from = float(told["positive_from"])
        self.topic_from = float(told["topic_from"])
        self.hear = lru_cache(maxsize=256)(self._hear)

    @classmethod
    def read(cls, folder: Traversable) -> MessageModel:
        """What `evals.fit_messages` wrote into a folder. Raises an error of one kind or another where that is missing or damaged."""
        told = json.loads(folder.joinpath("messages.json").read_text(encoding="utf-8"))
        weights = folder.joinpath("messages.onnx").read_bytes()
        model = cls(session(weights), open_tokenizer(), tuple(told["topics"]), told)
        model.hear("hello")  # so that files that do not fit each other are known now
        return model

    def _hear(self, text: str) -> Heard:
        """Of a long message the mood of its unhappiest window and the topics of its most alarming one."""
        begin, *middle, end = self._tokenizer.encode(spelled(text)).ids
        size = LONGEST - 2
        starts = [*range(0, max(1, len(middle) - size), size)][: WINDOWS - 1]
        if len(middle) > size:
            starts.append(len(middle) - size)  # the end is a whole window, too
        windows = [[begin, *middle[start : start + size], end] for start in starts]
        read = [self._session.run(["mood", "topic"], {"ids": np.asarray([ids], np.int64)}) for ids in windows]
        moods = max((_odds(mood[0]) for mood, _ in read), key=lambda odds: odds[MOODS.index("negative")])
        topics = min((_odds(topic[0]) for _, topic in read), key=lambda odds: odds[self._topics.index(NONE)])
        return Heard(dict(zip(MOODS, moods, strict=True)), dict(zip(self._topics, topics, strict=True)))


def _odds(logits: NDArray[np.float32]) -> list[float]:
    powers = np.exp(logits.astype(np.float64) - float(logits.max()))
    return [float(p) for p in powers / powers.sum()]


def shipped() -> MessageModel | None:
    """The model that ships, loaded once; None, and a line in the log, where it is missing or damaged: words alone decide then."""
    with _loading:
        return _shipped()


_loading = threading.Lock()


@cache
def _shipped() -> MessageModel | None:
    try:
        return MessageModel.read(files("bot").joinpath("fitted"))
    except Exception as error:
        _log.warning(
            "moods and topics are read by words alone: the message model cannot be loaded (%s). Install Parley again.",
            error,
        )
        return None
