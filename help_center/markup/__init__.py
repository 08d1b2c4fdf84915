"""The one place for markup that strangers wrote: HTML into Markdown, Markdown into safe HTML.

Imported HTML and Markdown is cleaned once, before it is stored (`html_to_markdown`, `clean_markdown`);
`render` trusts nothing all the same, and makes safe HTML of any text. Addresses pass one gate, `gate.py`.

Knows nothing about articles, files or where a text came from, and touches neither disk nor network.
"""

from help_center.markup.callouts import CALLOUTS, without_callout_marks
from help_center.markup.cleaning import clean_markdown
from help_center.markup.from_html import html_to_markdown
from help_center.markup.reading import Address, addresses, headings, plain_text, sections
from help_center.markup.rendering import render, render_with_headings
from help_center.markup.text import MAX_SLUG, legible, shortened, slugify

__all__ = [
    "CALLOUTS",
    "MAX_SLUG",
    "Address",
    "addresses",
    "clean_markdown",
    "headings",
    "html_to_markdown",
    "legible",
    "plain_text",
    "render",
    "render_with_headings",
    "sections",
    "shortened",
    "slugify",
    "without_callout_marks",
]
