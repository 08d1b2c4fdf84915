"""Text as such: what is legible of it, what names it in an address, and words as Markdown that shows exactly them."""

from __future__ import annotations

import hashlib
import re
import string
import unicodedata

MAX_SLUG = 80  # characters
PUNCTUATION = re.compile("([" + re.escape(string.punctuation) + "])")
_UNWANTED_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def legible(text: str) -> str:
    """The text without control characters (line feeds and tabs stay) and without lone surrogates, which
    become U+FFFD; lines end in a line feed alone."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED_CONTROL.sub("", text).replace("\ufeff", "")


def shortened(text: str, most: int) -> str:
    """At most so many characters of a text; a cut shows."""
    return text if len(text) <= most else text[: most - 1] + "…"


_FOLDED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i"}


def slugify(title: str) -> str:
    """A name for addresses, at most 80 characters: lower case, in ASCII where the letters have an ASCII base
    (é, ł), in their own script where not (日本), and a short hash where there is no letter at all."""
    kept = []
    for character in unicodedata.normalize("NFKC", legible(title)).casefold():
        if character in _FOLDED:
            kept.append(_FOLDED[character])
            continue
        base = unicodedata.normalize("NFKD", character)[0]
        if base.isascii() and base.isalnum():
            kept.append(base)
        elif unicodedata.category(character)[0] in "LNM":
            kept.append(character)
        elif character not in "'’ʼ":
            kept.append(" ")
    words = "".join(kept).split()
    slug = "-".join(words)
    if len(slug) > MAX_SLUG:
        cut = slug[: MAX_SLUG + 1].rfind("-")
        slug = slug[: cut if cut > MAX_SLUG // 2 else MAX_SLUG].strip("-")
    if not any(character.isalnum() for character in slug):
        return "a" + hashlib.sha256(title.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return slug


def as_text(words: str) -> str:
    """Markdown that shows exactly these words: every character that could mean something is escaped."""
    paragraphs = (" ".join(line.split()) for line in words.split("\n"))
    return "\n\n".join(PUNCTUATION.sub(r"\\\1", line) for line in paragraphs if line)
