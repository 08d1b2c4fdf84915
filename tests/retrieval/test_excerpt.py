"""The excerpt of a passage, and the marks in it."""

import re

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from retrieval.excerpt import excerpt, marked
from retrieval.lexical import Entry, LexicalIndex
from retrieval.wording import read_question
from tests.conftest import in_proportion

FILLER = "Nothing of interest stands in this sentence, and it goes on for a while. " * 6


def test_a_short_passage_is_its_own_excerpt_without_its_markup() -> None:
    assert (
        excerpt("## Reset\n\nClick **Forgot** in [the form](/x).", "reset")
        == "Reset Click Forgot in the form."
    )


def test_the_excerpt_is_where_the_searched_words_are() -> None:
    found = excerpt(f"{FILLER}The refund arrives within five days. {FILLER}", "when does my refund arrive?")
    assert found.startswith("… The refund arrives within five days.")
    assert found.endswith(" …")
    assert len(found) <= 220


def test_the_place_with_most_of_the_words_wins() -> None:
    text = f"A refund. {FILLER} Another refund. {FILLER} The refund of a shipping fee. {FILLER}"
    assert "shipping fee" in excerpt(text, "refund shipping fee")


def test_without_a_match_it_is_the_beginning() -> None:
    found = excerpt(FILLER, "zebra")
    assert found.startswith("Nothing of interest")
    assert found.endswith(" …")


def test_a_row_of_a_table_keeps_its_name() -> None:
    rows = "".join(f"| number{n} | what part {n} of the bicycle is for | {n} € |\n" for n in range(20))
    table = (
        f"| Part | Use | Price |\n|---|---|---|\n{rows}| saddle | sitting on the moving bicycle | 30 € |\n"
    )
    found = excerpt(table + "\n" + FILLER, "sitting", length=120)
    assert found.startswith("… saddle: sitting on the moving bicycle, 30 € Nothing")


def test_it_is_cut_between_words() -> None:
    words = set(FILLER.split())
    assert set(excerpt(FILLER, "zebra").strip("… ").split()) <= words
    assert set(excerpt(FILLER + "Refund. " + FILLER, "refund").strip("… ").split()) <= words | {"Refund."}


def test_a_text_without_spaces_is_cut_as_well() -> None:
    assert len(excerpt("x" * 5000, "x")) <= 220
    assert len(excerpt("退款需要五天。" * 200, "退款")) <= 220


def test_nothing_in_nothing_out() -> None:
    assert excerpt("", "refund") == ""
    assert excerpt("Words", "") == "Words"
    assert marked("", "refund") == ""


@pytest.mark.parametrize(
    ("text", "query", "language", "words"),
    [
        ("Resetting your passwords", "reset my password", "en", ["Resetting", "passwords"]),
        ("Reset the password", "pasword", "en", ["password"]),
        ("Die Rechnungen herunterladen", "Rechnung", "de", ["Rechnungen"]),
        ("如何重置密码", "密码", "zh", ["密码"]),
        ("如何重置密码", "重置密码", "zh", ["重置密码"]),
        ("It is what it is", "is it", "en", ["It", "is", "it", "is"]),
        ("İstanbul'da REFUND", "refund", "en", ["REFUND"]),
        ("a refund", "zebra", "en", []),
    ],
)
def test_the_searched_words_are_marked(text: str, query: str, language: str, words: list[str]) -> None:
    html = BeautifulSoup(marked(text, query, language), "html.parser")
    assert [mark.get_text() for mark in html.find_all("mark")] == words
    assert html.get_text() == text


@pytest.mark.parametrize(
    ("text", "question", "words"),
    [
        ("Reset the password", "reste my pasword", ["Reset", "password"]),
        ("You can cancel it: cancelling is free", "how do i canc", ["cancel", "cancelling"]),
        ("Choose the reset link, reset it, a link", '"reset link"', ["reset link", "reset", "link"]),
        ("The error ORA-00942, not ORA-00943", "ora00942", ["ORA-00942"]),
        ("The error ORA-00942, not ORA-00943", "ORA-00942", ["ORA-00942", "ORA"]),
        ("You log in, or log nothing in", "login", ["log in", "log"]),
        ("Your e-mail", "email", ["e-mail"]),
        ("Les PÉNALITÉS", "penalites", ["PÉNALITÉS"]),
    ],
)
def test_the_marks_follow_what_the_question_was_read_as(text: str, question: str, words: list[str]) -> None:
    language = "fr" if "PÉ" in text else "en"
    index = LexicalIndex.build([Entry("p", "a", "public", language, text)], 1)
    wording = read_question(question, index, index.places_used, unfinished=True)
    html = BeautifulSoup(marked(excerpt(text, wording), wording, language), "html.parser")
    assert [mark.get_text() for mark in html.find_all("mark")] == words
    assert html.get_text() == text


def test_the_excerpt_shows_the_quoted_phrase() -> None:
    text = f"The reset. A link. {FILLER} Here stands the reset link. {FILLER}"
    index = LexicalIndex.build([Entry("p", "a", "public", "en", text)], 1)
    wording = read_question('"reset link"', index, index.places_used)
    assert "stands the reset link" in excerpt(text, wording)


def test_hostile_text_and_hostile_queries_stay_text() -> None:
    text = '<script>alert("script")</script> & <mark>script</mark>'
    for query in ("script", "<script>", "</mark><script>alert(1)</script>", "&lt;", "mark", "alert"):
        html = marked(excerpt(f"```\n{text}\n```", query), query)
        assert re.sub("</?mark>", "", html) == str(re.sub("</?mark>", "", html))
        assert set(re.findall(r"<[^>]*>", html)) <= {"<mark>", "</mark>"}
        assert BeautifulSoup(html, "html.parser").get_text() == text


@given(st.text(max_size=600), st.text(max_size=60), st.integers(20, 300))
def test_any_text_gives_an_excerpt_that_fits_and_marks_that_add_nothing(
    text: str, query: str, length: int
) -> None:
    found = excerpt(text, query, length)
    assert len(found) <= length
    assert "\n" not in found
    html = marked(found, query)
    assert set(re.findall(r"<[^>]*>", html)) <= {"<mark>", "</mark>"}
    assert html.replace("<mark>", "").replace("</mark>", "").unescape() == found


def test_an_excerpt_costs_no_more_than_the_length_of_its_passage() -> None:
    def shown(passage: str) -> None:
        marked(excerpt(passage, "when does my refund for the parcel arrive"), "when does my refund arrive")

    in_proportion(shown, "Words about a refund, a parcel and a label. ")
