"""All articles as one file, and back: a zip of Markdown with front matter, pictures, and what the desk keeps beside them.

`articles/` is a folder that `parley index` reads; `pictures/` holds the files that the texts show; `desk/` holds, a JSON object a
line, what Markdown cannot say: versions, drafts, redirects, the sections' order, translations, appointments. Reading trusts
nothing: sizes are bounded, names lead nowhere, pictures are written anew. Knows no HTTP.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from help_center import drafts, sections
from help_center.article_tables import (
    ArticleAppointment,
    ArticleDraft,
    ArticleRedirect,
    ArticleVersion,
    SectionPlace,
    TranslationMark,
)
from help_center.articles import WRITTEN_HERE, Article, as_given, fields_of, remove, slug_is_free, store
from help_center.database import Database, iso
from help_center.files import PICTURE, File, FileRefused, read_upload
from help_center.markup import clean_markdown, slugify
from help_center.people import Viewer
from help_center.sources import open_source
from help_center.sources.base import Failure, SourceArticle, SourceError, article_from_record
from help_center.sources.markdown import read_front_matter

FORMAT = "parley-articles"
MAX_FILES = 60_000
MAX_UNPACKED = 1_000_000_000  # bytes, of all files of a zip together
MAX_FILE = 60_000_000
SHOWN = 200  # of each list of a report
FRONT = (
    "id",
    "title",
    "slug",
    "section",
    "locale",
    "labels",
    "audience",
    "status",
    "updated_at",
    "url",
    "translation_of",
)


class BundleError(Exception):
    """A file that cannot be read as articles. One line that says what to do."""


# --- out ---------------------------------------------------------------------------------------------------


def export(database: Database) -> IO[bytes]:
    """The zip, at its beginning; a temporary file that goes when it is closed."""
    out = tempfile.TemporaryFile()  # noqa: SIM115, closed by who reads it
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle, database.read() as session:
        taken: set[str] = set()
        count = 0
        desk: list[dict[str, Any]] = []
        for article in session.scalars(select(Article).order_by(Article.id).execution_options(yield_per=200)):
            name = _free_name(article, taken)
            bundle.writestr(name, as_markdown(article))
            desk.append(_about(article) | {"file": name})
            count += 1
        _write_lines(bundle, "articles", desk)
        _write_lines(
            bundle,
            "versions",
            map(_version, session.scalars(select(ArticleVersion).order_by(ArticleVersion.id))),
        )
        _write_lines(bundle, "drafts", map(_draft, session.scalars(select(ArticleDraft))))
        _write_lines(bundle, "redirects", map(_redirect, session.scalars(select(ArticleRedirect))))
        places = session.scalars(select(SectionPlace))
        _write_lines(bundle, "sections", ({"names": one.names, "position": one.position} for one in places))
        _write_lines(bundle, "translations", map(_mark, session.scalars(select(TranslationMark))))
        open_ones = select(ArticleAppointment).where(ArticleAppointment.done_at.is_(None))
        _write_lines(bundle, "appointments", map(_appointment, session.scalars(open_ones)))
        pictures = []
        query = select(File).where(File.kind == PICTURE).options(undefer(File.data)).order_by(File.id)
        for picture in session.scalars(query.execution_options(yield_per=20)):
            bundle.writestr(f"pictures/{picture.id}/{picture.name}", picture.data, zipfile.ZIP_STORED)
            pictures.append({"id": picture.id, "name": picture.name, "sha256": picture.sha256})
        manifest = {
            "format": FORMAT,
            "version": 1,
            "made_at": iso(datetime.now(UTC)),
            "articles": count,
            "pictures": pictures,
        }
        bundle.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    out.seek(0)
    return out


def as_markdown(article: Article) -> str:
    """One article as a file: front matter, an empty line, the text as it is."""
    fields = fields_of(article) | {"id": article.id, "updated_at": iso(article.updated_at)}
    front = {name: fields[name] for name in FRONT if fields.get(name) not in (None, [], "")}
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=1_000_000)
    return f"---\n{head}---\n\n{article.body}\n"


def _free_name(article: Article, taken: set[str]) -> str:
    folders = "/".join(slugify(name) for name in article.section)
    stem = slugify(article.slug)
    name = f"articles/{folders + '/' if folders else ''}{stem}.md"
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"articles/{folders + '/' if folders else ''}{stem}-{number}.md"
    taken.add(name.lower())
    return name


def _write_lines(bundle: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if text:
        bundle.writestr(f"desk/{name}.jsonl", text)


def _about(one: Article) -> dict[str, Any]:
    return {
        "id": one.id, "source": one.source, "taken_over": one.taken_over, "position": one.position, "version": one.version,
        "version_at": iso(one.version_at), "version_by": one.version_by, "version_why": one.version_why,
        "created_at": iso(one.created_at),
    }  # fmt: skip


def _version(one: ArticleVersion) -> dict[str, Any]:
    return {
        "id": one.article_id,
        "number": one.number,
        "at": iso(one.at),
        "by": one.by,
        "why": one.why,
        "fields": one.fields,
    }


def _draft(one: ArticleDraft) -> dict[str, Any]:
    return {
        "id": one.article_id,
        "fields": one.fields,
        "based_on": one.based_on,
        "at": iso(one.at),
        "by": one.by,
    }


def _redirect(one: ArticleRedirect) -> dict[str, Any]:
    return {"slug": one.slug, "id": one.article_id, "at": iso(one.at), "by": one.by}


def _mark(one: TranslationMark) -> dict[str, Any]:
    return {
        "id": one.article_id,
        "original": one.original_id,
        "version": one.version,
        "at": iso(one.at),
        "by": one.by,
    }


def _appointment(one: ArticleAppointment) -> dict[str, Any]:
    return {
        "key": one.id,
        "id": one.article_id,
        "deed": one.deed,
        "at": iso(one.at),
        "zone": one.zone,
        "by": one.by,
    }


# --- in ----------------------------------------------------------------------------------------------------


@dataclass
class Bundle:
    """What a file brings. `desk`: the lines of each of its lists; `pictures`: (id, name, data)."""

    articles: list[SourceArticle] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    desk: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pictures: list[tuple[str, str, bytes]] = field(default_factory=list)
    whole: bool = False  # our own export

    def about(self, name: str) -> dict[str, dict[str, Any]]:
        return {str(row["id"]): row for row in self.desk.get(name, []) if "id" in row}


def read(file: IO[bytes], name: str) -> Bundle:
    """A zip of ours, a zip of Markdown, a .jsonl or a Markdown file. Raises BundleError."""
    kind = Path(name).suffix.lower()
    if kind == ".zip":
        try:
            with zipfile.ZipFile(file) as zipped:
                return _read_zip(zipped)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, UnicodeDecodeError) as error:
            raise BundleError(f"this zip cannot be read ({error}): make it again.") from error
    if kind in {".jsonl", ".md", ".markdown", ".html", ".htm"}:
        with tempfile.TemporaryDirectory() as folder:
            inside = Path(folder) / (
                "articles.jsonl" if kind == ".jsonl" else PurePosixPath(name).name or f"article{kind}"
            )
            inside.write_bytes(file.read())
            return _read_source(str(inside if kind == ".jsonl" else folder))
    raise BundleError("bring a .zip, a .jsonl or a .md file.")


def _read_zip(zipped: zipfile.ZipFile) -> Bundle:
    members = [one for one in zipped.infolist() if not one.is_dir()]
    if len(members) > MAX_FILES or sum(one.file_size for one in members) > MAX_UNPACKED:
        raise BundleError(
            f"this zip holds more than {MAX_FILES} files or {MAX_UNPACKED // 1_000_000} MB: split it."
        )
    if any(one.file_size > MAX_FILE for one in members if not one.filename.startswith("desk/")):
        raise BundleError(f"a file of this zip is larger than {MAX_FILE // 1_000_000} MB.")
    names = {one.filename for one in members}
    manifest = _json(zipped, "manifest.json") if "manifest.json" in names else {}
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return _read_folder(zipped, members)
    if manifest.get("version") != 1:
        raise BundleError("this export is of a newer Parley: bring it in with that one.")
    bundle = Bundle(whole=True)
    for name in sorted(names):
        path = PurePosixPath(name)
        if name.startswith("articles/") and path.suffix == ".md":
            found = _read_article(zipped.read(name), name)
            if isinstance(found, Failure):
                bundle.failed.append({"where": found.where, "reason": found.reason})
            else:
                bundle.articles.append(found)
        elif name.startswith("desk/") and path.suffix == ".jsonl":
            bundle.desk[path.stem] = _lines(zipped.read(name), name)
        elif name.startswith("pictures/") and len(path.parts) == 3:
            bundle.pictures.append((path.parts[1], path.parts[2], zipped.read(name)))
    return bundle


def _read_article(data: bytes, name: str) -> SourceArticle | Failure:
    """Our own file, whose text is taken as it is, to the last blank."""
    try:
        head, _, body = data.decode("utf-8").removeprefix("---\n").partition("\n---\n")
        fields = read_front_matter(head)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return Failure(name, f"its front matter cannot be read: {' '.join(str(error).split())[:200]}")
    if not isinstance(fields, dict):
        return Failure(name, "it has no front matter")
    body = body.removeprefix("\n")
    return article_from_record({**fields, "body": body[:-1] if body.endswith("\n") else body}, name)


def _read_folder(zipped: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Bundle:
    """Any zip of Markdown and HTML files: unpacked aside and read as a folder is."""
    with tempfile.TemporaryDirectory() as folder:
        for one in members:
            path = PurePosixPath(one.filename)
            if (
                path.is_absolute()
                or ".." in path.parts
                or path.suffix.lower() not in {".md", ".markdown", ".html", ".htm"}
            ):
                continue
            target = Path(folder, *path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(zipped.read(one))
        return _read_source(folder)


def _read_source(where: str) -> Bundle:
    bundle = Bundle()
    try:
        for found in open_source(where).read():
            if isinstance(found, Failure):
                bundle.failed.append({"where": found.where, "reason": found.reason})
            else:
                bundle.articles.append(found)
    except SourceError as error:
        reason = str(error).replace(where, "the file")
        raise BundleError(f"{reason}.") from error
    return bundle


def _json(zipped: zipfile.ZipFile, name: str) -> Any:
    try:
        return json.loads(zipped.read(name))
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} of this zip cannot be read: make the export again.") from error


def _lines(data: bytes, name: str) -> list[dict[str, Any]]:
    try:
        rows = [json.loads(line) for line in data.decode("utf-8").splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{name} of this zip cannot be read: make the export again.") from error
    return [row for row in rows if isinstance(row, dict)]


@dataclass
class Plan:
    """What bringing a bundle in does, or did."""

    added: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    removed: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    beside: dict[str, int] = field(
        default_factory=dict
    )  # pictures, drafts, versions, redirects, ... that come along

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in (*self.added, *self.changed, *self.removed)]

    def json(self) -> dict[str, Any]:
        lists = {name: getattr(self, name) for name in ("added", "changed", "removed", "failed")}
        counts = {name: len(rows) for name, rows in lists.items()} | {"unchanged": self.unchanged}
        return {name: rows[:SHOWN] for name, rows in lists.items()} | {
            "counts": counts,
            "beside": self.beside,
        }


def plan(session: Session, bundle: Bundle, *, prune: bool) -> Plan:
    """What would happen; nothing is written. `prune`: articles that the bundle does not name are removed."""
    made = Plan(failed=list(bundle.failed))
    seen: set[str] = set()
    for given in bundle.articles:
        if given.id in seen:
            made.failed.append(
                {"where": given.id, "reason": "its id stands there twice; the first one counts"}
            )
            continue
        seen.add(given.id)
        article = session.get(Article, given.id)
        if article is None:
            made.added.append({"id": given.id, "title": given.title})
        elif fields := _differing(article, given):
            made.changed.append({"id": given.id, "title": given.title, "fields": fields})
        else:
            made.unchanged += 1
    if prune and not made.failed:
        gone = select(Article.id, Article.title).order_by(Article.id)
        made.removed = [{"id": id, "title": title} for id, title in session.execute(gone) if id not in seen]
    made.beside = {name: len(rows) for name, rows in bundle.desk.items() if name != "articles"}
    if bundle.pictures:
        made.beside["pictures"] = len(bundle.pictures)
    return made


def _differing(article: Article, given: SourceArticle) -> list[str]:
    here = as_given(article)
    told = ["title", "body", "url", "locale", "section", "labels", "audience", "status", "translation_of"]
    told += (["slug"] if given.slug else []) + (["updated_at"] if given.updated_at else [])
    same = {"updated_at": lambda moment: iso(moment)}
    return [
        name
        for name in told
        if same.get(name, lambda x: x)(getattr(here, name))
        != same.get(name, lambda x: x)(getattr(given, name))
    ]


@dataclass
class Ready:
    """What is slow to make of a bundle, made before the write begins. `bodies`: by article id; `pictures`: those that
    were not here yet, under the ids that the texts name them by."""

    bodies: dict[str, str] = field(default_factory=dict)
    pictures: list[File] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)


def ready(database: Database, bundle: Bundle, *, prune: bool = False) -> Ready:
    """Everything that `bring_in` is to write. Slow where there are pictures: call it in a thread, outside of any transaction."""
    made = Ready()
    with database.read() as session:
        planned = plan(session, bundle, prune=prune)
        here = set(session.scalars(select(File.id)) if bundle.pictures else ())
    wanted = {one["id"] for one in (*planned.added, *planned.changed)}
    for given in bundle.articles:
        if given.id in wanted and given.id not in made.bodies:
            made.bodies[given.id] = clean_markdown(given.body)
    for id, name, data in bundle.pictures:
        if id in here or not id.replace("_", "").isalnum() or len(id) > 64:
            continue
        here.add(id)
        try:
            file = read_upload(data, name, PICTURE)
        except FileRefused as error:
            made.failed.append({"where": f"pictures/{id}/{name}"[:300], "reason": error.detail})
            continue
        file.id = id
        made.pictures.append(file)
    return made


def bring_in(session: Session, bundle: Bundle, made_ready: Ready, by: Viewer, *, prune: bool) -> Plan:
    """Writes what `plan` says, and what comes beside the articles; what is here already is not overwritten by that.
    `made_ready`: what `ready` gave; what changed here since then is seen to."""
    made = plan(session, bundle, prune=prune)
    made.failed += made_ready.failed
    wanted = {one["id"] for one in (*made.added, *made.changed)}
    about, fresh = bundle.about("articles"), {one["id"] for one in made.added}
    past = bundle.desk.get("versions", [])
    pictures = _add_pictures(session, made_ready.pictures)
    for given in bundle.articles:
        if given.id not in wanted:
            continue
        wanted.discard(given.id)
        told = about.get(given.id, {})
        source = str(told.get("source") or WRITTEN_HERE)
        store(session, given, source, by=by, why="exchange", body=made_ready.bodies.get(given.id))
        if given.id in fresh and told:
            _as_it_was(session.get_one(Article, given.id), told)
    for row in past:
        if str(row.get("id")) in fresh or session.get(Article, str(row.get("id"))) is None:
            _keep_version(session, row)
    session.flush()
    for one in made.removed:
        remove(session, one["id"])
    there = {one.id for one in bundle.articles} & set(session.scalars(select(Article.id)))
    for row in bundle.desk.get("drafts", []):
        if (
            row.get("id") in there
            and drafts.of(session, row["id"]) is None
            and isinstance(row.get("fields"), dict)
        ):
            fields = {name: value for name, value in row["fields"].items() if name in drafts.WRITTEN}
            session.add(
                ArticleDraft(
                    article_id=row["id"], fields=fields, revision=1, based_on=int(row.get("based_on") or 1),
                    at=_moment(row.get("at")), by=_word(row.get("by")),
                )
            )  # fmt: skip
    for row in bundle.desk.get("redirects", []):
        slug = str(row.get("slug") or "")[:120]
        free = row.get("id") in there and slug and slug_is_free(session, slug, row["id"])
        if free and session.scalar(select(Article.id).where(Article.slug == slug)) is None:
            told = {"at": _moment(row.get("at")), "by": _word(row.get("by"))}
            session.merge(ArticleRedirect(slug=slug, article_id=row["id"], **told))
    for row in bundle.desk.get("sections", []):
        names = [str(name) for name in row.get("names") or []]
        if names and session.get(SectionPlace, sections.key_of(names)) is None:
            session.add(SectionPlace(key=sections.key_of(names), names=names, position=row.get("position")))
    for row in bundle.desk.get("translations", []):
        if (
            row.get("id") in there
            and row.get("original") in there
            and session.get(TranslationMark, row["id"]) is None
        ):
            session.add(
                TranslationMark(
                    article_id=row["id"], original_id=row["original"], version=int(row.get("version") or 1),
                    at=_moment(row.get("at")), by=_word(row.get("by")),
                )
            )  # fmt: skip
    for row in bundle.desk.get("appointments", []):
        key = str(row.get("key") or "")[:64]
        if row.get("id") in there and key and session.get(ArticleAppointment, key) is None:
            session.add(
                ArticleAppointment(
                    id=key, article_id=row["id"], deed="unpublish" if row.get("deed") == "unpublish" else "publish",
                    at=_moment(row.get("at")), zone=str(row.get("zone") or "UTC")[:64], by=_word(row.get("by")), by_id=by.agent_id,
                )
            )  # fmt: skip
    session.flush()
    sections.redraw(session)
    made.beside["pictures"] = pictures
    return made


def _add_pictures(session: Session, pictures: Iterable[File]) -> int:
    """Those that nobody else has brought meanwhile."""
    brought = 0
    for file in pictures:
        if session.get(File, file.id) is None:
            session.add(file)
            brought += 1
    session.flush()
    return brought


def _as_it_was(article: Article, told: dict[str, Any]) -> None:
    article.version = max(article.version, int(told.get("version") or 1))
    article.version_at = _moment(told.get("version_at"))
    article.version_by, article.version_by_id = _word(told.get("version_by")), None
    article.version_why = str(told.get("version_why") or "exchange")[:20]
    article.created_at = _moment(told.get("created_at"))
    position = told.get("position")
    article.position = position if isinstance(position, int) else None
    article.taken_over = told.get("taken_over") is True


def _keep_version(session: Session, row: dict[str, Any]) -> None:
    id, number, fields = str(row.get("id"))[:300], row.get("number"), row.get("fields")
    if not isinstance(number, int) or not isinstance(fields, dict) or "title" not in fields:
        return
    if drafts.version_of(session, id, number) is not None:
        return
    session.add(
        ArticleVersion(
            article_id=id, number=number, at=_moment(row.get("at")), by=_word(row.get("by")),
            why=str(row.get("why") or "exchange")[:20], fields=fields,
        )
    )  # fmt: skip


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _word(value: object) -> str | None:
    return str(value)[:320] if value else None


def pieces(file: IO[bytes], size: int = 256_000) -> Iterator[bytes]:
    """The file, a piece at a time, closed at its end."""
    with file:
        while piece := file.read(size):
            yield piece
