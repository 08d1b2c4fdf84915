// Italian.

export default {
  file_remove: "Rimuovi {name}",
  file_large: "{name} supera {size}.",
  file_many: "Un messaggio contiene al massimo {n} file.",
  file_failed: "non caricato",
  keep_text: "Come testo",
  keep_print: "Come pagina da stampare",
  keep_mail: "Al mio indirizzo e-mail",
  keep_mailed: "È in viaggio verso {email}.",
  file_busy: "Un file è ancora in caricamento.",
  earlier: "Le tue conversazioni",
  begin: "Nuova conversazione",
  delivered: "Consegnato",
  read: "Letto",
};
