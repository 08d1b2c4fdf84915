// Polish.

export default {
  file_remove: "Usuń {name}",
  file_large: "{name} ma ponad {size}.",
  file_many: "W jednej wiadomości mieści się najwyżej {n} plików.",
  file_failed: "nie przesłano",
  keep_text: "Jako tekst",
  keep_print: "Jako stronę do druku",
  keep_mail: "Na mój adres e-mail",
  keep_mailed: "Jest w drodze na {email}.",
  file_busy: "Plik jest jeszcze przesyłany.",
  earlier: "Twoje rozmowy",
  begin: "Nowa rozmowa",
  delivered: "Dostarczono",
  read: "Przeczytano",
};
