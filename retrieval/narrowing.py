"""Which section of a passage answers, where several short ones share it: decided as the passages themselves are ranked,
by closeness and by words. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable

from retrieval.chunking import embedded_text, parts, section_at
from retrieval.embedders.base import Vectors
from retrieval.passages import Passage, Section
from retrieval.ranking import CLOSENESS


def narrowed(passage: Passage, title: str, cosines: Vectors, covered: Callable[[str], float]) -> Passage:
    """The passage as the one section of it that fits a question best; itself where it holds one.

    `cosines`: of the question with the passage's first parts, shape (n,); n may be 0. `covered`: how much of the question's
    words a text holds, 0..1.
    """
    if not passage.sections:
        return passage
    text = embedded_text(title, passage)
    before = len(text) - len(passage.text)
    spans = [(start - before, end - before) for start, end in parts(text)]
    lowest = float(cosines.min(initial=1.0))  # for a section beyond what the model reads

    def fit(begin: int, section: Section) -> float:
        close = [
            float(cosine)
            for cosine, (start, end) in zip(cosines, spans, strict=False)
            if start < section.end and begin < end
        ]
        words = covered("\n".join((*section.headings, passage.text[section.start : section.end])))
        return CLOSENESS * max(close, default=lowest) + (1 - CLOSENESS) * words

    begins = (0, *(section.end for section in passage.sections))  # its heading is a section's own
    best = max(zip(begins, passage.sections, strict=False), key=lambda found: fit(*found))[1]
    return section_at(passage, best.start)
