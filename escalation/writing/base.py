"""What the doors of the desk share: the index that is told of every change, an article by its id, and its faults as problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from help_center.articles import Article
from help_center.database import Database
from help_center.drafts import Conflict, DraftError
from help_center.pages import no_article
from help_center.redirects import RedirectError
from help_center.sections import SectionError
from help_center.web import Doorkeeper, Problem

# Brings the index up to date with these articles; raises a Problem (503) where it cannot.
Index = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Desk:
    """What every door of the desk is given."""

    database: Database
    doorkeeper: Doorkeeper
    index: Index
    hosts: frozenset[str] = frozenset()  # by which readers reach this help center

    @contextmanager
    def change(self) -> Iterator[Session]:
        """One transaction; what cannot be done in it is a problem that says what to do."""
        with told_as_problems(), self.database.write() as session:
            yield session


@contextmanager
def told_as_problems() -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        raise Problem(409, str(error)) from error
    except (DraftError, RedirectError, SectionError) as error:
        raise Problem(422, str(error)) from error
    except IntegrityError as error:
        raise Problem(409, "somebody changed the same thing at the same moment: try again.") from error


def the_article(session: Session, id: str, *, lock: bool = False) -> Article:
    article = session.get(Article, id, with_for_update=lock or None)
    if article is None:
        raise no_article()
    return article
