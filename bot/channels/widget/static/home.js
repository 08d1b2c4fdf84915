// What the chat shows before the first word: the greeting, the help center's search, questions to start with, popular
// articles. Knows its elements; not how a question is sent or an article is opened.

import { element, markdown } from "../help/markdown.js";
import { search, suggest } from "./api.js";
import { language, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const SUGGEST_MS = 80;
const SEARCH_MS = 350; // the whole search, once the typing pauses
const FEWEST = 2; // characters
const LONGEST = 4; // of each kind

export class Home {
  /** `ask(text)` sends a question; `read({url, title})` opens an article. */
  constructor({ ask, read }) {
    this.ask = ask;
    this.read = read;
    this.active = -1;
    this.articles = [];
    this.greet($("hello").dataset.text);
    this.start(JSON.parse($("starters").dataset.starters));
    $("query").addEventListener("input", () => this.typed());
    $("query").addEventListener("keydown", (event) => this.pressed(event));
    $("query-clear").onclick = () => this.clear();
    $("find-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.options[Math.max(this.active, 0)]?.click();
    });
    $("found").addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    for (const link of $("popular")?.querySelectorAll("a") ?? []) {
      link.onclick = (event) => this.open(event, { url: link.getAttribute("href"), title: link.textContent });
    }
  }

  get options() {
    return [...$("found").children];
  }

  greet(text) {
    $("hello").replaceChildren(markdown(text));
  }

  /** Questions that are asked with one press. */
  start(questions) {
    const buttons = questions.filter((text) => typeof text === "string" && text.trim()).slice(0, 6).map((text) => {
      const button = element("button", text.trim());
      button.type = "button";
      button.dir = "auto";
      button.onclick = () => this.ask(text.trim());
      return button;
    });
    $("starters").replaceChildren($("starters").firstElementChild, ...buttons);
    $("starters").hidden = !buttons.length;
  }

  open(event, article) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // as links do
    event.preventDefault();
    this.read(article);
  }

  // -- search as you type: titles at once, the whole search once the typing pauses; what stands there never moves

  typed() {
    const query = $("query").value.trim();
    $("query").dir = query ? "auto" : ""; // a placeholder reads as the page does
    $("query-clear").hidden = !query;
    clearTimeout(this.soon);
    clearTimeout(this.later);
    this.asking?.abort();
    this.show(query.length < FEWEST ? [] : this.articles, query);
    if (query.length < FEWEST) return;
    this.asking = new AbortController();
    const { signal } = this.asking;
    let shown = [];
    let told = false;
    const add = (results) => {
      if (signal.aborted) return;
      for (const found of results.slice(0, LONGEST)) {
        const known = shown.find(({ url }) => url === found.url);
        if (known) known.excerpt = found.excerpt;
        else shown.push(found);
      }
      this.show(shown, query, told);
    };
    this.soon = setTimeout(() => suggest(query, signal).then(add, () => {}), SUGGEST_MS);
    this.later = setTimeout(() => {
      told = true;
      search(query, language, signal).then(add, () => add([]));
    }, SEARCH_MS);
  }

  /** `told`: the search is through, and how much it found is said. */
  show(articles, query, told = false) {
    this.articles = articles;
    const chosen = this.options[this.active]?.dataset.url;
    const items = articles.map(({ url, title, excerpt }) => {
      const item = this.option(element("b", title));
      if (excerpt) item.append(element("p", markdown(excerpt).textContent));
      item.dataset.url = url;
      item.onclick = () => this.read({ url, title });
      return item;
    });
    if (query.length >= FEWEST) {
      const item = this.option(element("span", say("search_ask", { query })));
      item.classList.add("ask");
      item.onclick = () => {
        this.clear();
        this.ask(query);
      };
      items.push(item);
    }
    items.forEach((item, n) => (item.id = `found-${n}`));
    $("found").replaceChildren(...items);
    $("found").hidden = !items.length;
    $("offers").hidden = query.length >= FEWEST;
    $("query").setAttribute("aria-expanded", String(Boolean(items.length)));
    $("found-said").textContent = !told ? "" : articles.length ? say("search_found", { n: articles.length }) : say("search_none", { query });
    this.choose(chosen ? items.findIndex((item) => item.dataset.url === chosen) : -1);
  }

  option(...children) {
    const item = element("li", ...children);
    item.setAttribute("role", "option");
    item.dir = "auto";
    return item;
  }

  choose(index) {
    this.active = index;
    this.options.forEach((item, n) => item.setAttribute("aria-selected", String(n === index)));
    const item = this.options[index];
    if (!item) return $("query").removeAttribute("aria-activedescendant");
    $("query").setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  pressed(event) {
    if (event.isComposing) return;
    const count = this.options.length;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.choose(this.active < 0 && step < 0 ? count - 1 : (this.active + step + count + 1) % (count + 1) === count ? -1 : this.active + step);
    } else if (event.key === "Escape" && $("query").value) {
      event.stopPropagation(); // a second one closes the chat
      this.clear();
    }
  }

  clear() {
    $("query").value = "";
    this.typed();
    $("query").focus();
  }

  /** Puts something into the search, as if it were typed. */
  look(query) {
    $("query").value = query;
    this.typed();
  }
}
