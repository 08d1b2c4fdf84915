// What is shown while a person is waited for, and while one is there: the place, the wait, who it is, notifications, and
// where the answer goes by e-mail. Knows the elements of the bar; not how anything is sent.

import * as frame from "./frame.js";
import { formats, say } from "./words.js";

const $ = (id) => document.getElementById(id);

export class Bar {
  /** `leave(email)` tells the server where answers go, too; null: nowhere. Throws what the server says. */
  constructor({ leave }) {
    this.leave = leave;
    this.editing = false;
    this.asked = false; // was the button pressed here?
    this.email = null;
    $("notify").onclick = () => {
      this.asked = true;
      frame.askToNotify();
    };
    $("mail-edit").onclick = () => this.edit(true);
    $("mail-cancel").onclick = () => this.edit(false);
    $("mail-address").addEventListener("input", () => this.problem(""));
    $("mail").addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
  }

  /** `handoff` of the server, `where`: {email, may_leave_email, opens_at}. */
  draw(status, handoff, where) {
    const waiting = status === "waiting";
    const name = handoff?.agent?.name ?? say("agent");
    this.email = where.email ?? null;
    this.offered = waiting && Boolean(where.may_leave_email);
    $("bar").hidden = !waiting && status !== "agent";
    if ($("bar").hidden) this.editing = false;
    $("resume").hidden = $("bar-hint").hidden = !waiting;
    const line = waiting ? outlook(handoff ?? {}, where.opens_at) : status === "agent" ? say("taken", { name }) : "";
    if ($("bar-text").textContent !== line) $("bar-text").textContent = line;
    this.drawNotify();
    this.drawMail();
  }

  drawNotify() {
    $("notify").hidden = frame.notifications !== "default";
    const word = { granted: "notify_on", denied: "notify_off" }[frame.notifications];
    $("notify-state").textContent = this.asked && word ? say(word) : "";
  }

  drawMail() {
    const form = this.editing || (this.offered && !this.email);
    if (form !== !$("mail").hidden) {
      $("mail").hidden = !form;
      $("mail-address").value = this.email ?? "";
      this.problem("");
    }
    $("mail").querySelector("label").textContent = say(this.email ? "mail_change" : "mail_offer");
    $("mail-cancel").hidden = !this.email;
    $("mail-edit").hidden = form || !this.email;
    const set = this.email && !form ? say("mail_set", { email: this.email }) : "";
    if ($("mail-set").textContent !== set) $("mail-set").textContent = set;
  }

  edit(on) {
    this.editing = on;
    this.drawMail();
    $(on ? "mail-address" : "mail-edit").focus();
  }

  async save() {
    const email = $("mail-address").value.trim() || null;
    const button = $("mail").querySelector(".primary");
    if (!email && !this.email) return this.problem(say("mail_missing"));
    button.disabled = true;
    try {
      await this.leave(email);
      this.email = email;
      this.editing = false;
      this.drawMail();
      (email ? $("mail-edit") : $("input")).focus();
    } catch (error) {
      this.problem(error.status === 422 ? say("mail_wrong") : error.status === 429 ? say("busy", { n: error.retryAfter ?? 5 }) : say("failed"));
      $("mail-address").focus();
    } finally {
      button.disabled = false;
    }
  }

  problem(text) {
    $("mail-problem").textContent = text;
    $("mail-address").setAttribute("aria-invalid", String(Boolean(text)));
  }
}

/** The place in the queue and how long it takes; at night, when somebody is there again. */
function outlook({ position, expected_wait_s: seconds, longer_than_usual: longer }, opens) {
  const place = position === 1 ? "_next" : position ? "" : "_unknown";
  if (opens) return say(`later${place}`, { n: position, when: moment(new Date(opens)) });
  return [
    say(`place${place}`, { n: position }),
    seconds === null || seconds === undefined ? "" : say("wait", { time: duration(seconds) }),
    longer ? say("wait_longer") : "",
  ].filter(Boolean).join(" ");
}

/** As fine as an estimate is worth showing: whole minutes, from ten on fives, from an hour on half hours. */
function duration(seconds) {
  const step = seconds <= 600 ? 1 : seconds <= 3600 ? 5 : 30;
  const minutes = Math.max(1, Math.ceil(seconds / 60 / step) * step);
  const [value, unit] = minutes < 90 ? [minutes, "minute"] : [minutes / 60, "hour"];
  return new Intl.NumberFormat(formats, { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** When somebody is there again: the day of the week, with the date where that alone would be ambiguous. */
function moment(date) {
  const far = date - Date.now() > 6 * 86_400_000;
  const day = far ? { weekday: "long", day: "numeric", month: "long" } : { weekday: "long" };
  return new Intl.DateTimeFormat(formats, { ...day, hour: "2-digit", minute: "2-digit", timeZoneName: "short" }).format(date);
}
