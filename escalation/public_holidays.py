"""The public holidays of countries and of their parts, as the `holidays` package knows them. Its types stop here."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


class UnknownCountry(ValueError):
    """No holidays are known for this. One line that says what to do."""


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """`country`: ISO 3166, `DE` or with its part, `DE-BY`. Raises UnknownCountry."""
    import holidays  # a tenth of a second: only where a country is set

    code, _, part = country.upper().partition("-")
    try:
        return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year))
    except NotImplementedError as error:
        raise UnknownCountry(
            f"no public holidays are known for {country!r}; use a code such as DE, or DE-BY for a part of it"
        ) from error
