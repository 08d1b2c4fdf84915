"""One colour of the owner's, and what pages need of it: text that can be read on it, and its like for dark mode.

Contrast as WCAG 2.2 defines it. Pure; knows the surfaces of `static/colors.css`, which it keeps in step with, and no page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT = "#1a56c4"
READABLE = 4.5  # WCAG 2.2, 1.4.3: text
READABLE_AT_NIGHT = 6.0  # on dark grounds the least that is allowed still tires
SEEN = 3.0  # 1.4.11: what is no text
WHITE, BLACK, INK = "#ffffff", "#000000", "#0b1626"
LIGHT = ("#ffffff", "#f5f7fa")  # --surface and --surface-2 by day and by night
DARK = ("#131a24", "#1b2430")
STEPS = 50


@dataclass(frozen=True)
class Shades:
    """The meanings of colors.css that follow from the owner's colour, for one mode."""

    accent: str  # links, and the ground of buttons
    strong: str  # the same under the pointer
    soft: str  # a ground that hints at it
    on: str  # text on `accent`


@dataclass(frozen=True)
class Palette:
    """`brand` is the colour as it was given, `on_brand` the text that can be read on it."""

    brand: str
    on_brand: str
    light: Shades
    dark: Shades

    @property
    def css(self) -> str:
        """A style sheet that goes after colors.css. All of it is made here: nothing of the owner's text is in it."""
        brand = f"--brand: {self.brand}; --on-brand: {self.on_brand};"
        night = f"@media (prefers-color-scheme: dark) {{ :root {{ {_meanings(self.dark)} }} }}"
        return f":root {{ {brand} {_meanings(self.light)} }}\n{night}\n"


SHIPPED = Palette(  # as colors.css has it
    DEFAULT,
    WHITE,
    Shades(DEFAULT, "#14459e", "#eaf1fd", WHITE),
    Shades("#8ab4ff", "#a9c8ff", "#1c2d4a", INK),
)


def normal_color(text: str) -> str:
    """`#abc` and `ABCDEF` as `#rrggbb`. Raises ValueError."""
    found = re.fullmatch(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text.strip())
    if found is None:
        raise ValueError(f"{text[:30]!r} is no colour: write one such as #1a56c4")
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(color: str) -> str:
    """White or black, whichever is read better on it: at least 4.58 on every colour."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, color))


def palette(color: str) -> Palette:
    if color == DEFAULT:
        return SHIPPED
    return Palette(
        color, readable_on(color), _shades(color, LIGHT, BLACK, 0.08), _shades(color, DARK, WHITE, 0.2)
    )


def _shades(color: str, surfaces: tuple[str, str], towards: str, tint: float) -> Shades:
    """The colour, drawn `towards` black or white no further than it takes to be read on the surfaces and on its tint."""
    soft = _mixed(surfaces[0], color, tint)
    on, enough = (WHITE, READABLE) if towards == BLACK else (INK, READABLE_AT_NIGHT)

    def reads(candidate: str) -> bool:
        return all(contrast(candidate, ground) >= enough for ground in (*surfaces, soft, on))

    drawn = (_mixed(color, towards, step / STEPS) for step in range(STEPS + 1))
    accent = next(candidate for candidate in drawn if reads(candidate))
    return Shades(accent, _mixed(accent, towards, 0.25), soft, on)


def _meanings(shades: Shades) -> str:
    return (
        f"--accent: {shades.accent}; --accent-strong: {shades.strong}; --accent-soft: {shades.soft}; "
        f"--on-accent: {shades.on}; --focus: {shades.accent};"
    )


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _mixed(color: str, other: str, share: float) -> str:
    """`color` with so much of `other` in it."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(color: str) -> float:
    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = _channels(color)
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
