// Who has which conversation open, and who of them is writing. Renews our own presence while the page is seen.
import { api } from "./api.js";

const RENEW = 15000; // milliseconds; the server forgets after 30 s

export class Presence {
  /** `changed(handoffId)` is called when others came, went, or began to write. */
  constructor(me, changed) {
    this.me = me;
    this.changed = changed;
    this.here = new Map();
    this.id = null;
    this.typing = false;
    setInterval(() => this.id && this.tell(), RENEW);
    document.addEventListener("visibilitychange", () => this.id && (document.hidden ? this.go(this.id) : this.tell()));
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.left && this.enter(this.left));
  }

  /** Everybody but us who is at this conversation. */
  others(id) {
    return (this.here.get(id) ?? []).filter((agent) => agent.id !== this.me.id);
  }

  enter(id) {
    if (this.id === id) return;
    if (this.id) this.go(this.id);
    this.id = id;
    this.typing = false;
    this.tell();
  }

  /** The page goes: whatever is told after this would bring us back. */
  leave() {
    if (this.id) this.go(this.id);
    this.left = this.id;
    this.id = null;
  }

  write(on) {
    if (!this.id || this.typing === on) return;
    this.typing = on;
    this.tell();
  }

  heard({ handoff_id: id, agents }) {
    const before = JSON.stringify(this.others(id));
    if (agents.length) this.here.set(id, agents);
    else this.here.delete(id);
    if (JSON.stringify(this.others(id)) !== before) this.changed(id);
  }

  async tell() {
    if (document.hidden) return;
    const { id } = this;
    try {
      const { items } = await this.send(id, this.typing ? "typing" : "looking");
      this.heard({ handoff_id: id, agents: items });
    } catch {
      // a courtesy, no more
    }
  }

  go(id) {
    this.send(id, "gone").catch(() => {});
  }

  send(id, state) {
    return api("POST", `/api/handoffs/${encodeURIComponent(id)}/presence`, { state }, { keepalive: state === "gone" });
  }
}
