"""The commands that evals add to `parley`: `eval` and `calibrate`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.logs import complain

if TYPE_CHECKING:
    from evals.result import Result
    from help_center.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def add(app: typer.Typer) -> None:
    """Adds the commands to the `parley` program."""
    app.command("eval")(evaluate)
    app.command("calibrate")(calibrate)
    app.command("labelled")(labelled)


def evaluate(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUITE...]",
            help="retrieval, searches, confidence, decisions, sentiment, wishes, topics, privacy, attacks, sentences, packets; all when none is named.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder in the BEIR layout, with cases.jsonl, or (sentiment) a .jsonl file; our own cases without it."
        ),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="retrieval: write a TREC run here, 100 deep.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report as HTML here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure answers, confidence, decisions and moods. Exit 1 when a gate falls short."""
    from evals.report import as_html, as_text
    from evals.run import about, run_suites
    from help_center.settings import load_settings

    settings = load_settings()
    results = run_suites(settings, suites or [], data, run)
    if report is not None:
        _write(report, as_html(results, "Eval report", about(settings, data)))
    if as_json:
        document: dict[str, Any] = {}
        for result in results:
            document[result.suite] = result.document
        only = next(iter(document.values())) if suites and len(suites) == 1 else document
        print(json.dumps(only, ensure_ascii=False, indent=1))
    else:
        print(as_text(results))
    if not all(gate.held for result in results for gate in result.gates):
        raise typer.Exit(1)


def calibrate(
    data: Annotated[
        Path | None, typer.Option(help="A folder with queries.jsonl and qrels.tsv (and corpus.jsonl).")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report as HTML here.")] = None,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset", help="Forget the fit of this installation: the shipped default serves again."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit the confidence to labelled questions, and keep it for this installation. Exit 1 when it breaks its promise."""
    from evals.beir import EvalError, read_set
    from evals.report import as_html
    from evals.run import about
    from evals.run import calibrate as fit_and_keep
    from help_center.settings import load_settings

    if reset and (data or report):
        raise EvalError("--reset forgets a fit: give it without --data and --report.")
    settings = load_settings()
    if reset:
        _reset(settings, as_json)
        return
    if data is None:
        raise EvalError("give --data DIR with labelled questions, or --reset.")
    result = fit_and_keep(settings, read_set(data))
    told = result.document
    if report is not None:
        _write(report, as_html([result], "Calibration report", about(settings, data)))
    if told["warning"]:
        complain(told["warning"])
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _print_fit(result)
    if not told["kept"]:
        raise typer.Exit(1)


def _print_fit(result: Result) -> None:
    from evals.report import promise

    told = result.document
    print(f"fitted on {told['fitted_on']}{' and kept' if told['kept'] else ''}.")
    print(
        f"cross-validated: calibration error {told['ece']:.3f} ({told['ece_by_chance']:.3f} by chance alone), AUROC {told['auroc']:.3f}"
    )
    print("threshold  coverage  wrong  upper bound")
    for row in told["risk_coverage"]:
        print(
            f"{row['threshold']:9.3f} {row['coverage']:9.2f} {row['wrong']:6.2f} {row['upper_bound']:12.2f}"
        )
    assert result.forecast is not None
    print(promise(result.forecast))


def _reset(settings: Settings, as_json: bool) -> None:
    from evals.run import reset

    told = reset(settings)
    if told["warning"]:
        complain(told["warning"])
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    forgotten = "your own fit is forgotten" if told["had"] else "there was no fit of your own"
    threshold = told["answer_from"]
    answers = "nothing" if threshold is None else f"from a confidence of {threshold:.2f} on"
    print(
        f"{forgotten}: the shipped default is in force ({told['fitted_on']}); at the dial of {told['dial']:g} it answers "
        f"{answers}. A running server follows within a second."
    )


def labelled(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    since: Annotated[datetime | None, typer.Option(help="Only what was resolved since this day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write what agents said of questions as a folder that `parley calibrate --data DIR` reads."""
    from bot.house import House
    from escalation.labelled import labelled as collect
    from evals.beir import write_labelled
    from help_center.settings import load_settings

    with House(load_settings()).database.read() as session:
        told = collect(session, since.replace(tzinfo=UTC) if since else None)
    write_labelled(folder, told.questions)
    answered = sum(one.article_id is not None for one in told.questions)
    if as_json:
        document = {"questions": len(told.questions), "answered": answered, "left_out": dict(told.left_out)}
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    print(
        f"{folder}: {len(told.questions)} questions, {answered} with the article that answers, "
        f"{len(told.questions) - answered} that no article answers."
    )
    for reason, n in told.left_out.most_common():
        print(f"left out: {n} ({reason}).")
    if told.questions:
        print(f"next: parley calibrate --data {folder}")
    else:
        print("Agents choose an outcome when they resolve a conversation; each becomes a question here.")


def _write(report: Path, page: str) -> None:
    report.write_text(page, encoding="utf-8")
    print(f"report: {report}", file=sys.stderr)
