// Portuguese.

export default {
  file_remove: "Remover {name}",
  file_large: "{name} tem mais de {size}.",
  file_many: "Uma mensagem leva no máximo {n} ficheiros.",
  file_failed: "não enviado",
  keep_text: "Como texto",
  keep_print: "Como página para imprimir",
  keep_mail: "Para o meu e-mail",
  keep_mailed: "Está a caminho de {email}.",
  file_busy: "Ainda está a ser enviado um ficheiro.",
  earlier: "As suas conversas",
  begin: "Nova conversa",
  delivered: "Entregue",
  read: "Lida",
};
