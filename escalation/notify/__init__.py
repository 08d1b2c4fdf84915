"""What goes out of the house: e-mail, Slack, signed webhooks. Each thing is written to the outbox in the transaction of its
cause, and sent from there until it has arrived.

Others call the functions below, inside their transaction: `news` says who is told of what, `outbox` sends.
"""

from escalation.notify.news import (
    can_email,
    email_is_set_up,
    mentioned,
    opened,
    overdue,
    replied,
    resolved,
    tell,
    transcript,
)

__all__ = [
    "can_email",
    "email_is_set_up",
    "mentioned",
    "opened",
    "overdue",
    "replied",
    "resolved",
    "tell",
    "transcript",
]
