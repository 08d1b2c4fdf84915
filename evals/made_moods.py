"""Messages made of our own words, to fit the mood on: problems told calmly, in many trades and forms.

Tweets about airlines call nearly every problem negative; these say the same "still waiting", "why was I charged" and
"does not work" of parcels, subscriptions and printers, and are neutral. The trades of the judged sets (banks, flights,
a technical forum) are left alone. Knows no model and reads nothing.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

ARRIVING = (
    "parcel", "order", "delivery", "package", "replacement", "new router", "confirmation mail", "refund", "invoice",
    "starter kit", "gift card", "voucher", "contract", "prescription", "welcome letter", "spare part", "licence key",
    "certificate", "SIM card", "meter reading", "activation code", "tracking number", "exam result", "uniform",
    "mattress", "coffee machine", "bike", "return label", "cashback", "test kit", "tax form", "season ticket",
)  # fmt: skip
WORKING = (
    "internet", "router", "app", "printer", "login", "phone line", "heating", "alarm", "website", "camera", "headset",
    "export", "sync", "webhook", "calendar", "search", "dishwasher", "e-bike battery", "TV box", "door lock",
    "remote control", "video call", "chat widget", "password reset", "voucher code", "search filter", "thermostat",
    "scanner", "game", "map", "microphone", "backup", "dark mode", "push notification", "smart meter", "checkout",
    "card reader", "discount", "streaming", "robot vacuum", "loyalty card", "form", "reader", "charger", "dashboard",
)  # fmt: skip
PAID = (
    "subscription", "membership", "gym pass", "phone plan", "streaming plan", "insurance", "electricity", "order",
    "delivery", "course", "licence", "parking", "newspaper", "cleaning", "upgrade", "storage", "rental", "workshop",
    "service plan", "domain", "music lessons", "locker", "repair", "installation", "concert ticket", "day care",
)  # fmt: skip
TIMES = (
    "since this morning", "since the update", "for two weeks", "since Monday", "for three days", "yesterday",
    "today", "this month", "last week", "again", "for an hour", "over the weekend", "since I moved", "so far", "yet",
)  # fmt: skip
TELLING = (
    "My {a} has not arrived.", "my {a} still hasn't arrived", "I still have not received my {a}.",
    "I haven't got the {a} {t}", "The {a} never came.", "Still waiting for my {a}", "still no {a}",
    "I was supposed to get a {a} last week", "There is a {a} missing from my account.", "my {a} is late",
    "The {a} arrived damaged.", "I got the wrong {a}.", "The {a} was sent to an old address.", "I lost my {a}",
    "I think my {a} got lost", "My {a} was cancelled and I did not cancel it.", "The {a} seems to be stuck {t}",
    "It has been ten days and the {a} is not here.", "I received only half of the {a}", "somebody took my {a}",
    "My {w} does not work.", "the {w} isn't working {t}", "My {w} stopped working {t}.", "The {w} is broken.",
    "The {w} keeps failing {t}", "the {w} is down", "I can't get the {w} to work", "I am unable to use the {w}.",
    "I tried the {w} five times and it fails each time.", "The {w} shows an error {t}.", "my {w} is very slow {t}",
    "The {w} was fine before and now it is not.", "I have a problem with my {w}", "the {w} refuses my password",
    "It says the {w} is not available.", "the {w} crashed twice {t}", "My {w} was blocked.", "there is no {w} here",
    "I put in the code for the {w} and nothing happened.", "Something is wrong with the {w}.",
    "I was charged twice for the {p}.", "There is an extra fee for my {p}.", "I did not order any {p}.",
    "I was charged for a {p} that I cancelled.", "My payment for the {p} was declined.",
    "the price of my {p} went up {t}", "I paid for the {p} but it still says unpaid", "My {p} has expired too early.",
    "The bill for the {p} is wrong.", "I paid too much for the {p}", "My {p} was renewed although I ended it.",
    "I only got back a part of what I paid for the {p}.", "The refund for the {p} is not in my bank account.",
    "I was charged one euro more for the {p}.", "I should not have been charged for the {p}", "there's no {p} any more",
    "Nobody told me that the {p} costs more abroad.", "I got less money back for the {p} than I expected.",
    "I never agreed to a {p}.", "I was told the {p} is free, but it is on the bill.", "my discount on the {p} is gone",
    "I asked to change the {p} and it has not been done yet.", "I had to pay for the {p} twice {t}",
    "I've been waiting for the money for my {p} {t}", "They took money for the {p} without telling me.",
    "I do not recognise the charge for the {p}.", "my {p} has been suspended", "The money for the {p} is gone.",
)  # fmt: skip
SERVICE = (
    "How do I reach {s}?", "I want to talk to {s}", "I need to call {s}", "what are the hours of {s}",
    "I am trying to get in touch with {s}.", "Is there a phone number for {s}?", "help me contact {s}",
    "I'd like to speak with {s} about my {p}", "I called {s} about my {p} {t}.", "can {s} call me back about my {a}",
    "where do I leave a review about {s}", "I want to give my opinion about {s}", "does {s} answer on Sundays",
    "How long does {s} take to answer?", "can I write to {s} about the {w}", "I was told by {s} to wait for the {a}.",
    "I talked to {s} {t} about the {w}", "who in {s} looks after my {p}", "I have a request for {s}",
    "{s} asked me to send a photo of the {a}", "Can somebody in {s} check my {p}?", "chat with {s}",
)  # fmt: skip
WHO = (
    "customer service", "customer support", "your support team", "the help desk", "the service team", "your staff",
    "the billing department", "your customer care", "the hotline", "someone in support", "technical support",
)  # fmt: skip
ASKING = (
    "Why has my {a} not arrived?", "why hasn't my {a} come yet", "Where is my {a}?", "how long does the {a} take",
    "Why is my {a} still pending?", "What happened to my {a}?", "when will I get my {a}", "How come my {a} is late?",
    "Why did I not get a {a}?", "Can you check what went wrong with my {a}?", "why was my {a} cancelled",
    "Why did I only get a part of my {a}?", "Is there any news about my {a}?", "Who do I tell about the lost {a}?",
    "Why does my {w} not work?", "why isn't the {w} working", "Why can't I use the {w}?", "what's wrong with my {w}",
    "Why does the {w} keep failing?", "How do I fix the {w}?", "why won't the {w} start", "Is the {w} down?",
    "How come the {w} was blocked?", "Why is the {w} so slow {t}?", "what do I do if the {w} is broken",
    "Why did the {w} stop working {t}?", "What can I do, the {w} is not working {t}?", "Has the {w} changed {t}?",
    "Why was I charged twice for the {p}?", "Why is there a fee on my {p}?", "what is this charge for the {p}",
    "Why was my payment for the {p} refused?", "How do I cancel my {p}?", "can I get my money back for the {p}",
    "Why has the price of the {p} changed?", "How can I dispute the bill for the {p}?", "why was my {p} suspended",
    "How come I paid more for the {p}?", "why didn't I get all of my money back for the {p}", "who took my {p} payment",
    "Why is it taking so long to change my {p}?", "why do you need my address for the {p}", "why can't I pay the {p}",
    "Why do I still see the {p} on my statement?", "what happened to the money for my {p}", "is my {p} lost",
    "I want to cancel my {p}, how?", "How do I get a refund for the {p}?", "why am I paying more for the {p} {t}",
)  # fmt: skip
AROUND = (
    "Can you help?", "What should I do?", "Please check.", "Could you look into it?", "What went wrong?",
    "Please help me.", "How can I solve this?", "I need it soon.", "What is going on?", "Hello,", "Hi, a question:",
    "I am a new customer.", "I already restarted it.", "I have tried it several times.", "Who can help me?",
    "Please tell me what the problem is.", "It worked before.", "I already called you about it.",
)  # fmt: skip
TALKING = (
    "no, the other one", "not that one", "I did not mean that", "please repeat that", "can you say it again",
    "I don't understand", "sorry, I didn't get that", "that is not the right address", "stop", "never mind",
    "I changed my mind", "no", "no thanks", "wait", "what do you mean", "that's wrong, the number is 12",
    "I don't need it any more", "please cancel the table for tonight", "tell Anna I will be late",
    "remind me to pay the rent", "set the alarm for seven", "is the shop busy today", "not now", "I am not sure",
    "delete the last entry from my list", "that is incorrect", "you got the date wrong", "try again please",
    "is that true", "speak more slowly please", "skip it", "none of these", "I can't hear you", "leave it as it is",
    "book two rooms for Friday", "what time do you close", "send it to my brother", "what is the weather like",
    "there is nobody at the reception, what now", "I left my umbrella in the restaurant", "my keys are gone",
    "cancel the meeting with Tom", "text my boss that I am ill", "turn off the radio", "throw the list away",
)  # fmt: skip


def calm_problems(count: int, seed: int = 0) -> list[str]:
    """`count` distinct messages, all neutral, the same for the same seed."""
    chance = random.Random(seed)
    made: dict[str, None] = dict.fromkeys(TALKING)
    while len(made) < count:
        frame = chance.choice(chance.choices((TELLING, ASKING, SERVICE), weights=(50, 40, 10))[0])
        text = frame.format(
            a=chance.choice(ARRIVING),
            w=chance.choice(WORKING),
            p=chance.choice(PAID),
            t=chance.choice(TIMES),
            s=chance.choice(WHO),
        )
        if chance.random() < 0.35:
            clause = chance.choice(AROUND)
            text = (
                f"{clause} {text}"
                if clause.endswith((",", ":")) or chance.random() < 0.2
                else f"{text} {clause}"
            )
        made[text.lower().rstrip(".") if chance.random() < 0.3 else text] = None
    return list(made)[:count]


def calm_posts(pieces: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """`count` long neutral posts, each three to eight of `pieces` (neutral texts) one after the other: a forum's way
    of asking."""
    chance = random.Random(seed)
    ordered = sorted(pieces, key=lambda text: hashlib.sha1(text.encode()).digest())
    return [" ".join(chance.choices(ordered, k=chance.randint(3, 8))) for _ in range(count)]
