// Redirects: addresses that articles had once, and where they lead; and articles that were deleted.
import { api } from "../api.js";
import { ago, el } from "../dom.js";
import { ask, button, chip, field, focusOn, input, row, rows, select } from "../manage_form.js";
import { editAt, every, writing } from "./addresses.js";

export async function page(place, desk) {
  const admin = desk.me.role === "admin";
  const lines = el("div");
  const gone = el("section", { class: "stack" });
  place.append(
    el("p", { class: "soft" }, "When an address changes, the old one leads to the article wherever it is, for readers and search engines (301). So there are no chains, and no circles."),
    admin && el("div", { class: "actions" }, button("Add a redirect", add, "primary", { "data-key": "add" })),
    lines,
    gone,
  );
  await draw();

  async function draw() {
    const [{ items }, deleted] = await Promise.all([api("GET", writing("redirects")), api("GET", writing("deleted"))]);
    lines.replaceChildren(rows("Redirects", items.map(line), "No redirects: they come by themselves when an address changes. Add one for an address of your old help center."));
    gone.replaceChildren(el("h2", {}, "Deleted articles"), rows("Deleted articles", deleted.items.map(ghost), "Nothing was deleted."));
  }

  function line(one) {
    const facts = [el("p", { class: "small" }, "leads to ", el("a", { href: editAt(one.article_id), dir: "auto" }, one.title), one.status !== "published" && [" ", chip("Not published: readers are told that there is none", "high")]), el("p", { class: "soft small" }, one.by ? `${ago(one.at)} by ${one.by}` : ago(one.at))];
    return row([el("code", { dir: "ltr" }, one.url)], facts, admin && button("Remove", () => remove(one), "quiet", { "aria-label": `Remove the redirect ${one.url}` }));
  }

  function ghost(one) {
    const facts = el("p", { class: "soft small" }, `Version ${one.version}, ${ago(one.at)}${one.by ? ` by ${one.by}` : ""}`);
    return row([one.title], facts, admin && button("Bring it back as a draft", () => back(one), "", { "aria-label": `Bring ${one.title} back as a draft` }));
  }

  async function add() {
    const articles = await every(`${writing("articles")}?limit=100&order=title`, 1000);
    const address = input("address", "", { required: true, maxlength: 2000, placeholder: "/help/articles/old-name" });
    const to = select("to", "", articles.map((one) => [one.id, one.title]), { required: true });
    ask("Add a redirect", [field("From", address, "An address below /help/articles/, or its last part."), field("To", to)], "Add", async () => {
      const made = await api("POST", writing("redirects"), { address: address.value, article_id: to.value });
      return async () => (await draw(), desk.say(`${made.url} leads on now.`), focusOn(place, "add"));
    });
  }

  async function remove(one) {
    if (!confirm(`Remove the redirect from ${one.url}? Readers who come by it are told that there is no such article.`)) return;
    try {
      await api("DELETE", writing("redirect", one.slug));
      await draw();
      desk.say("Removed.");
      focusOn(place, "add");
    } catch (problem) {
      desk.say(problem.message);
    }
  }

  async function back(one) {
    try {
      await api("POST", writing("bring-back", one.id));
      location.hash = editAt(one.id);
    } catch (problem) {
      desk.say(problem.message);
    }
  }
}
