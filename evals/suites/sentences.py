"""Does the check of sentences keep what a passage says, and drop what it does not say?

A case: {"id": "confidence-number-1", "article": "confidence", "heading": "", "sentence": "A confidence of 0.8 means that about
six in ten such answers are right.", "kind": "number", "supported": false}. The passage is that article's section under the
heading ("" is its opening). `copy` and `paraphrase` are true; `number`, `negation`, `name` and `step` are false; `other` is
true of another article, named in `from`, and false here. `says`: each a list of the passage's own sentences that together tell
what a true one says, or what is right in the place of a false one.

Caught is what is not shown as it was written. A true sentence is lost where it is neither shown nor said in the passages' own
words, as `says` has it.

Articles are the shipped ones and those of `evals/cases/trades`, written for this: other trades, in other words.
`sentences.jsonl` fits (`evals.fit_sentences`), by several hands; `sentences_another.jsonl`, by six others, is reported, and
apart from it `sentences_unseen.jsonl`, by the hand of a third of what is fitted. No article has sentences in two of them.

Each sentence is checked as in a turn: six passages are given, its own and the five nearest (of other articles than `from`).
Beside the written ones, sentences of the reported passages are edited lightly by a program (`evals/light_edits.py`); they are true.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from bot.ground import Check, Source, Verdict
from evals.beir import EvalError, read_lines
from evals.light_edits import light_edits
from evals.result import Gate, Result
from help_center.sources.base import SourceArticle
from retrieval.chunking import section_at, split
from retrieval.embedders import Embedder
from retrieval.embedders.base import Vectors
from retrieval.reader import Read, Reader, shipped

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
    says: tuple[tuple[str, ...], ...] = ()

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
                told.get("from", ""), tuple(tuple(map(str, all_of)) for all_of in told.get("says", ())),
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
        self._embedder = embedder

    @cached_property
    def _near(self) -> Vectors:
        vectors = self._embedder.embed_passages([self.sources[key].whole for key in self._keys])
        near: Vectors = vectors @ vectors.T
        return near

    def given(self, case: Case) -> list[Source]:
        """The case's own passage first, then the nearest of other articles than the one the sentence comes from."""
        at = self._keys.index(case.passage)
        order = [self._keys[i] for i in np.argsort(-self._near[at]) if i != at]
        near = [key for key in order if key[0] != case.origin][: GIVEN - 1]
        return [self.sources[key] for key in (case.passage, *near)]


def judge(
    file: Path,
    articles: Sequence[SourceArticle],
    embedder: Embedder,
    gates: dict[str, float],
    first_hand: Path | None = None,
) -> Result:
    """`first_hand`: sentences by the writer of most that is fitted, judged apart. Gates: figure -> bound; what is caught is to
    reach it, what is lost or takes time not to exceed it. Raises EvalError."""
    passages = Passages(articles, embedder)
    cases, others = (_known(one, passages) if one else [] for one in (file, first_hand))
    judge_one = _Judge(passages, embedder)
    rows, misses = [], []
    judged: dict[str, list[tuple[Case, Verdict]]] = {"": [], "first hand: ": [], "words alone: ": []}
    for case in [*cases, *edited(cases, passages, EDITED)]:
        verdict, words = judge_one(case)
        judged[""].append((case, verdict))
        judged["words alone: "].append((case, words))
        rows.append(_row(case, verdict))
        if verdict.kept != case.supported:
            misses.append(_miss(case, verdict))
    for case in others:
        judged["first hand: "].append((case, judge_one(case)[0]))
    figures = {
        f"{how}{name}": share
        for how, told in judged.items()
        if told
        for name, share in _figures(told).items()
    }
    figures["wrong citation corrected"] = _share(judge_one.moved, True)
    figures["ms per sentence, median"] = float(np.median(judge_one.times))
    figures["ms per sentence, 95 of 100"] = float(np.quantile(judge_one.times, 0.95))
    held = tuple(
        Gate(name, figures[name] or 0.0, bound, at_least=name.endswith(("caught", "corrected")))
        for name, bound in gates.items()
    )
    document = {
        "figures": figures,
        "counts": {kind: sum(case.kind == kind for case in cases) for kind in KINDS},
        "rows": rows,
    }
    return Result("sentences", figures, document, held, tuple(misses))


def _known(file: Path, passages: Passages) -> list[Case]:
    cases = read_cases(file)
    lost = [case.id for case in cases if case.passage not in passages.sources]
    if lost:
        raise EvalError(f"{file}: no section of the help center is the passage of {', '.join(lost[:5])}.")
    return cases


class Remembering(Reader):
    """A reader that reads no passage twice: a suite asks of each again and again."""

    def __init__(self, reader: Reader) -> None:
        self.__dict__.update(reader.__dict__)
        self._reads: dict[tuple[str, str], Read] = {}

    def read(self, text: str, context: str = "") -> Read:
        if (text, context) not in self._reads:
            self._reads[text, context] = super().read(text, context)
        return self._reads[text, context]


class _Judge:
    """The verdict on a case with all there is, and by words alone. `times`: ms of each; `moved`: of true ones that cite another
    passage, whether their own is found."""

    def __init__(self, passages: Passages, embedder: Embedder) -> None:
        self._passages, self._embedder, self._reader = passages, embedder, Remembering(shipped())
        self.times: list[float] = []
        self.moved: list[bool] = []

    def __call__(self, case: Case) -> tuple[Verdict, Verdict]:
        given = self._passages.given(case)
        check = Check(given, "en", self._embedder, reader=self._reader)
        check.prepare()  # once a turn, while the model thinks
        began = time.process_time()  # a busy machine tells nothing of the check
        verdict = check.verdict(case.sentence, [1])
        self.times.append((time.process_time() - began) * 1000)
        if case.supported and case.kind != "edited":
            wrong = Check([*given[1:], given[0]], "en", self._embedder, reader=self._reader)
            told = wrong.verdict(case.sentence, [1])
            self.moved.append(told.passages == (GIVEN,) if told.kept else said_rightly(case, told))
        fresh = [Source(one.text, one.language, one.context) for one in given]
        return verdict, Check(fresh, "en").verdict(case.sentence, [1])


def _figures(judged: Sequence[tuple[Case, Verdict]]) -> dict[str, float | None]:
    """True sentences: in doubt (not shown as they were written), of these said rightly in the passages' own words, and lost
    (neither). False ones: caught, and of these with a number, a name or a denial how many come out right."""
    true = [(case, verdict) for case, verdict in judged if case.supported and case.kind != "edited"]
    doubted = [(case, verdict) for case, verdict in true if not verdict.kept]
    figures = {
        "true in doubt": _share([verdict.kept for _, verdict in true], False),
        "in doubt, rightly said": _share([said_rightly(*one) for one in doubted], True),
        "true lost": _share([verdict.kept or said_rightly(case, verdict) for case, verdict in true], False),
    }
    of = {kind: [one for one in judged if one[0].kind == kind] for kind in (*KINDS, "edited")}
    for kind in ("copy", "paraphrase", "edited"):
        figures[f"{kind} in doubt"] = _share([verdict.kept for _, verdict in of[kind]], False)
    for kind in KINDS[2:]:
        figures[f"{kind} caught"] = _share([verdict.kept for _, verdict in of[kind]], False)
    for kind in ("number", "name", "negation"):
        figures[f"{kind} put right"] = _share([said_rightly(*one) for one in of[kind]], True)
    for kind in ("step", "other"):
        figures[f"{kind} brings words in"] = _share([bool(verdict.instead) for _, verdict in of[kind]], True)
    return figures


def said_rightly(case: Case, verdict: Verdict) -> bool:
    """Whether the passages' own words tell what the case says that they should; without that, what the sentence says."""
    said = _plain(verdict.instead)
    says = case.says or (((case.sentence,),) if case.kind in {"copy", "edited"} else ())
    return bool(verdict.instead) and any(all(_plain(one) in said for one in all_of) for all_of in says)


def _plain(text: str) -> str:
    """Its words, between spaces: tables and Markdown look alike."""
    return f" {re.sub(r'[^a-z0-9]+', ' ', text.lower()).strip()} "


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
    why += ", said rightly" if said_rightly(case, verdict) else ""
    moved = " by another passage" if verdict.kept and verdict.passages != (1,) else ""
    return f"{case.kind}: {'kept' if verdict.kept else 'lost'}{moved}{why}: “{case.sentence[:110]}” [{case.article}]"
