// Delivered and read. What a person wrote is read once it has really been in sight here; under the customer's last message
// stands how far it has come. Knows the messages on the screen; not how anything is sent.

import "./more.js";
import { element } from "../help/markdown.js";
import { say } from "./words.js";

const LOOK_MS = 300; // the view is still while it is read

export class Receipts {
  /** `view` scrolls; `looking()`: is the conversation in sight? `tell(id)`: everything up to this message was read. */
  constructor(log, view, { looking, tell }) {
    Object.assign(this, { log, view, looking, tell });
    this.line = element("p");
    this.line.className = "receipt";
    this.line.dataset.parley = "receipt";
    this.begin();
  }

  /** Another conversation. */
  begin() {
    this.told = null; // the last message that was told
    this.agent = null; // the last message that a person has seen
    this.line.remove();
  }

  /** Something came in, or the view moved. */
  look() {
    clearTimeout(this.soon);
    this.soon = setTimeout(async () => {
      if (!this.looking()) return;
      const bottom = this.view.getBoundingClientRect().bottom;
      const seen = this.log.entries.findLast(({ id, role, node }) => id && role === "agent" && node.getBoundingClientRect().top < bottom - 20);
      if (!seen || seen.id === this.told || this.isBefore(seen.id, this.told)) return;
      const before = this.told;
      this.told = seen.id;
      await this.tell(seen.id).catch(() => (this.told = before)); // no network: at the next look
    }, LOOK_MS);
  }

  isBefore(id, other) {
    const order = this.log.entries.map((entry) => entry.id);
    return order.indexOf(id) < order.indexOf(other);
  }

  /** `agent`: the last message that a person has seen; `person`: has one the conversation, or will one have it? */
  draw(agent, person) {
    this.look();
    this.agent = agent ?? this.agent;
    const last = this.log.entries.findLast(({ role, id, state }) => role === "customer" && id && !state);
    const read = last && this.agent && !this.isBefore(this.agent, last.id);
    if (!last || !(read || person)) return this.line.remove();
    const text = say(read ? "read" : "delivered");
    if (this.line.textContent !== text) this.line.textContent = text;
    if (this.line.parentNode !== last.node) last.node.append(this.line);
  }
}
