"""Articles: what the help center knows, and who may see it.

`visible` is the one place that says which articles a viewer may see: search, bot, pages and API all ask it.
Storing an article never imports search; the index pulls what changed by comparing content hashes.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import unquote

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    and_,
    delete,
    event,
    false,
    func,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column

from help_center.article_tables import ArticleRedirect, ArticleVersion
from help_center.database import Base, InstallationFact, iso, now
from help_center.markup import clean_markdown, slugify
from help_center.masking import hide
from help_center.people import STRANGER, Viewer
from help_center.sources.base import AUDIENCES, SourceArticle, primary_language

Reason = Literal["not_found", "unclear", "outdated", "did_not_work"]  # why an article was not helpful
REASONS: tuple[Reason, ...] = get_args(Reason)
WRITTEN_HERE = "api"  # the source name of articles that came over HTTP


class Article(Base):
    __tablename__ = "articles"
    __table_args__ = (
        Index("ix_articles_seen", "status", "audience", "language"),
        Index("ix_articles_version_at", "version_at", "id"),
    )
    id: Mapped[str] = mapped_column(String(300), primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    body: Mapped[str] = mapped_column(Text)
    original_url: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(String(35))
    language: Mapped[str] = mapped_column(String(10))
    section: Mapped[list[Any]]
    labels: Mapped[list[Any]]
    audience: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(String(64), index=True)
    updated_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)
    # what translations of one article share: the id of the one that the others are translations of, or a name of theirs.
    # None: nobody said that this is a translation; others may be one of it
    translation_group: Mapped[str | None] = mapped_column(String(300), index=True)

    # its state now is this version; those before stand in `article_versions`
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    version_at: Mapped[datetime | None] = mapped_column(default=now)
    version_by_id: Mapped[str | None] = mapped_column(String(64))
    version_by: Mapped[str | None] = mapped_column(String(320))
    version_why: Mapped[str] = mapped_column(String(20), default="import", server_default=text("'import'"))
    position: Mapped[int | None]  # within its section; None: by title, after those that have one
    # an import brought it, and somebody said that from now on it is written here: imports leave it alone
    taken_over: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def group(self) -> str:
        """The same for all translations of one article."""
        return self.translation_group or self.id

    @property
    def url(self) -> str:
        return f"/help/articles/{self.slug}"


class ArticleFeedback(Base):
    __tablename__ = "article_feedback"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[str] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    helpful: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(20))  # one of REASONS
    comment: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


def keep_vote(
    session: Session, article_id: str, helpful: bool, reason: str | None, comment: str | None
) -> None:
    """What a reader says of an article, without what is never kept; a reason belongs to one that did not help."""
    reason = reason if reason in REASONS and not helpful else None
    comment = hide((comment or "").strip()) or None
    session.add(ArticleFeedback(article_id=article_id, helpful=helpful, reason=reason, comment=comment))


# --- what changed ------------------------------------------------------------------------------------------

CHANGED = "articles_changed"  # the fact that differs after every transaction that touched an article


def change_stamp(session: Session) -> str | None:
    """Opaque: differs whenever any article may differ, whoever changed it. Reads one row, however many there are."""
    fact = session.execute(select(InstallationFact.value).where(InstallationFact.key == CHANGED)).first()
    return str(fact[0]["stamp"]) if fact else None


@event.listens_for(Session, "before_flush")
def _notice(session: Session, *_: Any) -> None:
    if any(isinstance(one, Article) for one in (*session.new, *session.dirty, *session.deleted)):
        session.info[CHANGED] = True


@event.listens_for(Session, "do_orm_execute")
def _notice_statement(state: ORMExecuteState) -> None:
    if not state.is_select and state.bind_mapper is not None and state.bind_mapper.class_ is Article:
        state.session.info[CHANGED] = True


@event.listens_for(Session, "before_commit")
def _stamp_change(session: Session) -> None:
    """Last of all that the transaction does: the row is locked by every other one that changes articles."""
    session.flush()
    if session.info.pop(CHANGED, False):
        stamp = json.dumps({"stamp": secrets.token_hex(8)})
        told = "INSERT INTO installation (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        session.connection().execute(text(told), {"key": CHANGED, "value": stamp})


def audiences_of(viewer: Viewer) -> tuple[str, ...]:
    """Whose articles this viewer may see."""
    if viewer.is_agent:
        return AUDIENCES
    return ("public", "customers") if viewer.proven_customer else ("public",)


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition that every query for articles on behalf of somebody carries."""
    return and_(Article.status == "published", Article.audience.in_(audiences_of(viewer)))


_article_page = re.compile(r"/help/articles/([^/?#]+)")


def read_at(session: Session, address: str | None, viewer: Viewer) -> str | None:
    """The id of the article whose page an address is, where the viewer may see it. Only a hint: the address comes from outside."""
    page = _article_page.search(address or "")
    if page is None:
        return None
    slug = unquote(page[1], errors="replace")
    return session.scalar(select(Article.id).where(Article.slug == slug, visible(viewer)))


def store(
    session: Session,
    given: SourceArticle,
    source: str,
    *,
    by: Viewer = STRANGER,
    why: str = "import",
    body: str | None = None,
) -> str:
    """Writes one article, and keeps the state that it was in; `added`, `updated`, `unchanged`, or `kept` for one that is
    written here now, whatever the import says. `body`: the given one through `clean_markdown`, where the caller had it
    cleaned before the write began: a long one takes a while, and everybody who writes would wait for it."""
    body = clean_markdown(given.body) if body is None else body
    digest = _digest(given, body)
    article = session.get(
        Article, given.id, with_for_update=True
    )  # versions are numbered one after the other
    if article is not None and article.taken_over and why == "import" and source != WRITTEN_HERE:
        return "kept"
    if article is not None and article.content_hash == digest:
        article.source = source
        return "unchanged"
    outcome = "updated"
    group = _group(session, given)
    if article is None:
        outcome = "added"
        article = Article(
            id=given.id, slug=free_slug(session, given.id, given.title, given.slug), created_at=now()
        )
        article.version = next_version(session, given.id)
        session.add(article)
    else:
        keep_version(session, article)
        article.version += 1
        if given.slug and given.slug != article.slug and slug_is_free(session, given.slug, article.id):
            move(session, article, given.slug, by)
    article.source = source
    article.title = given.title
    article.body = body
    article.original_url = given.url
    article.locale = given.locale
    article.language = primary_language(given.locale)
    article.section = list(given.section)
    article.labels = list(given.labels)
    article.audience = given.audience
    article.status = given.status
    article.translation_group = group
    article.content_hash = digest
    article.updated_at = given.updated_at or now()
    article.version_at = now()
    article.version_by_id, article.version_by = by.agent_id, by.name
    article.version_why = why
    session.flush()
    return outcome


def remove(session: Session, article_id: str) -> bool:
    """Deletes the article; what it was stays among the versions."""
    article = session.get(Article, article_id)
    if article is None:
        return False
    keep_version(session, article)
    session.delete(article)
    session.flush()
    return True


def fields_of(article: Article) -> dict[str, Any]:
    """What an author writes of an article, as JSON: the fields of the article file."""
    return {
        "title": article.title,
        "body": article.body,
        "section": list(article.section),
        "labels": list(article.labels),
        "audience": article.audience,
        "status": article.status,
        "locale": article.locale,
        "slug": article.slug,
        "url": article.original_url,
        "translation_of": article.translation_group,
    }


def as_given(article: Article, **changed: Any) -> SourceArticle:
    """The article as a source would give it, with other values of some fields."""
    given = SourceArticle(
        id=article.id,
        title=article.title,
        body=article.body,
        url=article.original_url,
        locale=article.locale,
        section=tuple(article.section),
        labels=tuple(article.labels),
        audience=article.audience,
        status=article.status,
        updated_at=article.updated_at,
        slug=article.slug,
        translation_of=article.translation_group,
    )
    return replace(given, **changed)


def keep_version(session: Session, article: Article) -> None:
    """Keeps the state that the article is in, before it gets another one."""
    session.add(
        ArticleVersion(
            article_id=article.id,
            number=article.version,
            at=article.version_at or article.updated_at,
            by_id=article.version_by_id,
            by=article.version_by,
            why=article.version_why,
            fields=fields_of(article),
        )
    )


def next_version(session: Session, article_id: str) -> int:
    last = session.scalar(
        select(func.max(ArticleVersion.number)).where(ArticleVersion.article_id == article_id)
    )
    return (last or 0) + 1


def slug_is_free(session: Session, slug: str, article_id: str) -> bool:
    """Whether this article may have the address: nobody else has it, or had it and led readers on from there."""
    now_there = select(Article.id).where(Article.slug == slug, Article.id != article_id)
    was_there = select(ArticleRedirect.article_id).where(
        ArticleRedirect.slug == slug, ArticleRedirect.article_id != article_id
    )
    return session.execute(now_there.union_all(was_there).limit(1)).first() is None


def move(session: Session, article: Article, slug: str, by: Viewer = STRANGER) -> None:
    """Gives the article another address; the old one leads there from now on."""
    old, article.slug = article.slug, slug
    session.execute(delete(ArticleRedirect).where(ArticleRedirect.slug == slug))
    session.merge(ArticleRedirect(slug=old, article_id=article.id, at=now(), by=by.name))
    session.flush()


def ids_of_source(session: Session, source: str) -> set[str]:
    return set(session.scalars(select(Article.id).where(Article.source == source)))


def hashes_of_source(session: Session, source: str) -> dict[str, str]:
    """Article id -> content hash, of the articles that a source brought last."""
    query = select(Article.id, Article.content_hash).where(Article.source == source)
    return dict(session.execute(query).tuples().all())


def article_json(article: Article, *, body: bool = True) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": article.id,
        "title": article.title,
        "slug": article.slug,
        "url": article.url,
        "original_url": article.original_url,
        "locale": article.locale,
        "section": article.section,
        "labels": article.labels,
        "translation_of": article.translation_group,
        "audience": article.audience,
        "status": article.status,
        "updated_at": iso(article.updated_at),
    }
    return fields | {"body": article.body} if body else fields


def _digest(given: SourceArticle, body: str) -> str:
    told = iso(given.updated_at) if given.updated_at else None
    fields: list[Any] = [
        given.title,
        body,
        given.url,
        given.locale,
        given.section,
        given.labels,
        given.audience,
        given.status,
        told,
    ]
    if given.translation_of:  # only then: articles from before there were translations keep their hash
        fields.append(given.translation_of)
    if given.slug:  # only then: articles that name none keep their hash
        fields.append(["slug", given.slug])
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def _group(session: Session, given: SourceArticle) -> str | None:
    """The group that an article belongs to. A translation of a translation is one of the original: whichever of the three
    comes in first, they end up in one group."""
    original = given.translation_of
    if original is None:
        return None
    further = session.scalar(select(Article.translation_group).where(Article.id == original)) or original
    if further == given.id:
        return None
    session.execute(
        update(Article).where(Article.translation_group == given.id).values(translation_group=further)
    )
    return further


def free_slug(session: Session, article_id: str, title: str, wanted: str | None = None) -> str:
    """An address for an article: the one that is wanted, or one made of the title, where no other has it or had it."""
    base = wanted or slugify(title)
    if slug_is_free(session, base, article_id):
        return base
    # the same title twice: the id makes it unique, and stays the same at the next import
    return f"{base}-{hashlib.sha256(article_id.encode('utf-8', 'replace')).hexdigest()[:8]}"
