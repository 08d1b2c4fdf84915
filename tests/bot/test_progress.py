"""Progress, as it reads in a file or a pipe."""

from __future__ import annotations

import pytest

from bot import progress
from bot.progress import Progress


def test_a_line_says_of_how_many_and_so_far_only_where_more_may_come(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
    with Progress("asking", "questions") as asking:
        asking(175, 330)
    with Progress("indexing", "passages", grows=True) as indexing:
        indexing(160, 261)
    with Progress("reading", "articles") as reading:
        reading(7)
    assert capsys.readouterr().err.splitlines() == [
        "asking: 175 of 330 questions",
        "indexing: 160 of 261 passages so far",
        "reading: 7 articles",
    ]
