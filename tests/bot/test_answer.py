"""Answers from passages: quoted in their shape, or told by a model and checked, each with its sources."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.answer import NoAnswer, Sentence, excerpt, quote, shorten, sources, tell
from bot.llm import ModelError
from bot.understand import understand
from retrieval.chunking import section_at, split
from retrieval.passages import Hit, Passage
from retrieval.reader import ReaderError
from tests.bot.support import StringModel


def hit(
    text: str,
    article: str = "returns",
    title: str = "Return a bicycle",
    heading: str | None = None,
    score: float = 0.9,
) -> Hit:
    passage = Passage(f"{article}-{hash(text)}", article, 0, (heading,) if heading else (), text)
    return Hit(passage, title, article, (), "en", datetime(2026, 1, 1, tzinfo=UTC), 0.8, 5.0, score)


def shared(body: str, heading: str) -> Hit:
    """The section under `heading` ("" for the opening) of a passage that several short sections share."""
    (whole,) = split("returns", "Return a bicycle", body)
    at = next(one.start for one in whole.sections if one.headings == ((heading,) if heading else ()))
    return replace(hit(""), passage=section_at(whole, at), whole=whole)


def told(
    model: StringModel,
    *hits: Hit,
    question: str = "How do I return it?",
    checks: list[dict[str, Any]] | None = None,
) -> list[Sentence]:
    async def listen() -> list[Sentence]:
        told = tell(understand(question), (), list(hits), model, "en", checks=checks)
        return [sentence async for sentence in told]

    return asyncio.run(listen())


SHARED = """Within 30 days.

## How to return it

1. Print the label.
2. Hand the box over.

## When you get your money back

The refund reaches your account within 5 working days.
"""
LIST = "1. Open **My orders**.\n2. Print the label.\n   - on paper\n3. Hand the box over."
TABLE = "| Tyre | Pressure |\n| --- | --- |\n| 25 mm | 6.5 bar |"
CODE = "```bash\nvelo-update --device CX-20\n\n# done\n```"
FILLER = " ".join(["Bicycles have been ridden for a very long time by many people."] * 12)


# --- quoted ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [LIST, TABLE, CODE], ids=["list", "table", "code"])
def test_a_list_stays_a_list_a_table_a_table_and_code_code(shape: str) -> None:
    text, _ = quote(understand("How?"), [hit(shape)], "en")
    assert text.endswith(f"\n\n{shape}")


@pytest.mark.parametrize("shape", [LIST, TABLE, CODE], ids=["list", "table", "code"])
def test_a_block_of_a_long_passage_comes_whole_with_the_line_that_introduces_it(shape: str) -> None:
    question = {LIST: "print the label", TABLE: "tyre pressure of 25 mm", CODE: "velo-update device CX-20"}[
        shape
    ]
    told = shorten(f"{FILLER}\n\n{FILLER}\n\nDo this:\n\n{shape}\n\n{FILLER}", question, "en")
    assert f"Do this:\n\n{shape}" in told
    assert told.count(FILLER) == 0


def test_the_section_is_named_and_cited() -> None:
    text, used = quote(understand("How?"), [hit(LIST, heading="How to return it")], "en")
    assert text.startswith("**Return a bicycle › How to return it** [1]\n\n")
    assert [one.article_id for one in used] == ["returns"]


def test_an_article_without_headings_is_named_once() -> None:
    text, _ = quote(understand("How?"), [hit("Store it indoors.", heading=None)], "en")
    assert text.startswith("**Return a bicycle** [1]")


def test_a_title_with_marks_is_shown_as_it_is() -> None:
    text, _ = quote(understand("How?"), [hit("Do it.", title="Use *bold* & [links](x) <b>")], "en")
    assert text.startswith(r"**Use \*bold\* & \[links\](x) \<b\>** [1]")


def test_a_short_passage_takes_its_articles_next_along() -> None:
    first, other, second = (
        hit("Within 30 days."),
        hit("Another.", "other"),
        hit(LIST, heading="How to return it"),
    )
    text, used = quote(understand("How?"), [first, other, second], "en")
    assert used == [first, second]
    assert "**How to return it**" in text
    assert LIST in text
    assert "Another." not in text


def test_a_short_opening_takes_along_what_stands_after_it_in_its_passage() -> None:
    opening = shared(SHARED, "")
    far = hit(LIST, heading="Far away")
    text, used = quote(understand("Can I return a bicycle?"), [opening, far], "en")
    assert [one.heading for one in used] == ["Return a bicycle", "How to return it"]
    assert text == (
        "**Return a bicycle** [1]\n\nWithin 30 days.\n\n**How to return it**\n\n1. Print the label.\n2. Hand the box over."
    )


def test_a_short_opening_takes_along_the_section_that_tells_what_it_does_not() -> None:
    _, used = quote(understand("When do I get my money back?"), [shared(SHARED, "")], "en")
    assert [one.heading for one in used] == ["Return a bicycle", "When you get your money back"]


PRICES = """| Bicycle | A day | A week |
|---|---|---|
| City bicycle, small | 9 | 40 |
| City bicycle, large | 12 | 50 |
| Mountain bicycle | 19 | 90 |
| Cargo \\| family bicycle | 25 | 120 |
| Tandem | 29 | 140 |
| Children's bicycle | 6 | 25 |"""


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("how much is a tandem", ["Tandem"]),
        ("tandem or mountain bike price", ["Mountain bicycle", "Tandem"]),
        (
            "price of a city bicycle",
            ["City bicycle, small", "City bicycle, large"],
        ),  # "bicycle" alone names all
        ("large city bicycle a week", ["City bicycle, large"]),
        ("family bicycle", ["Cargo \\| family bicycle"]),
    ],
)
def test_of_a_table_the_rows_that_are_asked_for_are_quoted(question: str, rows: list[str]) -> None:
    told = shorten(f"Prices in euros:\n\n{PRICES}", question, "en").split("\n")
    assert told[:4] == ["Prices in euros:", "", *PRICES.split("\n")[:2]]
    assert [line.rsplit(" | ", 2)[0].removeprefix("| ") for line in told[4:]] == rows


@pytest.mark.parametrize(
    "question",
    [
        "what does it cost", "how much is a bicycle", "what can I rent other than a tandem", "is a tandem cheaper than the rest",
        "which one is cheapest, the tandem?", "all prices, tandem too", "unicycle",
    ],
)  # fmt: skip
def test_a_table_stays_whole_where_no_row_or_more_rows_are_asked_for(question: str) -> None:
    assert shorten(PRICES, question, "en") == PRICES


def test_a_table_of_which_one_row_is_quoted_takes_nothing_along() -> None:
    section = shared(f"{SHARED}\n## Prices\n\n{PRICES}", "Prices")
    text, used = quote(understand("how much is a tandem"), [section], "en")
    assert used == [section]
    assert text.endswith("|---|---|---|\n| Tandem | 29 | 140 |")


def test_a_row_without_a_name_of_its_own_goes_with_the_one_above_it() -> None:
    head = "| Plan | What it has |\n|---|---|"
    small = "| Small | 5 GB |\n| | no support |"
    table = f"{head}\n{small}\n| Large | 20 GB |\n| | support |"
    assert shorten(table, "does the small plan have support", "en") == f"{head}\n{small}"


def test_a_short_table_stays_whole() -> None:
    short = "\n".join(PRICES.split("\n")[:5])
    assert shorten(short, "mountain bicycle", "en") == short


def test_a_picture_alone_is_no_part_of_an_answer() -> None:
    picture = "![How to measure the arm](/pictures/arm.png)"
    assert (
        shorten(f"Measure the arm.\n\n{picture}\n\nThen order.", "arm", "en")
        == "Measure the arm.\n\nThen order."
    )
    assert shorten(f"Measure the arm {picture}.", "arm", "en").endswith("arm.png).")
    assert shorten(picture, "arm", "en") == picture  # better than nothing


def test_a_short_section_takes_along_what_has_more_of_the_question_beside_it_or_elsewhere() -> None:
    steps = shared(SHARED, "How to return it")
    beside = "When you get your money back"
    elsewhere = hit("Somewhere else the money is told of.", heading="Elsewhere")
    for question, others, expected in (
        ("money back", [], beside),
        ("when do I get my money back", [elsewhere], beside),
        ("money somewhere else", [elsewhere], "Elsewhere"),
        ("print it", [elsewhere], "Elsewhere"),  # neither has a word: what search found next
    ):
        _, used = quote(understand(question), [steps, *others], "en")
        assert [one.heading for one in used] == ["How to return it", expected]


def test_a_section_alone_in_its_passage_takes_nothing_along_that_is_not_there() -> None:
    only = hit("Print the label.", heading="How to return it")
    assert quote(understand("How?"), [only, hit("Another.", "other")], "en")[1] == [only]


def test_an_article_without_text_still_says_where_to_look() -> None:
    text, _ = quote(understand("How?"), [hit("")], "en")
    assert text.startswith("**Return a bicycle** [1]")


def test_a_short_passage_is_not_touched() -> None:
    assert shorten(f"A.\n\n{LIST}\n\n{CODE}", "nothing of it", "en") == f"A.\n\n{LIST}\n\n{CODE}"


def test_one_huge_block_comes_whole_or_not_at_all() -> None:
    huge = "```\n" + "\n".join(f"line {n} of the configuration" for n in range(200)) + "\n```"
    assert shorten(huge, "configuration", "en") == huge


def test_sources_name_each_article_once_in_order() -> None:
    hits = [hit("Blue.", "b", heading="Colours"), hit("Red.", "a"), hit("Green.", "b")]
    told = sources(hits)
    assert [source["article_id"] for source in told] == ["b", "a"]
    assert told[0] == {
        "article_id": "b", "title": "Return a bicycle", "url": "/help/articles/b", "heading": "Colours", "excerpt": "Blue.",
        "score": 0.9,
    }  # fmt: skip


def test_an_excerpt_is_plain_and_short() -> None:
    assert excerpt("**Open** [My orders](/x)\n\n- one\n- two") == "Open My orders one two"
    long = excerpt("word " * 200)
    assert len(long) <= 242
    assert long.endswith("word …")


# --- told by a model ---------------------------------------------------------------------------------------


A = hit("You can return a bicycle within 30 days.", "a", "Returns")
B = hit("The right pressure stands on the side of the tyre.", "b", "Tyres")


def test_numbers_follow_the_order_in_which_articles_are_cited() -> None:
    found = told(
        StringModel(
            [
                "The pressure stands on the tyre [2]. ",
                "Return it within 30 days [1]. ",
                "The right pressure [2].",
            ]
        ),
        A,
        B,
    )
    assert [sentence.text for sentence in found] == [
        "The pressure stands on the tyre [1]. ", "Return it within 30 days [2]. ", "The right pressure [1].",
    ]  # fmt: skip
    assert [sentence.hits for sentence in found] == [(B,), (A,), (B,)]


def test_two_passages_of_one_article_share_its_number() -> None:
    more = hit("Print the label and pack the box.", "a", "Returns")
    found = told(
        StringModel(
            [
                "Return it within 30 days [1]. ",
                "Print the label [2]. ",
                "The right pressure stands on the tyre [3].",
            ]
        ),
        A,
        more,
        B,
    )
    assert [sentence.text.strip()[-4:] for sentence in found] == ["[1].", "[1].", "[2]."]


def test_a_sentence_without_a_number_stands_on_the_passage_that_holds_it() -> None:
    found = told(StringModel(["The pressure stands on the tyre. ", "Return it within 30 days [1]."]), A, B)
    assert found[0].hits == (B,)
    assert found[1].text == "Return it within 30 days [2]."


def test_what_no_source_holds_gives_way_to_what_the_source_says_or_to_nothing() -> None:
    checks: list[dict[str, Any]] = []
    model = StringModel(
        [
            "Return it within 60 days [1]. ",
            "Our team is happy to help. ",
            "The right pressure stands on the side of the tyre [2].",
        ]
    )
    (found,) = told(model, A, B, checks=checks)
    assert found.text == (
        "You can return a bicycle within 30 days [1]. The right pressure stands on the side of the tyre [2]."
    )
    assert found.hits == (A, B)
    assert [one["kept"] for one in checks] == [False, False, True]
    assert [one["instead"] for one in checks] == ["You can return a bicycle within 30 days.", "", ""]


def test_what_the_source_says_is_said_once() -> None:
    checks: list[dict[str, Any]] = []
    said = "You can return a bicycle within 30 days [1]. "
    false = "You can return a bicycle within 60 days [1]. "
    for sentences, whys in (([said, false], [(), ("number",)]), ([false, said], [("number",), ("repeats",)])):
        checks.clear()
        assert [one.text for one in told(StringModel(sentences), A, checks=checks)] == [said]
        assert [tuple(one["reasons"]) for one in checks] == whys


def test_a_model_of_which_nothing_holds_as_it_wrote_it_is_not_followed() -> None:
    checks: list[dict[str, Any]] = []
    with pytest.raises(ModelError, match="nothing that"):
        told(StringModel(["Return it within 60 days [1]. "]), A, checks=checks)
    (told_of,) = checks
    assert (told_of["kept"], told_of["reasons"], told_of["instead"]) == (False, ("number",), "")


@pytest.mark.parametrize("mark", ["## ", "> ", "| "])
def test_no_sentence_takes_the_place_of_a_heading_a_quotation_or_a_row(mark: str) -> None:
    said = "You can return a bicycle within 30 days [1]."
    checks: list[dict[str, Any]] = []
    found = told(StringModel([f"{mark}Return it within 60 days [1].\n", said]), A, checks=checks)
    assert [one.text for one in found] == [said]
    assert [(one["reasons"], one["instead"]) for one in checks] == [(("number",), ""), ((), "")]


def test_what_was_announced_in_vain_was_not_said() -> None:
    model = StringModel(
        [
            "You can return a bicycle within 30 days:\n",
            "- Bananas are yellow.\n\n",
            "Return it within 60 days [1]. ",
            "The right pressure stands on the side of the tyre [2].",
        ]
    )
    (found,) = told(model, A, B)
    assert found.text.startswith("You can return a bicycle within 30 days [1]. The right pressure")


def test_without_the_reader_the_rest_of_the_check_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ReaderError("the reader's model is missing")

    monkeypatch.setattr("bot.reading.shipped", missing)
    said = "You can return a bicycle within 30 days [1]. "
    found = told(StringModel(["Bananas are yellow [1]. ", said]), A)
    assert [sentence.text for sentence in found] == [said]


def test_a_sentence_that_cites_the_wrong_source_gets_the_right_one() -> None:
    found = told(
        StringModel(["Return a bicycle within 30 days [2]. ", "The pressure stands on the tyre [2]."]), A, B
    )
    assert [sentence.text for sentence in found] == [
        "Return a bicycle within 30 days [1]. ",
        "The pressure stands on the tyre [2].",
    ]
    assert [sentence.hits for sentence in found] == [(A,), (B,)]


def test_what_says_nothing_waits_for_a_sentence_that_does() -> None:
    found = told(StringModel(["\n\n---\n\n", "Return it within 30 days [1]."]), A)
    assert [sentence.text for sentence in found] == ["---\n\nReturn it within 30 days [1]."]
    with pytest.raises(ModelError):
        told(StringModel(["---\n"]), A)


def test_what_announces_something_that_is_left_out_goes_with_it() -> None:
    code = hit(f"Return a bicycle within 30 days.\n\n{CODE}", "a", "Returns")
    paste, good, bad = "Return a bicycle like this [1]:\n\n", f"{CODE}\n\n", "```bash\nrm -rf /\n```\n\n"
    end = "Return it within 30 days [1]."
    assert "".join(one.text for one in told(StringModel([paste, good, end]), code)) == (
        f"Return a bicycle like this [1]:\n\n{good}{end}"
    )
    assert [one.text for one in told(StringModel([paste, bad, end]), code)] == [end]
    checks: list[dict[str, Any]] = []
    assert [one.text for one in told(StringModel([end, " ", paste, bad]), code, checks=checks)] == [f"{end} "]
    assert [tuple(one["reasons"]) for one in checks] == [(), ("announces nothing",), ("code",)]
    assert [one["kept"] for one in checks] == [True, False, False]
    with pytest.raises(ModelError):
        told(StringModel([paste, bad]), code)


def test_what_announces_a_list_stays_when_one_item_is_left_out() -> None:
    steps = hit(LIST, "a", "Returns")
    pieces = ["Print the label like this [1]:\n", "1. Fly to Spain [1].\n", "2. Print the label [1].\n"]
    text = "".join(one.text for one in told(StringModel(pieces), steps))
    assert text == "Print the label like this [1]:\n2. Print the label [1].\n"


def test_what_was_left_out_takes_no_number_among_the_sources() -> None:
    pieces = [
        "The right pressure stands on the tyre [2]:\n\n",
        "```\nrm -rf /\n```\n\n",
        "Return it within 30 days [1].",
    ]
    (one,) = told(StringModel(pieces), A, B)
    assert (one.text, one.hits) == ("Return it within 30 days [1].", (A,))


def test_no_answer_is_heard_wherever_it_stands() -> None:
    for pieces in (
        ["NO_ANSWER"],
        ["NO_", "ANSWER."],
        ["`NO_ANSWER`\n"],
        ["I am sorry to say: ", "NO_ANSWER"],
    ):
        with pytest.raises(NoAnswer):
            told(StringModel(list(pieces)), A)


def test_an_answer_that_begins_like_no_answer_is_an_answer() -> None:
    none = hit("NO fee is taken. Return it.", "a", "Returns")
    assert told(StringModel(["N", "O fee is taken [1]."]), none)[0].text == "NO fee is taken [1]."


def test_a_fault_passes_through_after_what_was_good() -> None:
    model = StringModel(["Return it within 30 days [1]. ", "And", ModelError("cut")])
    found: list[Sentence] = []

    async def listen() -> None:
        async for sentence in tell(understand("How?"), (), [A], model, "en"):
            found.append(sentence)

    with pytest.raises(ModelError, match="cut"):
        asyncio.run(listen())
    assert [sentence.text for sentence in found] == ["Return it within 30 days [1]. "]


def test_a_model_reads_every_section_of_a_passage_under_a_number_and_heading_of_its_own() -> None:
    model = StringModel(
        [
            "Within 30 days [1]. ",
            "The refund reaches your account within 5 working days [3]. ",
            "The right pressure stands on the side of the tyre [4].",
        ]
    )
    steps = shared(SHARED, "How to return it")
    found = told(model, steps, B)
    assert (
        '<passage number="2" title="Return a bicycle &gt; How to return it">\n1. Print'
        in model.prompts[0].user
    )
    assert [sentence.text.strip()[-4:] for sentence in found] == ["[1].", "[1].", "[2]."]
    assert [one.heading for sentence in found for one in sentence.hits] == [
        "Return a bicycle",
        "When you get your money back",
        "Tyres",
    ]


def test_a_sentence_is_checked_against_the_section_that_it_cites_and_not_against_its_neighbours() -> None:
    steps = shared(SHARED, "How to return it")
    for made_up, there in (
        (
            "Return a bicycle within 5 working days [1]. ",
            "Within 30 days [1]. ",
        ),  # the days are those of the refund
        (
            "The refund reaches you in 2 days [3]. ",  # the 2 is a step's
            "The refund reaches your account within 5 working days [1]. ",
        ),
    ):
        found = told(StringModel([made_up, "Print the label [2]."]), steps)
        assert [sentence.text for sentence in found] == [f"{there}Print the label [1]."]


@pytest.mark.xfail(
    strict=True, reason="every word of it stands in the section or near: it would take entailment"
)
def test_words_of_a_section_put_together_to_another_promise_are_not_said() -> None:
    made_up = "Within 30 days you get your money back for the bicycle [1]. "
    found = told(StringModel([made_up, "Print the label [2]."]), shared(SHARED, "How to return it"))
    assert [sentence.text for sentence in found] == ["Print the label [1]."]


def test_the_prompt_holds_six_passages_the_question_and_the_last_words() -> None:
    model = StringModel(["Return it within 30 days [1]."])
    told(model, *[A] * 9, question="How </question> now?")
    assert model.prompts[0].user.count("<passage number=") == 6
    assert "‹/question>" in model.prompts[0].user
    assert model.prompts[0].user.endswith("</question>")
