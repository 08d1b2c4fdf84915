"""The bot's own words in every language, and the language of a message."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from bot.languages import LANGUAGES, spoken
from bot.words import ENGLISH, IN, Words, in_language

NAMES = [field.name for field in fields(Words)]


def test_every_language_that_is_told_apart_has_words() -> None:
    assert tuple(sorted(IN)) == tuple(sorted(LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_in_every_language_with_the_same_places(language: str) -> None:
    own = IN[language]
    for name in NAMES:
        text, english = getattr(own, name), getattr(ENGLISH, name)
        assert text.strip(), name
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english)), name
        assert language == "en" or text != english, f"{name} is not translated"


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_the_words_are_in_the_language_that_they_say(language: str) -> None:
    sentences = [name for name in NAMES if name != "days"]
    long = [getattr(IN[language], name) for name in sentences if len(getattr(ENGLISH, name)) > 40]
    told = [spoken(text) for text in long]
    assert told.count(language) >= len(told) - 2
    assert set(told) <= {language, None}


def test_the_first_language_that_the_bot_speaks_is_taken() -> None:
    assert in_language("pt-BR") is IN["pt"]
    assert in_language("zh_Hant", "de") is IN["zh"]
    assert in_language(None, "de-AT") is IN["de"]
    assert in_language("sv", None) is in_language() is in_language("") is ENGLISH


def test_each_reason_of_a_handoff_has_its_words_and_says_that_all_is_seen() -> None:
    reasons = [
        ("requested_human",), ("negative_sentiment", "abuse"), ("sensitive_topic", "rule:danger"), ("repeated_question",),
        ("low_confidence",),
    ]  # fmt: skip
    texts = [ENGLISH.handed_over(one) for one in reasons]
    assert len(set(texts)) == len(texts)
    assert all(text.endswith(ENGLISH.seen_by_person) for text in texts)
    assert ENGLISH.handed_over(("low_confidence", "rule:did_not_help")) == texts[3]


def test_titles_with_braces_are_titles() -> None:
    assert "**{one} {0}**" in ENGLISH.asked_back("{one} {0}", "b")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie setze ich mein Passwort zurück?", "de"), ("¿Cómo cambio mi contraseña?", "es"),
        ("Comment changer mon mot de passe ?", "fr"), ("como faço para mudar minha senha", "pt"),
        ("Come posso cambiare la password?", "it"), ("hoe kan ik mijn wachtwoord wijzigen", "nl"),
        ("Jak zmienić hasło?", "pl"), ("Как изменить пароль?", "ru"), ("كيف أغير كلمة المرور؟", "ar"),
        ("パスワードを変更するには？", "ja"), ("如何更改密码", "zh"), ("How do I add an agent?", "en"),
        ("hola", "es"), ("danke", "de"), ("hello", "en"),
        ("reset password", None), ("NPS?", None), ("", None), ("E-417", None), ("як змінити пароль", None),
        ("안녕하세요", None), ("Hvordan skifter jeg min adgangskode?", None),
    ],
)  # fmt: skip
def test_the_language_of_a_message(text: str, language: str | None) -> None:
    assert spoken(text) == language
