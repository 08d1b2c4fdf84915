"""When a person takes over: pure rules, asked in order, the first that speaks decides.

To add a rule: write a function (Signals, Policy) -> Decision | None, put it into RULES where it belongs, and add
an eval case. Knows nothing of conversations, databases or models.
"""

from __future__ import annotations

from collections.abc import Callable

from escalation.signals import Action, Decision, Policy, Signals
from escalation.trend import TOO_MUCH

Rule = Callable[[Signals, Policy], Decision | None]


def asked_for_a_person(signals: Signals, policy: Policy) -> Decision | None:
    """Honoured at once, however sure the answer. What else presses is said, too: an angry customer is served earlier."""
    if not signals.wants_human:
        return None
    pressing = [rule(signals, policy) for rule in PRESSING]
    also = [reason for decision in pressing if decision for reason in decision.reasons]
    return Decision("escalate", tuple(dict.fromkeys(("requested_human", *also))))


def danger(signals: Signals, policy: Policy) -> Decision | None:
    """Somebody's life or health is at stake."""
    return _sensitive("danger", signals)


def legal_threat(signals: Signals, policy: Policy) -> Decision | None:
    """A lawyer, a court or an authority is brought in: nothing that a bot says should stand in a file."""
    return _sensitive("legal_threat", signals)


def payment_fraud(signals: Signals, policy: Policy) -> Decision | None:
    """Money was taken that the customer did not spend: minutes count."""
    return _sensitive("payment_fraud", signals)


def data_incident(signals: Signals, policy: Policy) -> Decision | None:
    """Somebody has, or shows, data that are not theirs: the law sets a time to act in."""
    return _sensitive("data_incident", signals)


def _sensitive(topic: str, signals: Signals) -> Decision | None:
    return Decision("escalate", ("sensitive_topic", f"rule:{topic}")) if topic in signals.topics else None


def upset(signals: Signals, policy: Policy) -> Decision | None:
    """One message is clearly upset, or insults: a person, at once."""
    abuse = "abuse" in signals.topics
    if signals.sentiment_label != "negative" and not abuse:
        return None
    return Decision("escalate", ("negative_sentiment", "abuse") if abuse else ("negative_sentiment",))


def losing_patience(signals: Signals, policy: Policy) -> Decision | None:
    """No single message is upset, but they grow or repeat: the conversation goes wrong."""
    return Decision("escalate", ("negative_sentiment",)) if signals.strain >= TOO_MUCH else None


def small_talk(signals: Signals, policy: Policy) -> Decision | None:
    """A greeting or thanks and nothing else asks nothing."""
    return Decision("chat") if signals.small_talk else None


def asked_again_and_again(signals: Signals, policy: Policy) -> Decision | None:
    """The same question for the third time: what was answered did not help."""
    return Decision("escalate", ("repeated_question",)) if signals.times_asked >= 3 else None


def did_not_help(signals: Signals, policy: Policy) -> Decision | None:
    """The answer failed and nothing new is asked: a person is offered; called, when something else had failed before."""
    if not signals.failed or signals.asks:
        return None
    action: Action = "escalate" if signals.earlier_misses >= 2 else "offer"
    return Decision(action, ("low_confidence", "rule:did_not_help"))


def not_for_this_help_center(signals: Signals, policy: Policy) -> Decision | None:
    """A stranger's question: says so and offers a person, but does not fill the queue. Who chose an article is none."""
    stranger = signals.in_domain < policy.in_domain_from and (signals.confidence or 0.0) < policy.offer_from
    return Decision("offer", ("nothing_relevant",)) if stranger and not signals.chosen else None


def sure_enough(signals: Signals, policy: Policy) -> Decision | None:
    """The owner's dial is kept, and something of the answer held."""
    sure = signals.confidence is not None and signals.confidence >= policy.answer_from
    return Decision("answer") if sure and not signals.nothing_shown else None


def one_of_several(signals: Signals, policy: Policy) -> Decision | None:
    """Of the questions in one breath some are known: they are answered, and the others named."""
    return Decision("offer", _low(signals)) if signals.part_sure else None


def second_miss(signals: Signals, policy: Policy) -> Decision | None:
    """Something was tried before and did not answer: nobody is kept in a loop."""
    return Decision("escalate", _low(signals)) if signals.earlier_misses >= 1 else None


def one_question_back(signals: Signals, policy: Policy) -> Decision | None:
    """Two articles are as close, and their customer can tell them apart; once for the same matter."""
    return Decision("clarify", _low(signals)) if signals.rivals and not signals.clarified else None


def a_part_is_known(signals: Signals, policy: Policy) -> Decision | None:
    """Something is known, or the customer has named the article themselves."""
    known = signals.part_known and (signals.chosen or (signals.confidence or 0.0) >= policy.offer_from)
    return Decision("offer", _low(signals)) if known else None


def not_sure_enough(signals: Signals, policy: Policy) -> Decision | None:
    """In the domain, and nothing is known well enough."""
    return Decision("escalate", _low(signals))


PRESSING: tuple[Rule, ...] = (danger, legal_threat, payment_fraud, data_incident, upset, losing_patience)
RULES: tuple[Rule, ...] = (
    asked_for_a_person,
    *PRESSING,
    small_talk,
    asked_again_and_again,
    did_not_help,
    not_for_this_help_center,
    sure_enough,
    one_of_several,
    second_miss,
    one_question_back,
    a_part_is_known,
    not_sure_enough,
)


def decide(signals: Signals, policy: Policy, rules: tuple[Rule, ...] = RULES) -> Decision:
    for rule in rules:
        decision = rule(signals, policy)
        if decision is not None:
            return decision
    raise AssertionError("the last rule always decides")


def _low(signals: Signals) -> tuple[str, ...]:
    return ("low_confidence", "model_unavailable") if signals.model_failed else ("low_confidence",)
