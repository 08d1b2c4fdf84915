// What was begun and not sent: kept on the server a moment after each change, and in this browser until the server has it.
import { api } from "./api.js";

const PAUSE = 500; // milliseconds without a key

export class Drafts {
  constructor(me, failed) {
    this.me = me;
    this.failed = failed;
    this.texts = new Map();
    this.waiting = new Map(); // key -> timer
    addEventListener("pagehide", () => this.flush());
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
    addEventListener("online", () => this.flush());
  }

  /** Another conversation was opened: `kept` is what the server has of it; what it has not yet got counts more. */
  opened(id, kept) {
    for (const mode of ["reply", "note"]) {
      const key = this.key(id, mode);
      if (this.waiting.has(key)) continue;
      const unsaved = localStorage.getItem(this.place(key));
      this.texts.set(key, unsaved ?? kept?.[mode] ?? "");
      if (unsaved !== null) this.later(id, mode);
    }
  }

  get(id, mode) {
    return this.texts.get(this.key(id, mode)) ?? "";
  }

  set(id, mode, text) {
    const key = this.key(id, mode);
    if (this.get(id, mode) === text) return;
    this.texts.set(key, text);
    try {
      localStorage.setItem(this.place(key), text);
    } catch {
      // full or forbidden: the server still gets it
    }
    this.later(id, mode);
  }

  later(id, mode) {
    const key = this.key(id, mode);
    clearTimeout(this.waiting.get(key)?.timer);
    this.waiting.set(key, { id, mode, timer: setTimeout(() => this.save(id, mode), PAUSE) });
  }

  flush() {
    for (const { id, mode } of [...this.waiting.values()]) this.save(id, mode);
  }

  async save(id, mode) {
    const key = this.key(id, mode);
    clearTimeout(this.waiting.get(key)?.timer);
    const text = this.get(id, mode);
    try {
      await api("PUT", `/api/handoffs/${encodeURIComponent(id)}/draft`, { mode, text }, { keepalive: text.length < 15000 });
    } catch (problem) {
      if (problem.status === 0) return; // offline: `online` and the next key try again
      this.failed(problem);
    }
    if (this.get(id, mode) !== text) return; // somebody went on writing
    this.waiting.delete(key);
    localStorage.removeItem(this.place(key));
  }

  key(id, mode) {
    return `${id} ${mode}`;
  }

  place(key) {
    return `parley.draft.${this.me.id} ${key}`;
  }
}
