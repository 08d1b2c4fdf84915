"""The ways out of the house, one for each kind of delivery. A new way is a file with a Transport, and a line here."""

from __future__ import annotations

from escalation.notify.base import Transport
from escalation.notify.email import Email, MailServer, NoMailServer, Sender
from escalation.notify.slack import Slack
from escalation.notify.webhook import Webhooks
from help_center.database import Database
from help_center.settings import Settings


def open_transports(settings: Settings, database: Database) -> dict[str, Transport]:
    """By kind. Touches no network."""
    local = settings.local_webhooks
    email: Transport = NoMailServer()
    if settings.smtp_url:
        email = Email(MailServer.at(settings.smtp_url), Sender.of(settings))
    return {
        "email": email,
        "slack": Slack(database, public_url=settings.public_url, local=local),
        "webhook": Webhooks(database, local=local),
    }
