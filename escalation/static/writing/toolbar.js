// The toolbar over the text: one stop for the tab key, arrows within; each button says its key.
import { el } from "../dom.js";
import { MARKS, enter } from "./marks.js";

const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
const BUTTONS = [
  ["bold", "Bold", "M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z", "b"],
  ["italic", "Slanted", "M10 5h7M7 19h7M14 5l-4 14", "i"],
  ["link", "Link", "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-6-6l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 6 6l1.5-1.5", "k"],
  ["heading", "Heading", "M4 6v12M12 6v12M4 12h8M16 11.5a2.1 2.1 0 1 1 3.6 1.5L16 18h4.5", "2", true],
  ["subheading", "Smaller heading", "M4 6v12M12 6v12M4 12h8M16 9.5h4.2l-2.6 3.2a2.6 2.6 0 1 1-2 4.4", "3", true],
  ["bullets", "List", "M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01", "8", true],
  ["numbers", "Numbered list", "M10 6h10M10 12h10M10 18h10M4 5h1v4M4 15h2l-2 3h2", "7", true],
  ["quote", "Quotation", "M5 7v10M9 8h11M9 12h11M9 16h7", "9", true],
  ["code", "Code", "M8 8l-4 4 4 4M16 8l4 4-4 4", "e"],
  ["fence", "Block of code", "M4 5h16v14H4zM8 10l2 2-2 2M13 14h3"],
  ["table", "Table", "M4 5h16v14H4zM4 10h16M4 15h16M12 5v14"],
  ["note", "Note", "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8h.01M12 11v5"],
];

// `area`: the textarea; `more`: further buttons as [label, path, action].
export function toolbar(area, more = []) {
  const press = (name) => apply(area, MARKS[name](state(area)));
  const buttons = BUTTONS.map(([name, label, path, key, shifted]) => {
    const keys = key && `${mac ? "⌘" : "Ctrl"}+${shifted ? (mac ? "⇧+" : "Shift+") : ""}${key.toUpperCase()}`;
    return tool(label, path, () => press(name), keys);
  });
  buttons.push(...more.map(([label, path, action]) => tool(label, path, action)));
  const bar = el("div", { class: "tools", role: "toolbar", "aria-label": "Text", "aria-controls": area.id }, buttons);
  buttons.forEach((one, n) => (one.tabIndex = n ? -1 : 0));
  bar.addEventListener("keydown", (event) => {
    const rtl = getComputedStyle(bar).direction === "rtl";
    const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1, Home: -Infinity, End: Infinity }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    const to = Math.abs(step) === 1 ? (at + step + buttons.length) % buttons.length : step < 0 ? 0 : buttons.length - 1;
    for (const one of buttons) one.tabIndex = one === buttons[to] ? 0 : -1;
    buttons[to].focus();
  });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
      const change = enter(state(area));
      if (change) {
        event.preventDefault();
        apply(area, change);
      }
      return;
    }
    if (!(mac ? event.metaKey : event.ctrlKey) || event.altKey) return;
    const found = BUTTONS.find(([, , , key, shifted]) => key && Boolean(shifted) === event.shiftKey && (event.key.toLowerCase() === key || event.code === `Digit${key}`));
    if (!found) return;
    event.preventDefault();
    press(found[0]);
  });
  return bar;
}

function tool(label, path, action, keys) {
  const attributes = { type: "button", class: "quiet", title: keys ? `${label} (${keys})` : label, "aria-label": label, "aria-keyshortcuts": keys?.replace("Ctrl", "Control").replace("⌘", "Meta").replace("⇧", "Shift"), onclick: action };
  return el("button", attributes, el("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, el("path", { d: path })));
}

export const state = (area) => ({ text: area.value, start: area.selectionStart, end: area.selectionEnd });

// Replaces a part of the text so that the browser's own undo takes it back.
export function apply(area, { from, to, insert, select }) {
  area.focus();
  area.setSelectionRange(from, to);
  const done = insert === "" ? from === to || document.execCommand("delete") : document.execCommand("insertText", false, insert);
  if (!done) area.setRangeText(insert, from, to, "end");
  if (select) area.setSelectionRange(...select);
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

export const insertAt = (area, insert, from = area.selectionStart, to = area.selectionEnd) =>
  apply(area, { from, to, insert, select: [from + insert.length, from + insert.length] });
