// Article drafts: what conversations asked for and nobody has published yet.
import { api } from "./api.js";
import { el } from "./dom.js";
import { row, rows } from "./manage_form.js";

export async function drafts(place) {
  const { items } = await api("GET", "/api/article-drafts");
  place.append(
    el("p", { class: "soft" }, "Begun in the inbox with “This should be an article”. Nobody outside sees them: write the article in the folder or program that your articles come from, and publish it there."),
    rows("Article drafts", items.map(line), "No drafts yet: in a conversation of the inbox, press w to begin one."),
  );
}

function line(draft) {
  const text = el("details", {}, el("summary", {}, "What was written"), el("p", { class: "written" }, draft.body));
  return row([draft.title], [text], el("a", { href: `/inbox#${draft.handoff_id}`, "aria-label": `Open the conversation of ${draft.title}` }, "Open the conversation"));
}
