"""Translations: which there are, which are out of date, and one beside its original."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased, defer

from escalation.audit import record
from escalation.writing.base import Desk, the_article
from escalation.writing.editing import article_json
from help_center import translations
from help_center.article_tables import TranslationMark
from help_center.articles import Article
from help_center.pages import ArticleId
from help_center.people import Viewer
from help_center.web import CleanText, Problem


class Language(BaseModel):
    locale: Annotated[CleanText, Field(max_length=35)]


def routes(desk: Desk) -> APIRouter:
    router = APIRouter()
    database, doorkeeper = desk.database, desk.doorkeeper

    @router.get("/api/writing/translations", dependencies=[Depends(doorkeeper.lead)])
    def overview(
        show: Literal["all", "old", "missing"] = "all",
        locale: Annotated[CleanText, Query(max_length=35, description="for `missing`: the language")] = "",
        q: Annotated[CleanText, Query(max_length=300)] = "",
        article: Annotated[ArticleId | None, Query(description="this article's group alone")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: Annotated[int, Query(ge=0, lt=10_000_000)] = 0,
    ) -> dict[str, Any]:
        """Originals with their translations, and the state of each: `current`, `old` (the original has changed since it was last
        marked), `unmarked`."""
        other = aliased(Article)
        group = func.coalesce(Article.translation_group, Article.id)
        earlier = exists().where(
            other.translation_group == Article.translation_group, other.created_at < Article.created_at
        )
        named = exists().where(other.id == Article.translation_group)
        is_original = or_(Article.translation_group.is_(None), ~named & ~earlier)
        conditions = [is_original, Article.status != "archived"]
        conditions += [Article.title.icontains(word, autoescape=True) for word in q.split()[:8]]
        if show == "old":
            newer = exists().where(
                TranslationMark.original_id == Article.id, TranslationMark.version < Article.version
            )
            conditions.append(newer)
        elif show == "missing" and locale:
            there = exists().where(
                func.coalesce(other.translation_group, other.id) == group, other.locale == locale
            )
            conditions += [~there, Article.locale != locale]
        with database.read() as session:
            if article is not None:
                one = the_article(session, article)
                conditions = [Article.id == (translations.original_of(session, one) or one).id]
            total = session.scalar(select(func.count()).select_from(Article).where(*conditions)) or 0
            query = select(Article).options(defer(Article.body)).where(*conditions)
            found = session.scalars(
                query.order_by(func.lower(Article.title), Article.id).offset(cursor).limit(limit)
            ).all()
            items = [
                _line(one)
                | {
                    "translations": [
                        _line(each) | translations.state(session, each, one)
                        for each in translations.translations_of(session, one)
                    ]
                }
                for one in found
            ]
            spoken = list(session.scalars(select(Article.locale).distinct().order_by(Article.locale)))
        further = cursor + len(items)
        following = str(further) if items and further < total else None
        return {"items": items, "next": following, "total": total, "locales": spoken}

    @router.get("/api/writing/translation/{id:path}", dependencies=[Depends(doorkeeper.lead)])
    def side_by_side(id: ArticleId) -> dict[str, Any]:
        """A translation, its original as readers see it, and what that has changed since the translation was last marked."""
        with database.read() as session:
            translation = the_article(session, id)
            original = translations.original_of(session, translation)
            if original is None:
                raise Problem(404, "this article is no translation: begin one from its original.")
            return {
                "translation": article_json(session, translation),
                "original": _line(original) | {"body": original.body, "version": original.version},
                **translations.state(session, translation, original),
                "changed": translations.changed_since(session, translation, original),
            }

    @router.post("/api/writing/translations/{id:path}", status_code=201)
    def begin(id: ArticleId, body: Language, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        """Begins a translation of an original, as a draft with the original's text to write over."""
        with desk.change() as session:
            made = translations.begin(session, the_article(session, id), body.locale, viewer)
            record(session, viewer, "article.translate", made.id, original=id, locale=made.locale)
            return _line(made)

    @router.post("/api/writing/translated/{id:path}")
    def mark(id: ArticleId, viewer: Viewer = Depends(doorkeeper.lead)) -> dict[str, Any]:
        """Says that a translation agrees with its original as that is now."""
        with desk.change() as session:
            translation = the_article(session, id, lock=True)
            original = translations.mark(session, translation, viewer)
            record(session, viewer, "article.translate", id, original=original.id, version=original.version)
            return translations.state(session, translation, original)

    return router


def _line(one: Article) -> dict[str, Any]:
    return {"id": one.id, "title": one.title, "locale": one.locale, "status": one.status, "url": one.url}
