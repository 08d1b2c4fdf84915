"""Pictures of strangers, made harmless: decoded, turned upright, bounded, and written anew without anything else.

What comes out has pixels and colours only: no place where it was taken, no comment, nothing appended. Knows formats, not
what a picture is for.
"""

from __future__ import annotations

import io
import threading
import warnings
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
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError):
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
        frames = int(getattr(opened, "n_frames", 1)) if kind in {"GIF", "WEBP"} else 1
        if opened.width * opened.height > MOST_DECODED:
            raise NoPicture(_TOO_LARGE)
        if opened.width * opened.height * frames > MOST_DECODED:
            frames = 1  # a long animation stays as its first picture
        out = io.BytesIO()
        profile = opened.info.get("icc_profile")  # colours, no person
        keep = {"icc_profile": profile} if profile and kind != "GIF" else {}
        if frames > 1:
            size = _save_moving(opened, kind, frames, out)
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


def _save_moving(opened: Image.Image, kind: str, frames: int, out: io.BytesIO) -> tuple[int, int]:
    pictures, durations = [], []
    for frame in ImageSequence.Iterator(opened):
        durations.append(min(max(int(frame.info.get("duration") or 100), 20), 60_000))
        still = frame.convert("RGBA")
        still.thumbnail((MAX_SIDE, MAX_SIDE))
        pictures.append(_bare(still))
        if len(pictures) == frames:
            break
    loop = opened.info.get("loop", 1 if kind == "GIF" else 0)
    more = {"disposal": 2} if kind == "GIF" else {"quality": 80}
    pictures[0].save(
        out, kind, save_all=True, append_images=pictures[1:], duration=durations, loop=loop, **more
    )
    return pictures[0].size


def _bare(picture: Image.Image) -> Image.Image:
    """Without what the writers would take along: EXIF, XMP, comments, text."""
    transparency = picture.info.get("transparency")
    picture.info = {} if transparency is None else {"transparency": transparency}
    return picture
