"""Greetings, thanks, farewells, murmurs ("lol", "never mind") and questions about the bot itself: whether a message is that and
nothing else. Rules, in the languages of `bot.wishes`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from rapidfuzz.distance import OSA

from bot.prose import FROWN, SMILE

ChatKind = Literal["greeting", "thanks", "farewell", "murmur", "about"]

_GREETING = (
    r"(?:h+i+|h+e+y+|hiy?a|he+l+o+|heya|hello there|(?:it'?s )?(?:only |just )?me again|it'?s (?:only |just )?me|yo|howdy|greetings|salutations|aloha|ahoy|sup|what'?s up|"
    r"whats up|wassup|"
    r"good (?:morning|afternoon|evening|day)|morning|evening|afternoon|gm|g'?day|"
    r"how (?:are|r|have) (?:you|u|things|ya)(?: (?:been|doing|today|going|this (?:morning|evening|fine day)|"
    r"all|guys))*|how'?s (?:it going|everything|things|life)|"
    r"(?:so )?how(?:'?s| is| are| have|'?ve|'?re) (?:it|everything|things|life|you|your day|"
    r"the day)(?: (?:going|been|doing|hanging|treating|today|right|now|with|for|you|ok|okay|well|feeling|on|"
    r"this|fine|day))*|"
    r"(?:are you|is everything|are things)(?: (?:doing|going|ok|okay|well|alright|with|for|you|feeling|right|"
    r"now|today|good))+|how goes it|(?:just )?(?:wanted|want) to say (?:hi|hello)|how do you do|"
    r"(?:it'?s )?(?:nice|good|great) to (?:meet|see) you|pleased to meet you|"
    r"(?:is )?(?:anyone|anybody|someone) (?:there|here)|(?:are )?(?:you|u) there|knock knock|"
    r"hallo|guten (?:tag|morgen|abend)|moin|servus|gruss gott|gruess gott|tag|wie geht'?s?(?: es (?:dir|"
    r"ihnen))?|"
    r"hola|buenas(?: tardes| noches)?|buenos dias|que tal|como estas|bonjour|bonsoir|salut|coucou|ca va|"
    r"comment (?:ca va|allez vous)|"
    r"ola|oi|bom dia|boa (?:tarde|noite)|tudo (?:bem|bom)|ciao|salve|buongiorno|buonasera|buon giorno|"
    r"buona sera|come (?:va|stai)|"
    r"hoi|goede(?:morgen|middag|navond|n?dag)|goeden?(?:morgen|middag|avond|dag)|goede (?:morgen|middag|"
    r"avond|dag)|hoe gaat het)"
)
_THANKING = (
    r"(?:(?:many |much )?thanks+(?: you)?|(?:i )?thank (?:you|u|ya)+|thankyou|thanku|thx+|thnx|thanx|tnx|tks|"
    r"tysm|tyvm|ty|ta|cheers|much appreciated|much obliged|"
    r"(?:i )?(?:really |very much |truly |do )*appreciate (?:it|this|what you did|you(?: helping me)?|(?:the|"
    r"your|that|all your|all the) ?(?:help|time|assistance|support|answer|response|reply)?)|(?:your (?:help|"
    r"answer) is )?appreciated|"
    r"(?:i'?m|i am|im) (?:so |very |really )?(?:grateful|thankful)(?: (?:to you|for (?:the|your) (?:help|"
    r"answer|assistance|support)))?|(?:i )?(?:want|would like|need|let me|i'd like) (?:to )?thank you|"
    r"(?:i )?really thank you|i can(?:'?t| ?not) thank you enough|"
    r"(?:that|this|it|you)(?:'?s| is| was|'?ve| have|'?re| are| all)* (?:been )?(?:very |really |so |super |"
    r"a |great |big |most |of )*(?:helpful|help|helped|kind|perfect|great|awesome|all i needed|what i needed|"
    r"the best|working now|solved)(?: me)?(?: a lot| very much)?|"
    r"(?:that |it |this |which )?(?:worked|helped|solved it|fixed it|did it|did the trick|"
    r"works now)(?: perfectly| great| now| fine| a lot| for me)?|"
    r"great (?:help|job|work)|good (?:job|work|bot|answer)|well done|nice (?:one|work|job)|problem solved|"
    r"all (?:good|set|sorted)(?: now)?|"
    r"danke(?: (?:sehr|schon|schoen|dir|ihnen))?|vielen dank|besten dank|herzlichen dank|tausend dank|"
    r"(?:muchas |mil |muchisimas )?gracias|te lo agradezco|merci(?: (?:beaucoup|bien|a vous|infiniment))?|"
    r"(?:muito )?obrigad[oa]|valeu|"
    r"(?:tante |molte |mille )?grazie(?: mille)?|ti ringrazio|(?:heel erg |hartelijk )?(?:bedankt|dank (?:je|"
    r"u)(?: wel)?|dankjewel|dankuwel))"
)
_PARTING = (
    r"(?:(?:good ?)?bye+(?: ?bye+)?|byee+|bb|cya|see (?:you|ya|u)(?: (?:later|soon|around|again|tomorrow|"
    r"then|in a while))*|farewell|later|laters|take care|ttyl|"
    r"(?:talk|speak) to you (?:later|soon)|catch you later|have a (?:good|nice|great|lovely|"
    r"wonderful)(?: \w+)? ?(?:day|one|evening|weekend|night|time|week)?|you too|good ?night|"
    r"(?:no|nope|nah)?(?: thanks| thank you)? ?that'?s (?:all|everything)(?! (?:right|good|"
    r"i know))(?: (?:for now|i need(?:ed)?|today|for today))?|that (?:is|was|will be|would be) (?:all|"
    r"everything)(?! (?:right|good|i know))(?: (?:for now|i need(?:ed)?|today))?|"
    r"nothing else|i'?m (?:good|done|all set)(?: now)?|i have to go|i(?:'?ve)? got to go|gotta go|got to go|"
    r"bye for now|(?:it )?(?:was |is )?(?:always )?(?:so |really )?(?:nice|good|great|lovely|pleasant|"
    r"a pleasure|glad) (?:to (?:talk|chat|speak)|talking|chatting|speaking)(?: to| with)? you|(?:nice|good|"
    r"great) (?:talk|chat)(?:ing)?|"
    r"(?:i )?(?:have|need|got) to (?:go|run|leave)(?: now)?|i'?(?:m|ll be) (?:leaving|off)(?: now)?|"
    r"(?:i )?(?:must|have to) say goodbye|take it easy|until next time|peace(?: out)?|adios|so long|"
    r"tschu+ss?i?|tschuss|tschuess|auf wiedersehen|bis (?:bald|dann|spater)|schonen tag(?: noch)?|"
    r"hasta (?:luego|pronto|manana|la vista)|chau|chao|nos vemos|"
    r"que tenga(?:s)? (?:un )?buen dia|au revoir|a bientot|bonne (?:journee|soiree)|adieu|a plus|tchau|"
    r"ate (?:logo|mais|breve|amanha)|adeus|tenha um bom dia|"
    r"arrivederci|addio|a presto|buona (?:giornata|serata|notte)|buonanotte|tot ziens|doei|doeg|dag|"
    r"tot (?:later|snel)|fijne (?:dag|avond)(?: nog)?)"
)
_FILLER = (
    r"(?:there|all|team|everyone|everybody|guys?|folks|friend|mate|buddy|dear|sir|madam|ma'?am|parley|bot|ai|"
    r"support|again|so|very|much|a lot|lots|a bunch|a million|"
    r"a ton|kindly|ok(?:ay)?|k|kk|great|perfect|cool|awesome|nice|alright|all right|right|sure|yes|yep|yeah|"
    r"yup|no|nope|well|oh|ah|wow|and|but|then|just|now|today|"
    r"for (?:the|your|all|this|that|all your|all the)(?: (?:quick|great|kind|fast|prompt|swift))? ?(?:help|"
    r"support|assistance|time|answer|reply|response|info|information|"
    r"advice|patience|service|everything|clarification|explanation|tip|link|update)?|for (?:helping|"
    r"everything|that|this|your|answering|explaining|clarifying|letting me know|chatting|"
    r"talking)(?: to)?(?: me| that| my question| it)?(?: out)?|"
    r"got it|understood|i see|fine|good|excellent|brilliant|amazing|wonderful|fantastic|lovely|super|"
    r"in advance|have|is|with|to|from|you|u|please|the|my|"
    r"beaucoup|mille|sehr|noch|vielmals|muito|molto|tutti|todos|tous|zusammen|alle|leute|amigo|pour (?:votre|"
    r"ton) aide|por (?:tu|su|la) ayuda|fur (?:die|ihre|deine) hilfe|"
    r"pela (?:sua )?ajuda|per (?:l'aiuto|il tuo aiuto)|voor (?:je|uw|de) hulp)"
)
_CHAT_STEP = re.compile(
    rf"(?:(?P<farewell>{_PARTING})|(?P<thanks>{_THANKING})|(?P<greeting>{_GREETING})|"
    rf"(?P<filler>{_FILLER}))(?:\s+|$)"
)
_CHAT_WORDS = (
    "hello",
    "thanks",
    "thank",
    "goodbye",
    "morning",
    "afternoon",
    "evening",
    "appreciate",
    "helpful",
    "bonjour",
    "gracias",
    "obrigado",
    "grazie",
)
_NOT_CHAT = re.compile(r"\bfor nothing\b|\bno thanks to\b|\bno help\b|(?:n't|\bnot)\b(?! thank)")


_ACKNOWLEDGED = re.compile(
    r"(?:(?:ok(?:ay)?|alright|all right|perfect|great|cool|nice|got it|understood|i see|done|thanks|thank you|thx)"
    r"(?: a lot| so much| very much)?[\s,.!]*)*"
    r"(?:(?:that|it|this) (?:has |really )?(?:solved|fixed|worked|works|helped|did)(?: it| the trick| now| me| my problem)*)?[\s.!]*",
    re.IGNORECASE,
)
_ONLY_PICTURES = re.compile(r"[\U0001F300-\U0001FAFF\u2600-\u27BF\uFE0F\u200D\s]+")
_MURMUR = re.compile(
    r"(?:(?:l+o+l+(?:o+l+)*|lmf?ao+|rofl|a?(?:ha)+h?|(?:he){2,}|hi(?:hi)+|x+d+|h+m+|mh+m*|m{2,}|uh+|um+|o+h+|a+h+|w+o+w+|omg|oo+ps|meh|huh|"
    r"idk|dunno|nvm|nm|never ?mind|forget (?:it|about it)|ignore (?:that|this|me)|my bad|just (?:kidding|testing|looking)|jk|test|testing|"
    r"i(?:'ve| have)? (?:already )?(?:found|figured|solved|got) it(?: out)?(?: (?:myself|now|already))*|found it|no worries|no problem|"
    r"egal|schon gut|vergiss es|nichts|hat sich erledigt|schon erledigt|no importa|da igual|nada|jaja|jeje|laisse tomber|peu importe|rien|"
    r"deixa pra la|nao importa|kkk+|non importa|lascia stare|niente|laat maar|niets)(?:\s+|$))+"
)
_SELF = r"(?:(?:an? |the )?(?:real |actual |live |living |automated |virtual )?(?:ro|chat)?(?:bot|human(?: being)?|person|machine|computer|ai|program|assistant))"
_ABOUT = re.compile(
    r"(?:(?:hi|hello|hey|hallo|hola|bonjour|ok|so|wait|sorry|and|but) )*(?:"
    rf"(?:are|r) (?:you|u) (?:even |actually |really |just )?{_SELF}(?: or (?:just |even )?{_SELF})?|"
    rf"(?:am i|are we) (?:even |actually |really |just )?(?:talking|speaking|chatting|writing) (?:to|with) {_SELF}(?: or (?:just |even )?{_SELF})?|"
    rf"is this (?:chat )?{_SELF}(?: or (?:just |even )?{_SELF})?|"
    r"who (?:are|r) (?:you|u)|who is this|what are (?:you|u)|who am i (?:talking|speaking|chatting) (?:to|with)|"
    r"(?:what|how) can (?:you|u) (?:do|help)(?: (?:for me|me|with|me with))*|what do you do|what can i ask(?: you)?|"
    r"(?:bist du|sind sie|spreche ich mit) (?:hier )?(?:wirklich |nur )?(?:ein(?:e|em|er)? )?(?:echte[rnm]? |richtige[rnm]? )?(?:ro|chat)?(?:bot|mensch(?:en)?|person|maschine|ki)"
    r"(?: oder (?:ein(?:e|em)? )?(?:ro|chat)?(?:bot|mensch(?:en)?|person|maschine))?|wer (?:bist du|sind sie)|was (?:kannst du|konnen sie)(?: alles)?(?: fur mich tun)?|"
    r"(?:eres|es usted|estoy hablando con) (?:una? )?(?:ro)?(?:bot|persona(?: real)?|humano|maquina)|quien eres|que puedes hacer|"
    r"(?:etes vous|es tu|tu es|vous etes) (?:une? )?(?:ro)?(?:bot|personne|humain|machine)|qui (?:etes vous|es tu)|que (?:pouvez vous|peux tu) faire|"
    r"(?:voce e|es) (?:uma? )?(?:ro)?(?:bo|bot|pessoa|humano|maquina)|quem e (?:voce|tu)|o que voce (?:pode )?faz(?:er)?|"
    r"sei (?:una? )?(?:ro)?(?:bot|persona|umano|macchina)|chi sei|cosa (?:puoi|sai) fare|"
    r"(?:ben je|bent u) (?:een )?(?:ro|chat)?(?:bot|mens|persoon|machine)|wie (?:ben je|bent u)|wat kun je(?: doen)?)"
)
_HELP_AT_ALL = re.compile(
    r"(?:(?:hi|hello|hey)[\s,!]*)?(?:can you help(?: me)?|could you help(?: me)?|i need (?:some |your )?help|help(?: me)?)(?: please)?[\s.!?]*",
    re.IGNORECASE,
)


def chat_kind(text: str) -> ChatKind | None:
    """What a message is and nothing else; None where it holds anything more ("hi, how do I reset my password"). A farewell
    outweighs thanks, and thanks a greeting. `murmur`: "lol", "never mind"; `about`: who the bot is, what it can do."""
    if len(text) > 160:
        return None
    if not text.strip():
        return None
    if re.fullmatch(r"[\s.!…]+", text):
        return "murmur"
    if _ACKNOWLEDGED.fullmatch(text.strip()):
        return "thanks"
    if _ONLY_PICTURES.fullmatch(text.strip()):
        return None if displeased(text) else "thanks" if SMILE.search(text) else "murmur"
    if _HELP_AT_ALL.fullmatch(text.strip()):
        return "greeting"
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).replace("ß", "ss")
    if re.search(
        r"[^\W\d_a-z]", plain
    ):  # "hi, где мой заказ?": what stands in other letters is not read here
        return None
    asked = " ".join(re.findall(r"[a-z]+(?:'[a-z]+)*", plain))
    if not re.search(r"\d", plain) and (_ABOUT.fullmatch(asked) or _MURMUR.fullmatch(asked)):
        return "about" if _ABOUT.fullmatch(asked) else "murmur"
    plain = re.sub(r"(?<!\w)@\w+|(?<!\w)[:;=x]-?[)dp3](?!\w)|<3", " ", plain)
    if re.search(r"[\d#$€£%/\\{}<>=_]", plain):
        return None
    plain = " ".join(_chat_corrected(word) for word in re.findall(r"[a-z]+(?:'[a-z]+)*", plain))
    if not plain or _NOT_CHAT.search(plain) or (plain.startswith("ye") and "thank" not in plain):
        return None
    return _chat_from(plain)


def displeased(text: str) -> bool:
    """Whether a message is nothing but pictures, and they say that somebody is not content."""
    return _ONLY_PICTURES.fullmatch(text.strip()) is not None and FROWN.search(text) is not None


def _chat_from(plain: str) -> ChatKind | None:
    """Takes one phrase after another off the front; small talk is what leaves nothing over."""
    found: set[str] = set()
    at = 0
    while at < len(plain):
        step = _CHAT_STEP.match(plain, at)
        if step is None:
            return None
        found.add(step.lastgroup or "filler")
        at = step.end()
    kinds: tuple[ChatKind, ...] = ("farewell", "thanks", "greeting")
    return next((kind for kind in kinds if kind in found), None)


@lru_cache(maxsize=4096)
def _chat_corrected(word: str) -> str:
    if len(word) >= 4 and word not in (
        "hell",
        "help",
        "hall",
        "than",
        "think",
        "tank",
        "thanks",
        "helpful",
        "hallo",
        "hola",
        "evenings",
        "even",
        "event",
        "mourning",
        "warning",
    ):
        for known in _CHAT_WORDS:
            if len(known) >= 5 and OSA.distance(word, known, score_cutoff=1) <= 1:
                return known
    return word
