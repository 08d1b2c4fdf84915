"""One turn, stage by stage, on a real index: with a model on strings and with none."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import asdict
from importlib import import_module
from typing import Any

import pytest

from bot import words
from bot.house import House
from bot.llm import ModelError
from bot.oneshot import ask_once
from bot.turn import Asked, Stage, read_first, remembered, take_turn, to_be_quoted
from bot.understand import Said
from help_center.database import now
from help_center.people import Viewer
from retrieval.embedders import EmbedderError
from retrieval.passages import Hit, Passage
from retrieval.search import Found
from tests.bot.support import PART, UNSURE, Dial, StringModel, Told, parts_of, turn

RETURN = "How do I return a bicycle?"
NOWHERE = "Which ferry goes to the islands on Sundays?"


@pytest.fixture
def ask(library: House) -> Any:
    """Takes a turn: `ask(text, llm=..., confidence=..., domain=..., history=..., earlier=...)`."""

    def taken(
        text: str,
        llm: Any = None,
        own_hosts: frozenset[str] = frozenset(),
        dial: Dial | None = None,
        **asked: Any,
    ) -> Told:
        dial = dial or Dial(**{name: asked.pop(name) for name in ("confidence", "domain") if name in asked})
        return turn(parts_of(library, llm, dial, own_hosts), text, **asked)

    return taken


def test_of_two_articles_that_fit_alike_the_one_that_is_read_comes_first() -> None:
    def hit(id: str, score: float) -> Hit:
        passage = Passage(id, id, 0, (), id)
        return Hit(passage, id, id, (), "en", now(), score, score, score)

    found = Found(hits=[hit("a", 0.8), hit("b", 0.75), hit("c", 0.3)])
    order = {
        one: [hit.article_id for hit in read_first(found, one).hits] for one in ("a", "b", "c", "x", None)
    }
    assert order.pop("b") == ["b", "a", "c"]
    assert all(told == ["a", "b", "c"] for told in order.values())  # what fits less is not preferred
    assert read_first(Found(), "a").hits == []


def test_of_sections_that_fit_alike_the_one_whose_heading_means_the_question_is_quoted(
    library: House,
) -> None:
    asked = "How do we store the German versions?"

    def hit(heading: str, score: float) -> Hit:
        passage = Passage(heading, "languages", 0, (heading,) if heading else (), "Words.")
        return Hit(passage, "Languages", "languages", (), "en", now(), score, score, score)

    def quoted(*hits: Hit) -> list[str]:
        found = Found(hits=[hits[0]], passages=list(hits), vector=library.search.vector(asked))
        return [one.heading for one in to_be_quoted(found, asked, library.search.vector).passages]

    near, far = "What readers see", "Add a translation"
    assert quoted(hit(near, 0.52), hit(far, 0.48)) == [far, near]
    assert quoted(hit(near, 0.72), hit(far, 0.48)) == [near, far], "it fits much better"
    assert quoted(hit("", 0.52), hit(far, 0.48)) == ["Languages", far], "an opening takes a section along"
    assert to_be_quoted(Found(), asked, library.search.vector).passages == []

    def gone(_text: str) -> Any:
        raise EmbedderError("no answer")

    found = Found(
        hits=[hit(near, 0.52)],
        passages=[hit(near, 0.52), hit(far, 0.48)],
        vector=library.search.vector(asked),
    )
    assert [one.heading for one in to_be_quoted(found, asked, gone).passages] == [near, far], "by words alone"


# --- an answer without a model -----------------------------------------------------------------------------


def test_an_answer_quotes_the_article_in_shape_and_cites_it(ask: Any) -> None:
    told = ask("How to return it: open my orders, print the label, carrier")
    assert told.outcome.action == "answer"
    assert told.outcome.reasons == ()
    assert (
        "1. Open **My orders** and choose **Return**.\n2. Print the label.\n3. Hand the box to the carrier."
        in told.text
    )
    assert told.text.startswith("**Return a bicycle › How to return it** [1]")
    assert told.cited == ["returns"]
    assert told.text == "".join(told.deltas)


def test_code_stays_code(ask: Any) -> None:
    told = ask("update the firmware of the bike computer, velo-update device channel")
    assert "```bash\nvelo-update --device CX-20 --channel stable\n```" in told.text


def test_a_table_stays_a_table(ask: Any) -> None:
    told = ask("tyre pressure for 32 mm tyres")
    assert "| Tyre | Pressure |\n| --- | --- |\n| 25 mm | 6.5 bar |\n| 32 mm | 5 bar |" in told.text


def test_a_source_is_what_the_contract_says(ask: Any) -> None:
    (source,) = ask(RETURN).outcome.sources
    assert set(source) == {"article_id", "title", "url", "heading", "excerpt", "score"}
    assert source["url"].startswith("/help/articles/")
    assert source["heading"]
    assert 0 <= source["score"] <= 1
    assert len(source["excerpt"]) <= 242


def test_the_stages_come_in_order(ask: Any) -> None:
    assert ask(RETURN).stages == ["searching", "answering"]
    assert ask("hello").stages == ["searching"]


@pytest.mark.parametrize("work", ["bot.turn.understand", "bot.answer._prompt"])
def test_what_takes_its_time_is_not_done_on_the_event_loop(
    ask: Any, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    threads: list[int] = []
    module, name = work.rsplit(".", 1)
    act = getattr(import_module(module), name)

    def noted(*given: Any) -> Any:
        threads.append(threading.get_ident())
        return act(*given)

    monkeypatch.setattr(work, noted)
    ask("How do I return a bicycle?", llm=StringModel(["You can return a bicycle within 30 days."]))
    assert len(threads) == 1
    assert threads != [threading.get_ident()]


def test_every_part_of_the_outcome_is_filled(ask: Any) -> None:
    outcome = ask(RETURN).outcome
    assert outcome.confidence == 0.95
    assert set(outcome.timings_ms) == {"search", "answer", "total"}
    assert outcome.timings_ms["total"] >= outcome.timings_ms["search"] > 0
    assert outcome.found[0] == "returns"
    assert outcome.record["signals"]["confidence"] == pytest.approx(0.95)
    assert outcome.question == RETURN


def test_what_customers_may_not_see_is_never_quoted(ask: Any) -> None:
    for question in ("wholesale price list for dealers", "Which helmet sizes are there? Measure my head"):
        told = ask(question)
        assert "35 %" not in told.text
        assert "eyebrows" not in told.text
        assert not {"wholesale-prices", "draft-helmets"} & set(told.outcome.found)


def test_an_agents_view_is_wider(ask: Any) -> None:
    assert (
        ask("wholesale price list", viewer=Viewer("agent_1", "Ada", "agent")).outcome.found[0]
        == "wholesale-prices"
    )


# --- decisions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["I want to talk to a human", "Can I speak to an agent please?"])
@pytest.mark.parametrize(
    "state",
    [
        {},
        {"confidence": UNSURE},
        {"domain": 0.01},
        {"earlier": ("clarify",)},
        {"earlier": ("escalate", "relay")},
    ],
)
def test_who_asks_for_a_person_gets_one_in_any_state(ask: Any, text: str, state: dict[str, Any]) -> None:
    told = ask(text, **state)
    assert told.outcome.action == "escalate"
    assert told.outcome.reasons == ("requested_human",)
    assert told.outcome.confidence is None
    assert told.outcome.sources == []
    assert told.text == words.ENGLISH.handed_over(("requested_human",))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", "greeting"),
        ("thanks a lot!", "thanks"),
        ("bye", "farewell"),
        ("lol", "murmur"),
        ("are you a bot?", "about"),
    ],
)
def test_small_talk_is_answered_as_such(ask: Any, text: str, kind: str) -> None:
    told = ask(text, confidence=UNSURE, earlier=("clarify",))
    assert (told.outcome.action, told.outcome.reasons, told.outcome.sources) == ("chat", (), [])
    assert told.text == words.ENGLISH.small_talk(kind)
    assert told.outcome.confidence is None


def test_no_to_whether_there_is_anything_else_is_a_farewell(ask: Any) -> None:
    told = ask("no", confidence=UNSURE, earlier=("answer", "chat"))
    assert (told.outcome.action, told.text) == ("chat", words.ENGLISH.goodbye)
    told = ask("no", confidence=UNSURE, earlier=("chat", "answer"))
    assert (told.outcome.action, told.text) == ("offer", words.ENGLISH.did_not_help)


def test_a_displeased_face_is_offered_a_person(ask: Any) -> None:
    told = ask("\U0001f621\U0001f621", confidence=UNSURE)
    assert (told.outcome.action, told.text) == ("offer", words.ENGLISH.did_not_help)


def test_nothing_relevant_has_no_sources_and_fills_no_queue(ask: Any) -> None:
    told = ask(NOWHERE, confidence=0.02, domain=0.01)
    assert (told.outcome.action, told.outcome.reasons, told.outcome.sources) == (
        "offer",
        ("nothing_relevant",),
        [],
    )
    assert told.text == words.ENGLISH.nothing_relevant
    assert told.deltas == []


@pytest.mark.parametrize(
    ("text", "case"),
    [
        ("zebra order RX-99213-B has not arrived", True),
        ("invoice 2291 zebra", True),
        ("zebra 500 watts", False),
    ],
)
def test_who_names_an_order_hears_that_the_bot_cannot_look_it_up(ask: Any, text: str, case: bool) -> None:
    told = ask(text, confidence=0.02, domain=0.01)
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("nothing_relevant",))
    assert told.text == (words.ENGLISH.look_up if case else words.ENGLISH.nothing_relevant)


def test_an_empty_search_is_nothing_relevant(ask: Any) -> None:
    told = ask("?!", confidence=0.99)
    assert told.outcome.action in {"offer", "escalate", "answer"}
    told = ask("Wie gebe ich ein Fahrrad zurück?", locale="de")
    assert told.text.strip()


def test_a_known_part_is_offered_with_its_source(ask: Any) -> None:
    told = ask("How do I return a bicycle label", confidence=PART, earlier=("answer",))
    if told.outcome.action == "clarify":
        pytest.fail("the question names one article only")
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("low_confidence",))
    assert told.text.startswith(words.ENGLISH.part_known)
    assert told.text.endswith(words.ENGLISH.person_offered)
    assert told.cited == ["returns"]
    assert told.outcome.confidence == 0.45


def test_what_is_likelier_right_than_wrong_is_offered_in_whatever_words_it_was_asked_for(ask: Any) -> None:
    question = (
        "Could somebody explain how sending unwanted things back works?"  # hardly a word of the article's
    )
    told = ask(question, dial=Dial(0.6, answer_from=0.8))
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("low_confidence",))
    assert ask(question, dial=Dial(0.4, answer_from=0.8)).outcome.action == "escalate"


def test_nothing_known_is_handed_over_with_what_was_tried(ask: Any) -> None:
    told = ask(RETURN, confidence=UNSURE)
    assert (told.outcome.action, told.outcome.reasons) == ("escalate", ("low_confidence",))
    assert told.outcome.sources == []
    assert told.outcome.sources_tried[0]["article_id"] == "returns"
    assert "/help/articles/" in told.outcome.suggested_reply
    assert told.outcome.confidence == 0.05


def test_a_second_miss_is_handed_over(ask: Any) -> None:
    for earlier in (("offer",), ("clarify",), ("answer", "offer", "chat"), ("offer", "offer")):
        assert (
            ask("How do I return a bicycle label", confidence=PART, earlier=earlier).outcome.action
            == "escalate"
        )


def test_misses_before_an_answer_or_a_person_do_not_count(ask: Any) -> None:
    for earlier in (("offer", "answer"), ("clarify", "escalate"), ("offer", "relay", "chat")):
        assert (
            ask("How do I return a bicycle label", confidence=PART, earlier=earlier).outcome.action == "offer"
        )


def test_two_rivals_are_asked_about_once(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.turn.rivals", lambda *_: ("Return a bicycle", "Return a battery"))
    told = ask("return", confidence=UNSURE)
    assert (told.outcome.action, told.outcome.reasons, told.outcome.sources) == (
        "clarify",
        ("low_confidence",),
        [],
    )
    assert "**Return a bicycle** or **Return a battery**?" in told.text
    assert told.text.count("?") == 1
    assert ask("return", confidence=UNSURE, earlier=("clarify",)).outcome.action == "escalate"


def test_anger_is_handed_over_before_anything_is_said(ask: Any) -> None:
    model = StringModel(["Return it within 30 days [1]."])
    told = ask("This is the worst service ever, you are all useless idiots!!! I am furious.", llm=model)
    assert told.outcome.action == "escalate"
    assert "negative_sentiment" in told.outcome.reasons
    assert told.outcome.sentiment.label == "negative"
    assert model.prompts == []


def test_a_problem_is_not_a_mood(ask: Any) -> None:
    told = ask("Error E-417: the update of the bike computer failed")
    assert told.outcome.action == "answer"
    assert told.outcome.sentiment.label != "negative"


def test_the_third_time_the_same_question_is_handed_over(ask: Any) -> None:
    history = (
        Said("customer", RETURN),
        Said("assistant", "..."),
        Said("customer", RETURN.lower()),
        Said("assistant", "..."),
    )
    assert ask(RETURN, history=history[:2]).outcome.action == "answer"
    assert ask(RETURN, history=history).outcome.reasons == ("repeated_question",)


def test_a_follow_up_is_searched_for_with_what_was_said_before(ask: Any) -> None:
    history = (
        Said("customer", "How should I store the e-bike battery in winter?"),
        Said("assistant", "Indoors."),
    )
    assert ask("And how full should it be?", history=history).outcome.found[0] == "battery-winter"
    assert ask("And how full should it be?", history=history).outcome.record["context"] == history[0].text


def test_a_sensitive_matter_is_handed_over(ask: Any) -> None:
    assert ask("My lawyer will take you to court over this bicycle").outcome.reasons == (
        "sensitive_topic",
        "rule:legal_threat",
    )


# --- how the conversation goes -----------------------------------------------------------------------------

ANSWERED = (Said("customer", RETURN), Said("assistant", "Within 30 days."))


def test_the_same_question_in_other_words_counts(ask: Any) -> None:
    again = "How can I return my bicycle to you?"
    assert ask(again, history=ANSWERED).outcome.record["signals"]["times_asked"] == 2
    assert ask("tyre pressure for 32 mm", history=ANSWERED).outcome.record["signals"]["times_asked"] == 1
    third = ask("In what way can a bicycle be returned?", history=(*ANSWERED, Said("customer", again)))
    assert third.outcome.reasons == ("repeated_question",)


def test_an_answer_that_did_not_help_is_offered_a_person_then_handed_over(ask: Any) -> None:
    first = ask("no, that's not it", history=ANSWERED, earlier=("answer",))
    assert (first.outcome.action, first.outcome.sources) == ("offer", [])
    assert first.outcome.reasons == ("low_confidence", "rule:did_not_help")
    assert first.text == words.ENGLISH.did_not_help
    assert first.outcome.question == RETURN, "an agent reads what was asked, not the complaint"
    assert first.outcome.sources_tried[0]["article_id"] == "returns"
    second = ask("no, that's not it", history=ANSWERED, earlier=("answer", "offer"))
    assert second.outcome.action == "escalate"


def test_what_is_asked_after_a_failure_is_answered_where_it_is_known(ask: Any) -> None:
    text = "That's not what I asked. What is the tyre pressure for 32 mm?"
    told = ask(text, history=ANSWERED, earlier=("answer",))
    assert (told.outcome.action, told.cited) == ("answer", ["tyre-pressure"])
    assert ask(text, history=ANSWERED, earlier=("answer",), confidence=UNSURE).outcome.action == "escalate"


def test_growing_annoyance_is_handed_over_before_it_is_rage(ask: Any) -> None:
    calm = ask("And how long does the refund take", history=ANSWERED, earlier=("answer",))
    assert calm.outcome.record["signals"]["strain"] == 0
    history = (*ANSWERED, Said("customer", "no, that's wrong"), Said("assistant", "..."))
    told = ask(
        "I ALREADY TRIED THAT, how do I return a bicycle?!", history=history, earlier=("answer", "offer")
    )
    assert told.outcome.action == "escalate"
    assert told.outcome.record["signals"]["strain"] > 0.7


def test_what_was_said_to_a_person_is_not_held_against_the_bot(ask: Any) -> None:
    history = (
        *ANSWERED,
        Said("customer", "You are useless, I am furious!"),
        Said("agent", "Sorry, let me see."),
    )
    told = ask("no, that is not it", history=history, earlier=("answer", "escalate", "relay"))
    fresh = ask("no, that is not it", history=ANSWERED, earlier=("answer",))
    strains = [one.outcome.record["signals"]["strain"] for one in (told, fresh)]
    assert strains[0] == pytest.approx(strains[1], abs=0.02)


# --- several questions, choices, languages -------------------------------------------------------------------

BOTH = "How do I return a bicycle?\nWhat is the tyre pressure for 32 mm?"


def test_two_questions_in_one_breath_are_both_answered(ask: Any) -> None:
    told = ask(BOTH)
    assert told.outcome.action == "answer"
    assert told.cited == ["returns", "tyre-pressure"]
    assert "**Return a bicycle" in told.text
    assert "[1]" in told.text
    assert "| 32 mm | 5 bar |" in told.text
    assert "[2]" in told.text


def test_of_two_questions_the_one_that_is_not_known_is_named(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = iter([0.95, 0.1])
    monkeypatch.setattr("bot.assess.Calibration.confidence", lambda *_: next(sure))
    told = ask(BOTH)
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("low_confidence",))
    assert told.cited == ["returns"]
    assert "What is the tyre pressure for 32 mm?" in told.text
    assert "5 bar" not in told.text
    assert told.outcome.confidence == 0.1


# a question was asked back, between two articles
ASKED_BACK: dict[str, Any] = {
    "history": (Said("customer", "How do I store it"),),
    "earlier": ("clarify",),
    "asked_back": (("Find the right tyre pressure", "Store the e-bike battery in winter"),),
}


def test_the_article_that_was_chosen_is_the_one_that_is_quoted(ask: Any) -> None:
    for text, article in (
        ("2", "battery-winter"),
        ("the tire presure one", "tyre-pressure"),
        ("first", "tyre-pressure"),
    ):
        told = ask(text, confidence=PART, **ASKED_BACK)
        assert (told.outcome.action, told.cited) == ("offer", [article])


def test_how_sure_a_choice_is_the_question_before_it_tells(library: House, ask: Any) -> None:
    """A title that is searched for finds itself: the choice must not make a weak question a sure one."""
    told = ask("2", **ASKED_BACK).outcome
    without = library.search.find("How do I store it", without=["tyre-pressure"])
    assert without.hits[0].article_id == "battery-winter"
    assert told.record["evidence"] == pytest.approx(asdict(without.evidence))
    other = ask("1", **ASKED_BACK).outcome  # the question leads elsewhere: nothing speaks for the choice
    assert set(other.record["evidence"].values()) == {0.0}


@pytest.mark.parametrize("text", ["both", "yes", "I don't know"])
def test_who_chooses_neither_of_two_gets_a_person(ask: Any, text: str) -> None:
    told = ask(text, confidence=PART, **ASKED_BACK)
    assert told.outcome.action == "escalate"
    assert "nothing_relevant" not in told.outcome.reasons


def test_the_same_pair_is_asked_about_once_in_a_conversation(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = ("Return a bicycle", "Return a battery")
    monkeypatch.setattr("bot.turn.rivals", lambda *_: pair)
    told = ask("return", confidence=UNSURE, earlier=("clarify", "answer"), asked_back=(pair[::-1],))
    assert told.outcome.action == "escalate"
    other = ask("return", confidence=UNSURE, earlier=("clarify", "answer"), asked_back=(("a", "b"),))
    assert other.outcome.action == "clarify"


def test_the_bot_speaks_the_customers_language_and_says_what_it_does_not_have(ask: Any) -> None:
    german = words.IN["de"]
    told = ask("Wie gebe ich mein Fahrrad zurück?", domain=0.01, confidence=0.02)
    assert told.text == f"{german.nothing_relevant}\n\n{german.no_articles_in_it}"
    assert told.outcome.language == "de"
    assert ask("hola").text == words.IN["es"].hello
    assert ask("ok", locale="fr-CA").outcome.language == "fr-CA"
    assert ask("I want to talk to a human", locale="de").text.startswith(words.ENGLISH.asked_for_person)


def test_an_answer_in_another_language_than_the_question_says_so_at_its_end(ask: Any) -> None:
    told = ask("Wie ist der richtige tyre pressure für 32 mm?")
    assert told.outcome.action == "answer"
    assert told.text == "".join(told.deltas) + f"\n\n{words.IN['de'].no_articles_in_it}"


# --- an answer by a model ------------------------------------------------------------------------------------


def test_a_models_sentences_are_shown_and_its_sources_cited(ask: Any) -> None:
    told = ask(RETURN, llm=StringModel(["You can return a bicycle within 30 days. ", "Print the label."]))
    assert told.deltas == ["You can return a bicycle within 30 days. ", "Print the label."]
    assert (told.outcome.action, told.cited) == ("answer", ["returns"])


def test_the_model_sees_what_was_said_before(ask: Any) -> None:
    model = StringModel(["Print the label."])
    ask("And the label?", llm=model, history=(Said("customer", RETURN), Said("assistant", "Within 30 days.")))
    assert "customer: How do I return a bicycle?\nassistant: Within 30 days." in model.prompts[0].user


def test_a_model_that_fails_at_once_is_replaced_by_the_passages(ask: Any) -> None:
    told = ask(RETURN, llm=StringModel([ModelError("down")]))
    assert told.outcome.action == "answer"
    assert told.deltas == [ask(RETURN).text]


def test_a_model_that_breaks_off_is_continued_by_the_passages(ask: Any) -> None:
    told = ask(
        RETURN,
        llm=StringModel(["You can return a bicycle within 30 days. ", "And th", ModelError("cut")]),
    )
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("model_unavailable",))
    assert told.deltas[0] == "You can return a bicycle within 30 days. "
    assert "And th" not in told.text
    assert words.ENGLISH.cut_short in told.deltas[1]
    assert told.text.endswith(words.ENGLISH.person_offered)


def test_the_passages_that_follow_a_cut_carry_their_own_number(ask: Any) -> None:
    """The model spoke of the tyres; the passages that follow are of the returns: [1] and [2], as the sources stand."""
    spoke = "The right pressure stands on the side of the tyre. "
    told = ask(
        "return a bicycle and its tyre pressure, my orders label carrier",
        llm=StringModel([spoke, "And", ModelError("cut")]),
    )
    after = told.text.split(words.ENGLISH.cut_short)[1]
    quoted = next(
        n for n, article in enumerate(told.cited, 1) if told.outcome.sources[n - 1]["title"] in after
    )
    assert f"[{quoted}]" in after.splitlines()[2]
    assert told.cited[0] == "tyre-pressure"


def test_a_model_that_finds_no_answer_is_believed(ask: Any) -> None:
    told = ask(RETURN, llm=StringModel(["NO_ANSWER"]))
    assert told.outcome.action == "escalate"
    assert told.outcome.confidence is not None
    assert told.outcome.confidence < 0.5
    assert told.outcome.sources == []


def test_half_a_link_and_half_a_link_make_no_link(ask: Any) -> None:
    told = ask(
        RETURN,
        llm=StringModel(["Print the [label. ", "Return](javascript:return) a bicycle within 30 days."]),
    )
    assert "label" in told.text
    assert "](" not in told.text


def test_a_source_that_no_sentence_cites_is_not_named(ask: Any) -> None:
    told = ask("return a tyre", llm=StringModel(["The right pressure stands on the side of the tyre."]))
    assert told.cited == ["tyre-pressure"]


# --- after a dead process -----------------------------------------------------------------------------------


def test_what_a_dead_process_had_shown_stands_and_is_continued(ask: Any) -> None:
    model = StringModel(["never asked"])
    told = ask(RETURN, llm=model, shown="You can return a bicycle within 30 days [1]. ")
    assert told.text.startswith("You can return a bicycle within 30 days [1]. \n\n" + words.ENGLISH.cut_short)
    assert told.outcome.action == "offer"
    assert model.prompts == []


def test_an_answer_that_was_shown_whole_is_not_shown_again(ask: Any) -> None:
    whole = ask(RETURN)
    again = ask(RETURN, shown=whole.text)
    assert again.text == whole.text
    assert (again.outcome.action, again.cited) == ("answer", ["returns"])
    assert again.deltas == []


def test_what_was_shown_stands_even_when_nothing_would_be_answered_now(ask: Any) -> None:
    told = ask(RETURN, shown="You can return a bicycle within 30 days. ", confidence=UNSURE)
    assert (told.outcome.action, told.outcome.reasons) == ("offer", ("low_confidence", "model_unavailable"))
    assert told.text.startswith("You can return a bicycle within 30 days. ")


# --- around ------------------------------------------------------------------------------------------------


def test_nothing_written_can_break_a_turn(ask: Any) -> None:
    for text in (
        "?",
        "🙂🙂🙂",
        "a" * 8000,
        "word " * 1600,
        "```\n" * 400,
        "'; DROP TABLE articles; --",
        "<script>alert(1)</script>",
        "\n",
        "‮abc",
    ):
        assert ask(text).text.strip()


def test_turns_do_not_disturb_each_other(library: House) -> None:
    parts = parts_of(library)
    questions = [RETURN, "tyre pressure for 32 mm", "store the e-bike battery in winter"] * 6

    async def all_at_once() -> list[dict[str, Any]]:
        return await asyncio.gather(*(ask_once(parts, question) for question in questions))

    found = [told["message"]["sources"][0]["article_id"] for told in asyncio.run(all_at_once())]
    assert found == ["returns", "tyre-pressure", "battery-winter"] * 6


def test_a_turn_without_a_conversation_has_the_contracts_shape(library: House) -> None:
    told = asyncio.run(ask_once(parts_of(library), RETURN))
    assert {
        "conversation",
        "message",
        "action",
        "confidence",
        "sentiment",
        "reasons",
        "handoff_id",
        "timings_ms",
    } <= set(told)
    assert told["handoff_id"] is None


def test_a_turn_that_is_left_early_leaves_nothing_running(library: House) -> None:
    model = StringModel(["You can return a bicycle within 30 days. ", "Print the label. "] * 20)

    async def leave() -> int:
        turn = take_turn(Asked(RETURN), parts_of(library, model))
        async for step in turn:
            if not isinstance(step, Stage):
                break
        await turn.aclose()
        await asyncio.sleep(0.05)
        return len([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])

    assert asyncio.run(leave()) == 0


def test_a_strangers_question_is_no_miss() -> None:
    assert remembered("offer", ["nothing_relevant"]) == "unrelated"
    assert remembered("offer", ["low_confidence"]) == "offer"
