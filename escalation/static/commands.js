// Everything that can be done, in one table: its words, its key, when it may be done. Buttons, keys, palette and help read it.
import { el } from "./dom.js";
import { keyWords, pick } from "./picker.js";

const SEQUENCE = 1200; // milliseconds between the two keys of "g m"
const ABOUT_IT = new Set(["Conversation", "Writing"]); // the groups that act on the open conversation
const LETTERS = "parley.letters"; // "off": single letters do nothing (they can be in the way of speech input)

export class Commands {
  /**
   * `table`: [{id, label, key?, group, when?, run, typing?}]; `typing`: works while somebody types, too. `opening()`: a promise
   * while a conversation is being fetched. A key that is meant for it waits: it must not hit the one before.
   */
  constructor(table, opening = () => null) {
    this.table = table;
    this.opening = opening;
    this.byId = new Map(table.map((command) => [command.id, command]));
    this.byKey = new Map(table.filter((command) => command.key).map((command) => [command.key, command]));
    this.began = "";
    document.addEventListener("keydown", (event) => this.pressed(event));
    document.addEventListener("click", (event) => {
      const button = event.target.closest("[data-command]");
      if (button && !button.disabled) this.run(button.dataset.command);
    });
  }

  may(id) {
    return this.byId.get(id).when?.() ?? true;
  }

  run(id) {
    if (this.may(id)) this.byId.get(id).run();
  }

  /** Buttons of what cannot be done now are not there. */
  refresh() {
    for (const button of document.querySelectorAll("[data-command]")) button.hidden = !this.may(button.dataset.command);
  }

  get letters() {
    return localStorage.getItem(LETTERS) !== "off";
  }

  pressed(event) {
    if (event.isComposing || event.altKey || document.querySelector("dialog[open]") || event.defaultPrevented) return;
    const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select");
    const letter = event.key.length === 1;
    const key = event.ctrlKey || event.metaKey ? `Mod+${letter ? event.key.toLowerCase() : event.key}` : event.key;
    if (event.key === "Escape" && typing) {
      typing.closest("[tabindex='-1']")?.focus(); // out of the box, still at its place, and its words stay
      event.preventDefault();
      return;
    }
    if (letter && !key.startsWith("Mod+") && (typing || !this.letters)) return;
    const both = `${this.began} ${key}`;
    const command = this.byKey.get(this.began && this.byKey.has(both) ? both : key);
    clearTimeout(this.forget);
    this.began = "";
    if (!command) {
      if ([...this.byKey.keys()].some((known) => known.startsWith(`${key} `))) {
        this.began = key;
        this.forget = setTimeout(() => (this.began = ""), SEQUENCE);
      }
      return;
    }
    if (typing && !command.typing) return;
    const opening = ABOUT_IT.has(command.group) && this.opening();
    if (opening) {
      event.preventDefault();
      opening.then(() => this.run(command.id));
      return;
    }
    if (!(command.when?.() ?? true)) return;
    event.preventDefault();
    command.run();
  }

  async palette() {
    const may = this.table.filter((command) => !["palette", "more"].includes(command.id) && (command.when?.() ?? true));
    const first = may.filter((command) => ABOUT_IT.has(command.group)); // what is open is what it is mostly about
    const items = [...first, ...may.filter((command) => !first.includes(command))].map((command) => ({ ...command, hint: command.group }));
    const chosen = await pick({ title: "What do you want to do?", placeholder: "Type a few letters, such as “snooze”", items });
    chosen?.run();
  }

  help(dialog) {
    const groups = [...new Set(this.table.map((command) => command.group))];
    const lists = groups.map((group) => [
      el("h3", {}, group),
      el(
        "dl",
        {},
        this.table
          .filter((command) => command.group === group && command.key)
          .map((command) => el("div", {}, el("dt", {}, keyWords(command.key)), el("dd", {}, command.label))),
      ),
    ]);
    const letters = dialog.querySelector("[name=letters]");
    letters.checked = this.letters;
    letters.onchange = () => localStorage.setItem(LETTERS, letters.checked ? "on" : "off");
    dialog.querySelector("[data-keys]").replaceChildren(el("div", {}, lists));
    dialog.showModal();
  }
}
