"""Translations of an article, and whether each still says what its original says.

A translation is said to agree with a version of its original, by whoever looked; when the original gets another version, it is
out of date. Which articles belong together is the business of `articles` (`Article.group`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from help_center import drafts
from help_center.article_tables import TranslationMark
from help_center.articles import WRITTEN_HERE, Article, fields_of, store
from help_center.database import iso, new_id, now
from help_center.markup import slugify
from help_center.people import Viewer
from help_center.sources.base import SourceArticle, normal_locale


class TranslationError(drafts.DraftError):
    """A translation that cannot be begun or marked. One line that says what to do."""


def original_of(session: Session, article: Article) -> Article | None:
    """The article that this one is a translation of; None for an original."""
    if article.translation_group is None:
        return None
    named = session.get(Article, article.translation_group)
    if named is not None:
        return named
    # a name that translations share: the first of them that there was is the original
    siblings = select(Article).where(Article.translation_group == article.translation_group)
    first = session.scalars(siblings.order_by(Article.created_at, Article.id).limit(1)).first()
    return first if first is not None and first.id != article.id else None


def translations_of(session: Session, original: Article) -> list[Article]:
    """By their languages."""
    query = select(Article).where(Article.translation_group == original.group, Article.id != original.id)
    return list(session.scalars(query.order_by(Article.locale, Article.id)))


def state(session: Session, translation: Article, original: Article) -> dict[str, Any]:
    """`state`: current, old (the original has changed since), or unmarked (nobody has said yet)."""
    mark = session.get(TranslationMark, translation.id)
    if mark is None or mark.original_id != original.id:
        return {"state": "unmarked", "version": None, "at": None, "by": None}
    old = mark.version < original.version
    return {"state": "old" if old else "current", "version": mark.version, "at": iso(mark.at), "by": mark.by}


def begin(session: Session, original: Article, locale: str, by: Viewer) -> Article:
    """A translation as a draft, with the original's text to write over. Raises TranslationError."""
    wanted = normal_locale(locale)
    if wanted is None:
        raise TranslationError("write a language like de or pt-BR.")
    if original_of(session, original) is not None:
        raise TranslationError("this is a translation itself: translate its original.")
    if wanted == original.locale or any(one.locale == wanted for one in translations_of(session, original)):
        raise TranslationError(f"there is one in {wanted} already.")
    given = SourceArticle(
        id=new_id("art"),
        title=original.title,
        body=original.body,
        locale=wanted,
        section=tuple(original.section),
        labels=tuple(original.labels),
        audience=original.audience,
        status="draft",
        translation_of=original.group,
        slug=slugify(f"{original.slug[:70]} {wanted}"),
    )
    store(session, given, WRITTEN_HERE, by=by, why="draft")
    translation = session.get_one(Article, given.id)
    mark(session, translation, by)
    return translation


def mark(session: Session, translation: Article, by: Viewer) -> Article:
    """Says that the translation agrees with its original as that is now; the original. Raises TranslationError."""
    original = original_of(session, translation)
    if original is None:
        raise TranslationError("this article is no translation of another one.")
    session.merge(
        TranslationMark(
            article_id=translation.id,
            original_id=original.id,
            version=original.version,
            at=now(),
            by=by.name,
        )
    )
    session.flush()
    return original


def changed_since(session: Session, translation: Article, original: Article) -> list[dict[str, Any]]:
    """What the original's title and text have changed since the translation was said to agree."""
    known = session.get(TranslationMark, translation.id)
    if known is None or known.version >= original.version:
        return []
    then = drafts.version_of(session, original.id, known.version)
    if then is None:
        return []
    fields = ("title", "body")
    current = fields_of(original)
    return drafts.compared(
        {name: then.fields[name] for name in fields}, {name: current[name] for name in fields}
    )
