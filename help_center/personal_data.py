"""Finds personal data in text: card numbers, IBANs, keys, passwords, e-mail addresses and phone numbers.

By their form, their check digits and the words before them. Does not find names, street addresses, dates of birth or
official numbers. The time taken grows linearly with the text: what a pattern repeats is bounded.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from stdnum import iban, luhn

EMAIL, PHONE, CARD, IBAN, KEY, PASSWORD = "email", "phone", "card", "iban", "key", "password"
KINDS = (KEY, PASSWORD, EMAIL, IBAN, CARD, PHONE)  # in this order: what one has taken the next leaves alone
# numbers written without a country code are tried as numbers of these, in the order of how common they are
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "IN", "AU", "NL", "PL", "CH", "AT", "SE", "NO", "DK", "FI", "BE", "CZ",
           "HU", "PT", "IE", "NZ", "ZA", "BR", "MX", "JP")  # fmt: skip


@dataclass(frozen=True)
class Find:
    """One piece of personal data: characters `start` up to `end`."""

    start: int
    end: int
    kind: str


def finds(text: str, kinds: Iterable[str] = KINDS) -> list[Find]:
    """What there is, in order, none overlapping another."""
    taken: list[Find] = []
    covered = bytearray(len(text))
    for kind in kinds:
        for start, end in _finders[kind](text):
            if start < end and not any(covered[start:end]):
                covered[start:end] = b"\1" * (end - start)
                taken.append(Find(start, end, kind))
    return sorted(taken, key=lambda find: find.start)


# --- cards and accounts ------------------------------------------------------------------------------------

_gap = r"[ .\-\u00a0\u00ad\u2009\u200b-\u200f\u202f\u2010-\u2013\u2060\ufeff]"  # the invisible ones, too
_digits = re.compile(rf"(?<![\w+])(?<!\d[.,]){_gap}?(\d+(?:{_gap}\d+)*)(?![\w@])")
_card_words = re.compile(
    r"\b(?:cards?|visa|master ?card|maestro|amex|american express|discover|diners|jcb|debit|credit|"
    r"\w*karten?|kreditkarte|carte|carta|tarjeta|cartão|kaart|kort|karta)\b",
    re.IGNORECASE,
)
# the issuers' ranges (ISO/IEC 7812) and the lengths that they use
_issuers = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)(?=\d{12,14}\Z)\d+|3[47]\d{13}|"
    r"3(?:0[0-5]|[689]\d)\d{11}|(?:6011|64[4-9]|65|62)(?=\d{12,17}\Z)\d+|35(?:2[89]|[3-8]\d)\d{12,15}|(?:1800|2131)\d{11}"
)
_any_issuer = re.compile(r"[2-6]\d{11,18}")  # so many numbers look like this that a word must say so
_layouts = {
    (13,), (14,), (15,), (16,), (19,),
    (4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (6, 13),
}  # fmt: skip
_country = re.compile(
    r"(?<![^\W_])(?<!\+)[A-Z]{2}\d{2}(?:[ \-\u00a0]{0,2}[A-Z\d]){11,30}(?![^\W_])", re.IGNORECASE
)
LOOK_BACK = 60  # characters before a number that may say what it is


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _digits.finditer(text):
        groups = [(part.start() + run.start(1), part.group()) for part in re.finditer(r"\d+", run[1])]
        said = _card_words.search(text, max(0, run.start() - LOOK_BACK), run.start()) is not None
        yield from _cards_in(groups, said)


def _cards_in(groups: list[tuple[int, str]], said: bool) -> Iterator[tuple[int, int]]:
    """Cards among groups of digits that stand side by side: the whole run, or groups in one of the usual layouts."""
    at = 0
    while at < len(groups):
        length, found = 0, None
        for end in range(at, min(at + 19, len(groups))):
            length += len(groups[end][1])
            if length > 19:
                break
            usual = tuple(len(digits) for _, digits in groups[at : end + 1]) in _layouts
            whole = at == 0 and end == len(groups) - 1
            if (
                length >= 12
                and (usual or whole)
                and _is_card("".join(d for _, d in groups[at : end + 1]), said)
            ):
                found = end
        if found is None:
            at += 1
        else:
            yield groups[at][0], groups[found][0] + len(groups[found][1])
            at = found + 1


def _is_card(digits: str, said: bool) -> bool:
    digits = "".join(map(plain_digit, digits))
    known = _issuers.fullmatch(digits) or (said and _any_issuer.fullmatch(digits))
    return bool(known) and len(set(digits)) > 1 and bool(luhn.is_valid(digits))


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for run in _country.finditer(text):
        ends = [run.end(), *(run.start() + gap.start() for gap in reversed(list(_gaps.finditer(run[0]))))]
        for end in ends:  # words may follow without a mark between
            if iban.is_valid(text[run.start() : end], check_country=False):
                yield run.start(), end
                break


_gaps = re.compile(r"[ \-\u00a0]+")


# --- e-mail addresses and phone numbers ------------------------------------------------------------------------

_email = re.compile(
    r"(?<![\w.+%'@-])[\w.+%'-]+(?:@|\s?[\[({](?:at|@)[\])}]\s?)(?:[\w-]{1,63}(?:\.|\s?[\[({](?:dot|\.)[\])}]\s?)){1,8}"
    r"(?!(?:png|jpe?g|gif|svg|webp|css|js|local)\b)[^\W\d_]{2,24}(?![\w@])"
)
_spelt = re.compile(r"(?<![\w.+-])[\w.+-]{2,64} at [\w-]{2,63} dot (?:[a-z]{2,3}|info)\b", re.IGNORECASE)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    for found in _email.finditer(text):
        yield found.start() + (len(found[0]) - len(found[0].lstrip("'.-+%"))), found.end()
    for found in _spelt.finditer(text):
        yield found.span()


_phone = re.compile(
    r"(?<![\w.@/#=$€£+-])(?<!\d:)(?P<plus>\+|00(?=[1-9])|011(?=[ -][1-9]))?(?P<number>\(?\d(?:[ ().\-/\u00a0\u2010-\u2013]{0,3}\d){5,16})"
    r"(?P<extension>\s?(?:x|ext\.?|extension|#)\s?\d{1,6})?(?![\w@%€$£°]|[.,:/-]\d|[ .-]{1,2}\d)",
    re.IGNORECASE,
)
_phone_words = re.compile(
    r"\b(?:phone|tele(?:phone|fon)\w*|tel|mobile?|cell(?:phone)?|handy\w*|whats ?app|sms|fax|desk|office|landline|hotline|"
    r"telefono|teléfono|telefone|téléphone|portable|móvil|celular|cellulare|telefoon|nummer|numéro|"
    r"call(?:ed|ing|s)?(?: (?:me|us|him|her|back))*|ring me|text(?:ed|ing)? me|reach(?:ed|able)?|messages? to|contact(?:ed)?(?: me)?|"
    r"answering at|my number|number is|ruf\w* (?:mich|uns)|appele[zr]?(?:-moi)?|llám\w+)\b",
    re.IGNORECASE,
)
_other_words = re.compile(
    r"(?:\b(?:order|orders|ticket|incident|invoice|case|ref|reference|id|ids|error|errors|codes?|tracking|parcel|shipment|serial|version|"
    r"build|release|zip|isbn|account|customer|article|item|sku|part|model|port|line|transaction|booking|reservation|"
    r"bestellung|bestellnummer|rechnung|auftrag|commande|facture|pedido|factura|imei|kb|bug|issue|apar|pmr|date|amount|"
    r"from|timestamp|years?|version)\b(?: (?:number|no|nr|id|code))?|\bno|\bnr|№|\#)\W{0,3}(?:is|was|=|:)?\W{0,3}\Z",
    re.IGNORECASE,
)
_kind_word = re.compile(
    r"[ (,-]{0,3}(?:office|fax|mobile|home|work|cell|desk)\b|\s(?:is|was) (?:my|our|his|her|the best) (?:\w{1,12} )?(?:number|phone|mobile|cell)\b",
    re.IGNORECASE,
)
_not_phone = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}|"  # an IP address
    r"(?:19|20)\d\d[ ./-]?[01]?\d[ ./-]?[0-3]?\d(?:\D\d{1,2}(?:\D?\d{1,2}){0,2})?|[0-3]?\d[ ./-][0-3]?\d[ ./-](?:19|20)?\d\d"
    r"(?:\D\d{1,2}(?:\D?\d\d){0,2})?|"  # a date, with a time
    r"(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d|"  # from year to year
    r"(\d)\1{6,}"
)
_thousands = re.compile(r"\d{1,3}(?:[ .]\d{3}){2,}")


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for found in _phone.finditer(text):
        number = found["number"]
        plain = "".join(plain_digit(character) for character in number if character.isdigit())
        if not 7 <= len(plain) <= 15 or number.count("(") != number.count(")"):
            continue
        before = text[max(0, found.start() - 40) : found.start()]
        if found["plus"]:
            if _possible(f"+{plain}", None):
                yield found.span()
            continue
        if _not_phone.fullmatch(number) or _other_words.search(before):
            continue
        said = _phone_words.search(before[-25:]) or _kind_word.match(text, found.end())
        apart = any(not character.isdigit() for character in number)
        if said or found["extension"]:
            good = any(_possible(plain, region) for region in ("US", "DE", "NO"))
        elif (apart or (plain[0] == "0" and len(plain) <= 11)) and not _thousands.fullmatch(number):
            good = len(plain) >= 9 and any(_valid(plain, region) for region in REGIONS)
        else:
            good = False
        if good:
            yield found.span()


@lru_cache(maxsize=4096)
def _possible(number: str, region: str | None) -> bool:
    """Whether a number of this length may exist there."""
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number, region)))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=4096)
def _valid(number: str, region: str) -> bool:
    """Whether it lies in a range that is given out there."""
    try:
        return bool(phonenumbers.is_valid_number_for_region(phonenumbers.parse(number, region), region))
    except phonenumbers.NumberParseException:
        return False


# --- keys and passwords ------------------------------------------------------------------------------------

_pem = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
# forms that their makers document
_known_keys = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{16,}|(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}|(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}(?![A-Z0-9])|"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|"
    r"AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|"
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}|do[opr]_v1_[a-f0-9]{32,}|"
    r"key-[0-9a-f]{32}|hvs\.[A-Za-z0-9_-]{20,}|gsk_[A-Za-z0-9]{20,}|parley_[A-Za-z0-9_-]{20,}|"
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|"
    r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,})"
)
_is = r"(?:\s{0,3}(?:[:=：]|->|=>)\s{0,3}|\s{1,3}(?:is|was|are|ist|est|es|é|è|to)(?:\s{0,2}:)?\s{1,3}|[\"']\s{0,2}:\s{0,2})"
_named_keys = re.compile(
    r"(?<![^\W_])(?P<name>(?:[a-z\d]{1,20}[_-]){0,4}(?:(?:api|access|secret|private|client|auth|account|licen[cs]e|product|activation|"
    r"encryption|signing|subscription|shared|master|service|bot|app|bearer|refresh|id|session|webhook)[ _-]?){0,3}"
    r"(?:keys?|tokens?|secrets?|apikey|schlüssel|clé|clave|chiave|sleutel))"
    rf"(?:{_is}|\s{{1,3}})(?=[\"'`(<]?(?P<value>[A-Za-z0-9_\-+/=.~]{{12,400}}))",
    re.IGNORECASE,
)
_header = re.compile(
    r"\b(?:bearer|basic|apikey|token)\s{1,3}(?=(?P<value>[A-Za-z0-9_\-+/=.~]{12,400}))", re.IGNORECASE
)
_in_address = re.compile(
    r"(?<=[?&;])(?:[\w-]{0,20}(?:token|key|secret|password|passwd|signature)|sig|pwd|auth)=(?=(?P<value>[^\s&#;\[\"'<>]{6,400}))",
    re.IGNORECASE,
)
_uuid = re.compile(r"[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)


def _keys(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_pem, _known_keys):
        for found in pattern.finditer(text):
            yield found.start(), found.end()
    for pattern in (_header, _named_keys):
        for found in pattern.finditer(text):
            value = found["value"].rstrip(".=-_/")
            bare = pattern is _named_keys and found["name"].lower() in {"key", "keys"}
            if _random(value) and not (bare and _uuid.fullmatch(value)):
                yield found.start("value"), found.start("value") + len(value)
    for found in _in_address.finditer(text):
        yield found.span("value")


def _random(value: str) -> bool:
    """Whether it looks drawn by lot: letters and digits mixed, hardly any sign twice (entropy in bits per sign)."""
    if len(value) < 12 or not re.search(r"\d", value) or not re.search(r"[A-Za-z]", value):
        return False
    if re.fullmatch(r"[A-Za-z]+(?:[_-][A-Za-z]+)*[_-]?\d{1,4}", value):
        return False  # words and a number: a name of something
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) >= 2.8


_password_noun = (
    r"(?:pass ?words?|passwd|pass ?phrase|passcode|pass ?code|pwd|pw|psw|passwort|kennwort|contraseña|mot de passe|senha|"
    r"palavra-passe|wachtwoord|hasło|lösenord|adgangskode|salasana|heslo|jelszó|parola|şifre|пароль|密码|密碼|パスワード|비밀번호|كلمة المرور)"
)
_MIXED = r"(?=[^\s\d]{0,60}\d)(?=[^\sa-z]{0,60}(?-i:[a-z]))(?-i:[a-z]|[!#$%&*+=?@^_~|])[\w!#$%&*+=?@^~|-]{5,}(?![^\s.,;:!?)])"
_SIGNED = r"(?=[^\s\d]{0,60}\d)(?=[^\s!#$%&*+=?@^_~]{0,60}[!#$%&*+=?@^_~])[A-Z][^\s\[]{5,60}"
_password = re.compile(
    rf"(?<![^\W_])(?:{_password_noun}|(?P<short>pass))(?:\s?\([^()\n]{{1,20}}\))?(?P<whose>\s(?:for|of|on|at|für|de|pour|para)(?:\s[\w@.'’-]{{1,60}}){{1,4}}?)?"
    r"(?P<link>\s{0,3}(?:[:=：]|->|=>)\s{0,3}|"
    r"\s{1,3}(?:(?:is |was |has been )?(?:changed|(?:re)?set) to|is|was|ist|war|lautet|est|es|era|é|è|je|to|auf|that i (?:use|typed|entered)(?: is)?)"
    r"(?: (?:still|now|currently|just|simply|noch|jetzt|this))?(?:\s{0,2}:)?\s{1,3}|[\"']\s{0,2}:\s{0,2}|\s[-–]\s|['’]s\s{1,3}|"
    rf"\s{{1,3}}(?=[\"'`“„«]|{_MIXED}|{_SIGNED})|[^\S\n]{{0,3}}\n(?=\S{{4,60}}(?:\s|\Z)))"
    r"(?=(?P<value>[\"'`“„«][^\"'`“”„«»\n]{1,60}[\"'`“”»]|[^\s\[]\S{0,99}))",
    re.IGNORECASE,
)
_phrase = re.compile(
    r"\b(?:pass ?phrase|(?:seed|recovery|backup|mnemonic|secret) (?:phrase|words))(?:(?P<mark>\s{0,3}[:=]\s{0,3})|\s(?:is|are|was)(?:\s?:)?\s)"
    r"(?P<value>[^\W\d_]{2,20}(?:[ ,-]{1,2}[^\W\d_]{2,20}){2,23})",
    re.IGNORECASE,
)
_password_after = re.compile(
    rf"(?<!\S)(?P<value>[^\s\[]\S{{3,63}}) (?:is|was|as|ist) (?:my|our|the|mein|das) (?:\w{{1,20}} )?{_password_noun}\b",
    re.IGNORECASE,
)
_code = re.compile(
    r"(?<![^\W\d_])(?:(?P<pin>pin(?: ?(?:code|number))?)|cvv2?|cvc2?|csc|otp|tan|one[- ]time (?:pass ?code|code|password|pin)|(?:verification|security|2fa|mfa|sms|"
    r"authentication|login|confirmation) code|prüfnummer|sicherheitscode|code secret)(?:\s{0,3}[:=]\s{0,3}|(?:\s[a-z]{1,12}){0,4}?\s(?:is|was|ist|est|es)\s{1,3}|\s{1,3}(?:number\s)?)"
    r"(?=(?P<value>\d{3,8})(?!\d|[.,-]\d))",
    re.IGNORECASE,
)
_login_in_address = re.compile(
    r"(?<=://)[^\s:/@\[]{1,100}:(?=(?P<value>[^\s/@\[]{1,100})@)|(?<=\s)(?:-u|--user)[ =][^\s:\[]{1,60}:(?=(?P<given>[^\s\[\"']{3,100}))"
)
# what people say of a password, rather than the password
_said_of_one = re.compile(
    r"(?:not|no|never|always|also|only|too|very|so|still|now|in|on|at|by|for|from|with|without|that|this|the|a|an|my|your|our|their|it|"
    r"what|where|when|why|how|which|who|if|and|or|but|be|been|being|me|you|us|them|something|anything|nothing|same|different|one|"
    r"wrong|incorrect|correct|right|invalid|valid|weak|strong|secure|insecure|unsafe|safe|short|long|old|new|good|bad|fine|ok|okay|"
    r"gone|lost|unknown|known|empty|blank|null|none|mandatory|optional|secret|public|private|due|able|there|here|working|broken|"
    r"unlock|access|open|use|enter|have|get|set|do|change|reset|login|sign|log|protect|keep|see|view|recover|must|should|can|will|"
    r"case|minimum|maximum|at|least|more|less|out|up|again|please|help|thanks|default|hidden|visible|stuck|missing|"
    r"falsch|richtig|weg|nicht|abgelaufen|vergessen|ungültig|incorrecto|incorrecta|incorrect|perdu|oublié|no|n'est|"
    r"\w+ed|\w+ing|\w+able|\w+ible|\w+n't)",
    re.IGNORECASE,
)


def _passwords(text: str) -> Iterator[tuple[int, int]]:
    for found in _password.finditer(text):
        start, value = found.start("value"), found["value"]
        if value[0] in _OPENING and len(value) > 2 and value[-1] in _CLOSING:
            if not found["short"] and not _placeholder_like.fullmatch(value[1:-1]):
                yield start + 1, start + len(value) - 1
            continue
        value = value.rstrip(".,;:!?)>" + _CLOSING)
        if len(value) < 3 or _said_of_one.fullmatch(value) or _placeholder_like.fullmatch(value):
            continue
        if not found[
            "link"
        ].strip():  # what follows looks like nothing but a password, or is a line of its own
            good = not found["short"] and ("\n" not in found["link"] or _strong(value))
        else:
            marked = any(mark in found["link"] for mark in ":=：>")
            alone = (marked or len(value) >= 5) and _clause_end.match(text, start + len(value)) is not None
            good = _strong(value) or (alone and not found["whose"] and not found["short"])
        if good:
            yield start, start + len(value)
    for found in _phrase.finditer(text):
        said = found["value"].lower().split()
        if not _grammar.intersection(said) and (found["mark"] or not _said_of_one.fullmatch(said[0])):
            yield found.span("value")
    for found in _password_after.finditer(text):
        if _strong(found["value"]):
            yield found.span("value")
    for found in _code.finditer(text):
        if not found["pin"] or 4 <= len(found["value"]) <= 5:  # a pin code of six digits is a place in India
            yield found.span("value")
    for found in _login_in_address.finditer(text):
        yield found.span("value" if found["value"] else "given")


_grammar = frozenset(
    {"a", "an", "and", "are", "at", "can", "do", "does", "for", "how", "i", "in", "is", "it", "my", "no", "not", "of",
     "on", "or", "the", "to", "was", "what", "when", "where", "why", "with", "you"}
)  # fmt: skip
_OPENING, _CLOSING = "\"'`“„«", "\"'`“”»"
_clause_end = re.compile(r"[\"'`”»)]{0,3}(?:[.,;!?)]|\s{0,9}\Z|[^\S\n]{0,9}\n|\s(?:and|but|und|et|y)\b)")
_placeholder_like = re.compile(
    r"<[^>]*>?|\{[^}]*\}?|\$\{\w+\}|(?-i:\$[A-Z_]+)|\*+|•+|x+|\.+|_+|\[[^\]]*\]?", re.IGNORECASE
)


def _strong(value: str) -> bool:
    """Not a word of a language: it holds a digit, a sign, or a capital inside."""
    if len(value) < 4 or re.fullmatch(r"\d{1,2}\W.*|https?://.*|\d+(?:st|nd|rd|th)", value):
        return False
    return (
        re.search(r"\d|[!#$%&*+=?@^_~\\|/]", value) is not None or re.search(r"[a-z][A-Z]", value) is not None
    )


_finders: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    EMAIL: _emails,
    PHONE: _phones,
    CARD: _cards,
    IBAN: _ibans,
    KEY: _keys,
    PASSWORD: _passwords,
}


def plain_digit(character: str) -> str:
    """Digits of any script as 0 to 9."""
    return str(unicodedata.digit(character)) if character.isdigit() else character
