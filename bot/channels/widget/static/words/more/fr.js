// French.

export default {
  file_remove: "Retirer {name}",
  file_large: "{name} dépasse {size}.",
  file_many: "Un message contient au plus {n} fichiers.",
  file_failed: "non envoyé",
  keep_text: "En texte",
  keep_print: "En page à imprimer",
  keep_mail: "À mon adresse e-mail",
  keep_mailed: "Elle est en route vers {email}.",
  file_busy: "Un fichier est encore en cours d'envoi.",
  earlier: "Vos conversations",
  begin: "Nouvelle conversation",
  delivered: "Distribué",
  read: "Lu",
};
