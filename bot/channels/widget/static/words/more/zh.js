// Chinese, simplified.

export default {
  file_remove: "移除 {name}",
  file_large: "{name} 超过 {size}。",
  file_many: "一条消息最多 {n} 个文件。",
  file_failed: "未上传",
  keep_text: "保存为文本",
  keep_print: "保存为可打印页面",
  keep_mail: "发送到我的邮箱",
  keep_mailed: "正在发送到 {email}。",
  file_busy: "文件仍在上传。",
  earlier: "您的对话",
  begin: "新对话",
  delivered: "已送达",
  read: "已读",
};
