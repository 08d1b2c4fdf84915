"""Does a sentence report or promise a deed of the bot's own? "I have cancelled your order": no passage can hold that, and
the bot has no hands. Where a passage says the very words ("we have closed your account" in a letter that it quotes), it stands.

Knows the words of seven languages, no meaning and no conversation.
"""

from __future__ import annotations

import re

# what a bot may say of itself: that it speaks, reads and thinks
_speaks = r"""(?:answer|apologi[sz]e|assume|be|clarify|confirm|describe|explain|find|give you (?:the|a|an|some)|guess|hear|help|hope|list|look
|mean|mention|need|point you|read|say|see|share|show|start|suggest|summari[sz]e|recommend|tell|think|try|understand|walk|wish|found|understood|listed
|summari[sz]ed|explained|mentioned|described|heard|see[n]?|said|helping|looking|talking|reading|assuming|suggesting|afraid)\b"""
_speaks = _speaks.replace("\n", "")
_did = (
    r"(?:\w{2,}ed|been able to \w+|sent|made|put|given|gave|taken|took|set|done|written|wrote|paid|got|begun|began|told|let|"
    r"forwarded|undone|withdrawn|brought|left)\b"
)
_soon = r"(?:(?:just|already|now|also|then|gladly|happily|successfully|immediately|personally|certainly|gone ahead and)\s+)*"
_deeds = {
    "en": (
        rf"\bI(?:['’]ve|['’]d|\s+have|\s+had)?\s+{_soon}(?!{_speaks}){_did}|"
        rf"\bwe(?:['’]ve|\s+have)\s+{_soon}(?!{_speaks}){_did}\s+(?:you|your|it|this|that)\b|"
        rf"\bI(?:['’]ll|\s+will|\s+shall|(?:['’]m|\s+am)\s+going\s+to)\s+{_soon}(?!{_speaks})\w+|"
        rf"\bI(?:['’]m|\s+am)\s+{_soon}(?!{_speaks}|going\s+to)\w{{2,}}ing\b|"
        rf"\b(?:a|my|one\s+of\s+(?:my|our))\s+colleagues?\s+(?:will|has|have|is\s+going\s+to)\s+{_soon}\w+|"
        rf"(?<!that )(?<!until )(?<!once )(?<!after )(?<!when )(?<!as )(?<!if )(?<!before )\byour\s+(?:[\w-]+\s+){{1,4}}(?:has|have)\s+{_soon}been\s+{_soon}\w+"
    ),
    "de": r"\bich\s+(?:habe?|werde)\b|\b(?:habe|werde)\s+ich\b|\bwir\s+haben\s+(?:Ihr\w*|dein\w*|euer\w*|eur\w+|das|es)\b",
    "es": r"\b(?:ya\s+)?(?:le\s+|te\s+|lo\s+|la\s+)?he(?:mos)?\s+\w+(?:ado|ido|cho|sto|rto)\b|\bvoy\s+a\b|\bacabo\s+de\b",
    "fr": r"\bj['’]ai\b|\bje\s+(?:vais|viens\s+de)\b|\bnous\s+avons\s+(?:\w+\s+)?(?:votre|vos|ton|ta|tes)\b",
    "it": r"\b(?:l['’])?ho\s+\w+(?:ato|uto|ito|sso|tto|rto)\b|\babbiamo\s+\w+(?:ato|uto|ito|sso|tto)\s+(?:il\s+su|la\s+su|il\s+tu|la\s+tu)\w+",
    "nl": r"\bik\s+(?:heb|zal|ga)\b|\b(?:heb|zal)\s+ik\b|\bwe\s+hebben\s+(?:je|uw|jouw)\b",
    "pt": r"\b(?:eu\s+)?já\s+\w+(?:ei|i)\b|\bvou\s+\w+(?:ar|er|ir)\b|\bacabei\s+de\b",
}
_deed = {language: re.compile(pattern, re.IGNORECASE) for language, pattern in _deeds.items()}
_quoted = re.compile(r"\"[^\"\n]*\"|“[^“”\n]*”|„[^„“”\n]*[“”]|«[^«»\n]*»|`[^`\n]*`")


def own_deed(sentence: str, text: str, language: str) -> bool:
    """Whether `sentence` tells of a deed of the speaker's that `text`, the passages, does not tell in the same words."""
    pattern = _deed.get(language)
    if pattern is None:
        return False
    there = " ".join(text.lower().split())
    bare = " ".join(_quoted.sub(" ", sentence).split())
    return any(found[0].lower() not in there for found in pattern.finditer(bare))
