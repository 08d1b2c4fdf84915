"""Server-rendered pages: one Jinja environment over the template folders of all packages.

Knows where templates lie and how a page leaves the house (its security headers); not what is on it.
Everything is escaped; only `markup.render` makes HTML, and says so by returning `Markup` here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from help_center import markup
from help_center.people import STRANGER
from help_center.site import Site
from help_center.words import ENGLISH, direction, filled

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' https: data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
)


class Pages:
    """Renders templates. `folders`: template folders of the packages, `static`: url prefix -> folder of assets.

    Every template has `site`, what the owner has set as it is now, `site_name`, and the `words` of the help center's pages,
    in English where nothing else is given."""

    def __init__(self, folders: list[Path], static: dict[str, Path], site: Callable[[], Site] = Site) -> None:
        self._static = static
        self.site = site
        self._versions: dict[str, str] = {}
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            asset=self.asset, direction=direction, viewer=STRANGER, words=ENGLISH, language="en",
            head=None, switcher=(), suffix="", query="",
        )  # fmt: skip
        self._environment.filters["fill"] = filled
        self._environment.filters["markdown"] = lambda text: Markup(markup.render(text))

    def asset(self, url: str) -> str:
        """The address of a static file with its content's version, so that it can be cached for ever."""
        if url not in self._versions:
            # the longest prefix that fits: /static/help stands inside of /static
            prefix = max((one for one in self._static if url.startswith(one + "/")), key=len)
            data = (self._static[prefix] / url.removeprefix(prefix + "/")).read_bytes()
            self._versions[url] = hashlib.sha256(data).hexdigest()[:10]
        return f"{url}?v={self._versions[url]}"

    def page(
        self, template: str, /, *, status: int = 200, ancestors: str = "'self'", **context: Any
    ) -> HTMLResponse:
        """The rendered page with its security headers. `ancestors`: who may frame it."""
        site = self.site()
        context = {"site": site, "site_name": site.name} | context
        spoken = "en" if context.get("words", ENGLISH) is ENGLISH else str(context["language"])
        context |= {"page_lang": spoken, "page_dir": direction(spoken)}
        html = self._environment.get_template(template).render(**context)
        headers = {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY.format(ancestors=ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
        }
        return HTMLResponse(html, status, headers)
