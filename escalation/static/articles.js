// The help center beside the reply: search it, and quote what was found with its source.
import { api } from "./api.js";
import { el, link, marked } from "./dom.js";

export class Articles {
  /** `insert(text)` puts a quotation into the reply. */
  constructor(root, { insert }) {
    this.root = root;
    this.insert = insert;
    this.input = root.querySelector("input");
    this.list = root.querySelector("[data-articles-found]");
    this.line = root.querySelector("[data-articles-say]");
    this.run = 0;
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(), 200);
    });
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.list.querySelector("button")?.click(); // the best one
    });
  }

  focus() {
    this.input.focus();
    this.input.select();
  }

  clear() {
    this.run += 1;
    this.input.value = "";
    this.list.replaceChildren();
    this.line.textContent = "";
  }

  async search() {
    const words = this.input.value.trim();
    if (!words) return this.clear();
    const run = (this.run += 1);
    try {
      const { results } = await api("GET", `/api/search?${new URLSearchParams({ q: words, limit: "6" })}`);
      if (run !== this.run) return;
      this.list.replaceChildren(...results.map((hit) => this.line_of(hit, words.split(/\s+/))));
      this.line.textContent = results.length ? `${results.length} found. Enter quotes the first.` : "Nothing comes near. Try other words, or start an article from this conversation.";
    } catch (problem) {
      if (run === this.run) this.line.textContent = problem.message;
    }
  }

  line_of(hit, words) {
    return el(
      "li",
      {},
      link(hit.url, hit.title),
      el("p", { class: "soft small clamp" }, marked(hit.excerpt, words)),
      el("button", { type: "button", "data-inbox": "quote", "aria-label": `Quote “${hit.title}”`, onclick: () => this.insert(quotation(hit)) }, "Quote"),
    );
  }
}

/** The passage as a Markdown quotation, with the article's address below it. */
export function quotation(hit) {
  const said = hit.excerpt.trim().split("\n").map((line) => `> ${line}`.trimEnd());
  const title = hit.title.replace(/[[\]]/g, "");
  return `${said.join("\n")}\n\n[${title}](${new URL(hit.url, location.origin).href})\n`;
}
