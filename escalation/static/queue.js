// The list of conversations: filters, search, pages. Knows nothing of what an open one looks like.
import { api } from "./api.js";
import { due, el, time } from "./dom.js";
import { customerName, reason, status } from "./words.js";

const FILTERS = {
  waiting: { query: { status: "waiting" }, empty: "Nobody is waiting. New conversations appear here by themselves." },
  mine: { query: { status: "claimed", assignee: "me" }, empty: "You have no open conversation. Claim one that waits." },
  all: { query: {}, empty: "No conversation was handed over yet. Ask for a person in the chat to see one here." },
  resolved: { query: { status: "resolved" }, empty: "Nothing is resolved yet." },
};

export class Queue {
  /** `open(id)` is called with the handoff that was chosen, `counted(counts)` after each load, `failed(problem)`. */
  constructor(root, { open, counted, failed }) {
    this.list = root.querySelector("[data-inbox=queue]");
    this.empty = root.querySelector("[data-queue-empty]");
    this.more = root.querySelector("[data-action=more]");
    this.search = root.querySelector("#search");
    this.buttons = [...root.querySelectorAll("[data-filter]")];
    this.open = open;
    this.counted = counted;
    this.failed = failed;
    this.filter = "waiting";
    this.items = [];
    this.unread = new Set();
    this.selected = null;
    this.next = null;
    this.run = 0;
    for (const button of this.buttons) button.addEventListener("click", () => this.show(button.dataset.filter));
    this.search.form.addEventListener("submit", (event) => event.preventDefault());
    this.search.addEventListener("input", () => this.soon(200));
    this.more.addEventListener("click", () => this.load(true));
  }

  show(filter) {
    this.filter = filter;
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    return this.load();
  }

  soon(delay = 250) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), delay);
  }

  async load(further = false) {
    const run = ++this.run;
    const query = new URLSearchParams(FILTERS[this.filter].query);
    if (this.search.value.trim()) query.set("q", this.search.value.trim());
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
    this.items = further ? [...this.items, ...page.items] : page.items;
    this.next = page.next;
    this.counted(page.counts);
    this.draw();
  }

  select(id) {
    this.selected = id;
    this.unread.delete(id);
    for (const line of this.list.querySelectorAll("[data-inbox=item]")) {
      line.setAttribute("aria-current", String(line.dataset.id === id));
      if (line.dataset.id === id) line.classList.remove("unread");
    }
  }

  mark(id) {
    if (id === this.selected && document.hasFocus()) return;
    this.unread.add(id);
    this.list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.classList.add("unread");
  }

  /** Opens the conversation `step` lines below the open one. */
  move(step) {
    if (!this.items.length) return;
    const at = this.items.findIndex((item) => item.id === this.selected);
    const to = at < 0 ? (step > 0 ? 0 : this.items.length - 1) : Math.max(0, Math.min(this.items.length - 1, at + step));
    this.open(this.items[to].id);
    this.list.children[to]?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    this.list.replaceChildren(...this.items.map((item) => el("li", {}, this.line(item))));
    if (focused) this.list.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
    this.empty.textContent = this.search.value.trim() ? "Nothing matches. Try fewer or other words." : FILTERS[this.filter].empty;
    this.empty.hidden = this.items.length > 0;
    this.more.hidden = !this.next;
  }

  line(item) {
    const waiting = item.status === "waiting";
    const late = !item.first_reply_at && (waiting || item.status === "claimed");
    const overdue = late && new Date(item.due_at) < Date.now();
    return el(
      "button",
      {
        type: "button",
        class: `item ${item.priority} ${this.unread.has(item.id) ? "unread" : ""}`,
        "data-inbox": "item",
        "data-id": item.id,
        "aria-current": String(item.id === this.selected),
        onclick: () => this.open(item.id, true),
      },
      el("span", { class: "line" }, el("b", {}, customerName(item.customer)), time(item.created_at)),
      el("span", { class: "question" }, item.question),
      el(
        "span",
        { class: "chips" },
        item.priority !== "normal" && el("span", { class: `chip ${item.priority}` }, item.priority),
        late && el("span", { class: `chip ${overdue ? "late" : ""}` }, time(item.due_at, due)),
        !waiting && el("span", { class: "chip" }, item.assignee && item.status === "claimed" ? item.assignee.name : status(item.status)),
        item.reasons.slice(0, 2).map((name) => el("span", { class: "chip" }, reason(name))),
      ),
    );
  }
}
