// What differs between two states of an article: taken out, put in, with enough around it to know where.
import { el } from "../dom.js";
import { button } from "../manage_form.js";

const FIELDS = { title: "Title", body: "Text", section: "Section", labels: "Labels", audience: "For whom", status: "Status", locale: "Language", slug: "Address", url: "Original address" };
const AROUND = 160; // characters

export function differences(found, none = "Nothing differs.") {
  if (!found.length) return el("p", { class: "soft" }, none);
  return el("div", { class: "differences" }, found.map(({ field, pieces }) => el("section", {}, el("p", { class: "which" }, FIELDS[field] ?? field), el("div", { class: "pieces", dir: "auto" }, drawn(pieces)))));
}

function drawn(pieces) {
  return pieces.map(({ kind, text }, n) => {
    if (kind === "out") return el("del", {}, el("span", { class: "visually-hidden" }, " taken out: "), text, el("span", { class: "visually-hidden" }, " end. "));
    if (kind === "in") return el("ins", {}, el("span", { class: "visually-hidden" }, " put in: "), text, el("span", { class: "visually-hidden" }, " end. "));
    return shortened(text, n === 0, n === pieces.length - 1);
  });
}

function shortened(text, first, last) {
  if (text.length <= 3 * AROUND) return text;
  const from = first ? 0 : edge(text, AROUND);
  const to = last ? text.length : text.length - edge([...text].reverse().join(""), AROUND);
  const hidden = text.slice(from, to);
  if (!hidden) return text;
  const lines = hidden.split("\n").length;
  const gap = button(`… ${lines === 1 ? `${hidden.length} characters` : `${lines} lines`} the same …`, () => gap.replaceWith(hidden), "gap");
  return [text.slice(0, from), gap, text.slice(to)];
}

// Where to cut: at the end of a line near there, else between words.
function edge(text, about) {
  const line = text.lastIndexOf("\n", about);
  if (line > about / 3) return line + 1;
  const blank = text.indexOf(" ", about);
  return blank < 0 || blank > 2 * about ? about : blank;
}
