// The part "Articles": which of its pages is shown, by what follows #articles in the address.
import { el } from "../dom.js";

const PAGES = {
  "": ["All articles", () => import("./list.js")],
  sections: ["Sections", () => import("./sections.js")],
  translations: ["Translations", () => import("./translations.js")],
  links: ["Links", () => import("./links.js")],
  redirects: ["Redirects", () => import("./redirects.js")],
  exchange: ["Import and export", () => import("./exchange.js")],
};

// `rest`: ["edit", id], ["translate", id, translation], or the name of a page above.
export async function articles(place, desk, rest = []) {
  const [name = "", ...more] = rest;
  if (name === "edit") return (await import("./editor.js")).editor(place, desk, ...more);
  if (name === "translate") return (await import("./side_by_side.js")).sideBySide(place, desk, ...more);
  const shown = Object.hasOwn(PAGES, name) ? name : "";
  const links = Object.entries(PAGES).map(([key, [label]]) =>
    el("li", {}, el("a", { href: key ? `#articles/${key}` : "#articles", "aria-current": key === shown ? "page" : null }, label)),
  );
  const body = el("div", { class: "stack" });
  place.append(el("nav", { class: "views", "aria-label": "Articles" }, el("ul", {}, links)), body);
  const module = await PAGES[shown][1]();
  await module.page(body, desk, ...more);
}
