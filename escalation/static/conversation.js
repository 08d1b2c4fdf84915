// One open conversation: its transcript, its steps, and the box to write in.
import { api } from "./api.js";
import { el, link, prose, time } from "./dom.js";
import { drawPacket, turnWords } from "./packet.js";
import { customerName, role, status } from "./words.js";

const TYPING_ENDS = 4000; // milliseconds without a key
const TYPING_FADES = 8000; // a lost "stopped typing" is forgotten after this

export class Conversation {
  /** `said(line)` shows a line to the agent, `changed()` is called after a step, `view(name)` on a small screen. */
  constructor(root, aside, me, { said, changed, view }) {
    this.me = me;
    this.said = said;
    this.changed = changed;
    this.view = view;
    this.aside = aside;
    this.packet = null;
    this.drafts = new Map();
    const find = (selector) => root.querySelector(selector);
    this.root = root;
    this.nothing = find("[data-nothing]");
    this.body = find("[data-open]");
    this.title = find("[data-title]");
    this.subtitle = find("[data-subtitle]");
    this.transcript = find("[data-inbox=transcript]");
    this.typing = find("[data-typing]");
    this.form = find(".composer");
    this.box = find("[data-inbox=reply]");
    this.label = find("[data-composer-label]");
    this.hint = find("[data-hint]");
    this.noteButton = find("[data-inbox=note]");
    this.sendButton = find("[data-inbox=send]");
    this.outcome = find("[data-inbox=outcome]");
    this.assignee = find("[data-inbox=assign]");
    this.buttons = Object.fromEntries(["claim", "release", "return", "resolve"].map((name) => [name, find(`[data-inbox=${name}]`)]));

    for (const [name, button] of Object.entries(this.buttons)) button.addEventListener("click", () => this.step(name));
    this.outcome.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.isComposing) {
        event.preventDefault();
        this.step("resolve");
      }
    });
    this.assignee.addEventListener("change", () => this.step("assign"));
    this.noteButton.addEventListener("click", () => this.writeNote(this.mode !== "note"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    this.box.addEventListener("input", () => this.wrote());
    find("[data-action=back]").addEventListener("click", () => view("queue"));
    find("[data-action=context]").addEventListener("click", () => view("packet"));
    this.mode = "reply";
    // who reads the newest message goes on reading it when the room for it changes
    this.transcript.addEventListener("scroll", () => (this.stuck = this.isAtEnd()));
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(this.transcript);
  }

  get id() {
    return this.packet?.id ?? null;
  }

  async open(id) {
    this.wanted = id;
    this.missed = false;
    const packet = await api("GET", `/api/handoffs/${encodeURIComponent(id)}`);
    if (this.wanted !== id) return; // another one was chosen meanwhile
    this.stopTyping();
    this.show(packet, true);
    this.writeNote(false);
    if (this.missed) await this.refresh();
    this.missed = false;
  }

  /** A live message of any handoff: shown when it belongs here, fetched when it came while this one was loading. */
  arrived(handoffId, message) {
    if (handoffId === this.id) this.append(message);
    if (handoffId === this.wanted && handoffId !== this.id) this.missed = true;
  }

  /** The same conversation as it stands now. */
  async refresh() {
    const { id } = this;
    if (!id) return;
    const packet = await api("GET", `/api/handoffs/${encodeURIComponent(id)}`);
    if (this.wanted === id) this.show(packet, false);
  }

  show(packet, fresh) {
    this.packet = packet;
    this.nothing.hidden = true;
    this.body.hidden = false;
    this.title.textContent = customerName(packet.customer);
    const holder = packet.assignee && packet.status !== "waiting" ? ` · ${packet.assignee.id === this.me.id ? "you" : packet.assignee.name}` : "";
    this.subtitle.replaceChildren(`${status(packet.status)}${holder} · handed over `, time(packet.created_at));
    if (fresh) {
      this.transcript.setAttribute("aria-live", "off"); // what was said before is not read out
      this.transcript.replaceChildren();
      this.typing.textContent = "";
      this.outcome.value = "";
    }
    for (const message of packet.transcript) this.append(message, fresh);
    this.inOrder(packet.transcript);
    if (fresh) {
      this.toEnd();
      setTimeout(() => this.transcript.setAttribute("aria-live", "polite"), 100);
    }
    this.steps();
    drawPacket(this.aside, packet, { use: (text) => this.use(text), back: () => this.view("conversation") });
  }

  steps() {
    const { status: now, assignee } = this.packet;
    const mine = now === "claimed" && assignee?.id === this.me.id;
    const open = now === "waiting" || now === "claimed";
    const may = mine || (now === "claimed" && this.me.role === "admin");
    this.buttons.claim.hidden = now !== "waiting";
    for (const name of ["release", "return", "resolve"]) this.buttons[name].hidden = !may;
    this.outcome.hidden = !may;
    this.assignee.hidden = !open;
    this.assignee.value = "";
    const hints = {
      waiting: "Claim it to reply.",
      claimed: mine ? "" : `${assignee?.name} has it.`,
      returned: "The bot has it again.",
      resolved: "It is closed.",
    };
    this.cannotReply = mine ? "" : hints[now];
    this.composer();
  }

  composer() {
    const note = this.mode === "note";
    this.form.dataset.composer = this.mode;
    this.noteButton.setAttribute("aria-pressed", String(note));
    this.label.textContent = note ? "Internal note, which the customer never sees" : "Reply to the customer";
    this.box.placeholder = note ? "Internal note: the customer never sees it" : this.cannotReply || "Reply to the customer (Markdown)";
    this.box.disabled = !note && Boolean(this.cannotReply);
    this.sendButton.textContent = note ? "Add note" : "Send";
    this.sendButton.disabled = this.box.disabled;
    this.hint.textContent = note ? "Only agents see this." : "";
    this.box.value = this.drafts.get(this.draftKey()) ?? "";
  }

  draftKey() {
    return `${this.id} ${this.mode}`;
  }

  writeNote(on) {
    this.mode = on ? "note" : "reply";
    this.composer();
    if (on) this.box.focus();
  }

  use(text) {
    if (this.cannotReply) {
      this.said(`${this.cannotReply} Then the suggestion can be used.`);
      return;
    }
    this.writeNote(false);
    this.box.value = text;
    this.drafts.set(this.draftKey(), text);
    this.view("conversation");
    this.box.focus();
  }

  focusReply() {
    if (!this.packet) return;
    this.writeNote(false);
    if (this.box.disabled) this.said(this.cannotReply);
    else this.box.focus();
  }

  /** claim, release, return, resolve or assign. */
  async step(name) {
    if (!this.packet || (this.buttons[name]?.hidden ?? false)) return;
    const body = { resolve: { outcome: this.outcome.value || null }, assign: { agent_id: this.assignee.value } }[name];
    if (name === "assign" && !this.assignee.value) return;
    const { id } = this;
    const focused = this.root.contains(document.activeElement);
    for (const button of Object.values(this.buttons)) button.disabled = true;
    try {
      const packet = await api("POST", `/api/handoffs/${encodeURIComponent(id)}/${name}`, body);
      if (this.id === id) this.show(packet, false);
      this.said({ claim: "It is yours.", release: "It is back in the queue.", return: "The bot has it again.", resolve: "Resolved.", assign: `Assigned to ${packet.assignee?.name}.` }[name]);
    } catch (problem) {
      this.said(problem.message, true);
      if (this.id === id) await this.refresh().catch(() => {});
    } finally {
      for (const button of Object.values(this.buttons)) button.disabled = false;
    }
    this.changed();
    if (name === "claim" && !this.box.disabled) this.box.focus();
    else if (focused && document.activeElement === document.body) this.title.focus();
  }

  async send() {
    const text = this.box.value.trim();
    if (!text || this.sending || !this.packet) return;
    const { id, mode } = this;
    const key = this.draftKey();
    this.sending = true;
    this.sendButton.disabled = true;
    this.attempt = this.attempt?.text === text && this.attempt.key === key ? this.attempt : { text, key, client_id: crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}` };
    try {
      const message = await api("POST", `/api/handoffs/${encodeURIComponent(id)}/${mode}`, { text, client_id: this.attempt.client_id });
      this.attempt = null;
      this.drafts.delete(key);
      this.stopTyping();
      if (this.id === id) {
        if (mode === "reply") this.append(message);
        else await this.refresh();
        this.writeNote(false);
        if (!this.box.disabled) this.box.focus();
        if (mode === "note") this.said("The note is kept.");
      }
    } catch (problem) {
      this.said(`${problem.message} Your text is still here.`, true);
    } finally {
      this.sending = false;
      this.sendButton.disabled = this.box.disabled;
    }
  }

  /** A message that came live; the same one twice is shown once. */
  append(message, quiet = false) {
    if (this.transcript.querySelector(`[data-id="${CSS.escape(message.id)}"]`)) return;
    const atEnd = this.isAtEnd();
    const turn = this.packet.turns.find((done) => done.message_id === message.id);
    this.transcript.append(
      el(
        "article",
        { class: `message ${message.role}`, "data-id": message.id },
        el("p", { class: "byline small" }, el("b", {}, this.author(message)), " ", time(message.created_at)),
        el("div", { class: "prose" }, prose(message.text)),
        message.sources.length > 0 && el("p", { class: "cited small" }, "Sources: ", message.sources.map((source, index) => [index ? ", " : "", link(source.url, source.title)])),
        turn && el("p", { class: "judged small" }, turnWords(turn)),
      ),
    );
    if (message.role === "customer") this.showTyping({ role: "customer", on: false });
    if (atEnd && !quiet) this.toEnd();
  }

  /** Two streams bring messages (events and packets): the packet's order is the right one. */
  inOrder(messages) {
    const nodes = new Map([...this.transcript.children].map((node) => [node.dataset.id, node]));
    const order = messages.map((message) => nodes.get(message.id));
    if (order.some((node, index) => node !== this.transcript.children[index])) this.transcript.prepend(...order);
  }

  author(message) {
    if (message.role === "agent") return message.author ?? "Agent";
    return message.role === "customer" ? customerName(this.packet.customer) : role(message.role);
  }

  isAtEnd() {
    return this.transcript.scrollHeight - this.transcript.scrollTop - this.transcript.clientHeight < 120;
  }

  toEnd() {
    this.stuck = true;
    this.transcript.scrollTop = this.transcript.scrollHeight;
  }

  showTyping({ role: who, name, on }) {
    clearTimeout(this.fade);
    const line = on ? `${who === "customer" ? customerName(this.packet.customer) : name} is typing …` : "";
    if (this.typing.textContent !== line) this.typing.textContent = line;
    if (on) this.fade = setTimeout(() => (this.typing.textContent = ""), TYPING_FADES);
  }

  wrote() {
    this.drafts.set(this.draftKey(), this.box.value);
    if (this.mode !== "reply") return;
    if (!this.isTyping && this.box.value) this.tellTyping(true);
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stopTyping(), TYPING_ENDS);
  }

  stopTyping() {
    clearTimeout(this.idle);
    if (this.isTyping) this.tellTyping(false);
  }

  tellTyping(on) {
    this.isTyping = on;
    api("POST", `/api/handoffs/${encodeURIComponent(this.id)}/typing`, { on }).catch(() => {}); // a courtesy, no more
  }
}
