// Dutch.

export default {
  file_remove: "{name} verwijderen",
  file_large: "{name} is groter dan {size}.",
  file_many: "Er passen hoogstens {n} bestanden in één bericht.",
  file_failed: "niet geüpload",
  keep_text: "Als tekst",
  keep_print: "Als pagina om af te drukken",
  keep_mail: "Naar mijn e-mailadres",
  keep_mailed: "Het is onderweg naar {email}.",
  file_busy: "Er wordt nog een bestand geüpload.",
  earlier: "Uw gesprekken",
  begin: "Nieuw gesprek",
  delivered: "Bezorgd",
  read: "Gelezen",
};
