// The box to write in: reply or internal note, draft, preview, canned replies, mentions, and a moment to take a reply back.
import { api } from "./api.js";
import { Completion } from "./completion.js";
import { Attachments } from "./files.js";
import { sift } from "./fuzzy.js";
import { pick } from "./picker.js";
import { rich } from "./rich.js";

const TYPING_ENDS = 4000; // milliseconds without a key
const UNDO = 5; // seconds in which a reply can be taken back

export class Composer {
  /**
   * `claim()` takes the conversation (true when it is ours), `sent(message, mode)` after sending, `said(line, bad)`,
   * `newest()` the id of the last message that was read, `stale()` when the conversation has to be read again, `taken(id)` when
   * a held reply was taken back.
   */
  constructor(root, { drafts, directory, presence, claim, sent, said, newest, stale, taken, view }) {
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { drafts, directory, presence, claim, sent, said, newest, stale, taken, view });
    this.form = find(".composer");
    this.box = find("[data-inbox=reply]");
    this.label = find("[data-composer-label]");
    this.hint = find("[data-hint]");
    this.notice = find("[data-notice]");
    this.preview = find("[data-preview]");
    this.previewButton = find("[data-inbox=preview]");
    this.noteButton = find("[data-inbox=note]");
    this.sendButton = find("[data-inbox=send]");
    this.heldBar = find("[data-held]");
    this.countdown = find("[data-countdown]");
    this.heldWords = find("[data-held-say]"); // once for a screen reader, which the countdown does not disturb
    this.attachments = new Attachments(this.form, root, {
      path: () => `/api/handoffs/${encodeURIComponent(this.id)}/files`,
      may: () => (this.mode === "note" ? "Files go with a reply, not with a note." : this.why),
      said,
      changed: () => this.packet && this.draw(false),
    });
    this.packet = null;
    this.mode = "reply";
    this.held = null;
    this.writing = [];
    this.previews = false;
    this.noteButton.addEventListener("click", () => this.write(this.mode === "note" ? "reply" : "note"));
    this.previewButton.addEventListener("click", () => this.togglePreview());
    find("[data-action=send-now]").addEventListener("click", () => this.sendNow());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.completion = new Completion(this.box, find("[data-completion]"), [
      { pattern: /(?:^|\n)\/([\p{L}\p{N}_.-]*)$/u, when: () => true, items: (typed) => this.cannedFor(typed), take: (item) => this.filled(item.value) },
      { pattern: /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u, when: () => this.mode === "note", items: async (typed) => this.agentsFor(typed), take: async (item) => `@${item.value} ` },
    ]);
    this.box.addEventListener("keydown", (event) => {
      if (event.isComposing || event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return;
      if (event.key === "Enter") this.send();
      else if (event.key === "z" && !this.box.value && this.held) this.takeBack();
      else if (event.key === "b") this.wrap("**");
      else if (event.key === "i") this.wrap("*");
      else return;
      event.preventDefault();
    });
    this.box.addEventListener("input", () => this.wrote());
  }

  get id() {
    return this.packet?.id ?? null;
  }

  /** `why`: the reason why no reply can be written, or nothing. */
  show(packet, fresh, { why, claimFirst }) {
    if (fresh) {
      this.stopTyping();
      this.packet = packet;
      this.drafts.opened(packet.id, packet.draft);
      this.warn(null);
      this.mode = this.drafts.get(packet.id, "reply") || !this.drafts.get(packet.id, "note") ? "reply" : "note";
    }
    this.packet = packet;
    this.why = why;
    this.claimFirst = claimFirst;
    if (fresh) this.attachments.open(packet.id);
    if (why && this.mode === "reply") this.stopTyping();
    this.hold(packet.held.at(-1) ?? null);
    this.draw(fresh);
  }

  draw(fresh = true) {
    const note = this.mode === "note";
    this.form.dataset.composer = this.mode;
    this.noteButton.setAttribute("aria-pressed", String(note));
    this.label.textContent = note ? "Internal note, which the customer never sees" : "Reply to the customer";
    this.box.placeholder = note ? "Internal note: the customer never sees it. @ names a colleague" : this.why || "Reply to the customer (Markdown). / for canned replies";
    this.box.disabled = !note && Boolean(this.why);
    this.sendButton.textContent = note ? "Add note" : this.claimFirst ? "Claim and send" : "Send";
    this.sendButton.disabled = this.box.disabled || Boolean(this.sending);
    const kept = this.box.disabled && this.drafts.get(this.id, "reply") ? `${this.why} Your text is kept.` : "";
    this.hint.textContent = note ? "Only agents see this." : kept;
    this.hint.classList.toggle("kept", Boolean(kept));
    if (fresh) {
      this.box.value = this.drafts.get(this.id, this.mode);
      this.completion.close();
      this.see();
    }
  }

  write(mode) {
    if (!this.packet) return;
    this.mode = mode;
    this.warn(null);
    this.stopTyping();
    this.draw();
    this.focus();
  }

  focus() {
    this.view("conversation");
    if (this.box.disabled) this.said(this.why);
    else this.box.focus();
  }

  wrote() {
    if (!this.packet) return;
    this.drafts.set(this.id, this.mode, this.box.value);
    this.see();
    if (this.mode !== "reply" || !this.box.value) return this.stopTyping();
    this.presence.write(true);
    if (!this.isTyping) this.tellTyping(true);
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.stopTyping(), TYPING_ENDS);
  }

  stopTyping() {
    clearTimeout(this.idle);
    this.presence.write(false);
    if (this.isTyping) this.tellTyping(false);
  }

  /** The customer sees it only when it is ours to answer. */
  tellTyping(on) {
    if (!this.id || this.claimFirst) return;
    this.isTyping = on;
    api("POST", `/api/handoffs/${encodeURIComponent(this.id)}/typing`, { on }).catch(() => {}); // a courtesy, no more
  }

  togglePreview() {
    this.previews = !this.previews;
    this.previewButton.setAttribute("aria-pressed", String(this.previews));
    this.see();
  }

  see() {
    const text = this.previews ? this.box.value.trim() : "";
    this.preview.hidden = !text;
    this.preview.replaceChildren(rich(text));
  }

  /** Marks around what is selected, or none any more; without a selection the caret stands between them. */
  wrap(mark) {
    const { selectionStart: from, selectionEnd: to, value } = this.box;
    const chosen = value.slice(from, to);
    const has = value.slice(from - mark.length, from) === mark && value.slice(to, to + mark.length) === mark;
    if (has) this.box.setRangeText(chosen, from - mark.length, to + mark.length, "select");
    else {
      this.box.setRangeText(mark + chosen + mark, from, to, "end");
      this.box.setSelectionRange(from + mark.length, to + mark.length);
    }
    this.wrote();
  }

  /** Text at the caret, on lines of its own. */
  insert(text) {
    if (this.box.disabled) return this.said(`${this.why} Then it can be put into a reply.`);
    const { selectionStart: from, selectionEnd: to, value } = this.box;
    const before = value.slice(0, from);
    const gap = !before || before.endsWith("\n\n") ? "" : before.endsWith("\n") ? "\n" : "\n\n";
    this.box.setRangeText(gap + text, from, to, "end");
    this.wrote();
    this.view("conversation");
    this.box.focus();
  }

  /** A text to start from; what was begun stays above it. */
  use(text) {
    if (this.why) return this.said(`${this.why} Then the suggestion can be used.`);
    if (this.mode !== "reply") this.write("reply");
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
    this.insert(text);
  }

  async cannedFor(typed) {
    if (!this.directory.canned.length) await this.directory.again("canned");
    const items = this.directory.canned.map((reply) => ({ label: reply.shortcut, also: reply.title, reply }));
    return sift(items, typed)
      .slice(0, 8)
      .map(([{ reply }]) => ({ label: `/${reply.shortcut}`, hint: reply.title, value: reply.id }));
  }

  agentsFor(typed) {
    const others = this.directory.agents.filter((agent) => agent.id !== this.directory.me.id).map((agent) => ({ label: agent.name, value: agent.name }));
    return sift(others, typed)
      .slice(0, 8)
      .map(([item]) => item);
  }

  async filled(cannedId) {
    try {
      return (await api("POST", `/api/handoffs/${encodeURIComponent(this.id)}/canned/${encodeURIComponent(cannedId)}`)).text;
    } catch (problem) {
      this.said(problem.message, true);
      return null;
    }
  }

  async pickCanned() {
    const items = () => this.directory.canned.map((reply) => ({ label: reply.title, hint: `/${reply.shortcut} · ${reply.text.slice(0, 80)}`, also: reply.shortcut, value: reply.id }));
    const empty = this.directory.isLead ? "None yet. Write canned replies on the page Manage." : "None yet. A lead writes canned replies on the page Manage.";
    const chosen = await pick({ title: "Canned reply", placeholder: "Its title or shortcut", items: items(), fresh: this.directory.again("canned").then(items), empty });
    const text = chosen && (await this.filled(chosen.value));
    if (text) this.insert(text);
  }

  warn(line, careful = false) {
    this.careful = careful; // about others who are writing: over when they stop
    this.notice.textContent = line ?? "";
    this.notice.hidden = !line;
  }

  /** Others came or went, or began to write. */
  seesOthers(others) {
    this.writing = others.filter((one) => one.typing).map((one) => one.name);
    if (!this.writing.length && this.careful) this.warn(null);
  }

  async send() {
    const text = this.box.value.trim();
    const files = this.mode === "reply" ? this.attachments.ids : [];
    if ((!text && !files.length) || this.sending || !this.packet || this.sendButton.disabled) return;
    const { id, mode } = this;
    if (mode === "reply" && this.writing.length && !this.careful) {
      this.warn(`${this.writing.join(" and ")} is writing here, too. Send again to send it all the same.`, true);
      return;
    }
    if (mode === "reply" && this.attachments.busy) return this.said("A file is still being uploaded.");
    this.sending = true;
    this.sendButton.disabled = true;
    this.stopTyping();
    const what = JSON.stringify([id, mode, text, files]);
    this.attempt = this.attempt?.what === what ? this.attempt : { what, client_id: crypto.randomUUID?.() ?? `${Date.now()}${Math.random()}` };
    try {
      if (mode === "reply" && this.claimFirst && !(await this.claim())) return;
      const { client_id } = this.attempt;
      const body = mode === "note" ? { text, client_id, mentions: this.mentionsIn(text) } : { text, files, client_id, undo_s: UNDO, seen: this.newest() };
      const message = await api("POST", `/api/handoffs/${encodeURIComponent(id)}/${mode}`, body);
      this.attempt = null;
      this.drafts.set(id, mode, "");
      if (mode === "reply") this.attachments.clear(id);
      if (this.id !== id) return;
      this.warn(null);
      if (mode === "note") this.mode = "reply";
      else if (message.held_until) this.hold(message);
      this.draw();
      this.sent(message, mode);
      if (mode === "note") this.said("The note is kept.");
    } catch (problem) {
      if (problem.status === 409 && mode === "reply" && this.id === id) {
        this.warn(`${problem.message} Your text is still here.`);
        await this.stale();
      } else this.said(`${problem.message} Your text is still here.`, true);
    } finally {
      this.sending = false;
      if (this.packet) this.draw(false);
      const here = document.activeElement; // who has gone on to something else meanwhile is left there
      if (this.id === id && !this.box.disabled && (here === document.body || this.form.contains(here))) this.box.focus();
    }
  }

  mentionsIn(text) {
    return this.directory.agents.filter((agent) => new RegExp(`@${agent.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}])`, "iu").test(text)).map((agent) => agent.id);
  }

  /** A reply that can still be taken back, or nothing any more. */
  hold(message) {
    if (this.held?.id === message?.id && this.held?.held_until === message?.held_until) return;
    clearInterval(this.ticking);
    const inside = this.heldBar.contains(document.activeElement);
    this.held = message;
    this.heldBar.hidden = !message;
    this.heldWords.textContent = "";
    if (!message) {
      if (inside && !this.box.disabled) this.box.focus();
      return;
    }
    const tick = () => {
      const left = Math.ceil((new Date(message.held_until) - Date.now()) / 1000);
      this.countdown.textContent = left > 0 ? `Sending in ${left} s` : "Sending …";
    };
    tick();
    this.ticking = setInterval(tick, 250);
    this.heldWords.textContent = `It goes out in ${UNDO} seconds. z takes it back, in the box Ctrl and Z.`;
  }

  /** The server says that a held reply was sent, taken back or dropped. */
  letGo(id) {
    if (this.held?.id === id) this.hold(null);
  }

  async takeBack() {
    const { held, id } = this;
    if (!held) return;
    try {
      const { text, files } = await api("DELETE", `/api/handoffs/${encodeURIComponent(id)}/held/${encodeURIComponent(held.id)}`);
      const more = this.drafts.get(id, "reply");
      this.drafts.set(id, "reply", [text, more].filter(Boolean).join("\n\n"));
      if (this.id !== id) return;
      this.attachments.restore(files);
      this.taken(held.id);
      this.hold(null);
      this.mode = "reply";
      this.draw();
      this.box.focus();
      this.said("Taken back. The customer has not seen it.");
    } catch (problem) {
      this.said(problem.message, true);
    }
    await this.stale();
  }

  async sendNow() {
    const { held, id } = this;
    if (!held) return;
    await api("POST", `/api/handoffs/${encodeURIComponent(id)}/held/${encodeURIComponent(held.id)}/send`).catch((problem) => this.said(problem.message, true));
    await this.stale();
  }
}
