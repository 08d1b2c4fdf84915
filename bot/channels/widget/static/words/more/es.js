// Spanish.

export default {
  file_remove: "Quitar {name}",
  file_large: "{name} supera los {size}.",
  file_many: "Un mensaje lleva como máximo {n} archivos.",
  file_failed: "no se ha subido",
  keep_text: "Como texto",
  keep_print: "Como página para imprimir",
  keep_mail: "A mi correo electrónico",
  keep_mailed: "Va de camino a {email}.",
  file_busy: "Todavía se está subiendo un archivo.",
  earlier: "Sus conversaciones",
  begin: "Nueva conversación",
  delivered: "Entregado",
  read: "Leído",
};
