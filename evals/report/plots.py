"""The pictures of a report, as SVG: reliability, risk and coverage, calibration error. Text in, markup out.

Every picture carries its message as a label; the report puts its figures beside it as a table. Colours are the
page's own (`report.css`), so that light and dark hold for the pictures, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from markupsafe import Markup, escape

from evals.result import Forecast
from evals.scores import Bin, count_bound, interval

WIDTH, HEIGHT = 400, 320
LEFT, RIGHT, TOP, FLOOR = 56, 386, 14, 278
HISTOGRAM = 74  # high
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
BARS = 20  # of the histogram of confidences
MOST_POINTS = 240  # of the risk-coverage curve
MOST_DIALS = 4  # the picture reaches to this many times the dial: what matters lies there
WIDE_ENOUGH = 0.02  # coverage from which on the curve decides how high the picture is


def percent(share: float) -> str:
    """31 %, 6.5 %: the sign never stands alone on a line."""
    value = 100 * share
    return f"{value:.1f}\u00a0%" if 0 < value < 9.95 else f"{value:.0f}\u00a0%"


def curve(forecast: Forecast) -> list[tuple[float, float, float, float]]:
    """Of the surest first: (threshold, coverage, share wrong, its count's bound), where the confidence changes."""
    order = np.argsort(-np.asarray(forecast.confidence, float), kind="stable")
    sure = np.asarray(forecast.confidence, float)[order]
    wrong = np.cumsum(~np.asarray(forecast.right, bool)[order])
    ends = [k for k in range(1, len(sure) + 1) if k == len(sure) or sure[k] < sure[k - 1]]
    if len(ends) > MOST_POINTS:
        ends = [ends[round(i * (len(ends) - 1) / (MOST_POINTS - 1))] for i in range(MOST_POINTS)]
    asked = forecast.given.asked
    return [
        (float(sure[k - 1]), k / asked, int(wrong[k - 1]) / k, count_bound(int(wrong[k - 1]), k))
        for k in ends
    ]


def reliability_diagram(bins: Sequence[Bin], forecast: Forecast) -> Markup:
    """Confidence against the share that was right, with 90 % intervals; under it, how often each confidence was given."""

    def x(confidence: float) -> float:
        return LEFT + confidence * (RIGHT - LEFT)

    def y(share: float) -> float:
        return FLOOR - share * (FLOOR - TOP)

    parts = [_frame(y, QUARTERS, "share right")]
    parts.append(_line(x(0), y(0), x(1), y(1), "ideal"))
    parts.append(_text(x(0.31), y(0.22), "perfectly true", "start", "soft"))
    parts.append(_path([(x(b.mean), y(b.right)) for b in bins], "joined"))
    for b in bins:
        low, high = interval(round(b.right * b.n), b.n)
        told = (
            f"confidence {b.mean:.2f}: {percent(b.right)} of {b.n} right ({percent(low)} to {percent(high)})"
        )
        whisker = _line(x(b.mean), y(low), x(b.mean), y(high), "range")
        parts.append(_group(told, whisker, _dot(x(b.mean), y(b.right))))
    base = FLOOR + HISTOGRAM + 22
    counts = _histogram(forecast)
    most = max(1, *(right + wrong for right, wrong in counts))
    for place, (right, wrong) in enumerate(counts):
        left, wide = x(place / BARS) + 1, (RIGHT - LEFT) / BARS - 2
        tall, short = HISTOGRAM * right / most, HISTOGRAM * wrong / most
        told = f"confidence {place / BARS:.2f} to {(place + 1) / BARS:.2f}: {right} right, {wrong} wrong"
        bar_right = _rect(left, base - tall, wide, tall, "right")
        bar_wrong = _rect(left, base - tall - short, wide, short, "wrong")
        parts.append(_group(told, bar_right, bar_wrong))
    parts.append(_line(LEFT, base, RIGHT, base, "axis"))
    parts += [_text(x(v), base + 17, f"{v:g}", "middle", "tick") for v in QUARTERS]
    parts.append(_text((LEFT + RIGHT) / 2, base + 35, "confidence", "middle", "name"))
    parts.append(_text(LEFT - 6, base - HISTOGRAM + 9, str(most), "end", "tick"))
    parts.append(_text(14, base - HISTOGRAM / 2, "questions", "middle", "name", turned=True))
    if forecast.given.threshold is not None:
        at = forecast.given.threshold
        parts.append(_line(x(at), TOP, x(at), base, "threshold"))
        end, off = ("end", -5.0) if at > 0.5 else ("start", 5.0)
        parts.append(_text(x(at) + off, TOP + 11, f"answers from {at:.2f}", end, "mark"))
    worst = max(bins, key=lambda b: abs(b.mean - b.right), default=None)
    told = "Reliability diagram: the share of right answers against the confidence given."
    if worst is not None:
        told += f" The largest gap of {len(bins)} groups: at a mean confidence of {worst.mean:.2f}, {worst.right:.2f} were right."
    return _svg(base + 44, told, parts)


def risk_coverage_curve(forecast: Forecast) -> Markup:
    """How many would be wrong if the surest share of the questions were answered, the dial, and the threshold chosen."""
    points, given = curve(forecast), forecast.given
    seen = [wrong for _, coverage, wrong, _ in points if coverage >= WIDE_ENOUGH]
    top = _round_up(min(MOST_DIALS * given.dial, max([1.6 * given.dial, *(1.1 * wrong for wrong in seen)])))

    def x(coverage: float) -> float:
        return LEFT + coverage * (RIGHT - LEFT)

    def y(wrong: float) -> float:
        return FLOOR - min(wrong, top) / top * (FLOOR - TOP)

    parts = [_frame(y, _ticks(top), "share wrong")]
    parts += [
        _text(x(v), FLOOR + 17, f"{100 * v:g} %", "end" if v == 1 else "middle", "tick") for v in QUARTERS
    ]
    parts.append(_text((LEFT + RIGHT) / 2, FLOOR + 35, "share of the questions answered", "middle", "name"))
    if points:
        above = [(x(coverage), y(bound)) for _, coverage, _, bound in points]
        below = [(x(coverage), y(wrong)) for _, coverage, wrong, _ in points if wrong <= top]
        above = above[: len(below)]
        parts.append(_path([*above, *reversed(below)], "band", closed=True))
        parts.append(_path(above, "bound"))
        parts.append(_path(below, "risk"))
        if len(below) < len(points):
            parts.append(
                _text(RIGHT - 3, FLOOR - 8, f"all answered: {percent(points[-1][2])}", "end", "soft")
            )
    parts.append(_line(LEFT, y(given.dial), RIGHT, y(given.dial), "dial"))
    parts.append(_text(RIGHT - 3, y(given.dial) - 6, f"dial {percent(given.dial)}", "end", "dial-name"))
    told = f"Risk-coverage curve: the dial is {percent(given.dial)}."
    mark = chosen(forecast)
    if mark is not None:
        coverage, wrong, bound = mark
        label = f"{percent(coverage)} answered"
        place, off = ("end", -6.0) if coverage > 0.6 else ("start", 6.0)
        parts.append(_line(x(coverage), TOP, x(coverage), FLOOR, "threshold"))
        parts.append(_text(x(coverage) + off, TOP + 11, label, place, "mark"))
        told_here = f"from {given.threshold:.2f} on: {label}, {percent(wrong)} wrong, by the count alone at most {percent(bound)}"
        whisker = _line(x(coverage), y(wrong), x(coverage), y(bound), "range")
        parts.append(_group(told_here, whisker, _dot(x(coverage), y(wrong), 6)))
        told += f" {told_here[0].upper()}{told_here[1:]}."
    elif given.threshold is None:
        told += " No threshold keeps that promise."
    if points:
        told += f" Were all answered, {percent(points[-1][2])} would be wrong."
    return _svg(FLOOR + 44, told, parts)


def chosen(forecast: Forecast) -> tuple[float, float, float] | None:
    """(coverage, share wrong, its count's bound) at the threshold in force, by the confidence alone."""
    at = forecast.given.threshold
    if at is None:
        return None
    reached = [was for sure, was in zip(forecast.confidence, forecast.right, strict=True) if sure >= at]
    if not reached:
        return None
    wrong = len(reached) - sum(reached)
    return len(reached) / forecast.given.asked, wrong / len(reached), count_bound(wrong, len(reached))


def error_strip(observed: float, chances: Sequence[float]) -> Markup:
    """The calibration error on a line, beside where chance alone puts that of a perfectly true confidence."""
    low, mean, high = np.quantile(chances, 0.05), float(np.mean(chances)), np.quantile(chances, 0.95)
    top = _round_up(1.15 * max(observed, float(high), 0.02))

    def x(error: float) -> float:
        return LEFT + error / top * (RIGHT - LEFT)

    middle = 34.0
    parts = [
        _line(LEFT, middle, RIGHT, middle, "axis"),
        _rect(x(float(low)), middle - 8, x(float(high)) - x(float(low)), 16, "chance"),
        _line(x(mean), middle - 8, x(mean), middle + 8, "ideal"),
        _dot(x(observed), middle, 6),
        _text(min(max(x(observed), LEFT + 46), RIGHT - 46), 16, f"observed {observed:.3f}", "middle", "mark"),
    ]
    for tick in _ticks(top):
        place = "end" if tick == top else "middle"
        parts.append(_text(x(tick), 64, f"{tick:g}", place, "tick"))
    told = f"Calibration error: observed {observed:.3f}; chance alone {mean:.3f}, in 9 of 10 draws {low:.3f} to {high:.3f}."
    return _svg(72, told, parts)


def _histogram(forecast: Forecast) -> list[tuple[int, int]]:
    """(right, wrong) by twentieth of confidence."""
    counts = [[0, 0] for _ in range(BARS)]
    for sure, was in zip(forecast.confidence, forecast.right, strict=True):
        counts[min(int(sure * BARS), BARS - 1)][0 if was else 1] += 1
    return [(right, wrong) for right, wrong in counts]


def _round_up(value: float) -> float:
    """The next handsome end of an axis, at most 1."""
    ends = (0.01, 0.02, 0.03, 0.04, 0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)
    return next((end for end in ends if value <= end), 1.0)


def _ticks(top: float) -> list[float]:
    """From 0 to `top` in three to five steps of 1, 2 or 5 times a power of ten."""
    steps = next(
        (
            n
            for n in (4, 5, 3)
            if f"{top / n:.0e}"[0] in "125" and float(f"{top / n:.0e}") == round(top / n, 9)
        ),
        4,
    )
    return [round(top * k / steps, 9) for k in range(steps + 1)]


def _frame(y: Callable[[float], float], ticks: Sequence[float], name: str) -> Markup:
    parts = []
    for tick in ticks:
        parts.append(_line(LEFT, y(tick), RIGHT, y(tick), "grid" if tick else "axis"))
        told = f"{tick:g}" if ticks[-1] == 1 and name == "share right" else f"{round(100 * tick, 2):g} %"
        parts.append(_text(LEFT - 6, y(tick) + 4, told, "end", "tick"))
    parts.append(_text(12, (TOP + FLOOR) / 2, name, "middle", "name", turned=True))
    return Markup("").join(parts)


def _svg(height: float, told: str, parts: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, math.ceil(height), told, Markup("").join(parts)
    )


def _group(told: str, *parts: Markup) -> Markup:
    return Markup("<g><title>{}</title>{}</g>").format(told, Markup("").join(parts))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return Markup(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')


def _rect(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return Markup(
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}" class="{kind}"/>'
    )


def _dot(x: float, y: float, radius: float = 4.5) -> Markup:
    return Markup(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="dot"/>')


def _path(points: Sequence[tuple[float, float]], kind: str, closed: bool = False) -> Markup:
    if not points:
        return Markup("")
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return Markup(f'<path d="M{steps}{"Z" if closed else ""}" class="{kind}"/>')


def _text(x: float, y: float, told: str, anchor: str, kind: str, turned: bool = False) -> Markup:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return Markup(
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"{turn}>{escape(told)}</text>'
    )
