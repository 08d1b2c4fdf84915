"""What a customer wrote, understood: the question, what it follows up on, and their wishes."""

from __future__ import annotations

import pytest

from bot.channels.widget.language import LANGUAGES
from bot.channels.widget.plain import words_of
from bot.understand import (
    EARLIER_READ,
    LONGEST_QUERY,
    Said,
    beside_the_wish,
    failure,
    matters,
    questions_of,
    same_question,
    understand,
)
from tests.conftest import in_proportion


def said(*texts: str) -> tuple[Said, ...]:
    return tuple(Said("customer", text) for text in texts)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Hi there, how do I return it? Thanks, Kim", "how do I return it?"),
        ("Hello! Where is my order", "Where is my order"),
        ("Dear team,\nwhere is my order?\n\nBest regards\nKim Smith", "where is my order?"),
        ("How do I reset it thanks", "How do I reset it"),
        ("Do you ship to Spain? Cheers Bob", "Do you ship to Spain?"),
        ("How do I send a thanks card", "How do I send a thanks card"),
        ("A question with regards to refunds", "A question with regards to refunds"),
        ("Why does the app disregards my settings", "Why does the app disregards my settings"),
        ("High tyre pressure", "High tyre pressure"),
        ("thanks", "thanks"),
        ("Hello!", "Hello!"),
    ],
)
def test_greeting_and_sign_off_are_not_searched_for(text: str, query: str) -> None:
    assert understand(text).query == query
    assert understand(text).text == text


def test_a_long_text_is_searched_for_in_part() -> None:
    assert len(understand("word " * 1600).query) <= LONGEST_QUERY


@pytest.mark.parametrize(
    "text", ["And in winter?", "How long does it take?", "Why?", "What about the battery", "the second one"]
)
def test_a_turn_that_cannot_stand_alone_takes_what_was_said_along(text: str) -> None:
    assert understand(text, said("How do I return a bicycle?")).context == "How do I return a bicycle?"


def test_a_question_that_stands_alone_takes_nothing_along() -> None:
    history = said("How do I return a bicycle?")
    assert understand("Which tyre pressure should my road bike have on gravel roads", history).context is None
    assert understand("And in winter?").context is None


def test_only_questions_of_the_customer_are_taken_along() -> None:
    history = (
        Said("customer", "hello"),
        Said("assistant", "Hello!"),
        Said("customer", "Where is the label?"),
        Said("assistant", "There."),
        Said("customer", "thanks"),
    )
    assert understand("And the box?", history).context == "Where is the label?"
    many = said(*(f"question number {n} of many" for n in range(9)))
    assert understand("And it?", many).context.count("\n") == 2  # type: ignore[union-attr]


def test_the_same_question_in_nearly_the_same_words_is_counted() -> None:
    history = (
        *said("How do I return a bicycle?", "how do i return a bicycle"),
        Said("assistant", "How do I return a bicycle?"),
    )
    assert understand("How do I return a bicycle??", history).times_asked == 3
    assert understand("How do I return a battery?", history).times_asked == 1


def test_short_answers_are_the_same_only_to_the_letter() -> None:
    assert same_question("Yes please", "yes please ")
    assert not same_question("yes", "no")
    assert not same_question("E 417", "E 418")


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a human",
        "agent please",
        "Can I speak with a real person?",
        "Ich möchte mit einem Menschen sprechen",
    ],
)
def test_the_wish_for_a_person_is_heard(text: str) -> None:
    assert understand(text).wants_human


@pytest.mark.parametrize(
    "text", ["How do I add a person to my team?", "What does a support agent see?", "Return a bicycle"]
)
def test_a_question_about_people_is_no_wish_for_one(text: str) -> None:
    assert not understand(text).wants_human


def test_small_talk_is_small_talk_only_alone() -> None:
    assert understand("hello").small_talk == "greeting"
    assert understand("Thanks a lot!").small_talk == "thanks"
    assert understand("hello, how do I return it?").small_talk is None


def test_nothing_written_can_break_it() -> None:
    for text in (
        "",
        " ",
        "\n\n",
        "🙂" * 3000,
        "a" * 8000,
        "(" * 3000,
        "hi " * 2600,
        "thanks, " * 1000,
        "​‮",
        "[" * 8000,
        "no " * 2500,
    ):
        question = understand(text, said(text, text))
        assert question.text == text


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("the first one", "Put the chat on your website"), ("1", "Put the chat on your website"),
        ("second", "Allow other websites to embed the chat"), ("2.", "Allow other websites to embed the chat"),
        ("Allow other websites", "Allow other websites to embed the chat"),
        ("alow other webstes", "Allow other websites to embed the chat"), ("#1", "Put the chat on your website"),
        ("put chat on websit", "Put the chat on your website"), ("ok the last one", "Allow other websites to embed the chat"),
        ("the one about embedding", "Allow other websites to embed the chat"),
        ("neither", None), ("How do I pay?", None), ("yes", None), ("chat", None), ("what?", None), ("that", None),
    ],
)  # fmt: skip
def test_an_answer_to_a_question_back_chooses(text: str, chosen: str | None) -> None:
    choices = ("Put the chat on your website", "Allow other websites to embed the chat")
    question = understand(text, (Said("customer", "chat websites"),), choices)
    assert question.chosen == chosen
    assert question.before == ("chat websites" if chosen else "")
    if chosen:
        assert question.query == f"chat websites {chosen}"


@pytest.mark.parametrize(
    "text",
    [
        "neither", "both", "Both of them.", "yes", "I don’t know", "not sure", "what?", "ich weiß nicht",
        *(words_of(language)["neither"] for language in LANGUAGES),
    ],
)  # fmt: skip
def test_an_answer_to_a_question_back_that_chooses_nothing_has_failed(text: str) -> None:
    choices = ("Put the chat on your website", "Allow other websites to embed the chat")
    question = understand(text, (Said("customer", "chat websites"),), choices, True)
    assert (question.chosen, question.failed, question.asks) == (None, True, False)
    assert question.query == "chat websites"
    assert not understand(text, (Said("customer", "chat websites"),)).failed


@pytest.mark.parametrize(
    ("text", "answered", "parting", "kind"),
    [
        ("no", True, True, "farewell"),  # to "anything else?"
        ("Nope.", True, True, "farewell"),
        ("no", True, False, None),  # to an answer: it did not help
        ("no", False, False, "murmur"),
        ("yes", True, False, "murmur"),
        ("Sí!", True, True, "murmur"),
        ("yes, how do I pay?", True, True, None),
    ],
)
def test_yes_and_no_alone_are_no_questions(
    text: str, answered: bool, parting: bool, kind: str | None
) -> None:
    question = understand(text, said("where is my parcel"), (), answered, parting=parting)
    assert question.small_talk == kind
    assert question.failed is (text == "no" and kind is None)


@pytest.mark.parametrize("answered", [False, True])
def test_a_displeased_face_says_that_it_did_not_help(answered: bool) -> None:
    question = understand("\U0001f621", said("where is my parcel"), (), answered)
    assert (question.small_talk, question.failed, question.asks) == (None, True, False)
    assert matters(said("where is my parcel", "\U0001f621", "lol")) == ["where is my parcel"]


@pytest.mark.parametrize("text", ["thanks a lot", "bye", "I want to talk to a human about the chat"])
def test_small_talk_and_the_wish_for_a_person_choose_nothing(text: str) -> None:
    choices = ("Thanks and goodbye: end a chat", "Talk to a human about the chat")
    question = understand(text, said("chat"), choices, True)
    assert question.chosen is None
    assert question.small_talk or question.wants_human


def test_neither_of_two_says_that_both_are_wrong_and_is_no_matter_of_its_own() -> None:
    question = understand("neither", said("chat websites"), ("Put the chat on your website", "Other"), True)
    assert (question.failed, question.asks, question.query) == (True, False, "chat websites")
    assert matters(said("chat websites", "Neither", "Ni l’un ni l’autre")) == ["chat websites"]


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("Returns", ("Returns of gifts", "Returns")),  # the other one has all of its words
        ("returns  of GIFTS", ("Returns", "Returns of gifts")),
        ("Goodbye", ("Goodbye", "Other")),  # small talk, if it was no title
        (
            "Point Parley at your own help center",
            ("Other", "Point Parley at your own help center"),
        ),  # a wish for a person
    ],
)
def test_a_whole_title_is_chosen_whatever_else_it_says(text: str, choices: tuple[str, ...]) -> None:
    question = understand(text, said("gift back"), choices, True)
    assert (question.chosen or "").lower().split() == text.lower().split()
    assert not question.small_talk
    assert not question.wants_human


def test_a_title_that_was_pressed_says_nothing_of_the_customers_language() -> None:
    choices = ("Return a bicycle that you bought", "Other")
    question = understand(choices[0], said("Wie gebe ich mein Fahrrad zurück?"), choices, True)
    assert (question.chosen, question.language) == (choices[0], "de")


@pytest.mark.parametrize(
    "text",
    [
        "That didn't help", "this did not help at all.", "No, that's not it", "not what I asked", "Still not working",
        "I already tried that", "doesnt work", "That isn\u2019t my question", "no", "Nope.", "das hilft mir nicht",
        "eso no me ayuda", "\u00e7a ne marche pas", "wrong answer", "Nothing happens",
    ],
)  # fmt: skip
def test_an_answer_that_failed_is_not_searched_for(text: str) -> None:
    question = understand(text, said("How do I return a bicycle?"), answered=True)
    assert (question.failed, question.asks) == (True, False)
    assert question.query == "How do I return a bicycle?"
    assert question.times_asked == 1


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("That didn't help, the light still blinks", "the light still blinks"),
        ("That's not what I asked. How do I return a battery?", "How do I return a battery?"),
        ("I tried that already and it still fails with a timeout", "it still fails with a timeout"),
    ],
)
def test_what_is_said_besides_a_failure_is_what_is_asked(text: str, rest: str) -> None:
    assert failure(text) == (True, rest)
    question = understand(text, said("How do I return a bicycle?"), answered=True)
    assert (question.failed, question.asks, question.query) == (True, True, rest)


@pytest.mark.parametrize(
    "text",
    [
        "it doesn't work in Firefox", "that is it, thanks", "That's what I asked for", "is it possible to help",
        "no thanks", "This does not work when I use Docker", "What does not help?", "Not working hours",
    ],
)  # fmt: skip
def test_a_question_or_thanks_is_no_failure(text: str) -> None:
    assert failure(text) == (False, text)


def test_nothing_failed_where_nothing_was_answered() -> None:
    question = understand("Still not working", said("hello"))
    assert (question.failed, question.query) == (False, "Still not working")


def test_a_complaint_is_no_question_to_follow_up_on() -> None:
    history = said("How do I return a bicycle?", "that didn't help", "I want to talk to a human")
    assert understand("And in winter?", history).context == "How do I return a bicycle?"


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        (
            "How do I return it?\nHow is the pressure measured?",
            ["How do I return it?", "How is the pressure measured?"],
        ),
        ("Do you ship to Spain\nhow long does it take", ["Do you ship to Spain", "how long does it take"]),
        ("How do I pay? And what does it cost?", ["How do I pay?", "And what does it cost?"]),
        ("I have a Mac. How do I install it?", ["I have a Mac. How do I install it?"]),
        ("How do I return\na bicycle?", ["How do I return\na bicycle?"]),
        ("Where is my order\n#1234?", ["Where is my order\n#1234?"]),
        ("How do I pay?\nthanks", ["How do I pay?"]),
        ("my light is broken. why?", ["my light is broken. why?"]),
        ("A? B? C? D? E?", ["A?\nB?\nC?\nD?\nE?"]),
        ("How do I reset\nthe password of\na user", ["How do I reset\nthe password of\na user"]),
    ],
)
def test_what_was_written_in_one_breath_is_cut_where_questions_end(text: str, questions: list[str]) -> None:
    assert questions_of(text) == questions


def test_each_of_two_questions_is_understood_after_the_other() -> None:
    parts = understand("How do I return a bicycle? And how long does it take?").parts
    assert [part.query for part in parts] == ["How do I return a bicycle?", "how long does it take?"]
    assert [part.context for part in parts] == [None, "How do I return a bicycle?"]
    assert understand("How do I return a bicycle?").parts == ()


def test_questions_are_the_same_in_other_words_when_their_meaning_is_close() -> None:
    one, other = "How do I return a bicycle?", "what is the way to send my bike back"
    assert not same_question(one, other)
    assert same_question(one, other, 0.8)
    assert not same_question(one, other, 0.5)
    assert not same_question("no", "nope", 0.9)


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("My order A-4471 never came, can I talk to a person?", "My order A-4471 never came"),
        (
            "I was charged twice for invoice 4471. Please connect me to a human",
            "I was charged twice for invoice 4471.",
        ),
        ("Hi, my parcel is lost and I want to talk to an agent now!", "my parcel is lost"),
        ("Ich habe zweimal bezahlt, kann ich mit einem Menschen sprechen?", "Ich habe zweimal bezahlt"),
        (
            "Charged twice, 49.90 EUR, I already restarted the app and cleared the cache. Can I talk to a person?",
            "Charged twice, 49.90 EUR, I already restarted the app and cleared the cache.",
        ),
        ("agent pls", ""),
        ("this is completely useless, human please", ""),
        ("no, I want a person", ""),
    ],
)
def test_what_stands_beside_the_wish_for_a_person_is_the_matter(text: str, matter: str) -> None:
    assert beside_the_wish(text) == matter
    before = Said("customer", "Where is my invoice for March?")
    assert matters((before, Said("customer", text)))[-1] == (matter or before.text)


def test_earlier_messages_are_looked_at_once_and_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def wish(text: str) -> bool:
        seen.append(text)
        return False

    monkeypatch.setattr("bot.understand.wants_human", wish)
    history = said(*(f"Message {number}: {'where is my parcel? ' * 400}" for number in range(20)))
    for question in ("And it?\nHow do I return it?\nHow do I pay?", "Why?"):
        understand(question, history, answered=True, settled=3)
    earlier = [text for text in seen if text.startswith("Message")]
    assert len(earlier) == len(set(earlier)) == len(history)
    assert max(map(len, earlier)) == EARLIER_READ


@pytest.mark.parametrize("piece", ["\n", " ", ",", " \n- "])
def test_a_message_of_blanks_is_looked_through_at_once(piece: str) -> None:
    def act(blanks: str) -> None:
        beside_the_wish(f"Let me talk to a person, my parcel never came{blanks}at all")

    in_proportion(act, piece, (500, 4000, 32_000))
