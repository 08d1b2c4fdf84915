"""What of a message can carry a mood or a wish: its prose, without links, handles and code."""

from __future__ import annotations

import re

READ_AT_MOST = 4000  # characters; a pasted log says nothing about the mood or the wish
_LINK_OR_HANDLE = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
_CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`", re.DOTALL)


def prose(text: str) -> str:
    """What of a message can carry a mood: no links, no @handles, no code, plain apostrophes, one kind of
    space.

    The embedding that the mood is read with should be made of the message without handles too."""
    text = _CODE.sub(" ", text[:READ_AT_MOST]).replace("’", "'").replace("‘", "'")
    return re.sub(r"\s+", " ", _LINK_OR_HANDLE.sub(" ", text)).strip()
