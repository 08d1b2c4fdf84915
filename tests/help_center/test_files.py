"""What a file is, its content says; pictures are written anew; files go with their conversation."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from help_center import pictures
from help_center.conversations import Conversation
from help_center.database import Database, now
from help_center.files import (
    CSV,
    DOCX,
    MAX_BYTES,
    PDF,
    PICTURE,
    TEXT,
    XLSX,
    ZIP,
    File,
    FileRefused,
    forget_unsent,
    keep,
    read_upload,
    safe_name,
    send,
    uploaded,
)
from help_center.people import Customer
from tests.conftest import grows
from tests.help_center.test_database import database, url

__all__ = ["database", "url"]  # fixtures: on SQLite and on PostgreSQL


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, kind, **more)
    return out.getvalue()


def photograph(width: int = 60, height: int = 30) -> bytes:
    """With a place, a maker and a camera held sideways."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Maker"
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return (
        picture("JPEG", (width, height), exif=exif.tobytes(), comment=b"a secret comment")
        + b"appended secret"
    )


def archive(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in files.items():
            made.writestr(name.replace("__", "/").replace("Content_Types", "[Content_Types].xml"), text)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "name", "content_type", "kept"),
    [
        (picture(), "a.exe", "image/png", "a.exe.png"),
        (picture("GIF"), "a.gif", "image/gif", "a.gif"),
        (picture("WEBP"), "a.jpg", "image/webp", "a.jpg.webp"),
        (photograph(), "IMG_1.JPG", "image/jpeg", "IMG_1.JPG"),
        (b"%PDF-1.7\n...", "bill.pdf", PDF, "bill.pdf"),
        (b"%PDF-1.7\n<script>", "bill.html", PDF, "bill.html.pdf"),
        ("Grüße, line one".encode(), "notes.txt", TEXT, "notes.txt"),
        ("Grüße".encode("cp1252"), "old.log", TEXT, "old.log.txt"),
        ("a\tb".encode("utf-16"), "table.csv", CSV, "table.csv"),
        (b"a,b\n1,2\n", "table.csv", CSV, "table.csv"),
        (b"a,b\n1,2\n", "table", TEXT, "table.txt"),
        (b'"name"\n"Ada"\n', "one column.csv", CSV, "one column.csv"),
        (b"<!-- <svg> --> a < b", "a.txt", TEXT, "a.txt"),
        (archive(**{"a.txt": "x"}), "a.zip", ZIP, "a.zip"),
        (archive(Content_Types="", word__document_xml="") .replace(b"document_xml", b"document.xml"), "a.docx", DOCX, "a.docx"),
        (archive(Content_Types="", xl__workbook_xml="").replace(b"workbook_xml", b"workbook.xml"), "a.zip", XLSX, "a.zip.xlsx"),
    ],
)  # fmt: skip
def test_what_a_file_is_its_content_says(data: bytes, name: str, content_type: str, kept: str) -> None:
    file = read_upload(data, name)
    assert (file.content_type, file.name) == (content_type, kept)
    assert file.size == len(file.data)


@pytest.mark.parametrize(
    ("data", "name", "status"),
    [
        (b"", "a.txt", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "a.png", 415),
        (b"\xef\xbb\xbf <!-- x --> <svg/>", "a.txt", 415),
        (b"<!----><!-->\n<!-- > --> <body>", "a.txt", 415),
        (b"<!DOCTYPE html><script>alert(1)</script>", "page.txt", 415),
        ("<html>".encode("utf-16"), "page.txt", 415),
        (b"MZ\x90\x00\x03", "a.txt", 415),
        (b"\x7fELF\x02\x01", "a.pdf", 415),
        (b"\x89PNG\r\n\x1a\n<script>", "a.png", 422),
        (b"GIF89a/*<script>alert(1)</script>", "a.gif", 422),
        (b"PK\x03\x04 nothing more", "a.zip", 422),
        (archive(Content_Types="", word__vbaProject_bin="").replace(b"vbaProject_bin", b"vbaProject.bin"), "a.docx", 415),
        (b"x" * (MAX_BYTES["attachment"] + 1), "a.txt", 413),
        (bomb(20_000, 20_000), "a.png", 422),
        (bomb(9_000, 9_000), "a.png", 422),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_a_reason(data: bytes, name: str, status: int) -> None:
    with pytest.raises(FileRefused) as refused:
        read_upload(data, name)
    assert refused.value.status == status
    assert refused.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.txt", lambda size: "<!---->" * size + "x"),
        ("a.csv", lambda size: ',"a",' + '"' * 10 * size + "x"),
    ],
)
def test_what_a_text_is_takes_as_long_as_it_is_long(name: str, made: Callable[[int], str]) -> None:
    grows(lambda size: read_upload(made(size).encode(), name), (10, 20))


def test_a_picture_of_an_article_is_a_picture() -> None:
    assert read_upload(picture(), "a.png", PICTURE).kind == PICTURE
    with pytest.raises(FileRefused) as refused:
        read_upload(b"%PDF-1.7", "a.pdf", PICTURE)
    assert refused.value.status == 415


def test_a_photograph_keeps_its_pixels_and_nothing_of_where_it_was_taken() -> None:
    sent = photograph()
    assert b"Secret Maker" in sent
    assert b"GPS" in sent or Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    file = read_upload(sent, "a.jpg")
    assert (file.width, file.height) == (30, 60), "turned upright"
    assert b"secret" not in file.data.lower()
    kept = Image.open(io.BytesIO(file.data))
    assert len(kept.getexif()) == 0
    assert "comment" not in kept.info


def test_a_large_picture_becomes_smaller_and_an_animation_goes_on_moving() -> None:
    large = read_upload(picture("JPEG", (6000, 3000)), "a.jpg")
    assert max(large.width or 0, large.height or 0) <= pictures.MAX_SIDE
    assert (large.width or 0) == 2 * (large.height or 0)
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)
    moving = Image.open(io.BytesIO(read_upload(out.getvalue(), "a.gif").data))
    assert (moving.n_frames, moving.info["duration"]) == (3, 200)


def film(frames: int, later: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF of 1 × 1 pixels, black and white by turns; its later frames are as large as they say."""

    def frame(size: tuple[int, int], colour: int) -> bytes:
        codes = [4, colour] * (size[0] * size[1]) + [
            5
        ]  # each pixel with a table of its own: always three bits
        packed = sum(code << 3 * place for place, code in enumerate(codes)).to_bytes(
            len(codes) * 3 // 8 + 1, "little"
        )
        blocks = b"".join(
            bytes([len(packed[at : at + 255])]) + packed[at : at + 255] for at in range(0, len(packed), 255)
        )
        timing = b"!\xf9\x04\x00\x05\x00\x00\x00"
        return timing + b"," + struct.pack("<HHHHB", 0, 0, *size, 0) + b"\x02" + blocks + b"\x00"

    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    pair = frame(later, 1) + frame(later, 0)
    return (
        head + frame((1, 1), 0) + pair * (frames // 2) + b";"
        if frames % 2
        else film(frames - 1, later)[:-1] + frame(later, 1) + b";"
    )


def test_a_film_is_read_no_farther_than_to_where_it_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    seek = GifImageFile._seek

    def watched(self: GifImageFile, frame: int, update_image: bool = True) -> None:
        read.append(frame)
        seek(self, frame, update_image)

    monkeypatch.setattr(GifImageFile, "_seek", watched)
    most = pictures.MOST_FRAMES
    assert Image.open(io.BytesIO(pictures.harmless(film(most)).data)).n_frames == most
    for long in (film(most + 1), film(20_001)):
        read.clear()
        assert Image.open(io.BytesIO(pictures.harmless(long).data)).n_frames == 1
        assert max(read) <= most
        assert len(read) < most + 10


def test_a_film_that_stands_still_for_a_quarter_of_an_hour_is_no_fault_of_ours() -> None:
    head, first, _ = film(1).partition(b"!\xf9")
    still = first[:-1].replace(b"\x05\x00", b"\xff\xff", 1)
    with pytest.raises(pictures.NoPicture):
        pictures.harmless(head + (b"!\xf9" + still) * 20 + b";")


def test_frames_that_grow_are_counted_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_DECODED", 5000)
    for size, frames in (49, 3), (70, 1):
        made = pictures.harmless(film(3, later=(size, size))).data
        assert Image.open(io.BytesIO(made)).n_frames == frames


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\me\\Bill.PDF", "Bill.PDF"),
        ("\u202efdp.exe", "fdp.exe.pdf"),
        ('a"b<c>\r\nX: y.pdf', "a b c X y.pdf"),
        ("", "file.pdf"),
        (".pdf", "pdf.pdf"),
        ("…" * 500 + ".pdf", "…" * 120 + ".pdf"),
        ("فاتورة.pdf", "فاتورة.pdf"),
    ],
)
def test_a_name_hides_nothing_and_ends_in_what_the_file_is(name: str, kept: str) -> None:
    assert safe_name(name, PDF) == kept


def conversation(database: Database) -> Conversation:
    with database.write() as session:
        session.add(Customer(id="cust_1", attributes={}))
        session.flush()
        made = Conversation(id="conv_1", customer_id="cust_1", greeting="Hi")
        session.add(made)
        return made


def test_files_are_counted_sent_once_and_go_with_their_conversation(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = conversation(database)
    with database.write() as session:
        mine_too = keep(session, read_upload(b"one", "1.txt"), mine.id)
        theirs = keep(session, read_upload(b"two", "2.txt"), mine.id, "agent_1")
        wanted = [mine_too.id, mine_too.id]
        assert [one["name"] for one in send(uploaded(session, mine, wanted), "msg_1")] == ["1.txt"]
        for refused in (mine_too.id, theirs.id, "file_unknown"):
            with pytest.raises(FileRefused):
                uploaded(session, mine, [refused])
        assert uploaded(session, mine, [theirs.id], "agent_1") == [theirs]
        monkeypatch.setattr("help_center.files.MAX_CONVERSATION_BYTES", 8)
        with pytest.raises(FileRefused) as full:
            keep(session, read_upload(b"three", "3.txt"), mine.id)
        assert full.value.status == 413
    forget_unsent(database, now() + timedelta(days=2))
    with database.read() as session:
        assert [file.id for file in session.query(File)] == [mine_too.id], "what was never sent is forgotten"
    with database.write() as session:
        session.delete(session.get_one(Conversation, mine.id))
    with database.read() as session:
        assert session.query(File).count() == 0
