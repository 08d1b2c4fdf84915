"""Unpublished changes of articles: begun, kept, compared, published. What readers see changes with `publish` alone.

A draft counts its changes; who writes says which count they saw last, so that two who write at once never overwrite each
other unasked (Conflict). Knows articles and their versions; not requests, and not the index.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center import articles
from help_center.article_tables import ArticleDraft, ArticleVersion
from help_center.articles import WRITTEN_HERE, Article, fields_of, free_slug, slug_is_free, store
from help_center.database import iso, new_id, now
from help_center.people import Viewer
from help_center.redirects import good_slug
from help_center.sources.base import Failure, article_from_record

WRITTEN = ("title", "body", "section", "labels", "audience", "locale", "slug", "url", "translation_of")
BEGUN_IN_THE_INBOX = "inbox"
UNTITLED = "Untitled"
MOST_WORDS = 6_000  # of two pieces that are compared word by word; longer ones stand as a whole
MOST_LINES = 20_000  # of two texts that are compared by lines: it takes the square of them at worst

# DraftError
# ├── Conflict     somebody else was faster; the caller shows both and asks
# └── Unfit        it cannot be published as it is; one line says what to do


class DraftError(Exception):
    """What was asked of a draft cannot be done. One line that says what to do."""


class Conflict(DraftError):
    pass


class Unfit(DraftError):
    pass


def begun_for(handoff_id: str) -> str:
    """The id of the article that a handoff asks for."""
    return f"{BEGUN_IN_THE_INBOX}/{handoff_id}"


def of(session: Session, article_id: str) -> ArticleDraft | None:
    return session.get(ArticleDraft, article_id)


def current(session: Session, article: Article) -> dict[str, Any]:
    """What an author goes on writing: the draft's fields, else the article's."""
    draft = of(session, article.id)
    return _written(article) | (draft.fields if draft else {})


def begin(session: Session, fields: dict[str, Any], by: Viewer) -> Article:
    """A new article that nobody outside sees before it is published. Raises Unfit."""
    given = _judged(new_id("art"), {"title": UNTITLED, "body": "", **fields}, "draft")
    store(session, given, WRITTEN_HERE, by=by, why="draft")
    return session.get_one(Article, given.id)


def keep(
    session: Session, article: Article, fields: dict[str, Any], by: Viewer, *, revision: int
) -> ArticleDraft:
    """Keeps what was written. `revision`: the draft's count that the author saw last, 0 for none. Raises Conflict."""
    draft = session.get(ArticleDraft, article.id, with_for_update=True)
    if (draft.revision if draft else 0) != revision:
        who = (draft.by if draft else None) or "somebody"
        raise Conflict(
            f"{who} has changed this draft meanwhile: look at the differences, then choose."
            if draft
            else "this draft was published or discarded meanwhile: look at the differences, then choose."
        )
    wanted = {name: fields[name] for name in WRITTEN if name in fields}
    if draft is None:
        draft = ArticleDraft(article_id=article.id, fields={}, revision=0, based_on=article.version)
        session.add(draft)
    draft.fields = _written(article) | draft.fields | wanted
    draft.revision += 1
    draft.at, draft.by_id, draft.by = now(), by.agent_id, by.name
    session.flush()
    return draft


def discard(session: Session, article_id: str) -> bool:
    draft = of(session, article_id)
    if draft is not None:
        session.delete(draft)
        session.flush()
    return draft is not None


def publish(
    session: Session,
    article: Article,
    by: Viewer,
    *,
    revision: int | None = None,
    version: int | None = None,
    why: str = "publish",
) -> str:
    """Makes the draft what readers see; the outcome of `articles.store`. `revision` and `version`: what the author has
    seen, None for whatever there is. Raises Conflict and Unfit."""
    draft = session.get(ArticleDraft, article.id, with_for_update=True)
    if revision is not None and (draft.revision if draft else 0) != revision:
        raise Conflict("this draft was changed meanwhile: look at the differences before you publish it.")
    if version is not None and article.version != version:
        raise Conflict(
            "this article was published meanwhile: look at the differences before you publish yours."
        )
    fields = current(session, article)
    if follows_title(article) and fields.get("slug") == article.slug:
        # nobody has been led there yet: no redirect
        fields["slug"] = article.slug = free_slug(session, article.id, str(fields["title"]))
    fit(session, article, fields)
    given = _judged(article.id, fields, "published")
    source = WRITTEN_HERE if article.source == BEGUN_IN_THE_INBOX else article.source
    outcome = store(session, given, source, by=by, why=why)
    if draft is not None:
        session.delete(draft)
    session.flush()
    return outcome


def follows_title(article: Article) -> bool:
    """Whether the address is made of the title when the article is published: it never was, and no translation's is."""
    return article.status == "draft" and article.version == 1 and article.translation_group is None


def fit(session: Session, article: Article, fields: dict[str, Any]) -> None:
    """Raises Unfit, with what to do, where these fields cannot be an article's."""
    _judged(article.id, fields, "published")
    if not str(fields.get("body") or "").strip():
        raise Unfit("write something first: an article without text helps nobody.")
    if str(fields["title"]).strip() == UNTITLED and article.version == 1 and article.status == "draft":
        raise Unfit("give the article a title first.")
    slug = fields.get("slug")
    if slug and slug != article.slug:
        if good_slug(slug) is None:
            raise Unfit("write the address in small letters, digits and dashes, such as return-a-parcel.")
        if not slug_is_free(session, slug, article.id):
            raise Unfit(f"another article has, or had, the address {slug}: choose another one.")


def set_status(session: Session, article: Article, status: str, by: Viewer, why: str = "status") -> str:
    """Takes an article offline (draft), puts it away (archived) or back. Its unpublished changes stay."""
    given = articles.as_given(article, status=status)
    return store(session, given, article.source, by=by, why=why)


def restore(session: Session, article: Article, number: int, by: Viewer) -> str:
    """An earlier state becomes a new version; address and status stay as they are. Raises Unfit."""
    version = version_of(session, article.id, number)
    if version is None:
        raise Unfit("there is no such version.")
    fields = version.fields | {"slug": article.slug}
    given = _judged(article.id, fields, article.status)
    return store(session, given, article.source, by=by, why="restore")


def bring_back(session: Session, article_id: str, by: Viewer) -> Article:
    """A deleted article as a draft, as it was last. Raises Unfit."""
    past = versions(session, article_id)
    if not past or session.get(Article, article_id) is not None:
        raise Unfit("there is no deleted article of this id.")
    given = _judged(article_id, past[0].fields, "draft")
    store(session, given, WRITTEN_HERE, by=by, why="restore")
    return session.get_one(Article, article_id)


def take_over(session: Session, article: Article) -> None:
    """From now on the article is written here, and imports leave it alone."""
    article.source, article.taken_over = WRITTEN_HERE, True
    session.flush()


def versions(session: Session, article_id: str) -> list[ArticleVersion]:
    """The earlier states, the newest first."""
    query = select(ArticleVersion).where(ArticleVersion.article_id == article_id)
    return list(session.scalars(query.order_by(ArticleVersion.number.desc())))


def version_of(session: Session, article_id: str, number: int) -> ArticleVersion | None:
    query = select(ArticleVersion).where(
        ArticleVersion.article_id == article_id, ArticleVersion.number == number
    )
    return session.scalar(query)


def draft_json(draft: ArticleDraft | None) -> dict[str, Any] | None:
    if draft is None:
        return None
    return {"revision": draft.revision, "based_on": draft.based_on, "at": iso(draft.at), "by": draft.by}


def _written(article: Article) -> dict[str, Any]:
    return {name: value for name, value in fields_of(article).items() if name in WRITTEN}


def _judged(article_id: str, fields: dict[str, Any], status: str) -> Any:
    given = article_from_record({**fields, "id": article_id, "status": status, "updated_at": None}, "draft")
    if isinstance(given, Failure):
        raise Unfit(f"{given.reason}.")
    return given


# --- differences -------------------------------------------------------------------------------------------

_WORD = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A piece of a text: `same`, `out` (only in the old one) or `in` (only in the new one)."""

    kind: str
    text: str


def differences(old: str, new: str) -> list[Piece]:
    """What makes the new text out of the old one, word by word within the lines that differ."""
    pieces: list[Piece] = []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(before) + len(after) > MOST_LINES:
        return [Piece("same", old)] if old == new else [Piece("out", old), Piece("in", new)]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[a:b])))
        else:
            pieces += _by_words("".join(before[a:b]), "".join(after[c:d]))
    return _joined(pieces)


def _by_words(old: str, new: str) -> list[Piece]:
    words, others = _WORD.findall(old), _WORD.findall(new)
    whole = [Piece(kind, text) for kind, text in (("out", old), ("in", new)) if text]
    if not old or not new or len(words) + len(others) > MOST_WORDS:
        return whole
    matcher = difflib.SequenceMatcher(None, words, others, autojunk=False)
    if matcher.quick_ratio() < 0.3:  # other words altogether: a mosaic would be harder to read
        return whole
    pieces = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(words[a:b])))
            continue
        pieces += [Piece("out", "".join(words[a:b])), Piece("in", "".join(others[c:d]))]
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            continue
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined


def compared(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields that differ, each with its pieces, the text last."""
    found = []
    for name in ("title", "section", "labels", "audience", "status", "locale", "slug", "url", "body"):
        if name not in old or name not in new:
            continue
        before, after = _words(old[name]), _words(new[name])
        if before != after:
            pieces = [{"kind": piece.kind, "text": piece.text} for piece in differences(before, after)]
            found.append({"field": name, "pieces": pieces})
    return found


def _words(value: Any) -> str:
    return " › ".join(map(str, value)) if isinstance(value, list) else str(value or "")
