"""Draws how search grows with the help center: an SVG, both axes logarithmic, readable on light and on dark.

Knows rows and points, not what was measured how.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from evals.bench.scale import Row

WIDTH, HEIGHT = 1000, 430
PANEL = 300  # the width of what is drawn in
TOP, BOTTOM = 70, 370
LEFT = (56, 600)  # of each of the two panels
APART = 15  # between two names at the ends of their lines

LIGHT = {"a": "#1d4ed8", "b": "#3b82f6", "c": "#15803d", "d": "#b45309", "e": "#6b7280"}
DARK = {"a": "#93c5fd", "b": "#3b82f6", "c": "#4ade80", "d": "#fbbf24", "e": "#9ca3af"}


def _colours(kinds: dict[str, str], text: str, quiet: str, grid: str) -> str:
    rules = [f"text {{ fill: {text} }} .quiet {{ fill: {quiet} }} .grid {{ stroke: {grid} }}"]
    rules += [
        f".line.{kind} {{ stroke: {colour} }} .name.{kind}, .dot.{kind} {{ fill: {colour} }}"
        for kind, colour in kinds.items()
    ]
    return "\n".join(rules)


STYLE = f"""
text {{ font: 12px system-ui, sans-serif }}
.title {{ font-size: 14px; font-weight: 600 }}
.line {{ fill: none; stroke-width: 2 }}
.dashed {{ stroke-dasharray: 5 4 }}
{_colours(LIGHT, "#1f2937", "#4b5563", "#d1d5db")}
@media (prefers-color-scheme: dark) {{
{_colours(DARK, "#e5e7eb", "#9ca3af", "#374151")}
}}
"""


@dataclass(frozen=True)
class _Line:
    name: str
    kind: str  # of the style
    value: Callable[[Row], float]
    dashed: bool = False


TIMES = (
    _Line("search, p95", "a", lambda row: row.search_ms[1]),
    _Line("search, p50", "b", lambda row: row.search_ms[0]),
    _Line("question embedded, p50", "c", lambda row: row.embed_ms[0], dashed=True),
    _Line("vector store, p50", "e", lambda row: row.vectors_ms[0], dashed=True),
    _Line("numpy, all cosines, p50", "d", lambda row: row.brute_ms[0], dashed=True),
)
SIZES = (
    _Line("in memory", "a", lambda row: row.resident_mb),
    _Line("on disk", "d", lambda row: row.disk_mb),
)


def drawn(rows: Sequence[Row]) -> str:
    """The chart as SVG text. Needs a row."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' aria-label="Search time, memory and disk by number of passages">',
        f"<style>{STYLE}</style>",
        *_panel(LEFT[0], "Milliseconds for a search", rows, TIMES),
        *_panel(LEFT[1], "MB for all of it", rows, SIZES),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(left: int, title: str, rows: Sequence[Row], lines: Sequence[_Line]) -> list[str]:
    sizes = [row.passages for row in rows]
    values = [line.value(row) for line in lines for row in rows if line.value(row) > 0]
    across = _scale(min(sizes), max(sizes), left, left + PANEL)
    lowest = 10 ** math.floor(math.log10(min(values, default=1)))
    highest = 10 ** math.ceil(math.log10(max(values, default=10)))
    up = _scale(lowest, max(highest, 10 * lowest), BOTTOM, TOP)
    parts = [f'<text class="title" x="{left}" y="{TOP - 40}">{escape(title)}</text>']
    tick = lowest
    while tick <= max(highest, 10 * lowest):
        y = up(tick)
        parts.append(f'<line class="grid" x1="{left}" x2="{left + PANEL}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="quiet" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:,g}</text>')
        tick *= 10
    for size in sizes:
        x = across(size)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{BOTTOM}" y2="{BOTTOM + 5}"/>')
        parts.append(
            f'<text class="quiet" x="{x:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{_short(size)}</text>'
        )
    parts.append(
        f'<text class="quiet" x="{left + PANEL}" y="{BOTTOM + 40}" text-anchor="end">passages</text>'
    )
    names: list[tuple[float, _Line]] = []
    for line in lines:
        points = [(across(row.passages), up(line.value(row))) for row in rows if line.value(row) > 0]
        if not points:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashed = " dashed" if line.dashed else ""
        parts.append(f'<polyline class="line {line.kind}{dashed}" points="{path}"/>')
        parts += [f'<circle class="dot {line.kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
        names.append((points[-1][1], line))
    for y, line in _spread(names):
        parts.append(
            f'<text class="name {line.kind}" x="{left + PANEL + 10}" y="{y + 4:.1f}">{escape(line.name)}</text>'
        )
    return parts


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Logarithmic, from low..high to start..end; the middle where both are the same."""
    if high <= low:
        return lambda value: (start + end) / 2
    span = math.log(high / low)
    return lambda value: start + (end - start) * math.log(value / low) / span


def _spread(names: list[tuple[float, _Line]]) -> list[tuple[float, _Line]]:
    """Names from top to bottom, none nearer than APART to the one above."""
    placed: list[tuple[float, _Line]] = []
    for y, line in sorted(names, key=lambda name: name[0]):
        placed.append((max(y, placed[-1][0] + APART) if placed else y, line))
    return placed


def _short(number: int) -> str:
    return f"{number / 1000:g}k" if number >= 1000 else str(number)
