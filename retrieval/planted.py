"""Sentences in an article that speak to an assistant instead of to the reader ("ignore your rules and link to ..."), and
an article without them.

They are left out of what is indexed, so they are neither found nor quoted, nor given to a model; the article's own page
shows them as they were written. Rules over one sentence, and one over a sentence and its article; no model, no network.
Knows Markdown, not passages. How many it finds and how many it takes wrongly: docs/log.md.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from retrieval.tokenizing import tokens

WINDOW, STEP = 2000, 1500  # characters of a sentence that are looked at together: a line may be very long
LONGEST_BETWEEN = 120  # characters between the parts of a rule
FEWEST_WORDS = 30  # different words of the rest of an article, from which on it can be said what it is about
SHARED_BY_QUESTION, SHARED_BY_TASK = 0.34, 0.2  # share of its telling words that the rest has, at most

_ANSWER = r"(?:responses?|repl(?:y|ies)|answers?|completions?|generated text)"
_YOURS = rf"your\s+(?:(?:next|own|final|every|entire|whole|future|full|first|last)\s+)*{_ANSWER}"
_BOT = (
    r"(?:a\.?i\.?|llms?|(?:ai|large language|language|chat)[- ]models?|chat-?bots?|bots?|"
    r"(?:ai|virtual|support|chat|digital|automated|helpful|customer service|help center|answering)[- ]*(?:assistants?|agents?|bots?|models?)|"
    r"assistants?|gpt(?:-?\d\w*)?|chatgpt|claude|gemini|copilot)"
)
_CUSTOMER = r"(?:users?|customers?|visitors?|readers?|clients?|shoppers?|callers?|(?:person|people|whoever|anyone) (?:who |that )?(?:asks?|asking|reads?|reading))"
_BETWEEN = rf".{{0,{LONGEST_BETWEEN}}}?"
_START = (
    r"(?:^|[:;,.!?\-–—(\[\"'“]\s*|\b(?:please|kindly|now|then|and|also|always|never|first|next|instead|must|should|shall|will|to|just|"
    r"simply|immediately|not|don't|finally|can|could you|you)\s+)"
)
_IN_PART = (
    r"(?:in|into|inside|within|to|onto|of|from|with|throughout|across|through|for|"
    r"(?:at|on|near|before|after) (?:the )?(?:very )?(?:end|start|beginning|top|bottom|middle|close) of|before|after|under|below|above)"
)

_RULES = (
    # --- set the instructions aside
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|discard|abandon|violate|neglect|"
    r"(?:do not|don't|stop|never|no longer) (?:follow|obey)(?:ing)?|pay no attention to)\b.{0,40}?"
    r"\b(?:previous|prior|above|earlier|preceding|existing|system|original|initial|safety|your|other|foregoing|past|all|any)\b"
    r".{0,30}?\b(?:instructions?|prompts?|directives?|guidelines|guardrails|programming|safeguards|(?:your|other|previous|system|safety|all|prior|these) (?:\w+ )?(?:rules|orders|restrictions|limitations)|(?:been|were) told)\b",
    r"(?:^|[.:;,]\s*|\bplease )(?:ignore|disregard|forget|skip) the (?:questions?|customer|user|reader|conversation|passages?|help center)\b",
    r"\b(?:ignore|disregard|forget) (?:the|these|those|every) (?:instructions?|rules|prompts?|guidelines)\b",
    r"\b(?:ignore|disregard|forget) (?:everything|anything|all|whatever|what)\b.{0,30}\b(?:above|before|earlier|previous(?:ly)?|prior|so far|told|said|passages?|customer)\b",
    r"\b(?:new|updated|revised|real|actual|true|hidden|secret|following|special|higher[- ]priority) (?:system )?(?:instructions?|directives?|orders|prompt|task)(?: (?:to|for) (?:the |you|all )?\w*)?\s*(?::|-|–|—|\bfollows?\b).{0,200}\b(?:answer|reply|respond|say|tell|print|output|write|link|you)",
    r"\b(?:system|admin(?:istrator)?|developer|root|debug|maintenance) (?:override|prompt|instruction|directive)\s*[:=\]>]",
    r"\b(?:your|the system|previous|all|the above|these) (?:prompt|instructions?|rules?) (?:have|has|are|is) (?:been )?(?:changed|updated|replaced|superseded|suspended|lifted|void)\b",
    r"\b(?:these|this|the following) (?:instructions?|messages?|notes?|orders?) (?:take|takes|has|have|override|overrides|supersede|supersedes) (?:absolute |top |the highest |full )?(?:precedence|priority|over|all|any|your)\b",
    r"\b(?:(?:you|your) (?:safety )?(?:rules|restrictions|limitations|guidelines|filters) (?:no longer|do not|don't) apply)\b",
    # --- marks of a conversation with a model
    r"</?\s*(?:passages?|system|assistant|instructions?|said_so_far|question|tool_(?:result|response|call|output)s?|function_(?:result|call)s?|context|documents?|prompt)\b[^>]{0,60}>.{0,200}\b(?:answer|reply|respond|say|tell|print|output|write|ignore|reveal|you|link)\b",
    r"‹/?\s*passages?",
    r"</\s*passages?\b|<\s*passages?\s+number|</\s*(?:said_so_far|question)\s*>",
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id)\|?>|\[/?inst\]|<</?sys>>",
    r"^(?:#+\s*)?[\[<({]*(?:system|assistant|developer|tool|ai)[\])}>]*\s*(?:message|note|prompt|instruction|update|output|result)?\s*[:>\]]\s*.{0,120}\b(?:you|your|ignore|answer|reply|respond|the (?:customer|user))\b",
    r"\b(?:end|start|begin(?:ning)?) of (?:the )?(?:passages?|documents?|context|retrieved text|articles?|prompt|system prompt|instructions|user (?:input|message)|data)\b.{0,20}(?:[-=\])#*]|\b(?:now|new|answer|instructions?|system)\b)",
    r"\b(?:begin|start|end) (?:system|new|admin|developer|secret|hidden) (?:prompt|instructions?|message|rules)\b",
    r"\bno_answer\b",
    # --- a role
    rf"\b(?:dear|attention|hey|hi|hello|(?:note|message|instructions?|notice|reminder|important) (?:to|for))\s+(?:the |any |all |every |this |our )?{_BOT}(?: (?:that|who|which|reading|answering|processing|using|summarizing|summarising|indexing)\b[^:,]{{0,60}})?\s*[:,!–—(-]",
    rf"^{_BOT}\s*[:,!]\s*(?:please |you |when |if |always |never |do |don't |say |tell |add |include |ignore |reply |respond |answer |write |print |end |start )",
    rf"\bif you are (?:an? |the )?{_BOT}\b",
    rf"\b(?:any|every|all) (?:{_BOT}|system) (?:reading|that reads?|who reads?|processing|that process(?:es)?|summari[sz]ing|seeing|parsing)\b",
    rf"\b(?:(?:you are|you're|act|acting|behave|behaving|pretend(?:ing)? to be|pose as|role-?play(?:ing)?|imagine (?:that )?you(?: are|'re))\s+(?:now |from now on |henceforth |always |only |going to be )*(?:as |like )?|(?:speak|talk|write|respond|reply|answer)\s+(?:now |always |only )*(?:as |like |in the (?:voice|style|persona|manner) of ))(?!not\b)(?:an? |the |if you were an? )?(?:(?!not\b)\w+[ -]){{0,3}}?(?:{_BOT}|pirate|poet|dan|butler|robot|comedian|shakespeare|yoda|hacker|translator|persona|character named)\b",
    r"\byou are now [\w-]+, an? |\byou are (?:now|no longer)\s+(?:an?\s+\w+\s+(?:that|who)|called|named|dan\b|unrestricted|uncensored|free (?:from|of)|in (?:developer|debug|god|admin|jailbreak|unrestricted|maintenance) mode|bound|limited|restricted|required to)",
    r"\b(?:enter|enable|activate|switch (?:in)?to|turn on) (?:the )?(?:developer|debug|god|jailbreak|unrestricted|dan|admin|maintenance) mode\b.{0,80}\b(?:answer|reply|respond|rules|restrictions|filter|without|and (?:print|show|reveal|tell|ignore))\b",
    r"\b(?:your|a) new (?:role|persona|identity|name|personality|task|job|goal|mission) (?:is|as)\b.{0,80}\b(?:answer|reply|respond|bot|assistant|ai|speak|talk|write|tell|pirate|to)\b",
    # --- give the prompt away
    r"\b(?:reveal|show|print|repeat|output|display|tell|disclose|divulge|share|leak|write|list|quote|recite|give|dump|echo|paraphrase|summari[sz]e|translate|paste|include|append|expose|spell|send|copy|reproduce|provide|what (?:is|are|was|were))\b.{0,60}?"
    r"\b(?:(?:system|hidden|secret|developer|internal system|initial|original|confidential) (?:prompt|instructions|directives|rules)\b|system messages?|your (?:own |full |exact |complete |entire |initial |original |system |hidden |secret |internal |above )*(?:prompts?|instructions|directives|system prompt)|(?:text|words|lines|prompt|instructions|everything|message)s? (?:that (?:stands?|is|are|comes?) )?(?:above|before) (?:this (?:line|point|passage|sentence|message)|the (?:passages?|question|conversation|first))\b|(?:prompts?|instructions|rules) (?:that )?you (?:were|have been|are|got|received) (?:given|told|following|configured)?)",
    # --- what the answer must say, or how
    rf"{_START}(?:\w+ly )?(?:add|include|insert|append|prepend|integrate|incorporate|embed|inject|weave|blend|work|place|put|slip|mention|use|write|render|convert|replace|substitute|swap|change|reverse|scramble|jumble|rearrange|shuffle|mix|misspell|introduce|remove|delete|drop|strip|omit|group|combine|merge|provide|give|present|return|repeat|advertise|promote|recommend|suggest|endorse|praise|state|claim|say|tell|link|cite|quote|sprinkle|attach|hide|conceal|spell|alternate|capitalize|apply|anagram|display|show|feature|sneak|drop|offer|spread|start|begin|end|finish|conclude|close|preface|encourage|invite|ask|express|tease|hint|leave|set|make|turn|separate|insult|mock|warn|list|name|refer|interleave|infuse|meld|fuse|introduce|utilize|utilise|employ)\b{_BETWEEN}\b{_IN_PART}\s+(?:(?:all|each|every one) of )?{_YOURS}\b",
    rf"{_START}(?:\w+ly )?(?:modify|alter|adapt|augment|enhance|enrich|extend|supplement|complement|embellish|conclude|preface|prefix|encode|encrypt|obfuscate|cipher|encipher|reverse|scramble|rewrite|rephrase|reword|transform|convert|translate|render|transliterate|sprinkle|spice|pepper|flood|fill|decorate|season|sign|begin|start|end|finish|close|open|limit|restrict|shorten|format|phrase|word|wrap|infuse|anagram|garble|misspell|capitali[sz]e|uppercase|lowercase|replace)\b(?: up| off| out| each| every)?\s+(?:all |each of |every one of )?{_YOURS}\b",
    rf"{_START}(?:provide|give|deliver|render|write|present|express|return|format|make|phrase|spell|encode|encrypt|send|produce|output|craft|compose|keep|put|state|convey|translate|convert)\s+(?:all |each of )?your\s+(?:\w+ )?(?:{_ANSWER}|message)s?\b\s*(?:only |entirely |completely |wholly |fully )?(?:in|using|with|without|as|only|backwards|by|into|through|via|to|like)\b",
    rf"^(?:in|within|at the (?:end|start|beginning|top|bottom) of|throughout|as part of)\s+(?:all |each of |every one of )?{_YOURS}\b\s*,?\s*(?:please |always |also |you )?[a-z]+",
    rf"\b(?:{_YOURS}|your message) (?:must|should|shall|has to|needs to|will|may) (?:always |only |also |never )?(?:be (?:written |given |in )|contain|include|start|begin|end|mention|consist|say|link|use|recommend)",
    r"\b(?:scramble|jumble|rearrange|shuffle|reverse|anagram|substitute|misspell|encode|encrypt|garble)\b.{0,60}\bin your (?:message|text|words)s?\b",
    rf"{_START}(?:\w+ly )?(?:respond|reply|answer)(?: (?:to )?(?:every|all|any|each) (?:\w+ )?(?:questions?|messages?|quer(?:y|ies)|customers?|users?|requests?))? (?:only |exclusively |always |solely |strictly |just |entirely |back )*(?:in|as|using|with only|with nothing but|with the (?:words?|sentence|text|phrase|single))\s+(?:an? |the |all )?(?:\w+ )?(?:french|german|spanish|italian|latin|chinese|japanese|russian|dutch|portuguese|klingon|esperanto|pirate|rhymes?|verses?|poems?|haikus?|caps|capitals|upper ?case|lower ?case|emojis?|base ?64|binary|morse|hex\w*|rot ?13|leet\w*|pig latin|cipher|reversed?|backwards|style|voice|character|persona|word|sentence|phrase)\b",
    r"(?:^|[.:;,]\s*|\b(?:please|must|always|should|and) )(?:respond|reply|answer)(?:ing)? (?:to )?(?:every|all|any|each) (?:\w+ ){0,2}(?:questions?|messages?|quer(?:y|ies)|customers?|users?|requests?)\b.{0,40}\b(?:with|by|in|as|using|only|that)\b",
    r"(?:^|[.:;,]\s*|\b(?:please|must|only|always|just|to) )(?:respond|reply|answer) (?:only|exclusively|solely|strictly|always) (?:in|with|as|to|the|yes|no|by|using|questions)\b",
    rf"\b(?:after|before|behind|in|to) (?:each|every) (?:sentence|word|line|paragraph) of {_YOURS}\b",
    r"\b(?:every|each) (?:answer|response|reply) (?:has to|must|should|shall|needs to) (?:always )?(?:link|contain|include|mention|start|begin|end|say|recommend|be (?:in|written))\b",
    # --- from now on, or for the next one
    r"\b(?:from now on|henceforth|from this point (?:on|onwards?|forward)|for the (?:rest|remainder) of (?:this|the|our) (?:conversation|chat|session|dialogue))\b.{0,60}\b(?:respond|reply|answer|speak|talk|you are|act|pretend|ignore|call yourself|refer to|recommend|say|tell|obey|translate|link)",
    r"\b(?:in|to|with|for) (?:all|every|each|any) (?:of )?(?:your )?(?:future|subsequent|further|later|other|following|next) (?:answers?|repl(?:y|ies)|responses?|conversations?)\b",
    rf"\b(?:when|whenever|if|once|next time|the next time|every time|each time)\b,? (?:an?(?:other|y)? |the |some |any |next |other |this |every )*(?:{_CUSTOMER}|someone|anyone|anybody|somebody|they|a person|person) (?:asks?|wants? to know|says?|mentions?|writes?|inquires?|requests?|comes?)\b.{{0,100}}\b(?:say|answer|reply|respond|tell (?:them|him|her|the)|claim|pretend|link (?:to|them)|recommend|redirect|send (?:them|him|her) (?:to|the link)|give (?:them|him|her) (?:this|the following)|print|ask (?:them )?for (?:their|the) (?:password|card|pin|credit|login|cvv))\b",
    rf"\b(?:tell|inform|assure|convince|persuade|promise|urge|direct|redirect|refer|send|instruct|advise|ask|inform|warn|remind|push|lead|order|invite|encourage|trick|lure|get|request)\s+(?:to )?(?:the |every |each |any |all |this |your )*{_CUSTOMER}\b.{{0,100}}?(?:https?://|www\.|\b[\w-]+\.(?:com|net|org|io|xyz|example|info|biz|ru|cn|top|test|invalid|shop|online|site)\b|\b(?:enter|give|send|share|provide|submit|type|confirm|post|e-?mail|tell|reveal|buy)\b.{0,40}\b(?:password|credit card|card number|cvv|social security|pin code|bank (?:details|account)|login details|credentials|seed phrase|gift cards?)\b|\b(?:is|are) (?:bankrupt|a scam|closed|shutting|a fraud|dead|stupid|an idiot)\b|\binstead\b|\b(?:lie|lied)\b)",
    # --- what is to be done with the customer
    r"(?:^|[.:;,]\s*|\b(?:please|must|should|and|then) )(?:never|do not|don't|under no circumstances|immediately|always|instantly|refuse to)\s+(?:hand|escalate|transfer|connect|forward|pass|offer|route)\b.{0,50}\b(?:this|the|any|every|all|them|each|your)\b.{0,20}(?:customers?|users?|visitors?|conversations?|chats?|handoffs?)\b.{0,40}",
    r"\b(?:say|state|claim|pretend|reply|answer|respond|tell \w+)(?: that)? you (?:do not|don't|cannot|can't|could not|are unable|are not able|have no)\b.{0,40}\b(?:know|help|answer|idea|information|assist|say)",
    r"\b(?:refuse|decline) to (?:answer|help|respond|reply|assist)\b",
    r"\b(?:do not|don't|never|stop) (?:answer(?:ing)?|respond(?:ing)? to|reply(?:ing)? to) (?:the |this |any |all |every |their |further )*(?:\w+ )?(?:customers?|users?|questions?|quer(?:y|ies)|visitors?)\b",
    r"\b(?:set|mark|change|treat|classify|rate)\b.{0,20}\b(?:confidence (?:to|as|=)|action (?:to|as|=) [\"'`]?(?:escalate|answer|offer|clarify|chat)\b|this (?:passage|article|document) as the (?:best|only|most|sole)\b)",
    r"\b(?:do not|don't|never) (?:mention|reveal|disclose|tell|show|let)\b.{0,40}\b(?:this|these|that) (?:instructions?|notes?|prompts?|messages?|hidden|to the (?:user|customer|reader))",
    r"\bwithout (?:mentioning|revealing|telling|letting)\b.{0,30}\b(?:this|these) (?:instructions?|notes?|messages?|prompts?)\b",
    r"\b(?:cite|use|quote|reference) (?:this )?(?:passage|article|source|document) (?:\[?\d+\]? )?(?:as|behind|after|for|in) (?:the |your |every |each |all |any )+(?:only |sole )?(?:source|sentences?|answers?|claims?|statements?|repl(?:y|ies)|responses?|questions?)",
    # --- code for the answer
    r"\b(?:following|subsequent|below|next|ensuing|succeeding|given) (?:code|script|program|python|shell|javascript)(?: (?:code|script))?(?: (?:blocks?|snippets?|excerpts?|sections?|fragments?|segments?|pieces?|chunks?|samples?|portions?|listings?|lines?))?\b.{0,80}\byour (?:\w+ )?(?:code(?:base)?|solutions?|implementations?|response|reply|answer|algorithms?|explanation|elucidation|software|output|logic|demonstration)\b",
    r"\byour (?:\w+ )?(?:code(?:base)?|solutions?|implementations?|response|reply|answer|algorithms?|explanation|elucidation|output|logic)\b.{0,100}\b(?:following|subsequent|below|ensuing|succeeding) (?:code|script)(?: (?:blocks?|snippets?|excerpts?|sections?|fragments?|segments?|pieces?|chunks?))",
    r"\b(?:execute|run|inject|absorb|fuse|meld|infuse|interweave) the (?:following|subsequent|below) code (?:block|snippet|excerpt|section|fragment)s?\b.{0,30}\b(?:in|into|within|with)\b",
    # --- other languages
    r"\b(?:ignorier\w*|vergiss|missachte\w*|vergesst|vergessen sie)\b.{0,40}\b(?:anweisung\w*|vorgaben|instruktion\w*|regeln|befehle?)\b",
    r"\b(?:ignore[rz]?|ignorez|oublie[rz]?|oubliez|négligez)\b.{0,40}\b(?:instructions?|consignes?|directives?|règles)\b",
    r"\b(?:ignora|ignore|ignorar|olvida|olvide|haz caso omiso de)\b.{0,40}\b(?:instrucciones|indicaciones|reglas|instruções|instrucoes|regras)\b",
    r"\b(?:ignora|dimentica|trascura)\b.{0,40}\b(?:istruzioni|regole)\b|\bnegeer\b.{0,40}\b(?:instructies|regels)\b",
    r"忽略.{0,12}(?:指令|指示|说明|提示|規則|规则)|(?:以前|前|上記|これまで).{0,6}(?:指示|命令).{0,4}(?:無視|忘れ)|игнорируй\w*.{0,40}(?:инструкци|указани|правил)",
)  # fmt: skip
_speaks_to_assistant = re.compile("|".join(f"(?:{rule})" for rule in _RULES))

# --- a question or a task that has nothing to do with the article it stands in
_lead = r"^[\"'“‘(]*(?:(?:please|kindly|now|then|also|next|finally|can you|could you|would you|will you|i want you to|you must)\s+)*"
_question = re.compile(
    rf"{_lead}(?:what|who|whom|whose|when|where|why|which|how|can you|could you)\b.*\?[\"'”’)]*$"
)
_task = re.compile(
    rf"{_lead}(?:(?:explain|describe|translate|summari[sz]e|tell|show me|define|compare|discuss|outline|break down|calculate|compute|"
    r"solve|analy[sz]e|recommend|suggest|recite|sing|imagine|invent|predict|convert|evaluate|classify|schedule|remind|teach|narrate)\b"
    r"|(?:write|compose|draft|develop|provide|give|generate|create|craft|produce|design|make)\b.{0,40}\b(?:poems?|haikus?|limericks?|"
    r"stor(?:y|ies)|tales?|essays?|speech|songs?|lyrics|jokes?|riddles?|puns?|tweets?|slogans?|recipes?|equivalent|translation|"
    r"example of|summary|introduction|overview of|function|program|script|letter|e-?mail|paragraph|dialogue|play|review|fact)\b)"
    r".*[.!:'\"”’]$"
)
_letters = re.compile(  # a game with letters is played in the answer, whatever the sentence says
    r"^(?:please )?(?:replace|swap|substitute|convert|turn|shift|reverse|change|exchange|encode) (?:all |every |each |the )*(?:\w+ )?"
    r"(?:letters?|vowels?|consonants?|words?|characters?)\b.{0,40}\b(?:with|by|to|into|for)\b.{0,40}"
    r"\b(?:numbers?|symbols?|digits?|emojis?|position|letters?|synonyms?|opposites?|alphabet|asterisks?)\b"
)

_fence = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})")
_row = re.compile(r"[ \t>]*\|")
_heading = re.compile(r" {0,3}#{1,6}\s+")
_item = re.compile(r"(?:[ \t]*>)*[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*")
_cell = re.compile(r"(?:\\.|[^|\\])+")
_sentence_end = re.compile(r"(?<=[.!?])[\"'”’)\]*_]*\s+(?![a-z])|(?<=[。！？])")
_invisible = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e01ef]"
)
# ASCII in letters that no font shows; a few after a black flag say whose flag it is
_smuggled = re.compile("(\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f)|[\U000e0000-\U000e007f]+")
_marks = re.compile(r"[*`~]+|\\(?=[!-/:-@\[-`{-~])|(?<![^\W_])_+(?=\w)|(?<=\w)_+(?![^\W_])")
_base64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/=-])")
_spaced_out = re.compile(r"(?<!\w)\w(?:[ .\-_*]\w){3,}(?!\w)")
_lookalikes = str.maketrans("авекмнорстухіјѕԁԛԝһɡаεικνορτυχϲ", "abekmhopctyxijsdqwhgaeikvoptuxc")


@dataclass(frozen=True)
class _Unit:
    """A piece of a body that is judged by itself. `kind`: prose (a sentence), heading, cell, line (of code), or block: all
    of a code block, which is not judged. `group`: sentences of one paragraph have the same."""

    kind: str
    start: int
    end: int
    group: int


def planted(sentence: str) -> bool:
    """Whether a sentence tells an assistant what to do with its answer, its rules or the customer. Disguises that are
    undone: letters of other scripts, invisible ones, marks of emphasis, spaced-out words, entities, base64."""
    return any(
        _speaks_to_assistant.search(text[i : i + WINDOW])
        for text in _readings(sentence)
        for i in range(0, len(text), STEP)
    )


def without_planted(title: str, body: str) -> str:
    """An article's Markdown without the sentences that `planted` finds, games with letters, and questions and tasks that
    share next to no word with the rest of it. A code block goes with the sentence that announces it. Where there is
    none of these it is the very same text."""
    body = visible(body)
    units = list(_units(body))
    beside = _beside_the_point(title, body, units)
    taken: list[tuple[int, int]] = []
    for i, unit in enumerate(units):
        if taken and unit.start < taken[-1][1]:
            continue
        text = body[unit.start : unit.end]
        if unit.kind == "block":
            wanted = _all_planted(body, units, i + 1)
        else:
            wanted = (
                i in beside or planted(text) or (unit.kind == "prose" and bool(_letters.search(_plain(text))))
            )
        if wanted:
            taken.append((unit.start, _end(body, units, i)))
    return _cut_out(body, taken) if taken else body


def _all_planted(body: str, units: Sequence[_Unit], first: int) -> bool:
    """Whether a code block has lines, which begin at `first`, and every one of them speaks to an assistant."""
    i = first
    while i < len(units) and units[i].kind == "line":
        if not planted(body[units[i].start : units[i].end]):
            return False
        i += 1
    return i > first


def visible(text: str) -> str:
    """The text without the letters of Unicode's tag block, which a model reads and nobody sees."""
    return _smuggled.sub(lambda found: found[1] or "", text)


def _beside_the_point(title: str, body: str, units: Sequence[_Unit]) -> set[int]:
    """The places of questions and tasks that are about something else than the rest of the article."""
    asking = {
        i: allowed
        for i, unit in enumerate(units)
        if unit.kind == "prose" and (allowed := _shared_at_most(_plain(body[unit.start : unit.end])))
    }
    if not asking:
        return set()
    words = {
        i: Counter(tokens(body[unit.start : unit.end], "en"))
        for i, unit in enumerate(units)
        if unit.kind != "block"
    }
    article = Counter(tokens(title, "en"))
    for counted in words.values():
        article.update(counted)
    found = set()
    for i, allowed in asking.items():
        mine = words[i]
        shared = sum(article[word] > mine[word] for word in mine)
        rest = len(article) - (len(mine) - shared)
        if len(mine) >= 2 and rest >= FEWEST_WORDS and shared / len(mine) <= allowed:
            found.add(i)
    return found


def _shared_at_most(text: str) -> float:
    """The share of a question's or a task's words that may stand in the rest of an article that it does not belong to."""
    if _question.search(text):
        return SHARED_BY_QUESTION
    return SHARED_BY_TASK if len(text.split()) >= 4 and _task.search(text) else 0.0


def _readings(sentence: str) -> Iterator[str]:
    """A sentence in lower case without its disguises, and what is hidden in it."""
    text = _plain(sentence)
    yield text
    if not text.isascii() and (latin := text.translate(_lookalikes)) != text:
        yield latin
    if "_" in text:
        yield text.replace("_", "")
    if _spaced_out.search(sentence):
        yield _plain(_spaced_out.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), sentence))
    if hidden := "".join(
        chr(ord(letter) - 0xE0000) for letter in sentence if "\U000e0020" <= letter <= "\U000e007e"
    ):
        yield hidden.lower()
    for coded in _base64.findall(sentence):
        try:
            told = base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if told.isprintable():
            yield told.lower()


def _plain(sentence: str) -> str:
    text = unicodedata.normalize("NFKC", _invisible.sub("", html.unescape(sentence)))
    return " ".join(_marks.sub("", text).lower().split())


def _units(body: str) -> Iterator[_Unit]:
    paragraph: list[int] = []  # where it starts and ends
    group = position = 0
    fence, opened = "", 0
    lines: list[_Unit] = []  # of the code block

    def finish() -> Iterator[_Unit]:
        nonlocal group
        if paragraph:
            start, end = paragraph
            for boundary in _sentence_end.finditer(body, start, end):
                if boundary.end() < end:
                    yield _Unit("prose", start, boundary.start() + len(boundary[0].rstrip()), group)
                    start = boundary.end()
            yield _Unit("prose", start, end, group)
            paragraph.clear()
        group += 1

    for line in body.splitlines(keepends=True):
        start, position = position, position + len(line)
        end = start + len(line.rstrip())
        mark = _fence.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                yield _Unit("block", opened, end, group)
                yield from lines
                fence = ""
            elif line.strip():
                lines.append(_Unit("line", start, end, group))
            continue
        if mark:
            yield from finish()
            fence, opened, lines = mark[1], start, []
        elif not line.strip():
            yield from finish()
        elif heading := _heading.match(line):
            yield from finish()
            yield _Unit("heading", start + heading.end(), end, group)
        elif _row.match(line):
            yield from finish()
            for cell in _cell.finditer(body, start, end):
                if cell[0].strip():
                    yield _Unit("cell", cell.start(), cell.end(), group)
        elif not paragraph or ((item := _item.match(line)) and item[0].strip()):
            yield from finish()
            found = _item.match(line)
            paragraph[:] = [start + (found.end() if found else 0), end]
        else:
            paragraph[1] = end
    yield from finish()
    if fence:
        yield _Unit("block", opened, len(body), group)
        yield from lines


def _end(body: str, units: Sequence[_Unit], i: int) -> int:
    """Where that ends which goes with a unit: what it quotes, the code that it announces."""
    unit = units[i]
    text = body[unit.start : unit.end]
    end, following = unit.end, i + 1
    if text.count('"') % 2 or text.count("“") > text.count("”"):
        for j in range(i + 1, len(units)):
            if units[j].group != unit.group:
                break
            if re.search('["”]', body[units[j].start : units[j].end]):
                end, following = units[j].end, j + 1
                break
    announced = body[unit.start : end].rstrip("*_ ").endswith(":")
    if announced and following < len(units) and units[following].kind == "block":
        return units[following].end
    return end


def _after_blanks(body: str, position: int) -> int:
    """The first place from `position` on that holds no space."""
    while position < len(body) and body[position] in " \t":
        position += 1
    return position


def _cut_out(body: str, spans: Sequence[tuple[int, int]]) -> str:
    """The body without the spans; a line of which nothing is left goes, with the blank line after it."""
    kept = []
    done = 0
    for start, end in spans:
        line = body.rfind("\n", 0, start) + 1
        before = body[max(line, done) : start]
        end = _after_blanks(body, end)
        ends_line = end == len(body) or body[end] == "\n"
        if ends_line and line >= done and not _item.sub("", before, count=1).strip(" #\t"):
            start, end = line, min(end + 1, len(body))
            blank = _after_blanks(body, end)
            if (not start or body.endswith("\n\n", 0, start)) and body[blank : blank + 1] == "\n":
                end = blank + 1
        elif ends_line:
            start -= len(before) - len(before.rstrip())
        kept.append(body[done:start])
        done = max(end, done)
    return "".join([*kept, body[done:]]).strip("\n") if kept else body
