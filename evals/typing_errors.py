"""Typing errors made by a seeded program: what fingers do to a message. Knows letters, and nothing of meaning."""

from __future__ import annotations

from random import Random

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    key: "".join(
        near
        for other, keys in enumerate(_ROWS)
        for place, near in enumerate(keys)
        if near != key and abs(other - row) <= 1 and abs(place - at) <= 1
    )
    for row, letters in enumerate(_ROWS)
    for at, key in enumerate(letters)
}
LETTERS_PER_ERROR = 20


def mistyped(text: str, random: Random) -> str:
    """The text with one typing error for each 20 letters begun, three at most: two letters swapped, one dropped, doubled or taken
    for its neighbour on the keyboard, or a space left out. A text without two letters in a row comes back as it is."""
    wrong = text
    for _ in range(min(3, 1 + len(text) // LETTERS_PER_ERROR)):
        for _ in range(50):  # some draws change nothing ("ll" swapped), or fall on a sign
            once = _one_error(wrong, random)
            if once not in (wrong, text):
                wrong = once
                break
    return wrong


def _one_error(text: str, random: Random) -> str:
    at = random.randrange(max(1, len(text) - 1))
    here, after = text[at : at + 1], text[at + 1 : at + 2]
    kind = random.choice(("swap", "drop", "double", "neighbour", "join"))
    if kind == "join":
        spaces = [place for place, sign in enumerate(text) if sign == " "]
        if not spaces:
            return text
        at = random.choice(spaces)
        return text[:at] + text[at + 1 :]
    if not (here.isalpha() and after.isalpha()):
        return text
    if kind == "swap":
        return text[:at] + after + here + text[at + 2 :]
    if kind == "drop":
        return text[: at + 1] + text[at + 2 :]
    if kind == "double":
        return text[: at + 1] + here + text[at + 1 :]
    near = NEIGHBOURS.get(here.lower())
    return text[:at] + random.choice(near) + text[at + 1 :] if near else text
