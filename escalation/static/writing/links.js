// Broken links of all published articles, found a few hundred articles at a time; links to other sites when asked.
import { api } from "../api.js";
import { el } from "../dom.js";
import { button } from "../manage_form.js";
import { editAt, writing } from "./addresses.js";
import { faults } from "./faults.js";

export async function page(place, desk) {
  const found = el("ul", { class: "rows", "aria-label": "Articles with broken links" });
  const line = el("p", { role: "status", class: "soft" });
  const bar = el("progress", { "aria-label": "Articles looked at" });
  const again = button("Look again", look, "primary");
  place.append(
    el("p", { class: "soft" }, "Links to articles, headings and pictures that are not there, or not for the same readers. Links to other sites are followed only when you ask, article by article."),
    el("div", { class: "actions" }, again, line),
    bar,
    found,
  );
  await look();

  async function look() {
    again.disabled = true;
    found.replaceChildren();
    found.hidden = true;
    bar.hidden = false;
    let cursor = "";
    let looked = 0;
    let broken = 0;
    try {
      const { total } = await api("GET", `${writing("articles")}?status=published&limit=1`);
      bar.max = total || 1;
      do {
        const told = await api("GET", `${writing("links")}?cursor=${encodeURIComponent(cursor)}`);
        looked += told.looked_at;
        bar.value = looked;
        broken += told.items.length;
        found.append(...told.items.map(row));
        found.hidden = !broken;
        line.textContent = `${looked} articles looked at …`;
        cursor = told.next;
      } while (cursor && place.isConnected !== false);
      line.textContent = broken ? `${broken === 1 ? "1 article has" : `${broken} articles have`} something to mend, of ${looked}.` : `${looked} articles looked at: every link leads somewhere.`;
    } catch (problem) {
      line.textContent = problem.message;
    }
    bar.hidden = true;
    again.disabled = false;
  }

  function row(one) {
    const outside = el("div");
    const follow = button("Follow links to other sites", async () => {
      follow.disabled = true;
      outside.replaceChildren(el("p", { class: "soft small", role: "status" }, "Asking other sites …"));
      try {
        const told = await api("POST", writing("outside", one.id));
        outside.replaceChildren(faults(told.items, told.of ? `${told.looked_at} links to other sites answer.` : "There are no links to other sites."));
      } catch (problem) {
        outside.replaceChildren(el("p", { class: "error" }, problem.message));
      }
      follow.disabled = false;
    }, "quiet", { "aria-label": `Follow links to other sites of ${one.title}` });
    return el(
      "li",
      { class: "row" },
      el("div", { class: "what" }, el("p", { class: "name" }, el("a", { href: editAt(one.id), class: "title", dir: "auto" }, one.title)), faults(one.faults, ""), outside),
      el("div", { class: "actions" }, follow),
    );
  }
}
