"""A question is read: typing errors, words together and apart, unfinished words, quotes and codes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.lexical import Entry, LexicalIndex, Place
from retrieval.tokenizing import tokens
from retrieval.wording import Wording, is_code, read_question
from tests.conftest import grows, in_proportion

PUBLIC = frozenset({("public", "en")})
TEXTS = [
    "Get a refund\n\nA refund of your payment takes five days. The refund goes to your card.",
    "Reset your password\n\nChoose the reset link. The password is changed with the reset link at once.",
    "Cancel the subscription\n\nYou can cancel a subscription in the settings. A subscription ends at once.",
    "Log in\n\nLog in with your e-mail address. After you log in, the start page opens.",
    "Change your login\n\nThe login is a name. A backup code replaces it.",
    "Error ORA-00942\n\nThe table is missing: ORA-00942 means that it was never made.",
    "Error ORA-00943\n\nThe table is missing: ORA-00943 means that it was never made.",
    "Version 2.3.1\n\nSince v2.3.1 the setting SSL_ERROR_RX exists.",
    "Invoices\n\nAn invoice shows the customer, the address and the amount in the settings.",
    "Bread\n\nThe list of breads, their freshness, and the authentication of bakers.",
]


def index_of(*texts: str, language: str = "en", audience: str = "public") -> LexicalIndex:
    entries = (Entry(f"p{n}", f"a{n}", audience, language, text) for n, text in enumerate(texts))
    return LexicalIndex.build(entries, 1)


INDEX = index_of(*TEXTS)


def read(
    question: str, *, unfinished: bool = False, index: LexicalIndex = INDEX, language: str | None = None
) -> Wording:
    return read_question(question, index, index.places_used, language, unfinished=unfinished)


def first(
    question: str,
    *,
    unfinished: bool = False,
    index: LexicalIndex = INDEX,
    places: frozenset[Place] | None = None,
) -> str | None:
    """The passage that scores best in words."""
    places = places or index.places_used
    wording = read_question(question, index, places, unfinished=unfinished)
    return next(iter(index.best(wording.tokens, places, 10, weights=wording.weights)), None)


# --- typing errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("refnd", "refund"),
        ("pasword reste", "password reset"),
        ("cancle my subscribtion", "cancel my subscription"),
        ("How do I get a rfeund?", "How do I get a refund?"),
        ("PASWORD", "password"),
        ("Pasword", "password"),
        ("my sbuscription", "my subscription"),
        ("inovice adress", "invoice address"),
        ("cutsomer", "customer"),
    ],
)
def test_a_misspelt_word_is_read_as_the_one_that_the_help_center_has(typed: str, meant: str) -> None:
    assert read(typed).corrected == read(typed).text == meant
    assert set(read(typed).telling) == set(read(meant).telling)


def test_a_word_that_was_put_right_counts_less_than_one_that_is_known() -> None:
    found = read("pasword invoice")
    weights = dict(zip(found.tokens, found.weights, strict=True))
    assert 0 < weights["password"] < weights["invoic"] == 1


@pytest.mark.parametrize(
    "question",
    [
        "reset my password",  # known
        "resets, resetting, refunds and invoiced",  # forms of what is known
        "why was my card charged",  # not changed
        "does it work with freshdesk",  # two errors away from a word that ends otherwise
        "a friend of mine got lost in the refundable forest",  # English that the help center has not
        "my name is Kowalsky and this is Ms. Refumd",  # names
        "does it work with xero or okta",
        "order 12345, E-1O42 and PAS5WORD",  # digits
        "getRefnd() and SUBSCRIPTON_ID",  # code
        "car set rest adds",  # short
        "¿Dónde está el reembolso de mi subscripcion?",  # another language
        "wie kann ich das passwort ändern",
        "autenticación",
        "la lista",
        "dont cant doesnt",
        '"refnd"',  # quoted: meant as it is written
        "退款 пароль",
    ],
)
def test_what_is_no_typing_error_is_left_as_it_is(question: str) -> None:
    found = read(question)
    assert found.corrected is None
    assert found.text == question


def test_a_question_without_errors_is_only_its_own_tokens() -> None:
    for question in ("reset my password", "how can I cancel the subscription?", "invoice address"):
        found = read(question)
        assert list(found.tokens) == list(found.telling) == INDEX.question_tokens(question, None)
        assert set(found.weights) == {1.0}


def test_of_several_words_that_may_be_meant_none_is_chosen_and_all_count_a_little() -> None:
    index = index_of("The quill.", "The quilt.", "Rain.")
    found = read("quilx", index=index)
    assert found.corrected is None
    weights = dict(zip(found.tokens, found.weights, strict=True))
    assert 0 < weights["quill"] == weights["quilt"] < 1
    frequent = index_of("The quill.", *["The quilt and the quilt."] * 8)
    assert read("quilx", index=frequent).corrected == "quilt"


def test_the_words_of_other_places_are_not_given_away() -> None:
    index = LexicalIndex.build(
        [
            Entry("open", "a", "public", "en", "The price list."),
            Entry("secret", "b", "agents", "en", "The zanzibar discount. Zanzibar, zanzibar."),
        ],
        1,
    )
    agents = frozenset({("agents", "en")})
    for question, unfinished in (("zanzibra", False), ("zanzib", True)):
        assert "zanzibar" not in read_question(question, index, PUBLIC, unfinished=unfinished).text
        assert "zanzibar" in read_question(question, index, agents, unfinished=unfinished).text


def test_words_that_came_or_went_since_the_base_was_built_are_known_or_forgotten() -> None:
    index = index_of("The price list.", "The zanzibar discount.").copy()
    index.replace("a1", [])
    assert read("zanzibra", index=index).corrected is None
    index.replace("late", [Entry("late", "late", "public", "en", "The numbat rack.")])
    assert read("nmubat", index=index).corrected == "numbat"
    assert read("nmubat", index=index.compacted()).corrected == "numbat"


# --- together and apart, accents, compounds ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Log in here", "login"),
        ("The login", "log in"),
        ("Your e-mail", "email"),
        ("Your email", "e-mail"),
        ("Your email", "e mail"),
        ("Make a backup", "back up"),
        ("Back up the files", "backup"),
        ("Set up the app", "setup"),
        ("The user name", "username"),
        ("The username", "user name"),
        ("Sign-up form", "signup"),
        ("Rate limits", "ratelimits"),
        ("RFC 9457", "rfc9457"),
    ],
)
def test_words_are_found_together_and_apart(one: str, other: str) -> None:
    index = index_of("Something else.", one)
    assert first(other, index=index) == "p1"


def test_two_words_together_count_only_where_they_stand_together() -> None:
    index = index_of("The log lies in the folder.", "You log in here.")
    assert first("login", index=index) == "p1"
    assert read("folderlog", index=index).text == "folderlog"


@pytest.mark.parametrize(
    ("text", "language", "asked"),
    [
        ("Les pénalités de retard", "fr", "penalites"),
        ("Les penalites de retard", "fr", "pénalités"),
        ("Cambiar la contraseña", "es", "contrasena"),
        ("Cambiar la contraseña", "es", "contrasenas"),
        ("Passwörter zurücksetzen", "de", "passwoerter zuruecksetzen"),
        ("Passwoerter aendern", "de", "Passwörter"),
        ("Die Kündigung und ihre Frist", "de", "Kündigungsfrist"),
        ("Zmień hasło i żądanie", "pl", "zadanie"),
    ],
)
def test_words_are_found_with_other_accents_and_in_compounds(text: str, language: str, asked: str) -> None:
    index = LexicalIndex.build(
        [Entry("other", "b", "public", language, "xyz"), Entry("p", "a", "public", language, text)], 1
    )
    assert first(asked, index=index) == "p"
    assert read(asked, index=index).corrected is None


# --- unfinished --------------------------------------------------------------------------------------------------


def test_the_last_word_may_be_unfinished() -> None:
    assert read("how do i canc", unfinished=True).text == "how do i cancel"
    assert read("how do i canc", unfinished=True).corrected is None
    assert first("how do i canc", unfinished=True) == "p2"
    assert first("how do i canc") is None


@pytest.mark.parametrize("question", ["canc the", "how do i canc ", "ca", "pass", "canc?"])
def test_other_words_are_taken_as_they_are(question: str) -> None:
    """Not the last, finished by a space or a mark, too short, known by itself."""
    index = index_of(*TEXTS, "A mountain pass.")
    assert read(question, unfinished=True, index=index).text == question.strip()


# --- quotes and codes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ('"reset link"', ("reset link",)),
        ("“Reset Link” for my password", ("reset link",)),
        ("„reset-link“", ("reset link",)),
        ('"password"', ("password",)),
        ('where is the "password" that I wrote on a yellow sheet of paper', ()),
        ('the "reset link" that I wrote on a yellow sheet of paper', ("reset link",)),
        ('a 27" and a 32" screen', ()),
        ('""', ()),
        ('"reset link', ()),
    ],
)
def test_what_is_quoted_is_a_phrase(question: str, phrases: tuple[str, ...]) -> None:
    assert read(question).phrases == phrases


def test_a_phrase_is_held_where_its_words_stand_one_after_the_other() -> None:
    index = index_of("The link to reset.", "A reset\nlink.", "Reset.\n\nLink.", "Réset links").copy()
    index.replace("late", [Entry("late", "late", "public", "en", "The RESET-LINK!")])
    for one in (index, index.compacted()):
        rows = read('"reset link"', index=one).quoting(one, PUBLIC)
        assert rows is not None
        assert one.passages_of(rows) == ["p1", "late"]
        assert read('"link reset"', index=one).quoting(one, PUBLIC) is None
    several = read('"reset link" "to reset"', index=index).quoting(index, PUBLIC)
    assert several is not None
    assert index.passages_of(several) == ["p0", "p1", "late"]  # none holds both


@pytest.mark.parametrize(
    ("language", "text", "other", "phrase"),
    [
        ("zh", "如何重置密码", "密码和重置", "重置密码"),
        ("th", "เปลี่ยนรหัสผ่าน", "ผ่านรหัส", "รหัสผ่าน"),
        ("fr", "La pénalité d'été", "L'été, la pénalité", "penalite d'ete"),
    ],
)
def test_phrases_are_held_in_every_script(language: str, text: str, other: str, phrase: str) -> None:
    index = LexicalIndex.build(
        [Entry("p", "a", "public", language, text), Entry("o", "b", "public", language, other)], 1
    )
    rows = read(f'"{phrase}"', index=index).quoting(index, index.places_used)
    assert rows is not None
    assert index.passages_of(rows) == ["p"]


@pytest.mark.parametrize(
    "typed", ["ORA-00942", "ora-00942", "ORA00942", "ora 00942", "error ora_00942", "ORA–00942"]
)
def test_a_code_is_found_exactly_however_it_is_typed(typed: str) -> None:
    assert first(typed) == "p5"
    assert read(typed).coded(INDEX, PUBLIC) == ["p5"]
    assert first(typed.replace("2", "3")) == "p6"


def test_a_code_in_a_long_question_counts_more_and_decides_nothing() -> None:
    question = (
        "since yesterday the invoice of every customer shows ORA-00942 below the address and the amount"
    )
    found = read(question)
    assert dict(zip(found.tokens, found.weights, strict=True))["ora00942"] > 1
    assert found.codes == ()


def test_an_unknown_code_is_nothing_special() -> None:
    assert read("ORA-00944").codes == ()
    assert first("ORA-00944") in {"p5", "p6"}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("ORA-00942", True), ("0x80070005", True), ("E-1042", True), ("SSL_ERROR_RX", True), ("v2.3.1", True),
        ("2.3", True), ("48213", True), ("MX-500A", True), ("e-mail", False), ("30", False), ("2024", False),
        ("24h", False), ("2nd", False), ("30-day", False), ("iPhone", False),
    ],
)  # fmt: skip
def test_what_a_code_is(word: str, code: bool) -> None:
    assert is_code(word) == code


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["", "   ", "?", "!!!", "😀🍕", "\x00", "\x00\x01\x1f", "“”", "%_'\"", "\u200b"]
)
def test_without_a_word_nothing_is_asked(question: str) -> None:
    assert read(question).asks_nothing


def test_control_characters_and_half_characters_are_no_part_of_a_question() -> None:
    assert read("reset\x00 \ud800 password\x07").text.encode()
    assert first("reset\x00password") == "p1"


@given(st.text(max_size=200), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_text_can_be_read(question: str, unfinished: bool) -> None:
    found = read(question, unfinished=unfinished)
    assert len(found.tokens) == len(found.weights) == len(set(found.tokens))
    assert all(0 < weight <= 2 for weight in found.weights)
    found.quoting(INDEX, PUBLIC)
    found.coded(INDEX, PUBLIC)


@pytest.mark.parametrize("kind", ["one word", "many words", "unknown words", "quotes", "codes", "marks"])
def test_nothing_takes_long_to_read(kind: str) -> None:
    dice = random.Random(1)
    question = {
        "one word": "x",
        "many words": "password ",
        "unknown words": lambda n: " ".join("".join(dice.choices("aeiounrstl", k=8)) for _ in range(n // 9)),
        "quotes": lambda n: '"' * (n // 2) + '"reset link" ' * (n // 26),
        "codes": lambda n: " ".join(f"E-{k}_x.y" for k in range(n // 10)),
        "marks": lambda n: "e\u0301\u0302" * (n // 6) + "-_." * (n // 6),
    }[kind]

    def act(text: str) -> None:
        found = read(text, unfinished=True)
        INDEX.best(found.tokens, PUBLIC, 10, weights=found.weights)
        assert found.text

    in_proportion(act, question)


def test_a_usual_question_is_read_as_fast_among_many_words() -> None:
    dice = random.Random(1)
    words = ["".join(dice.choices("abcdefghiklmnoprstuvw", k=dice.randint(3, 11))) for _ in range(20_000)]
    texts = [" ".join(dice.choices(words, k=40)) for _ in range(2000)]
    indexes = {size: index_of(*texts[:size]) for size in (250, 2000)}
    questions = [" ".join(dice.choices(words, k=6)) for _ in range(40)]
    misspelt = [question[:9] + "x" + question[10:] for question in questions]

    def act(size: int) -> None:
        for question in questions + misspelt:
            read(question, index=indexes[size])

    grows(act, (250, 2000), faster=0.5)


def test_the_tokens_are_those_of_the_passages() -> None:
    for text in TEXTS:
        assert set(read(text.split("\n")[0]).telling) <= set(tokens(text, "en"))
