"""Does the check of sentences keep what a passage says, and drop what it does not say?

A case: {"id": "confidence-number-1", "article": "confidence", "heading": "", "sentence": "A confidence of 0.8 means that about
six in ten such answers are right.", "kind": "number", "supported": false}. The passage is that article's section under the
heading ("" is its opening). `copy` and `paraphrase` are true; `number`, `negation`, `name` and `step` are false; `other` is
true of another article, named in `from`, and false here.

Articles are the shipped ones and those of `evals/cases/trades`, written for this: other trades, in other words.
`sentences.jsonl` fits (`evals.fit_sentences`), `sentences_unseen.jsonl` is reported: its articles have no sentence in the other.

Each sentence is checked as in a turn: six passages are given, its own and the five nearest (of other articles than `from`).
Beside the written ones, sentences of the reported passages are edited lightly by a program (`evals/light_edits.py`); they are true.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bot.ground import Check, Source, Verdict
from evals.beir import EvalError, read_lines
from evals.light_edits import light_edits
from evals.result import Gate, Result
from help_center.sources.base import SourceArticle
from retrieval.chunking import section_at, split
from retrieval.embedders import Embedder
from retrieval.reader import shipped

KINDS = ("copy", "paraphrase", "number", "name", "negation", "step", "other")
GIVEN = 6  # passages, as a model gets them
EDITED = 200  # lightly, at most


@dataclass(frozen=True)
class Case:
    id: str
    article: str
    heading: str
    sentence: str
    kind: str
    supported: bool
    origin: str

    @property
    def passage(self) -> tuple[str, str]:
        return self.article, self.heading


def read_cases(file: Path) -> list[Case]:
    """Raises EvalError for a line that cannot be used."""
    cases = []
    for number, told in read_lines(file):
        try:
            case = Case(
                str(told["id"]), told["article"], told["heading"], told["sentence"], told["kind"], told["supported"],
                told.get("from", ""),
            )  # fmt: skip
        except KeyError as missing:
            raise EvalError(f"{file}, line {number}: {missing} is needed.") from None
        if case.kind not in KINDS:
            raise EvalError(f"{file}, line {number}: the kinds are {', '.join(KINDS)}.")
        cases.append(case)
    return cases


class Passages:
    """Every section of the articles under (article id, last heading), and which are near to each other."""

    def __init__(self, articles: Sequence[SourceArticle], embedder: Embedder) -> None:
        self.sources: dict[tuple[str, str], Source] = {}
        for article in articles:
            for passage in split(article.id, article.title, article.body):
                starts = [section.start for section in passage.sections]
                for part in [section_at(passage, start) for start in starts] or [passage]:
                    key = (article.id, part.headings[-1] if part.headings else "")
                    text = part.text
                    if key in self.sources:
                        text = f"{self.sources[key].text}\n\n{text}"
                    context = "\n".join((article.title, *part.headings))
                    self.sources[key] = Source(text, article.locale or "en", context)
        self._keys = list(self.sources)
        vectors = embedder.embed_passages([self.sources[key].whole for key in self._keys])
        self._near = vectors @ vectors.T

    def given(self, case: Case) -> list[Source]:
        """The case's own passage first, then the nearest of other articles than the one the sentence comes from."""
        at = self._keys.index(case.passage)
        order = [self._keys[i] for i in np.argsort(-self._near[at]) if i != at]
        near = [key for key in order if key[0] != case.origin][: GIVEN - 1]
        # fresh ones: what a turn cuts and embeds is what is timed
        return [
            Source(s.text, s.language, s.context) for s in (self.sources[k] for k in (case.passage, *near))
        ]


def judge(
    file: Path, articles: Sequence[SourceArticle], embedder: Embedder, gates: dict[str, float]
) -> Result:
    """Gates: figure -> bound; what is caught is to reach it, what is lost or takes time not to exceed it. Raises EvalError."""
    cases = read_cases(file)
    passages = Passages(articles, embedder)
    reader = shipped()
    lost = [case.id for case in cases if case.passage not in passages.sources]
    if lost:
        raise EvalError(f"{file}: no section of the help center is the passage of {', '.join(lost[:5])}.")
    figures: dict[str, float | None] = {}
    rows, misses, times = [], [], []
    kept: dict[tuple[str, str], list[bool]] = {}
    moved = []
    for case in [*cases, *edited(cases, passages, EDITED)]:
        given = passages.given(case)
        check = Check(given, "en", embedder, reader=reader)
        check.prepare()  # once a turn, while the model thinks
        began = time.process_time()  # a busy machine tells nothing of the check
        verdict = check.verdict(case.sentence, [1])
        times.append((time.process_time() - began) * 1000)
        words = Check(given, "en").verdict(case.sentence, [1])
        for how, told in (("", verdict), ("words alone: ", words)):
            kept.setdefault((how, case.kind), []).append(told.kept)
        if case.supported and case.kind != "edited":
            wrong = Check([*given[1:], given[0]], "en", embedder, reader=reader).verdict(case.sentence, [1])
            moved.append(wrong.kept and wrong.passages == (GIVEN,))
        rows.append(_row(case, verdict))
        if verdict.kept != case.supported:
            misses.append(_miss(case, verdict))
    for how in ("", "words alone: "):
        true = [one for kind in ("copy", "paraphrase") for one in kept.get((how, kind), [])]
        figures[f"{how}true lost"] = true.count(False) / len(true) if true else None
        for kind in ("copy", "paraphrase", "edited"):
            figures[f"{how}{kind} lost"] = _share(kept.get((how, kind), []), False)
        for kind in KINDS[2:]:
            figures[f"{how}{kind} caught"] = _share(kept.get((how, kind), []), False)
    figures["wrong citation corrected"] = _share(moved, True)
    figures["ms per sentence, median"] = float(np.median(times))
    figures["ms per sentence, 95 of 100"] = float(np.quantile(times, 0.95))
    held = tuple(
        Gate(name, figures[name] or 0.0, bound, at_least=name.endswith(("caught", "corrected")))
        for name, bound in gates.items()
    )
    document = {
        "figures": figures,
        "counts": {kind: len(kept.get(("", kind), [])) for kind in KINDS},
        "rows": rows,
    }
    return Result("sentences", figures, document, held, tuple(misses))


def edited(cases: Sequence[Case], passages: Passages, most: int) -> list[Case]:
    """Sentences of the cases' passages, lightly edited and still true; the same ones every time."""
    dice = random.Random(3)
    made = [
        Case("", *key, sentence, "edited", True, "")
        for key in dict.fromkeys(case.passage for case in cases)
        for unit in passages.sources[key].cut.units
        for sentence in light_edits(unit.text, dice)
    ]
    dice.shuffle(made)
    return [replace(case, id=f"edited-{number}") for number, case in enumerate(made[:most], 1)]


def _share(told: Sequence[bool], of: bool) -> float | None:
    return list(told).count(of) / len(told) if told else None


def _row(case: Case, verdict: Verdict) -> dict[str, object]:
    return {"id": case.id, "kind": case.kind, "supported": case.supported} | verdict.record(case.sentence)


def _miss(case: Case, verdict: Verdict) -> str:
    why = f" ({', '.join(verdict.reasons)})" if verdict.reasons else ""
    moved = " by another passage" if verdict.kept and verdict.passages != (1,) else ""
    return f"{case.kind}: {'kept' if verdict.kept else 'lost'}{moved}{why}: “{case.sentence[:110]}” [{case.article}]"
