// All articles: found by words, filtered, a page at a time.
import { api } from "../api.js";
import { ago, calm, el, marked, moment, time } from "../dom.js";
import { button, chip, field, input, select } from "../manage_form.js";
import { editAt, writing } from "./addresses.js";

const STATUSES = { published: "Published", draft: "Draft", archived: "Archived" };
const AUDIENCES = { public: "Everybody", customers: "Customers", agents: "Agents" };
const WANTED = "parley.articles.wanted"; // what was looked for last, while the tab is open

export async function page(place, desk) {
  const choices = await api("GET", writing("choices"));
  const wanted = JSON.parse(sessionStorage.getItem(WANTED) ?? "{}");
  const found = el("div");
  const line = el("p", { class: "soft small", role: "status" });
  const more = button("Show more", () => draw(true));
  let next = null;
  let run = 0;
  const controls = {
    q: input("q", wanted.q, { type: "search", placeholder: "Words of the title or the text" }),
    section: select("section", wanted.section ?? "", [["", "All sections"], ...choices.sections.map((path) => [JSON.stringify(path), path.join(" › ")])]),
    status: select("status", wanted.status ?? "", [["", "Any status"], ...Object.entries(STATUSES).map(([key, label]) => [key, `${label} (${choices.statuses[key]})`])]),
    audience: select("audience", wanted.audience ?? "", [["", "All readers"], ...Object.entries(AUDIENCES)]),
    language: select("language", wanted.language ?? "", [["", "All languages"], ...Object.entries(choices.languages).map(([code, count]) => [code, `${language(code)} (${count})`])]),
    stale: select("stale", wanted.stale ?? "", [
      ["", "Everything"],
      ["changes", `Unpublished changes (${choices.changes})`],
      ["translation", `Translation out of date (${choices.translation})`],
      ["inbox", `Begun in a conversation (${choices.inbox})`],
      ["scheduled", "Waits for its time"],
    ]),
    order: select("order", wanted.order ?? "changed", [["changed", "Last changed first"], ["title", "By title"]]),
  };
  const filters = el(
    "form",
    { class: "filters many", role: "search", "aria-label": "Find articles" },
    field("Search", controls.q),
    el(
      "details",
      { class: "by", open: innerWidth > 860 || Boolean(wanted.section || wanted.status || wanted.audience || wanted.language || wanted.stale) },
      el("summary", {}, "Filters and order"),
      el(
        "div",
        {},
        field("Section", controls.section),
        field("Status", controls.status),
        field("For whom", controls.audience),
        field("Language", controls.language),
        field("Needs work", controls.stale),
        field("Order", controls.order),
      ),
    ),
  );
  filters.addEventListener("submit", (event) => (event.preventDefault(), draw()));
  filters.addEventListener("change", () => draw());
  controls.q.addEventListener("input", calm(() => draw(), 200));
  const clear = button("Clear the filters", () => {
    for (const [name, control] of Object.entries(controls)) control.value = name === "order" ? "changed" : "";
    draw();
    controls.q.focus();
  }, "quiet");
  place.append(
    el("div", { class: "actions" }, button("New article", begin, "primary", { "data-key": "add" }), el("span", { class: "soft small" }, "Publishing is live in search and bot when the button comes back.")),
    filters,
    el("div", { class: "actions tally" }, line, clear),
    found,
    more,
  );
  await draw();

  async function begin() {
    const path = controls.section.value ? JSON.parse(controls.section.value) : [];
    try {
      const made = await api("POST", writing("articles"), { section: path, locale: controls.language.value || "en" });
      location.hash = editAt(made.id);
    } catch (problem) {
      desk.say(problem.message);
    }
  }

  async function draw(further = false) {
    const mine = ++run;
    const asked = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
    sessionStorage.setItem(WANTED, JSON.stringify(asked));
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(asked)) if (value && name !== "section") query.set(name, value);
    if (asked.section) for (const part of JSON.parse(asked.section)) query.append("section", part);
    if (further && next) query.set("cursor", next);
    try {
      const told = await api("GET", `${writing("articles")}?${query}`);
      if (mine !== run) return;
      next = told.next;
      const rows = told.items.map((one) => row(one, asked.q));
      if (further) {
        found.querySelector("ul").append(...rows);
        rows[0]?.querySelector("a").focus();
      } else found.replaceChildren(rows.length ? el("ul", { class: "rows", "aria-label": "Articles" }, rows) : empty(asked));
      more.hidden = !next;
      line.textContent = told.total === 1 ? "1 article" : `${told.total.toLocaleString()} articles`;
      clear.hidden = !Object.entries(asked).some(([name, value]) => value && name !== "order");
    } catch (problem) {
      if (mine === run) found.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message));
    }
  }

  function empty(asked) {
    const filtered = Object.entries(asked).some(([name, value]) => value && name !== "order");
    return filtered
      ? el("p", { class: "card empty" }, "No article fits: use fewer words, or clear the filters.")
      : el("div", { class: "card empty" }, el("p", {}, "No articles yet. Write the first one, or bring yours in from a file."), el("p", {}, el("a", { href: "#articles/exchange" }, "Import articles")));
  }
}

function row(one, words) {
  const facts = [one.section.join(" › "), language(one.locale), one.changed_by ? `${ago(one.changed_at)} by ${one.changed_by}` : ago(one.changed_at)].filter(Boolean).join(" · ");
  const state = { published: "good", draft: "high", archived: "" }[one.status];
  const chips = [
    chip(STATUSES[one.status], state),
    one.audience !== "public" && chip(`For ${one.audience}`),
    one.draft && one.status === "published" && chip("Unpublished changes", "strong"),
    one.translation_is_old && chip("Translation out of date", "high"),
    one.appointment && chip([one.appointment.deed === "publish" ? "Published " : "Taken offline ", time(one.appointment.at, moment)], "strong"),
    one.conversation && chip("From a conversation"),
    one.imported_from && chip("Imported"),
  ];
  const title = el("a", { href: editAt(one.id), lang: one.locale, dir: "auto", class: "title" }, marked(one.title, words.split(/\s+/)));
  return el(
    "li",
    { class: "row" },
    el("div", { class: "what" }, el("p", { class: "name" }, title), el("p", { class: "soft small", dir: "auto" }, facts), el("p", { class: "chips" }, chips.filter(Boolean))),
    el(
      "div",
      { class: "actions" },
      one.conversation && el("a", { href: `/inbox#${one.conversation}`, "aria-label": `Open the conversation of ${one.title}` }, "Conversation"),
      one.status === "published" && el("a", { href: one.url, target: "_blank", rel: "noopener", "aria-label": `See ${one.title} as readers do` }, "See it"),
    ),
  );
}

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

export function language(code) {
  try {
    return names.of(code);
  } catch {
    return code;
  }
}
