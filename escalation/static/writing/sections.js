// Sections: their order by drag and by keyboard, renamed, moved; and the order of the articles in one.
import { api } from "../api.js";
import { el } from "../dom.js";
import { ask, button, chip, field, input, select } from "../manage_form.js";
import { editAt, writing } from "./addresses.js";
import { sortable } from "./sortable.js";

export async function page(place, desk) {
  const admin = desk.me.role === "admin";
  const tree = el("div", { class: "tree" });
  place.append(
    el("p", { class: "soft" }, "In this order readers see them, at once. Drag a section by its handle, or move it with ", el("kbd", {}, "Alt"), " and the arrow keys."),
    admin && el("div", { class: "actions" }, button("Add a section", () => add([]), "primary", { "data-key": "add" })),
    tree,
  );
  await draw();

  async function draw(focus) {
    const { sections, without } = await api("GET", writing("sections"));
    tree.replaceChildren(sections.length ? list(sections, []) : el("p", { class: "card empty" }, "No sections yet: add one, or name one in an article."), without ? el("p", { class: "soft" }, `${without} articles are in no section.`) : "");
    if (focus) [...tree.querySelectorAll("[data-path]")].find((one) => one.dataset.path === JSON.stringify(focus))?.focus();
  }

  function list(sections, parent) {
    const items = sections.map((section) => line(section, sections));
    const node = el("ul", { class: "sections", "aria-label": parent.length ? `Sections in ${parent.join(" › ")}` : "Sections" }, items);
    if (admin) sortable(node, { name: (item) => item.dataset.name, say: desk.say, moved: (order) => attempt(() => api("PUT", writing("sections/order"), { parent, names: order.map((item) => item.dataset.name) })) });
    return node;
  }

  function line(section, siblings) {
    const articles = el("div", { hidden: true });
    const open = button([section.name, " ", chip(String(section.articles))], () => toggle(section, articles, open), "name", { "aria-expanded": "false", "data-path": JSON.stringify(section.path) });
    const actions = admin && [
      button("Rename", () => rename(section), "quiet", { "aria-label": `Rename ${section.name}` }),
      button("Move", () => moveTo(section), "quiet", { "aria-label": `Move ${section.name}` }),
      button("Add inside", () => add(section.path), "quiet", { "aria-label": `Add a section inside ${section.name}` }),
      !section.size && button("Remove", () => remove(section), "quiet", { "aria-label": `Remove ${section.name}` }),
    ];
    return el(
      "li",
      { "data-name": section.name },
      el("div", { class: "section" }, admin && siblings.length > 1 && handle(section.name), open, el("span", { class: "actions" }, actions)),
      articles,
      section.sections.length > 0 && list(section.sections, section.path),
    );
  }

  async function toggle(section, node, open) {
    node.hidden = !node.hidden;
    open.setAttribute("aria-expanded", String(!node.hidden));
    if (node.hidden) return;
    const query = section.path.map((name) => `section=${encodeURIComponent(name)}`).join("&");
    const { items } = await api("GET", `${writing("sections/articles")}?${query}`);
    if (!items.length) return node.replaceChildren(el("p", { class: "soft small" }, "No articles here itself."));
    const rows = items.map((one) =>
      el(
        "li",
        { "data-id": one.id },
        el("div", { class: "section" }, admin && items.length > 1 && handle(one.title), el("a", { href: editAt(one.id), lang: one.locale, dir: "auto" }, one.title), one.status !== "published" && chip(one.status === "draft" ? "Draft" : "Archived", "high")),
      ),
    );
    const listed = el("ol", { class: "inside", "aria-label": `Articles in ${section.name}` }, rows);
    if (admin) sortable(listed, { name: (item) => item.querySelector("a").textContent, say: desk.say, moved: (order) => attempt(() => api("PUT", writing("sections/articles"), { section: section.path, ids: order.map((item) => item.dataset.id) })) });
    node.replaceChildren(listed);
  }

  async function attempt(work) {
    try {
      await work();
    } catch (problem) {
      desk.say(problem.message);
      await draw();
    }
  }

  function add(parent) {
    const fields = [field("Name", input("name", "", { required: true, maxlength: 200 }))];
    ask(parent.length ? `Add a section inside ${parent.at(-1)}` : "Add a section", fields, "Add", async (form) => {
      const path = [...parent, form.elements.name.value.trim()];
      await api("POST", writing("sections"), { section: path });
      return () => (desk.say("Added. Readers see it once it has an article."), draw(path));
    });
  }

  function rename(section) {
    const fields = [field("Name", input("name", section.name, { required: true, maxlength: 200 }), section.size ? `Changes ${section.size === 1 ? "one article" : `${section.size} articles`}, each a new version. Where there is a section of this name already, they become one.` : null)];
    ask(`Rename ${section.name}`, fields, "Rename", (form) => change(section, [...section.path.slice(0, -1), form.elements.name.value.trim()]));
  }

  async function moveTo(section) {
    const { sections } = await api("GET", writing("choices"));
    const inside = (path) => section.path.every((name, n) => path[n] === name);
    const places = [["[]", "At the top"], ...sections.filter((path) => !inside(path)).map((path) => [JSON.stringify(path), `Inside ${path.join(" › ")}`])];
    const fields = [field("Where to", select("to", JSON.stringify(section.path.slice(0, -1)), places), `Everything inside of it comes along${section.size ? `: ${section.size === 1 ? "one article" : `${section.size} articles`}` : ""}.`)];
    ask(`Move ${section.name}`, fields, "Move", (form) => change(section, [...JSON.parse(form.elements.to.value), section.name]));
  }

  async function change(section, to) {
    const told = await api("POST", writing("sections/move"), { section: section.path, to });
    return () => (desk.say(told.articles === 1 ? "Done: one article changed with it." : `Done: ${told.articles} articles changed with it.`), draw(to));
  }

  async function remove(section) {
    await attempt(async () => {
      await api("DELETE", `${writing("sections")}?${section.path.map((name) => `section=${encodeURIComponent(name)}`).join("&")}`);
      desk.say("Removed.");
    });
    await draw();
    place.querySelector("[data-key=add]").focus();
  }
}

const handle = (name) =>
  el("button", { type: "button", class: "handle quiet", "aria-label": `Move ${name}: Alt with the arrow keys`, title: "Drag, or Alt with the arrow keys", "data-handle": "" }, el("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, el("path", { d: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01" })));
