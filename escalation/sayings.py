"""What the steps of a handoff say to the customer, in every language that the bot speaks. One place, to be read together.

`in_language(tag, ...)` gives the Sayings of a language; what nobody wrote down is said in English. Knows no handoffs.
"""

from __future__ import annotations

from dataclasses import dataclass

from help_center.sources.base import primary_language


@dataclass(frozen=True)
class Sayings:
    """One language. `{name}` and `{before}` are agents; none of them is ever addressed as he or she."""

    joined: str  # {name} took it, or was given it
    took_over: str  # {name} has it now, {before} had it
    left: str  # {name} put it back into the queue
    handed_back: str  # {name} gave it back to the bot
    resolved: str  # {name} ended it
    with_bot: str  # the customer went back to the bot


ENGLISH = Sayings(
    joined="{name} has joined the conversation and can see what was said so far.",
    took_over="{name} has taken over from {before} and can see what was said so far.",
    left="{name} has left the conversation. You are in the queue for another person.",
    handed_back="{name} has handed the conversation back to the assistant. You can ask for a person at any time.",
    resolved="{name} has closed the conversation as resolved. Write again at any time to open it.",
    with_bot="You are talking to the assistant again. You can ask for a person at any time.",
)

IN: dict[str, Sayings] = {
    "en": ENGLISH,
    "de": Sayings(
        joined="{name} ist jetzt im Gespräch und sieht, was bisher gesagt wurde.",
        took_over="{name} hat von {before} übernommen und sieht, was bisher gesagt wurde.",
        left="{name} hat das Gespräch verlassen. Sie stehen in der Warteschlange für einen anderen Menschen.",
        handed_back="{name} hat das Gespräch an den Assistenten zurückgegeben. Sie können jederzeit nach einem Menschen fragen.",
        resolved="{name} hat das Gespräch als gelöst geschlossen. Schreiben Sie jederzeit wieder, um es zu öffnen.",
        with_bot="Sie sprechen wieder mit dem Assistenten. Sie können jederzeit nach einem Menschen fragen.",
    ),
    "es": Sayings(
        joined="{name} se ha unido a la conversación y puede ver lo que se ha dicho hasta ahora.",
        took_over="{name} continúa en lugar de {before} y puede ver lo que se ha dicho hasta ahora.",
        left="{name} ha dejado la conversación. Está usted en la cola para hablar con otra persona.",
        handed_back="{name} ha devuelto la conversación al asistente. Puede pedir hablar con una persona en cualquier momento.",
        resolved="{name} ha cerrado la conversación como resuelta. Escriba de nuevo cuando quiera para abrirla.",
        with_bot="Está hablando de nuevo con el asistente. Puede pedir hablar con una persona en cualquier momento.",
    ),
    "fr": Sayings(
        joined="{name} a rejoint la conversation et voit ce qui a été dit jusqu'ici.",
        took_over="{name} prend le relais de {before} et voit ce qui a été dit jusqu'ici.",
        left="{name} a quitté la conversation. Vous êtes dans la file d'attente pour une autre personne.",
        handed_back="{name} a rendu la conversation à l'assistant. Vous pouvez demander une personne à tout moment.",
        resolved="{name} a fermé la conversation comme résolue. Écrivez à tout moment pour la rouvrir.",
        with_bot="Vous parlez de nouveau à l'assistant. Vous pouvez demander une personne à tout moment.",
    ),
    "pt": Sayings(
        joined="{name} entrou na conversa e pode ver o que foi dito até agora.",
        took_over="{name} continua no lugar de {before} e pode ver o que foi dito até agora.",
        left="{name} saiu da conversa. Está na fila para falar com outra pessoa.",
        handed_back="{name} devolveu a conversa ao assistente. Pode pedir para falar com uma pessoa a qualquer momento.",
        resolved="{name} encerrou a conversa como resolvida. Escreva novamente quando quiser para a reabrir.",
        with_bot="Está a falar de novo com o assistente. Pode pedir para falar com uma pessoa a qualquer momento.",
    ),
    "it": Sayings(
        joined="{name} partecipa ora alla conversazione e vede ciò che è stato detto finora.",
        took_over="{name} continua al posto di {before} e vede ciò che è stato detto finora.",
        left="{name} ha lasciato la conversazione. Sei in coda per parlare con un'altra persona.",
        handed_back="{name} ha restituito la conversazione all'assistente. Puoi chiedere di una persona in qualsiasi momento.",
        resolved="{name} ha chiuso la conversazione come risolta. Scrivi di nuovo quando vuoi per riaprirla.",
        with_bot="Stai parlando di nuovo con l'assistente. Puoi chiedere di una persona in qualsiasi momento.",
    ),
    "nl": Sayings(
        joined="{name} neemt nu deel aan het gesprek en ziet wat er tot nu toe is gezegd.",
        took_over="{name} heeft het overgenomen van {before} en ziet wat er tot nu toe is gezegd.",
        left="{name} heeft het gesprek verlaten. U staat in de wachtrij voor iemand anders.",
        handed_back="{name} heeft het gesprek teruggegeven aan de assistent. U kunt altijd om een mens vragen.",
        resolved="{name} heeft het gesprek als opgelost gesloten. Schrijf gerust opnieuw om het te openen.",
        with_bot="U praat weer met de assistent. U kunt altijd om een mens vragen.",
    ),
    "pl": Sayings(
        joined="{name} jest teraz w rozmowie i widzi, co dotąd napisano.",
        took_over="Rozmowę przejmuje {name} (wcześniej {before}); widać tam, co dotąd napisano.",
        left="{name} nie bierze już udziału w rozmowie. Jesteś w kolejce do rozmowy z inną osobą.",
        handed_back="Rozmowa wraca do asystenta ({name} już w niej nie uczestniczy). W każdej chwili możesz poprosić o "
        "rozmowę z człowiekiem.",
        resolved="{name} zamyka rozmowę jako rozwiązaną. Napisz ponownie w dowolnej chwili, aby ją otworzyć.",
        with_bot="Znowu rozmawiasz z asystentem. W każdej chwili możesz poprosić o rozmowę z człowiekiem.",
    ),
    "ru": Sayings(
        joined="{name} теперь в разговоре и видит всё, что было сказано до сих пор.",
        took_over="Разговор продолжает {name} (до этого: {before}) и видит всё, что было сказано до сих пор.",
        left="{name} больше не участвует в разговоре. Вы в очереди на разговор с другим сотрудником.",
        handed_back="{name} возвращает разговор помощнику. Вы можете в любой момент попросить позвать человека.",
        resolved="{name} закрывает разговор: вопрос решён. Напишите снова в любой момент, чтобы открыть его.",
        with_bot="Вы снова говорите с помощником. Вы можете в любой момент попросить позвать человека.",
    ),
    "ar": Sayings(
        joined="دخل المحادثة الآن: {name}. كل ما قيل حتى الآن ظاهر هناك.",
        took_over="انتقلت المحادثة من {before} إلى {name}. كل ما قيل حتى الآن ظاهر هناك.",
        left="غادر المحادثة: {name}. أنت في قائمة الانتظار للتحدث مع شخص آخر.",
        handed_back="أُعيدت المحادثة إلى المساعد من {name}. يمكنك طلب التحدث مع شخص في أي وقت.",
        resolved="أُغلقت المحادثة على أنها محلولة من {name}. اكتب مجددًا في أي وقت لفتحها.",
        with_bot="أنت تتحدث مع المساعد من جديد. يمكنك طلب التحدث مع شخص في أي وقت.",
    ),
    "ja": Sayings(
        joined="{name} が会話に参加しました。これまでの内容は担当者に見えています。",
        took_over="{before} から {name} に担当が代わりました。これまでの内容は担当者に見えています。",
        left="{name} が会話から離れました。別の担当者の待ち行列にお入れしています。",
        handed_back="{name} が会話をアシスタントに戻しました。担当者との会話はいつでもご依頼いただけます。",
        resolved="{name} が会話を解決済みとして終了しました。再開するには、いつでもまたお書きください。",
        with_bot="再びアシスタントとの会話です。担当者との会話はいつでもご依頼いただけます。",
    ),
    "zh": Sayings(
        joined="{name} 已加入对话，可以看到之前的所有内容。",
        took_over="{name} 已接替 {before}，可以看到之前的所有内容。",
        left="{name} 已离开对话。您正在排队等待另一位客服。",
        handed_back="{name} 已将对话交还给助手。您可以随时要求与人工客服交谈。",
        resolved="{name} 已将对话标记为已解决并关闭。您可以随时再次留言以重新打开。",
        with_bot="您现在又在与助手对话了。您可以随时要求与人工客服交谈。",
    ),
}  # fmt: skip


def in_language(*tags: str | None) -> Sayings:
    """The sayings of the first of these languages ("de", "pt-BR", None) that there are; English otherwise."""
    for tag in tags:
        known = IN.get(primary_language(tag or ""))
        if known is not None:
            return known
    return ENGLISH
