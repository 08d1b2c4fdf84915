// Japanese.

export default {
  file_remove: "{name} を削除",
  file_large: "{name} は {size} を超えています。",
  file_many: "1 件のメッセージに添付できるのは {n} 個までです。",
  file_failed: "アップロードできませんでした",
  keep_text: "テキストとして",
  keep_print: "印刷用のページとして",
  keep_mail: "自分のメールアドレスへ",
  keep_mailed: "{email} に送信しています。",
  file_busy: "ファイルをアップロード中です。",
  earlier: "これまでの会話",
  begin: "新しい会話",
  delivered: "送信済み",
  read: "既読",
};
