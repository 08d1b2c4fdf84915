"""Personal data are found, taken out, and put back where their owner reads them."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from help_center.masking import (
    LONGEST_REMEMBERED,
    NOT_FOR_AGENTS,
    _for_agents,
    hide,
    mask,
    restore,
    stored_for_agents,
)
from help_center.personal_data import KINDS, finds

PIECES = [
    "4242 4242 4242 4242", "GB82 WEST 1234 5698 7654 32", "ada@example.org", "+44 7700 900123", "password is hunter2",
    "sk-proj-abcd1234efgh5678ijkl", "[email 1]", "[card 2]", "[key]", "•••• 4242", "GB •••• 5432", "cvv 123", "//ada:pw@x.org/",
    "token=", "pwd: ", "call me on 555 0132", "@", ".", ":", "=", "1", "12 ", "x", " ", "\n", "(", ")", "-", "'", "é", "４２",
]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join)


@settings(max_examples=400, deadline=None)
@given(texts)
@example("pwd: [password]")
@example("1•••• 4242")
def test_masking_twice_is_masking_once(text: str) -> None:
    once = mask(text).text
    assert mask(once).text == once
    kept = hide(text, KINDS)
    assert hide(kept, KINDS) == kept


@settings(max_examples=300, deadline=None)
@given(texts)
def test_masking_never_lengthens_without_bound(text: str) -> None:
    assert len(mask(text).text) <= 4 * len(text) + 20
    assert len(hide(text, KINDS)) <= 4 * len(text) + 20


@settings(max_examples=200, deadline=None)
@given(texts)
def test_finds_lie_in_the_text_and_never_overlap(text: str) -> None:
    at = 0
    for one in finds(text):
        assert at <= one.start < one.end <= len(text)
        at = one.end


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "(0", "a", "a.", "a@", "+1 ", "a at b dot ", "GB82 ", "password ", "password: ", "pass:", "pwd is a b ", "api_key",
     "token=", "secret ", "-----BEGIN PRIVATE KEY-----", "eyJaaaaaaaa.", "://a:", "?key=", "[email 1]", "•••• 4242 ",
     "079 1234 567 x", "passphrase: a ", "\u00a0", "\n"],
)  # fmt: skip
def test_the_time_grows_with_the_text_and_no_faster(unit: str) -> None:
    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        began = time.process_time()
        mask(text)
        return time.process_time() - began

    seconds(1_000)
    assert seconds(100_000) < 8 * seconds(25_000) + 0.5


def test_the_same_address_keeps_its_placeholder_over_several_texts() -> None:
    first = mask("I am ada@example.org, or bob@example.org")
    assert first.text == "I am [email 1], or [email 2]"
    second = mask("Write to BOB@example.org or eve@example.org", first.found)
    assert second.text == "Write to [email 2] or [email 3]"
    assert restore("To [email 3], [Email 1].", second.found) == "To eve@example.org, ada@example.org."


def test_what_the_customer_wrote_as_a_placeholder_stands_for_nobody() -> None:
    masked = mask("What does [email 1] mean? I am ada@example.org")
    assert masked.text == "What does [email 1] mean? I am [email 2]"
    assert restore(masked.text, masked.found) == "What does [email 1] mean? I am ada@example.org"


def test_cards_accounts_keys_and_passwords_never_come_back() -> None:
    masked = mask(
        "card 4242 4242 4242 4242, GB82 WEST 1234 5698 7654 32, key sk-proj-abcd1234efgh5678ijkl, password: hunter2"
    )
    assert masked.text == "card [card 1], [iban 1], key [key], password: [password]"
    assert (
        restore(masked.text, masked.found) == "card •••• 4242, GB •••• 5432, key [key], password: [password]"
    )
    assert "424242" not in repr(masked).replace(" ", "")


def test_what_was_kept_short_is_masked_whole_for_a_model() -> None:
    masked = mask("is •••• 4242 or •••• 1881 charged? refund to GB •••• 5432")
    assert masked.text == "is [card 1] or [card 2] charged? refund to [iban 1]"
    assert restore("[card 2]", masked.found) == "•••• 1881"


def test_only_the_kinds_asked_for_are_hidden() -> None:
    text = "ada@example.org, GB82 WEST 1234 5698 7654 32, 4242-4242-4242-4242"
    assert hide(text) == "ada@example.org, GB82 WEST 1234 5698 7654 32, •••• 4242"
    assert hide(text, NOT_FOR_AGENTS) == "ada@example.org, GB •••• 5432, •••• 4242"
    assert hide(text, KINDS) == "[email], GB •••• 5432, •••• 4242"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("4242424242424242 12/29 123", "[card 1] 12/29 123"),
        ("3782 822463 10005", "[card 1]"),
        ("４２４２ ４２４２ ４２４２ ４２４２", "[card 1]"),
        ("room 12 4242 4242 4242 4242", "room 12 [card 1]"),
        ("gb82west12345698765432 please", "[iban 1] please"),
        ("tel. 030 901820", "tel. [phone 1]"),
        ("my number is 07700 900 123.", "my number is [phone 1]."),
        ("(415) 555-0132 x23", "[phone 1]"),
        ("ada (at) example (dot) org", "[email 1]"),
        ("postgres://ada:s3cr3t@db.example.org/x", "postgres://ada:[password]@db.example.org/x"),
        ("see https://x.org/a?access_token=abc123&b=1", "see https://x.org/a?access_token=[key]&b=1"),
        ("my password for the shop is hunter2", "my password for the shop is [password]"),
        ('{"password": "open sesame"}', '{"password": "[password]"}'),
        ("hunter2 is my password", "[password] is my password"),
        ("Mein Passwort lautet Hase2024", "Mein Passwort lautet [password]"),
        ("cvc: 321, pin 4711", "cvc: [password], pin [password]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- ok", "[key] ok"),
        ("Authorization: Bearer abcDEF123456ghiJKL", "Authorization: Bearer [key]"),
    ],
)
def test_found_in_the_forms_in_which_people_write_them(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    ["order 114-3941689-8772232", "order number 4242424242424241", "error 0x80070005", "version 10.2.3.4", "from 192.168.100.200",
     "2026-01-15 10:30:22", "15.01.2026", "id 550e8400-e29b-41d4-a716-446655440000", "my password is wrong",
     "the password is not accepted", "password reset link", "the token is invalid", "10 000 000 rows", "ticket 0301234567",
     "commit 3f9a8b7c6d5e4f3a2b1c0d9e1234567890abcdef", "ISBN 978-3-16-148410-0", "pin code 560001", "icon@2x.png",
     "card ending in 4242", "in 2019-2023", "1,000,000.00"],
)  # fmt: skip
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert mask(text).text == text
    assert hide(text, KINDS) == text


def test_what_agents_may_see_is_remembered_and_not_without_end() -> None:
    _for_agents.cache_clear()
    text = "refund it to DE89 3704 0044 0532 0130 00"
    assert stored_for_agents(text) == stored_for_agents(text) == hide(text, NOT_FOR_AGENTS)
    assert _for_agents.cache_info().hits == 1
    stored_for_agents("long " * LONGEST_REMEMBERED)
    assert _for_agents.cache_info().currsize == 1
    assert _for_agents.cache_info().maxsize is not None
