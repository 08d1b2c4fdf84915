"""Whether a message asks for a person: rules over its words, in English and with the commonest wordings in German,
Spanish, French, Portuguese, Italian and Dutch. Knows one text and nothing of the conversation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from rapidfuzz.distance import OSA

from bot.prose import READ_AT_MOST, prose


def wants_human(text: str) -> bool:
    """Whether the message asks for a person, in any wording and with typing errors: "agent pls", "tlak to a
    humen".

    A question about people is not a wish for one: "how do I add an agent?", "am I talking to a real person?",
    "what are your agents' opening hours?". Asking for a department counts where it is wished for ("let me
    speak to customer service"), not where it is asked about ("how can I contact customer service?")."""
    if _DECLINED.search(text[:READ_AT_MOST]):
        return False
    if _PLAIN_WISH.fullmatch(" ".join(re.findall(r"\w+", text[:200].lower()))):
        return True
    return any(_PLAIN_WISH.fullmatch(clause) or _wishes_person(clause) for clause in _clauses(text))


_SOMEBODY = r"(?:a |an |some )?(?:real |live |actual )?(?:person|human(?: being)?|someone|somebody|representative|operator|agent)"
_PLAIN_WISH = re.compile(
    rf"(?:please )?(?:i (?:just |really |only |still )?(?:want|need|demand|prefer|would like|would prefer|would rather have|"
    rf"would rather deal with|d like|d rather deal with|d prefer)|get me|give me|bring me|find me|send me) {_SOMEBODY}"
    r"(?: please| now| here| to help(?: me)?| who can help(?: me)?| right now)*"
    rf"|{_SOMEBODY}(?: please)?|customer (?:service|support)(?: please)?"
    r"|can (?:someone|somebody|anyone|anybody|a person|a human) (?:please )?help(?: me)?(?: please)?"
)
_DECLINED = re.compile(
    r"\b(?:do not|don'?t|don’t|no need to|without) (?:want to |need to )?(?:connect|transfer|hand|talk|speak|put|get|pass|talking|speaking)"
    r"\b[^.!?\n]{0,30}\b(?:human|person|agent|someone|somebody)\b",
    re.IGNORECASE,
)


def _clauses(text: str) -> Iterator[str]:
    """The message cut at sentence ends, each clause as plain known words: "Tlak to a humen, pls" gives "talk
    to a human" and "please"; commas cut too, and the whole sentence is looked at as well."""
    for sentence in re.split(r"[.!?;\n…]+(?=\s|$)|[\n;]", prose(text)):
        plain = known_words(sentence)
        if plain:
            yield plain
        if _ABOUT_US.search(plain):
            continue
        parts = re.split(r"[,:]|\s[-–—]\s|\b(?:but|and|so)\b", sentence)
        if len(parts) > 1:
            yield from filter(None, map(known_words, parts))


_ABOUT_US = re.compile(r"^(?:\w+ ){0,2}?(?:am i|are you|r you|is this|is it|i am not|i'm not)\b")


def known_words(text: str) -> str:
    """Lower case, no accents, no punctuation, and words near one of ours (a typing error away) turned into
    it."""
    text = unicodedata.normalize("NFKD", text.lower().replace("’", "'").replace("ß", "ss"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    words: list[str] = []
    for word in re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text):
        words.extend(_unglued(word))
    plain = " ".join(_corrected(word) for word in words)
    return _OTHER_IN_CONTEXT.sub(lambda at: "speak" if "p" in at.group() else "chat", plain)


# Real words that next to "to" or "with" somebody are a typing error.
_OTHER_IN_CONTEXT = re.compile(
    r"\b(?:peak|speck|speek|spek|hat|cat|chart|chap)(?= (?:to|with) (?:a|an|the|your|you|someone|somebody|"
    r"human|agent)\b)"
)

# In the order in which a tie is settled. A word of 4 to 6 letters may be one edit away, a longer one two.
_KEYWORDS = (
    "talk", "talking", "speak", "speaking", "chat", "chatting", "contact", "contacting", "connect",
    "transfer", "escalate", "human", "humans", "person", "people", "agent", "agents", "operator", "operators",
    "representative", "representatives", "advisor", "adviser", "assistant", "assistance", "someone",
    "somebody", "anyone", "anybody", "customer", "service", "support", "manager", "supervisor", "employee",
    "specialist", "consultant", "please", "callback", "with", "live", "real", "have",
    "want", "forward", "colleague", "member", "staff", "touch", "actual", "switch", "there", "could", "your",
    "this", "need", "being", "possible", "looking", "bring", "don't", "connected", "from", "take",
    "mitarbeiter", "mitarbeiterin", "kundenservice", "kundendienst", "kundenberater", "menschen", "jemanden",
    "sprechen", "verbinden", "ansprechpartner", "conseiller", "conseillere", "quelqu'un", "operateur",
    "parler", "hablar", "persona", "humano", "agente", "operador", "asesor", "representante", "atendente",
    "pessoa", "operatore", "parlare", "qualcuno", "medewerker", "iemand", "spreken",
)  # fmt: skip

# Real words that lie a typing error away from one of ours.
_OTHER_WORDS = frozenset(
    """
    college colleges possibly
    wish wits width witch wits pith myth both wife wing wire wide wise wifi will wrath switch
    love like line life five give lives alive lived dive hive olive liver lime list link lift live's lies lite
    lice live read deal rear seal meal heal peal veal zeal reel ream teal area renal royal reals rial reap
    save gave cave wave hive hate haven halve shave hare haze rave pave heave half hang hand hard haves wand
    wait went wants wanted wane ants warn wart wont vant pant cant ant rant forwards forwarded toward towards
    colleagues members remember number dismember embers stuff stiff staffs stack start state stage staf
    touched torch couch pouch vouch tough actually factual stitch twitch switched switches snitch here their
    these three where theme then they them threw cloud would should mould couldn't you yours you're four hour
    pour tour our youth thus thin thing think thins that than then his things third hits feed seed deed weed
    needs needed nerd seen been bring beings begin bing looing cooking booking locking lacking looting string
    brings ring bringing brig king form forms front frog frame farm foam prom take tale tasks talk's tame tape
    sake make fake lake bake cake wake rake took taken takes taker toke stake don't didn't won't can't
    connection disconnected connecter walk walking tall tale task tasks talks talked talky walks tank talc
    tally balk stalk teak speaks speaker speakers spear sneak sneaking steak break bleak weak peak peaking
    seeking leaking what that hat cat chart chap char cats chats chatted chant cheat coat can cut hats than
    chai chit shat contacts contacted contract contracts contrast contain contains content contents context
    compact contracting connects connected connecting collect corrects correct connector transfers transferred
    transferring transform escalated escalates humane persons personal personnel parson prison poison season
    reason purpose perform perfect peoples urgent event regent agenda agency aged ages argent scent operated
    operators operation operations operate operates generator represented represents representation advisory
    advisors advisers advised advise adviced advices advise assistants assisted assist assisting resistant
    resistance instance insistent assistive distance sometime sometimes anytime anyway anywhere nobody
    customers custom customs customized customize services served serve serves device devices serviced
    supports supported supporter supporting managers manage managed manages supervisors employees employer
    employed employ specialists specialty special specially consultants consulting consultation constant
    pleased pleases plead pleas place places callbacks fallback rollback feedback playback personas humanos
    agentes hunan urgents persone pessoas parlor parker partner parer planner parle paler haber habla halar
    hablan spoken sprechend verbunden conseil conseils operadora operadores human's service's asesores iemands
    talent person's someone's agent's pelase supports support's """.split()  # noqa: SIM905
)

_SHORT = {
    "pls": "please", "plz": "please", "plse": "please", "plss": "please", "pleas": "please",
    "wanna": "want to", "gotta": "got to", "u": "you", "ur": "your", "ya": "you", "2": "to",
    "rep": "representative", "reps": "representatives", "csr": "representative", "sb": "somebody",
    "sm1": "someone", "some1": "someone", "any1": "anyone", "cs": "customer service", "humanbeing": "human",
    "irl": "real", "lemme": "let me", "gimme": "give me", "im": "i'm", "dont": "don't", "cant": "can't",
    "cannot": "can't", "wont": "won't", "yr": "your", "w": "with", "wth": "with", "wit": "with",
    "wiht": "with", "wirh": "with", "ot": "to", "na": "an", "convo": "talk", "tech": "support",
    "helpdesk": "support", "hotline": "support", "opperator": "operator", "humanos": "humano",
    "menschlichen": "menschen", "wan": "want", "need2": "need to", "rael": "real", "reel": "real",
    "lvie": "live", "relly": "really", "svp": "please", "asap": "now", "ppl": "people", "teh": "the",
    "wnat": "want", "wnt": "want", "ned": "need", "tlk": "talk", "tak": "talk", "alk": "talk", "tal": "talk",
    "wat": "want", "tk": "talk", "cht": "chat", "wih": "with", "ith": "with", "liv": "live", "ral": "real",
    "rel": "real", "hae": "have", "ths": "this", "clal": "call", "caall": "call", "rng": "ring",
    "nede": "need", "agt": "agent", "bots": "bot", "robots": "bot", "robot": "bot", "chatbot": "bot",
    "chatbots": "bot",
}  # fmt: skip

_GLUED = re.compile(
    r"(?P<u>u)(?P<do>direct|help|connect|transfer|put|get)|(?P<verb>talk|speak|chat|connect|talking|speaking|"
    r"chatting)(?P<to>to|with)(?P<who>a|an|human|person|agent|some(?:one|body))?|"
    r"(?P<to2>to|with|a|an)(?P<who2>human|person|agent|operator|somebody|someone|representative)|"
    r"(?P<some>some|any)(?P<one>one|body)|(?P<have>have|got|want|need|like|try|trying|going|how|not|don't|"
    r"uwant|i)(?P<to3>to|can|know)|"
    r"(?P<adj>live|real|human)(?P<noun>agent|person|human|operator|chat|being|support)"
)


def _unglued(word: str) -> list[str]:
    """ "talkto" is two words; "someone" stays one."""
    if word in _KEYWORDS:
        return [word]
    glued = _GLUED.fullmatch(word)
    return [part for part in glued.groups() if part] if glued and not glued.group("some") else [word]


@lru_cache(maxsize=8192)
def _corrected(word: str) -> str:
    if word in _SHORT:
        return _SHORT[word]
    if (
        len(word) < 4
        or len(word) > 16
        or word in _OTHER_WORDS
        or word in _KEYWORDS
        or not word.replace("'", "").isalpha()
    ):
        return word
    best, near = word, 3
    for keyword in _KEYWORDS:
        allowed = 1 if len(keyword) < 7 else 2
        if allowed == 2 and (len(word) < 6 or word[0] != keyword[0]):
            allowed = 1
        edits = OSA.distance(word, keyword, score_cutoff=allowed)
        if edits <= allowed and edits < near:
            best, near = keyword, edits
    return best


_WHO = (  # unmistakably a person of ours
    r"(?:human(?: being)?s?|agents?|operators?|representatives?|advis[eo]rs?|assistants?|employees?|"
    r"specialists?|consultants?|"
    r"supervisors?|managers?|associates?|colleagues?|technicians?|member of (?:your |the )?staff|"
    r"(?:support |customer service |service |sales |staff |team )+(?:human|person|people|agent|"
    r"representative|member|staff|guy|lady|someone)|"
    r"(?:real|live|actual|living|breathing|flesh and blood|proper|physical|human)(?: (?:live|human|living|"
    r"actual|customer|support|fucking|damn))? "
    r"(?:human|person|people|agent|operator|representative|one|someone|somebody|being|assistant|support|man|"
    r"woman|guy|chat|help|service)|"
    r"(?:someone|somebody|anyone|anybody|one|person) (?:who is |who's |that is |that's |"
    r"thats )?(?:a )?(?:real|human|live|actual|alive|not a bot))"
)
_ANYBODY = r"(?:someone|somebody|anyone|anybody|person|real people|people|staff|human staff|boss)"
_TEAM = (
    r"(?:(?:the |your |a |an )?(?:(?:customer|technical|tech|client|user|live|human|phone|real|actual) )*"
    r"(?:customer service|customer support|customer care|customer assistance|support|helpdesk|help desk|"
    r"support team|"
    r"service team|service desk|call cent(?:er|re)|your team|the team|management|headquarters))"
)
_SWEAR = r"(?:(?:fucking|fuckin|bloody|damn|goddamn|freaking|frigging|actual|just|really|one of) )*"
_DET = rf"(?:{_SWEAR}(?:(?:a|an|the|to|with|your|you|some|any|one of|our|ur|another|different) )*{_SWEAR})"
_TALK = (
    r"(?:talk|speak|chat|talking|speaking|chatting|spk|converse|have a (?:talk|word|chat|call|conversation))"
)
_REACH = (
    r"(?:contact|contacting|reach|reaching|get in touch|getting in touch|get hold|get a hold|get ahold|hear)"
)
_HAND = (
    r"(?:connect|connecting|transfer|transferring|escalate|escalating|hand|handing|put|putting|pass|passing|"
    r"redirect|direct|"
    r"forward|route|switch|refer|link|patch|get|give|bring|send|find|fetch|show|let)"
)
_AFTER = (  # what may not follow, or the person is somebody else's, or a thing
    r"(?! (?:who(?!(?: (?:can|could|will|is|knows?|understands?|speaks?|actually|really))|'s)|'s|string|"
    r"strings|id|ids|account|accounts|"
    r"licen[cs]es?|keys?|seats?|roles?|groups?|names?|emails?|numbers?|versions?|status|permissions?|portal|"
    r"dashboard|"
    r"console|software|install\w*|config\w*|services?|fees?|rights|readable|resources?|commissions?|in (?:my|"
    r"our|the) |on (?:facebook|"
    r"instagram|whatsapp|twitter|skype|teams|slack|tinder|discord|marketplace|linkedin|youtube|gmail|"
    r"messenger)|else's|outside))"
)
_WISH = (
    r"(?:i|we|you|me|us|please|want|need|like|can|could|help|let|how|just|trying|try|have|got|must|"
    r"is it possible)"
)

_BARE = re.compile(
    r"(?:(?:please|hi|hello|hey|ok|okay|no|yes|now|right|i|i'd|we|want|need|a|an|the|to|just|can|could|get|"
    r"me|give|have|would|like|"
    r"my|your|you|with|here|immediately|urgently|is|there|for|this|again|or|fucking|bloody|damn|actual|real|"
    r"live|human|only|yo|"
    r"someone|talk|do|any|available|there's|asking|ask|requesting|request|said|instead|how|about|bitte|favor|"
    r"por|s'il|vous|plait|per|"
    r"favore|alstublieft|aub|un|una|einen?|een|uno|quero|quiero|ich|will|brauche|voglio|vorrei|veux|je|ik|"
    r"wil|um|uma) )*"
    rf"(?:{_WHO}|(?:someone|somebody) from (?:your )?(?:customer )?(?:support|service|team)|human support|"
    rf"human help|human assistance|live support|live chat|real support|personal assistance|"
    r"mitarbeiter(?:in)?|menschen|kundenberater|echter menschen?|echte persona?|echte person|agente|humano|"
    r"humana|operador|operadora|"
    r"asesor|asesora|representante|atendente|operatore|umano|persona (?:real|reale|vera|umana|de verdad)|"
    r"pessoa (?:real|de verdade)|"
    r"conseiller|conseillere|humain|operateur|vraie personne|medewerker|echt menschen|echt mens|mens|"
    r"echte person|echte mens)"
    r"(?: (?:please|now|right|here|immediately|urgently|real|live|agent|human|person|operator|today|thanks|"
    r"thank|you|for|help|asap|"
    r"instead|again|only|available|there|not|a|bot|or|no|bots|bitte|por|favor|svp|per|favore|humano|humana|"
    r"humain|umano|aub|graag|alstublieft))*"
)
_A_PERSON = re.compile(
    r"\b(?:i|we|i'd|we'd) (?:\w+ ){0,2}?(?:want|need|prefer|like|rather have|have) (?:a|an|some|"
    r"one of your) (?:real |actual |live )?"
    r"(?:human|person|agent|representative|supervisor|manager)s? (?:to )?(?:read|answer|look|check|review|"
    r"see|tell|help|reply|respond|"
    r"handle|explain)\b|\btake me to (?:a |an |the |your )?(?:real |actual |live )?(?:human|person|agent|"
    r"representative|supervisor|manager)\b|"
    r"\b(?:is|are) (?:any|one|some) of (?:your|the) (?:agents?|people|staff|colleagues?|"
    r"representatives?) (?:\w+ )?(?:free|available|there|here|online)\b|"
    r"\bmember of (?:your |the )?(?:team|staff) (?:\w+ )?(?:contact|call|phone|ring|help|email|write) me\b|"
    r"^(?:\w+ )?(?:get|give) me (?:the |your )?customer (?:service|support|care)$|\b(?:hand|send|pass|"
    r"take) me (?:off |over |on )?to (?:a |an |some)(?:person|human|body|one)\b|"
    r"^i (?:really )?(?:need|want) (?:someone|somebody) to talk to\b|^give me a (?:phone )?call\b|"
    r"^where (?:is|are|'s) (?:the|your|all the) (?:real )?humans?\b|"
    r"^(?:(?:a|ok|okay|hi|hello|just|want|need|i|get|me|give|can|have|let|"
    r"to) )*(?<!contact )person (?:please|now|asap|not a bot)$|"
    r"\b(?:get|give|find|bring) me (?:to )?(?:a |an |some )?(?:fucking |damn )?(?:person|people|"
    r"someone(?: else)? (?:real|human|to talk to|i can talk to|who can help))\b|"
    r"\b(?:help|assistance|support|answers?) from (?:a |an |some |one of your )?(?:real |actual |"
    r"live )?(?:human|person|agent|people)s?\b|^is (?:a|"
    r"any) person (?:available|here|there)|"
    rf"\b{_TALK} (?:to|with) a (?:man|woman)\b"
)
_TALK_TO = re.compile(
    rf"\b(?:{_TALK}|{_REACH}) (?:(?:me|us|again|directly|over the phone|on the phone|by phone|live|now|"
    rf"please) )*{_DET}"
    rf"(?:{_WHO}|{_ANYBODY})\b{_AFTER}"
)
_TALK_NEAR = re.compile(
    rf"\b(?:talk|speak|chat|contact|connect|connected|transfer|transferred|talking|speaking|chatting|deal|"
    rf"dealing) "
    rf"(?:\w+ ){{0,3}}?(?:human(?: being)?s?|agent|operator|representative|supervisor|advis[eo]r|colleague|"
    rf"(?:real|live|actual) \w+|(?:member|someone|somebody) (?:\w+ )?(?:staff|real|human))\b{_AFTER}"
)
_CHAT_HERE = (
    r"(?:me|us|this|it|him|my|our|the|chat|conversation|issue|ticket|case|query|question|request|problem|"
    r"call)"
)
_ON = (
    r"(?:(?:over|through|straight|directly|back|on|in|touch|hold|of|up|now|please|talk|speak|have|to|with) )*"
)
_HAND_OVER = re.compile(
    rf"\b{_HAND} (?:to )?(?:{_CHAT_HERE} )*{_ON}{_DET}{_WHO}\b{_AFTER}|"
    rf"\b(?:connect|connecting|transfer|transferring|escalate|escalating|put|putting|pass|redirect|direct|"
    rf"forward|hand|handing|route|switch|refer|patch) (?:to )?"
    rf"(?:(?:me|us|this|my (?:case|issue|ticket|call|question|request|problem|query)|the (?:chat|"
    rf"conversation|call)) ){_ON}{_DET}(?:{_ANYBODY}|{_TEAM})\b{_AFTER}|"
    rf"\b(?:connect|escalate)(?: (?:to|with))+ {_DET}(?:{_ANYBODY}|{_TEAM})\b{_AFTER}"
)
_GIVE_ME = re.compile(
    rf"\b(?:want|wants|need|demand|request|requesting|prefer|rather have|would like|i'd like|give me|get me|"
    rf"find me|bring me|asking for|ask for|looking for|waiting for|have) "
    rf"{_DET}{_WHO}\b(?= ?$| (?:please|now|to (?:help|talk|speak|assist|answer|explain|call|contact|chat|"
    rf"respond|reply|handle|sort|resolve|deal|look into|take over|step in|solve|fix)|"
    r"here|immediately|asap|right|today|not|no|instead|because|about|and|or|urgently|on|who|that|at|as|help|"
    r"again|for (?:this|help)|thanks|thank|i|this|real|live))"
)
_SOMEONE_TO = re.compile(
    r"\b(?:want|need|get|have|let|can|could|would|ask|may|tell) (?:\w+ ){0,2}?"
    r"(?:someone|somebody|anyone|anybody|a person|an agent|a human|people|your (?:team|staff|people|agents?)|"
    r"an? (?:\w+ )?(?:human|person|agent|operator|representative|manager|supervisor)|representative) "
    r"(?:(?:from|in|at|of|on|with) (?:your |the |ur |customer )?(?:\w+ )?(?:support|team|service|side|end|"
    r"company|staff|office|department|there)? ?)?"
    r"(?:please )?(?:to )?(?:(?:that |who )?(?:can |could )?)?(?:call|phone|ring|contact|talk to|speak to|"
    r"speak with|talk with|chat with|reach out to|get in touch with) (?:me|us)\b"
)
_IS_THERE = re.compile(
    rf"\b(?:is|are) (?:there )?(?:a|an|any|some|the)? ?{_WHO} (?:(?:around|available|there|here|online|"
    rf"free)\b|(?:that |who |whom )?(?:i|we|can|to|could|available)\b)|"
    rf"\b(?:is|are) there (?:\w+ )?(?:a |an |any |some )?(?:{_WHO}|{_ANYBODY}) (?:\w+ )?(?:(?:i|we) (?:can|"
    rf"could|may) {_TALK}|to {_TALK}|(?:i|we) (?:can|could) {_REACH})|"
    rf"^(?:do|don't) you (?:guys )?have (?:a |an |any )?{_WHO}$|^any (?:real |live |actual )?(?:{_WHO}|"
    rf"human) (?:here|there|around|available|online|i can)|"
    rf"\b(?:can|could|would|will|may|let) {_DET}(?:real |live |actual )?(?:human|real person|real people|"
    rf"live agent|human agent|live person|actual person|actual human|agent|operator|representative) "
    r"(?:please )?(?:help|assist|answer|take over|look|respond|reply|step in|join|handle|call|contact|talk|"
    r"speak|chat|deal|explain|sort)\b"
)
_BOT = (
    r"(?:a |an |the |this |your |another |some |any |more |stupid |damn |fucking )*(?:bot|machine|computer|"
    r"ai|automated \w+|recording)"
)
_NO_BOT = re.compile(
    rf"\b(?:don't|do not|stop|hate|without|sick of|tired of|fed up with|enough of|rather not|instead of|"
    rf"never|refuse|not|no) (?:\w+ ){{0,4}}?"
    rf"(?:talk|speak|chat|talking|speaking|chatting|deal|dealing) (?:to|with) {_BOT}\b|"
    r"\b(?:don't|do not) (?:want|need|like) (?:to be answered by |an? answers? from |answers from )?(?:a |"
    r"an |the |this |your )?bot\b(?! to)|"
    r"^(?:please )?(?:no|not|stop the|enough)(?: more)?(?: of)?(?: a| the| this)? bot(?: please)?$|"
    r"\b(?:anyone|someone|somebody|anything) (?:but|other than|except) (?:a |the |this )?bot\b"
)
_CALL_ME = re.compile(
    r"^(?:(?:please|can|could|would|will|you|just|hi|hello|someone|somebody|kindly|want|i|to|ask|them|have|"
    r"need|and|or|now|pls|ok) )*(?:call|phone|ring|telephone) (?:me|us)"
    r"(?: (?:back|now|please|today|tomorrow|on|at|after|before|immediately|when|as|or|urgently|right|in|"
    r"later|asap|directly|anytime|soon|about|regarding|\d+)\b.*)?$|"
    r"\b(?:arrange|schedule|request|want|need|get|book|have|expect|like|give me) (?:a |an |the |"
    r"for )?(?:call ?back|"
    r"callback|(?:phone )?call (?:back )?(?:by|from) (?:\w+ )?\w+|return call)\b|"
    r"\b(?:talk|speak|discuss (?:this|it)) (?:to (?:you|someone) )?(?:over|on|by) (?:the )?(?:phone|"
    r"telephone)\b|"
    r"^(?:please )?(?:put me through|transfer me|escalate(?: this| it| my (?:case|issue|ticket|"
    r"problem))?(?: (?:now|please|immediately))?)$"
)
_TEAM_WISH = re.compile(
    rf"(?:^|\b(?:want|need|like|let me|can i|could i|may i|have to|have got to|got to|must|trying|try|please|"
    rf"help me|help|wish|demand|assistance) (?:\w+ )?)(?:to )?{_TALK} (?:to |with ){_DET}{_TEAM}\b"
)
_TEAM_ASKED = re.compile(r"\b(?:how|what|where|which|when|hours?|number|whether|if|know)\b")
_SOME_PERSON_TO_ANSWER = re.compile(
    r"\b(?:want|need|like|get|have) (?:\w+ )?(?:some|a|an|another|real|actual) (?:\w+ )?(?:person|people|"
    r"human) to (?:answer|help|assist|respond|reply|explain|talk|speak|contact|call|deal|handle|look)"
)

# A clause that speaks of people without wishing for one.
_ABOUT = re.compile(
    r"\b(?:the|a|an|my|our|your|main|primary|emergency) contact (?:person|agent)\b|"
    r"\bdo i (?:have|need) to\b(?<!what do i have to)(?<!what do i need to)|^(?:\w+ ){0,2}?(?:am|was|"
    r"were) i (?:\w+ )?(?:talking|speaking|chatting|dealing|in)\b|^(?:\w+ ){0,2}?(?:are|r|"
    r"aren't) you\b(?!.*\b(?:connect|transfer|get|let)\b)|"
    r"^is (?:this|it|that)(?! possible)\b|^(?:\w+ )?(?:you're|you are|this is|it's) (?:\w+ )?(?:a |an |"
    r"the )?(?:bot|human|real)|"
    r"\b(?:i|we|he|she|they|my \w+) (?:was|were|have been|had been|has been) (?:\w+ )?(?:talking|speaking|"
    r"chatting|dealing|contacting|connected|transferred)|"
    r"\b(?:after|while|before|without|avoid|instead of|since|by|when) (?:\w+ ){0,2}?(?:talking|speaking|"
    r"chatting|contacting|calling|having to|dealing)|"
    r"\b(?:don't|do not|didn't|no|not|never|rather not|needn't|won't) (?:really |even |actually |a )?(?:want|"
    r"need|wish|have|like|transfer|connect|escalate|put|send|required?|necessary)\b(?! (?:\w+ ){0,6}?bot)|"
    r"\b(?:what|which|who|whats|what's) (?:(?:is|are|does|do|kind|type|sort|time|times|hours?|days?|did|was|"
    r"were|if|happens|about|'s)\b)(?!.* (?:do i|to do|i have to do|i need to do|i do) )|"
    r"\b(?:at|see|check|tell me|know|find|checking|seeing) (?:at )?what (?:time|hours?|days?)|"
    r"\bopening hours\b|"
    r"\b(?:customers|users|visitors|clients|guests|shoppers|students|members|they|callers|people|teammates|"
    r"a customer|a user|a visitor|my customer|my client|the user|the customer|admins?) "
    r"(?:\w+ ){0,3}?(?:talk|speak|chat|contact|reach|call|connect|request|ask|get|transferred|see)\b|"
    r"\b(?:how|can|could|should|where|do|to|please|i|want|need)(?: \w+){0,3} (?:add|invite|remove|delete|"
    r"create|assign|configure|install|set up|setup|enable|disable|edit|update|change|rename|train|hire|"
    r"become|upgrade|manage|block|mention|tag|share|import|export|report|integrate|embed|uninstall|restart|"
    r"deploy|register|rate|tip|pay|choose|select)\b(?! (?:me|us)\b)|"
    r"\b(?:call|text|message|send|email) (?:my|mom|dad|the)\b"
)

_FOREIGN_TALK = (
    r"(?:sprechen|reden|chatten|telefonieren|verbinden|verbunden|verbinde|weiterleiten|kontaktieren|hablar|"
    r"hablo|chatear|comunicar(?:me)?|"
    r"comunicarse|comunicame|comuniqueme|contactar|conectar(?:me)?|conecteme|conectame|pasar(?:me)?|paseme|"
    r"pasame|paseme|transferir(?:me)?|transfiereme|transfiera(?:me)?|"
    r"atienda|atender|parler|discuter|echanger|tchatter|joindre|contacter|passez|passer|transferez|"
    r"transferer|relation|mettez|falar|conversar|"
    r"contato|contactar|contatar|contacto|contact (?:met|avec)|conecte|transfere|transfira|passe|atendido|"
    r"atendimento|parlare|chattare|contattare|passami|passatemi|passarmi|"
    r"mettermi|mettetemi|collegami|trasferiscimi|parlo|praten|spreken|doorverbinden|doorverbonden|verbind|"
    r"bellen|spreek)"
)
_FOREIGN_WHO = (
    r"(?:menschen?|mitarbeiter(?:in|n)?|kundenberater(?:in)?|berater(?:in)?|ansprechpartner(?:in)?|"
    r"kundenservice|kundendienst|jemand(?:en|em)?|person|agent(?:en)?|"
    r"alguien|persona|humano|humana|agente|operador(?:a)?|asesor(?:a)?|representante|ejecutivo|encargado|"
    r"supervisor|"
    r"quelqu'un|personne|conseill(?:er|ere)|agent|humain|human|operateur|operatrice|responsable|etre humain|"
    r"service client|"
    r"alguem|pessoa|atendente|gerente|qualcuno|umano|operatore|operatrice|assistente|addetto|consulente|"
    r"essere umano|"
    r"iemand|mens|mensen|medewerk(?:er|ster)|persoon|klantenservice|klantendienst)"
)
_FOREIGN = re.compile(
    rf"\b{_FOREIGN_TALK} (?:(?:me|moi|sie|mich|mir|uns|nous|mij|en|contacto|contact|in|a|avec|con|com|mit|"
    rf"met|zu|an|aan|door|un|una|une|um|uma|uno|"
    rf"ein|einen|einem|einer|eine|een|echten|echte|echt|echter|real|vrai|vraie|vero|vera|ihrem|ihren|le|la|"
    rf"il|el|o|os|au|du|de|der|die|den|dem|l|l'|d'un|d'une|"
    rf"votre|su|vos|alguno|algun|alguna|verdadero|richtigen|lebenden|atencion|servicio|por|favor|se|con|ao|"
    rf"ad|humain|humano) ){{0,6}}?(?:l'|d'|un')?{_FOREIGN_WHO}\b|"
    rf"\b(?:mit|an|zu|met|aan) (?:\w+ ){{0,3}}?{_FOREIGN_WHO} (?:\w+ ){{0,3}}?{_FOREIGN_TALK}\b|"
    rf"\b(?:iemand|jemanden|een medewerker|een mens) (?:\w+ ){{0,2}}?(?:spreken|sprechen|bellen)\b|"
    rf"\b(?:quiero|necesito|prefiero|quisiera|quero|preciso|prefiro|gostaria|voglio|vorrei|ho bisogno di|"
    rf"mi serve|veux|voudrais|besoin|souhaite|"
    rf"will|mochte|brauche|moechte|wil|graag) (?:(?:d'|de|di|um|uma|un|una|une|uno|einen|eine|einem|een|le|"
    rf"den|echten|echte|echter|richtigen|realen|vrai|vraie|vero|real|"
    rf"asistencia|atencion|atendimento) )*(?:d'un |d'une )?(?:{_FOREIGN_WHO}|operatore|attention humaine|"
    rf"humaine)(?: (?:real|humano|humana|umano|umana|reale|vera|humain|reel|s'il vous plait|por favor|please|"
    rf"bitte|per favore|aub)\b.*)?$|"
    r"\b(?:atendimento|atencion|asistencia|servicio) (?:humano|humana)\b|\b(?:nicht|geen|no|pas|nao|"
    r"non) (?:\w+ ){0,3}(?:mit |met |con |avec |com )(?:\w+ )?bot\b"
)
_FOREIGN_ABOUT = re.compile(
    r"\b(?:wie kann ich|wie|como|comment|come|hoe)\b.*\b(?:hinzufugen|anlegen|agregar|anadir|ajouter|"
    r"adicionar|aggiungere|toevoegen|crear|creer|criar|creare)\b|"
    r"\b(?:nao|no|non|ne) (?:quiero|quero|voglio|veux|necesito|preciso) (?!.*\bbot\b)"
)


_MADE = re.compile(
    r"\b(?:how (?:do|can|to) (?:i |we )?(?:connect|transfer)|format|api|string|widget|list|page|screen|"
    r"settings?|sync|server|"
    r"software|time (?:data|chat|sync)|estate)\b"
)


def _wishes_person(clause: str) -> bool:
    if len(clause) > 600 or _FOREIGN_ABOUT.search(clause):
        return False
    if _NO_BOT.search(clause):
        return True
    if _ABOUT.search(clause):
        return False
    if (
        _BARE.fullmatch(clause)
        or _CALL_ME.search(clause)
        or _IS_THERE.search(clause)
        or _SOMEONE_TO.search(clause)
    ):
        return True
    if (
        _TALK_TO.search(clause)
        or (_TALK_NEAR.search(clause) and not _MADE.search(clause))
        or _GIVE_ME.search(clause)
        or _SOME_PERSON_TO_ANSWER.search(clause)
    ):
        return True
    if _HAND_OVER.search(clause) or _A_PERSON.search(clause):
        return True
    if _TEAM_WISH.search(clause) and not _TEAM_ASKED.search(clause):
        return True
    return _FOREIGN.search(clause) is not None
