// A dialog with a field and a list: type to narrow, arrows to move, Enter to choose. The palette and every choice use it.
import { el } from "./dom.js";
import { sift } from "./fuzzy.js";

let count = 0;

/**
 * What was chosen of `items` ({label, hint?, key?, also?, checked?, value?, hook?, disabled?}), or null.
 * `key`: a character that chooses the item while the field is empty, when `direct`; else it is only shown.
 * `find(text)`: fetches the items for what was typed instead of sifting. `make(text)`: an item out of what was typed.
 * `fresh`: a promise of newer items. The dialog opens at once in any case: what is typed next is typed into it.
 */
export function pick({ title, placeholder = "Type to narrow", items = [], fresh = null, find = null, make = null, direct = false, empty = "Nothing fits. Try fewer letters." }) {
  const id = `picker-${(count += 1)}`;
  let shown = [];
  let at = 0;
  let chosen = null;
  let run = 0;
  let timer;
  const input = el("input", {
    type: "text",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": `${id}-list`,
    "aria-autocomplete": "list",
    "aria-labelledby": `${id}-title`,
    autocomplete: "off",
    spellcheck: "false",
    maxlength: 200,
    placeholder,
  });
  const list = el("ul", { id: `${id}-list`, role: "listbox", "aria-labelledby": `${id}-title` });
  const none = el("p", { class: "soft", role: "status" });
  const close = el("button", { type: "button", class: "quiet close", "aria-label": "Close", onclick: () => dialog.close() }, "✕");
  const dialog = el("dialog", { class: "picker", "aria-labelledby": `${id}-title` }, el("header", {}, el("h2", { id: `${id}-title` }, title), close), input, list, none);

  const point = (to) => {
    at = shown.length ? Math.max(0, Math.min(to, shown.length - 1)) : -1;
    for (const [index, line] of [...list.children].entries()) line.setAttribute("aria-selected", String(index === at));
    if (at < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", `${id}-${at}`);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
  };
  const choose = (item) => {
    if (!item || item.disabled) return;
    chosen = item;
    dialog.close();
  };
  const draw = (found) => {
    const made = input.value.trim() ? make?.(input.value.trim()) : null;
    shown = [...found, ...(made ? [[made, []]] : [])].slice(0, 100);
    list.replaceChildren(...shown.map(([item, places], index) => option(item, places, index)));
    list.hidden = !shown.length;
    none.textContent = shown.length ? "" : empty;
    point(0);
  };
  const option = (item, places, index) =>
    el(
      "li",
      { id: `${id}-${index}`, role: "option", "aria-selected": "false", "aria-disabled": item.disabled ? "true" : null, "data-inbox": item.hook, onclick: () => choose(item), onpointermove: () => at !== index && point(index) },
      el("span", { class: "mark", "aria-hidden": "true" }, item.checked ? "✓" : ""),
      el("span", { class: "what" }, el("span", {}, lit(item.label, places)), item.checked && el("span", { class: "visually-hidden" }, " (chosen)"), item.hint && el("span", { class: "soft small" }, item.hint)),
      item.key && el("span", { class: "key" }, keyWords(item.key)),
    );
  const narrow = async () => {
    if (!find) return draw(sift(items, input.value));
    const mine = (run += 1);
    try {
      const found = await find(input.value.trim());
      if (mine === run) draw(found.map((item) => [item, []]));
    } catch (problem) {
      if (mine !== run) return;
      draw([]);
      none.textContent = problem.message;
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (find) timer = setTimeout(narrow, 150);
    else narrow();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 }[event.key];
    if (to !== undefined) point(to);
    else if (event.key === "Enter") choose(shown[at]?.[0]);
    else if (direct && !input.value && !event.ctrlKey && !event.metaKey && shown.some(([item]) => item.key === event.key)) choose(shown.find(([item]) => item.key === event.key)[0]);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  narrow();
  fresh?.then(
    (newer) => {
      const pointed = shown[at]?.[0].label;
      items = newer;
      narrow();
      const again = shown.findIndex(([item]) => item.label === pointed);
      if (again > 0) point(again);
    },
    () => {}, // those of before will do
  );
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      clearTimeout(timer);
      run += 1;
      dialog.remove();
      resolve(chosen);
    }),
  );
}

/** A dialog with a form; the values as an object, or null. `fields`: nodes with a `name`. */
export function ask({ title, fields, action, say = null }) {
  const id = `asked-${(count += 1)}`;
  let values = null;
  const form = el(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        values = Object.fromEntries(new FormData(form));
        dialog.close();
      },
    },
    say && el("p", { class: "soft" }, say),
    fields,
    el("p", { class: "actions" }, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), el("button", { class: "primary" }, action)),
  );
  const dialog = el("dialog", { class: "asked", "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(values);
    }),
  );
}

export function keyWords(key) {
  return key.split(" ").map((one, index) => [index ? " " : "", el("kbd", {}, KEYS[one] ?? one)]);
}

const KEYS = { "Mod+k": "Ctrl K", "Mod+Enter": "Ctrl Enter", "Mod+b": "Ctrl B", "Mod+i": "Ctrl I" };

function lit(label, places) {
  if (!places.length) return label;
  const there = new Set(places);
  return [...label].map((letter, index) => (there.has(index) ? el("b", {}, letter) : letter));
}
