"""Text into tokens: codes as a whole, words of many scripts, and the order of a text's words."""

import unicodedata

import pytest
import Stemmer
from hypothesis import given
from hypothesis import strategies as st

from retrieval.tokenizing import (
    BREAK,
    STEMMED,
    folded,
    joined,
    normal,
    pieces_at,
    sequence,
    telling_words,
    tokens,
    words_of,
)


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("ORA-00942", "ora00942"),
        ("ORA-00942", "Ora-00942"),
        ("E-1042", "e1042"),
        ("SSL_ERROR_RX", "ssl_error_rx"),
        ("SSL_ERROR_RX", "sslerrorrx"),
        ("v2.3.1", "2.3.1"),
        ("v2.3.1", "V2.3.1"),
        ("X-Forwarded-For", "xforwardedfor"),
        ("e-mail", "email"),
        ("Node.js", "nodejs"),
        ("0x80070005", "0X80070005"),
    ],
)
def test_a_code_is_the_same_token_however_it_is_typed(written: str, typed: str) -> None:
    assert tokens(written, "en")[-1] == tokens(typed, "en")[-1]


def test_a_code_keeps_its_parts_and_other_codes_are_others() -> None:
    assert tokens("Error ORA-00942 now", "en") == ["error", "ora", "00942", "now", "ora00942"]
    assert tokens("Error ORA-00942 now", "en", wholes=False) == ["error", "ora", "00942", "now"]
    others = ["ORA-00943", "ORA-942", "v2.3.1", "v23.1", "2.31"]
    assert len({tokens(other, "en")[-1] for other in others}) == len(others)
    assert joined("e.g") is None
    assert joined("a-" * 40 + "b") is None


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Les pénalités d'accès", "fr", ["pénal", "acces"]),
        ("हिन्दी में पासवर्ड", "hi", ["हिन्द", "पासवर्ड"]),
        ("שָׁלוֹם של עולם", "he", ["שלום", "עולם"]),
        ("مُحَمَّد", "ar", ["محمد"]),
        ("ο κωδικός", "el", ["κωδικ"]),
        ("รหัสผ่าน", "th", ["รหั", "หัส", "ัสผ", "สผ่", "ผ่า", "่าน"]),
        ("비밀번호", "ko", ["비밀", "밀번", "번호"]),
        ("ｐａｓｓｗｏｒｄ", "en", ["password"]),
        ("cafe\u0301s", "fr", ["caf"]),
        ("Zurücksetzen", "de", ["zurucksetz"]),
        ("zuruecksetzen", "de", ["zurucksetz"]),
        ("hasła i loginy", "pl", ["hasł", "login"]),
    ],
)
def test_words_of_many_languages(text: str, language: str, expected: list[str]) -> None:
    assert tokens(text, language) == expected


def test_every_stemmer_there_is_has_its_language() -> None:
    others = {"porter", "dutch_porter"}  # of languages that have another one
    assert set(Stemmer.algorithms()) - others == set(STEMMED.values())


@pytest.mark.parametrize(
    "language", ["ar", "cs", "de", "el", "es", "fi", "fr", "hu", "it", "pl", "pt", "ro", "ru", "sv", "tr"]
)
def test_the_commonest_words_are_no_tokens(language: str) -> None:
    common = {
        "ar": "في من", "cs": "a se", "de": "und der", "el": "και το", "es": "de la", "fi": "ja on", "fr": "le et",
        "hu": "a az", "it": "il di", "pl": "w na", "pt": "o de", "ro": "și de", "ru": "и в", "sv": "och att", "tr": "ve bu",
    }  # fmt: skip
    assert tokens(common[language], language) == []


def test_what_only_asks_depends_on_the_language() -> None:
    assert tokens(telling_words("¿Cómo puedo cambiar mi contraseña?", "es"), "es") == ["cambi", "contraseñ"]
    assert telling_words("come reset", "en") == "come reset"
    assert telling_words("come reset", "it").strip() == "reset"


def test_accents_and_capitals_fold() -> None:
    assert folded(normal("Pénalité")) == "penalite"
    assert folded(normal("STRASSE")) == folded(normal("Straße")) == "strasse"
    assert folded("비밀") == "비밀"
    assert folded("हिन्दी") == "हिन्दी"


def test_the_order_of_words_is_that_of_the_text_and_ends_at_paragraphs() -> None:
    assert words_of("Reset link\nby e-mail.\n\nSign in") == [
        "reset", "link", "by", "e", "mail", BREAK, "sign", "in", BREAK, "email", BREAK
    ]  # fmt: skip
    assert sequence("Réset-Link 重置") == ["reset", "link", "重", "置"]


@given(st.text(max_size=300), st.sampled_from(["en", "de", "fr", "th", "ja", "ar", "hi", "xx"]))
def test_any_text_has_tokens_and_the_same_ones_in_every_form_of_unicode(text: str, language: str) -> None:
    found = tokens(text, language)
    assert all(isinstance(token, str) and token for token in found)
    text = "".join(sign for sign in text if not unicodedata.category(sign).startswith("M"))
    assert tokens(unicodedata.normalize("NFC", text), language) == tokens(
        unicodedata.normalize("NFD", text), language
    )


def test_pieces_are_where_the_tokens_stand() -> None:
    for text, language in (("重置密码", "zh"), ("รหัสผ่าน", "th")):
        assert [text[first:last] for first, last in pieces_at(text, 0, len(text))] == tokens(text, language)
