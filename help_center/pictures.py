"""Pictures of strangers, made harmless: decoded, turned upright, bounded, and written anew without anything else.

What comes out has pixels and colours only: no place where it was taken, no comment, nothing appended. Knows formats, not
what a picture is for.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
MAX_SIDE = 4096  # pixels; larger ones are made smaller
MAX_PIXELS = (
    100_000_000  # as it says of itself, before anything is decoded: above it may be a decompression bomb
)
MOST_DECODED = (
    50_000_000  # pixels of all frames together that are decoded; JPEG is decoded smaller from the start
)
MOST_FRAMES = 300  # of an animation; each takes time, however small it is
_few = threading.Semaphore(2)  # decoding takes memory: so many at a time


class NoPicture(Exception):
    """It says that it is a picture and cannot be read as one, or is too large. One line that says what to do."""


@dataclass(frozen=True)
class Picture:
    data: bytes
    content_type: str
    width: int
    height: int


def is_picture(data: bytes) -> bool:
    """By its first bytes."""
    return data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (
        data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    )


def harmless(data: bytes) -> Picture:
    """The picture written anew. Raises NoPicture. Slow: call it in a thread."""
    with _few, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _anew(data)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise NoPicture(_TOO_LARGE) from None
        except (
            UnidentifiedImageError,
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            LookupError,
            OverflowError,
        ):
            raise NoPicture(
                "this picture cannot be read: it may be damaged. Save it anew and try again."
            ) from None


_TOO_LARGE = "this picture has too many pixels: make it smaller and try again."


def _anew(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data), formats=list(TYPES)) as opened:
        kind = opened.format or ""
        width, height = opened.size
        if width * height > MAX_PIXELS:
            raise NoPicture(_TOO_LARGE)
        if kind == "JPEG":
            opened.draft(
                None, (MAX_SIDE, MAX_SIDE)
            )  # decoded at a half, a quarter or an eighth where that is enough
        if opened.width * opened.height > MOST_DECODED:
            raise NoPicture(_TOO_LARGE)
        out = io.BytesIO()
        profile = opened.info.get("icc_profile")  # colours, no person
        keep = {"icc_profile": profile} if profile and kind != "GIF" else {}
        if kind in {"GIF", "WEBP"} and _moves(data):
            size = _save_moving(opened, kind, out)
        else:
            still = ImageOps.exif_transpose(opened)
            still.thumbnail((MAX_SIDE, MAX_SIDE))
            size = still.size
            if kind == "JPEG":
                flat = still if still.mode in {"L", "RGB"} else still.convert("RGB")
                keep = keep if flat is still else {}
                _bare(flat).save(out, "JPEG", quality=88, optimize=True, progressive=True, **keep)
            elif kind == "WEBP":
                _bare(still).save(out, "WEBP", quality=88, **keep)
            else:
                _bare(still).save(out, kind, optimize=True, **keep)
    return Picture(out.getvalue(), TYPES[kind], *size)


def _moves(data: bytes) -> bool:
    """Whether it is an animation to keep: a long one stays as its first picture. Looks no farther than to where it is too long:
    to count all frames may take minutes."""
    pixels = 0
    with Image.open(io.BytesIO(data), formats=list(TYPES)) as film:
        for number in range(MOST_FRAMES + 1):
            try:
                film.seek(number)
            except EOFError:
                return number > 1
            pixels += film.width * film.height  # a later frame may be larger than the first
            if pixels > MOST_DECODED:
                break
    return False


def _save_moving(film: Image.Image, kind: str, out: io.BytesIO) -> tuple[int, int]:
    durations: list[int] = []

    def stills() -> Iterator[Image.Image]:
        for frame in ImageSequence.Iterator(film):
            durations.append(min(max(int(frame.info.get("duration") or 100), 20), 60_000))
            still = frame.convert("RGBA")
            still.thumbnail((MAX_SIDE, MAX_SIDE))
            yield _bare(still)

    rest = stills()
    first = next(rest)
    loop = film.info.get("loop", 1 if kind == "GIF" else 0)
    more = {"disposal": 2} if kind == "GIF" else {"quality": 80}
    first.save(out, kind, save_all=True, append_images=rest, duration=durations, loop=loop, **more)
    return first.size


def _bare(picture: Image.Image) -> Image.Image:
    """Without what the writers would take along: EXIF, XMP, comments, text."""
    transparency = picture.info.get("transparency")
    picture.info = {} if transparency is None else {"transparency": transparency}
    return picture
