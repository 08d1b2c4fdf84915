// One open conversation, put together: its head, its steps, the transcript and the box to write in.
import { api } from "./api.js";
import { choose } from "./choices.js";
import { Composer } from "./composer.js";
import { calm, el, moment, target, time } from "./dom.js";
import { Packet } from "./packet.js";
import { ask } from "./picker.js";
import { Transcript } from "./transcript.js";
import { customerName, plain, status } from "./words.js";

const TYPING_FADES = 8000; // milliseconds; a lost "stopped typing" is forgotten after this
const LABELS = 4; // that are shown before somebody asks for all
const DONE = {
  claim: () => "It is yours.",
  release: () => "It is back in the queue.",
  return: () => "The bot has it again.",
  resolve: () => "Resolved. q claims the next one that waits.",
  assign: (packet) => `Assigned to ${packet.assignee?.name}.`,
  team: (packet) => (packet.team ? `It is with ${packet.team.name}.` : "It has no team."),
  priority: (packet) => `Its priority is ${packet.priority}.`,
  snooze: (packet) => (packet.snoozed_until ? `It comes back on ${moment(packet.snoozed_until)}, or when the customer writes.` : "It is awake."),
  label: () => "Labels changed.",
};

export class Conversation {
  /** `said(line, bad)` shows a line to the agent, `changed()` is called after a step, `shown()` after each drawing, `view(name)` on a small screen. */
  constructor(root, aside, { me, directory, drafts, presence, said, changed, shown, view }) {
    Object.assign(this, { root, me, directory, presence, said, changed, shown, view });
    const find = (selector) => root.querySelector(selector);
    this.packet = null;
    this.changes = 0;
    this.nothing = find("[data-nothing]");
    this.body = find("[data-open]");
    this.title = find("[data-title]");
    this.subtitle = find("[data-subtitle]");
    this.marks = find("[data-marks]");
    this.typing = find("[data-typing]");
    this.bar = find("[data-steps]");
    this.transcript = new Transcript(find("[data-inbox=transcript]"), find("[data-newer]"));
    this.composer = new Composer(root, {
      drafts,
      directory,
      presence,
      said,
      view,
      claim: async () => {
        await this.step("claim");
        return this.mine;
      },
      newest: () => this.transcript.newest,
      stale: () => this.refresh().catch(() => {}),
      taken: (id) => {
        this.touch();
        this.packet.held = this.packet.held.filter((held) => held.id !== id);
        this.transcript.draw();
      },
      sent: (message, mode) => this.sent(message, mode),
    });
    this.context = new Packet(aside, {
      said,
      find: (id) => {
        view("conversation");
        if (!this.transcript.find(id)) said("That message is not here any more.");
      },
      edit: (text) => this.composer.use(text),
      send: (text) => this.sendSuggestion(text),
    });
    this.markRead = calm(() => this.read(), 400);
    document.addEventListener("visibilitychange", this.markRead);
    this.refreshSoon = calm(() => this.refresh().catch(() => {}), 150);
    find("[data-action=back]").addEventListener("click", () => view("queue"));
    find("[data-action=context]").addEventListener("click", () => view("packet"));
    aside.querySelector("[data-action=back-to-conversation]").addEventListener("click", () => view("conversation"));
  }

  get id() {
    return this.packet?.id ?? null;
  }

  get mine() {
    return this.packet?.status === "claimed" && this.packet.assignee?.id === this.me.id;
  }

  /** Ours, or we may act on what others hold. */
  get may() {
    return this.mine || (this.packet?.status === "claimed" && this.directory.isLead);
  }

  /** Its place in the queue and who gets it. */
  get mayOrder() {
    return this.packet?.status === "waiting" || this.may;
  }

  get isOpen() {
    return this.packet?.status === "waiting" || this.packet?.status === "claimed";
  }

  open(id) {
    const opening = this.fetch(id);
    const settled = opening.then(() => {}, () => {}).then(() => this.opening === settled && (this.opening = null));
    this.opening = settled;
    return opening;
  }

  async fetch(id) {
    this.wanted = id;
    this.missed = false;
    const packet = await api("GET", this.path("", id));
    if (this.wanted !== id) return; // another one was chosen meanwhile
    this.presence.enter(id);
    this.show(packet, this.id !== id);
    if (this.missed) await this.refresh();
    this.missed = false;
    api("POST", this.path("/seen")).then(this.changed, () => {});
  }

  path(rest, id = this.id) {
    return `/api/handoffs/${encodeURIComponent(id)}${rest}`;
  }

  /** A live message of any handoff: shown when it belongs here, fetched when it came while this one was loading. */
  arrived(handoffId, message) {
    if (handoffId === this.wanted && handoffId !== this.id) this.missed = true;
    if (handoffId !== this.id) return;
    this.touch();
    this.composer.letGo(message.id);
    if (this.transcript.add(message) && message.role === "customer") {
      this.showTyping(false);
      this.refreshSoon(); // what they told now belongs into the packet, too
    }
    this.markRead();
  }

  /** The customer is shown that a person has read so far: when it is in sight, and once. */
  read() {
    const { newest } = this.transcript;
    if (document.hidden || !this.packet || !newest || this.told === newest) return;
    this.told = newest;
    api("POST", this.path("/read"), { message_id: newest }).catch(() => (this.told = null));
  }

  /** A side has seen more than before. */
  wasRead({ handoff_id, role, message_id, at }) {
    if (handoff_id === this.wanted && handoff_id !== this.id) this.missed = true;
    if (handoff_id !== this.id) return;
    this.touch();
    this.packet.read = { ...this.packet.read, [role]: { message_id, at } };
    this.transcript.drawReceipt();
  }

  /** The same conversation as it stands now. What came while it was fetched may not be in it: then once more. */
  async refresh() {
    const { id } = this;
    if (!id) return;
    const asked = this.touch();
    const packet = await api("GET", this.path(""));
    if (this.wanted !== id || this.id !== id) return;
    if (asked === this.changes) this.show(packet, false);
    else this.refreshSoon();
  }

  /** Something changed here: a packet that was asked for before it is out of date. */
  touch() {
    this.changes += 1;
    return this.changes;
  }

  show(packet, fresh) {
    packet.held ??= fresh ? [] : this.packet.held;
    packet.draft ??= fresh ? {} : this.packet.draft;
    packet.notes ??= [];
    this.packet = packet;
    this.nothing.hidden = true;
    this.body.hidden = false;
    if (fresh) this.showTyping(false);
    this.head();
    this.transcript.show(packet, fresh);
    const hints = {
      waiting: "",
      claimed: this.mine ? "" : `${packet.assignee?.name} has it.${this.may ? " Take it over to answer." : ""}`,
      returned: "The bot has it again.",
      resolved: "It is closed.",
    };
    this.composer.show(packet, fresh, { why: hints[packet.status], claimFirst: packet.status === "waiting" });
    this.context.show(packet, fresh);
    this.present();
    this.markRead();
    this.shown();
  }

  head() {
    const { packet } = this;
    this.title.textContent = customerName(packet.customer);
    const holder = packet.assignee && packet.status !== "waiting" ? ` · ${packet.assignee.id === this.me.id ? "you" : packet.assignee.name}` : "";
    this.subtitle.replaceChildren(`${status(packet.status)}${holder}${packet.team ? ` · ${packet.team.name}` : ""} · handed over `, time(packet.created_at));
    const due = this.isOpen && !packet.snoozed_until && (packet.first_reply_at ? packet.resolve_due_at : packet.due_at);
    const labels = packet.labels ?? [];
    if (this.unfolded !== packet.id) this.unfolded = null;
    const shown = this.unfolded || labels.length <= LABELS + 1 ? labels : labels.slice(0, LABELS);
    const state = JSON.stringify([due, packet.snoozed_until, packet.reopened, labels, shown.length, packet.priority]);
    this.here = this.here ?? el("span", { class: "here small", role: "status", "data-inbox": "presence" });
    if (state === this.marked) return;
    this.marked = state;
    this.marks.replaceChildren(
      ...[
        packet.priority !== "normal" && el("span", { class: `chip ${packet.priority}` }, plain(packet.priority)),
        due && target(due),
        packet.snoozed_until && el("span", { class: "chip" }, "Snoozed until ", time(packet.snoozed_until, moment)),
        packet.reopened && el("span", { class: "chip strong" }, "Came back"),
        ...shown.map((label) =>
          el("span", { class: "chip tag", "data-inbox": "label" }, label, el("button", { type: "button", class: "drop", "aria-label": `Remove the label ${label}`, onclick: () => this.label({ add: [], remove: [label] }) }, "×")),
        ),
        shown.length < labels.length && el("button", { type: "button", class: "quiet add", "data-action": "all-labels", onclick: () => this.unfold() }, `${labels.length - shown.length} more labels`),
        el("button", { type: "button", class: "quiet add", "data-command": "label", "aria-keyshortcuts": "l" }, "+ Label"),
        this.here,
      ].filter(Boolean),
    );
  }

  /** All labels of this one. */
  unfold() {
    this.unfolded = this.packet.id;
    this.head();
    this.marks.querySelectorAll("[data-inbox=label] .drop")[LABELS]?.focus();
  }

  /** Who else is here, and whether they write. */
  present() {
    const others = this.presence.others(this.id);
    const words = others.map((one) => `${one.name} is ${one.typing ? (this.isOpen ? "typing a reply" : "typing") : "looking"}`).join(", ");
    if (this.here.textContent !== words) this.here.textContent = words;
    this.here.classList.toggle("writing", others.some((one) => one.typing));
    this.composer.seesOthers(others);
  }

  /** A lead gets what a colleague has. */
  takeOver() {
    return this.post(this.id, "claim", "/assign", { agent_id: this.me.id });
  }

  /** claim, release, return, resolve, assign, snooze, priority, team or label. */
  async step(name) {
    const { packet } = this;
    const given = packet && (await choose(name, this.directory, packet));
    if (!given) return;
    if (name === "label") return this.label(given);
    await this.post(packet.id, name, `/${name}`, Object.keys(given).length ? given : undefined);
    if (name === "claim" && this.mine) this.composer.focus();
  }

  label(change) {
    return this.post(this.id, "label", "/labels", change);
  }

  async post(id, name, path, body) {
    const focused = this.root.contains(document.activeElement);
    for (const button of this.bar.children) button.disabled = true;
    try {
      const packet = await api("POST", this.path(path, id), body);
      this.touch();
      if (this.id === id) this.show(packet, false);
      this.said(DONE[name](packet));
    } catch (problem) {
      this.said(problem.message, true);
      if (this.id === id) await this.refresh().catch(() => {});
    } finally {
      for (const button of this.bar.children) button.disabled = false;
    }
    this.changed();
    if (focused && (document.activeElement === document.body || document.activeElement.hidden)) this.title.focus();
  }

  async sent(message, mode) {
    this.touch();
    if (mode === "note") this.packet.notes.push(message);
    else if (message.held_until) this.packet.held = [...this.packet.held.filter((held) => held.id !== message.id), message];
    else this.transcript.add(message);
    this.transcript.draw();
    this.transcript.toEnd();
    if (mode === "note") await this.refresh().catch(() => {});
  }

  async sendSuggestion(text) {
    this.composer.use(text);
    if (this.composer.box.value.trim() === text.trim()) await this.composer.send();
  }

  async article() {
    const field = el("input", { name: "title", required: true, maxlength: 300, value: this.packet.question.split(/\s+/).join(" ").slice(0, 120) });
    const given = await ask({
      title: "This should be an article",
      say: "A draft begins with what you and your colleagues wrote here. Nobody outside sees it before it is published.",
      fields: el("label", {}, "Title", field),
      action: "Start the draft",
    });
    if (!given) return;
    try {
      const draft = await api("POST", this.path("/article"), { title: given.title });
      this.said(`The draft “${draft.title}” is kept. Leads find it on the page Manage, under Articles.`);
    } catch (problem) {
      this.said(problem.message, true);
    }
  }

  showTyping(on) {
    clearTimeout(this.fade);
    const line = on ? `${customerName(this.packet.customer)} is typing …` : "";
    if (this.typing.textContent !== line) this.typing.textContent = line;
    if (on) this.fade = setTimeout(() => (this.typing.textContent = ""), TYPING_FADES);
  }
}
