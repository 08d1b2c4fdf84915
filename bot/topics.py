"""Topics that a person must hear of at once: abuse, threats, danger. Rules: English, with a few of the commonest words of
other languages. Knows one text and nothing of the conversation."""

from __future__ import annotations

import re

from bot.prose import prose

_sensitive = re.compile(
    r"\b(?:suicidal|kill(?:ing)? myself|hurt(?:ing)? myself|end my life|(?:hear from|call|tell|talk to|contact) my lawyer|my lawyers? will|"
    r"(?:take|taking) legal action|sue you|suing you|take you to court|(?:my|our) (?:personal )?data (?:was|were|has been|have been) "
    r"(?:leaked|breached|stolen)|my identity (?:was|has been) stolen|fraudulent charges?|there (?:was|has been|is) a data (?:breach|leak)|(?:account|card) (?:was|has been|got) "
    r"(?:hacked|stolen)|(?:i was|i am being|i'm being|you are) (?:discriminat|harass)\w+)\b",
    re.IGNORECASE,
)


def is_sensitive(text: str) -> bool:
    """Danger to life, a legal threat, stolen data or accounts."""
    return _sensitive.search(text) is not None


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
    r"pathetic|filthy|dirty|rotten|brainless) )*"
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
    r"\b(?:f u|fu|stfu|kys|gtfo|foad)\b(?=[\s!.,]*$)|\bpiss off\b|\bgo to hell\b|\brot in hell\b|"
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


def is_abuse(text: str) -> bool:
    """Insults aimed at the bot, the company or people, threats and slurs; not mere frustration, and not
    swearing at a thing ("this damn button", "what the fuck is wrong with my order")."""
    plain = prose(text)[:1500]
    return _ABUSE.search(plain) is not None and _SELF.search(plain) is None
