"""The rules as documented: each alone, their order, and what the contract says of their outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalation import rules
from escalation.rules import RULES, decide
from escalation.signals import Decision, Policy, Signals
from escalation.trend import TOO_MUCH

POLICY = Policy(answer_from=0.6, offer_from=0.35, in_domain_from=0.2)
SURE = Signals(confidence=0.9)
UNSURE = Signals(confidence=0.1)


def test_a_sure_answer_is_given() -> None:
    assert decide(SURE, POLICY) == Decision("answer")
    assert decide(SURE, POLICY).may_answer
    assert decide(replace(SURE, confidence=0.6), POLICY).action == "answer"
    assert decide(replace(SURE, confidence=0.59), POLICY).action != "answer"


def test_only_an_answer_may_be_answered() -> None:
    for action in ("clarify", "offer", "escalate", "chat", "relay"):
        assert not Decision(action).may_answer  # type: ignore[arg-type]


def test_who_asks_for_a_person_gets_one_however_sure_the_answer() -> None:
    everything = Signals(
        wants_human=True, small_talk="greeting", topics=("danger", "abuse"), sentiment_label="negative",
        in_domain=0.0, confidence=1.0, rivals=("a", "b"), times_asked=9,
    )  # fmt: skip
    decision = decide(everything, POLICY)
    assert decision.action == "escalate"
    assert decision.reasons[0] == "requested_human"
    # what presses is said, too: the angry are served earlier, and danger before all
    assert set(decision.reasons[1:]) == {"sensitive_topic", "rule:danger", "negative_sentiment", "abuse"}
    calm = replace(everything, topics=(), sentiment_label="neutral")
    assert decide(calm, POLICY) == Decision("escalate", ("requested_human",))


@pytest.mark.parametrize("topic", ["danger", "legal_threat", "payment_fraud", "data_incident"])
def test_a_sensitive_matter_goes_to_a_person_and_is_named(topic: str) -> None:
    signals = replace(SURE, topics=("abuse", topic), sentiment_label="negative")
    assert decide(signals, POLICY) == Decision("escalate", ("sensitive_topic", f"rule:{topic}"))


def test_anger_and_abuse_go_to_a_person() -> None:
    assert decide(replace(SURE, sentiment_label="negative"), POLICY) == Decision(
        "escalate", ("negative_sentiment",)
    )
    assert decide(replace(SURE, topics=("abuse",)), POLICY) == Decision(
        "escalate", ("negative_sentiment", "abuse")
    )


def test_who_loses_patience_goes_to_a_person_before_they_shout() -> None:
    assert decide(replace(SURE, strain=TOO_MUCH), POLICY) == Decision("escalate", ("negative_sentiment",))
    assert decide(replace(SURE, strain=TOO_MUCH - 0.01), POLICY).action == "answer"


def test_an_answer_that_did_not_help_is_a_miss() -> None:
    """The first time a person is offered, the second time called; what is asked besides is answered."""
    failed = replace(SURE, failed=True, asks=False, earlier_misses=1)
    assert decide(failed, POLICY) == Decision("offer", ("low_confidence", "rule:did_not_help"))
    assert decide(replace(failed, earlier_misses=2), POLICY) == Decision(
        "escalate", ("low_confidence", "rule:did_not_help")
    )
    assert decide(replace(failed, asks=True), POLICY).action == "answer"
    assert decide(replace(failed, asks=True, confidence=0.1), POLICY).action == "escalate"


def test_of_several_questions_the_known_ones_are_answered() -> None:
    signals = replace(UNSURE, part_sure=True, earlier_misses=1)
    assert decide(signals, POLICY) == Decision("offer", ("low_confidence",))


def test_the_article_that_the_customer_chose_is_shown_in_any_case() -> None:
    signals = replace(UNSURE, part_known=True, chosen=True)
    assert decide(signals, POLICY) == Decision("offer", ("low_confidence",))
    assert decide(replace(signals, chosen=False), POLICY).action == "escalate"
    far = replace(signals, in_domain=0.0, confidence=0.0)
    assert decide(far, POLICY).action == "offer"
    assert "nothing_relevant" not in decide(far, POLICY).reasons
    assert "nothing_relevant" in decide(replace(far, chosen=False), POLICY).reasons


def test_a_good_mood_changes_nothing() -> None:
    assert decide(replace(SURE, sentiment_label="positive", sentiment_score=1.0), POLICY).action == "answer"


def test_an_angry_thank_you_is_not_small_talk() -> None:
    assert decide(Signals(small_talk="thanks", sentiment_label="negative"), POLICY).action == "escalate"


@pytest.mark.parametrize("kind", ["greeting", "thanks", "farewell"])
def test_small_talk_is_chat_without_reasons(kind: str) -> None:
    assert decide(Signals(small_talk=kind, in_domain=0.0), POLICY) == Decision("chat")


def test_the_same_question_for_the_third_time_goes_to_a_person() -> None:
    assert decide(replace(SURE, times_asked=2), POLICY).action == "answer"
    assert decide(replace(SURE, times_asked=3), POLICY) == Decision("escalate", ("repeated_question",))


def test_a_strangers_question_is_not_put_into_the_queue() -> None:
    stranger = replace(UNSURE, confidence=0.05, in_domain=0.1)
    for signals in (stranger, replace(stranger, earlier_misses=5, part_known=True, rivals=("a", "b"))):
        assert decide(signals, POLICY) == Decision("offer", ("nothing_relevant",))


def test_a_question_that_is_likely_answered_rightly_is_no_strangers() -> None:
    assert decide(replace(SURE, in_domain=0.1), POLICY).action == "answer"


def test_below_the_dial_one_question_is_asked_back_once() -> None:
    signals = replace(UNSURE, rivals=("Returns", "Refunds"))
    assert decide(signals, POLICY) == Decision("clarify", ("low_confidence",))
    assert decide(replace(signals, clarified=True), POLICY).action == "escalate"
    assert decide(replace(signals, clarified=True, part_known=True, confidence=0.5), POLICY).action == "offer"


def test_below_the_dial_a_known_part_is_offered() -> None:
    signals = Signals(confidence=0.4, part_known=True)
    assert decide(signals, POLICY) == Decision("offer", ("low_confidence",))
    assert decide(replace(signals, confidence=0.3), POLICY).action == "escalate"
    assert decide(replace(signals, part_known=False), POLICY).action == "escalate"


def test_a_second_miss_goes_to_a_person_whatever_could_still_be_tried() -> None:
    signals = Signals(confidence=0.4, part_known=True, rivals=("a", "b"), earlier_misses=1)
    assert decide(signals, POLICY) == Decision("escalate", ("low_confidence",))


def test_a_miss_before_does_not_keep_a_sure_answer_back() -> None:
    assert decide(replace(SURE, earlier_misses=3, clarified=True), POLICY).action == "answer"


def test_nothing_known_goes_to_a_person() -> None:
    assert decide(UNSURE, POLICY) == Decision("escalate", ("low_confidence",))
    assert decide(Signals(confidence=None), POLICY) == Decision("escalate", ("low_confidence",))


def test_an_answer_of_which_nothing_held_is_no_answer() -> None:
    assert decide(replace(SURE, nothing_shown=True), POLICY).action == "escalate"


def test_a_failed_model_is_named_where_it_mattered() -> None:
    for signals in (UNSURE, replace(UNSURE, rivals=("a", "b")), Signals(confidence=0.4, part_known=True)):
        assert "model_unavailable" in decide(replace(signals, model_failed=True), POLICY).reasons
        assert "model_unavailable" not in decide(signals, POLICY).reasons


def test_a_dial_that_nothing_reaches_answers_nothing() -> None:
    never = Policy(answer_from=1.01, offer_from=0.35, in_domain_from=0.2)
    assert decide(replace(SURE, confidence=1.0), never).action == "escalate"


def test_every_rule_is_in_force_and_the_last_always_decides() -> None:
    written = {
        value
        for name, value in vars(rules).items()
        if callable(value) and getattr(value, "__module__", "") == rules.__name__
    }
    assert {rule for rule in written if not rule.__name__.startswith("_") and rule is not decide} == set(
        RULES
    )
    assert RULES[-1](Signals(), POLICY) is not None


def test_a_rule_of_ones_own_decides_where_it_is_put() -> None:
    def vip(signals: Signals, policy: Policy) -> Decision | None:
        return Decision("escalate", ("rule:vip",))

    assert decide(SURE, POLICY, (vip, *RULES)).reasons == ("rule:vip",)
    assert decide(SURE, POLICY, (*RULES[:-1], vip)).action == "answer"


def test_rules_that_all_keep_silent_are_a_fault() -> None:
    with pytest.raises(AssertionError):
        decide(SURE, POLICY, ())
