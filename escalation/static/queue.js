// The list of conversations: views, filters, search, pages, selection. Knows nothing of what an open one looks like.
import { api } from "./api.js";
import { calm, el, marked, moment, target, time } from "./dom.js";
import { Bulk } from "./bulk.js";
import { PRIORITIES, customerName, language, plain, reason, status } from "./words.js";

const VIEWS = {
  waiting: { query: { status: "waiting" }, empty: "Nobody is waiting. New conversations appear here by themselves." },
  mine: { query: { status: "claimed", assignee: "me" }, empty: "You have no open conversation. Claim one that waits." },
  unassigned: { query: { view: "unassigned" }, empty: "Every open conversation has somebody." },
  overdue: { query: { view: "overdue" }, empty: "Nothing is overdue." },
  snoozed: { query: { view: "snoozed" }, empty: "Nothing is snoozed. Press s in a conversation to see it again later." },
  mentions: { query: { view: "mentions" }, empty: "Nobody has mentioned you. Write @ and a name in an internal note to call a colleague." },
  all: { query: {}, empty: "No conversation was handed over yet. Ask for a person in the chat to see one here." },
  resolved: { query: { status: "resolved" }, empty: "Nothing is resolved yet." },
};
const LABELS = 3; // that a line has room for
const NARROWED = ["team", "label", "priority", "language", "assignee"];

export class Queue {
  /** `open(id)` is called with the handoff that was chosen, `counted(counts)` after each load, `failed(problem)`, `said(line)`. */
  constructor(root, { open, counted, failed, said, directory, presence }) {
    const find = (selector) => root.querySelector(selector);
    this.list = find("[data-inbox=queue]");
    this.empty = find("[data-queue-empty]");
    this.reading = find("[data-queue-reading]");
    this.more = find("[data-action=more]");
    this.search = find("#search");
    this.buttons = [...root.querySelectorAll("[data-filter]")];
    this.narrow = find("[data-narrow]");
    this.fields = Object.fromEntries(NARROWED.map((name) => [name, find(`select[name=${name}]`)]));
    this.narrowed = find("[data-narrowed]");
    this.open = open;
    this.counted = counted;
    this.failed = failed;
    this.directory = directory;
    this.presence = presence;
    this.items = [];
    this.place = 0; // of the open one in the list
    this.lines = new Map(); // id -> {state, node}: what is drawn as it should be is left alone
    this.unread = new Set();
    this.selected = null;
    this.next = null;
    this.older = 0;
    this.run = 0;
    this.soon = calm(() => this.load(), 250);
    this.bulk = new Bulk(find("[data-bulk]"), this, { directory, said, failed });
    for (const button of this.buttons) button.addEventListener("click", () => this.show(button.dataset.filter));
    this.search.form.addEventListener("submit", (event) => event.preventDefault());
    this.search.addEventListener("input", () => {
      clearTimeout(this.typed);
      this.typed = setTimeout(() => this.searched(), 200);
    });
    for (const field of Object.values(this.fields)) field.addEventListener("change", () => this.load());
    find("[data-action=widen]").addEventListener("click", () => {
      for (const field of Object.values(this.fields)) field.value = "";
      this.load();
    });
    this.more.addEventListener("click", () => this.load(true));
    this.restore();
  }

  /** The view, filters and search stand in the address: a reload and a shared link keep them. */
  restore() {
    const address = new URLSearchParams(location.search);
    this.before = null; // the view before the search
    this.view = Object.hasOwn(VIEWS, address.get("view") ?? "") ? address.get("view") : "waiting";
    this.search.value = address.get("q") ?? "";
    for (const [name, field] of Object.entries(this.fields)) this.offer(field, [...field.options].map((one) => [one.value, one.text]), address.get(name) ?? "");
    this.press();
  }

  keep() {
    const address = new URLSearchParams();
    if (this.view !== "waiting") address.set("view", this.view);
    if (this.words) address.set("q", this.words);
    for (const [name, field] of Object.entries(this.fields)) if (field.value) address.set(name, field.value);
    const query = address.toString();
    history.replaceState(null, "", `${location.pathname}${query && `?${query}`}${location.hash}`);
  }

  /** The lists of the filters, once it is known what there is. */
  offers() {
    const { agents, teams, labels } = this.directory;
    this.offer(this.fields.team, [["", "Any"], ...teams.map((team) => [team.id, team.name])]);
    this.offer(this.fields.label, [["", "Any"], ...labels.map((one) => [one.label, one.label])]);
    this.offer(this.fields.priority, [["", "Any"], ...PRIORITIES.map((name) => [name, plain(name)])]);
    this.offer(this.fields.assignee, [["", "Anybody"], ["me", "Me"], ["none", "Nobody"], ...agents.map((agent) => [agent.id, agent.name])]);
    const codes = new Set([...this.fields.language.options].map((one) => one.value).filter(Boolean));
    for (const item of this.items) if (item.language) codes.add(item.language);
    this.offer(this.fields.language, [["", "Any"], ...[...codes].sort().map((code) => [code, language(code)])]);
  }

  offer(field, options, value = field.value) {
    if (value && !options.some(([one]) => one === value)) options = [...options, [value, value]];
    if (JSON.stringify(options) !== JSON.stringify([...field.options].map((one) => [one.value, one.text])))
      field.replaceChildren(...options.map(([one, text]) => el("option", { value: one }, text)));
    field.value = value;
  }

  show(view) {
    this.view = view;
    this.press();
    return this.load();
  }

  /** A search begins with all conversations; a view narrows it afterwards. Without words the view is as it was. */
  searched() {
    if (this.words && !this.before) {
      this.before = this.view;
      return this.show("all");
    }
    if (this.words || !this.before) return this.load();
    const { before } = this;
    this.before = null;
    return this.show(this.view === "all" ? before : this.view);
  }

  press() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === this.view));
  }

  get words() {
    return this.search.value.trim();
  }

  async load(further = false) {
    const run = ++this.run;
    const query = new URLSearchParams(VIEWS[this.view].query);
    if (this.words) query.set("q", this.words);
    let narrowed = 0;
    for (const [name, field] of Object.entries(this.fields)) {
      if (!field.value) continue;
      query.set(name, field.value);
      narrowed += 1;
    }
    this.narrowed.textContent = narrowed ? String(narrowed) : "";
    if (narrowed) this.narrow.open = true;
    this.keep();
    if (further && this.next) query.set("cursor", this.next);
    else query.set("limit", String(Math.min(100, Math.max(50, this.items.length))));
    let page;
    try {
      page = await api("GET", `/api/handoffs?${query}`);
    } catch (problem) {
      this.failed(problem);
      return;
    }
    if (run !== this.run) return; // a later load has overtaken this one
    const known = new Set(further ? this.items.map((item) => item.id) : []);
    this.items = further ? [...this.items, ...page.items.filter((item) => !known.has(item.id))] : page.items;
    this.next = page.next;
    this.older = page.unread ?? 0; // conversations of before there was a search, not in it yet
    this.counted(page.counts);
    this.offers();
    this.draw();
  }

  select(id) {
    this.selected = id;
    this.unread.delete(id);
    this.draw();
  }

  mark(id) {
    if (id === this.selected && document.hasFocus()) return;
    this.unread.add(id);
    this.draw();
  }

  /** Opens the conversation `step` lines below the open one. */
  move(step) {
    if (!this.items.length) return;
    const at = this.items.findIndex((item) => item.id === this.selected);
    const from = at < 0 ? this.place - (step > 0 ? 1 : 0) : at; // it has left this view: go on where it was
    const to = Math.max(0, Math.min(this.items.length - 1, from + step));
    this.open(this.items[to].id);
    this.list.children[to]?.scrollIntoView({ block: "nearest" });
  }

  /** The line that has the focus, else the one that is open. */
  get pointed() {
    return document.activeElement?.closest("[data-line]")?.dataset.line ?? this.selected;
  }

  draw() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement : null;
    const where = focused && [focused.closest("[data-line]").dataset.line, focused.matches("input") ? "input" : "button"];
    this.place = Math.max(0, this.items.findIndex((item) => item.id === this.selected)) || this.place;
    this.bulk.keep(this.items);
    const gone = new Set(this.lines.keys());
    const nodes = this.items.map((item) => {
      gone.delete(item.id);
      return this.lineOf(item);
    });
    for (const id of gone) this.lines.delete(id);
    if (nodes.length !== this.list.children.length || nodes.some((node, index) => node !== this.list.children[index])) this.list.replaceChildren(...nodes);
    if (where && document.activeElement !== focused) {
      const line = this.lines.get(where[0])?.node ?? this.list.firstElementChild;
      (line?.querySelector(where[1]) ?? this.search).focus();
    }
    this.empty.textContent = this.words || this.narrowed.textContent ? "Nothing matches. Try fewer or other words, or clear the filters." : VIEWS[this.view].empty;
    this.empty.hidden = this.items.length > 0;
    const reading = this.words && this.older ? `${this.older} older conversations are still being read into the search.` : "";
    if (this.reading.textContent !== reading) this.reading.textContent = reading;
    this.more.hidden = !this.next;
    this.bulk.draw();
  }

  lineOf(item) {
    const others = this.presence.others(item.id);
    const state = JSON.stringify([item, this.unread.has(item.id), item.id === this.selected, this.bulk.has(item.id), others, this.words]);
    const drawn = this.lines.get(item.id);
    if (drawn?.state === state) return drawn.node;
    const node = this.line(item, others);
    this.lines.set(item.id, { state, node });
    return node;
  }

  line(item, others) {
    const name = customerName(item.customer);
    const unread = this.unread.has(item.id);
    const picked = this.bulk.has(item.id);
    const words = this.words.split(/\s+/);
    return el(
      "li",
      { "data-line": item.id, class: `row ${item.priority} ${unread ? "unread" : ""} ${picked ? "picked" : ""}` },
      el("label", { class: "pick" }, el("input", { type: "checkbox", checked: picked, "aria-label": `Select ${name}`, onclick: (event) => this.bulk.click(item.id, event) })),
      el(
        "button",
        { type: "button", class: `item ${unread ? "unread" : ""}`, "data-inbox": "item", "data-id": item.id, "aria-current": String(item.id === this.selected), onclick: () => this.open(item.id, true) },
        el("span", { class: "line" }, el("b", {}, unread && el("span", { class: "visually-hidden" }, "New: "), marked(name, words)), time(item.created_at)),
        this.gist(item).map((text) => el("span", { class: "question", dir: "auto" }, marked(text.replace(/```\w*\s?/g, ""), words))),
        el("span", { class: "chips" }, this.chips(item, others)),
      ),
    );
  }

  holder({ assignee, status }) {
    if (status !== "claimed" || !assignee) return null;
    return assignee.id === this.directory.me.id ? "yours" : assignee.name;
  }

  /** What it is about; under it where the words of a search were said, or what was said last once somebody has it. */
  gist({ question, last, found }) {
    if (this.words) return found ? [question, found] : [question];
    if (!last || last.text === question) return [question];
    const who = last.role === "customer" ? "" : `${last.author === this.directory.me.name ? "You" : last.author}: `;
    return [question, who + last.text];
  }

  chips(item, others) {
    const open = item.status === "waiting" || item.status === "claimed";
    const due = open && !item.snoozed_until && (item.first_reply_at ? item.resolve_due_at : item.due_at);
    const labels = item.labels ?? [];
    return [
      item.priority !== "normal" && el("span", { class: `chip ${item.priority}` }, item.priority),
      due && target(due),
      item.snoozed_until && el("span", { class: "chip" }, "until ", time(item.snoozed_until, moment)),
      item.status !== "waiting" && el("span", { class: "chip" }, this.holder(item) ?? status(item.status)),
      item.status === "claimed" && item.last?.role === "customer" && !item.snoozed_until && el("span", { class: "chip owed" }, "wants an answer"),
      item.reopened && el("span", { class: "chip strong" }, "came back"),
      item.team && el("span", { class: "chip" }, item.team.name),
      labels.slice(0, LABELS).map((label) => el("span", { class: "chip tag" }, label)),
      labels.length > LABELS && el("span", { class: "chip", title: labels.slice(LABELS).join(", ") }, `+${labels.length - LABELS}`, el("span", { class: "visually-hidden" }, " more labels")),
      item.reasons.slice(0, 2).map((name) => el("span", { class: "chip" }, reason(name))),
      others.length > 0 && el("span", { class: "chip here" }, others.map((one) => `${one.name} ${one.typing ? "is writing" : "is looking"}`).join(", ")),
    ];
  }
}
