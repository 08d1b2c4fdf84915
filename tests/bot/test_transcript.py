"""A conversation to keep: whole, in three forms, in the customer's language; what people wrote stays text."""

from __future__ import annotations

import pytest

from bot import words
from help_center.desk import Delivery
from tests.bot.conftest import Serve
from tests.bot.support import Service, Talk
from tests.bot.test_files import sent, upload
from tests.help_center.test_files import picture


def kept(talk: Talk, form: str, **query: str) -> str:
    with talk.service.client(headers=talk.headers) as client:
        path = f"/api/conversations/{talk.id}/transcript"
        answer = client.get(path, params={"format": form} | query).raise_for_status()
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["cache-control"] == "no-store"
    return answer.text


def test_a_transcript_has_all_that_was_said_and_runs_nothing(service: Service) -> None:
    talk, agent = service.talk(locale="de"), service.agent()
    talk.say("How do I mend a flat tyre?\n<script>alert(1)</script> **bold** [x](javascript:alert(1))")
    sent(talk, upload(talk, picture(), "tyre.png").json()["id"])
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=agent) as client:
        client.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        client.post(
            f"/api/handoffs/{handoff}/reply", json={"text": "See **this**: [steps](/help/articles/x)"}
        )
        client.post(f"/api/handoffs/{handoff}/note", json={"text": "a secret note"})
    text, markdown, html = (kept(talk, form) for form in ("text", "markdown", "html"))
    for form in (text, markdown, html):
        assert "Ihr Gespräch mit" in form
        assert "Quellen" in form
        assert "tyre.png" in form
        assert "Ada" in form, "the agent"
        assert "secret note" not in form
    assert "<script>alert(1)</script> **bold**" in text
    assert "See this: steps" in text
    assert r"\<script\>" in markdown
    assert r"\*\*bold\*\*" in markdown
    assert f"[steps]({service.url}/help/articles/x)" in markdown
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert f'href="{service.url}/help/articles/x"' in html
    assert "Your conversation" in kept(talk, "text", language="en")
    assert 'dir="rtl"' in kept(talk, "html", language="ar")


def test_a_transcript_needs_the_token_of_its_conversation(service: Service) -> None:
    talk, other = service.talk(), service.talk()
    talk.say("Hello")
    with service.client() as client:
        for headers, status in (({}, 401), (other.headers, 403), (service.agent(), 401)):
            path = f"/api/conversations/{talk.id}/transcript"
            assert client.get(path, headers=headers).status_code == status
            assert client.post(path, headers=headers).status_code == status
        assert client.get(path, params={"format": "pdf"}, headers=talk.headers).status_code == 422


def letters(service: Service) -> list[tuple[str, str]]:
    with service.house.database.read() as session:
        rows = session.query(Delivery).filter_by(event="transcript")
        return [(row.target, row.payload.get("text", "")) for row in rows]


@pytest.fixture
def mailing(serve: Serve) -> Service:
    # nothing listens there: what is written stays in the outbox
    return serve(smtp_url="smtp://127.0.0.1:9", mail_from="Help <help@example.org>", rate_limit="1000/minute")


def test_it_is_mailed_to_the_address_that_was_left_and_to_no_other(mailing: Service) -> None:
    talk = mailing.talk(customer={"email": "claimed@example.org"})
    talk.say("Hello")  # which is answered
    assert talk.show()["may_mail_transcript"] is False
    assert talk.post("/transcript").status_code == 409, "an address in passing is nobody's word"
    talk.post("/contact", {"email": "kim@example.org"})
    assert talk.show()["may_mail_transcript"] is True
    for _ in range(2):
        answer = talk.post("/transcript")
        assert (answer.status_code, answer.json()) == (202, {"email": "kim@example.org"})
    assert [target for target, _ in letters(mailing)] == ["kim@example.org"], "the same state goes out once"
    codes = [talk.post("/transcript").status_code for _ in range(6)]
    assert codes[-1] == 429


ADVERT = "Cheap watches at watches.example"


def test_nobody_mails_words_of_their_own_to_a_stranger(mailing: Service) -> None:
    """Whoever begins a conversation may leave anybody's address: before a person has answered, the bot's words go there alone."""
    talk = mailing.talk(customer={"name": ADVERT}, page_url="https://watches.example/")
    talk.post("/contact", {"email": "victim@example.org"})
    assert talk.post("/transcript").status_code == 409, "there is no answer yet"
    sent(talk, upload(talk, b"x", f"{ADVERT}.txt").json()["id"])
    talk.say(f"How do I return a bicycle? {ADVERT}")
    assert talk.post("/transcript").status_code == 202
    ((_, text),) = letters(mailing)
    assert "watches" not in text
    assert "within 30 days" in text
    assert "Sources: Return a bicycle" in text

    handoff = talk.post("/escalate").json()["handoff_id"]
    with mailing.client(headers=mailing.agent()) as desk:
        desk.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        desk.post(f"/api/handoffs/{handoff}/reply", json={"text": "Hello."}).raise_for_status()
    assert talk.post("/transcript").status_code == 202
    assert "watches" in letters(mailing)[-1][1], "a person has answered"


def test_the_bot_repeats_no_words_of_a_stranger_in_a_letter() -> None:
    for one in (words.ENGLISH, *words.IN.values()):
        repeats = one.not_sure_about.format(question=f"{ADVERT}?")
        assert (
            words.without_repeats(f"Yes.\n\n{repeats}\n\n{one.person_offered}")
            == f"Yes.\n\n{one.person_offered}"
        )


def test_a_letter_has_no_address_that_a_request_names(mailing: Service) -> None:
    talk = mailing.talk()
    talk.post("/contact", {"email": "kim@example.org"})
    talk.say("How do I return a bicycle?")
    talk.headers["Host"] = "evil.example"
    assert "http://evil.example/help/articles/" in kept(talk, "markdown"), "a file is for who asks for it"
    assert talk.post("/transcript").status_code == 202
    ((_, text),) = letters(mailing)
    assert "evil" not in text
    assert "/help/articles/" not in text


def test_with_an_address_of_ours_a_letter_leads_there(serve: Serve) -> None:
    mail = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "Help <help@example.org>"}
    service = serve(public_url="https://help.example.org/", **mail)
    talk = service.talk()
    talk.post("/contact", {"email": "kim@example.org"})
    talk.say("How do I return a bicycle?")
    talk.post("/transcript").raise_for_status()
    ((_, text),) = letters(service)
    assert "(https://help.example.org/help/articles/" in text


@pytest.mark.parametrize(("email", "most"), [("victim@example.org", 10), ("victim{}@example.org", 30)])
def test_letters_are_few_a_day_for_who_asks_and_for_who_gets_them(
    mailing: Service, email: str, most: int
) -> None:
    """However many conversations somebody begins."""
    codes = []
    for number in range(most + 1):
        talk = mailing.talk()
        talk.post("/contact", {"email": email.format(number)})
        codes.append(talk.post("/transcript").status_code)
    assert codes == [409] * most + [429]


def test_without_a_mail_server_it_says_so(serve: Serve) -> None:
    talk = serve().talk()
    talk.post("/contact", {"email": "kim@example.org"})
    answer = talk.post("/transcript")
    assert (answer.status_code, "mail server" in answer.json()["detail"]) == (409, True)


def test_a_letter_names_the_files_of_a_reply(mailing: Service) -> None:
    talk = mailing.talk()
    talk.post("/contact", {"email": "kim@example.org"})
    path = f"/api/handoffs/{talk.post('/escalate').json()['handoff_id']}"
    with mailing.client(headers=mailing.agent()) as desk:
        desk.post(f"{path}/claim").raise_for_status()
        file = desk.post(f"{path}/files", params={"name": "a [label].pdf"}, content=b"%PDF-1.4").json()
        desk.post(f"{path}/reply", json={"files": [file["id"]]}).raise_for_status()
    with mailing.house.database.read() as session:
        (letter,) = session.query(Delivery).filter_by(event="reply")
    assert letter.payload["text"] == "- a \\[label\\].pdf\n\nAda"
