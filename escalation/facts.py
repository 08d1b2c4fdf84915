"""Finds in a customer's messages what they told about themselves and their case: numbers, names, addresses, products, errors,
dates, amounts, and what they tried.

Pure, over text; by form and by the words around. English first: numbers, addresses, codes and amounts are found in any
language. To find more, add a finder to FINDERS where it belongs: what one has taken the next leaves alone. Knows no database
and no conversation; texts come as agents may see them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from help_center.personal_data import EMAIL, PHONE, finds

READ_AT_MOST = 4000  # characters of a message: what comes after is a pasted log
MOST_OF_A_KIND = 8  # in one message
LONGEST = 160  # characters of a value
# Patterns look over white space in more than one way: a page of empty lines would keep them busy for minutes. What is too
# much of it is read as this sign, which no text has, so that every piece stays where it is.
BLANK = "\0"
_blanks = re.compile(r"(?<=\s\s\s)\s+")


@dataclass(frozen=True)
class Fact:
    """`kind`: reference, email, phone, address, url, account, name, product, version, error, date, amount, tried."""

    kind: str
    label: str
    value: str
    message_id: str

    def json(self) -> dict[str, str]:
        return dict(vars(self))


@dataclass(frozen=True)
class Piece:
    """Characters `start` up to `end` of a text."""

    start: int
    end: int
    kind: str
    label: str
    value: str


def facts_of(messages: Iterable[tuple[str, str]]) -> list[Fact]:
    """`messages`: (id, text) of what the customer wrote, oldest first. Each fact once, where it was said first."""
    found: dict[tuple[str, str], Fact] = {}
    for message_id, text in messages:
        for piece in pieces_of(text[:READ_AT_MOST]):
            key = (piece.kind, _plain(piece.value))
            found.setdefault(key, Fact(piece.kind, piece.label, piece.value, message_id))
    longer = {
        kind: [(len(value), f" {_words(fact.value)} ") for (of, value), fact in found.items() if of == kind]
        for kind in ("name", "product")
    }
    return [
        fact
        for (kind, value), fact in found.items()
        if not _told_longer(fact.value, len(value), longer.get(kind, []))
    ]


def _told_longer(value: str, length: int, others: list[tuple[int, str]]) -> bool:
    """Whether a longer value of its kind says it, too: "Ada" beside "Ada Byron"."""
    mine = f" {_words(value)} "
    return any(other > length and mine in words for other, words in others)


@lru_cache(maxsize=4096)
def pieces_of(text: str) -> tuple[Piece, ...]:
    """What one message tells, in the order of its text; remembered, so a long one is cut before it comes here."""
    text = _blanks.sub(lambda found: BLANK * len(found[0]), text)
    taken: list[Piece] = []
    covered = bytearray(len(text))
    digits = re.search(r"\d", text) is not None
    for kind, find in FINDERS:
        if find in NUMERIC and not digits:
            continue
        count = 0
        for start, end, label in find(text):
            while start < end and text[end - 1] in " \t\n,;:.!?":
                end -= 1
            phrase = find in PHRASES
            if start >= end or (not phrase and any(covered[start:end])) or count == MOST_OF_A_KIND:
                continue
            count += 1
            if not phrase:
                covered[start:end] = b"\1" * (end - start)
            taken.append(Piece(start, end, kind, label, _value(text[start:end])))
    return tuple(sorted(taken, key=lambda piece: (piece.start, piece.kind)))


def _value(text: str) -> str:
    text = " ".join(text.replace(BLANK, " ").split())
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"


def _plain(value: str) -> str:
    return re.sub(r"[^\w]+", "", value.lower()) or value


def _words(value: str) -> str:
    return re.sub(r"[^\w]+", " ", value.lower()).strip()


Found = Iterator[tuple[int, int, str]]  # start, end, label


# --- how to reach them -----------------------------------------------------------------------------------------


def _emails(text: str) -> Found:
    return ((find.start, find.end, "E-mail") for find in finds(text, (EMAIL,)))


_pairs = re.compile(
    r"(?<![\w.])0\d(?:[ .]\d\d){4}(?![ .]?\d)"
)  # as the French write theirs: to others it looks like a date


def _phones(text: str) -> Found:
    for find in finds(text, (PHONE,)):
        yield find.start, find.end, "Phone"
    for found in _pairs.finditer(text):
        yield found.start(), found.end(), "Phone"


_url = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'“”]{3,400}|(?<![\w@.-])(?:[a-z\d][a-z\d-]{0,40}\.){1,3}(?:com|org|net|io|co|app|dev|shop|store|de|uk|fr|es|"
    r"it|nl|pl|eu|ch|at|us|ca|au|info|cloud|example|be|se|dk|no|fi|ie|nz|biz|online|site|live|tv|me|ai)(?:/[^\s<>\"'“”]{0,300})?(?![\w@-])",
    re.IGNORECASE,
)


def _urls(text: str) -> Found:
    for found in _url.finditer(text):
        yield found.start(), found.start() + len(found[0].rstrip(".,;:!?)]")), "Link"


_street = (
    r"(?:street|st|road|rd|lane|ln|avenue|ave|drive|dr|close|court|crescent|way|place|square|terrace|boulevard|blvd|gardens?|hill|view|park|grove|rise|walk|green|quay|wharf|"
    r"highway|parade|mews|row)"
)
_postal = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2})"
_address = re.compile(
    rf"\b\d{{1,5}}[A-Za-z]?,? (?:[A-Z][\w'.]{{1,20}} ){{1,3}}(?i:{_street})\b\.?(?:,? (?:(?:Apt|Flat|Unit|Suite)\.? \w{{1,5}}))?"
    rf"(?:,? (?:in )?[A-Z][a-z.-]{{1,24}}(?: [A-Z][a-z-]{{1,24}})?){{0,2}}(?:,? {_postal}\b)?"
    r"|\b[A-ZÄÖÜ][\wäöüß.-]{2,30}(?:str(?:aße|asse|\.)|weg|platz|allee|gasse)\s\d{1,4}[a-z]?(?:,? \d{4,5} [A-ZÄÖÜ][\wäöüß-]{2,30})?"
)
_postcode = re.compile(
    rf"\b(?i:zip(?: ?code)?|post ?code|postal code|plz)(?: is| was|:)? ({_postal})\b|\b([A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}})\b"
)


def _addresses(text: str) -> Found:
    for found in _address.finditer(text):
        yield found.start(), found.end(), "Address"
    for found in _postcode.finditer(text):
        group = 1 if found[1] else 2
        yield found.start(group), found.end(group), "Postcode"


_hidden_account = re.compile(r"(?:(?P<country>[A-Z]{2}) )?•••• [\dA-Z]{4}")
_card_end = re.compile(
    r"\b(?:(?:card|visa|mastercard|amex|account)\b[^.\n\d]{0,24}?\b(?:ending|ends|end)(?: (?:in|with|on))?|last (?:four|4)(?: digits)?(?: of (?:my|the) card)?(?: (?:is|are|were|:))?)"
    r"[ :]{1,3}(?P<end>\d{4})\b",
    re.IGNORECASE,
)


def _accounts(text: str) -> Found:
    for found in _hidden_account.finditer(text):
        yield found.start(), found.end(), "Account" if found["country"] else "Card"
    for found in _card_end.finditer(text):
        yield found.start("end"), found.end("end"), "Card ending"


# --- numbers of things -----------------------------------------------------------------------------------------

_number_word = r"(?:numbers?|numbre|nubmer|numer|numbr|nummer|num|nos?\b\.?|nr\b\.?|№|ids?|code|#|n°|nº|numéro|número|numero)"
# what a number is of -> the label; typing errors that people make
_things = {
    r"orders?|oders?|ordre|ordr|purchases?": "Order number",
    r"tickets?|cases?|incidents?|requests?": "Ticket",
    r"invoices?|invioce|bills?": "Invoice",
    r"bookings?|reservations?|confirmation|itinerary|pnr": "Booking",
    r"trac?king|parcels?|shipments?|packages?|consignment|waybill|awb": "Tracking number",
    r"serials?|s/n|imei|vin": "Serial number",
    r"customer|client|member(?:ship)?|account|loyalty|(?:gateway )?user|patient|student|policy ?holder|employee": "Customer number",
    r"licen[cs]e|contract|policy|subscription|claim|agreement|permit": "Contract number",
    r"transaction|tx ?id|payment|receipt|authori[sz]ation|transfer": "Payment reference",
    r"references?|ref\b\.?|refrence|po|purchase order|quotes?|rma|returns?": "Reference",
    r"isbn|ean|upc|asin": "Item number",
    r"models?|parts?|skus?|articles?|items?|products?|style": "Model",
    r"flights?|trains?|rooms?|tables?|gates?|meters?|vehicles?|registration|number ?plate|(?:work)?spaces?|projects?|devices?|terminals?|printers?|zones?|pitch|plots?|lockers?|stations?|stores?|branch|lots?|batch|machines?|seats?|courses?|fines?|plates?|bus|tram|line|route|coach|tenants?|merchants?|sites?|org|organi[sz]ation|session|staff|sub|locations?|workshop|channel|pass(?:es)?|vouchers?|coupons?|gift ?cards?|jobs?|units?|matr[ií]cula|kennzeichen": "Number",
    r"bestell(?:ung|nummer)|auftrag(?:snummer)?|commande|pedido|ordine|bestelling|zam[oó]wieni\w+|encomenda": "Order number",
    r"rechnung(?:snummer)?|facture|factura|fattura|factuur|fatura|faktur\w+": "Invoice",
    r"kunden(?:nummer)?|vertrag(?:snummer)?|vorgang(?:snummer)?|sendung(?:snummer)?|client[ea]?": "Customer number",
}
_named = {f"t{number}": label for number, label in enumerate(_things.values())}
_thing = "|".join(f"(?P<t{number}>{words})" for number, words in enumerate(_things))
_value_form = r"(?:(?-i:[A-Z]{1,3}\d{1,4} [A-Z]{2,3}(?!\w))|(?-i:\d{4} [A-Z]{3}(?!\w))|(?-i:[A-Z]{1,3} (?=\d))?(?=[\w/._-]{0,14}\d)(?:[a-z]{1,6}[-/_ ]?(?=\d))?[a-z\d]{1,24}(?:[-/_.][a-z\d]{1,24}){0,5}(?: \d{2,8}(?![\w.,:]\d)){0,6}(?![\w@€$£%]))"
_reference = re.compile(
    rf"(?<![\w-])(?:{_thing})(?:['’]s)?(?:[ -]?{_number_word}(?![a-z]))?"
    rf"(?:(?: (?!and\b|or\b|but\b|in\b|on\b|for \d)[a-z]{{1,12}}){{0,5}}? (?:is|was|are|were|called|ist|war|lautet|est|es|é|è)|\s?[:=]|\s?\()?"
    rf"\s{{0,2}}[#№\"'(]?\s?(?P<value>{_value_form})",
    re.IGNORECASE,
)
_further = re.compile(rf"(?:,| and| &| or| \+|, and|/)\s{{1,2}}#?(?P<value>{_value_form})", re.IGNORECASE)
_bare = re.compile(
    r"(?<![\w.,/@:$€£+-])(?:#\s?(?P<hash>[A-Za-z]{0,4}-?\d{2,14}(?:-\d+)*)|(?P<code>[A-Z]{1,8}[-_/]?\d{3,}[A-Z\d]*(?:[-_/][A-Z\d]+)*|[A-Z\d]{2,8}(?:-[A-Z\d]{2,12}){1,5}"
    r"|[A-Za-z]{1,4}-\d{3,}(?:-[A-Za-z\d]+)*|(?=[A-Z\d]*\d[A-Z\d]*\d)(?=[A-Z\d]*[A-Z])[A-Z\d]{6,24}(?:/\d{1,3})?|\d{3,}(?:-\d{3,}){1,4}|\d{5,24}|\d{3,}[A-Z]{1,4}\d*))(?![\w@€$£%]|[.,:]\d|-\w)"
)
_alone = re.compile(
    r"\s*(?:(?:it'?s|its|it is|sure,?|yes,?|ok,?|here:?|number)\s+)*#?([A-Za-z]{0,5}[-/]?\d{2,}[A-Za-z\d/-]*)[.!]?\s*"
)
_unit = re.compile(
    r"\d+(?:st|nd|rd|th|s|x|px|pt|mb|gb|tb|kb|ms|mm|cm|km|m|kg|g|lbs?|oz|ml|l|h|hrs?|min|mins|am|pm|k|p|hz|ghz|mhz|w|v|mah|days?|weeks?|months?|years?|"
    r"people|users?|times?)",
    re.IGNORECASE,
)
_year = re.compile(r"(?:19|20)\d\d")
_quantity_follows = re.compile(
    r"\s(?:times|days?|weeks?|months?|years?|hours?|minutes?|people|users?|items?|euros?|dollars?|pounds?|%|percent|of)\b",
    re.IGNORECASE,
)


# any word before "id" or "number"
_called = re.compile(
    rf"(?<![\w-])(?P<what>(?!(?:the|my|our|your|phone|mobile|cell|fax|version|error|fault|with|and|this|that|new|telephone|whatsapp|house)\b)[a-z]{{2,16}}) (?:ids?|no\b\.?|nr\b\.?|numbers?)(?: is| was| are|:|=)?\s{{1,2}}[#\"'(]?(?P<value>{_value_form})",
    re.IGNORECASE,
)


# "Mitgliedsnummer ist 4471": the word itself says what it is a number of
_german = re.compile(
    rf"(?<![\w-])(?P<what>(?!telefon|handy|mobil|haus|fax|rückruf)[^\W\d_]{{3,30}}(?:nummer|[-‐]nr\.?|nr\.))(?: ist| lautet| war|:)?\s{{1,2}}(?P<value>{_value_form})",
    re.IGNORECASE,
)


def _references(text: str) -> Found:
    for found in _reference.finditer(text):
        value = found["value"]
        named = next(name for name in _named if found[name])
        if not _numbers_something(value, text, found.end("value")) or (
            named in _loose and not _looks_numbered(value)
        ):
            continue
        label = _named[named]
        yield found.start("value"), found.end("value"), label
        yield from _more(text, found.end("value"), label)
    for found in _login.finditer(text):
        if re.search(r"[\d_.-]", found["login"]):
            yield found.start("login"), found.end("login"), "Login"
    for found in _called.finditer(text):
        if _numbers_something(found["value"], text, found.end("value")):
            label = f"{found['what'].capitalize()} number"
            yield found.start("value"), found.end("value"), label
            yield from _more(text, found.end("value"), label)
    for found in _german.finditer(text):
        if _numbers_something(found["value"], text, found.end("value")):
            yield found.start("value"), found.end("value"), found["what"].capitalize()


def _more(text: str, at: int, label: str) -> Found:
    """Further numbers of the same thing: "orders 4471 and 4472"."""
    while more := _further.match(text, at):
        if not _numbers_something(more["value"], text, more.end("value")):
            return
        yield more.start("value"), more.end("value"), label
        at = more.end("value")


_loose = {
    name for name, label in _named.items() if label in {"Model", "Number", "Reference", "Contract number"}
}


def _looks_numbered(value: str) -> bool:
    return sum(character.isdigit() for character in value) >= 2


def _numbers_something(value: str, text: str, end: int) -> bool:
    """Whether it may be the number of a thing: no amount of something, no year alone, no ordinary word with a digit."""
    if _unit.fullmatch(value) or _quantity_follows.match(text, end) or re.fullmatch(r"\d", value):
        return False
    dated = _date.match(text, end - len(value))
    if dated is not None and dated.end() > end:
        return False
    return re.match(r"\s?(?:%|[€$£])", text[end : end + 2]) is None


def _bare_numbers(text: str) -> Found:
    if alone := _alone.fullmatch(text):
        yield alone.start(1), alone.end(1), "Number"
        return
    for found in _bare.finditer(text):
        group = "hash" if found["hash"] else "code"
        value = found[group]
        if sum(c.isalnum() for c in value) < 5 and value.replace("-", "").isdigit() and "-" in value:
            continue
        if (
            not any(c.isdigit() for c in value)
            or _unit.fullmatch(value)
            or _quantity_follows.match(text, found.end())
        ):
            continue
        if _year.fullmatch(value) or re.fullmatch(r"(?:19|20)\d\d-(?:19|20)?\d\d", value):
            continue
        yield found.start(group), found.end(group), "Number"


# --- errors -----------------------------------------------------------------------------------------------------

_error_word = r"(?:störung|err(?:or|ro|r)?s?|erorr|exception|fault|fehler(?:code|meldung)?|erreur|errore?|fout|błąd|erro|status|alarm)"
_error_code = re.compile(
    rf"\b{_error_word}\s?(?:code|number|no\.?|msg|message)?(?: (?:is|was|says|of|with))?\s?[:#=(-]?\s?[\"'“]?(?P<after>(?=[\w.-]*\d)[A-Za-z]{{0,6}}[-_.]?\d[\w-]{{0,20}}(?:\.\d+)*(?![\w%])|(?-i:[A-Z][A-Z\d]+(?:_[A-Z\d]+)+))"
    rf"|\b(?:stop |fault |exit )?code[: #]{{0,3}}(?:is |was )?(?P<code>(?=[\w-]*\d)[A-Za-z]{{0,4}}-?\d[\w-]{{0,12}})"
    rf"|(?<![\w.,])(?P<http>[45]\d\d)(?= (?:auth\w+ (?:failed|required|error)|error|page|not found|bad gateway|internal server|forbidden|unauthori[sz]ed|service unavailable|status|response|gateway))"
    r"|\b(?:http|a|the|gives|got|get|returns?) (?P<status>(?:40[0-9]|42[29]|50[0-4]))\b(?! ?(?:\w+ )?(?:wh|kwh|w|ml|g|kg|km|m|gb|mb|times|users|people|items|euros?|dollars?|pounds?|[€$£]))"
    r"|(?<!\w)(?P<hex>0x[\da-f]{2,16})(?!\w)"
    r"|(?<!\w)(?P<name>(?-i:(?:[A-Z]{2,8}::)?(?:[A-Z][A-Z\d]+(?:_[A-Z\d]+)+|(?:[A-Z][a-z\d]+)+(?:Error|Exception))))(?!\w)"
    r"|(?<![\w./-])(?P<snake>(?-i:[a-z]{2,20}(?:_[a-z]{2,20}){1,5}))(?![\w(/@.-])"
    r"|\b(?:shows?|showing|displays?|displaying|says|blinks?|flashes|flashing) (?P<shown>(?-i:(?=[A-Za-z.-]*\d)(?=[\d.-]*[A-Za-z])[A-Za-z\d]{1,5}[.-]?[A-Za-z\d]{1,8}))(?![\w%])"
    r"|(?<![\w-])(?P<short>(?-i:E(?:R|RR)?[-_ ]?\d{1,4}))(?![\w-])",
    re.IGNORECASE,
)
_QUOTED = r"[\"“„«'`]\s?(?P<quoted>[^\"“”„«»`\n]{3,140}?)\s?[\"”“»'`](?!\w)"
_says_quoted = re.compile(
    rf"\b(?:{_error_word}|message|massage|msg|rejected with|fails with|failed with|stops|fails|ends with|aborts with|steht|kommt|zeigt|erscheint|heißt es|dice|pone|sale|aparece|muestra|affiche|indique|apparaît|says?|saying|said|shows?|showing|reads?|reading|displays?|get|gets|getting|got|popup|pop-up|warning|notice|notification|"
    rf"tells? me|meldung|message d'erreur|mensaje)\b[^\"“„«`\n]{{0,40}}?{_QUOTED}",
    re.IGNORECASE,
)
_says = re.compile(
    rf"\b(?:(?:it|app|page|site|website|screen|system|form|checkout|display|device|printer|machine|terminal|scanner|browser|program|installer|tool|tracking|portal|link|status|results?|keypad|panel|gate|meter|which|and|"
    rf"{_error_word}|message|massage|msg|popup|pop-up|warning)\s(?:(?:number |no\.? |#)?\S{{0,200}}[\d/]\S{{0,200}} )?(?:(?:just|only|always|now|still|then|keeps?|that|which|is)\s){{0,2}}(?:says?|saying|said|reads?|shows?|showing|displays?|telling me|tells? me)|"
    rf"(?:{_error_word}|message|msg)\s?:|(?:get|got|getting|gives? me|with)(?: \w{{1,8}}){{0,2}} {_error_word}(?: message)?(?: (?:saying|that says|that|about|of|is))?:?)"
    r"\s(?:(?:that|(?:the |an? |this )?(?:following|error|message))[: ]\s?){0,2}(?P<said>(?:[^\"“„\n.!?;]|\.(?=\d)){4,120})",
    re.IGNORECASE,
)


def _error_codes(text: str) -> Found:
    for found in _error_code.finditer(text):
        group = next(name for name, value in found.groupdict().items() if value)
        if not _unit.fullmatch(found[group]):
            yield found.start(group), found.end(group), "Error code"


_after_error = re.compile(
    r"[,]? (?:(?:when|whenever|every time|each time|after|but|and (?:i|then|it|my|nothing|we)|so|since|although|even|while|if|because|as soon|on my|in my)\b.*)|,? (?:please|pls|plz|help|how|what|why|can|could|any)\b.*",
    re.IGNORECASE,
)


_state = re.compile(
    r"(?:un|not )?(?:delivered|shipped|pending|processing|failed|declined|expired|cancell?ed|invalid|error|offline|available|locked|blocked|suspended|rejected|denied|known|completed|"
    r"returned|refunded|paid|missing|disabled|closed|overdue|lost)",
    re.IGNORECASE,
)


def _error_messages(text: str) -> Found:
    quoted: list[tuple[int, int]] = []
    for found in _says_quoted.finditer(text):
        quoted.append(found.span())
        yield found.start("quoted"), found.end("quoted"), "Error message"
    for found in _says.finditer(text):
        if any(start < found.end() and found.start() < end for start, end in quoted):
            continue
        said = _after_error.sub("", found["said"])
        if len(said.split()) >= 2 or _state.fullmatch(said.strip()):
            yield found.start("said"), found.start("said") + len(said), "Error message"


# --- when, how much --------------------------------------------------------------------------------------------

_months = (
    r"(?:jan(?:uary)?|feb(?:ruary|uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|"
    r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre)"
)
_weekdays = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo"
_few = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a few|a couple of|several)"
_date = re.compile(
    rf"\b(?:\d{{4}}-\d\d?-\d\d?|\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d\d)|\d{{1,2}}\.\d{{1,2}}\.(?!\d)|\d{{1,2}}/\d{{1,2}}(?![/\d])"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of| de)? {_months}\b(?:(?:,| de)? \d{{4}})?|{_months}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?!:)(?:,? \d{{4}})?|(?:in|since|from|until|early|late|mid|for|during|of|last|next|this) (?P<month>{_months}(?: \d{{4}})?)\b(?!\.? \d{{1,2}}(?!\d))"
    rf"|(?:the|my|our|your) (?P<billed>january|february|april|june|july|august|september|october|november|december)(?= (?:bill|invoice|payment|statement|payslip|issue|order|delivery|fee|rent))"
    rf"|(?:on|to|by|and|until|from|since|next|last|this) (?P<day>mon|tue|wed|thur?|fri|sat|sun)(?! (?:\d|morning|night|evening|afternoon))(?!\w)"
    rf"|(?:(?:last|next|this|since|on|until|by|every|coming|letzten|seit|am|le|el) )?(?:{_weekdays}|(?:tue|wed|thur?|fri|sat)(?= (?:\d|morning|night|evening|afternoon)))(?:s)?(?: (?:morning|afternoon|evening|night|lunchtime))?"
    rf"|(?:yesterday|yestersay|yesteday|tomorrow|tommorow|gestern|hier soir|ayer)(?: (?:morning|afternoon|evening|night))?|today|tonight|this (?:morning|afternoon|evening|week|weekend|month)"
    rf"|(?:on|by|since|until|from) the \d{{1,2}}(?:st|nd|rd|th)(?! (?:of|{_months}|[a-z]{{3,}} ?(?:fret|floor|gear|page|row|line|time|try|attempt|street|avenue))|\s(?:fret|floor|gear|page|row|line|time|try|attempt|one))|since the weekend|(?:last|next) (?:week|weekend|month|year|night|spring|summer|autumn|winter)"
    rf"|{_few} (?:(?:business|working) )?(?:minutes?|hours?|days?|weeks?|months?|years?) ago|(?:for|since) (?:(?:over|about|more than|almost|nearly|the last|the past) )?{_few} (?:minutes|hours|days|weeks|months|years)"
    rf"|(?:at|around|until|by|from|between|before|after) (?P<clock>\d{{1,2}}(?::\d\d| ?[ap]\.?m\b\.?|:\d\d ?[ap]m)(?: ?[ap]\.?m\b)?)|\d{{1,2}}(?::\d\d)? ?[ap]m\b|\d{{1,2}}:\d\d(?: ?(?:-|–|to) ?\d{{1,2}}:\d\d)?)(?![\w])",
    re.IGNORECASE,
)


def _dates(text: str) -> Found:
    for found in _date.finditer(text):
        group = next((name for name in ("month", "clock", "day", "billed") if found[name]), 0)
        start, end = found.span(group)
        clock = (
            re.fullmatch(r"\d{1,2}(?::\d\d)?(?: ?[ap]\.?m\.?)?", text[start:end], re.IGNORECASE) is not None
        )
        yield start, end, "Time" if clock else "Date"


_currency = r"(?:€|\$|£|¥|₹|USD|EUR|GBP|CHF|AUD|CAD|SEK|NOK|DKK|PLN|BTC|ETH|USDT|zł|kr)"
_figure = r"\d{1,3}(?:[ ,.]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_amount = re.compile(
    rf"(?<![\w.,])(?:{_currency}\s?(?:{_figure})(?:k\b)?|(?:{_figure})\s?(?:{_currency}(?![a-z])|euros?\b|dollars?\b|pounds?\b|quid\b|bucks\b|cents?\b|francs?\b|pence\b|złotych\b))(?!\d)",
    re.IGNORECASE,
)
_counted = (
    r"(?:users?|seats?|licen[cs]es?|devices?|people|persons?|adults?|kids|children|guests?|nights?|rooms?|tickets|items?|pieces?|pcs|copies|boxes|bottles|pairs?|units?|"
    r"employees|agents?|members?|students?|accounts?|emails?|files?|photos?|pages?|articles?|contacts?|computers?|laptops?|phones?|screens?|orders|invoices|payments|cans|tins|rolls|flyers|cards|labels|posters|prints|books|discs|times|steps|points|days|weeks|months|hours|minutes|cots|cars|bikes|dogs|cats|parcels|packages|"
    r"bags?|chairs?|tables?|wheels?|shelves|panels?|doors?|windows?|plates?|cups?|mugs?|gb|mb|tb|kb|mbit(?:/s)?|gbit|mbps|kwh|kw|wh|mah|kg|cm|mm|inch(?:es)?|km|miles?|yards?|feet|metres?|meters?|litres?|liters?|watts?|volts?|amps?|degrees|percent|%|°c)"
)
_quantity = re.compile(
    rf"(?<![\w.,-])(?:\d{{1,6}}(?:[.,]\d+)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|a dozen|fifteen|twenty|fifty|hundred) ?(?:of the |(?:new|other|more|different|separate|small|large|missing|broken) )?{_counted}(?!\w)",
    re.IGNORECASE,
)
_size = re.compile(
    r"\bsize (?:is |was )?(?P<size>\d{1,3}(?:\.5)?|x{0,3}[sml]|small|medium|large)\b", re.IGNORECASE
)


_paid = re.compile(
    r"\b(?:paid|charged|billed|payd|cost|costs|payments?|price|total|refund(?:ed)?|credit|deposit|fee|deducted|debited)(?: (?:me|us|was|is|of|for|only|twice|the|about|nearly|over)){0,3} (?P<sum>\d{1,3}(?:[.,]\d{3})*[.,]\d\d|\d{1,3}(?:,\d{3})+|\d{1,5}(?=\s*(?:[.!?\n]|$|in\b|for\b|by\b|with\b|eur)))(?![\w.,]\d|\w)",
    re.IGNORECASE,
)


def _amounts(text: str) -> Found:
    for found in _amount.finditer(text):
        yield found.start(), found.end(), "Amount"
    for found in _paid.finditer(text):
        yield found.start("sum"), found.end("sum"), "Amount"


def _quantities(text: str) -> Found:
    for found in _quantity.finditer(text):
        yield found.start(), found.end(), "Quantity"
    for found in _size.finditer(text):
        yield found.start("size"), found.end("size"), "Size"


# --- products --------------------------------------------------------------------------------------------------

_release = r"(?: (?:v(?:ersion)? ?)?\d{1,4}(?:\.\d{1,6}){0,3}(?![\w/:€$£%-]|\.\d| ?(?:times|days|weeks|hours|minutes|users|people)))"
_device = re.compile(
    r"\b(?:(?:apple )?(?:iphones?|ipads?|imacs?|macbooks?|mac ?minis?|apple watch(?:es)?|apple tv|airpods?)(?: (?:se|x[rs]?|\d{1,2}(?:th gen(?:eration)?)?[sc]?|pro|max|plus|mini|air|ultra|m\d|gen))*|"
    r"(?:samsung )?galaxy(?: (?:[sazj]?\d{1,3}\w{0,2}|note|tab|fold|flip|watch|ultra|plus|fe|z))*|(?-i:(?:Google )?Pixels?)(?: \d\w?| pro| xl| fold)+|"
    r"kindle(?: (?:paperwhite|oasis|fire|scribe))?|fire ?(?:tv|stick)(?: stick)?|chromecast|chromebooks?|raspberry pi(?: \d)?|playstation(?: \d)?|ps[45]|xbox(?: (?:one|series [xs]))?|nintendo switch|"
    r"thinkpad(?: \w{1,3}\d{1,3}\w?)?|(?-i:Surface) (?:pro|go|laptop)(?: \d)?|huawei(?: \w{1,4}\d{1,3}\w*)?|xiaomi(?: \w{1,8}){0,2}|oneplus(?: \d\w*)?|fairphone(?: \d)?|echo dot|alexa|google home|roku)\b",
    re.IGNORECASE,
)
_system = re.compile(
    rf"\b(?:windows(?: (?:xp|vista|server(?: \d{{4}})?|phone))?(?:{_release}|(?= (?:pc|laptop|computer|machine|app|user)))|windoes{_release}|win ?(?:10|11|7|8)|mac ?os(?: x)?(?: (?:sonoma|ventura|monterey|big sur|catalina|sequoia|tahoe))?{_release}?|(?-i:OS X){_release}?|"
    rf"ios{_release}?|ipados{_release}?|android{_release}?|linux(?: mint)?|ubuntu{_release}?|debian{_release}?|fedora{_release}?|chrome ?os)\b",
    re.IGNORECASE,
)
_browser = re.compile(
    rf"\b(?:(?:google )?chrome{_release}?|(?:mozilla )?(?:firefox|fire fox|firefix){_release}?|safari{_release}?|(?:microsoft|ms) edge{_release}?|(?-i:Edge){_release}?|(?-i:Opera|Brave|Vivaldi){_release}?|internet explorer{_release}?)\b",
    re.IGNORECASE,
)
_known = re.compile(
    r"\b(?:outlook|thunderbird|gmail|hotmail|icloud|google (?:drive|calendar|sheets|docs|pay|play|maps|workspace)|apple (?:pay|id|maps)|app store|microsoft (?:365|office|teams)|office 365|ms teams|powerpoint|"
    r"(?-i:Excel|Word|Teams|Slack|Zoom|Notion|Trello|Jira|Stripe|Square|Sage|Xero|Visa|Amazon|Evri|Alexa)|excel|quickbooks|wordpress|woocommerce|shopify|magento|squarespace|wix|paypal|klarna|mastercard|amex|american express|"
    r"sepa|dhl|fedex|dpd|hermes|(?-i:GLS|TNT|InPost)|royal mail|usps|ups|whatsapp|facebook|instagram|tiktok|dropbox|onedrive|salesforce|hubspot|zapier|zendesk|github|gitlab|docker|photoshop|spotify|netflix|bluetooth|wi-?fi|usb-?c|direct debit|bank transfer|standing order)\b",
    re.IGNORECASE,
)
_plan = re.compile(
    r"\b(?P<plan>(?:free|basic|starter|start|pro|plus|premium|business|team|teams|enterprise|family|student|standard|advanced|professional|solo|ultimate|gold|silver|bronze|platinum|lite|personal|individual|annual|yearly|monthly|trial|(?-i:[A-Z][\w+]{1,20}))"
    r"(?: (?:plus|pro|annual|monthly|yearly|xl|\d{1,4}))?) (?P<what>plan|tier|subscription|package|edition|membership|licen[cs]e|trial|tariff|account)\b",
    re.IGNORECASE,
)
_version = re.compile(
    r"(?<![\w/])(?:app |software |firmware |current )?(?:version|verison|ver\.?|build|release|firmware|v)(?: (?:number|no))?(?: (?:is|of the app is|says))?[ :.]?\s?(?P<version>\d{1,5}(?:\.\d{1,6}){0,4}(?:[-+]?(?:beta|rc|alpha)?\.?\d*)?[a-z]?)(?![\w.]*\w)|(?<![\w.,:$€£/-])(?P<plain>\d{1,4}\.\d{1,4}\.\d{1,6}(?:\.\d{1,6})?)(?![\w.:/]\w)",
    re.IGNORECASE,
)


def _products(text: str) -> Found:
    for pattern, label in ((_device, "Device"), (_system, "System"), (_browser, "Browser")):
        for found in pattern.finditer(text):
            yield found.start(), found.end(), label
    for found in _plan.finditer(text):
        if _words(found["plan"]) not in _no_plan:
            end = found.end("what") if found["what"].lower() != "account" else found.end("plan")
            yield found.start("plan"), end, "Plan"
    for found in _known.finditer(text):
        yield found.start(), found.end(), "Product"


_NO_PLAN = """my the your our this that their his her a an any which what current new old i individual personal start"""
_no_plan = frozenset(_NO_PLAN.split())


def _versions(text: str) -> Found:
    for found in _version.finditer(text):
        group = "version" if found["version"] else "plain"
        yield found.start(group), found.end(group), "Version"


_capital = re.compile(
    r"(?<![\w'’@./-])(?:[A-ZÀ-Þ][\w'’]*[a-z\d][\w'’+-]*|[A-Z]{2,6}(?=[ -][A-Z\d])|[a-z]{1,3}[A-Z]\w+)(?:(?: (?:of|de|von|van|the|&))? (?:[A-ZÀ-Þ][\w'’+-]*|[a-z]{1,3}[A-Z]\w+|\d{1,4}[A-Za-z]{0,3}(?![\w:/%]|[.,]\d))){0,4}"
)
_sentence_start = re.compile(r"(?:^|[.!?:;\n•\"“(»*-]\s*|^\s*(?:hi|hello|hey|dear)[ ,]+)\Z", re.IGNORECASE)
_ORDINARY = """i im i'm i've i'd i'll id ive ill hi hello hey dear thanks thank you please pls ok okay yes no not the a an my your our we they it this that is are was
    were what when where why how who which can could do does did will would should may and but or so if then also still just sorry regards best kind cheers
    sincerely help support team bot sir madam mr mrs ms miss dr god monday tuesday wednesday thursday friday saturday sunday january february march april june
    july august september october november december english german french spanish italian dutch tv pc faq asap fyi btw url pdf csv id usb vat pin sms api
    ordered bought paid got received sent christmas easter error warning fault code american british european uk us usa eu"""
_ordinary = frozenset(_ORDINARY.split())


_german_words = re.compile(
    r"\b(?:ich|der|das|und|nicht|ist|meine?[rnms]?|für|mit|habe?|auf|wir|bitte|eine?[rnms]?)\b", re.IGNORECASE
)


def _mentioned(text: str) -> Found:
    """Names within a sentence by their capitals; in texts where capitals tell nothing (shouting, German) none."""
    words = re.findall(r"[^\W\d_]{2,}", text)
    capitals = sum(word[0].isupper() for word in words)
    if len(words) < 3 or capitals > max(3, 0.4 * len(words)):
        return
    german = len(_german_words.findall(text)) >= 2  # every noun has a capital
    for found in _capital.finditer(text):
        start, end = found.span()
        begins = _sentence_start.search(text, max(0, start - 40), start) is not None
        pieces = found[0].split(" ")
        while pieces and _words(pieces[0].split("'")[0].split("’")[0]) in _ordinary:
            start += len(pieces[0]) + 1
            pieces, begins = pieces[1:], False
        while pieces and _words(pieces[-1]) in _ordinary:
            end -= len(pieces[-1]) + 1
            pieces = pieces[:-1]
        told = " ".join(pieces)
        if not re.search(r"[a-zà-ÿ]{3}|[A-Z]{2,} ?\d", told) or re.fullmatch(r"[A-Z]{1,2} \d+", told):
            continue
        # at the start of a sentence a capital says nothing, unless there is one inside, a digit, or a second name
        inside = re.search(r"[a-z][A-Z]|\d", told) is not None
        if german and not inside:
            continue
        if not pieces or (begins and not inside and not (len(pieces) > 1 and pieces[1][:1].isupper())):
            continue
        yield start, end - (2 if told.endswith(("'s", "’s")) else 0), "Mentioned"


# --- who they are, what they tried -----------------------------------------------------------------------------

_a_name = r"(?P<name>(?-i:[A-ZÀ-Þ][\w'’.-]{1,24}(?: (?:(?:van|von|de|der|den|da|di|le|la|el|bin) ){0,2}[A-ZÀ-Þ][\w'’-]{0,24}){0,3})"
_any_name = rf"{_a_name}|(?-i:[a-zà-þ][\w'’-]{{1,20}}(?: (?!(?:and|but|from|with|my|i|im|i'm|here|the|on|in|at|is|was|it|please|pls|thanks|order|number|und|et|y|e|en|a|an|we|can|what|how|why|for|to)\b)[a-zà-þ][\w'’-]{{1,20}}){{0,2}}))"
_introduced = re.compile(
    rf"\b(?:my (?:full |first |last |sur)?na?me?(?:'s|’s| is|s|:)|mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|meu nome é|me chamo|"
    rf"mijn naam is|ik heet|nazywam się|mam na imię|(?:it is |it's )?(?:under|in|on) the name(?: of)?|(?:booked|ordered|registered|bought)(?: it)? (?:under|as)(?: the name)?|name:) {_any_name}",
    re.IGNORECASE,
)
_presented = re.compile(
    rf"\b(?:i['’]?m|i am|this is|it['’]s|(?:it['’]?s|is) under|ich bin|je suis|soy|sono)\s{_a_name})(?=\s*(?:[,.!\n;(-]|$|\s(?:from|and|here|speaking|calling|with|at|aus|von|de|of|the)\b))|"
    rf"(?:^|[.!?\n]\s*|(?:hi|hello|hey|morning|afternoon|evening)[,!]? )(?P<here>(?-i:[A-ZÀ-Þ][a-zà-þ'’-]{{1,20}}(?: [A-ZÀ-Þ][\w'’-]{{1,24}}){{0,2}})) (?:here|speaking)\b",
    re.IGNORECASE,
)
_signed = re.compile(
    r"(?:^|[\n.!?,]\s*)(?:(?:many |kind |best |warm )?(?:thanks|thank you|thx|regards|wishes|cheers|sincerely|yours|best|viele grüße|mit freundlichen grüßen|lg|vg|cordialement|saludos)(?: (?:again|in advance|and regards|a lot|so much|very much))?[,.!]?\s*\n?\s*[-–—]?\s*|\n\s*[-–—]{1,2}\s*)"
    r"(?P<name>(?-i:[A-ZÀ-Þ][\w'’-]{1,20}(?: [A-ZÀ-Þ][\w'’.-]{0,24}){0,3}))\s*(?:[,.\n(]|\Z)",
    re.IGNORECASE,
)
_between = re.compile(
    r"(?:^|\n)(?i:(?:hi|hello|hey|good (?:morning|afternoon|evening))[,!]? )?(?P<name>[A-ZÀ-Þ][a-zà-þ'’-]{1,20}(?: [A-ZÀ-Þ][\w'’-]{1,20}){1,3})(?=, (?:[a-z]|[A-Z]?\d))"
    r"|(?:^|[.!?\n]\s*)(?P<from>[A-ZÀ-Þ][a-zà-þ'’-]{1,20}(?: [A-ZÀ-Þ][\w'’-]{1,20})?)(?= (?:from|at) [A-Z])|(?:ich bin|[Ii]['’]?m|[Ii] am|[Tt]his is) [A-ZÀ-Þ][\w'’-]{1,20}(?: [A-ZÀ-Þ][\w'’-]{1,20})? (?:from|aus) (?P<place>[A-ZÀ-Þ][\w'’-]{1,20})|\b(?:[Dd]r|[Mm]r|[Mm]rs|[Mm]s|[Pp]rof)\.? (?P<title>[A-ZÀ-Þ][\w'’-]{1,20})|\b(?:contact|attn|ask for)(?: is|:)? (?P<contact>[A-ZÀ-Þ][a-zà-þ'’-]{1,20}(?: [A-ZÀ-Þ][\w'’-]{1,20})?)"
)
_login = re.compile(
    r"\b(?:user ?name|login|log-in|user id|username|handle|nick ?name)(?: is|:| =)?\s{1,2}(?P<login>[\w.-]{3,40})(?=[\s,.;]|$)",
    re.IGNORECASE,
)
_company = re.compile(
    r"\b(?:i work (?:for|at)|i['’]?m (?:from|with|at)|i am (?:from|with|at)|here from|we are|our company(?: is)?(?: called)?|company(?: name)?(?: is|:)|firma|empresa|société|(?:on|in) behalf of)\s(?P<name>(?-i:[A-ZÀ-Þ][\w&'’.-]{1,30}(?: (?:&|and|of|[A-ZÀ-Þ][\w&'’.-]{0,30})){0,4}))",
    re.IGNORECASE,
)
_no_name = re.compile(
    r"(?:not|so|very|really|sorry|happy|unhappy|sure|glad|afraid|just|still|trying|using|getting|having|looking|on|in|at|a|an|the|american|german|french|spanish|british|english|italian|dutch|"
    r"polish|canadian|australian|european|angry|upset|done|stuck|locked|urgent|ridiculous|unacceptable|what|why|how|when|where|you|your|it|this|that|all|advance|and|again|please|hello|hi|parley|assistant|"
    r"support|guten|good|bonjour|buongiorno|buenos|buenas|hola|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)


def _names(text: str) -> Found:
    for pattern, groups in (
        (_introduced, ("name",)),
        (_presented, ("name", "here")),
        (_between, ("name", "from", "contact", "title", "place")),
        (_signed, ("name",)),
    ):
        for found in pattern.finditer(text):
            group = next((name for name in groups if found[name]), None)
            if group is not None and not _no_name.match(found[group]) and not re.search(r"\d", found[group]):
                told_of = group in {"contact", "title"}  # "with Dr Malone": not who writes
                yield found.start(group), found.end(group), "Person" if told_of else "Name"
    for found in _company.finditer(text):
        if not _no_name.match(found["name"]):
            yield found.start("name"), found.end("name"), "Company"


_done = (
    r"(?:tri?e?d|tryed|restart(?:ed|et)|re-?boot(?:ed)?|reset(?:ted)?|re-?install(?:ed|d)?|un-?install(?:ed)?|clear(?:ed|d)|delet(?:ed|d)|remov(?:ed|d)|switch(?:ed)|turn(?:ed)|plugg(?:ed)|unplugg(?:ed)|"
    r"updat(?:ed|d)|upgrad(?:ed|d)|check(?:ed|d)|double.?checked|chang(?:ed|d)|contact(?:ed)|call(?:ed)|e-?mail(?:ed)|wrote|ask(?:ed)|sent|re-?sent|logg(?:ed)|sign(?:ed)|re-?connect(?:ed)|disconnect(?:ed)|"
    r"re-?pair(?:ed)|clean(?:e?d)|charg(?:ed)|swapp(?:ed)|replac(?:ed)|re-?entered|entered|follow(?:ed)|look(?:ed)|search(?:ed)|read|watch(?:ed)|cancel(?:l?ed)|re-?download(?:ed)|download(?:ed)|factory.?reset|disabl(?:ed)|enabl(?:ed)|"
    r"re-?place[dt]|wait(?:ed)|filled|submitted|raised|opened|re-?[a-z]{3,}ed|reported|spoke|rang|phoned|measured|tightened|took|taken|pulled|bled|defrosted|reflashed|installed|unpaired|paired|adjusted|refreshed|re-?synced|re-?scanned|scanned|went|did|made|ran|moved|put|used|re-?added|added|descaled|flushed|calibrated|pressed|held)"
)
_soft = r"(?:(?:already|allready|alredy|also|even|just|now|then|have|twice|both|first|again|manually|successfully|only|since|of course|obviously) ){0,3}"
_german_deed = (
    r"(?:versucht|(?:aus)?probiert|neu ?gestartet|gestoppt|zurückgesetzt|gelöscht|geleert|gewechselt|(?:aus)?getauscht|ersetzt|(?:ab|an)gemeldet|(?:aus|ein)geloggt|(?:de|neu )?installiert|"
    r"aktualisiert|(?:über|ge)prüft|kontrolliert|gereinigt|geputzt|entkalkt|entlüftet|(?:aus|ein|um)gesteckt|(?:aus|ein)geschaltet|gekoppelt|angerufen|nachgefragt|verriegelt)"
)
_french_deed = r"(?:essayé|redémarré|réinitialisé|vérifié|changé|nettoyé|remplacé|débranché|rebranché|désinstallé|réinstallé|vidé|supprimé|éteint)"
_spanish_deed = r"(?:intentado|probado|reiniciado|cambiado|limpiado|borrado|desinstalado|reinstalado|actualizado|comprobado|revisado|apagado|desenchufado|sustituido)"
_tried = re.compile(
    rf"\b(?:i|we|ive|i['’]?ve|we['’]?ve|i have|we have|my (?:husband|wife|colleague|son|daughter|boss|it (?:guy|team|person))(?: has)?) {_soft}(?P<verb>{_done})\b(?:[^.!?;\n]|\.(?=\d)){{0,150}}"
    rf"|\b(?:already|allready|alredy|have|and|also|even|then) (?:(?:already|also|then|even) )?(?:tried|tryed|restarted|rebooted|reset|reinstalled|uninstalled|cleared|cleaned|unplugged|replaced|swapped|logged out|signed out|checked|did a)\b(?:[^.!?;\n]|\.(?=\d)){{0,150}}"
    rf"|(?:^|[.!?;,\n]\s*)(?:(?:so far|also|already|have|even|things|what) (?:i )?)?(?P<short>(?:tried|tryed|restarted|rebooted|reset|reinstalled|uninstalled|cleared|unplugged|updated|cleaned|checked|turned|switched|replaced|swapped|changed|defrosted|descaled|unpaired|factory reset|ran|had it|logged out|signed out|re-?[a-z]{{3,}}ed) (?:[^.!?;\n]|\.(?=\d)){{2,150}})"
    rf"|\b(?:restarting|rebooting|reinstalling|resetting|clearing|updating|cleaning|unplugging|logging)\b(?:[^.!?;\n]|\.(?=\d)){{0,80}}?\b(?:did ?n['’]?t|does ?n['’]?t|did not|does not|no|never|nothing)\b(?:[^.!?;\n]|\.(?=\d)){{0,60}}"
    rf"|\b(?:ich |wir )?(?:habe?|haben)\b[^.!?;\n]{{0,80}}?\b{_german_deed}\b(?:(?: und|,) [^.!?;\n,]{{0,60}}?\b{_german_deed}\b){{0,3}}|(?:^|[.!?;\n]\s*)(?P<put_first>[^.!?;\n]{{0,80}}?\b{_german_deed}\b[^.!?;\n]{{0,60}}?\b(?:habe?|haben) (?:ich|wir)\b[^.!?;\n]{{0,30}})|\bj['’]ai (?:(?:déjà|aussi|tout) )?{_french_deed}\b(?:[^.!?;\n]|\.(?=\d)){{0,100}}|\b(?:ya )?(?:lo |la )?(?:he|hemos) {_spanish_deed}\b(?:[^.!?;\n]|\.(?=\d)){{0,100}}|\bya (?:lo |la )?(?:he|hemos) (?:llamado|escrito|enviado|contactado)\b(?:[^.!?;\n]|\.(?=\d)){{0,100}}",
    re.IGNORECASE,
)
# what is done to get help, rather than against the trouble: only where it is said to have been done already
_weak = re.compile(
    r"(?:contacted|called|e-?mailed|wrote|asked|sent|signed|logged|charged|cancel\w*|read|looked|searched|did|moved|put|used|went|waited|watched|entered|opened|added|spoke|changed|turned|switched|held|pressed|submitted|filled|raised|reported|updated|upgraded|downloaded|made|ran)",
    re.IGNORECASE,
)
_not_tried = re.compile(
    r"\b(?:was|were|been|got|get) (?:charged|asked|sent|logged|signed|told)\b|\b(?:signed|logged) up\b|\bdid ?n['’]?t|did not|never\b",
    re.IGNORECASE,
)


def _what_was_tried(text: str) -> Found:
    at = 0
    for found in _tried.finditer(text):
        if found.start() < at:
            continue
        start, end = found.span("short" if found["short"] else "put_first" if found["put_first"] else 0)
        told = text[start:end]
        verb = found["verb"]
        again = re.search(
            r"\b(?:already|allready|alredy|twice|again|times|also|even|still|but|nothing|same (?:thing|problem|issue|error|result)|no (?:luck|good|help|reply|answer|response|change|difference))\b",
            told,
            re.IGNORECASE,
        )
        if verb and _weak.fullmatch(verb) and not again:
            continue
        if _not_tried.search(told[:40]):
            continue
        at = end
        yield start, end, "Already tried"


# error messages and tries are whole phrases, in which other facts may stand
PHRASES = (_error_messages, _what_was_tried)
# these find nothing without a digit, which most messages lack
NUMERIC = (_accounts, _amounts, _references, _phones, _addresses, _versions, _bare_numbers)
FINDERS: Sequence[tuple[str, Callable[[str], Found]]] = (
    ("email", _emails),
    ("url", _urls),
    ("account", _accounts),
    ("amount", _amounts),
    ("error", _error_codes),
    ("reference", _references),
    ("phone", _phones),
    ("address", _addresses),
    ("date", _dates),
    ("product", _products),
    ("version", _versions),
    ("name", _names),
    ("amount", _quantities),
    ("product", _mentioned),
    ("reference", _bare_numbers),
    ("error", _error_messages),
    ("tried", _what_was_tried),
)
