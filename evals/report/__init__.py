"""Shows results: as text for a terminal, as one HTML page that needs nothing from elsewhere.

Knows how figures are told and laid out (`report.html`), not how they were made. What customers wrote is data: every
text is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evals.report import plots
from evals.report.meanings import SUITES, meaning
from evals.report.plots import percent
from evals.result import Bars, Cost, Forecast, Gate, Result
from evals.scores import BROKEN, by_chance, count_bound, ece, eces_by_chance, interval, reliability

HEADLINE = 4  # figures of a suite in the summary
TABLE_ROWS = 20  # of the risk-coverage table


@dataclass(frozen=True)
class _Figure:
    """A row of a suite's table. `meter`: where it lies between 0 and 1, when it is a share."""

    name: str
    told: str
    meaning: str
    meter: float | None
    gate: Gate | None


def as_text(results: Sequence[Result]) -> str:
    lines = []
    for result in results:
        lines.append(f"{result.suite}")
        lines += [
            f"  {name:32} {'-' if value is None else f'{value:.3f}'}"
            for name, value in result.figures.items()
        ]
        if result.forecast is not None:
            lines.append(f"  {promise(result.forecast)}")
        for gate in result.gates:
            sign = ">=" if gate.at_least else "<="
            lines.append(
                f"  {'ok   ' if gate.held else 'SHORT'} {gate.name}: {gate.value:.3f} {sign} {gate.bound}"
            )
        if result.misses:
            lines.append(f"  {len(result.misses)} misses, the first:")
            lines += [f"    {miss}" for miss in result.misses[:10]]
    return "\n".join(lines)


def as_html(results: Sequence[Result], title: str = "Evals", facts: Sequence[tuple[str, str]] = ()) -> str:
    """One page. `facts`: what holds for all of the results, such as the day and the data."""
    environment = Environment(
        loader=PackageLoader("evals", "report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["percent"] = percent
    gates = [gate for result in results for gate in result.gates]
    return environment.get_template("report.html").render(
        title=title,
        facts=facts,
        verdict=_verdict(gates) if gates else "",
        short=[gate for gate in gates if not gate.held],
        suites=[_suite(result) for result in results],
        colors=Markup(files("help_center").joinpath("static/colors.css").read_text("utf-8")),
        style=Markup(files("evals").joinpath("report/report.css").read_text("utf-8")),
    )


def promise(forecast: Forecast) -> str:
    """What the dial gives and costs, in one or two sentences."""
    given = forecast.given
    dial = percent(given.dial)
    if given.threshold is None:
        told = (
            f"At a dial of {dial} no threshold keeps the promise on the questions that were labelled: no answer is given "
            "on the strength of the confidence. More labelled questions, or a higher dial, change that."
        )
        if given.answered:
            told += f" {given.answered} answers were given for other reasons, {given.wrong} of them wrong."
        return told
    if not given.answered:
        return f"At a dial of {dial} none of these {given.asked} questions reaches the threshold of {given.threshold:.2f}."
    promised = (
        ""
        if given.bound is None
        else f"; the fit promises at most {percent(given.bound)} (upper bound, right in 4 of 5 cases)"
    )
    return (
        f"At a dial of {dial}, {percent(given.answered / given.asked)} of the questions are answered; "
        f"{percent(given.wrong / given.answered)} of these answers are wrong{promised}. "
        f"Counted from these {given.answered} answers alone, it could be up to "
        f"{percent(count_bound(given.wrong, given.answered))} (90\u00a0% confidence)."
    )


def _verdict(gates: Sequence[Gate]) -> str:
    short = sum(not gate.held for gate in gates)
    if short:
        return f"{short} of {len(gates)} gates {'falls' if short == 1 else 'fall'} short."
    return f"All {len(gates)} gates held." if len(gates) > 1 else "The one gate held."


def _suite(result: Result) -> dict[str, Any]:
    gates = {gate.name: gate for gate in result.gates}
    figures = [
        _Figure(
            name,
            _told(value),
            result.meanings.get(name) or meaning(name),
            value if value is not None and 0 <= value <= 1 and name not in {"dial"} else None,
            gates.pop(name, None),
        )
        for name, value in result.figures.items()
    ]
    figures += [  # gates on what is no figure of its own
        _Figure(
            gate.name, _told(gate.value), result.meanings.get(gate.name) or meaning(gate.name), None, gate
        )
        for gate in gates.values()
    ]
    return {
        "name": result.suite,
        "question": SUITES.get(result.suite, ""),
        "facts": result.facts,
        "figures": figures,
        "held": sum(gate.held for gate in result.gates),
        "gates": len(result.gates),
        "headline": _headline(result),
        "bars": [_bars(bars) for bars in result.bars],
        "forecast": _forecast(result.forecast) if result.forecast is not None else None,
        "misses": result.misses,
    }


def _headline(result: Result) -> str:
    """What the summary tells of a suite: what is gated, else its first figures."""
    told = [f"{gate.name} {_told(gate.value)}" for gate in result.gates if gate.name in result.figures]
    if result.forecast is not None:
        told = [
            f"AUROC {_told(result.figures.get('auroc'))}",
            f"calibration error {_told(result.figures.get('ece'))}",
        ]
    told = told or [f"{name} {_told(value)}" for name, value in list(result.figures.items())[:3]]
    rest = f", and {len(told) - HEADLINE} more" if len(told) > HEADLINE else ""
    return ", ".join(told[:HEADLINE]) + rest


def _told(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value > 1 and value == int(value) else f"{value:.3f}"


def _bars(bars: Bars) -> dict[str, Any]:
    rows = []
    for bar in bars.rows:
        low, high = interval(bar.hits, bar.n)
        share = bar.hits / bar.n if bar.n else None
        rows.append(
            {"name": bar.name, "hits": bar.hits, "n": bar.n, "share": share, "low": low, "high": high}
        )
    return {"title": bars.title, "rows": rows, "lower": bars.lower_is_better}


def _forecast(forecast: Forecast) -> dict[str, Any]:
    """Everything that the template draws and tells of a forecast."""
    bins = reliability(forecast.confidence, forecast.right)
    error, chances = ece(forecast.confidence, forecast.right), eces_by_chance(forecast.confidence)
    points = plots.curve(forecast)
    step = max(1, -(-len(points) // TABLE_ROWS))
    given = forecast.given
    reached = (
        sum(sure >= given.threshold for sure in forecast.confidence) if given.threshold is not None else 0
    )
    return {
        "promise": promise(forecast),
        "kept": _kept(given),
        "given": given,
        "left": reached - given.answered,
        "judged": len(forecast.confidence),
        "cross_validated": forecast.cross_validated,
        "error": error,
        "chance": sum(chances) / len(chances),
        "excess": error - sum(chances) / len(chances),
        "reliability": plots.reliability_diagram(bins, forecast),
        "risk": plots.risk_coverage_curve(forecast),
        "strip": plots.error_strip(error, chances),
        "bins": [
            {"n": b.n, "mean": b.mean, "right": b.right, "range": interval(round(b.right * b.n), b.n)}
            for b in bins
        ],
        "points": [*points[step - 1 :: step], *([points[-1]] if len(points) % step else [])],
        "costs": [_cost(cost) for cost in forecast.costs],
    }


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "dial": cost.dial,
        "threshold": cost.threshold,
        "coverage": cost.answered / cost.asked if cost.asked else 0.0,
        "wrong": cost.wrong / cost.answered if cost.answered else None,
        "bound": cost.bound,
    }


def _kept(given: Cost) -> tuple[str, str]:
    """(mood, words): whether these questions bear the promise out."""
    if given.threshold is None or not given.answered:
        return "soft", "Nothing is promised, and nothing is broken."
    if count_bound(given.wrong, given.answered) <= given.dial:
        return "good", "The promise is kept, with 90\u00a0% confidence."
    if given.wrong <= given.dial * given.answered:
        return "good", "The promise is kept on these questions; more of them would prove it."
    if by_chance(given.wrong, given.answered, given.dial) >= BROKEN:
        return "warn", "More were wrong than the dial allows, by no more than chance explains."
    return "bad", "The promise is broken: more were wrong than chance explains."
