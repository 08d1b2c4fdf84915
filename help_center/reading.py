"""In which language a page speaks and which articles it prefers: for this address, this reader, this site.

Pure but for the request's headers. `?locale=` is obeyed; else the browser's languages are, among those that there are.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from help_center.sources.base import normal_locale, primary_language


def language_of(locale: str | None) -> str | None:
    """`de` of `de-AT`; None for what is no language."""
    known = normal_locale(locale) if locale else None
    return primary_language(known) if known else None


def negotiated(accept_language: str, offered: Sequence[str], default: str) -> str:
    """The first language that the reader would like and that is offered (both without a region); the default else, or
    where that is not offered, the first that is."""
    for wanted in _wanted(accept_language):
        if wanted in offered:
            return wanted
    return default if default in offered or not offered else offered[0]


def _wanted(accept_language: str) -> list[str]:
    """The languages of an Accept-Language header, best first."""
    weighed: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language[:1000].split(",")[:50]):
        tag, _, parameters = part.partition(";")
        language = language_of(tag.strip())
        weight = 1.0
        name, _, value = parameters.strip().partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        if language and weight > 0:
            weighed.append((-weight, place, language))
    return [language for _, _, language in sorted(weighed)]


def offered_languages(chosen: Collection[str], spoken: Collection[str], default: str) -> list[str]:
    """The languages of the switcher: those that the owner has chosen, else those that there are articles in; the default
    first."""
    languages = {language_of(one) or one for one in (chosen or spoken)}
    return sorted(languages, key=lambda one: (one != language_of(default), one))
