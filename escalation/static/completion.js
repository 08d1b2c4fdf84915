// Suggestions below a text box while somebody types: "/" at the start of a line, "@" in a note. Arrows, Enter or Tab, Escape.
import { el } from "./dom.js";

export class Completion {
  /** `triggers`: [{pattern, when(), items(text) -> [{label, hint?, value}], take(item) -> the text in its place}] */
  constructor(box, root, triggers) {
    this.box = box;
    this.root = root;
    this.list = root.querySelector("ul");
    this.triggers = triggers;
    this.items = [];
    this.at = 0;
    this.run = 0;
    box.addEventListener("input", () => this.look());
    box.addEventListener("click", () => this.look());
    box.addEventListener("blur", () => this.close());
    box.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  }

  get isOpen() {
    return !this.root.hidden;
  }

  close() {
    this.run += 1;
    this.root.hidden = true;
    this.box.removeAttribute("aria-activedescendant");
  }

  async look() {
    const run = (this.run += 1);
    const before = this.box.value.slice(0, this.box.selectionStart);
    const trigger = this.triggers.find((one) => one.when() && one.pattern.test(before));
    if (!trigger || this.box.selectionStart !== this.box.selectionEnd) return this.close();
    const [, typed] = before.match(trigger.pattern);
    const items = await trigger.items(typed).catch(() => []);
    if (run !== this.run) return;
    if (!items.length) return this.close();
    this.trigger = trigger;
    this.length = typed.length + 1;
    this.items = items;
    this.list.replaceChildren(
      ...items.map((item, index) =>
        el("li", { id: `completion-${index}`, role: "option", "aria-selected": "false", onclick: () => this.take(index) }, el("b", {}, item.label), item.hint && el("span", { class: "soft small" }, item.hint)),
      ),
    );
    this.root.hidden = false;
    this.point(0);
  }

  point(at) {
    this.at = (at + this.items.length) % this.items.length;
    for (const [index, line] of [...this.list.children].entries()) line.setAttribute("aria-selected", String(index === this.at));
    this.box.setAttribute("aria-activedescendant", `completion-${this.at}`);
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
  }

  pressed(event) {
    if (!this.isOpen || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") this.point(this.at + 1);
    else if (event.key === "ArrowUp") this.point(this.at - 1);
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.at);
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  async take(index) {
    const { trigger, length } = this;
    const end = this.box.selectionStart;
    const item = this.items[index];
    this.close();
    const text = await trigger.take(item);
    if (text === null) return;
    this.box.focus();
    this.box.setRangeText(text, end - length, end, "end");
    this.box.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
