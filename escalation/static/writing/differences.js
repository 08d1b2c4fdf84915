// What differs between two states of an article: taken out, put in, with enough around it to know where.
import { el } from "../dom.js";
import { button } from "../manage_form.js";

const FIELDS = { title: "Title", body: "Text", section: "Section", labels: "Labels", audience: "For whom", status: "Status", locale: "Language", slug: "Address", url: "Original address" };
const AROUND = 160; // characters

export function differences(found, none = "Nothing differs.") {
  if (!found.length) return el("p", { class: "soft" }, none);
  return el("div", { class: "differences" }, found.map(({ field, pieces }) => el("section", {}, el("h3", {}, FIELDS[field] ?? field), el("div", { class: "pieces", dir: "auto" }, drawn(pieces)))));
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
  const before = first ? "" : text.slice(0, AROUND);
  const after = last ? "" : text.slice(-AROUND);
  const hidden = text.slice(before.length, text.length - after.length);
  const lines = hidden.split("\n").length;
  const gap = button(`… ${lines === 1 ? `${hidden.length} characters` : `${lines} lines`} the same …`, () => gap.replaceWith(hidden), "gap");
  return [before, gap, after];
}
