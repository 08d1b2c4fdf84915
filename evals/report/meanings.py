"""What each figure says, in plain words. A suite's own `meanings` go before these."""

from __future__ import annotations

NAMES = {
    "ece": "Calibration error: how far, on average, the confidence lies from the share that was right. 0 is best.",
    "ece_by_chance": "The calibration error that a perfectly true confidence shows on as many questions, by chance alone.",
    "auroc": "How often a right first article got a higher confidence than a wrong one: 0.5 is a coin, 1 is always.",
    "auroc_answerable": "The same for questions that the help center answers against those that it does not.",
    "dial": "PARLEY_MAX_WRONG: the share of the answers given that may be wrong.",
    "wrong": "The share of the answers given that were wrong.",
    "wrong_upper_bound": "What the fit promises at this dial: at most this share of the answers is wrong, right in 4 of 5 cases.",
    "wrong_count_bound": "Counted from these answers alone, the share of wrong ones is at most this, with 90 % confidence.",
    "wrong share of answers, significantly above the dial": (
        "How often chance alone makes so many answers wrong, or more, when the true share is the dial (binomial test). "
        "Under 0.05 chance does not explain it, and the promise counts as broken."
    ),
    "coverage": "The share of all questions that were answered.",
    "accuracy": "The share of texts whose mood was read as labelled.",
    "answerable": "Questions that an article answers; the others have no right article.",
    "action held": "The share of cases in which the bot did what was expected: answer, ask back, offer, hand over.",
    "reasons held": "The share of cases in which the expected reasons were given.",
    "article_ids held": "The share of cases in which an expected article was cited.",
}
ENDINGS = {
    "nDCG@10": "How well the first ten articles are ordered: 1 when the right ones stand at the top.",
    "MRR@10": "The mean of 1 / place of the first right article among ten.",
    "R@1": "The share whose right article was found first.",
    "R@5": "The share whose right article was among the first five.",
    "R@10": "The share whose right article was among the first ten.",
    "R@20": "The share whose right article was among the first twenty.",
    "R@100": "The share whose right article was among the first hundred.",
    "precision": "Of those told so, the share that was so.",
    "recall": "Of those that were so, the share that was told so.",
    "f1": "Precision and recall in one figure (their harmonic mean).",
    "false alarms": "Of those that were not so, the share that was told so all the same. Less is better.",
}
SUITES = {
    "retrieval": "Is the right article found, and how far up?",
    "searches": "Does the search box forgive: misspelt, joined, quoted words, and codes?",
    "confidence": "Is the confidence true, and does the dial keep its promise?",
    "calibration": "How true the confidence just fitted is, each question judged by a fit that has not seen it.",
    "decisions": "Does the bot do the right thing: answer, ask back, offer, hand over, and for the right reason?",
    "sentiment": "Is a mood taken for a mood, a problem for a problem?",
    "wishes": "Is a wish for a person heard, in any wording?",
    "topics": "Are abuse, legal threats, danger, fraud and data incidents recognised, and near misses left alone?",
    "sentences": "Is what an article does not say kept out of an answer?",
    "packets": "Is everything that the customer told in the packet of the agent?",
    "privacy": "Is personal data masked before it leaves?",
    "attacks": "Do planted instructions change what is done or said?",
}


def meaning(figure: str) -> str:
    """Plain words for a figure's name, or nothing."""
    if figure in NAMES:
        return NAMES[figure]
    return next((words for ending, words in ENDINGS.items() if figure.endswith(ending)), "")
