"""Hands conversations over for real, in a database of their own: what the packets suite looks at."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import help_center.tables  # noqa: F401  (so that every table is known)
from bot.brief import NOTHING_ASKED, case_of
from bot.summary import extract
from escalation.handoff import open_handoff
from escalation.packet import packet
from help_center.conversations import BOT, Conversation, add_message
from help_center.database import Database, new_id
from help_center.masking import hide
from help_center.people import Customer

Hand = Callable[[Sequence[tuple[str, str]]], dict[str, Any]]


@contextmanager
def handing_over() -> Iterator[Hand]:
    """A function that takes (role, text) of each message and gives the packet, as after a wish for a person."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'parley.db'}")
        database.migrate(Path(folder))

        def hand(said: Sequence[tuple[str, str]]) -> dict[str, Any]:
            reasons = ("requested_human",)
            with database.write() as session:
                customer = Customer(id=new_id("cust"), attributes={})
                session.add(customer)
                session.flush()
                conversation = Conversation(
                    id=new_id("conv"), customer_id=customer.id, greeting="", status=BOT
                )
                session.add(conversation)
                session.flush()
                for role, text in said:
                    add_message(session, conversation, role, hide(text))
                case = case_of(session, conversation, [], reasons, "")
                handoff = open_handoff(
                    session, conversation, reasons=list(reasons), question=case.question or NOTHING_ASKED,
                    summary=extract(case), sources_tried=[], suggested_reply="", language=None,
                )  # fmt: skip
                return packet(session, handoff.id)

        try:
            yield hand
        finally:
            database.close()
