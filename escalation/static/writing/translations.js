// Translations: each original with the languages that it is in, and which of them its original has left behind.
import { api } from "../api.js";
import { calm, el } from "../dom.js";
import { ask, button, chip, field, input, select } from "../manage_form.js";
import { editAt, translateAt, writing } from "./addresses.js";
import { language } from "./list.js";

const STATES = { current: ["up to date", "good"], old: ["out of date", "high"], unmarked: ["not marked yet", ""] };

export async function page(place, desk, only) {
  const found = el("div");
  const line = el("p", { class: "soft small", role: "status" });
  const more = button("Show more", () => draw(true));
  const q = input("q", "", { type: "search", placeholder: "Words of the title" });
  const show = select("show", "all", [["all", "All articles"], ["old", "With a translation out of date"], ["missing", "Not yet in this language:"]]);
  const locale = select("locale", "", [["", "Choose a language"]]);
  let next = null;
  const filters = el("form", { class: "filters", role: "search", "aria-label": "Find translations" }, field("Search", q), field("Show", show), field("Language", locale));
  filters.addEventListener("submit", (event) => (event.preventDefault(), draw()));
  filters.addEventListener("change", () => draw());
  q.addEventListener("input", calm(() => draw(), 200));
  place.append(
    el("p", { class: "soft" }, "A translation is out of date when its original has changed since somebody said that both agree."),
    only ? el("p", {}, el("a", { href: "#articles/translations" }, "Show the translations of all articles")) : filters,
    line,
    found,
    more,
  );
  await draw();

  async function draw(further = false) {
    const query = new URLSearchParams(only ? { article: only } : { show: show.value, q: q.value });
    if (show.value === "missing" && locale.value) query.set("locale", locale.value);
    if (further && next) query.set("cursor", next);
    try {
      const told = await api("GET", `${writing("translations")}?${query}`);
      if (locale.options.length === 1) locale.append(...told.locales.map((code) => el("option", { value: code }, language(code))));
      locale.closest(".field")?.toggleAttribute("hidden", show.value !== "missing");
      const rows = told.items.map((one) => row(one));
      if (further) found.querySelector("ul").append(...rows);
      else found.replaceChildren(rows.length ? el("ul", { class: "rows", "aria-label": "Originals" }, rows) : el("p", { class: "card empty" }, show.value === "old" ? "Every translation says what its original says." : "No article fits."));
      next = told.next;
      more.hidden = !next;
      line.textContent = told.total === 1 ? "1 original" : `${told.total.toLocaleString()} originals`;
    } catch (problem) {
      found.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message));
    }
  }

  function row(one) {
    const each = one.translations.map((its) => {
      const [label, kind] = STATES[its.state];
      return el("li", {}, el("a", { href: translateAt(one.id, its.id) }, language(its.locale)), " ", chip(label, kind), its.status !== "published" && [" ", chip("Draft", "high")]);
    });
    return el(
      "li",
      { class: "row" },
      el("div", { class: "what" }, el("p", { class: "name" }, el("a", { href: editAt(one.id), class: "title", lang: one.locale, dir: "auto" }, one.title)), el("p", { class: "soft small" }, language(one.locale)), each.length > 0 && el("ul", { class: "langs", "aria-label": `Translations of ${one.title}` }, each)),
      el("div", { class: "actions" }, button("Translate", () => begin(one), "", { "aria-label": `Translate ${one.title}` })),
    );
  }

  function begin(one) {
    const control = input("locale", locale.value, { required: true, maxlength: 35, placeholder: "de", list: "translation-locales" });
    const choices = el("datalist", { id: "translation-locales" }, [...locale.options].slice(1).map((option) => el("option", { value: option.value }, option.textContent)));
    ask(`Translate “${one.title}”`, [field("Into", control, "A language such as de, pt-BR or ar. It begins as a draft with the original's text to write over."), choices], "Begin", async () => {
      const made = await api("POST", writing("translations", one.id), { locale: control.value });
      return () => (location.hash = translateAt(one.id, made.id));
    });
  }
}
