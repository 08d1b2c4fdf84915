"""Old addresses of articles: where a reader who comes by one of them is led.

A redirect leads to an article, whatever its address is at the time: so an article that moves twice needs no chain, and no
circle can be made. Knows who may see what (`articles.visible`): the old address of an article says no more than the new one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from help_center.article_tables import ArticleRedirect
from help_center.articles import Article, visible
from help_center.database import iso, now
from help_center.markup import slugify
from help_center.people import Viewer


class RedirectError(Exception):
    """A redirect that cannot be made. One line that says what to do."""


def address_now(session: Session, slug: str, viewer: Viewer) -> str | None:
    """Where the article is that had this address once; None where there is none that the viewer may see."""
    query = (
        select(Article.slug)
        .join(ArticleRedirect, ArticleRedirect.article_id == Article.id)
        .where(ArticleRedirect.slug == slug, visible(viewer))
    )
    found = session.scalar(query)
    return f"/help/articles/{found}" if found else None


def add(session: Session, address: str, article_id: str, by: Viewer) -> ArticleRedirect:
    """A redirect from an address, or from its last part, to an article. Raises RedirectError."""
    slug = address.strip().rstrip("/").rpartition("/")[2].partition("?")[0].partition("#")[0]
    if not slug or len(slug) > 120 or any(c.isspace() for c in slug):
        raise RedirectError(
            "write the last part of an address below /help/articles/, such as return-a-parcel."
        )
    if session.get(Article, article_id) is None:
        raise RedirectError("there is no such article to lead to: choose one of the list.")
    taken = session.scalar(select(Article.title).where(Article.slug == slug))
    if taken is not None:
        raise RedirectError(f"“{taken}” stands at this address now: give that article another address first.")
    session.merge(ArticleRedirect(slug=slug, article_id=article_id, at=now(), by=by.name))
    session.flush()
    return session.get_one(ArticleRedirect, slug)


def hand_on(session: Session, article: Article, heir_id: str, by: Viewer) -> None:
    """Before an article is deleted: its address, and those that it had before, lead to another article. Raises RedirectError."""
    if heir_id == article.id or session.get(Article, heir_id) is None:
        raise RedirectError("choose another article for the readers of this one.")
    session.execute(
        update(ArticleRedirect).where(ArticleRedirect.article_id == article.id).values(article_id=heir_id)
    )
    session.merge(ArticleRedirect(slug=article.slug, article_id=heir_id, at=now(), by=by.name))
    session.flush()


def remove(session: Session, slug: str) -> bool:
    found = session.get(ArticleRedirect, slug)
    session.execute(delete(ArticleRedirect).where(ArticleRedirect.slug == slug))
    return found is not None


def all_of(session: Session, article_id: str | None = None) -> list[dict[str, Any]]:
    """The newest first, each with the article that it leads to."""
    query = (
        select(ArticleRedirect, Article.title, Article.slug, Article.status)
        .join(Article, Article.id == ArticleRedirect.article_id)
        .order_by(ArticleRedirect.at.desc(), ArticleRedirect.slug)
    )
    if article_id is not None:
        query = query.where(ArticleRedirect.article_id == article_id)
    return [
        {
            "slug": one.slug,
            "url": f"/help/articles/{one.slug}",
            "article_id": one.article_id,
            "title": title,
            "leads_to": f"/help/articles/{slug}",
            "status": status,
            "at": iso(one.at),
            "by": one.by,
        }
        for one, title, slug, status in session.execute(query)
    ]


def good_slug(text: str) -> str | None:
    """The text as the last part of an address, when it can be one as it is written."""
    slug = text.strip().strip("/")
    return slug if slug and slugify(slug) == slug else None
