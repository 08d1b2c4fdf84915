"""The words of the help center's pages: complete in every language, and the same places in each."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from help_center.words import ENGLISH, IN, LANGUAGES, Words, filled, language_name, words_in

NAMES = [field.name for field in fields(Words)]
# a word that other languages write alike, and what is a form, not a word
ALIKE = {
    "date",
    "months",
    "video",
    "important",
    "no",
    "note",
    "on_section",
    "caution",
    "articles",
    "pages",
    "tip",
}


def test_every_language_that_the_bot_speaks_has_its_pages() -> None:
    from bot.languages import LANGUAGES as SPOKEN

    assert set(IN) == set(LANGUAGES) == set(SPOKEN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_in_every_language_with_the_same_places(language: str) -> None:
    own = IN[language]
    for name in NAMES:
        text, english = getattr(own, name), getattr(ENGLISH, name)
        assert text.strip(), name
        if name != "date":
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english)), name
        assert language == "en" or name in ALIKE or text != english, f"{name} is not translated"
    assert len(own.months.split(",")) == 12
    assert len(own.names.split(",")) == len(LANGUAGES)


def test_a_day_is_written_as_the_language_writes_it() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    assert [words_in(tag).day(day) for tag in ("en", "de-AT", "ja")] == [
        "1 March 2026",
        "1. März 2026",
        "2026年3月1日",
    ]


def test_languages_are_named_in_the_readers_language_or_in_themselves() -> None:
    assert words_in("de").name_of("en-GB") == "Englisch"
    assert words_in("de").name_of("fi") == "Suomi"
    assert language_name("pt-BR") == "Português (BR)"
    assert language_name("tlh") == "tlh"
    assert words_in("tlh") is words_in(None) is ENGLISH


def test_what_is_filled_in_is_text_and_turns_no_other_words() -> None:
    told = filled(ENGLISH.nothing_fits, query="<b>{0} עברית")
    assert told == "No article fits “<bdi>&lt;b&gt;{0} עברית</bdi>”"
