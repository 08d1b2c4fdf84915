"""A sentence is held against its passages: numbers, addresses and code to the letter, words for the most part."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ground import (
    Check,
    Sentences,
    Source,
    answers,
    citations,
    cited_anew,
    kept,
    renumbered,
    without_citations,
)
from bot.ground.deeds import own_deed
from bot.ground.facts import canonical
from retrieval.embedders import EmbedderError, open_embedder


def supported(sentence: str, passages: list[str], language: str) -> bool:
    """Whether `passages`, together, hold what the sentence says, by words and facts."""
    sources = [Source("\n".join(passages), language)]
    return Check(sources, language).verdict(sentence, [1]).kept


PASSAGE = """You can return a bicycle within 30 days. Charge it to 40 % first, at most 6.5 bar, between 10:30 and 12:00.
Write to info@shop.example or see https://shop.example/help/a. Edit velo.conf and run `velo-update --device CX-20`.
E.g. hold the side button for three seconds. Version v1.2.3 costs 1,299.00 euros.

```bash
velo-update --device CX-20 --channel stable
rm -rf /tmp/velo
```
"""


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return a bicycle within 30 days.",
        "You can return the bicycle within 30 days [1].",
        "1. Charge it to 40% first.",
        "At most 6.5 bar, between 10:30 and 12:00.",
        "Write to info@shop.example.",
        "See https://shop.example/help/a.",
        "Write to info@shop.example or see [help](https://shop.example/help/a).",
        "Run `velo-update --device CX-20`.",
        "Run `velo-update`.",
        "Edit velo.conf, e.g. the version.",
        "Version v1.2.3 costs 1,299.00 euros.",
        "```bash\nvelo-update --device CX-20 --channel stable\n```\n",
        "```\n  rm -rf /tmp/velo\n```",
        "| --- | --- |",
        "",
    ],
)
def test_what_the_passage_says_holds(sentence: str) -> None:
    assert supported(sentence, [PASSAGE], "en")


@pytest.mark.parametrize(
    "sentence",
    [
        "You can return a bicycle within 3 days.",
        "You can return a bicycle within 0 days.",
        "You can return a bicycle within 300 days.",
        "You can return a bicycle within 60 days.",
        "At most 6 bar.",
        "At most 5 bar.",
        "At most 6.50 bar.",
        "Between 10:00 and 12:00.",
        "Write to info@shop.exam.",
        "Write to fo@shop.example.",
        "See https://shop.example/help/b.",
        "See https://shop.example/help.",
        "See https://shop.example.",
        "See shop.evil/help.",
        "Edit evil.conf.",
        "Edit velo.config.",
        "Version v1.2 costs 1,299.00 euros.",
        "It costs 299.00 euros.",
        "It costs 1 euro.",
        "Run `velo-update --device CX-2`.",
        "Run `rm -rf /`.",
        "Run `rm -rf /tmp`.",
        "Run `velo-update --force`.",
        "```bash\nvelo-update --device CX-20 --channel stable\nvelo-update --device --channel\n```\n",
        "```bash\nvelo-update --device CX-20",
        "Bananas are yellow and grow in the tropics.",
        "The king of France rides a bicycle daily to his palace.",
    ],
)
def test_what_the_passage_does_not_say_does_not_hold(sentence: str) -> None:
    assert not supported(sentence, [PASSAGE], "en")


DOOR = """The bot never quotes drafts. The door opens to everybody at 15:00 on 2026-03-01. The limit is 1,000 euros in three shops.
Ada has the key, and Bob has the lamp. Call +49 30 1234567.

1. Print the label.
2. Pack the box.
3. Hand the box to the carrier.
"""


@pytest.mark.parametrize(
    ("true", "false", "reason"),
    [
        ("The limit is 1000 euros.", "The limit is 2000 euros.", "number"),
        ("The limit is 1,000 euros in 3 shops.", "The limit is 1,000 euros in four shops.", "number"),
        ("The door opens at 3 pm.", "The door opens at 4 pm.", "number"),
        ("The door opens on 1 March 2026.", "The door opens on 1 April 2026.", "name"),
        ("The bot never quotes drafts.", "The bot quotes drafts.", "negation"),
        ("The door opens to everybody.", "The door does not open to everybody.", "negation"),
        ("The limit is 1,000 euros.", "The limit isn't 1,000 euros.", "negation"),
        ("Ada has the key.", "Eve Smith has the key, and not Mallory.", "name"),
        ("Call +49 30 1234567.", "Call +49 30 7654321.", "address"),
        ("First print the label, then pack the box.", "First pack the box, then print the label.", "order"),
        (
            "Pack the box before you hand the box to the carrier.",
            "Hand the box to the carrier before you pack the box.",
            "order",
        ),
    ],
)
def test_a_fact_that_is_turned_round_is_told_from_the_fact(true: str, false: str, reason: str) -> None:
    check = Check([Source(DOOR, "en")], "en")
    true_one = check.verdict(true, [1])
    assert true_one.kept or true_one.instead
    told = check.verdict(false, [1])
    assert not told.kept
    assert told.reasons[0] == reason


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        ("Open from nine in the morning to 8 in the evening.", "open from 9:00 to 20:00."),
        ("Closed at eleven o'clock at night until 2 at night", "closed at 23:00 until 2:00"),
        ("Before 5:30 in the afternoon", "before 17:30"),
        ("Room for 10 in the evening", "room for 10 in the evening"),
        (
            "Table 5 in the evening, half past nine in the morning",
            "table 5 in the evening, half past nine in the morning",
        ),
    ],
)
def test_hours_of_the_day_are_told_alike_and_other_numbers_are_none(told: str, hours: str) -> None:
    assert canonical(told) == hours


def test_where_a_link_leads_is_no_word_of_the_sentence() -> None:
    check = Check([Source(PASSAGE, "en")], "en")
    linked = "Write or [see the help](https://shop.example/help/a) for a bicycle."
    assert (
        check.features(linked, [1]) == check.features("Write or see the help for a bicycle.", [1]) is not None
    )


@pytest.mark.parametrize("cited", [[1], [2], []])
def test_a_wrong_number_or_none_makes_the_check_no_laxer(cited: list[int]) -> None:
    check = Check([Source(DOOR, "en"), Source("Bananas are yellow.", "en")], "en")
    assert check.verdict("The bot never quotes drafts.", cited).kept
    assert not check.verdict("The bot quotes drafts.", cited).kept
    assert not check.verdict("The door never opens to everybody.", cited).kept


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("I have added the agent for you.", "en"), ("I've cancelled your order.", "en"), ("I added an agent.", "en"),
        ("I’ll forward this to my colleague.", "en"), ("I am transferring you to a person now.", "en"),
        ("I'm going to reset your password.", "en"), ("We have refunded your payment.", "en"),
        ("Your bike rental has already been extended.", "en"), ("A colleague will put it on your website.", "en"),
        ("Ich habe Ihre Bestellung storniert.", "de"), ("Gerne habe ich das geändert.", "de"), ("He cancelado su pedido.", "es"),
        ("J'ai annulé votre commande.", "fr"), ("Ho annullato il tuo ordine.", "it"), ("Ik heb je bestelling geannuleerd.", "nl"),
        ("Já cancelei o seu pedido.", "pt"),
    ],
)  # fmt: skip
def test_a_deed_of_the_bots_own_stands_only_in_the_very_words_of_a_passage(
    sentence: str, language: str
) -> None:
    check = Check([Source("Bicycles, orders, agents and passwords.", language)], language)
    assert check.verdict(sentence, [1]).reasons == ("deed",)
    assert check.verdict(sentence, []).reasons == ("deed",)
    assert Check([Source(f"We write: {sentence}", language)], language).verdict(sentence, [1]).kept


@pytest.mark.parametrize(
    "sentence",
    [
        "I can help you with that.", "I found this in the help center.", "I am afraid that is not possible.",
        "I will explain the steps.", "We have two shops.", "You have added an agent.", "I need your order number.",
        "Orders have been shipped by rail since 2020.", "I'd suggest that you restart it.", 'Press "I have paid".',
        "We text you a code as soon as your parcel has been placed in the locker.",
    ],
)  # fmt: skip
def test_what_a_bot_may_say_of_itself_is_no_deed(sentence: str) -> None:
    assert not own_deed(sentence, "", "en")


def test_german_negations_are_heard() -> None:
    passage = ["Sie können den Helm nicht zurückgeben."]
    assert supported("Sie können den Helm nicht zurückgeben.", passage, "de")
    assert not supported("Sie können den Helm zurückgeben.", passage, "de")


def test_items_of_a_list_keep_their_order() -> None:
    check = Check([Source(DOOR, "en")], "en")
    told = [
        check.verdict(item, [1]).kept
        for item in ("1. Print the label.", "2. Hand the box to the carrier.", "3. Pack the box.")
    ]
    assert told == [True, True, False]


def test_a_wrong_citation_is_put_right_but_not_that_of_a_sentence_its_passage_refutes() -> None:
    check = Check([Source("A helmet costs 20 euros.", "en"), Source("A lamp costs 30 euros.", "en")], "en")
    assert check.verdict("A lamp costs 30 euros.", [1]).passages == (2,)
    assert check.verdict("A lamp costs 30 euros.", []).passages == (2,)
    assert not check.verdict("A lamp costs 20 euros.", [2]).kept
    assert cited_anew("A lamp [1] costs 30 euros [1].", [2]) == "A lamp [2] costs 30 euros."


def test_meaning_counts_where_words_differ() -> None:
    passage = Source("Shut the server down before you copy the folder, or the copy may be damaged.", "en")
    embedder = open_embedder(None)
    same = "Stop the machine prior to making a backup of the directory."
    other = "Bananas of the tropics are yellow and sweet."
    check = Check([passage], "en", embedder)
    assert (check.verdict(same, [1]).support or 0) > 3 * (check.verdict(other, [1]).support or 0)
    assert not check.verdict(other, [1]).kept


def test_without_an_embedding_words_and_facts_go_on_alone() -> None:
    class Broken:
        fingerprint = name = "broken"

        def embed_parts(self, *_: object) -> object:
            raise EmbedderError("down")

    check = Check([Source(DOOR, "en")], "en", Broken())  # type: ignore[arg-type]
    check.prepare()
    assert check.verdict("The bot never quotes drafts.", [1]).kept
    assert not check.verdict("The bot quotes drafts.", [1]).kept


def test_what_is_made_of_a_passage_is_kept_for_the_next_turn_but_of_one_embedder_only() -> None:
    given = "Refunds take five days. Cards are refunded first.", "en", "Refunds"
    first = kept(*given, "one model")
    Check([first], "en", open_embedder(None)).prepare()
    assert first.cut.unit_vectors is not None
    assert kept(*given, "one model") is first
    assert kept(*given, None).cut.unit_vectors is None  # words alone stay words alone
    assert kept(*given[:2], "Payments", "one model").lower != first.lower


def test_what_only_repeats_the_question_answers_nothing() -> None:
    question = "How do I return a bicycle?"
    assert not answers("Great question!", question, "en")
    assert not answers("You asked how to return a bicycle.", question, "en")
    assert answers("Print the label.", question, "en")
    assert answers("You can return a bicycle.", "Can I return a bicycle?", "en")


def test_passages_are_held_together_where_several_are_cited() -> None:
    both = "Return a bicycle within 30 days, charged to 60 %."
    assert supported(both, ["Return a bicycle within 30 days.", "Charged to 60 %."], "en")
    assert not supported(both, ["Return a bicycle within 30 days."], "en")


def test_citations_that_exist_are_read_once_and_in_order() -> None:
    assert citations("A [3]. B [1, 2][3] [9] [0].", 4) == [3, 1, 2]
    assert citations("Nothing [here].", 4) == []


def test_an_index_in_code_is_no_citation() -> None:
    assert citations("Use `list[1]` and `x[2]` [3].", 4) == [3]
    assert renumbered("Use `list[1]` [3].", lambda n: n + 4, 4) == "Use `list[1]` [7]."
    assert renumbered("```\nlist[1] = 0\n```\n", lambda n: n + 4, 4) == "```\nlist[1] = 0\n```\n"
    assert without_citations("Use `list[1]` [3].") == "Use `list[1]`."


def test_renumbering_takes_out_what_does_not_exist_and_what_is_double() -> None:
    assert renumbered("A [2][5]. B [1, 2].", lambda n: {1: 7, 2: 7}[n], 3) == "A [7]. B [7]."


def cut(text: str, sizes: list[int]) -> list[str]:
    cutter, found, at = Sentences(), [], 0
    for size in sizes:
        found += cutter.feed(text[at : at + size])
        at += size
    return found + cutter.feed(text[at:]) + cutter.finish()


TEXT = """It works. Really! [1] Does it? Yes.[2]
1. First open it, e.g. here.
2. Then close it.

```python
a = 1. + 2.

print(a)
```
| a | b |
| - | - |
The end"""


def test_sentences_are_cut_where_they_end_and_code_is_one() -> None:
    found = cut(TEXT, [])
    assert "".join(found) == TEXT
    assert found[:2] == ["It works. ", "Really! [1] "]
    assert "1. First open it, e.g. " in found
    assert any(sentence.startswith("```python") and sentence.rstrip().endswith("```") for sentence in found)


def test_it_does_not_matter_how_the_stream_is_cut() -> None:
    dice = random.Random(1)
    whole = cut(TEXT, [])
    for _ in range(200):
        assert cut(TEXT, [dice.randint(1, 9) for _ in range(40)]) == whole
    assert cut(TEXT, [1] * len(TEXT)) == whole


@given(st.text(alphabet="ab.!? \n`~[]12-", max_size=80), st.lists(st.integers(1, 7), max_size=30))
def test_nothing_but_white_space_at_the_end_is_ever_lost(text: str, sizes: list[int]) -> None:
    assert "".join(cut(text, sizes)).rstrip() == text.rstrip()


def test_code_without_an_end_waits_for_the_end_of_the_stream() -> None:
    cutter = Sentences()
    assert cutter.feed("```\none. two.\n\nthree\n") == []
    assert cutter.finish() == ["```\none. two.\n\nthree\n"]
