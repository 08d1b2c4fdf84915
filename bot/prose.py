"""What of a message can carry a mood or a wish: its prose, without links, handles and code, and the marks of feeling in it."""

from __future__ import annotations

import re

READ_AT_MOST = 4000  # characters; a pasted log says nothing about the mood or the wish
_LINK_OR_HANDLE = re.compile(r"https?://\S+|www\.\S+|(?<!\w)@\w+")
SMILE = re.compile(r"[:;=]-?[)D]|<3|[😀😁😂😃😄😊😍😎😉🙂🤗👍👏🙏🎉💜💙♥❤✨🙌😘]")
FROWN = re.compile(r"[:=]'?-?[(/\\](?!/)|[😠😡🤬😤😒🙄😞😔😢😭😩😫👎💩😑😐🤦😕☹]")
_CODE = re.compile(r"```.*?(?:```|$)|`[^`\n]*`", re.DOTALL)


def prose(text: str) -> str:
    """What of a message can carry a mood: no links, no @handles, no code, plain apostrophes, one kind of
    space."""
    text = _CODE.sub(" ", text[:READ_AT_MOST]).replace("’", "'").replace("‘", "'")
    return re.sub(r"\s+", " ", _LINK_OR_HANDLE.sub(" ", text)).strip()


def shouted(text: str) -> int:
    """The longest run of words in capitals, where it is no run of names (IBM HTTP SSL): 0 below three, or 1
    for a single long one next to "!"."""
    longest = run = 0
    for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text):
        if word.isupper() and (len(word) > 1 or word == "I"):
            run += 1
            longest = max(longest, run)
        else:
            run = 0
    if longest >= 3:
        return longest
    return 1 if re.search(r"\b[A-Z]{4,}\b[^.]{0,20}!", text) else 0
