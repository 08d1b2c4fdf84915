"""Topics that a person must hear of at once, each by its name: abuse, legal threats, danger to life, payment fraud, data protection
incidents. Rules over the words of one message, in English with a few of the commonest phrases of other languages; and, for an English
message, the message model (`bot/message_model.py`), which hears what the rules have no words for. `parley eval topics` measures both.
Knows nothing of the conversation.
"""

from __future__ import annotations

import re
from typing import Literal, get_args

from bot.languages import in_english
from bot.message_model import NONE, shipped
from bot.prose import prose

Topic = Literal["abuse", "legal_threat", "danger", "payment_fraud", "data_incident"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
READ_OF_IT = 1500  # characters; whoever threatens or is in danger says so early


def topics(text: str) -> tuple[Topic, ...]:
    """The sensitive topics of a message, in the order of TOPICS; empty for nearly every one.

    A topic is what happens to the writer now: "how do I report fraud" and "suicide prevention page" are questions. Abuse is aimed
    at the bot, the company or people: neither mere frustration nor swearing at a thing ("this damn button")."""
    plain = prose(text)
    found = said_outright(plain[:READ_OF_IT]) | _meant(
        plain
    )  # the model is given what the mood gives it: it reads it once
    return tuple(topic for topic in TOPICS if topic in found)


def said_outright(plain: str) -> set[Topic]:
    """By the rules alone."""
    found = {topic for topic, rule in _RULES.items() if rule.search(plain)}
    return found | {"abuse"} if _ABUSE.search(plain) and not _SELF.search(plain) else found


def _meant(plain: str) -> set[Topic]:
    """The topic that the message model finds likelier than the others, where it finds one likely enough at all."""
    model = shipped()
    if model is None or not plain or not in_english(plain):
        return set()
    heard = model.hear(plain).topics
    return {max(TOPICS, key=heard.__getitem__)} if 1 - heard[NONE] >= model.topic_from else set()


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(phrases)})", re.IGNORECASE)


_LAWYER = r"(?:my|our) (?:lawyers?|attorneys?|solicitors?|barrister|legal (?:team|counsel|adviser|advisor))"
_ME = r"(?:me|us|my|our|mine|ours)"
_NEAR = r"[^.!?\n]{0,40}?"  # within the same sentence
_SOMEONE = r"(?:someone|somebody|a stranger|strangers?|hackers?|a hacker|scammers?|a scammer|thieves|a thief|a criminal|fraudsters?|they|he|she)"
_ANOTHER = (
    r"(?:another|other|a different|different|someone else'?s?|somebody else'?s?|strangers?'?|a stranger'?s?)"
)
_RECORDS = r"(?:invoices?|orders?|address(?:es)?|profiles?|details|data|records?|files?|messages?|account|documents?|e-?mails?|mails?|information)"

_RULES: dict[Topic, re.Pattern[str]] = {
    "legal_threat": _any_of(
        r"(?:sue|suing) (?:you|your|the (?:company|lot))\b", r"and sue\b(?! \w)",
        rf"(?:hear|letter|call|mail) from {_LAWYER}", rf"(?:talk|speak|go|contact(?:ed)?|instruct(?:ed)?|hire[d]?) (?:to )?{_LAWYER}",
        rf"{_LAWYER} (?:will|shall|is|are|has|have|says?|said|told|wants?|look|advises?|advised)\b",
        r"(?:take|taking|taken|drag|dragging|haul) (?:\w+ )?(?:you|this|it|the (?:matter|company)) (?:all )?(?:\w+ )?to (?:\w+ ){0,2}?(?:court|tribunal)\b",
        r"(?:see|meet) you in court\b", r"(?:go|going|off) to (?:small claims |the )?(?:court|tribunal)\b(?! (?:page|book|cost|with the plugin))",
        r"(?:take|taking|start|starting|consider(?:ing)?|before|initiate|threaten(?:ing)?|pursue|pursuing) (?:\w+ )?legal (?:action|steps?|proceedings?)",
        r"legal (?:action|proceedings|steps) (?:against|will)\b", r"(?:file|filing|filed|bring|start) (?:a )?(?:law ?suit|charges)\b", r"press(?:ing)? charges\b",
        r"(?:served|serve you) (?:with )?(?:legal |court )?papers",
        rf"(?:report(?:ing)?|complain(?:ing)?|complaint|contact(?:ing)?|going|turn) {_NEAR}(?:you|this|it|against you|about you)?{_NEAR}\b(?:to|with|the) (?:the )?"
        r"(?:\w+ )?(?:ombudsman|consumer (?:protection|rights|affairs)|trading standards|data protection (?:authority|agency|commission\w*)|attorney general|"
        r"better business bureau|bbb|ftc|ico|regulators?)\b(?!\?)",
        r"(?:report|reporting) you (?:\w+ )?to the (?:police|authorities)", r"final notice before\b",
        # other languages
        r"mein(?:en|em)? (?:anwalt|anwältin|rechtsanwalt)\b", r"(?:verklage|verklagen|anzeigen werde ich) (?:sie|euch|dich)", r"rechtliche schritte",
        r"mi abogado\b", r"(?:voy a|vamos a) (?:demandar|denunciar)", r"mon avocat\b", r"porter plainte", r"(?:meu|minha) advogad[oa]\b",
        r"vou processar", r"(?:il )?mio avvocato\b", r"vi denuncio", r"mijn advocaat\b", r"(?:klaag|sleep) (?:u|jullie|je) (?:aan|voor de rechter)",
    ),
    "danger": _any_of(
        r"(?:kill|hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?|killing) myself\b", r"i cut myself\b", r"(?:end|ending|take|taking) my (?:own )?life\b",
        r"(?:i am|i'm|im|i feel|feeling|been) (?:\w+ )?suicidal\b", r"(?:thinking|think|thought|thoughts) (?:about|of) (?:suicide|killing myself|ending it all)",
        r"commit(?:ting)? suicide\b(?! (?:page|policy))", r"(?:i|he|she|who) (?:really |just )?(?:wants?|wanna) (?:to )?die\b(?! (?:cut|cast))", r"wants to die\b",
        r"(?:don'?t|do not|no longer) want to (?:live|be alive|be here) ?(?:any ?more|any longer)?(?=[.!?,]|$| like this)", r"no reason (?:left )?to live\b",
        r"better off without me\b", r"took (?:all|too many|a lot of) (?:of )?(?:my |the )?(?:pills|tablets|sleeping pills)", r"overdosed?\b(?! of features)",
        r"jump(?:ing)? (?:off|from) (?:a|the) (?:bridge|roof|building)", r"(?:threaten(?:ing|ed|s)?|going|trying|wants?|tried) to (?:kill|hurt|stab|shoot|harm) (?:me|us|him|her|them|my|the kids)\b",
        r"(?:my|our|someone'?s) (?:life|lives) (?:is|are) (?:in danger|at risk)", r"(?:i am|i'm|we are|we're|she is|he is) in (?:\w+ )?danger\b",
        r"(?:battery|phone|device|charger|laptop|product|heater|it) (?:has |just )?(?:caught|is on|went up in|set) (?:fire|flames)\b",
        r"(?:exploded|blew up) in my (?:face|hands?)\b", r"(?:smell|smelling|leaking) (?:of )?(?:gas|smoke|burning)\b", r"gas (?:is )?leak(?:ing)?\b",
        r"smoke (?:is )?(?:coming|rising) (?:out of|from)\b", r"electric(?:al)? shock from\b|(?:got|gave me|received) an electric(?:al)? shock",
        r"(?:child|baby|son|daughter|kid|toddler|dog) (?:has |just )?(?:swallowed|choked|is choking|ate) ", r"(?:having|had) a (?:heart attack|stroke|seizure)\b",
        r"(?:was|were|got|been|is) (?:\w+ )?(?:injured|burned|burnt|hurt|poisoned) (?:by|from|because of) (?:your|the|this)\b", r"(?:hand|face|arm|skin|leg) (?:is|was|got) (?:\w+ )?burn(?:ed|t)\b",
        r"(?:man|someone|somebody|guy|person) with a (?:gun|knife)\b",
        # other languages
        r"(?:mich|mir das leben) (?:umbringen|nehmen)\b", r"nicht mehr leben\b", r"(?:quiero|voy a) (?:morir|matarme|suicidarme)", r"(?:je veux|envie de) mourir\b",
        r"me suicider\b", r"(?:quero|vou) (?:morrer|me matar)\b", r"(?:voglio morire|mi voglio uccidere|suicidarmi)\b", r"(?:wil|ga) (?:niet meer leven|dood|zelfmoord)",
    ),
    "payment_fraud": _any_of(
        r"(?:account|e-?mail|profile|phone|card|wallet|bank account|credit card|debit card|purse) (?:details? )?(?:was|were|has been|have been|had been|got|is|been|being)(?: being)? "
        r"(?:\w+ )?(?:hacked|stolen|compromised|taken over|hijacked|cloned|skimmed|breached)\b", r"(?:identity|card details|card number|password|money) (?:was|were|has been|have been|got) (?:stolen|misused)\b",
        rf"{_SOMEONE} (?:else )?(?:\w+ ){{0,2}}?(?:hacked|stole|cloned|hijacked|took over|misused|got into|broke into|logged (?:in ?)?to|logged into|accessed|is using|was using|has access to|"
        rf"used|has used|is paying with|paid with|paid using|bought \w+ with|ordered \w+ (?:with|using)) {_NEAR}\bmy\b(?! (?:referral|link|voucher))", rf"{_SOMEONE} (?:else )?(?:\w+ ){{0,2}}?(?:paid|bought|ordered|shopped) (?:\w+ ){{0,2}}?(?:with|using|on|from) my (?:\w+ )?(?:card|account|money)\b",
        r"why did (?:he|she|they) pay with my card", r"(?:fraudulent|unauthori[sz]ed|fraudlent) (?:\w+ )?(?:charges?|transactions?|payments?|withdrawals?|purchases?|transfers?|use|access|activity|logins?)\b(?! (?:policy|page|filter|rules?|report))",
        rf"(?:did(?:n'?t| not)|never|haven'?t|have not) (?:authori[sz]ed?|approved?|made?|make|do|initiate[d]?) (?:this|that|these|those|the|any|it|such)\b{_NEAR}(?:payments?|charges?|transactions?|purchases?|transfers?|withdrawals?)\b",
        r"(?:payments?|charges?|transactions?|purchases?|withdrawals?|transfers?|debit) (?:\w+ ){0,4}?(?:that |which )?i (?:never|did(?:n'?t| not)|have not|haven'?t|don'?t|do not) (?:\w+ )?(?:made?|make|authori[sz]ed?|recogni[sz]ed?|approved?|do)\b",
        rf"(?:money|card|account|payment|transferred|withdrawn|charged|debited)\b{_NEAR} without my (?:permission|consent|knowledge|authori[sz]ation)\b", r"(?:i was|i've been|i have been|i got|been|we were) (?:\w+ )?(?:scammed|defrauded|conned|phished)\b",
        r"tricked (?:me |us )?into (?:sending|paying|giving|transferring)", r"entered my (?:password|card|pin|details) (?:on|in|into) (?:a |the )?(?:fake|phishing)",
        r"(?:got|received|clicked) (?:on )?(?:a |the )?phishing (?:mail|e-?mail|link|message)[^.!?]{0,40}(?:and|entered)", r"gave (?:him|her|them|the|my|a) (?:\w+ ){0,3}?(?:code|pin|password|caller)\b[^.!?]{0,60}(?:caller|said (?:he|she|they)|pretend)",
        r"(?:report|victim of|there is|there's|there has been) (?:a )?(?:case of )?(?:payment |card |identity )?fraud (?:on|with|in|against) my\b", r"victim of (?:a )?(?:fraud|scam|identity theft)",
        r"locked out[^.!?]{0,40}(?:hacked|someone changed)", rf"{_SOMEONE} (?:else )?(?:has )?changed my (?:e-?mail|password|phone)", r"opened in my name\b",
        # other languages
        r"(?:konto|karte) (?:wurde|ist) (?:\w+ )?(?:gehackt|gestohlen|missbraucht)", r"(?:han|me han) (?:hackeado|robado) (?:mi|la) (?:cuenta|tarjeta)", r"compte (?:a été )?piraté",
        r"carte (?:a été )?volée", r"(?:conta|cartão) (?:foi )?(?:hackead[ao]|clonad[ao]|roubad[ao])", r"(?:account|conto|carta) (?:è stat[oa] )?(?:hackerat[oa]|rubat[oa]|clonat[oa])",
        r"(?:account|rekening|pas) is (?:gehackt|gestolen)",
    ),
    "data_incident": _any_of(
        r"(?:there (?:is|was|has been|might be)|we (?:had|have)|report(?:ing)?|suffered) (?:\w+ )?a (?:\w+ )?(?:data|privacy|security) (?:leak|breach|incident)\b(?! (?:policy|page|insurance|clause))",
        rf"{_ME} (?:\w+ ){{0,2}}?(?:data|details|information|files?|records?|address|documents?|passport(?: scan)?|photos?) (?:was|were|has been|have been|got|is|are|being) (?:\w+ ){{0,2}}?"
        r"(?:leaked|breached|stolen|published|exposed|disclosed|made public|public|sold|visible to (?:everyone|everybody|others|strangers|all))\b",
        r"(?:information|data|documents|records|files|details) (?:of|about) (?:our|my|ours|mine) (?:\w+ )?(?:was|were|has been|have been|is|are) (?:leaked|exposed|stolen|published|public|visible to (?:everyone|everybody|all))",
        rf"i can see (?:the )?(?:\w+ )?{_ANOTHER}(?: \w+'?s?)? {_RECORDS}\b", rf"(?:see|seeing|shows?(?: me)?|got|received|sent me|contains?) (?:\w+ ){{0,4}}?(?:{_RECORDS} )?(?:with |of |from |meant for |intended for |belonging to )(?:a )?{_ANOTHER} (?:person|customer|compan|user|people|stranger|member|patient|client|strangers)\w*",
        rf"(?:see|seeing|shows?(?: me)?|received|got|sent me) (?:\w+ )?{_ANOTHER}(?: (?:person|customer|user|compan(?:y|ies)|people|client|member|patient)'?s?)? {_RECORDS}\b(?! in my (?:own|team)|\?)",
        rf"see the {_RECORDS} of (?:a |other )?(?:strangers?|customers|people)", r"logged in as (?:a |an |another |someone |somebody )?(?:different |other |else|another )",
        rf"(?:sent|mailed|gave|disclosed|forwarded|shared) (?:out )?(?:my|our) (?:\w+ ){{0,3}}?{_RECORDS} (?:to|with) (?:a |the |an )?(?:somebody|someone|wrong|third|another|other|stranger|different)", r"(?:file|mail|invoice|data|documents?|letter) was sent to the wrong (?:person|customer|address)",
        r"(?:database|server|bucket|backup|documents?|data|files?) (?:of ours )?(?:is|are) (?:publicly (?:accessible|visible|available)|open to (?:everyone|the public)|visible to everyone|on the internet)",
        r"(?:gdpr|privacy|data protection) violation\b", r"violat\w+ (?:the )?(?:gdpr|my privacy)", r"(?:downloaded|stole|copied|leaked) (?:all )?(?:our |my )?(?:\w+ )?(?:customer|employee|patient|personal) (?:records|data)",
        r"records on a (?:hacker|dark)", r"(?:on the dark web|hacker forum)", r"(?:e-?mail )?addresses are visible in (?:your|the) newsletter", r"(?:other|all) (?:users|customers|people) can (?:read|see) my (?:private |personal )?(?:messages|data|orders|invoices)",
        r"(?:customer|employee|personal|patient) data (?:has been|have been|was|were|got) (?:stolen|leaked|exposed|published)",
        # other languages
        r"datenleck\b", r"datenschutz(?:verletzung|verstoß|vorfall)", r"(?:fuga|filtración) de (?:mis )?datos", r"fuite de données", r"vazamento de dados", r"(?:fuga|violazione) (?:di|dei) dati", r"datalek\b",
    ),
}  # fmt: skip

_INSULT = (  # nouns for people
    r"(?:idiots?|morons?|imbeciles?|cretins?|dumb ?ass(?:es)?|dumb ?f\w*ck\w*|stupid bot|retards?|assholes?|"
    r"arseholes?|a[*s@$]{2}h[*o0]les?|bastards?|b[i1!*]tch(?:es)?|"
    r"cunts?|c[*u]nts?|d[i1*]ckheads?|dicks?|wankers?|pricks?|twats?|tossers?|scumbags?|scum|"
    r"douche(?:bag)?s?|jerks?|losers?|sons? of (?:a )?b\w+|motherf\w+|"
    r"pieces? of (?:sh[i1*]t|crap|garbage|trash|sht)|clowns?|crooks?|thie(?:f|ves)|liars?|scammers?|"
    r"fraudsters?|parasites?|vermin|monkeys?|pigs?|"
    r"incompetent (?:fools?|morons?|people)|fools?|dimwits?|nitwits?|halfwits?|dumbos?|shitheads?|fuckers?|"
    r"fuckwits?|fucktards?)"
)
_FOUL = (
    r"(?:(?:fucking|f\w*ing|damn|goddamn|bloody|absolute|complete|total|utter|stupid|dumb|useless|worthless|"
    r"incompetent|lazy|little|big|bunch of|a|an|the|all|such|nothing but|just|so|really|lot of|pack of|lying|"
    r"pathetic|filthy|dirty|rotten|brainless|brain ?dead) ){0,6}"
)
_ABUSE = re.compile(
    rf"\b(?:you|u|ya|you guys|you people|you all|your (?:\w+ ){{0,3}}?(?:team|staff|agents?|company|people|"
    rf"support|bot|boss|employees|colleagues?|workers)|this (?:company|bot)|he|she|they)"
    rf"(?: is|'s| are|'re| r|re|s| were| must be| sound like)? {_FOUL}(?:{_INSULT})\b|"
    rf"^(?:\W*(?:hey|shut up|well|oh|go away|ok))?\W*{_FOUL}{_INSULT}\W*$|"
    rf"\b(?:bunch|pack|load|lot|team|company|gang) of {_FOUL}{_INSULT}\b|\b{_FOUL}{_INSULT} (?:like you|"
    rf"you are|work(?:s|ing)? (?:there|here|for you))\b|"
    r"\b(?:you|u|you guys|you people|this bot|the bot|your (?:\w+ )?(?:bot|staff|agents?|team|people|"
    r"support))(?: is| are|'re| r|re|'s) (?:\w+ ){0,2}?(?:stupid|dumb|idiotic|moronic|retarded|brain ?dead|"
    r"subhuman|worthless|disgusting|scum|trash|full of (?:shit|crap))\b|"
    r"\b(?:stupid|dumb|idiotic|moronic|retarded|shitty|fucking|worthless|brainless|damn|"
    r"useless fucking) (?:ro|chat)?bots?\b|"
    r"\b(?:f+u+c+k+|f[*@#]+c?k?|fck|fuk|phuck|screw|sod|bugger|damn|curse) (?:you+|u|off|ya|yourself|"
    r"yourselves|your (?:company|mother|mom)|this company|the lot of you|y'?all|them|him|her)\b|"
    r"\bgo (?:f\w*ck|screw) yourself|"
    r"\b(?:f u|fu|stfu|kys|gtfo|foad)\b(?=[\s!.,]*$)|\bpiss off\b|\bgo to hell\b|\bdie in a fire\b|\brot in hell\b|"
    r"\bburn in hell\b|\bkill (?:yourself|urself|yourselves)\b|\bdrop dead\b|\bgo die\b|"
    r"\bi hope you (?:all )?(?:die|burn|rot|get cancer)|"
    r"(?<!won't )(?<!can't )(?<!cannot )\bshut (?:the (?:fuck|hell) )?up\b(?! about)|\bshut your (?:mouth|"
    r"face|trap)\b|\beat sh[i1*]t\b|\bsuck my\b|\bkiss my ass\b|\bi(?:'ll| will| am going to|'m going to|"
    r"'m gonna) (?:\w+ )?(?:find (?:you|u) and )?(?:kill|hurt|beat|strangle|punch) (?:you|u)\b(?! (?:a|an|"
    r"the|some))|"
    r"\byour mo(?:m|ther) (?:is|was)|\bscrew you(?:r|s)? (?:all|guys)|"
    # slurs
    r"\bn[i1!*]gg(?:er|a|ah|uh)s?\b|\bf[a4@*]gg?(?:ot)?s?\b(?<!\bfag)|\bk[i1]kes?\b|\bch[i1]nks?\b|"
    r"\bgooks?\b|\bwetbacks?\b|\b(?:towel|rag)heads?\b|\btrann(?:y|ies)\b|\bpak[i1]s?\b|\bretard(?:s|ed)?\b|"
    r"\bspastic\b|"
    # the commonest of other languages
    r"\b(?:arschl[oö]ch\w*|wichser|hurensohn|fick dich|verpiss dich|missgeburt|du (?:idiot|depp|trottel)|"
    r"halt die fresse|"
    r"hij[oa]s? de puta|gilipollas|pendejos?|vete a la mierda|que te jodan|eres (?:un |una )?(?:idiota|"
    r"imb[eé]cil|est[uú]pid[oa])|"
    r"encul[eé]s?|connards?|connasse|va te faire (?:foutre|voir)|fils de pute|ta gueule|nique ta|"
    r"filho da puta|vai se f[ou]der|vai tomar no cu|"
    r"vaffanculo|stronz[oie]|figlio di puttana|testa di cazzo|coglion[ei]|klootzak(?:ken)?|kankerlijer|"
    r"rot op|krijg de \w+|hoerenjong)\b",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:i|me|myself|i'm|i am|i feel|i was|my own)\s+(?:\w+\s+){0,4}"
    r"(?:idiot|stupid|dumb|moron|fool|clown)\b(?!.*\byou\b)",
    re.IGNORECASE,
)
