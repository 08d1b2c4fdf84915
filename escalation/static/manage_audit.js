// The audit log: who did what, when, from where; filtered and exported.
import { api } from "./api.js";
import { el } from "./dom.js";
import { button, field, input, select } from "./manage_form.js";
import { plain } from "./words.js";

export async function audit(place, desk) {
  const { items: agents } = await api("GET", "/api/agents?all=1");
  const names = new Map(agents.map((agent) => [agent.id, agent.name]));
  const kinds = [...new Set(Object.keys(desk.actions).map((name) => name.split(".")[0]))];
  const deeds = [
    ["", "Everything"],
    ...kinds.map((kind) => [`${kind}.`, `All of ${plain(kind).toLowerCase()}`]),
    ...Object.entries(desk.actions).map(([name, words]) => [name, plain(words)]),
  ];
  const filters = el(
    "form",
    { class: "filters", role: "search", "aria-label": "Filter the log" },
    field("From", input("from", "", { type: "date" })),
    field("To", input("to", "", { type: "date" })),
    field("Who", select("actor", "", [["", "Everybody"], ...agents.map((agent) => [agent.id, agent.name])])),
    field("What", select("action", "", deeds)),
    field("About (id)", input("subject", "", { maxlength: 100 })),
    el("button", { type: "submit" }, "Show"),
  );
  const link = el("a", { class: "export", download: "audit.csv" }, "Export as CSV");
  const body = el("tbody");
  const table = el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Audit log" },
    el("table", {}, el("thead", {}, el("tr", {}, ["When", "Who", "What", "About", "Details", "From where"].map((name) => el("th", { scope: "col" }, name)))), body),
  );
  const empty = el("p", { class: "card empty" }, "Nothing fits: choose other filters. What agents and admins do from now on stands here.");
  const more = button("Show more", () => load(next));
  const error = el("p", { class: "error", role: "alert", hidden: true });
  let next = null;
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    load(null);
  });
  place.append(el("p", { class: "soft" }, "Every step in the inbox and every change here. Nothing of it can be changed."), filters, el("p", {}, link), error, table, empty, more);
  await load(null);

  async function load(cursor) {
    const asked = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value));
    link.href = `/api/audit.csv?${asked}`;
    if (cursor) asked.set("cursor", cursor);
    error.hidden = true;
    try {
      const page = await api("GET", `/api/audit?${asked}`);
      next = page.next;
      if (!cursor) body.replaceChildren();
      body.append(...page.items.map(line));
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    }
    more.hidden = !next;
    table.hidden = !body.childElementCount;
    empty.hidden = !table.hidden;
  }

  function line(entry) {
    return el(
      "tr",
      {},
      el("td", {}, el("time", { datetime: entry.at }, new Date(entry.at).toLocaleString())),
      el("td", {}, entry.actor),
      el("th", { scope: "row", title: entry.action }, entry.words),
      el("td", {}, entry.subject && (names.get(entry.subject) ?? el("code", {}, entry.subject))),
      el("td", { class: "small" }, details(entry)),
      el("td", { class: "soft small" }, entry.address ?? ""),
    );
  }
}

const share = (value) => (value === null ? "not set here" : `${Number((value * 100).toFixed(1))} %`);

// A change has what was and what is; much of it is folded away.
function details({ action, detail }) {
  if (action === "dial.change") return el("span", { class: "detail" }, `May be wrong at most: ${detail.max_wrong.map(share).join(" → ")}`);
  const words = (value) => (action.endsWith(".change") && Array.isArray(value) && value.length === 2 ? `${said(value[0])} → ${said(value[1])}` : said(value));
  const lines = Object.entries(detail).map(([name, value]) => el("span", { class: "detail" }, `${name}: ${words(value)}`));
  const long = lines.length > 3 || lines.some((line) => line.textContent.length > 120);
  return long ? el("details", {}, el("summary", {}, `${lines.length === 1 ? "1 value" : `${lines.length} values`}`), lines) : lines;
}

const said = (value) => (value === null || value === "" ? "none" : typeof value === "string" ? value : JSON.stringify(value));
