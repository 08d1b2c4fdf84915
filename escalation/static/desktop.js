// Notifications on the desktop while the tab is hidden: new handoffs of our teams, what is assigned to us, mentions, answers.
import { api } from "./api.js";
import { customerName } from "./words.js";

export class Desktop {
  constructor(me, open) {
    this.me = me;
    this.open = open;
    this.seen = new Set();
  }

  get on() {
    return Boolean(this.me.notify?.desktop) && "Notification" in window && Notification.permission === "granted";
  }

  /** Switches them on or off; the line to say about it. */
  async toggle() {
    if (this.on) {
      await this.keep(false);
      return "Desktop notifications are off.";
    }
    if (!("Notification" in window)) return "This browser has no desktop notifications.";
    if ((await Notification.requestPermission()) !== "granted") return "The browser forbids them: allow notifications for this site in its settings.";
    await this.keep(true);
    return "Desktop notifications are on. They appear while this tab is hidden.";
  }

  async keep(desktop) {
    const { agent } = await api("PUT", "/api/session/me", { notify: { ...this.me.notify, desktop } });
    Object.assign(this.me, agent ?? {}, { notify: { ...this.me.notify, desktop } });
  }

  handoff(item) {
    const mine = item.status === "claimed" && item.assignee?.id === this.me.id;
    const ours = item.status === "waiting" && (!item.team || (this.me.teams ?? []).some((team) => team.id === item.team.id));
    if (mine) this.tell(`mine ${item.id} ${item.assigned_at}`, item.id, "Yours now", `${customerName(item.customer)}: ${item.question}`);
    else if (ours) this.tell(`new ${item.id}`, item.id, "Somebody waits", `${customerName(item.customer)}: ${item.question}`);
  }

  mention({ handoff_id: id, agent_id: agent, by }) {
    if (agent === this.me.id) this.tell(`mention ${id} ${Date.now()}`, id, `${by} mentions you`, "In an internal note.");
  }

  message(handoffId, message, mine) {
    if (mine && message.role === "customer") this.tell(message.id, handoffId, "The customer wrote", message.text);
  }

  /** Once for each key, and only while nobody looks. */
  tell(key, id, title, body) {
    if (this.seen.has(key)) return;
    this.seen.add(key);
    if (!this.on || !document.hidden) return;
    const shown = new Notification(title, { body: body.slice(0, 200), tag: key });
    shown.onclick = () => {
      window.focus();
      this.open(id);
      shown.close();
    };
  }
}
