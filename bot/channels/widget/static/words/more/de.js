// German.

export default {
  file_remove: "{name} entfernen",
  file_large: "{name} ist größer als {size}.",
  file_many: "Höchstens {n} Dateien passen in eine Nachricht.",
  file_failed: "nicht hochgeladen",
  keep_text: "Als Text",
  keep_print: "Als Seite zum Drucken",
  keep_mail: "An meine E-Mail-Adresse",
  keep_mailed: "Es ist unterwegs an {email}.",
  file_busy: "Eine Datei wird noch hochgeladen.",
  earlier: "Ihre Gespräche",
  begin: "Neues Gespräch",
  delivered: "Zugestellt",
  read: "Gelesen",
};
