// The demo page's buttons: each opens the chat, some with a question to send.

document.getElementById("open").onclick = () => window.Parley?.("open");
for (const button of document.querySelectorAll("[data-ask]")) {
  button.onclick = () => window.Parley?.("open", button.dataset.ask);
}
