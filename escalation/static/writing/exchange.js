// Import and export of everything. An import says first what it would do.
import { Problem } from "../api.js";
import { el } from "../dom.js";
import { button, check, field } from "../manage_form.js";
import { editAt } from "./addresses.js";

export async function page(place, desk) {
  if (desk.me.role !== "admin") {
    place.append(el("p", { class: "card empty" }, "Import and export are for admins: ask one to do it for you."));
    return;
  }
  const file = el("input", { type: "file", name: "file", accept: ".zip,.jsonl,.md,.markdown,.html", required: true });
  const prune = check("prune", "Remove articles that the file does not have", false);
  const told = el("div", { "aria-live": "polite" });
  const look = el("button", { type: "submit", class: "primary" }, "See what it would do");
  const form = el("form", { class: "fields" }, field("File", file, "A .zip that was exported here, a .zip of Markdown files, a .jsonl or a .md file; 300 MB at most."), prune, el("div", { class: "actions" }, look));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(true);
  });
  form.addEventListener("change", () => told.replaceChildren());
  place.append(
    el(
      "section",
      { class: "stack" },
      el("h2", {}, "Export"),
      el("p", { class: "soft" }, "Everything in one zip: articles as Markdown with front matter, which ", el("code", {}, "parley index"), " reads too, with pictures, drafts, versions, redirects, the order of sections, translations and appointments."),
      el("div", { class: "actions" }, el("a", { href: "/api/writing/export", class: "button", download: "" }, "Download everything")),
    ),
    el("section", { class: "stack" }, el("h2", {}, "Import"), el("p", { class: "soft" }, "Nothing changes before you have seen what would."), form, told),
  );

  async function send(dry) {
    const chosen = file.files[0];
    look.disabled = true;
    told.replaceChildren(el("p", { class: "soft", role: "status" }, dry ? "Reading the file …" : "Bringing it in …"));
    try {
      const query = new URLSearchParams({ name: chosen.name, dry_run: String(dry), prune: String(form.elements.prune.checked) });
      const response = await fetch(`/api/writing/import?${query}`, { method: "POST", headers: { Accept: "application/json" }, body: chosen });
      const plan = await response.json().catch(() => ({}));
      if (!response.ok) throw new Problem(response.status, plan.detail ?? `The server answered ${response.status}.`);
      told.replaceChildren(report(plan));
      if (!dry) desk.say("It is in: search and bot know it now.");
    } catch (problem) {
      told.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message ?? "The server cannot be reached."));
    }
    look.disabled = false;
  }

  function report(plan) {
    const { counts, beside } = plan;
    const nothing = !counts.added && !counts.changed && !counts.removed;
    const also = Object.entries(beside).filter(([, count]) => count).map(([name, count]) => `${count} ${name}`);
    const go = button(counts.removed ? `Bring it in, and remove ${counts.removed}` : "Bring it in", () => (!counts.removed || confirm(`Remove ${counts.removed} articles that the file does not have?`)) && send(false), "primary");
    return el(
      "div",
      { class: "card stack plan" },
      el("h3", {}, plan.done ? "What was done" : "What it would do"),
      el(
        "ul",
        { class: "counts" },
        [["added", "added"], ["changed", "changed"], ["removed", "removed"], ["unchanged", "as they are"], ["failed", "cannot be read"]].map(([name, label]) => el("li", { class: `count ${name}` }, el("b", {}, counts[name].toLocaleString()), ` ${label}`)),
      ),
      also.length > 0 && el("p", { class: "soft small" }, `With them: ${also.join(", ")}.`),
      group("Added", plan.added, counts.added, plan.done),
      group("Changed", plan.changed, counts.changed, plan.done),
      group("Removed", plan.removed, counts.removed, false),
      counts.failed > 0 && el("details", { open: true }, el("summary", {}, `Cannot be read (${counts.failed})`), el("ul", { class: "plain" }, plan.failed.map((one) => el("li", {}, el("code", {}, one.where), ` ${one.reason}`)))),
      !plan.done && el("div", { class: "actions" }, nothing && !also.length ? el("p", {}, "There is nothing to bring in.") : go),
    );
  }

  function group(title, items, count, linked) {
    if (!count) return null;
    const lines = items.map((one) => el("li", { dir: "auto" }, linked ? el("a", { href: editAt(one.id) }, one.title) : one.title, one.fields && el("span", { class: "soft small" }, ` ${one.fields.join(", ")}`)));
    return el("details", {}, el("summary", {}, `${title} (${count})`), el("ul", { class: "plain" }, lines, count > items.length && el("li", { class: "soft" }, `and ${count - items.length} more`)));
  }
}
