// "Was this helpful?" beneath an answer or an article: yes, no with a reason, and copying. Knows its buttons; the caller
// says what is sent where.

import { fillWords, say } from "./words.js";

const REASONS = { not_found: "Does not answer the question", unclear: "Hard to understand", outdated: "Wrong or out of date" };

export class Helpful {
  /**
   * Draws itself into `box`. `said`: what was said before. `send(helpful, reason, comment)` tells the server, and throws;
   * `text()` is what is copied. `once`: a "no" is sent with its reason or when `leave` is called, not at the press.
   */
  constructor(box, { question, said, send, text, once = false }) {
    Object.assign(this, { box, said, send, once, unsent: false });
    box.replaceChildren(document.getElementById("helpful-template").content.cloneNode(true));
    fillWords(box);
    this.form = box.querySelector("form");
    this.status = box.querySelector('[role="status"]');
    box.querySelector(".asked").textContent = question;
    this.buttons = [...box.querySelectorAll("[data-helpful]")];
    for (const button of this.buttons) button.onclick = () => this.press(button.dataset.helpful === "true");
    const copy = box.querySelector(".copy");
    copy.hidden = !text || !navigator.clipboard;
    copy.onclick = async () => {
      await navigator.clipboard.writeText(text()).then(() => this.tell("copied"), () => this.tell("failed"));
    };
    const name = `why-${Math.random()}`; // radio buttons of different answers are not one group
    for (const radio of this.form.querySelectorAll("[type=radio]")) radio.name = name;
    this.form.onsubmit = async (event) => {
      event.preventDefault();
      const reason = this.form.querySelector(":checked")?.value;
      const comment = this.form.querySelector("textarea").value.trim();
      if (await this.deliver(false, reason, comment)) {
        this.form.hidden = true;
        this.tell("noted");
        this.buttons[1].focus();
      }
    };
    this.draw();
  }

  async press(value) {
    if (this.said === value && (value || !this.form.hidden)) return;
    const before = this.said;
    this.said = value;
    this.form.hidden = value;
    this.draw();
    if (!value) {
      this.tell();
      this.form.querySelector("input").focus({ preventScroll: true });
      this.form.scrollIntoView({ block: "nearest" });
    }
    if (!value && this.once) {
      this.unsent = true;
      return;
    }
    if (await this.deliver(value)) {
      if (value) this.tell("thanks");
    } else {
      this.said = before;
      this.draw();
    }
  }

  async deliver(helpful, reason, comment) {
    try {
      await this.send(helpful, reason, comment);
      this.unsent = false;
      return true;
    } catch {
      this.tell("failed");
      return false;
    }
  }

  /** The customer goes away: a "no" without a reason is one all the same. */
  leave() {
    if (this.unsent) this.deliver(false);
  }

  tell(word) {
    this.status.textContent = word ? say(word) : "";
  }

  draw() {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(this.said === (button.dataset.helpful === "true")));
  }
}

/** A reason and a customer's own words as one comment, which the house reads in one language. */
export const asComment = (reason, comment) => [REASONS[reason], comment].filter(Boolean).join(": ") || undefined;
