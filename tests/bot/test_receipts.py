"""Delivered and read: what each side has seen of the other, told to both, and never taken back."""

from __future__ import annotations

from tests.bot.support import Service


def test_each_side_learns_what_the_other_has_seen(service: Service) -> None:
    talk, agent = service.talk(), service.agent()
    talk.say("How do I mend a flat tyre?")
    handoff = talk.post("/escalate").json()["handoff_id"]
    with service.client(headers=agent) as client:
        path = f"/api/handoffs/{handoff}"
        assert client.get(path).json()["read"] == {"customer": None, "agent": None}
        messages = talk.show()["messages"]
        first, last = messages[0]["id"], messages[-1]["id"]
        for id in (last, last, first):  # again, and backwards: nothing changes
            assert talk.post("/read", {"message_id": id}).status_code == 204
        assert client.get(path).json()["read"]["customer"]["message_id"] == last
        assert client.post(f"{path}/read", json={"message_id": first}).status_code == 204
        assert client.post(f"{path}/read", json={"message_id": last}).status_code == 204
    assert talk.show()["read"]["agent"]["message_id"] == last
    told = []
    after = 0
    while len(told) < 3:
        (event,) = talk.events(after, 1)
        after = int(event.id or 0)
        if event.name == "read":
            told.append((event.data["role"], event.data["message_id"]))
    assert told == [("customer", last), ("agent", first), ("agent", last)]


def test_only_messages_of_the_conversation_are_read_in_it(service: Service) -> None:
    talk, other, agent = service.talk(), service.talk(), service.agent()
    mine = talk.say("Hello")["message"]["id"]
    handoff = other.post("/escalate").json()["handoff_id"]
    assert other.post("/read", {"message_id": mine}).status_code == 404
    with service.client() as client:
        path = f"/api/handoffs/{handoff}/read"
        assert client.post(path, json={"message_id": mine}, headers=agent).status_code == 404
        assert client.post(path, json={"message_id": mine}).status_code == 401
        assert client.post(path, json={"message_id": mine}, headers=talk.headers).status_code == 401
