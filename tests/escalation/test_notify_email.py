"""E-mail against a real mail server: how a letter reads, how it is sent, and what is made of a server's troubles."""

from __future__ import annotations

import datetime
import email.policy
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from escalation import handoff as handoffs
from escalation import notify, replies
from escalation.notify.base import Parcel, Undelivered
from escalation.notify.email import Email, MailServer, Sender, address_of, written
from escalation.notify.outbox import Outbox
from help_center.conversations import Conversation
from help_center.database import now
from help_center.people import Agent
from help_center.settings import Settings
from tests.escalation.conftest import Colleague, House
from tests.escalation.test_notify import deliveries, send_all

USER, PASSWORD = "parley@example.org", "a word: with/odd@letters"


class Mailbox:
    """What a mail server does with letters: keeps them, or answers as it is told to."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.said_for: dict[str, str] = {}  # recipient -> answer
        self.data_answer = "250 kept"
        self.tls: list[bool] = []

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.said_for:
            return self.said_for[address]
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data_answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            letter = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(letter, EmailMessage)
            self.letters.append(letter)
            self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
            self.tls.append(session.ssl is not None)
        return self.data_answer


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


Start = Callable[..., MailServer]


@pytest.fixture
def start(mailbox: Mailbox) -> Iterator[Start]:
    """Starts a mail server on loopback with these options of aiosmtpd."""
    running: list[Controller] = []

    def begin(**options: Any) -> MailServer:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append(controller)
        return MailServer("127.0.0.1", port, tls=False)

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def server(start: Start) -> MailServer:
    return start()


def sender(**given: str) -> Sender:
    facts = {
        "mail_from": "Bike Shop <support@shop.example>",
        "public_url": "https://help.shop.example",
        "allowed_origins": "https://shop.example",
    }
    settings = Settings(_env_file=None, **(facts | given))  # type: ignore[call-arg, arg-type]
    return Sender.of(settings)


def parcel(to: str = "kim@example.net", id: str = "dlv_1", **payload: Any) -> Parcel:
    return Parcel(id, to, "reply", {"subject": "Re: Invoice", "text": "Under **Billing**."} | payload, now())


def sent(mailbox: Mailbox, server: MailServer, one: Parcel, who: Sender | None = None) -> EmailMessage:
    Email(server, who or sender()).send(one)
    return mailbox.letters[-1]


def plain(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def rich(letter: EmailMessage) -> str:
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())


# How a letter reads


def test_a_reply_says_what_the_agent_wrote_quotes_the_customer_and_leads_back_to_the_chat(
    mailbox: Mailbox, server: MailServer
) -> None:
    letter = sent(
        mailbox,
        server,
        parcel(
            text="Grüße! See [Invoices](/help/articles/invoices).",
            quoted="You wrote:",
            quote="Where is it?\nThanks",
            thread="conv_1",
            page_url="https://shop.example/cart?a=1",
        ),
    )
    assert mailbox.envelopes == [("support@shop.example", ["kim@example.net"])]
    assert letter["From"] == "Bike Shop <support@shop.example>"
    assert (letter["To"], letter["Subject"]) == ("kim@example.net", "Re: Invoice")
    assert letter["Message-ID"] == "<dlv_1@shop.example>"
    assert letter["In-Reply-To"] == letter["References"] == "<conv_1@shop.example>"
    assert letter["Auto-Submitted"] is None  # a person wrote it
    assert plain(letter).splitlines() == [
        "Grüße! See [Invoices](https://help.shop.example/help/articles/invoices).",
        "",
        "You wrote:",
        "> Where is it?",
        "> Thanks",
        "",
        "Answers to this e-mail are not read. Write in the chat on our site: https://shop.example/cart?a=1",
    ]
    assert '<a href="https://help.shop.example/help/articles/invoices"' in rich(letter)
    assert ">Where is it?<br>Thanks</blockquote>" in rich(letter)


def test_a_notification_says_that_it_is_one_and_the_same_matter_is_one_thread(
    mailbox: Mailbox, server: MailServer
) -> None:
    told = {"thread": "hand_1", "list": "handoffs", "handoff_id": "hand_1"}
    first = sent(mailbox, server, parcel(id="dlv_1", **told))
    second = sent(mailbox, server, parcel(id="dlv_2", **told))
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["List-Id"] == "<handoffs.shop.example>"
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert "https://help.shop.example/inbox#hand_1" in plain(first)


def test_what_a_customer_wrote_is_never_markup(mailbox: Mailbox, server: MailServer) -> None:
    nasty = (
        '<img src=x onerror=alert(1)> [click](javascript:alert(1)) <a href="https://evil.example">here</a>'
    )
    letter = sent(mailbox, server, parcel(text=f"You asked: {nasty}", quote=nasty, page_url=None))
    shown = rich(letter)
    assert "<img" not in shown
    assert 'href="javascript' not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert shown.count("<a ") == 1  # ours: back to the site


@pytest.mark.parametrize(
    "page_url",
    ["https://evil.example/phish", "javascript:alert(1)", "https://shop.example.evil.example/", "https://shop.example /x",
     "https://shop.example@evil.example/", "https://[", "", None],
)  # fmt: skip
def test_a_page_that_is_not_ours_is_never_linked(page_url: str | None) -> None:
    text = plain(written(parcel(page_url=page_url), sender()))
    assert text.endswith("Write in the chat on our site: https://help.shop.example\n")


@pytest.mark.parametrize("page_url", ["javascript:alert(1)", "evil.example/phish", "https://evil.example/"])
def test_every_origin_allowed_makes_no_page_ours(page_url: str) -> None:
    letter = written(parcel(page_url=page_url), sender(allowed_origins="*"))
    assert plain(letter).endswith("Write in the chat on our site: https://help.shop.example\n")


def test_without_a_public_address_there_are_no_links_and_the_words_stay() -> None:
    who = replace(sender(), public_url=None, sites=())
    letter = written(parcel(text="See [Invoices](/help/articles/x).", page_url=None), who)
    assert plain(letter).startswith("See Invoices.\n")
    assert plain(letter).endswith("Write in the chat on our site.\n")
    assert "href" not in rich(letter)
    assert "inbox#" not in plain(written(parcel(handoff_id="hand_1"), who))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_text_can_add_a_header(mailbox: Mailbox, server: MailServer, ending: str) -> None:
    nasty = f"Hello{ending}Bcc: all@example.net{ending}{ending}body"
    letter = sent(mailbox, server, parcel(subject=nasty, thread=nasty, list=None))
    assert letter["Bcc"] is None
    assert mailbox.envelopes[-1][1] == ["kim@example.net"]
    assert letter["Subject"] == "Hello Bcc: all@example.net body"
    assert plain(letter).startswith("Under **Billing**.")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kim@example.net", "kim@example.net"),
        ("Kim@EXAMPLE.net", "Kim@example.net"),
        ("kim@bücher.example", "kim@xn--bcher-kva.example"),
        ("ada@mailhost", "ada@mailhost"),
        ("kim", None),
        ("kim@", None),
        ("a@b.example, c@d.example", None),
        ("kim@example.net\r\nBcc: x@y.example", None),
        ("Kim <kim@example.net>", None),
        ("", None),
    ],
)
def test_an_address_is_one_address_or_none(text: str, address: str | None) -> None:
    assert address_of(text) == address


def test_long_lines_and_all_letters_arrive_whole(mailbox: Mailbox, server: MailServer) -> None:
    text = "Żółć 漢字 🚲 " * 400
    assert plain(sent(mailbox, server, parcel(text=text))).strip() == text.strip()


# How it is sent


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A certificate for this machine that signs itself: its file, and a server's side of it."""
    holder = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    at = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - datetime.timedelta(days=1))
        .not_valid_after(at + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([holder]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    return public, context


def knows(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False)


def test_with_a_password_it_signs_in_through_verified_tls(
    mailbox: Mailbox, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, context = certificate(tmp_path)
    server = start(tls_context=context, authenticator=knows, auth_required=True)
    secured = replace(server, user=USER, password=PASSWORD)
    with pytest.raises(Undelivered, match="certificate") as raised:
        Email(secured, sender()).send(parcel())
    assert not raised.value.permanent  # the letter is good: it goes out once the certificate is mended
    assert mailbox.letters == []
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    sent(mailbox, secured, parcel())
    assert mailbox.tls == [True]
    with pytest.raises(Undelivered, match="check PARLEY_SMTP_URL") as raised:
        Email(replace(secured, password="wrong"), sender()).send(parcel())
    assert not raised.value.permanent
    assert len(mailbox.letters) == 1


def test_smtps_is_encrypted_from_the_first_byte(
    mailbox: Mailbox, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, context = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    server = start(ssl_context=context)
    sent(mailbox, replace(server, tls=True), parcel())
    assert len(mailbox.letters) == 1


def test_without_a_password_tls_is_taken_as_offered(mailbox: Mailbox, start: Start, tmp_path: Path) -> None:
    server = start(tls_context=certificate(tmp_path)[1])
    sent(mailbox, server, parcel())
    assert mailbox.tls == [True]


def test_a_password_never_leaves_this_machine_without_tls(
    mailbox: Mailbox, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = replace(start(), host="mail.elsewhere.example", user=USER, password=PASSWORD)
    found = socket.getaddrinfo

    def here(host: str, *rest: Any, **more: Any) -> Any:
        return found("127.0.0.1" if host == "mail.elsewhere.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with pytest.raises(Undelivered, match="no password is sent"):
        Email(server, sender()).send(parcel())
    assert mailbox.letters == []


# What is made of a server's troubles


@pytest.mark.parametrize(
    ("answer", "permanent"),
    [("550 no such user", True), ("452 mailbox full", False), ("450 greylisted", False)],
)
def test_a_refused_recipient(mailbox: Mailbox, server: MailServer, answer: str, permanent: bool) -> None:
    mailbox.said_for["kim@example.net"] = answer
    with pytest.raises(Undelivered, match=answer) as raised:
        Email(server, sender()).send(parcel())
    assert raised.value.permanent is permanent


@pytest.mark.parametrize(("answer", "permanent"), [("554 spam", True), ("451 later", False)])
def test_a_refused_letter(mailbox: Mailbox, server: MailServer, answer: str, permanent: bool) -> None:
    mailbox.data_answer = answer
    with pytest.raises(Undelivered, match=answer) as raised:
        Email(server, sender()).send(parcel())
    assert raised.value.permanent is permanent


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"421 busy\r\n", b"", None])
def test_a_server_that_greets_with_a_refusal_or_with_nothing_may_come_round(greeting: bytes | None) -> None:
    """None: it accepts and stays silent."""
    released = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                if greeting is None:
                    released.wait(20)
                else:
                    connection.sendall(greeting)

        thread = threading.Thread(target=serve)
        thread.start()
        server = MailServer("127.0.0.1", listener.getsockname()[1], tls=False)
        with pytest.raises(Undelivered, match="mail server") as raised:
            Email(server, sender(), seconds=0.3).send(parcel())
        released.set()
        thread.join()
    assert not raised.value.permanent
    assert "\n" not in str(raised.value)


def test_a_server_that_is_not_there_may_come_back() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Undelivered, match="does not answer") as raised:
        Email(MailServer("127.0.0.1", port, tls=False), sender()).send(parcel())
    assert not raised.value.permanent


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, False)),
        ("smtps://mail.example", MailServer("mail.example", 465, True)),
        ("smtp://mail.example:25", MailServer("mail.example", 25, False)),
        (
            "smtp://parley%40example.org:a%20word%3A%20with%2Fodd%40letters@mail.example",
            MailServer("mail.example", 587, False, USER, PASSWORD),
        ),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, server: MailServer) -> None:
    assert MailServer.at(url) == server


# The whole way


def test_a_handoff_and_the_reply_reach_their_readers(
    house: House, mailbox: Mailbox, server: MailServer, ada: Colleague
) -> None:
    notify.email_is_set_up(True)
    try:
        with house.database.write() as session:
            session.get_one(Agent, ada.id).notify = {"email": True}
        handoff_id = house.waiting("Where is my invoice?")
        with house.database.write() as session:
            conversation = session.get_one(Conversation, house.handoff(handoff_id).conversation_id)
            conversation.contact_email = "kim@example.net"
            handoffs.claim(session, handoff_id, ada.viewer)
        with house.database.write() as session:
            replies.reply(session, handoff_id, ada.viewer, "Under **Billing**.")
    finally:
        notify.email_is_set_up(False)
    outbox = Outbox(house.database, {"email": Email(server, sender())})
    send_all(outbox)
    send_all(outbox)
    assert {row.status for row in deliveries(house.database, "email")} == {"sent"}
    subjects = {str(letter["To"]): str(letter["Subject"]) for letter in mailbox.letters}
    assert subjects == {
        "ada@example.org": "Kim waits for a person: Where is my invoice?",
        "kim@example.net": "Re: Where is my invoice?",
    }
    assert len(mailbox.letters) == 2
