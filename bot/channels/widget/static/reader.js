// An article inside the chat: its text as the help center's page renders it, its pictures, its links, whether it helped.

import { article, slugOf, voteArticle } from "./api.js";
import { Helpful } from "./helpful.js";
import { formats, say } from "./words.js";

const $ = (id) => document.getElementById(id);
export class Reader {
  /** `follow({url, title})` is called for a link to another article. */
  constructor({ follow }) {
    $("reader-away").lastElementChild.textContent = ` (${say("new_tab")})`;
    $("reader-text").addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      const address = link.getAttribute("href");
      if (address.startsWith("#")) {
        event.preventDefault(); // no step in the history of the page around
        $("reader-text").querySelector(`#${CSS.escape(decodeURIComponent(address.slice(1)))}`)?.scrollIntoView();
      } else if (slugOf(link.href)) {
        event.preventDefault();
        follow({ url: link.getAttribute("href"), title: link.textContent });
      }
    });
  }

  /** Shows the article at `url`; `title` and `excerpt` stand there until it has come, and where it does not come. */
  async read({ url, title, excerpt = "" }) {
    this.leave();
    const slug = slugOf(url);
    this.slug = slug;
    this.shown = { url, title, excerpt };
    $("reader").scrollTop = 0;
    $("reader-title").textContent = title ?? "";
    $("reader-date").textContent = "";
    $("reader-text").replaceChildren();
    $("reader-helpful").hidden = true;
    $("reader-away").href = url;
    $("reader-said").textContent = say("article_loading");
    const found = await article(slug).catch(() => null);
    if (this.slug !== slug) return; // another one was opened meanwhile
    $("reader-said").textContent = found ? "" : say("article_failed");
    if (!found) {
      $("reader-text").append(excerpt);
      return;
    }
    $("reader-title").textContent = found.title;
    for (const id of ["reader-title", "reader-text"]) Object.assign($(id), { lang: found.locale, dir: found.direction });
    const date = new Intl.DateTimeFormat(formats, { dateStyle: "long" }).format(new Date(found.updated_at));
    $("reader-date").textContent = say("article_updated", { date });
    $("reader-text").replaceChildren(...nodes(found.html));
    $("reader-helpful").hidden = false;
    this.helpful = new Helpful($("reader-helpful"), {
      question: say("article_helpful"), once: true,
      send: (helpful, reason, comment) => voteArticle(found.id, { helpful, reason, comment }),
    });
  }

  leave() {
    this.helpful?.leave();
    this.helpful = null;
    this.slug = null;
  }
}

/** The server's rendering as nodes. A document that is parsed so runs nothing and loads nothing; what it holds was made by
 * the server's own renderer, and this page's policy allows no script but ours. */
function nodes(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const link of parsed.querySelectorAll("a[href]")) {
    if (!link.getAttribute("href").startsWith("#")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  }
  for (const picture of parsed.images) picture.loading = "lazy";
  return parsed.body.childNodes;
}
