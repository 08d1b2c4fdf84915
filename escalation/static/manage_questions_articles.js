// The field for the articles that answer a question: what is chosen, and a search for more.
import { api } from "./api.js";
import { el } from "./dom.js";
import { button } from "./manage_form.js";

let made = 0;

/** `articles`: [{id, title}] as they are. `value()`: the ids. */
export function articlesField(articles) {
  const id = `articles-${(made += 1)}`;
  const chosen = new Map(articles.map((one) => [one.id, one.title ?? one.id]));
  const shown = el("ul", { class: "chosen", "aria-label": "Chosen articles" });
  const found = el("ul", { class: "choices" });
  const line = el("p", { class: "soft small", role: "status" });
  const search = el("input", { type: "search", id, autocomplete: "off", placeholder: "Words of its title", "aria-describedby": `${id}-hint`, maxlength: 200 });
  let run = 0;
  let timer;

  function draw() {
    shown.replaceChildren(
      ...[...chosen].map(([key, title]) =>
        el("li", {}, el("span", { dir: "auto" }, title), button("✕", () => (chosen.delete(key), draw(), search.focus()), "quiet", { "aria-label": `Remove ${title}` })),
      ),
    );
    shown.hidden = !chosen.size;
  }

  async function look() {
    const mine = (run += 1);
    const words = search.value.trim();
    if (!words) return found.replaceChildren(), (line.textContent = "");
    try {
      const [titles, texts] = await Promise.all([
        api("GET", `/api/suggest?${new URLSearchParams({ q: words, limit: "6" })}`),
        api("GET", `/api/search?${new URLSearchParams({ q: words, limit: "6" })}`),
      ]);
      if (mine !== run) return;
      const hits = new Map([...titles.results, ...texts.results].map((hit) => [hit.article_id, hit.title]));
      const left = [...hits].filter(([key]) => !chosen.has(key)).slice(0, 6);
      found.replaceChildren(...left.map(([key, title]) => el("li", {}, button(title, () => choose(key, title), "", { dir: "auto" }))));
      line.textContent = left.length ? `${left.length} found. Enter takes the first.` : "No article found.";
    } catch (problem) {
      if (mine === run) line.textContent = problem.message;
    }
  }

  function choose(key, title) {
    chosen.set(key, title);
    search.value = "";
    found.replaceChildren();
    line.textContent = `${title} chosen.`;
    draw();
    search.focus();
  }

  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 200);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    found.querySelector("button")?.click();
  });
  draw();
  return {
    node: el("div", { class: "field" }, el("label", { for: id }, "Answered by"), shown, search, found, line, el("p", { class: "soft small", id: `${id}-hint` }, "Any of these is right. Without an article: the help center should not answer it.")),
    value: () => [...chosen.keys()],
  };
}
