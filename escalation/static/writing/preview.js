// The text as its page will show it: the server makes it with what makes the page, a frame shows it with the page's own style.
import { api } from "../api.js";
import { el } from "../dom.js";
import { writing } from "./addresses.js";

export class LivePreview {
  // `fields()` gives {title, body, locale}.
  constructor(fields) {
    this.fields = fields;
    this.run = 0;
    this.frame = el("iframe", { title: "Preview", src: "/manage/preview", sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox", loading: "eager" });
    this.fault = el("p", { class: "soft small", role: "status", hidden: true });
    this.node = el("div", { class: "glance" }, this.frame, this.fault);
    this.ready = new Promise((done) => this.frame.addEventListener("load", () => done(), { once: true }));
  }

  // Soon: a burst of keys is one request.
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.draw(), 250);
  }

  async draw() {
    const mine = ++this.run;
    const { title, body, locale } = this.fields();
    try {
      const told = await api("POST", writing("preview"), { title, body, locale });
      await this.ready;
      if (mine !== this.run) return;
      const page = this.frame.contentDocument;
      const article = page.querySelector("article");
      article.dir = told.direction;
      article.lang = locale;
      article.querySelector("h1").textContent = title;
      article.querySelector(".prose").innerHTML = told.html; // cleaned by the server: help_center.markup
      this.fault.hidden = true;
      this.node.dataset.drawn = String(Number(this.node.dataset.drawn ?? 0) + 1);
    } catch (problem) {
      if (mine !== this.run) return;
      this.fault.textContent = `The preview cannot be shown now: ${problem.message}`;
      this.fault.hidden = false;
    }
  }

  // Follows the text's scrolling, as a share of the whole.
  follow(area) {
    area.addEventListener("scroll", () => {
      const page = this.frame.contentDocument?.scrollingElement;
      const most = area.scrollHeight - area.clientHeight;
      if (page && most > 0) page.scrollTop = (area.scrollTop / most) * (page.scrollHeight - page.clientHeight);
    }, { passive: true });
  }
}
