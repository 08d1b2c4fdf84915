"""E-mail by SMTP: how a letter is written, and how it is handed to the mail server.

A letter is text with an HTML alternative. Words of ours and of agents are Markdown; what a customer wrote is only quoted, as
plain text. Links go to this installation or to the page that the chat is on, and carry no token. Does not know who
is written to, nor when a letter is tried again.
"""

from __future__ import annotations

import html
import ipaddress
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

from escalation.notify.base import Parcel, Undelivered
from help_center.markup import render, shortened
from help_center.settings import Settings

SECONDS = 20.0  # for each word of the conversation with the mail server
LONGEST_SUBJECT = 120
QUOTE = "margin: 0 0 1em; padding-left: 1em; border-left: 3px solid #999"
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 40em">
BODY
</body></html>
"""
_relative_link = re.compile(r"(?<!!)\[([^\[\]]*)\]\((/(?!/)[^()\s]*)\)")


@dataclass(frozen=True)
class MailServer:
    """What PARLEY_SMTP_URL names."""

    host: str
    port: int
    tls: bool  # from the first byte (smtps); else STARTTLS where the server offers it
    user: str | None = None
    password: str | None = None

    @classmethod
    def at(cls, url: str) -> MailServer:
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        return cls(
            parts.hostname or "",
            parts.port or (465 if tls else 587),
            tls,
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
        )


@dataclass(frozen=True)
class Sender:
    """Who we are in a letter. `sites`: origins of the pages that a customer may be led back to."""

    address: Address
    public_url: str | None
    sites: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Sender:
        name, address = parseaddr(settings.mail_from or "")
        sites = (*settings.origin_list, *([settings.public_url] if settings.public_url else []))
        return cls(Address(display_name=name, addr_spec=address), settings.public_url, sites)


class Email:
    """The transport: `target` of a parcel is an address."""

    def __init__(self, server: MailServer, sender: Sender, *, seconds: float = SECONDS) -> None:
        self._server = server
        self._sender = sender
        self._seconds = seconds

    def send(self, parcel: Parcel) -> None:
        try:
            letter = written(parcel, self._sender)
        except (ValueError, MessageError) as error:
            raise Undelivered(f"the letter cannot be written: {error}", permanent=True) from error
        try:
            with connected(self._server, self._sender.address.domain, self._seconds) as smtp:
                smtp.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _refused(code, said) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _refused(error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Undelivered(f"the mail server cannot take it: {error}", permanent=True) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(trouble(error)) from error


class NoMailServer:
    """Stands in for Email where none is configured: nothing is queued then, but a setting may have been taken away."""

    def send(self, parcel: Parcel) -> None:
        raise Undelivered("no mail server is set: name one with PARLEY_SMTP_URL", permanent=True)


def address_of(text: str) -> str | None:
    """An address as it can be written to, or None for what is none. Asks no network."""
    try:
        found = validate_email(text, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return found.ascii_email or found.normalized


@contextmanager
def connected(server: MailServer, we: str, seconds: float = SECONDS) -> Iterator[smtplib.SMTP]:
    """A conversation with the mail server, as far as the sign-in. `we`: the domain to greet with.

    A password is sent through verified TLS only, or within this machine. Without a password TLS is taken as it is offered,
    as between mail servers: whoever could show a false certificate could as well take the offer away.
    """
    context = ssl.create_default_context()
    if not server.tls and not server.user:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if server.tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, local_hostname=we, timeout=seconds, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, local_hostname=we, timeout=seconds)
    with smtp:
        smtp.ehlo_or_helo_if_needed()
        if not server.tls and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        elif not server.tls and server.user and not _here(server.host):
            raise smtplib.SMTPException(
                "the mail server offers no TLS, so no password is sent: use smtps://, or leave user and password out"
            )
        if server.user:
            smtp.login(server.user, server.password or "")
        yield smtp


def written(parcel: Parcel, sender: Sender) -> EmailMessage:
    """The letter. `payload`: {"subject", "text" (Markdown), "quote"?, "quoted"?, "thread"?, "list"?, "handoff_id"?, "page_url"?}.

    With a `list` it is a notification, which no machine should answer. Raises ValueError for what cannot be a header.
    """
    payload = parcel.payload
    domain = sender.address.domain
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = one_line(payload["subject"])
    letter["From"] = sender.address
    letter["To"] = Address(addr_spec=parcel.target)
    letter["Date"] = parcel.created_at
    letter["Message-ID"] = f"<{parcel.id}@{domain}>"
    if payload.get("thread"):
        root = f"<{one_line(payload['thread'])}@{domain}>"
        letter["In-Reply-To"] = root
        letter["References"] = root
    if payload.get("list"):
        letter["List-Id"] = f"<{one_line(payload['list'])}.{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
    text = _absolute(payload["text"], sender.public_url)
    on = _way_on(payload, sender)
    letter.set_content(_as_text(payload, text, on))
    letter.add_alternative(_as_html(payload, text, on), subtype="html")
    return letter


def one_line(text: str) -> str:
    """Text that can stand in a header: no line breaks, no control characters, not too long."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return shortened(plain, LONGEST_SUBJECT)


def trouble(error: Exception) -> str:
    """What went wrong before a letter was looked at, and what to do about it."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses user and password ({error.smtp_code}): check PARLEY_SMTP_URL"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the mail server does not take mail now: {error.smtp_code} {_legible(error.smtp_error)}"
    if isinstance(error, ssl.SSLError):
        return f"the mail server's certificate or TLS is not good: {error.reason or error}"
    return f"the mail server does not answer: {error or type(error).__name__}"


def _refused(code: int, said: bytes | str) -> Undelivered:
    return Undelivered(f"the mail server answered {code} {_legible(said)}", permanent=code >= 500)


def _legible(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _absolute(markdown: str, public_url: str | None) -> str:
    """Links to articles lead to this installation; where its address is not known, only their words stay."""
    return _relative_link.sub(
        lambda link: f"[{link[1]}]({public_url}{link[2]})" if public_url else link[1], markdown
    )


@dataclass(frozen=True)
class WayOn:
    """Where the reader goes from here. `link` None: we know of no address, and the words stand alone."""

    link: str | None
    words: str
    before: str = ""


def _way_on(payload: dict[str, Any], sender: Sender) -> WayOn | None:
    """Agents go to the inbox, customers back to the page that the chat was on, if it is one of our sites."""
    if payload.get("handoff_id"):
        link = f"{sender.public_url}/inbox#{payload['handoff_id']}" if sender.public_url else None
        return WayOn(link, "Open it in the inbox")
    if "page_url" not in payload:
        return None
    page = payload["page_url"] or ""
    ours = {_origin(site) for site in sender.sites} - {None}  # `*` among the origins is nobody's page
    link = page if page.isprintable() and " " not in page and _origin(page) in ours else sender.public_url
    return WayOn(link, "Write in the chat on our site", "Answers to this e-mail are not read. ")


def _origin(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (parts.scheme, parts.netloc.lower()) if parts.scheme in {"http", "https"} else None


def _as_text(payload: dict[str, Any], text: str, on: WayOn | None) -> str:
    parts = [text]
    if payload.get("quote"):
        quoted = "\n".join(f"> {line}".rstrip() for line in payload["quote"].splitlines())
        parts.append("\n".join(filter(None, [payload.get("quoted"), quoted])))
    if on:
        parts.append(f"{on.before}{on.words}{f': {on.link}' if on.link else '.'}")
    return "\n\n".join(parts) + "\n"


def _as_html(payload: dict[str, Any], text: str, on: WayOn | None) -> str:
    parts = [render(text, pictures=False)]
    if payload.get("quote"):
        if payload.get("quoted"):
            parts.append(f"<p>{html.escape(payload['quoted'])}</p>")
        quoted = "<br>".join(html.escape(line) for line in payload["quote"].splitlines())
        parts.append(f'<blockquote style="{QUOTE}">{quoted}</blockquote>')
    if on:
        words = html.escape(on.words)
        shown = f'<a href="{html.escape(on.link)}">{words}</a>' if on.link else f"{words}."
        parts.append(f"<p>{html.escape(on.before)}{shown}</p>")
    return PAGE.replace("BODY", "\n".join(parts))
