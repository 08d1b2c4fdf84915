// The messages on the screen. Knows their order and their shape; not how they are sent or received.

import { element, markdown, safeUrl } from "../help/markdown.js";
import { slugOf } from "./api.js";
import { fillWords, formats, say } from "./words.js";

const time = new Intl.DateTimeFormat(formats, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(formats, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export class Log {
  /** `on.feedback(id, helpful, comment)`, `on.retry(entry)`, `on.choose(text)`, `on.read(event, article)`, `on.grown()` when one became longer; `helpful`: what was said of which message before. */
  constructor(root, on, helpful) {
    this.root = root;
    this.on = on;
    this.helpful = helpful;
    this.entries = [];
  }

  /** Takes a Message of the server, new or known. Gives its entry; `entry.fresh` says that it was not there before. */
  take(message) {
    let entry = this.entries.find((known) => (known.id && known.id === message.id)
      || (known.clientId && known.clientId === message.client_id));
    const fresh = !entry;
    if (fresh) entry = this.add(message.role, message.text, message.client_id, message.files);
    // the text of a message never changes, but its sources come only with the whole of it
    const same = !fresh && entry.text === message.text && (entry.sources.length || !message.sources?.length);
    Object.assign(entry, {
      id: message.id, text: message.text, author: message.author, sources: message.sources ?? [],
      files: message.files ?? [], at: Date.parse(message.created_at) || entry.at, fresh, state: null,
      choices: entry.choices ?? message.choices,
    });
    this.place(entry);
    this.offer();
    if (same) this.mark(entry);
    else this.draw(entry);
    return entry;
  }

  /** A message at the end that the server does not know yet. */
  add(role, text, clientId = null, files = []) {
    const entry = { id: null, clientId, role, text, author: null, sources: [], files, at: null, state: null, note: "" };
    entry.node = document.getElementById("message-template").content.cloneNode(true).firstElementChild;
    fillWords(entry.node);
    this.entries.push(entry);
    this.root.append(entry.node);
    this.draw(entry);
    this.offer();
    return entry;
  }

  /** What the last message gives to choose from, to be said at a press: gone with the next message. */
  offer() {
    const choices = this.entries.at(-1)?.choices;
    if (choices === this.offered) return; // a button that has the focus stays
    this.offered = choices;
    const box = document.getElementById("choices");
    box.hidden = !choices;
    box.replaceChildren(...(choices ? [...choices, say("neither")] : []).map((text) => {
      const button = element("button", text);
      Object.assign(button, { type: "button", dir: "auto", onclick: () => this.on.choose(text) });
      return button;
    }));
  }

  /** Puts an entry after the last one that is not younger. Ours, not dated yet, stay where they were written. */
  place(entry) {
    const now = this.entries.indexOf(entry);
    const before = this.entries[now - 1];
    const after = this.entries[now + 1];
    if (!entry.at || ((!before?.at || before.at <= entry.at) && (!after?.at || after.at >= entry.at))) return;
    this.entries.splice(now, 1);
    let index = this.entries.length;
    while (index > 0 && !(this.entries[index - 1].at <= entry.at && this.entries[index - 1].at)) index--;
    if (index === 0) index = this.entries.findIndex((other) => other.at > entry.at);
    if (index < 0) index = this.entries.length;
    this.root.insertBefore(entry.node, this.entries[index]?.node ?? null);
    this.entries.splice(index, 0, entry);
  }

  clear(keep) {
    for (const entry of this.entries) if (!keep(entry)) entry.node.remove();
    this.entries = this.entries.filter(keep);
    this.offer();
  }

  author({ role, author }) {
    return { customer: say("you"), assistant: say("assistant"), system: "" }[role] ?? author ?? say("agent");
  }

  draw(entry) {
    const { node } = entry;
    node.className = `message ${entry.role}`;
    node.querySelector(".who").textContent = this.author(entry);
    const text = node.querySelector(":scope > .text");
    if (entry.role === "customer") text.textContent = entry.text;
    else text.replaceChildren(markdown(entry.text, { cite: (n) => this.citation(entry, n), breaks: entry.role === "agent" }));
    text.hidden = !entry.text;
    const files = node.querySelector(".files");
    files.hidden = !entry.files.length;
    if (entry.files.length) import("./files.js").then(({ fill }) => this.on.grown(fill(files, entry.files)), () => {});
    const sources = node.querySelector(".sources");
    sources.hidden = !entry.sources.length;
    sources.querySelector("ol").replaceChildren(...entry.sources.map((source) => this.card(source)));
    this.drawHelpful(entry);
    this.mark(entry);
  }

  /** When it was written, and how far a message of ours has come. */
  mark(entry) {
    if (entry.id) entry.node.dataset.id = entry.id;
    const stamp = entry.node.querySelector("time");
    if (entry.at) {
      const date = new Date(entry.at);
      stamp.dateTime = date.toISOString();
      stamp.textContent = (date.toDateString() === new Date().toDateString() ? time : day).format(date);
    }
    const line = entry.node.querySelector(".state");
    const retry = line.querySelector("button");
    line.hidden = !entry.state;
    entry.node.classList.toggle("failed", entry.state === "failed");
    entry.node.classList.toggle("pending", Boolean(entry.state));
    line.querySelector("span").textContent = entry.note;
    retry.hidden = entry.state !== "failed" || entry.lasting;
    retry.onclick = () => this.on.retry(entry);
  }

  citation(entry, n) {
    if (!entry.sources[n - 1]) return null;
    const mark = element("a", String(n));
    mark.href = `#${n}`;
    mark.setAttribute("aria-label", say("source", { n, title: entry.sources[n - 1].title }));
    mark.onclick = (event) => {
      event.preventDefault(); // no step in the history of the page around
      const target = entry.node.querySelectorAll(".sources a")[n - 1];
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "nearest" });
    };
    return element("sup", mark);
  }

  async drawHelpful(entry) {
    const box = entry.node.querySelector(".helpful");
    // what cites nothing answered nothing: a greeting or a handover is not asked about
    const asked = entry.role === "assistant" && entry.id && entry.sources.length;
    box.hidden = !asked;
    if (!asked || entry.asked) return;
    entry.asked = true;
    const { Helpful, asComment } = await import("./helpful.js").catch(() => ({}));
    if (!Helpful) return;
    new Helpful(box, {
      question: say("helpful"),
      said: this.helpful[entry.id],
      text: () => copyable(entry),
      send: async (helpful, reason, comment) => {
        await this.on.feedback(entry.id, helpful, asComment(reason, comment));
        this.helpful[entry.id] = helpful;
      },
    });
  }

  card(source) {
    const node = document.getElementById("source-template").content.cloneNode(true).firstElementChild;
    const link = node.querySelector("a");
    const url = safeUrl(source.url ?? source.original_url ?? "");
    const inside = url && slugOf(url);
    if (url) link.href = url;
    link.querySelector("b").textContent = source.title;
    link.querySelector(".heading").textContent = source.heading && source.heading !== source.title ? source.heading : "";
    link.querySelector(".away").textContent = inside ? "" : ` (${say("new_tab")})`;
    const excerpt = markdown(source.excerpt ?? "").textContent;
    node.querySelector("p").textContent = excerpt;
    if (inside) link.onclick = (event) => this.on.read(event, { url, title: source.title, excerpt });
    return node;
  }
}

/** An answer as plain text, with where it is from. */
function copyable(entry) {
  const sources = entry.sources.map(({ title, url }, n) => `[${n + 1}] ${title}: ${new URL(url, location.href)}`);
  return [entry.node.querySelector(":scope > .text").innerText, ...sources].join("\n");
}
