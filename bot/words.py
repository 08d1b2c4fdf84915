"""What the bot says in its own words. One place, so that they can be read together, and later be translated."""

from __future__ import annotations

GREETING = (
    "Hi! I'm the automated assistant. Ask me anything about our help center: I answer with the article I have it "
    "from. You can ask for a person at any time."
)
SMALL_TALK = {
    "greeting": "Hello! What can I help you with?",
    "thanks": "You're welcome! Is there anything else I can help you with?",
    "farewell": "Goodbye! Come back whenever you need something.",
}
NOTHING_RELEVANT = (
    "I couldn't find anything about that in our help center, so I'd rather not guess. You can put it in other words, "
    "or choose “Talk to a person”."
)
NOT_SURE = "I'm not sure enough to answer this. You can put it in other words, or choose “Talk to a person”."
PART_KNOWN = "I'm not sure that this answers your question, but it may help:"
PERSON_OFFERED = "If this isn't it, tell me more, or choose “Talk to a person”."
CUT_SHORT = "I couldn't finish that. This is what our help center says about it:"
SEEN_BY_PERSON = "They see everything you wrote here, so you don't need to repeat it."


def handed_over(reasons: tuple[str, ...]) -> str:
    """The message of a handoff; the place in the queue stands beside it, live."""
    if "requested_human" in reasons:
        first = "Of course. I've put you in the queue for a person."
    elif "negative_sentiment" in reasons:
        first = "I'm sorry about this. I've asked a person to take over."
    elif "sensitive_topic" in reasons:
        first = "This needs a person. I've put you in the queue."
    elif "repeated_question" in reasons:
        first = "I don't seem to be helping with this. I've asked a person to take over."
    else:
        first = "I'm not sure enough to answer this, so I've asked a person to take over."
    return f"{first} {SEEN_BY_PERSON}"


def which_one(one: str, other: str) -> str:
    return f"Just to be sure, do you mean **{one}** or **{other}**?"
