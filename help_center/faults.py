"""What goes wrong, told to whoever runs Parley. Each part has its own kinds; the command line knows them by `Mendable`."""

from __future__ import annotations


class Mendable(Exception):
    """Whoever runs Parley can mend it. The message is one line that says what to do; a command ends with it, and with 2."""


def reason(error: BaseException) -> str:
    """Why, in one line: the first of what the error says, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
