"""When a person takes over: pure rules, asked in order, the first that speaks decides.

To add a rule: write a function (Signals, Policy) -> Decision | None, put it into RULES where it belongs, and add
an eval case. Knows nothing of conversations, databases or models.
"""

from __future__ import annotations

from collections.abc import Callable

from escalation.signals import Decision, Policy, Signals

Rule = Callable[[Signals, Policy], Decision | None]


def asked_for_a_person(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("escalate", ("requested_human",)) if signals.wants_human else None


def sensitive_topic(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("escalate", ("sensitive_topic",)) if signals.sensitive else None


def upset(signals: Signals, policy: Policy) -> Decision | None:
    if signals.sentiment_label != "negative" and not signals.abuse:
        return None
    return Decision("escalate", ("negative_sentiment", "abuse") if signals.abuse else ("negative_sentiment",))


def small_talk(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("chat") if signals.small_talk else None


def asked_again_and_again(signals: Signals, policy: Policy) -> Decision | None:
    """The same question for the third time: what was answered did not help."""
    return Decision("escalate", ("repeated_question",)) if signals.times_asked >= 3 else None


def not_for_this_help_center(signals: Signals, policy: Policy) -> Decision | None:
    """A stranger's question: says so and offers a person, but does not fill the queue."""
    stranger = signals.in_domain < policy.in_domain_from and (signals.confidence or 0.0) < policy.offer_from
    return Decision("offer", ("nothing_relevant",)) if stranger else None


def sure_enough(signals: Signals, policy: Policy) -> Decision | None:
    sure = signals.confidence is not None and signals.confidence >= policy.answer_from
    return Decision("answer") if sure and not signals.nothing_shown else None


def second_miss(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("escalate", _low(signals)) if signals.earlier_misses >= 1 else None


def one_question_back(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("clarify", _low(signals)) if signals.rivals and not signals.clarified else None


def a_part_is_known(signals: Signals, policy: Policy) -> Decision | None:
    known = signals.part_known and (signals.confidence or 0.0) >= policy.offer_from
    return Decision("offer", _low(signals)) if known else None


def not_sure_enough(signals: Signals, policy: Policy) -> Decision | None:
    return Decision("escalate", _low(signals))


RULES: tuple[Rule, ...] = (
    asked_for_a_person,
    sensitive_topic,
    upset,
    small_talk,
    asked_again_and_again,
    not_for_this_help_center,
    sure_enough,
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
