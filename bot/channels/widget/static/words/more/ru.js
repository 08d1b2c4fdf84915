// Russian.

export default {
  file_remove: "Убрать {name}",
  file_large: "{name} больше {size}.",
  file_many: "В одном сообщении не больше {n} файлов.",
  file_failed: "не загружен",
  keep_text: "Как текст",
  keep_print: "Как страницу для печати",
  keep_mail: "На мою электронную почту",
  keep_mailed: "Уже отправляется на {email}.",
  file_busy: "Файл ещё загружается.",
  earlier: "Ваши разговоры",
  begin: "Новый разговор",
  delivered: "Доставлено",
  read: "Прочитано",
};
