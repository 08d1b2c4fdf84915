// Fields, forms, dialogs and rows that the parts of /manage are made of. Knows nothing of what is in them.
import { el } from "./dom.js";

let made = 0;

// A labelled control. `hint` is read with it.
export function field(label, control, hint) {
  const id = control.id || `field-${++made}`;
  control.id = id;
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field" }, el("label", { for: id }, label), control, hint && el("p", { class: "soft small", id: `${id}-hint` }, hint));
}

export const input = (name, value, more = {}) => el("input", { name, value: value ?? "", autocomplete: "off", ...more });
export const number = (name, value, min, max) => input(name, value, { type: "number", min, max, required: true, inputmode: "numeric" });

export function select(name, value, options, more = {}) {
  return el("select", { name, ...more }, options.map(([key, label]) => el("option", { value: key, selected: key === value }, label)));
}

export function check(name, label, on, value = "on") {
  return el("label", { class: "check" }, el("input", { type: "checkbox", name, value, checked: on }), el("span", {}, label));
}

export const button = (label, onclick, kind = "", more = {}) => el("button", { type: "button", class: kind || null, onclick, ...more }, label);

// "en, de-AT" <-> ["en", "de-AT"]
export const list = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);

// A form whose faults are said in it. `save(form)` may throw a Problem; `data-dirty` stands while something is unsaved.
export function form(fields, label, save, ...more) {
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const submit = el("button", { type: "submit", class: "primary" }, label);
  const node = el("form", { class: "fields" }, fields, error, el("div", { class: "actions" }, submit, more));
  node.attempt = (work) => attempt(node, error, submit, work);
  node.addEventListener("input", () => (node.dataset.dirty = ""));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    node.attempt(() => save(node));
  });
  return node;
}

async function attempt(form, error, submit, work) {
  error.hidden = true;
  submit.disabled = true;
  try {
    await work();
    delete form.dataset.dirty;
  } catch (problem) {
    if (problem.status === 401) location.reload();
    error.textContent = problem.message;
    error.hidden = false;
  }
  submit.disabled = false;
}

// A form in a dialog. `save(form)` gives what is done once the dialog is closed; so does each `work()` of `more(attempt)`,
// which gives further buttons: `attempt(work)` says the faults of `work` in the dialog.
export function ask(title, fields, label, save, more = () => []) {
  const id = `dialog-${++made}`;
  const dialog = el("dialog", { class: "ask", "aria-labelledby": id });
  const close = () => dialog.close();
  const finish = async (work) => {
    const after = await work();
    close();
    await after?.();
  };
  const body = form(fields, label, (form) => finish(() => save(form)), button("Cancel", close, "quiet"));
  body.querySelector(".actions").append(...more((work) => body.attempt(() => finish(work))));
  dialog.append(el("h2", { id }, title), body);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// Says something once that is not shown again, such as a secret.
export function reveal(title, words, secret) {
  const id = `dialog-${++made}`;
  const shown = el("input", { readonly: true, value: secret, "aria-label": title, class: "secret" });
  const copied = el("span", { class: "soft small", role: "status" });
  const copy = async () => {
    shown.select();
    try {
      await navigator.clipboard.writeText(secret);
      copied.textContent = "Copied.";
    } catch {
      copied.textContent = "Press Ctrl or ⌘ and C to copy."; // only pages on https or localhost may write there
    }
  };
  const done = () => {
    dialog.close();
    dialog.remove(); // at once: the close event comes later, and the secret would stand in the page until then
  };
  const dialog = el(
    "dialog",
    { class: "ask", "aria-labelledby": id },
    el("h2", { id }, title),
    el("p", {}, words),
    shown,
    el("div", { class: "actions" }, button("Copy", copy, "primary"), button("Done", done), copied),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// A list of things: `rows` are <li>s; without any, `empty` says what to do next.
export function rows(label, rows, empty) {
  return rows.length ? el("ul", { class: "rows", "aria-label": label }, rows) : el("p", { class: "card empty" }, empty);
}

export function row(title, facts, ...actions) {
  return el("li", { class: "row" }, el("div", { class: "what" }, el("p", { class: "name" }, title), facts), el("div", { class: "actions" }, actions));
}

export const chip = (label, kind = "") => el("span", { class: `chip ${kind}` }, label);

// Where the focus goes after a list was drawn anew: to the control with this key, else to the one that adds.
export function focusOn(place, key) {
  (place.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? place.querySelector("[data-key=add]")).focus();
}
