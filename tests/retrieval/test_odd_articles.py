"""Articles that nobody writes on purpose: read, cut, indexed, found by their words and shown, in bounded time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

from help_center import pages as help_pages
from help_center.markup import clean_markdown
from help_center.outline import Outline
from help_center.pages import MOST_CONTENTS
from help_center.sources.base import Failure, SourceArticle, article_from_record
from help_center.templating import Pages
from help_center.web import Doorkeeper, RateLimits
from retrieval import pages as search_pages
from retrieval.chunking import split
from retrieval.cutting import count
from retrieval.embedders.base import Vectors
from retrieval.suggest import Suggestions
from tests.retrieval.conftest import Library, WordsEmbedder

SECRET = "zebrawood"  # stands once in every odd article, as far from its beginning as can be
HEADER = "| Part | Price |\n| --- | --- |"


def prose(characters: int) -> str:
    """Paragraphs of sentences of made-up words."""
    dice = random.Random(7)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "lo", "mi")]
    parts: list[str] = []
    length = 0
    while length < characters:
        paragraph = [
            " ".join(dice.choices(words, k=dice.randint(5, 18))).capitalize() + "."
            for _ in range(dice.randint(1, 9))
        ]
        parts.append(" ".join(paragraph))
        length += len(parts[-1]) + 2
    return "\n\n".join(parts)


def table(rows: int) -> str:
    return "\n".join([HEADER, *(f"| Saddle {n} | {n}.99 |" for n in range(rows))])


ODD: dict[str, Callable[[int], str]] = {  # a size -> Markdown; the tests end it with SECRET
    "prose": lambda size: prose(size * 50),
    "one paragraph": lambda size: prose(size * 50).replace("\n\n", " "),
    "one word": lambda size: "",
    "table": lambda size: table(size) + "\n\n",
    "wide table": lambda size: "|" + "a|" * size + "\n|" + "-|" * size + "\n|b|\n\n",
    "code": lambda size: "```python\n" + "\n".join(f"value_{n} = {n}" for n in range(size)) + "\n```\n\n",
    "code that nothing closes": lambda size: "~~~\n" + "value\n" * size,
    "indented code": lambda size: "\n".join(f"    value_{n} = {n}" for n in range(size)) + "\n\n",
    "a line without a blank": lambda size: "x" * size * 50 + " ",
    "a line of code without a blank": lambda size: "".join(f"a{n}.b(c{n});" for n in range(size * 4)),
    "brackets": lambda size: "[" * size * 50,
    "quotes in each other": lambda size: "> " * size,
    "lists in each other": lambda size: "- " * size,
    "lists in each other, indented": lambda size: "\n".join(f"{'  ' * n}- deep" for n in range(min(size, 1_500))) + " ",
    "headings": lambda size: "\n\n".join(f"## Heading {n}\n\nText {n}." for n in range(size * 5)) + "\n\n",
    "one heading again and again": lambda size: "## Heading\n\nText.\n\n" * size * 5,
    "pictures": lambda size: "\n\n".join(f"![A picture](https://x.example/{n}.png)" for n in range(size)) + "\n\n",
    "links": lambda size: "\n".join(f"[One](https://x.example/{n})" for n in range(size)) + "\n",
    "addresses": lambda size: " ".join(f"https://x.example/{n}" for n in range(min(size, 1_500))) + " ",
    "right to left, and Chinese": lambda size: "مرحبا بالعالم 退货政策说明。שלום עולם 返品ポリシー hello " * size,
    "Chinese": lambda size: "退货政策说明。" * size,
    "control characters": lambda size: "a\x00b\x1b[31m \u202e \ufeff\u2028\x0b\x0c\x85 \ud800 " * size,
    "one letter with thousands of accents": lambda size: "e" + "\u0301" * size * 20 + " ",
    "rules": lambda size: "---\n\n" * size * 5,
    "half a tag": lambda size: "<a " * size * 5,
}  # fmt: skip


def odd(name: str, size: int) -> SourceArticle:
    body = f"{ODD[name](size)}{SECRET}"
    found = article_from_record({"id": "odd", "title": "An odd article", "body": body}, "here")
    assert isinstance(found, SourceArticle), found
    return found


class Indifferent(WordsEmbedder):
    """To it all texts are alike: the words decide what is found."""

    def _of(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


@pytest.fixture
def words() -> WordsEmbedder:
    return Indifferent()


@pytest.fixture
def client(library: Library) -> Iterator[TestClient]:
    doorkeeper = Doorkeeper(library.database, ())
    pages = Pages([help_pages.TEMPLATES, search_pages.TEMPLATES], {"/static/help": help_pages.STATIC})
    app = FastAPI()
    app.include_router(help_pages.routes(library.database, doorkeeper, RateLimits("off", None), pages))
    suggestions = Suggestions(Outline(library.database))
    parts = library.database, library.search, library.indexer, suggestions, doorkeeper, pages
    app.include_router(search_pages.routes(*parts))
    app.mount("/static/help", StaticFiles(directory=help_pages.STATIC))
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("name", ODD)
def test_an_odd_article_is_found_by_its_words_and_shown(
    library: Library, client: TestClient, name: str
) -> None:
    library.publish("another", "Something else altogether.")
    article = odd(name, 100)
    library.publish("odd", article.body, title=article.title)
    found = library.search.find(SECRET)
    assert found.hits[0].article_id == "odd"
    assert SECRET in found.hits[0].passage.text
    shown = client.get(found.hits[0].url)
    assert shown.status_code == 200
    assert SECRET in shown.text
    result = client.get("/api/search", params={"q": SECRET}).json()["results"][0]
    assert SECRET in result["excerpt"]
    assert len(result["excerpt"]) <= 230
    assert SECRET in client.get("/help/search", params={"q": SECRET}).text


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_enormous_article_is_cut_into_passages_of_bounded_size(name: str) -> None:
    article = odd(name, 4_000)
    passages = split(article.id, article.title, article.body)
    assert len({passage.id for passage in passages}) == len(passages)
    assert any(SECRET in passage.text for passage in passages)
    assert len(passages) <= 10 + count(article.body) / 3  # at worst a mark, a heading and a word each
    assert max(len(passage.text) for passage in passages) < 25_000


@pytest.mark.slow
def test_two_megabytes_are_cut_in_a_time_that_grows_with_their_length() -> None:
    seconds, passages = [], []
    for characters in (400_000, 2_000_000):
        body = clean_markdown(prose(characters))
        began = time.process_time()
        passages.append(len(split("long", "A long article", body)))
        seconds.append(time.process_time() - began)
    assert seconds[1] < 12 * seconds[0] + 1  # five times the text; 25 times if it were quadratic
    assert 4.5 < passages[1] / passages[0] < 5.5


def test_an_article_beyond_the_limit_is_refused_in_one_line() -> None:
    found = article_from_record({"id": "odd", "title": "Too long", "body": "x" * 6_000_001}, "here")
    assert found == Failure("here", "`body` is larger than 6 MB: split the article")


def test_a_row_of_a_long_table_is_found_with_the_header_that_says_what_it_means(library: Library) -> None:
    library.publish("parts", f"All parts.\n\n{table(2_000)}")
    passage = library.search.find("saddle 1777").hits[0].passage.text
    assert passage.startswith(HEADER)
    assert "| Saddle 1777 | 1777.99 |" in passage
    assert len(split("parts", "Parts", table(2_000))) < 150


def test_thousands_of_headings_make_no_endless_table_of_contents(
    library: Library, client: TestClient
) -> None:
    library.publish("odd", "\n\n".join(f"## Heading {n}\n\nText {n}." for n in range(1_000)))
    text = client.get("/help/articles/odd").text
    assert text.count('<li class="level-') == MOST_CONTENTS
    assert 'id="heading-999"' in text
