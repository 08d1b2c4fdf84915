"""What is asked for to the letter is found so: codes, quotes, misspelt and unfinished words, in every language."""

from __future__ import annotations

import random

import pytest

from retrieval.embedders.base import Embedder
from tests.retrieval.conftest import Library

CODES = [f"E-{number}" for number in range(1040, 1060)]


@pytest.fixture
def alike(library: Library, bundled: Embedder) -> Library:
    """Articles that differ in their code alone."""
    real = Library(library.database, library.store, bundled, library.folder / "real")
    for code in CODES:
        body = f"When the pump shows {code}, switch it off, wait a minute and switch it on again."
        real.write(code.lower(), body, title=f"The pump shows {code}")
    real.indexer.sync()
    return real


def test_the_article_with_the_code_wins_over_those_that_are_alike(alike: Library) -> None:
    for code in CODES[::4]:
        for typed in (
            code,
            code.lower(),
            code.replace("-", ""),
            code.replace("-", " "),
            f"pump error {code}",
        ):
            found = alike.search.find(typed).hits
            assert found[0].article_id == code.lower(), typed
            assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
            assert code in found[0].passage.text
    assert len(alike.found("E-1040", limit=20)) > 1  # the others follow


def test_articles_that_hold_a_quoted_phrase_come_alone(library: Library) -> None:
    library.write("exact", "Press the reset link. Everything else is about bells.", title="Bells")
    library.write(
        "words", "Reset it. The link, the reset, the link: a link to reset.", title="Reset the link: reset"
    )
    library.write("other", "Nothing at all.", title="Other")
    library.indexer.sync()
    assert library.found('"reset link"') == ["exact"]
    assert library.found('bells "Reset Link"') == ["exact"]
    assert library.found('"link reset link"')[0] == "words"  # which none holds: the words count
    assert "reset link" in library.search.find('"reset link"').hits[0].passage.text


def test_a_quoted_title_is_found_by_it(library: Library) -> None:
    library.write("one", "Words.", title="Sign in with a code")
    library.write("two", "With a code you sign. In words.", title="Codes")
    library.indexer.sync()
    assert library.found('"sign in with a code"') == ["one"]


def test_nobody_finds_a_phrase_or_code_that_is_not_meant_for_them(library: Library) -> None:
    library.write("open", "The price list.")
    library.write("secret", "The zanzibar discount is ZX-4711.", audience="agents")
    library.indexer.sync()
    for question in ('"zanzibar discount"', "ZX-4711", "zanzibra", "zanziba"):
        found = library.search.find(question, unfinished=True)
        assert "secret" not in [hit.article_id for hit in found.hits]
        assert found.wording is not None
        assert found.wording.corrected is None
    assert library.found('"zanzibar discount"') == ["open"]  # as if nobody said it


def test_misspelt_and_unfinished_questions_are_embedded_as_they_are_meant(library: Library) -> None:
    library.write("refund", "A refund takes five days.")
    library.write("bell", "A bell rings.")
    library.indexer.sync()
    right = library.search.find("refund")
    for typed, unfinished in (("refnd", False), ("refu", True)):
        found = library.search.find(typed, unfinished=unfinished)
        assert found.hits[0].article_id == "refund"
        assert found.hits[0].dense == pytest.approx(right.hits[0].dense)
        assert found.evidence.known == right.evidence.known == 1
    assert library.search.find("refnd").wording.corrected == "refund"  # type: ignore[union-attr]
    assert library.search.find("refund").wording.corrected is None  # type: ignore[union-attr]


def test_a_follow_up_with_a_misspelt_context_finds_what_was_meant(library: Library) -> None:
    library.write("refund", "A refund takes five days.")
    library.write("bell", "A bell takes five days.")
    library.indexer.sync()
    assert library.found("how long does it take", context="my refnd")[0] == "refund"


def test_what_is_published_is_known_to_the_next_question(library: Library) -> None:
    library.publish("first", "The first bell.")
    library.found("bell")
    library.publish("numbat", "The numbat rack, code NB-77.")
    assert library.search.find("nmubat").wording.corrected == "numbat"  # type: ignore[union-attr]
    assert library.found("nb77")[0] == "numbat"
    assert library.found('"numbat rack"') == ["numbat"]
    library.search.rebuild()
    assert library.found('"numbat rack"') == ["numbat"]
    started = library.twin()
    assert started.found('"numbat rack"') == ["numbat"]
    assert started.search.find("nmubat").wording.corrected == "numbat"  # type: ignore[union-attr]
    library.remove("numbat")
    assert library.search.find("nmubat").wording.corrected is None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "language", ["de", "fr", "es", "pl", "el", "ru", "ar", "hi", "th", "zh", "ja", "ko", "he", "tr"]
)
def test_every_language_is_searched_by_its_own_words(library: Library, language: str) -> None:
    texts = {
        "de": ("Passwörter zurücksetzen", "Passwort zurucksetzen", "Rechnungen"),
        "fr": ("Réinitialiser les mots de passe", "reinitialiser mot", "Factures"),
        "es": ("Cambiar la contraseña", "contrasenas", "Facturas"),
        "pl": ("Zmień hasło", "zmien haslo", "Faktury"),
        "el": ("Αλλαγή κωδικού", "κωδικός", "Τιμολόγια"),
        "ru": ("Смена пароля", "пароль", "Счета"),
        "ar": ("تغيير كلمة المرور", "كَلِمَة", "الفواتير"),
        "hi": ("पासवर्ड बदलना", "पासवर्ड", "चालान"),
        "th": ("เปลี่ยนรหัสผ่าน", "รหัสผ่าน", "ใบแจ้งหนี้"),
        "zh": ("如何重置密码", "密码", "发票"),
        "ja": ("パスワードをリセット", "パスワード", "請求書"),
        "ko": ("비밀번호 재설정", "비밀번호", "송장"),
        "he": ("שינוי סיסמה", "סיסמה", "חשבוניות"),
        "tr": ("Şifreyi sıfırla", "sifre", "Faturalar"),
    }
    right, asked, wrong = texts[language]
    for id, title in (("right", right), ("wrong", wrong)):
        library.write(id, f"{title}.", title=title, locale=language)
    library.indexer.sync()
    found = library.search.find(asked, locale=language)
    assert found.hits[0].article_id == "right"
    assert found.hits[0].lexical > 0


@pytest.mark.parametrize(
    "kind", ["long", "unknown", "stop words", "emoji", "control", "half", "script", "quotes"]
)
def test_no_question_is_slow_or_fails(library: Library, kind: str) -> None:
    dice = random.Random(1)
    library.write("bell", "A bell rings. " * 50)
    library.indexer.sync()
    library.search.warm()
    question = {
        "long": "bell " * 20_000,
        "unknown": " ".join("".join(dice.choices("aeiounrstl", k=8)) for _ in range(5000)),
        "stop words": "the of and to in",
        "emoji": "😀🍕" * 100,
        "control": "\x00\x01 bell \x7f",
        "half": "bell \ud800",
        "script": "колокол звонит",
        "quotes": '"bell rings" ' * 1000,
    }[kind]
    found = library.search.find(question)
    if kind in {"long", "control", "half", "quotes"}:
        assert [hit.article_id for hit in found.hits] == ["bell"]
    if kind == "emoji":
        assert found.hits == []
