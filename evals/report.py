"""Shows results: as text for a terminal, as one HTML page with its pictures drawn in SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from evals.result import Result

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #8884}
td.n{text-align:right;font-variant-numeric:tabular-nums}.short{color:#c0392b;font-weight:600}
svg{background:#8881;border-radius:8px;margin:.5rem 1rem .5rem 0}li{margin:.2rem 0}
"""


def as_text(results: Sequence[Result]) -> str:
    lines = []
    for result in results:
        lines.append(f"{result.suite}")
        lines += [
            f"  {name:32} {'-' if value is None else f'{value:.3f}'}"
            for name, value in result.figures.items()
        ]
        for gate in result.gates:
            sign = ">=" if gate.at_least else "<="
            lines.append(
                f"  {'ok   ' if gate.held else 'SHORT'} {gate.name}: {gate.value:.3f} {sign} {gate.bound}"
            )
        if result.misses:
            lines.append(f"  {len(result.misses)} misses, the first:")
            lines += [f"    {miss}" for miss in result.misses[:10]]
    return "\n".join(lines)


def as_html(results: Sequence[Result]) -> str:
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Parley: evals</title><style>{STYLE}</style><h1>Evals</h1>"
    ]
    for result in results:
        parts.append(f"<h2>{escape(result.suite)}</h2><table>")
        for name, value in result.figures.items():
            parts.append(f"<tr><td>{escape(name)}<td class=n>{'–' if value is None else f'{value:.3f}'}")
        for gate in result.gates:
            sign, kind = ("≥" if gate.at_least else "≤"), ("" if gate.held else " class=short")
            parts.append(
                f"<tr{kind}><td>gate: {escape(gate.name)} {sign} {gate.bound}<td class=n>{gate.value:.3f}"
            )
        parts.append("</table>")
        if result.bins:
            parts.append(
                _diagram(
                    "Reliability", "confidence", "share right", [(m, r) for _, m, r in result.bins], True
                )
            )
        if result.curve:
            parts.append(_diagram("Risk and coverage", "coverage", "share wrong", list(result.curve), False))
        if result.misses:
            parts.append(f"<details><summary>{len(result.misses)} misses</summary><ul>")
            parts += [f"<li>{escape(miss)}" for miss in result.misses]
            parts.append("</ul></details>")
    return "\n".join(parts)


def _diagram(title: str, x_name: str, y_name: str, points: list[tuple[float, float]], diagonal: bool) -> str:
    """A line through `points`, both axes 0..1, with the figures as its text alternative."""
    at = [(40 + 240 * x, 260 - 240 * y) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    told = "; ".join(f"{x:.2f}: {y:.2f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"/>' for x, y in at)
    line = '<line x1="40" y1="260" x2="280" y2="20" stroke="#8888" stroke-dasharray="4"/>' if diagonal else ""
    return (
        f'<svg width="320" height="300" role="img" aria-label="{escape(title)}: {escape(told)}">'
        f'<rect x="40" y="20" width="240" height="240" fill="none" stroke="#8886"/>{line}'
        f'<polyline points="{path}" fill="none" stroke="#1a56c4" stroke-width="2"/>{dots}'
        f'<text x="160" y="288" text-anchor="middle" font-size="13" fill="currentColor">{escape(x_name)}</text>'
        f'<text x="14" y="140" text-anchor="middle" font-size="13" fill="currentColor" transform="rotate(-90 14 140)">{escape(y_name)}</text>'
        f'<text x="160" y="14" text-anchor="middle" font-size="13" fill="currentColor">{escape(title)}</text></svg>'
    )
