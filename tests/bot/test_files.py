"""Files in a conversation, over HTTP: sent by both sides, opened by those two alone, never read by the bot."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.bot.conftest import Serve
from tests.bot.support import Service, Talk
from tests.help_center.test_files import photograph, picture


def upload(talk: Talk, data: bytes, name: str) -> httpx.Response:
    with talk.service.client() as client:
        return client.post(
            f"/api/conversations/{talk.id}/files", params={"name": name}, content=data, headers=talk.headers
        )


def sent(talk: Talk, *ids: str, text: str = "", client_id: str | None = None) -> httpx.Response:
    more = {"client_id": client_id} if client_id else {}
    return talk.post("/messages", {"text": text, "files": list(ids)} | more)


def get(service: Service, url: str, **headers: str) -> httpx.Response:
    with service.client() as client:
        return client.get(url, headers=headers)


def test_files_alone_are_kept_and_the_bot_says_that_it_cannot_read_them(service: Service) -> None:
    talk = service.talk(locale="de")
    one = upload(talk, photograph(), "bike.jpg").raise_for_status().json()
    assert {key: one[key] for key in ("name", "content_type", "width", "height")} == {
        "name": "bike.jpg", "content_type": "image/jpeg", "width": 30, "height": 60,
    }  # fmt: skip
    turn = sent(talk, one["id"], client_id="a").json()
    assert (turn["action"], turn["reasons"], turn["confidence"]) == ("offer", ["rule:only_files"], None)
    assert "Dateien kann ich nicht öffnen" in turn["message"]["text"]
    assert "Mit einem Menschen sprechen" in turn["message"]["text"]
    assert sent(talk, one["id"], client_id="a").json() == turn, "the same message again is not sent twice"
    message = talk.show()["messages"][0]
    assert (message["text"], [file["id"] for file in message["files"]]) == ("", [one["id"]])
    # a question afterwards is answered as if nothing had gone wrong before
    assert talk.say("How do I mend a flat tyre?")["action"] == "answer"


@pytest.mark.parametrize("answered", [True, False])
def test_yes_and_no_to_what_the_bot_says_of_files_are_no_farewell_and_no_complaint(
    service: Service, answered: bool
) -> None:
    for said, told in (("no", "Just write if there is anything"), ("yes", "Tell me in words")):
        talk = service.talk()
        if answered:
            assert talk.say("How do I mend a flat tyre?")["action"] == "answer"
        sent(talk, upload(talk, picture(), "a.png").json()["id"])
        turn = talk.say(said)
        assert (turn["action"], turn["reasons"]) == ("chat", [])
        assert told in turn["message"]["text"], said


def test_a_question_with_a_file_is_answered_and_the_file_is_not_passed_over_in_silence(
    service: Service,
) -> None:
    talk = service.talk()
    file = upload(talk, picture(), "a.png").json()
    turn = sent(talk, file["id"], text="How do I mend a flat tyre?").json()
    assert (turn["action"], bool(turn["message"]["sources"])) == ("answer", True)
    assert "I can't open files" in turn["message"]["text"]


def test_only_its_two_sides_open_a_file(service: Service) -> None:
    talk, other = service.talk(), service.talk()
    file = upload(talk, b"%PDF-1.7 <script>alert(1)</script>", "bill.pdf").json()
    sent(talk, file["id"])
    plain = file["url"].partition("?")[0]
    agent = service.agent()
    for url, headers in ((file["url"], {}), (plain, talk.headers), (plain, agent)):
        assert get(service, url, **headers).status_code == 200
    forged = file["url"].replace("proof=", "proof=0")
    expired = file["url"].replace("until=1", "until=0")
    for url, headers in ((plain, {}), (plain, other.headers), (forged, {}), (expired, {})):
        assert get(service, url, **headers).status_code == 404
    assert upload(Talk(service, talk.id, other.token), b"x", "x.txt").status_code == 403
    assert sent(other, file["id"]).status_code == 422


def test_a_file_is_served_to_be_looked_at_or_saved_and_never_runs(service: Service) -> None:
    talk = service.talk()
    for data, name, shown in ((b"%PDF-1.7", "ü.pdf", "attachment"), (picture(), "a.png", "inline")):
        answer = get(service, upload(talk, data, name).json()["url"])
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["content-disposition"].startswith(f"{shown}; filename=")
        assert answer.headers["cache-control"].startswith("private")
    assert get(service, str(answer.url), **{"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_handed_over_conversation_sends_files_both_ways(service: Service) -> None:
    talk, agent = service.talk(), service.agent()
    first = upload(talk, picture(), "first.png").json()
    sent(talk, first["id"])
    handoff = talk.post("/escalate").json()["handoff_id"]
    second = upload(talk, b"log", "second.txt").json()
    assert sent(talk, second["id"]).json()["action"] == "relay"
    with service.client(headers=agent) as client:
        packet = client.get(f"/api/handoffs/{handoff}").json()
        assert packet["question"] == "The customer sent first.png and asked for a person."
        names = [file["name"] for message in packet["transcript"] for file in message["files"]]
        assert names == ["first.png", "second.txt"]
        client.post(f"/api/handoffs/{handoff}/claim").raise_for_status()
        path = f"/api/handoffs/{handoff}"
        label = client.post(f"{path}/files", params={"name": "label.pdf"}, content=b"%PDF-1.4").json()
        assert get(service, label["url"], **talk.headers).status_code == 404, "not sent yet"
        assert sent(talk, label["id"]).status_code == 422
        held = client.post(f"{path}/reply", json={"files": [label["id"]], "undo_s": 30}).json()
        assert [file["name"] for file in held["files"]] == ["label.pdf"]
        assert client.delete(f"{path}/held/{held['id']}").json() == {"text": "", "files": [label]}
        said = client.post(f"{path}/reply", json={"text": "Here", "files": [label["id"]]}).json()
        assert said["files"] == [label]
        assert client.post(f"{path}/reply", json={"files": []}).status_code == 422
    shown = talk.show()["messages"][-1]
    assert (shown["role"], shown["files"][0]["name"]) == ("agent", "label.pdf")
    assert get(service, shown["files"][0]["url"]).content == b"%PDF-1.4"
    live = talk.events(0, 1)[0].data  # the first message, as the event stream tells it
    assert live["files"] == talk.show()["messages"][0]["files"]


def test_uploads_have_a_limit_of_their_own_in_size_and_in_number(serve: Serve) -> None:
    service = serve(rate_limit="1000/minute")
    talk = service.talk()
    fits = b"x" * 9_000_000
    assert upload(talk, fits, "large.txt").status_code == 201
    for large in (b"x" * 10_000_001, b"x" * 11_000_000):
        refused = upload(talk, large, "large.txt")
        assert (refused.status_code, refused.headers["content-type"]) == (413, "application/problem+json")
    assert talk.post("/typing", {"on": True, "more": "x" * 4_000_000}).status_code == 413, "nothing else has"
    codes = [upload(talk, b"x", "a.txt").status_code for _ in range(30)]
    assert codes[0] == 201
    assert codes[-1] == 429


def test_what_is_sent_wrongly_is_told(service: Service) -> None:
    talk = service.talk()
    assert sent(talk).status_code == 422
    assert upload(talk, b"MZ\x90\x00", "a.png").status_code == 415
    assert "PNG" in upload(talk, b"MZ\x90\x00", "a.png").json()["detail"]
    too_many: list[Any] = [f"file_{n}" for n in range(11)]
    assert sent(talk, *too_many).status_code == 422
    assert json.loads(get(service, "/files/file_unknown/a.png").text)["status"] == 404


@pytest.mark.parametrize("name", ["../../a.png", "a\u202egnp.exe"])
def test_the_name_of_a_file_is_data(service: Service, name: str) -> None:
    talk = service.talk()
    file = upload(talk, picture(), name).json()
    assert file["url"].startswith(f"/files/{file['id']}/a")
    assert ".." not in file["url"]
    assert get(service, file["url"]).status_code == 200
