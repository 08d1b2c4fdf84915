// The rating of an ended conversation: stars first, then a word about it and, where the server asks for it, one more question.
// A star counts as soon as it is picked: most people stop there.

import { element } from "../help/markdown.js";
import { say } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export class Rating {
  /** `send({csat, nps, comment})` tells the server; `done()` is called when the customer has finished or declined. */
  constructor(form, { send, done }) {
    this.form = form;
    this.send = send;
    this.done = done;
    this.form.querySelector(".stars").append(...[1, 2, 3, 4, 5].map((n) => choice("csat", n, star(), level(n))));
    this.form.querySelector(".scale").append(...[...Array(11).keys()].map((n) => choice("nps", n, String(n))));
    form.addEventListener("change", ({ target }) => {
      if (target.name !== "csat") return;
      this.more();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.form.hidden || this.send(this.values()).catch(() => {}), 700); // arrow keys pass over stars
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      clearTimeout(this.timer);
      const button = document.getElementById("rate-send");
      button.disabled = true;
      try {
        await this.send(this.values());
        this.done(say("rate_thanks"));
      } catch {
        this.done(null);
      } finally {
        button.disabled = false;
      }
    });
    document.getElementById("rate-skip").onclick = () => this.done("");
  }

  values() {
    const data = new FormData(this.form);
    const number = (name) => (data.has(name) ? Number(data.get(name)) : undefined);
    return { csat: number("csat"), nps: number("nps"), comment: data.get("comment")?.trim() || undefined };
  }

  /** `nps`: the second question is asked, too. `csat`: the rating to be changed. */
  show({ nps, csat = null, name }) {
    if (!this.form.hidden) return;
    this.form.reset();
    for (const id of ["rate-more", "rate-send"]) document.getElementById(id).hidden = true;
    document.getElementById("rate-skip").hidden = false;
    document.getElementById("rate-nps").hidden = !nps;
    document.getElementById("rate-nps-title").textContent = say("nps", { name });
    document.getElementById("rate-level").textContent = say("levels_ends");
    this.form.hidden = false;
    if (!csat) return;
    this.form.querySelector(`[name=csat][value="${csat}"]`).checked = true;
    this.more();
  }

  /** What comes after the stars. */
  more() {
    for (const id of ["rate-more", "rate-send"]) document.getElementById(id).hidden = false;
    document.getElementById("rate-skip").hidden = true;
    document.getElementById("rate-level").textContent = say(`level_${this.values().csat}`);
  }

  focus() {
    (this.form.querySelector("input:checked") ?? this.form.querySelector("input")).focus();
  }
}

function level(n) {
  return say("stars", { level: say(`level_${n}`), n });
}

function choice(name, value, face, label) {
  const input = element("input");
  Object.assign(input, { type: "radio", name, value });
  if (label) input.setAttribute("aria-label", label);
  const node = element("label", input, element("span", face));
  if (label) node.title = label;
  return node;
}

function star() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M12 3l2.800 5.800 6.200.9-4.500 4.400 1.100 6.300L12 17.400l-5.600 3 1.100-6.300L3 9.700l6.200-.9z");
  svg.append(path);
  return svg;
}
