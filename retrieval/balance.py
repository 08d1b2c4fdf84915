"""How far the dense half of search is trusted, by the language of what is searched and by the model.

A model that was trained on English places texts of other languages by the names and loan words in them. Measured with
all-MiniLM-L6-v2 on questions out of titles and headings (nDCG@10 at share 1 and as below): Spanish .627 -> .645, French
.613 -> .622, Polish .758 -> .782, Chinese .537 -> .561 and .653 -> .698, Japanese .697 -> .680.
"""

from __future__ import annotations

import re

from retrieval.embedders.base import Embedder

SAME_SCRIPT = 0.6  # of a language that is written in Latin letters, against 1 for English
OTHER_SCRIPT = 0.4

_english_only = re.compile(r"(all|multi-qa|msmarco|gtr|sentence-t5)-|.*-en(-|$)")
_other_scripts = frozenset(
    ("am", "ar", "be", "bg", "bn", "el", "fa", "gu", "he", "hi", "hy", "ja", "ka", "kk", "km", "kn", "ko", "ky", "lo", "mk",
     "ml", "mn", "mr", "my", "ne", "pa", "ps", "ru", "si", "sr", "ta", "te", "tg", "th", "uk", "ur", "yi", "zh")
)  # fmt: skip


def dense_share(language: str, embedder: Embedder) -> float:
    """A factor for the weight of the dense half, 0..1, for passages of a language ("en", "de"): 1 for English, and for
    every language where the model is not known for English alone."""
    name = embedder.name.rsplit("/", 1)[-1].lower()
    if language == "en" or not _english_only.match(name):
        return 1.0
    return OTHER_SCRIPT if language in _other_scripts else SAME_SCRIPT
