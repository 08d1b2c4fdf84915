"""The facts that a sentence states: numbers, names, negations, what is said to the letter. Knows words, no meaning.

Number words, cues of negation and pairs of opposites are those of English; the commonest cues of German, Spanish, French,
Portuguese, Italian and Dutch are known too. In other languages numbers, names, addresses and code are checked alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.lexical import tokens

list_mark = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)])\s+", re.MULTILINE)
_fenced = re.compile(
    r"(?:^|\n)[^\S\n]*(?:```|~~~)[^\n]*\n(.*?)(?:\n?[^\S\n]*(?:```|~~~)[^\S\n]*(?=\n|\Z)|\Z)", re.DOTALL
)
# code, addresses, dotted names (hosts, files, versions) and numbers are said exactly or not at all
_exact = re.compile(
    r"`[^`]+`|https?://[^\s)>\]]+|[\w.+-]+@[\w-]+\.[\w.]+|"
    r"(?!(?:\w\.)+(?!\w))[^\W\d_][\w-]*(?:\.[\w-]*[^\W\d_][\w-]*)+|\d[\d.,:]*\d|\d"
)
_grouped = re.compile(r"(?<![\d.,])(\d{1,3})((?:,\d{3})+)(?![\d,])")
_clock = re.compile(r"\b(1[0-2]|0?\d)(?::([0-5]\d))?\s?([ap])\.?m\b\.?", re.IGNORECASE)
_iso_date = re.compile(r"\b\d{4}-(0\d|1[0-2])-([0-3]\d)\b")
_phone = re.compile(r"(?<![\w.])\+?\d[\d ()/-]{5,}\d(?!\w|\.\d)")

_month_names = "january february march april may june july august september october november december"
_MONTHS = _month_names.split()
_month = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b", re.IGNORECASE)
_DAYS = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
_to_nineteen = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_UNITS = _to_nineteen.split()
_tens = "twenty thirty forty fifty sixty seventy eighty ninety"
_ordinals = "third fourth fifth sixth seventh eighth ninth tenth"
_TENS = dict(zip(_tens.split(), range(20, 100, 10), strict=True))
_WORD_NUMBERS = {word: value for value, word in enumerate(_UNITS)} | _TENS
_ORDINALS = {word: value for value, word in enumerate(_ordinals.split(), start=3)}
_number_word = re.compile(
    rf"\b(?:({'|'.join(_TENS)})[- ]({'|'.join(_UNITS[1:10])})|({'|'.join(_WORD_NUMBERS)}|{'|'.join(_ORDINALS)}))\b"
    r"(?:\s+(hundred|thousand|million))?|\b(?:a|several)?\s?\b(hundred|thousand|million|dozen)\b",
    re.IGNORECASE,
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1000000, "dozen": 12}
_PARTS = {"half": "1/2", "quarter": "1/4", "twice": "2", "double": "2"}
_part = re.compile(rf"\b({'|'.join(_PARTS)})\b", re.IGNORECASE)
_number = re.compile(r"\d[\d.,:]*\d|\d")

NEGATIONS = {
    "en": "not no never none nobody nothing nowhere neither nor without cannot unable cant dont doesnt isnt wont",
    "de": "nicht kein keine keinen keinem keiner nie niemals niemand nichts ohne weder",
    "es": "no nunca jamás nadie nada ningún ninguna ninguno sin tampoco",
    "fr": "ne pas jamais aucun aucune personne rien sans ni",
    "pt": "não nunca jamais ninguém nada nenhum nenhuma sem nem",
    "it": "non mai nessuno nessuna niente nulla senza né",
    "nl": "niet geen nooit niemand niets zonder noch",
}
_negative = {language: frozenset(words.split()) for language, words in NEGATIONS.items()}
# what says no without a negation: a sentence that denies may stand on it, and is not held to deny it
_half = """only unless except instead rather too hardly barely seldom rarely refuse refuses refused forbid forbids forbidden deny
    denies denied off disabled stop stops lost impossible exclude excludes excluded remove removes removed gone missing wrong
    optional voluntary silent quiet left omitted invalid empty unset fail fails failed prevents protects protect avoid hidden
    late offline keep keeps kept"""
_half_negative = frozenset(_half.split())
_or_not = re.compile(r"\bor not\b|\bnot only\b", re.IGNORECASE)
_only = re.compile(
    r"\b(?:nobody|nothing|none|no one) (?:but|except|other than)\b|\band (?:nobody|nothing|no one|none) else\b",
    re.IGNORECASE,
)
# what only says that something is wished, allowed or has to be done
_modal = "need needs have has must should may might can could would will do does did let want wants able cannot be is are you your they them their we our us"
_conditional = re.compile(r"\s*(?:if|when|where|unless|whenever|as long as|without)\b", re.IGNORECASE)
_OPPOSITES = """enabled/disabled enable/disable allowed/forbidden allow/forbid include/exclude included/excluded always/never
required/optional before/after accepted/refused accept/refuse minimum/maximum earliest/latest valid/invalid
visible/hidden possible/impossible public/private with/without least/most above/below more/fewer more/less online/offline
everybody/nobody anybody/nobody everything/nothing first/last slower/faster bigger/smaller increase/decrease start/stop"""
_opposite: dict[str, set[str]] = {}
for _pair in _OPPOSITES.split():
    _left, _right = _pair.split("/")
    _opposite.setdefault(_left, set()).add(_right)
    _opposite.setdefault(_right, set()).add(_left)

_word = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_code_name = re.compile(
    r"`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w/.-])(--?[a-z][\w-]+|[\w-]*[a-z][A-Z]\w*|[A-Z][A-Z\d_-]{1,}[A-Z\d]|[^\W_]*_[\w]+|\w+\+\w+)(?![\w/])"
)
_capital = re.compile(r"(?<=[^\s.!?:|>*`\"“(\[])[ ]+([^\W\d_a-z][a-z][\w-]*)")
_ORDINARY = frozenset({"I", "You", "Your", "The", "A", "An", "It", "If"})


def canonical(text: str) -> str:
    """Lower case; 1,299 without its comma, 3 pm and three in the afternoon as 15:00: what is compared to the letter."""
    text = _grouped.sub(lambda found: found[1] + found[2].replace(",", ""), text)

    def clock(found: re.Match[str]) -> str:
        hour = int(found[1]) % 12 + (12 if found[3].lower() == "p" else 0)
        return f"{hour}:{found[2] or '00'}"

    def hour_of_day(found: re.Match[str]) -> str:
        before, told, minutes, part = found.groups()
        hour = int(told) if told.isdigit() else _WORD_NUMBERS[told.lower()]
        early = part.lower().endswith("morning") or (part.lower() == "at night" and (hour < 6 or hour == 12))
        return f"{before}{hour % 12 + (0 if early else 12)}:{minutes or '00'}" if 0 < hour <= 12 else found[0]

    return _hour.sub(hour_of_day, _clock.sub(clock, text)).lower()


_hour = re.compile(
    r"\b((?:at|to|by|from|until|till|between|and|before|after|since|than)\s)"
    rf"(\d{{1,2}}|{'|'.join(_UNITS[1:13])})(?::(\d\d))?(?: o['’]clock)? (in the (?:morning|afternoon|evening)|at night)\b",
    re.IGNORECASE,
)

# the same length of time in other units: "two weeks" is 14 days, "an hour" 60 minutes
_LENGTHS = {"minute": 1, "hour": 60, "day": 1440, "week": 10080, "month": 43800, "year": 525600}
_OTHER_UNIT = {("minute", "hour"), ("hour", "day"), ("day", "week"), ("month", "year")}
_time = re.compile(
    rf"(?<![\d.,])(?:(\d+)|\b(half|quarter of|a|an|one|{'|'.join(_UNITS[2:])}|{'|'.join(_TENS)}))"
    rf"[\s-]+(?:an? )?(?:bank |working )?({'|'.join(_LENGTHS)})s?\b",
    re.IGNORECASE,
)
_share = re.compile(r"(?<![\d.,])(\d+)\s?(?:%|percent\b|per cent\b)|\b(half|quarter|third)\b", re.IGNORECASE)
_SHARES = {"half": 50, "quarter": 25, "third": 33}


def equal_in_other_words(text: str) -> set[tuple[str, str]]:
    """(number, what it counts, in the singular) of each length of time in the units next to its own, and of shares."""
    found = set()
    for digits, word, unit in _time.findall(text):
        unit, word = unit.lower(), word.lower()
        count = (
            float(digits) if digits else {"half": 0.5, "quarter of": 0.25, "a": 1, "an": 1}.get(word)
        ) or _WORD_NUMBERS[word]
        for one, other in _OTHER_UNIT | {(b, a) for a, b in _OTHER_UNIT}:
            value = count * _LENGTHS[one] / _LENGTHS[other]
            if one == unit and value == int(value):
                found.add((str(int(value)), other))
            elif one == unit and value in (0.5, 0.25):
                found.add(("1/2" if value == 0.5 else "1/4", other))
    for digits, word in _share.findall(text):
        found.add((digits or str(_SHARES[word.lower()]), "percent"))
        if digits in {"50", "25"}:
            found.add(("1/2" if digits == "50" else "1/4", "percent"))
    return found


def not_to_the_letter(sentence: str, text: str) -> str | None:
    """Why what must be said exactly is not in `text`: `code`, `address`, `number`; None when all of it is there."""
    lines = {" ".join(line.split()) for line in text.lower().split("\n")}
    for code in _fenced.findall(sentence):
        if any(" ".join(line.split()).lower() not in lines for line in code.split("\n") if line.strip()):
            return "code"
    bare = _fenced.sub("\n", sentence)
    there = canonical(text)
    for phone in _phone.findall(bare):
        if sum(sign.isdigit() for sign in phone) >= 7 and re.sub(r"\D", "", phone) not in re.sub(
            r"[^\d\n]", "", text
        ):
            return "address"
    said = {number for number, _ in number_words(text)} if _number.search(bare) else set()
    for month, day in _iso_date.findall(text):
        said |= {str(int(month)), str(int(day))}
    for exact in _exact.findall(canonical(bare)):
        if _stands(exact, there):
            continue
        if exact.isdigit() and exact in said:
            continue
        if exact.isdigit() and said_otherwise(exact, bare, text):
            continue
        if exact.startswith("`"):
            return "code"
        return "number" if exact[0].isdigit() else "address"
    return None


def said_otherwise(number: str, sentence: str, text: str) -> bool:
    """Whether the text has this number of the sentence in another unit."""
    counted = {unit for n, unit in _counts(sentence) if n == number}
    return bool(counted & {unit for n, unit in equal_in_other_words(text) if n == number})


def _counts(text: str) -> set[tuple[str, str]]:
    """(number, unit) of each length of time and share that a text gives."""
    found = set()
    for digits, word, unit in _time.findall(text):
        known = {"half": "1/2", "quarter of": "1/4", "a": "1", "an": "1"}
        found.add((digits or known.get(word.lower()) or str(_WORD_NUMBERS[word.lower()]), unit.lower()))
    for digits, word in _share.findall(text):
        found.add((digits or {"half": "1/2", "quarter": "1/4"}.get(word.lower(), "33"), "percent"))
    return found


def _stands(exact: str, text: str) -> bool:
    """Whether the text, in lower case, holds it whole: 3 is not in 30 or 6.3, and `rm -rf /` is not in rm -rf /tmp."""
    exact = exact.strip("`").strip().rstrip(".,:").lower()
    if exact[:1].isdigit() and exact[-1:].isdigit():
        before, after = r"(?<!\d)(?<!\d[.,:])", r"(?![.,:]?\d)"
    else:
        before, after = r"(?<!\w)", r"(?![\w/])" if not exact.endswith("/") else r"(?![\w/.~-])"
    return re.search(before + re.escape(exact) + after, text) is not None


def number_words(text: str) -> list[tuple[str, int]]:
    """(digits, where its words end) of each English number word: "thirty-five" is 35, "two hundred" 200."""
    found = []
    for match in _number_word.finditer(text):
        tens, unit, single, scale, alone = (part.lower() if part else None for part in match.groups())
        if alone:
            value = _SCALES[alone]
        elif single == "third" and re.match(r"[ -]part", text[match.end() :]):
            continue
        elif single in _ORDINALS:
            value = _ORDINALS[single]
        else:
            value = (
                _WORD_NUMBERS[tens] + _WORD_NUMBERS[unit] if tens and unit else _WORD_NUMBERS[single or ""]
            )
            value *= _SCALES[scale] if scale else 1
        found.append((str(value), match.end()))
    found += [(_PARTS[match[1].lower()], match.end()) for match in _part.finditer(text)]
    return found


_single_word = re.compile(rf"(?<!-)\b({'|'.join([*_UNITS[2:], *_TENS])})\b(?!-)")


def in_digits(text: str) -> str:
    """Two to nineteen and the tens as digits, in a text in lower case."""
    return _single_word.sub(lambda found: str(_WORD_NUMBERS[found[1]]), text)


def quantities(text: str, language: str) -> list[tuple[str, str]]:
    """(number, the word that it counts) in order; the word is a stem, or empty. "5 working days" counts working."""
    text = list_mark.sub("", canonical(text))
    found = [(match[0].rstrip(".,:"), match.end()) for match in _number.finditer(text)]
    found += [(str(int(date[2])), date.end()) for date in _iso_date.finditer(text)]
    if language == "en":
        found += number_words(text)
    return [
        (number, _counted(text[end : end + 40], language))
        for number, end in sorted(found, key=lambda f: f[1])
    ]


def without_numbers(text: str) -> str:
    """The text without its digits, times of day and months."""
    return _month.sub(" ", _number.sub(" ", _clock.sub(" ", text)))


def _counted(after: str, language: str) -> str:
    if after.lstrip()[:1] == "%":
        return "%"
    word = re.match(r"[ \xa0-]?([^\W\d_]+)", after)
    stems = tokens(word[1], language) if word else []
    return stems[0] if stems else ""


def names(sentence: str) -> set[str]:
    """Names in lower case: code, settings, buttons in bold, product names, days and months, capitals within a sentence."""
    bare = list_mark.sub("", sentence)
    found = {next(part for part in groups if part) for groups in _code_name.findall(bare)}
    found |= {word for word in _capital.findall(bare) if word not in _ORDINARY}
    found |= {
        word
        for word in _word.findall(bare)
        if word.lower() in _DAYS or (word.lower() in _MONTHS and word[0].isupper())
    }
    return {" ".join(name.lower().split()).strip(".,:;") for name in found if len(name.strip()) > 1}


def stands_name(name: str, text: str) -> bool:
    """Whether a text in lower case holds the name as a whole; a month also where a date has its number."""
    if _stands(name, text) or _stands(name.replace("-", " "), text.replace("-", " ")):
        return True
    if name in _MONTHS:
        return any(int(month) == _MONTHS.index(name) + 1 for month, _ in _iso_date.findall(text))
    # 'German' stands on 'germany', 'IDs' on 'id': a name may be bent at its end
    return len(name) > 3 and name.isalpha() and re.search(rf"\b{re.escape(name[:-1])}", text) is not None


@lru_cache(maxsize=8192)
def denial(clause: str, language: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """(`-` where the clause denies, `~` where it says no in another way ("only", "refuses"), else `+`; the tokens from the
    first cue on, that is what is denied; the tokens that say no in another way)."""
    cues = _negative.get(language, _negative["en"])
    clause, only = _only.subn("only", _or_not.sub(" ", clause))
    half = ["only"] * bool(only)
    for found in _word.finditer(clause):
        word = found[0].lower().replace("’", "'")
        if word in cues or word.endswith("n't"):
            after = frozenset(tokens(clause[found.end() :], language)) - cue_tokens(language)
            return "-", after, frozenset()
        if word in _half_negative:
            half.append(word)
    return ("~" if half else "+"), frozenset(), frozenset(tokens(" ".join(half), language))


def is_condition(clause: str) -> bool:
    return _conditional.match(clause) is not None


@lru_cache(maxsize=32)
def cue_tokens(language: str) -> frozenset[str]:
    """Tokens that only deny, or say that something is wished or has to be done: they say nothing of the matter."""
    modal = _modal if language == "en" else ""
    return frozenset(tokens(f"{NEGATIONS.get(language, NEGATIONS['en'])} {modal}", language))


def opposites(sentence: str, text: str) -> bool:
    """Whether the sentence has a word whose opposite stands in the text, and that does not stand there itself."""
    said = {word.lower() for word in _word.findall(sentence)}
    there = {word.lower() for word in _word.findall(text)}
    return any(
        word not in there and _opposite[word] & there and not _opposite[word] & said
        for word in said & _opposite.keys()
    )
