"""What an article's body becomes on its page: its HTML, its table of contents, the questions that it answers.

Made once for each state of an article and kept for the next reader. Knows Markdown and the words of a page; nothing of who
reads.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from help_center import markup
from help_center.articles import Article
from help_center.words import Words

MOST_CONTENTS = 200  # headings in a table of contents
MOST_QUESTIONS = 50  # that are told to search engines
LONGEST_ANSWER = 1200  # characters of one of them
HELD = 24_000_000  # characters of HTML that are kept
DESCRIPTION = 160  # characters

# `markup.render` writes every attribute in double quotes; a whole tag is matched, so never the inside of one.
_TAG = re.compile(r'<(/?)(h[1-6]|table|pre)((?: [a-z]+="[^"]*")*)>')
_ASKS = ("?", "？", "؟", ";")  # the last one asks in Greek


@dataclass(frozen=True)
class Body:
    """`headings`: (level, text, slug) of the first ones. `questions`: (question, answer) where headings ask."""

    html: Markup
    headings: tuple[tuple[int, str, str], ...]
    questions: tuple[tuple[str, str], ...]
    description: str
    picture: str | None  # the first one's address


class Bodies:
    """Bodies that were shown before. One for all threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str, str], Body] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def of(self, article: Article, words: Words) -> Body:
        key = (article.id, article.content_hash, words.heading)
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
                return held
        made = shown(article, words)
        with self._lock:
            if key not in self._held:
                self._held[key] = made
                self._size += len(made.html)
            while self._size > HELD and len(self._held) > 1:
                self._size -= len(self._held.popitem(last=False)[1].html)
        return made


def shown(article: Article, words: Words) -> Body:
    """The body for the page.

    The page's only h1 is the title: a body that starts with it loses it, one that has others has all its headings
    one level down. Tables and code scroll inside of themselves, by keyboard, too.
    """
    names = {kind: getattr(words, kind) for kind in set(markup.CALLOUTS.values())}
    html, headings = markup.render_with_headings(article.body, callouts=names)
    if headings and headings[0][0] == 1 and headings[0][1].casefold() == article.title.casefold():
        opening = f'<h1 id="{headings[0][2]}">'
        if html.startswith(opening):
            html = html[html.index("</h1>") + len("</h1>") :]
            headings = headings[1:]
    down = int(any(level == 1 for level, _, _ in headings))

    def fitted(tag: re.Match[str]) -> str:
        closing, name, attributes = tag.groups()
        if name == "table":
            region = f'<div class="scroll" role="region" aria-label="{escape(words.table)}" tabindex="0">'
            return "</table></div>" if closing else f"{region}<table{attributes}>"
        if name == "pre":
            return "</pre>" if closing else f'<pre tabindex="0"{attributes}>'
        return f"<{closing}h{min(6, int(name[1]) + down)}{attributes}>"

    told = [(level + down, text, slug) for level, text, slug in headings if level + down <= 3]
    picture = re.search(r'<img src="([^"]*)"', html)
    return Body(
        Markup(_TAG.sub(fitted, html)),
        tuple(told[:MOST_CONTENTS]),
        tuple(_questions(article.body, [text for _, text, _ in headings])),
        described(article.body),
        str(Markup(picture[1]).unescape()) if picture else None,
    )


def described(body: str) -> str:
    """The first words of a body, as a search engine or a feed shows them. `body` may have been cut."""
    text = " ".join(markup.plain_text(body[:2000]).split())
    return text if len(text) <= DESCRIPTION else text[:DESCRIPTION].rsplit(" ", 1)[0] + " …"


def _questions(body: str, headings: Sequence[str]) -> list[tuple[str, str]]:
    """What an article of questions and answers asks and answers; nothing where fewer than two of its headings ask."""
    if sum(heading.endswith(_ASKS) for heading in headings) < 2:
        return []
    found = [
        (heading, " ".join(answer.split())[:LONGEST_ANSWER])
        for heading, answer in markup.sections(body)
        if heading.endswith(_ASKS) and answer.strip()
    ]
    return found[:MOST_QUESTIONS] if len(found) > 1 else []
