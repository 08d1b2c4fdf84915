"""Which of the interface's languages a customer gets. Each is a module in `static/words`; a browser loads one of them."""

from __future__ import annotations

from pathlib import Path

from help_center.sources.base import normal_locale, primary_language

LANGUAGES = tuple(sorted(file.stem for file in (Path(__file__).parent / "static" / "words").glob("*.js")))
MOST_TAGS = 50  # of a header that anybody may have written


def chosen(wanted: str, accepted: str, default: str) -> str:
    """`wanted`: what the site asks for; `accepted`: the browser's Accept-Language; `default`: the owner's. Gives the tag,
    such as "pt-BR", whose language ("pt") is one of LANGUAGES."""
    for text in (wanted, *_by_preference(accepted), default):
        tag = normal_locale(text)
        if tag and primary_language(tag) in LANGUAGES:
            return tag
    return "en"


def _by_preference(accepted: str) -> list[str]:
    """The tags of `de-CH,de;q=0.9,en;q=0.8`, best first."""
    weighed = []
    for part in accepted.split(",")[:MOST_TAGS]:
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda one: -one[0]) if weight > 0]
