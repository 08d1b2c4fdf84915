// Keeps the draft of an article on the server while somebody writes; says so, and when somebody else was faster.
import { api } from "../api.js";
import { ago } from "../dom.js";
import { writing } from "./addresses.js";

const SAVE_AFTER = 1200; // milliseconds without a key
const RETRY_AFTER = 5000;

// `fields()`: what is written now; told: `onstate(line, dirty)`, `onkept(draft)`, `ontaken()` when it was not kept because of others.
export class Pen {
  constructor(id, article) {
    this.id = id;
    this.running = null;
    this.settled(article);
  }

  settled(article) {
    this.article = article;
    this.revision = article.draft?.revision ?? 0;
    this.dirty = false;
    this.stuck = false;
    this.sent = this.fields && JSON.stringify(this.fields());
    this.onstate?.(article.draft ? `Kept ${ago(article.draft.at)}${article.draft.by ? ` by ${article.draft.by}` : ""}` : "", false);
  }

  changed(now = false) {
    if (!now && !this.dirty && JSON.stringify(this.fields()) === this.sent) return; // a field was left, and is as it was
    this.dirty = true;
    if (this.stuck) return;
    this.onstate("Not kept yet", true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), now ? 0 : SAVE_AFTER);
  }

  forget() {
    clearTimeout(this.timer);
    this.dirty = false;
  }

  // Whether everything that was written is on the server.
  async flush() {
    clearTimeout(this.timer);
    while (this.dirty && !this.stuck) {
      if (!(await this.save())) return false;
    }
    if (this.stuck) this.ontaken();
    return !this.stuck;
  }

  save() {
    this.running ??= this.send().finally(() => (this.running = null));
    return this.running;
  }

  async send() {
    this.dirty = false;
    this.onstate("Keeping …", true);
    const fields = this.fields();
    try {
      const draft = await api("PUT", writing("draft", this.id), { revision: this.revision, ...fields });
      this.revision = draft.revision;
      this.sent = JSON.stringify(fields);
      if (!this.dirty) this.onstate(`Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`, false);
      this.onkept(draft);
      return true;
    } catch (problem) {
      this.dirty = true;
      if (problem.status === 409) {
        this.stuck = true;
        this.onstate("Not kept: somebody else has changed it", true);
        this.ontaken();
      } else if (problem.status === 401) location.reload();
      else {
        this.onstate(`Not kept: ${problem.message}`, true);
        clearTimeout(this.timer);
        if (problem.status === 0 || problem.status >= 500) this.timer = setTimeout(() => this.save(), RETRY_AFTER);
      }
      return false;
    }
  }
}
