"""A site vouches for its signed-in customers; nobody can claim to be one."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from tests.conftest import Installation

KEY = "a secret of forty characters, for a test"
MEMBERS_ONLY = {
    "id": "members", "title": "Members' workshop hours", "audience": "customers",
    "body": "The workshop for members opens on Sundays from 9 to 12 o'clock.",
}  # fmt: skip


@pytest.mark.slow
def test_only_a_proven_customer_is_told_what_is_for_customers(installation: Installation) -> None:
    installation.env |= {"PARLEY_SECRET_KEY": KEY, "PARLEY_MAX_WRONG": "1"}
    (installation.folder / "a.jsonl").write_text(json.dumps(MEMBERS_ONLY))
    installation.parley("index", str(installation.folder / "a.jsonl"))
    server = installation.serve()
    question = "When does the members' workshop open on Sundays?"
    good = hmac.new(KEY.encode(), b"ada", hashlib.sha256).hexdigest()

    def told(**given: object) -> str:
        return json.dumps(server.conversation(**given).say(question))

    assert "9 to 12" in told(customer={"id": "ada"}, user_hash=good)
    assert "9 to 12" not in told(customer={"id": "ada"})
    for bad in (
        {"customer": {"id": "bob"}, "user_hash": good},
        {"user_hash": good},
        {"customer": {"id": "ada"}, "user_hash": "ü"},
    ):
        assert "9 to 12" not in told(**bad)
    with server.client() as client:
        page = client.get("/docs")
    assert page.status_code == 200
    assert "/api/conversations/{conversation_id}/messages" in page.text
    assert "https://" not in page.text.replace("https://parley", "")
