"""Files that people send and pictures that articles show, kept in the database: every host of an installation has them.

What a file is, its content says, never its name; what is not on the list is refused. Pictures are written anew
(`pictures`). Files of a conversation go with it. Knows nothing of HTTP addresses but their form: `file_door` serves them.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import ForeignKey, Index, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from help_center.conversations import Conversation, locked
from help_center.database import Base, Database, new_id, now
from help_center.markup import legible
from help_center.pictures import TYPES, NoPicture, Picture, harmless, is_picture
from help_center.web import Problem

ATTACHMENT, PICTURE, LOGO = "attachment", "picture", "logo"  # of a conversation; of an article; of the house
MAX_BYTES = {ATTACHMENT: 10_000_000, PICTURE: 5_000_000, LOGO: 5_000_000}
MAX_PICTURE_BYTES = 5_000_000  # as it is kept: it was written anew
MAX_UPLOAD = 10_500_000  # of a request that brings one
MOST_PER_MESSAGE = 10
MOST_PER_CONVERSATION = 100
MAX_CONVERSATION_BYTES = 50_000_000
NEVER_SENT = timedelta(days=1)  # what was uploaded and not sent is forgotten after this
RASTER = frozenset(TYPES.values())  # shown in place; everything else is only ever saved

PDF, ZIP, TEXT, CSV = "application/pdf", "application/zip", "text/plain", "text/csv"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    PDF: (".pdf",),
    TEXT: (".txt",),
    CSV: (".csv",),
    ZIP: (".zip",),
    DOCX: (".docx",),
    XLSX: (".xlsx",),
}
ALLOWED = "PNG, JPEG, GIF, WebP, PDF, TXT, CSV, ZIP, DOCX and XLSX"


class FileRefused(Problem):
    """A file that is not taken: 413 too large or too many, 415 of a kind that is not on the list, 422 something else."""


class File(Base):
    __tablename__ = "files"
    __table_args__ = (Index("ix_files_unsent", "kind", "message_id", "created_at"),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    conversation_id: Mapped[str | None] = mapped_column(
        ForeignKey("conversations.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[str | None] = mapped_column(String(64))  # None: uploaded, not sent
    agent_id: Mapped[str | None] = mapped_column(String(64))  # who uploaded it; None: the customer
    name: Mapped[str] = mapped_column(String(200))
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]  # bytes, as kept
    sha256: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    width: Mapped[int | None]  # pixels, of pictures
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def url(self) -> str:
        return f"/files/{self.id}/{quote(self.name)}"

    @property
    def is_picture(self) -> bool:
        return self.content_type in RASTER


def read_upload(data: bytes, name: str, kind: str = ATTACHMENT) -> File:
    """A new row of a checked and cleaned file; whoever calls adds it to a session. Raises FileRefused.

    Slow for pictures: call it in a thread, outside of any transaction."""
    most = MAX_BYTES[kind]
    if not data:
        raise FileRefused(422, "the file is empty.")
    if len(data) > most:
        raise FileRefused(413, f"the file is larger than {most // 1_000_000} MB: send a smaller one.")
    picture: Picture | None = None
    if is_picture(data):
        try:
            picture = harmless(data)
        except NoPicture as error:
            raise FileRefused(422, str(error)) from None
        if len(picture.data) > (most if kind == ATTACHMENT else MAX_PICTURE_BYTES):
            raise FileRefused(413, f"the picture is larger than {most // 1_000_000} MB: make it smaller.")
        data, content_type = picture.data, picture.content_type
    elif kind != ATTACHMENT:
        raise FileRefused(415, "this is no picture that can be shown: use PNG, JPEG, GIF or WebP.")
    else:
        content_type = type_of(data, name)
        if content_type in {TEXT, CSV}:
            data = _as_utf8(data)
    return File(
        id=new_id("file"), kind=kind, name=safe_name(name, content_type), content_type=content_type,
        size=len(data), sha256=hashlib.sha256(data).hexdigest(), data=data,
        width=picture.width if picture else None, height=picture.height if picture else None,
        created_at=now(),
    )  # fmt: skip


def keep(session: Session, file: File, conversation_id: str, agent_id: str | None = None) -> File:
    """Adds what was uploaded to a conversation. Raises FileRefused (413) when that has enough already."""
    if locked(session, conversation_id) is None:  # two uploads at once are counted one after the other
        raise FileRefused(404, "there is no such conversation.")
    counted = select(func.count(), func.coalesce(func.sum(File.size), 0))
    many, size = session.execute(counted.where(File.conversation_id == conversation_id)).one()
    if many >= MOST_PER_CONVERSATION or size + file.size > MAX_CONVERSATION_BYTES:
        most = MAX_CONVERSATION_BYTES // 1_000_000
        raise FileRefused(
            413,
            f"this conversation has {MOST_PER_CONVERSATION} files or {most} MB already: no more can be added.",
        )
    file.conversation_id, file.agent_id = conversation_id, agent_id
    session.add(file)
    session.flush()
    return file


def uploaded(
    session: Session, conversation: Conversation, ids: list[str], agent_id: str | None = None
) -> list[File]:
    """Those of the ids that their uploader may send now, in their order. Raises FileRefused for any other."""
    if len(ids) > MOST_PER_MESSAGE:
        raise FileRefused(422, f"files: at most {MOST_PER_MESSAGE} in one message.")
    found = {file.id: file for file in session.scalars(select(File).where(File.id.in_(ids)))}
    files = []
    for id in dict.fromkeys(ids):
        file = found.get(id)
        mine = file is not None and (file.conversation_id, file.agent_id) == (conversation.id, agent_id)
        if file is None or not mine:
            raise FileRefused(422, "files: there is no such file here. Upload it again.")
        if file.message_id is not None:
            raise FileRefused(422, f"files: {file.name} was sent already. Upload it again.")
        files.append(file)
    return files


def send(files: list[File], message_id: str) -> list[dict[str, Any]]:
    """They belong to this message from now on; as the Message shows them."""
    for file in files:
        file.message_id = message_id
    return [file_json(file) for file in files]


def forget_unsent(database: Database, at: datetime | None = None) -> None:
    """A clock's job: what was uploaded and never sent."""
    old = (at or now()) - NEVER_SENT
    unsent = (File.kind == ATTACHMENT) & File.message_id.is_(None) & (File.created_at < old)
    with database.read() as session:
        if session.scalar(select(File.id).where(unsent).limit(1)) is None:
            return
    with database.write() as session:
        session.execute(delete(File).where(unsent))


def file_json(file: File) -> dict[str, Any]:
    """A file of a Message. `url` opens for agents, and for the customer with the conversation's token or signed."""
    told: dict[str, Any] = {
        "id": file.id, "name": file.name, "content_type": file.content_type, "size": file.size, "url": file.url,
    }  # fmt: skip
    return told | ({"width": file.width, "height": file.height} if file.is_picture else {})


# --- what it is, by its content ----------------------------------------------------------------------------

_controls = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_comment = re.compile(r"\s*<!--")
_markup = re.compile(r"\s*<(?:!doctype|html|svg|\?xml|head|body|script|iframe)\b", re.I)


def type_of(data: bytes, name: str) -> str:
    """Of anything but a picture. The name only tells a table from other text. Raises FileRefused."""
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(data)
    text = _text(data)
    if text is not None and not _is_page(text[:4000]):
        return CSV if name.lower().endswith(".csv") else TEXT
    raise FileRefused(415, f"files of this kind are not taken: {ALLOWED} are.")


def _zipped(data: bytes) -> str:
    """An archive, or what an office program keeps in one. Its list is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, UnicodeDecodeError):
        raise FileRefused(422, "this archive cannot be read: it may be damaged.") from None
    if "[Content_Types].xml" not in names:
        return ZIP
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise FileRefused(415, "documents with macros are not taken: save it without them.")
    if "word/document.xml" in names:
        return DOCX
    return XLSX if "xl/workbook.xml" in names else ZIP


def _text(data: bytes) -> str | None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if _controls.search(data):
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _as_utf8(data: bytes) -> bytes:
    return (_text(data) or "").encode("utf-8")


def _is_page(text: str) -> bool:
    """Whether a browser may take it for a page: its first tag, behind blanks and comments, is one of a page."""
    at = 0
    while comment := _comment.match(text, at):
        end = text.find("-->", comment.end() - 2)  # `<!-->` is one, too
        if end < 0:
            return False
        at = end + len("-->")
    return _markup.match(text, at) is not None


# --- names -------------------------------------------------------------------------------------------------

_unseen = re.compile(
    r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)  # they make `exe.gpj` read as `jpg.exe`
_unfit = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]+')


def safe_name(name: str, content_type: str) -> str:
    """A name for saving: no folders, nothing that hides, and the ending of what the file is."""
    name = re.split(r"[\\/]", name)[-1]
    name = _unfit.sub(" ", _unseen.sub("", legible(name)))
    name = " ".join(name.split()).strip(". ")
    endings = ENDINGS[content_type]
    if not name.lower().endswith(endings):
        name = (name or "file") + endings[0]
    stem, dot, ending = name.rpartition(".")
    return stem[:120].rstrip(". ") + dot + ending
