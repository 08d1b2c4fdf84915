// What is selected in the queue, and the bar with what can be done with all of it.
import { api } from "./api.js";
import { choose } from "./choices.js";
import { el } from "./dom.js";
import { pick } from "./picker.js";

const STEPS = [
  ["claim", "Claim"],
  ["assign", "Assign …"],
  ["snooze", "Snooze …"],
  ["label", "Label …"],
  ["resolve", "Resolve …"],
];
const MORE = [
  ["team", "Team …"],
  ["priority", "Priority …"],
  ["unlabel", "Remove a label …"],
  ["release", "Release"],
  ["return", "Back to the bot"],
];
const MOST = 100;

export class Bulk {
  constructor(root, queue, { directory, said, failed }) {
    this.root = root;
    this.queue = queue;
    this.directory = directory;
    this.said = said;
    this.failed = failed;
    this.ids = new Set();
    this.last = null;
    this.count = el("b", { role: "status" });
    const button = ([step, words]) => el("button", { type: "button", "data-bulk-step": step, onclick: () => this.step(step) }, words);
    const more = el("button", { type: "button", onclick: () => this.more() }, "More …");
    root.append(this.count, ...STEPS.map(button), more, el("button", { type: "button", class: "quiet", onclick: () => this.clear() }, "Clear"));
  }

  get size() {
    return this.ids.size;
  }

  has(id) {
    return this.ids.has(id);
  }

  click(id, event) {
    if (event.shiftKey && this.last) this.range(id);
    else this.toggle(id);
  }

  toggle(id) {
    if (!id) return;
    if (!this.ids.delete(id)) this.ids.add(id);
    this.last = id;
    this.queue.draw();
  }

  /** All from the one selected last to `id`. */
  range(id) {
    const order = this.queue.items.map((item) => item.id);
    const [from, to] = [order.indexOf(this.last), order.indexOf(id)].sort((one, other) => one - other);
    if (from < 0) return this.toggle(id);
    for (const one of order.slice(from, to + 1)) this.ids.add(one);
    this.last = id;
    this.queue.draw();
  }

  all() {
    for (const item of this.queue.items.slice(0, MOST)) this.ids.add(item.id);
    this.queue.draw();
  }

  clear() {
    this.ids.clear();
    this.last = null;
    const inside = this.root.contains(document.activeElement);
    this.queue.draw();
    if (inside) this.queue.search.focus();
  }

  /** Only what is shown can be selected. */
  keep(items) {
    const shown = new Set(items.map((item) => item.id));
    for (const id of this.ids) if (!shown.has(id)) this.ids.delete(id);
  }

  draw() {
    this.root.hidden = !this.size;
    const words = this.size ? `${this.size} selected` : "";
    if (this.count.textContent !== words) this.count.textContent = words;
  }

  async more() {
    const chosen = await pick({ title: `With the ${this.size} selected`, items: [...STEPS, ...MORE].map(([value, label]) => ({ value, label })) });
    if (chosen) await this.step(chosen.value);
  }

  async step(step) {
    const ids = [...this.ids];
    if (!ids.length) return;
    const given = await choose(step, this.directory);
    if (!given) return;
    const done = [];
    const failed = [];
    try {
      for (let at = 0; at < ids.length; at += MOST) {
        const answer = await api("POST", "/api/handoffs/bulk", { ids: ids.slice(at, at + MOST), step, ...given });
        done.push(...answer.done);
        failed.push(...answer.failed);
      }
    } catch (problem) {
      this.failed(problem);
    }
    for (const id of done) this.ids.delete(id); // what did not go stays selected
    if (failed.length) this.said(`Done with ${done.length}, not with ${failed.length}: ${failed[0].detail}`, true);
    else if (done.length) this.said(`Done with ${done.length}.`);
    await this.queue.load();
    if (document.activeElement === document.body) this.queue.search.focus();
  }
}
