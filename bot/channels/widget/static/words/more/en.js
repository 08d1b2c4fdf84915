// English. The other languages have the same keys: `{name}` is filled in, an object holds the plural forms of `n` (CLDR's names).

export default {
  file_remove: "Remove {name}",
  file_large: "{name} is larger than {size}.",
  file_many: "At most {n} files go with one message.",
  file_failed: "not uploaded",
  keep_text: "As a text",
  keep_print: "As a page to print",
  keep_mail: "To my e-mail address",
  keep_mailed: "It is on its way to {email}.",
  file_busy: "A file is still being uploaded.",
  earlier: "Your conversations",
  begin: "New conversation",
  delivered: "Delivered",
  read: "Read",
};
