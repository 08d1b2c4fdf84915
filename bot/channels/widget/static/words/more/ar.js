// Arabic, from right to left.

export default {
  file_remove: "إزالة {name}",
  file_large: "حجم {name} أكبر من {size}.",
  file_many: "تتسع الرسالة الواحدة لعدد {n} من الملفات كحد أقصى.",
  file_failed: "لم يُرفع",
  keep_text: "كنص",
  keep_print: "كصفحة للطباعة",
  keep_mail: "إلى بريدي الإلكتروني",
  keep_mailed: "في طريقها إلى {email}.",
  file_busy: "لا يزال أحد الملفات قيد الرفع.",
  earlier: "محادثاتك",
  begin: "محادثة جديدة",
  delivered: "تم التسليم",
  read: "تمت القراءة",
};
