// A conversation to keep: saved as a file, or sent to the customer's own address. Loaded when it is asked for.

import "./more.js";
import { ask } from "./api.js";
import { element } from "../help/markdown.js";
import { language, say } from "./words.js";

const $ = (id) => document.getElementById(id);

const menu = element("dialog", element("h2", say("keep")));
menu.dataset.parley = "keep-menu";
menu.id = "keep-menu";
menu.setAttribute("aria-label", say("keep"));
menu.onclick = (event) => event.target === menu && menu.close(); // beside it
document.body.append(menu);

/** Shows the choice. `told`: what the server says of the conversation; `said(text, kind)` tells how it went. */
export function offer(conversation, told, said) {
  const path = `${conversation.path}/transcript`;
  const mail = async () => {
    const answer = await ask("POST", `${path}?language=${language}`, { token: conversation.token });
    said(say("keep_mailed", await answer.json()), "info");
  };
  const choices = [
    ["keep_text", () => save(conversation, path, "text", "txt")],
    ["keep_print", () => save(conversation, path, "html", "html")],
    ...(told.may_mail_transcript ? [["keep_mail", mail]] : []),
    ["mail_cancel", () => {}],
  ];
  menu.replaceChildren(menu.firstChild, ...choices.map(([word, work]) => {
    const button = element("button", say(word));
    Object.assign(button, { type: "button", className: "quiet" });
    button.dataset.choice = word;
    button.onclick = () => {
      menu.close();
      Promise.resolve(work()).catch((error) => said(error.status === 429 ? say("busy", { n: error.retryAfter ?? 5 }) : say("failed")));
    };
    return button;
  }));
  menu.showModal();
}

/** By fetch, because the token goes in the header and never in an address. */
async function save(conversation, path, format, ending) {
  const answer = await ask("GET", `${path}?format=${format}&language=${language}`, { token: conversation.token, accept: "*/*" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${$("title").textContent} ${new Date().toISOString().slice(0, 10)}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
