"""What the bot says in its own words, in every language that it speaks. One place, so that they can be read together.

`in_language(tag)` gives the Words of a language; what it does not speak it says in English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Words:
    """One language. `{...}` is filled in. The button's name stands in the quotes that the language uses."""

    greeting: str
    hello: str
    welcome: str  # the answer to thanks
    goodbye: str
    go_on: str  # to what asks nothing and thanks for nothing: "lol", "never mind"
    nothing_relevant: str
    look_up: str  # the same, to who names an order or the like by its number
    no_articles_in_it: str  # the help center has no articles in the language that the customer writes
    files_unread: str  # the bot cannot open what was sent with a message, or as one
    not_sure: str
    not_sure_about: str  # {question}: of two that were asked, the one that is not answered
    did_not_help: str
    part_known: str
    person_offered: str
    cut_short: str
    asked_for_person: str
    upset: str
    sensitive: str
    not_helping: str
    no_person_here: str  # where nothing can be handed over
    handed_over_unsure: str
    seen_by_person: str
    which_one: str  # {one}, {other}: titles
    dear: str  # these four are an agent's, who may send them: {name} is the customer's
    dear_nobody: str
    reply_found: str
    reply_part: str
    back_at: str  # {when}: a day and a time; nobody is there until then
    nobody_here: str  # and nobody knows until when
    leave_email: str
    days: str  # Monday first

    def small_talk(self, kind: str | None) -> str:
        said = {
            "thanks": self.welcome,
            "farewell": self.goodbye,
            "murmur": self.go_on,
            "about": self.greeting,
            "unread": self.files_unread,
        }
        return said.get(kind or "", self.hello)

    def handed_over(self, reasons: tuple[str, ...]) -> str:
        """The message of a handoff; the place in the queue stands beside it, live."""
        if "requested_human" in reasons:
            first = self.asked_for_person
        elif "sensitive_topic" in reasons:
            first = self.sensitive
        elif "negative_sentiment" in reasons:
            first = self.upset
        elif "repeated_question" in reasons or "rule:did_not_help" in reasons:
            first = self.not_helping
        else:
            first = self.handed_over_unsure
        return f"{first} {self.seen_by_person}"

    def closed(self, opens: datetime | None, at: datetime, can_email: bool) -> str:
        """Nobody is there. `opens`: when somebody is again, in the time zone that is to be named."""
        said = self.back_at.format(when=self._when(opens, at)) if opens else self.nobody_here
        return f"{said} {self.leave_email}" if can_email else said

    def _when(self, opens: datetime, at: datetime) -> str:
        day = self.days.split(",")[opens.weekday()]
        date = f" {opens:%Y-%m-%d}" if opens - at >= timedelta(days=6) else ""  # else the day says it
        return f"{day}{date}, {opens:%H:%M} ({opens.tzinfo})"

    def asked_back(self, one: str, other: str) -> str:
        return self.which_one.format(one=f"**{one}**", other=f"**{other}**")


ENGLISH = Words(
    greeting="Hi! I'm the automated assistant. Ask me anything about our help center: I answer with the article I have "
    "it from. You can ask for a person at any time.",
    hello="Hello! What can I help you with?",
    welcome="You're welcome! Is there anything else I can help you with?",
    goodbye="Goodbye! Come back whenever you need something.",
    go_on="All right. Just write if there is anything I can help you with.",
    nothing_relevant="I couldn't find anything about that in our help center, so I'd rather not guess. You can put it "
    "in other words, or choose “Talk to a person”.",
    look_up="I can't look into orders or accounts, and our help center has nothing on this. Choose “Talk to a person”: they will see what you wrote.",
    no_articles_in_it="Our help center has no articles in the language you write in, so I may not understand you well.",
    files_unread="I can't open files. Tell me in words what you need, or choose “Talk to a person”: they will see everything you sent.",
    not_sure="I'm not sure enough to answer this. You can put it in other words, or choose “Talk to a person”.",
    not_sure_about="I'm not sure enough to answer this part: “{question}”",
    did_not_help="I'm sorry that this didn't help. Tell me in other words what you need, or choose “Talk to a person”.",
    part_known="I'm not sure that this answers your question, but it may help:",
    person_offered="If this isn't it, tell me more, or choose “Talk to a person”.",
    cut_short="I couldn't finish that. This is what our help center says about it:",
    asked_for_person="Of course. I've put you in the queue for a person.",
    upset="I'm sorry about this. I've asked a person to take over.",
    sensitive="This needs a person. I've put you in the queue.",
    not_helping="I don't seem to be helping with this. I've asked a person to take over.",
    no_person_here="This needs a person, and I can't hand you over from here: please contact our support.",
    handed_over_unsure="I'm not sure enough to answer this, so I've asked a person to take over.",
    seen_by_person="They see everything you wrote here, so you don't need to repeat it.",
    which_one="Just to be sure, do you mean {one} or {other}?",
    dear="Hello {name},",
    dear_nobody="Hello,",
    reply_found="Our help center says this about it:",
    reply_part="I don't have all of the answer yet. Our help center says this about it, which may be a part:",
    back_at="Nobody is here right now; somebody will be from {when}.",
    nobody_here="Nobody is here right now.",
    leave_email="You can leave your e-mail address here: the answer goes there, too.",
    days="Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday",
)

IN: dict[str, Words] = {
    "en": ENGLISH,
    "de": Words(
        greeting="Hallo! Ich bin der automatische Assistent. Fragen Sie mich alles zu unserem Hilfebereich: Ich antworte "
        "mit dem Artikel, aus dem ich es habe. Sie können jederzeit nach einem Menschen fragen.",
        hello="Hallo! Womit kann ich Ihnen helfen?",
        welcome="Gern geschehen! Kann ich sonst noch etwas für Sie tun?",
        goodbye="Auf Wiedersehen! Melden Sie sich, wenn Sie etwas brauchen.",
        go_on="In Ordnung. Schreiben Sie einfach, wenn ich etwas für Sie tun kann.",
        nothing_relevant="Dazu habe ich in unserem Hilfebereich nichts gefunden und möchte nicht raten. Sagen Sie es mit "
        "anderen Worten, oder wählen Sie „Mit einem Menschen sprechen“.",
        look_up="Einzelne Bestellungen oder Konten kann ich nicht einsehen, und in unserem Hilfebereich steht dazu nichts. Wählen Sie „Mit einem Menschen sprechen“: Dort ist zu sehen, was Sie geschrieben haben.",
        no_articles_in_it="Unser Hilfebereich hat keine Artikel in Ihrer Sprache, darum verstehe ich Sie vielleicht nicht gut.",
        files_unread="Dateien kann ich nicht öffnen. Schreiben Sie mir, was Sie brauchen, oder wählen Sie „Mit einem Menschen sprechen“: Dort ist alles zu sehen, was Sie gesendet haben.",
        not_sure="Ich bin nicht sicher genug, um das zu beantworten. Sagen Sie es mit anderen Worten, oder wählen Sie "
        "„Mit einem Menschen sprechen“.",
        not_sure_about="Bei diesem Teil bin ich nicht sicher genug: „{question}“",
        did_not_help="Es tut mir leid, dass das nicht geholfen hat. Sagen Sie mit anderen Worten, was Sie brauchen, oder "
        "wählen Sie „Mit einem Menschen sprechen“.",
        part_known="Ich bin nicht sicher, ob das Ihre Frage beantwortet, aber vielleicht hilft es:",
        person_offered="Wenn es das nicht ist, schreiben Sie mir mehr, oder wählen Sie „Mit einem Menschen sprechen“.",
        cut_short="Das konnte ich nicht zu Ende bringen. In unserem Hilfebereich steht dazu:",
        asked_for_person="Natürlich. Sie stehen jetzt in der Warteschlange für einen Menschen.",
        upset="Das tut mir leid. Ich habe einen Menschen gebeten zu übernehmen.",
        sensitive="Das braucht einen Menschen. Sie stehen jetzt in der Warteschlange.",
        not_helping="Ich scheine hier nicht zu helfen. Ich habe einen Menschen gebeten zu übernehmen.",
        no_person_here="Das braucht einen Menschen, und von hier aus kann ich Sie nicht weiterleiten: "
        "Bitte wenden Sie sich an unseren Support.",
        handed_over_unsure="Ich bin nicht sicher genug, um das zu beantworten, und habe einen Menschen gebeten zu übernehmen.",
        seen_by_person="Was Sie hier geschrieben haben, ist dort zu sehen, Sie müssen nichts wiederholen.",
        which_one="Nur zur Sicherheit: Meinen Sie {one} oder {other}?",
        dear="Hallo {name},",
        dear_nobody="Guten Tag,",
        reply_found="dazu steht in unserem Hilfebereich:",
        reply_part="ich habe noch nicht die ganze Antwort. In unserem Hilfebereich steht dazu Folgendes, es kann ein Teil davon sein:",
        back_at="Gerade ist niemand da, es ist wieder jemand da ab {when}.",
        nobody_here="Gerade ist niemand da.",
        leave_email="Sie können hier Ihre E-Mail-Adresse hinterlassen: Die Antwort kommt dann auch dorthin.",
        days="Montag,Dienstag,Mittwoch,Donnerstag,Freitag,Samstag,Sonntag",
    ),
    "es": Words(
        greeting="¡Hola! Soy el asistente automático. Pregúnteme lo que quiera sobre nuestro centro de ayuda: respondo con "
        "el artículo del que lo tomo. Puede pedir hablar con una persona en cualquier momento.",
        hello="¡Hola! ¿En qué puedo ayudarle?",
        welcome="¡De nada! ¿Puedo ayudarle en algo más?",
        goodbye="¡Hasta luego! Vuelva cuando necesite algo.",
        go_on="De acuerdo. Escríbame cuando pueda ayudarle en algo.",
        nothing_relevant="No he encontrado nada sobre eso en nuestro centro de ayuda y prefiero no adivinar. Puede decirlo "
        "con otras palabras o elegir «Hablar con una persona».",
        look_up="No puedo consultar pedidos ni cuentas, y nuestro centro de ayuda no dice nada sobre esto. Elija «Hablar con una persona»: verá lo que ha escrito.",
        no_articles_in_it="Nuestro centro de ayuda no tiene artículos en su idioma, así que quizá no le entienda bien.",
        files_unread="No puedo abrir archivos. Dígame con palabras qué necesita o elija «Hablar con una persona»: verá todo lo que ha enviado.",
        not_sure="No estoy lo bastante seguro para responder a esto. Puede decirlo con otras palabras o elegir «Hablar con "
        "una persona».",
        not_sure_about="No estoy lo bastante seguro para responder a esta parte: «{question}»",
        did_not_help="Siento que esto no le haya ayudado. Dígame con otras palabras qué necesita o elija «Hablar con una "
        "persona».",
        part_known="No estoy seguro de que esto responda a su pregunta, pero quizá le ayude:",
        person_offered="Si no es esto, cuénteme más o elija «Hablar con una persona».",
        cut_short="No he podido terminar. Esto es lo que dice nuestro centro de ayuda:",
        asked_for_person="Por supuesto. Le he puesto en la cola para hablar con una persona.",
        upset="Lo siento mucho. He pedido a una persona que se encargue.",
        sensitive="Esto necesita una persona. Le he puesto en la cola.",
        not_helping="Parece que no le estoy ayudando. He pedido a una persona que se encargue.",
        no_person_here="Esto requiere a una persona y desde aquí no puedo pasarle con nadie: póngase en "
        "contacto con nuestro soporte.",
        handed_over_unsure="No estoy lo bastante seguro para responder, así que he pedido a una persona que se encargue.",
        seen_by_person="Verá todo lo que ha escrito aquí, así que no tiene que repetirlo.",
        which_one="Para estar seguro, ¿se refiere a {one} o a {other}?",
        dear="Hola, {name}:",
        dear_nobody="Hola:",
        reply_found="Nuestro centro de ayuda dice lo siguiente sobre esto:",
        reply_part="Todavía no tengo la respuesta completa. Nuestro centro de ayuda dice lo siguiente, que puede ser una parte:",
        back_at="Ahora mismo no hay nadie; volverá a haber alguien a partir del {when}.",
        nobody_here="Ahora mismo no hay nadie.",
        leave_email="Puede dejar aquí su correo electrónico: la respuesta llegará también allí.",
        days="lunes,martes,miércoles,jueves,viernes,sábado,domingo",
    ),
    "fr": Words(
        greeting="Bonjour ! Je suis l'assistant automatique. Posez-moi vos questions sur notre centre d'aide : je réponds "
        "en citant l'article. Vous pouvez demander une personne à tout moment.",
        hello="Bonjour ! Que puis-je faire pour vous ?",
        welcome="Je vous en prie ! Puis-je vous aider pour autre chose ?",
        goodbye="Au revoir ! Revenez dès que vous avez besoin de quelque chose.",
        go_on="D'accord. Écrivez-moi dès que je peux vous aider.",
        nothing_relevant="Je n'ai rien trouvé à ce sujet dans notre centre d'aide et je préfère ne pas deviner. Vous pouvez "
        "le dire autrement ou choisir « Parler à une personne ».",
        look_up="Je ne peux pas consulter les commandes ni les comptes, et notre centre d'aide ne dit rien à ce sujet. Choisissez « Parler à une personne » : elle verra ce que vous avez écrit.",
        no_articles_in_it="Notre centre d'aide n'a pas d'articles dans votre langue, je risque donc de mal vous comprendre.",
        files_unread="Je ne peux pas ouvrir les fichiers. Dites-moi avec des mots ce qu'il vous faut ou choisissez « Parler à une personne » : elle verra tout ce que vous avez envoyé.",
        not_sure="Je ne suis pas assez sûr pour répondre. Vous pouvez le dire autrement ou choisir « Parler à une personne ».",
        not_sure_about="Je ne suis pas assez sûr pour répondre à cette partie : « {question} »",
        did_not_help="Je suis désolé que cela n'ait pas aidé. Dites-moi autrement ce qu'il vous faut ou choisissez « Parler à "
        "une personne ».",
        part_known="Je ne suis pas sûr que cela réponde à votre question, mais cela peut vous aider :",
        person_offered="Si ce n'est pas cela, dites-m'en plus ou choisissez « Parler à une personne ».",
        cut_short="Je n'ai pas pu terminer. Voici ce qu'en dit notre centre d'aide :",
        asked_for_person="Bien sûr. Je vous ai mis dans la file d'attente pour parler à une personne.",
        upset="J'en suis désolé. J'ai demandé à une personne de prendre la suite.",
        sensitive="Cela demande une personne. Je vous ai mis dans la file d'attente.",
        not_helping="Je ne semble pas vous aider. J'ai demandé à une personne de prendre la suite.",
        no_person_here="Il faut une personne pour cela, et je ne peux pas vous en passer une d'ici : "
        "veuillez contacter notre assistance.",
        handed_over_unsure="Je ne suis pas assez sûr pour répondre, j'ai donc demandé à une personne de prendre la suite.",
        seen_by_person="Elle voit tout ce que vous avez écrit ici, inutile de le répéter.",
        which_one="Pour être sûr, parlez-vous de {one} ou de {other} ?",
        dear="Bonjour {name},",
        dear_nobody="Bonjour,",
        reply_found="Voici ce que dit notre centre d'aide à ce sujet :",
        reply_part="Je n'ai pas encore toute la réponse. Voici ce que dit notre centre d'aide, cela peut en être une partie :",
        back_at="Il n'y a personne pour le moment ; nous serons de nouveau là à partir de {when}.",
        nobody_here="Il n'y a personne pour le moment.",
        leave_email="Vous pouvez laisser ici votre adresse e-mail : la réponse y sera envoyée aussi.",
        days="lundi,mardi,mercredi,jeudi,vendredi,samedi,dimanche",
    ),
    "pt": Words(
        greeting="Olá! Sou o assistente automático. Pergunte-me o que quiser sobre a nossa central de ajuda: respondo com o "
        "artigo de onde tiro a resposta. Pode pedir para falar com uma pessoa a qualquer momento.",
        hello="Olá! Em que posso ajudar?",
        welcome="De nada! Posso ajudar em mais alguma coisa?",
        goodbye="Até logo! Volte quando precisar de alguma coisa.",
        go_on="Está bem. Escreva quando eu puder ajudar em alguma coisa.",
        nothing_relevant="Não encontrei nada sobre isso na nossa central de ajuda e prefiro não adivinhar. Pode dizer de "
        "outra forma ou escolher “Falar com uma pessoa”.",
        look_up="Não consigo consultar encomendas nem contas, e a nossa central de ajuda não diz nada sobre isto. Escolha “Falar com uma pessoa”: verá o que escreveu.",
        no_articles_in_it="A nossa central de ajuda não tem artigos no seu idioma, por isso posso não entender bem.",
        files_unread="Não consigo abrir ficheiros. Diga por palavras o que precisa ou escolha “Falar com uma pessoa”: ela verá tudo o que enviou.",
        not_sure="Não tenho certeza suficiente para responder a isso. Pode dizer de outra forma ou escolher “Falar com uma "
        "pessoa”.",
        not_sure_about="Não tenho certeza suficiente para responder a esta parte: “{question}”",
        did_not_help="Lamento que isto não tenha ajudado. Diga de outra forma o que precisa ou escolha “Falar com uma pessoa”.",
        part_known="Não tenho certeza de que isto responde à sua pergunta, mas pode ajudar:",
        person_offered="Se não for isto, conte-me mais ou escolha “Falar com uma pessoa”.",
        cut_short="Não consegui terminar. Isto é o que diz a nossa central de ajuda:",
        asked_for_person="Claro. Coloquei-o na fila para falar com uma pessoa.",
        upset="Lamento muito. Pedi a uma pessoa que assumisse.",
        sensitive="Isto precisa de uma pessoa. Já está na fila.",
        not_helping="Parece que não estou a ajudar. Pedi a uma pessoa que assumisse.",
        no_person_here="Isto precisa de uma pessoa e daqui não posso encaminhar: contacte o nosso apoio.",
        handed_over_unsure="Não tenho certeza suficiente para responder, por isso pedi a uma pessoa que assumisse.",
        seen_by_person="Ela vê tudo o que escreveu aqui, não precisa de repetir.",
        which_one="Só para ter certeza: quer dizer {one} ou {other}?",
        dear="Olá, {name},",
        dear_nobody="Olá,",
        reply_found="A nossa central de ajuda diz o seguinte sobre isso:",
        reply_part="Ainda não tenho a resposta completa. A nossa central de ajuda diz o seguinte, que pode ser uma parte dela:",
        back_at="Neste momento não há ninguém; voltará a haver alguém a partir de {when}.",
        nobody_here="Neste momento não há ninguém.",
        leave_email="Pode deixar aqui o seu endereço de e-mail: a resposta também vai para lá.",
        days="segunda-feira,terça-feira,quarta-feira,quinta-feira,sexta-feira,sábado,domingo",
    ),
    "it": Words(
        greeting="Ciao! Sono l'assistente automatico. Chiedimi qualsiasi cosa sul nostro centro assistenza: rispondo con "
        "l'articolo da cui lo so. Puoi chiedere di una persona in qualsiasi momento.",
        hello="Ciao! Come posso aiutarti?",
        welcome="Prego! Posso aiutarti in qualcos'altro?",
        goodbye="Arrivederci! Torna quando hai bisogno di qualcosa.",
        go_on="Va bene. Scrivimi pure quando posso aiutarti in qualcosa.",
        nothing_relevant="Non ho trovato nulla su questo nel nostro centro assistenza e preferisco non tirare a indovinare. "
        "Puoi dirlo con altre parole o scegliere “Parla con una persona”.",
        look_up="Non posso consultare ordini o account, e il nostro centro assistenza non dice nulla su questo. Scegli “Parla con una persona”: vedrà quello che hai scritto.",
        no_articles_in_it="Il nostro centro assistenza non ha articoli nella tua lingua, quindi potrei non capirti bene.",
        files_unread="Non posso aprire i file. Dimmi a parole di cosa hai bisogno o scegli “Parla con una persona”: vedrà tutto quello che hai inviato.",
        not_sure="Non sono abbastanza sicuro per rispondere. Puoi dirlo con altre parole o scegliere “Parla con una persona”.",
        not_sure_about="Non sono abbastanza sicuro per rispondere a questa parte: “{question}”",
        did_not_help="Mi dispiace che non sia stato utile. Dimmi con altre parole di cosa hai bisogno o scegli “Parla con una "
        "persona”.",
        part_known="Non sono sicuro che questo risponda alla tua domanda, ma può esserti utile:",
        person_offered="Se non è questo, dimmi di più o scegli “Parla con una persona”.",
        cut_short="Non sono riuscito a finire. Ecco cosa dice il nostro centro assistenza:",
        asked_for_person="Certo. Ti ho messo in coda per parlare con una persona.",
        upset="Mi dispiace molto. Ho chiesto a una persona di occuparsene.",
        sensitive="Per questo serve una persona. Ti ho messo in coda.",
        not_helping="Sembra che io non ti stia aiutando. Ho chiesto a una persona di occuparsene.",
        no_person_here="Per questo serve una persona e da qui non posso passargliela: contatti la "
        "nostra assistenza.",
        handed_over_unsure="Non sono abbastanza sicuro per rispondere, quindi ho chiesto a una persona di occuparsene.",
        seen_by_person="Vedrà tutto quello che hai scritto qui, non devi ripeterlo.",
        which_one="Per essere sicuri: intendi {one} o {other}?",
        dear="Salve {name},",
        dear_nobody="Salve,",
        reply_found="Il nostro centro assistenza dice questo in proposito:",
        reply_part="Non ho ancora la risposta completa. Il nostro centro assistenza dice questo, che può esserne una parte:",
        back_at="Al momento non c'è nessuno; ci sarà di nuovo qualcuno da {when}.",
        nobody_here="Al momento non c'è nessuno.",
        leave_email="Puoi lasciare qui il tuo indirizzo e-mail: la risposta arriverà anche lì.",
        days="lunedì,martedì,mercoledì,giovedì,venerdì,sabato,domenica",
    ),
    "nl": Words(
        greeting="Hallo! Ik ben de automatische assistent. Vraag me alles over ons helpcentrum: ik antwoord met het artikel "
        "waar ik het uit heb. U kunt altijd om een mens vragen.",
        hello="Hallo! Waarmee kan ik u helpen?",
        welcome="Graag gedaan! Kan ik nog iets voor u doen?",
        goodbye="Tot ziens! Kom terug wanneer u iets nodig hebt.",
        go_on="Goed. Schrijf gerust als ik iets voor u kan doen.",
        nothing_relevant="Daarover heb ik niets gevonden in ons helpcentrum en ik wil niet gokken. Zeg het met andere woorden "
        "of kies ‘Met een mens praten’.",
        look_up="Ik kan geen bestellingen of accounts inzien, en ons helpcentrum zegt hier niets over. Kies ‘Met een mens praten’: die ziet wat u hebt geschreven.",
        no_articles_in_it="Ons helpcentrum heeft geen artikelen in uw taal, dus misschien begrijp ik u niet goed.",
        files_unread="Ik kan geen bestanden openen. Zeg met woorden wat u nodig hebt of kies ‘Met een mens praten’: daar is alles te zien wat u hebt gestuurd.",
        not_sure="Ik ben niet zeker genoeg om dit te beantwoorden. Zeg het met andere woorden of kies ‘Met een mens praten’.",
        not_sure_about="Over dit deel ben ik niet zeker genoeg: ‘{question}’",
        did_not_help="Het spijt me dat dit niet hielp. Zeg met andere woorden wat u nodig hebt of kies ‘Met een mens praten’.",
        part_known="Ik weet niet zeker of dit uw vraag beantwoordt, maar misschien helpt het:",
        person_offered="Is het dit niet, vertel dan meer of kies ‘Met een mens praten’.",
        cut_short="Ik kon dit niet afmaken. Dit staat erover in ons helpcentrum:",
        asked_for_person="Natuurlijk. U staat nu in de wachtrij voor een mens.",
        upset="Dat spijt me. Ik heb een mens gevraagd het over te nemen.",
        sensitive="Hier is een mens voor nodig. U staat nu in de wachtrij.",
        not_helping="Ik lijk u hier niet mee te helpen. Ik heb een mens gevraagd het over te nemen.",
        no_person_here="Hier is een mens voor nodig en van hieruit kan ik u niet doorverbinden: neem "
        "contact op met onze klantenservice.",
        handed_over_unsure="Ik ben niet zeker genoeg om dit te beantwoorden en heb een mens gevraagd het over te nemen.",
        seen_by_person="Alles wat u hier schreef is daar te zien, u hoeft niets te herhalen.",
        which_one="Voor de zekerheid: bedoelt u {one} of {other}?",
        dear="Hallo {name},",
        dear_nobody="Hallo,",
        reply_found="Ons helpcentrum zegt hierover het volgende:",
        reply_part="Ik heb nog niet het hele antwoord. Ons helpcentrum zegt hierover het volgende, het kan een deel ervan zijn:",
        back_at="Er is nu niemand; er is weer iemand vanaf {when}.",
        nobody_here="Er is nu niemand.",
        leave_email="U kunt hier uw e-mailadres achterlaten: het antwoord komt dan ook daar aan.",
        days="maandag,dinsdag,woensdag,donderdag,vrijdag,zaterdag,zondag",
    ),
    "pl": Words(
        greeting="Cześć! Jestem automatycznym asystentem. Zapytaj mnie o wszystko z naszego centrum pomocy: odpowiadam, "
        "podając artykuł. W każdej chwili możesz poprosić o rozmowę z człowiekiem.",
        hello="Cześć! W czym mogę pomóc?",
        welcome="Nie ma za co! Czy mogę jeszcze w czymś pomóc?",
        goodbye="Do widzenia! Wróć, gdy będziesz czegoś potrzebować.",
        go_on="W porządku. Napisz, gdy będę mógł w czymś pomóc.",
        nothing_relevant="Nie znalazłem nic na ten temat w naszym centrum pomocy i wolę nie zgadywać. Powiedz to innymi "
        "słowami albo wybierz „Porozmawiaj z człowiekiem”.",
        look_up="Nie mogę sprawdzać zamówień ani kont, a w naszym centrum pomocy nic o tym nie ma. Wybierz „Porozmawiaj z człowiekiem”: zobaczy, co tu napisano.",
        no_articles_in_it="Nasze centrum pomocy nie ma artykułów w Twoim języku, więc mogę Cię nie zrozumieć.",
        files_unread="Nie mogę otwierać plików. Napisz słowami, czego potrzebujesz, albo wybierz „Porozmawiaj z człowiekiem”: zobaczy wszystko, co zostało wysłane.",
        not_sure="Nie mam wystarczającej pewności, żeby odpowiedzieć. Powiedz to innymi słowami albo wybierz „Porozmawiaj z "
        "człowiekiem”.",
        not_sure_about="Nie mam wystarczającej pewności co do tej części: „{question}”",
        did_not_help="Przykro mi, że to nie pomogło. Powiedz innymi słowami, czego potrzebujesz, albo wybierz „Porozmawiaj z "
        "człowiekiem”.",
        part_known="Nie mam pewności, czy to odpowiada na Twoje pytanie, ale może pomóc:",
        person_offered="Jeśli to nie to, napisz więcej albo wybierz „Porozmawiaj z człowiekiem”.",
        cut_short="Nie udało mi się dokończyć. Oto, co mówi nasze centrum pomocy:",
        asked_for_person="Oczywiście. Jesteś w kolejce do rozmowy z człowiekiem.",
        upset="Przykro mi. Przekazałem sprawę człowiekowi.",
        sensitive="Tym musi zająć się człowiek. Jesteś w kolejce.",
        not_helping="Chyba nie potrafię tu pomóc. Przekazałem sprawę człowiekowi.",
        no_person_here="Tu potrzebny jest człowiek, a stąd nie mogę nikogo włączyć: prosimy o kontakt z "
        "naszym wsparciem.",
        handed_over_unsure="Nie mam wystarczającej pewności, żeby odpowiedzieć, więc przekazałem sprawę człowiekowi.",
        seen_by_person="Widać tam wszystko, co tu napisano, nie trzeba niczego powtarzać.",
        which_one="Dla pewności: chodzi o {one} czy o {other}?",
        dear="Dzień dobry, {name},",
        dear_nobody="Dzień dobry,",
        reply_found="W naszym centrum pomocy można o tym przeczytać, że:",
        reply_part="Nie mam jeszcze pełnej odpowiedzi. Oto co można o tym przeczytać w naszym centrum pomocy, być może jest to jej część:",
        back_at="Teraz nie ma tu nikogo, ale będziemy znowu: {when}.",
        nobody_here="Teraz nie ma tu nikogo, kto może odpowiedzieć.",
        leave_email="Jeśli podasz tu swój adres e-mail, odpowiedź przyjdzie też na ten adres.",
        days="poniedziałek,wtorek,środa,czwartek,piątek,sobota,niedziela",
    ),
    "ru": Words(
        greeting="Здравствуйте! Я автоматический помощник. Спросите меня о чём угодно из нашего справочного центра: я отвечаю "
        "со ссылкой на статью. Вы можете в любой момент попросить позвать человека.",
        hello="Здравствуйте! Чем могу помочь?",
        welcome="Пожалуйста! Могу ли я ещё чем-нибудь помочь?",
        goodbye="До свидания! Возвращайтесь, когда что-нибудь понадобится.",
        go_on="Хорошо. Напишите, если я смогу чем-нибудь помочь.",
        nothing_relevant="Я ничего не нашёл об этом в нашем справочном центре и не хочу гадать. Скажите другими словами или "
        "выберите «Поговорить с человеком».",
        look_up="Я не могу посмотреть заказы и учётные записи, а в нашем справочном центре об этом ничего нет. Выберите «Поговорить с человеком»: он увидит, что вы написали.",
        no_articles_in_it="В нашем справочном центре нет статей на вашем языке, поэтому я могу понять вас неверно.",
        files_unread="Я не могу открывать файлы. Напишите словами, что вам нужно, или выберите «Поговорить с человеком»: будет видно всё, что вы отправили.",
        not_sure="Я недостаточно уверен, чтобы ответить. Скажите другими словами или выберите «Поговорить с человеком».",
        not_sure_about="Я недостаточно уверен, чтобы ответить на эту часть: «{question}»",
        did_not_help="Жаль, что это не помогло. Скажите другими словами, что вам нужно, или выберите «Поговорить с человеком».",
        part_known="Я не уверен, что это отвечает на ваш вопрос, но может помочь:",
        person_offered="Если это не то, расскажите подробнее или выберите «Поговорить с человеком».",
        cut_short="Мне не удалось закончить. Вот что об этом сказано в нашем справочном центре:",
        asked_for_person="Конечно. Вы в очереди на разговор с человеком.",
        upset="Мне очень жаль. Я попросил человека подключиться.",
        sensitive="Здесь нужен человек. Вы в очереди.",
        not_helping="Похоже, я не могу помочь. Я попросил человека подключиться.",
        no_person_here="Здесь нужен человек, а отсюда я не могу передать вас: пожалуйста, обратитесь в "
        "нашу поддержку.",
        handed_over_unsure="Я недостаточно уверен, чтобы ответить, поэтому попросил человека подключиться.",
        seen_by_person="Всё, что вы написали здесь, будет видно, повторять не нужно.",
        which_one="Уточните, пожалуйста: вы имеете в виду {one} или {other}?",
        dear="Здравствуйте, {name}!",
        dear_nobody="Здравствуйте!",
        reply_found="Вот что об этом сказано в нашем справочном центре:",
        reply_part="У меня пока нет полного ответа. Вот что сказано в нашем справочном центре, это может быть его частью:",
        back_at="Сейчас никого нет на месте. Мы снова будем здесь: {when}.",
        nobody_here="Сейчас никого нет на месте.",
        leave_email="Вы можете оставить здесь адрес электронной почты: ответ придёт и туда.",
        days="понедельник,вторник,среда,четверг,пятница,суббота,воскресенье",
    ),
    "ar": Words(
        greeting="مرحبًا! أنا المساعد الآلي. اسألني عن أي شيء في مركز المساعدة: أجيب مع ذكر المقال الذي أخذت منه الجواب. يمكنك طلب "
        "التحدث مع شخص في أي وقت.",
        hello="مرحبًا! كيف يمكنني مساعدتك؟",
        welcome="على الرحب والسعة! هل هناك شيء آخر يمكنني مساعدتك فيه؟",
        goodbye="إلى اللقاء! عد متى احتجت إلى شيء.",
        go_on="حسنًا. اكتب لي متى استطعت مساعدتك في شيء.",
        nothing_relevant="لم أجد شيئًا عن ذلك في مركز المساعدة، ولا أريد التخمين. يمكنك قول ذلك بكلمات أخرى أو اختيار «التحدث مع شخص».",
        look_up="لا يمكنني الاطلاع على الطلبات أو الحسابات، ولا يوجد شيء عن ذلك في مركز المساعدة. اختر «التحدث مع شخص»: سيرى ما كتبته.",
        no_articles_in_it="لا توجد في مركز المساعدة مقالات بلغتك، لذلك قد لا أفهمك جيدًا.",
        files_unread="لا يمكنني فتح الملفات. قل لي بالكلمات ما تحتاج إليه، أو اختر «التحدث مع شخص»: سيرى كل ما أرسلته.",
        not_sure="لست متأكدًا بما يكفي للإجابة. يمكنك قول ذلك بكلمات أخرى أو اختيار «التحدث مع شخص».",
        not_sure_about="لست متأكدًا بما يكفي للإجابة عن هذا الجزء: «{question}»",
        did_not_help="آسف لأن هذا لم يساعدك. قل لي بكلمات أخرى ما تحتاج إليه، أو اختر «التحدث مع شخص».",
        part_known="لست متأكدًا من أن هذا يجيب عن سؤالك، لكنه قد يفيدك:",
        person_offered="إن لم يكن هذا هو المطلوب، فأخبرني بالمزيد أو اختر «التحدث مع شخص».",
        cut_short="لم أتمكن من إكمال ذلك. هذا ما يقوله مركز المساعدة:",
        asked_for_person="بالتأكيد. وضعتك في قائمة الانتظار للتحدث مع شخص.",
        upset="آسف لذلك. طلبت من شخص أن يتولى الأمر.",
        sensitive="هذا يحتاج إلى شخص. وضعتك في قائمة الانتظار.",
        not_helping="يبدو أنني لا أساعدك في هذا. طلبت من شخص أن يتولى الأمر.",
        no_person_here="هذا يحتاج إلى شخص، ولا أستطيع تحويلك من هنا: يرجى التواصل مع فريق الدعم لدينا.",
        handed_over_unsure="لست متأكدًا بما يكفي للإجابة، لذلك طلبت من شخص أن يتولى الأمر.",
        seen_by_person="سيرى كل ما كتبته هنا، فلا حاجة إلى تكراره.",
        which_one="للتأكد فقط: هل تقصد {one} أم {other}؟",
        dear="مرحبًا {name}،",
        dear_nobody="مرحبًا،",
        reply_found="هذا ما يقوله مركز المساعدة لدينا عن ذلك:",
        reply_part="ليس لدي الجواب الكامل بعد. هذا ما يقوله مركز المساعدة لدينا، وقد يكون جزءًا منه:",
        back_at="لا يوجد أحد هنا الآن. سنعود في: {when}.",
        nobody_here="لا يوجد أحد هنا الآن.",
        leave_email="يمكنك ترك عنوان بريدك الإلكتروني هنا: سيصل الرد إليه أيضًا.",
        days="الاثنين,الثلاثاء,الأربعاء,الخميس,الجمعة,السبت,الأحد",
    ),
    "ja": Words(
        greeting="こんにちは。自動アシスタントです。ヘルプセンターについて何でもお尋ねください。出典の記事とともにお答えします。担当者との会話はいつでもご依頼いただけます。",
        hello="こんにちは。どのようなご用件でしょうか。",
        welcome="どういたしまして。ほかにお手伝いできることはありますか。",
        goodbye="ご利用ありがとうございました。またいつでもお越しください。",
        go_on="わかりました。何かありましたら、いつでもお書きください。",
        nothing_relevant="ヘルプセンターに該当する内容が見つかりませんでした。推測でのお答えは控えます。別の言葉でお尋ねいただくか、「担当者と話す」をお選びください。",
        look_up="ご注文やアカウントの内容は確認できず、ヘルプセンターにも該当する内容がありません。「担当者と話す」をお選びください。書いていただいた内容は担当者に見えます。",
        no_articles_in_it="ヘルプセンターにはお使いの言語の記事がないため、正しく理解できないことがあります。",
        files_unread="ファイルを開くことはできません。必要なことを言葉で教えていただくか、「担当者と話す」をお選びください。送られたものはすべて担当者に見えます。",
        not_sure="お答えできるだけの確信がありません。別の言葉でお尋ねいただくか、「担当者と話す」をお選びください。",
        not_sure_about="次の点については、お答えできるだけの確信がありません：「{question}」",
        did_not_help="お役に立てず申し訳ありません。必要なことを別の言葉で教えていただくか、「担当者と話す」をお選びください。",
        part_known="ご質問の答えかどうか確かではありませんが、参考になるかもしれません：",
        person_offered="違う場合は、詳しく教えていただくか、「担当者と話す」をお選びください。",
        cut_short="最後までお答えできませんでした。ヘルプセンターには次のようにあります：",
        asked_for_person="承知しました。担当者の待ち行列にお入れしました。",
        upset="申し訳ございません。担当者に引き継ぎを依頼しました。",
        sensitive="この件は担当者が対応いたします。待ち行列にお入れしました。",
        not_helping="お役に立てていないようです。担当者に引き継ぎを依頼しました。",
        no_person_here="この件は担当者が必要ですが、ここからはお引き継ぎできません。サポートまで直接ご連絡ください。",
        handed_over_unsure="お答えできるだけの確信がないため、担当者に引き継ぎを依頼しました。",
        seen_by_person="ここに書かれた内容はすべて担当者に見えますので、繰り返す必要はありません。",
        which_one="念のため確認します。{one} と {other} のどちらのことでしょうか。",
        dear="{name} 様",
        dear_nobody="お客様",
        reply_found="この件について、ヘルプセンターには次のようにあります。",
        reply_part="まだ完全なお答えはできませんが、ヘルプセンターには次のようにあり、その一部かもしれません。",
        back_at="ただいま担当者は不在です。次の受付は{when}からです。",
        nobody_here="ただいま担当者は不在です。",
        leave_email="こちらにメールアドレスを残していただければ、回答はメールでもお届けします。",
        days="月曜日,火曜日,水曜日,木曜日,金曜日,土曜日,日曜日",
    ),
    "zh": Words(
        greeting="您好！我是自动助手。您可以向我询问帮助中心的任何内容，我会附上出处文章来回答。您可以随时要求与人工客服交谈。",
        hello="您好！有什么可以帮您？",
        welcome="不客气！还有什么可以帮您的吗？",
        goodbye="再见！需要时随时回来。",
        go_on="好的。有需要时请随时写给我。",
        nothing_relevant="我在帮助中心没有找到相关内容，不想随意猜测。您可以换个说法，或选择“与人工客服交谈”。",
        look_up="我无法查看订单或账户，帮助中心也没有相关内容。请选择“与人工客服交谈”：对方会看到您写的内容。",
        no_articles_in_it="帮助中心没有您所用语言的文章，因此我可能无法准确理解您的意思。",
        files_unread="我无法打开文件。请用文字告诉我您需要什么，或选择“与人工客服交谈”：客服能看到您发送的所有内容。",
        not_sure="我没有足够的把握回答。您可以换个说法，或选择“与人工客服交谈”。",
        not_sure_about="对这一部分我没有足够的把握：“{question}”",
        did_not_help="很抱歉没能帮到您。请换个说法告诉我您需要什么，或选择“与人工客服交谈”。",
        part_known="我不确定这是否回答了您的问题，但也许有帮助：",
        person_offered="如果不是这个，请告诉我更多，或选择“与人工客服交谈”。",
        cut_short="我没能回答完。帮助中心是这样说的：",
        asked_for_person="好的。您已进入人工客服的排队队列。",
        upset="非常抱歉。我已请人工客服接手。",
        sensitive="这需要人工处理。您已进入排队队列。",
        not_helping="看来我没能帮上忙。我已请人工客服接手。",
        no_person_here="这需要人工处理，但我无法从这里转接：请直接联系我们的客服。",
        handed_over_unsure="我没有足够的把握回答，因此已请人工客服接手。",
        seen_by_person="客服能看到您在这里写的所有内容，您无需重复。",
        which_one="请确认一下，您指的是{one}还是{other}？",
        dear="{name}，您好！",
        dear_nobody="您好！",
        reply_found="关于这个问题，我们的帮助中心是这样说的：",
        reply_part="我还没有完整的答案。我们的帮助中心是这样说的，也许能解答一部分：",
        back_at="现在没有人工客服在线，{when}起恢复服务。",
        nobody_here="现在没有人工客服在线。",
        leave_email="您可以在此留下电子邮箱，回复也会发送到那里。",
        days="星期一,星期二,星期三,星期四,星期五,星期六,星期日",
    ),
}  # fmt: skip


_repeats = re.compile(
    "|".join(
        ".*".join(map(re.escape, one.not_sure_about.split("{question}"))) for one in (ENGLISH, *IN.values())
    )
)


def without_repeats(text: str) -> str:
    """What the bot said, without the paragraphs that repeat what a customer wrote."""
    return "\n\n".join(part for part in text.split("\n\n") if not _repeats.fullmatch(part.strip()))


def in_language(*tags: str | None) -> Words:
    """The words of the first of these languages ("de", "pt-BR", None) that the bot speaks; English otherwise."""
    for tag in tags:
        known = IN.get((tag or "").replace("_", "-").split("-")[0].lower())
        if known is not None:
            return known
    return ENGLISH
