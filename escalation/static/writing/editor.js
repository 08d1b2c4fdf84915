// One article under the pen: the text beside what it will look like, kept as it is written, published on purpose.
import { api } from "../api.js";
import { el, moment, time } from "../dom.js";
import { ask, button, chip, field, input, select } from "../manage_form.js";
import { every, writing } from "./addresses.js";
import { conflict } from "./conflict.js";
import { language } from "./list.js";
import { Pen } from "./pen.js";
import { pictures } from "./pictures.js";
import { LivePreview } from "./preview.js";
import { publish } from "./publish.js";
import { toolbar } from "./toolbar.js";
import { versions } from "./versions.js";

const STATUSES = { published: ["Published", "good"], draft: ["Draft", "high"], archived: ["Archived", ""] };
const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/;
const mac = /Mac|iP(hone|ad)/.test(navigator.platform);

export async function editor(place, desk, id) {
  let article = await api("GET", writing("article", id));
  const choices = await api("GET", writing("choices"));
  const admin = desk.me.role === "admin";
  const pen = new Pen(id, article);

  const title = el("textarea", { name: "title", class: "title", rows: 1, maxlength: 500, required: true, "aria-label": "Title", placeholder: "Title" }, article.fields.title === "Untitled" ? "" : article.fields.title);
  const area = el("textarea", { name: "body", id: "article-text", class: "text", "aria-label": "Text, in Markdown", placeholder: "Write the answer first, then the steps. Paste from Word or the web: it is cleaned. Drop pictures in.", spellcheck: "true" }, article.fields.body);
  const section = input("section", article.fields.section.join(" › "), { list: "article-sections", placeholder: "Orders › Returns" });
  const labels = input("labels", article.fields.labels.join(", "), { placeholder: "returns, refund" });
  const audience = select("audience", article.fields.audience, [["public", "Everybody"], ["customers", "Customers whom your site vouches for"], ["agents", "Agents only"]]);
  const locale = input("locale", article.fields.locale, { list: "article-locales", maxlength: 35, required: true });
  const slug = input("slug", shownSlug(), { maxlength: 80, spellcheck: "false", placeholder: article.address_follows_title ? "made of the title" : "" });
  const fields = () => ({
    title: title.value.trim() || "Untitled",
    body: area.value,
    section: section.value.split(/\s*[›>]\s*/).map((name) => name.trim()).filter(Boolean),
    labels: labels.value.split(",").map((word) => word.trim()).filter(Boolean),
    audience: audience.value,
    locale: locale.value.trim() || "en",
    slug: slug.value.trim() || article.fields.slug,
  });
  pen.fields = fields;

  const preview = new LivePreview(fields);
  const saved = el("span", { class: "soft small saved", role: "status" });
  const marks = el("p", { class: "chips" });
  const notes = el("div", { class: "notes" });
  const words = el("span", { class: "soft small" });
  const told = el("summary");
  const about = el(
    "details",
    { class: "about" },
    told,
    el(
      "div",
      { class: "about-fields" },
      field("Section", section, "The outermost first, with › between."),
      field("For whom", audience),
      field("Language", locale, "A code such as en, de or pt-BR."),
      field("Labels", labels, "With commas between; search knows them."),
      field("Address", slug, "What follows /help/articles/. When it changes, the old one leads to the new one."),
    ),
    el("datalist", { id: "article-sections" }, choices.sections.map((path) => el("option", { value: path.join(" › ") }))),
    el("datalist", { id: "article-locales" }, Object.keys(choices.languages).map((code) => el("option", { value: code }, language(code)))),
  );
  const more = menu();
  const publishing = button(admin ? "Publish …" : "Check …", () => go(), "primary", { "aria-keyshortcuts": mac ? "Meta+Enter" : "Control+Enter" });
  const tabs = switcher();
  const bar = toolbar(area, [["Picture", "M4 5h16v14H4zM8 10h.01M5 18l5-6 4 4 2-2 3 3", () => paint.choose()]]);
  const write = el("div", { class: "write" }, bar, area);
  const panes = el("div", { class: "panes", "data-shown": "write" }, write, preview.node);
  const form = el("form", { class: "pen", novalidate: true, "aria-label": "Article" }, title, about, tabs, panes);
  const foot = el("p", { class: "foot soft small" }, words, el("span", { class: "keys" }, el("kbd", {}, mac ? "⌘S" : "Ctrl+S"), " keep  ", el("kbd", {}, mac ? "⌘↵" : "Ctrl+Enter"), admin ? " publish" : " check"));
  const paint = pictures(area, form, desk);
  place.classList.add("editing");
  document.body.classList.add("writing");
  place.append(
    el("div", { class: "editor-bar" }, el("a", { href: "#articles", class: "back" }, "All articles"), marks, saved, el("div", { class: "actions" }, more, publishing)),
    notes,
    form,
    foot,
  );
  const leave = desk.leave;
  desk.leave = async () => {
    await pen.flush();
    if (form.hasAttribute("data-dirty") && !confirm("Leave without saving what you changed?")) return false;
    document.body.classList.remove("writing");
    document.removeEventListener("keydown", keys);
    desk.leave = leave;
    return true;
  };
  preview.follow(area);

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  document.addEventListener("keydown", keys);
  pen.onstate = (line, dirty) => {
    saved.textContent = line;
    form.toggleAttribute("data-dirty", dirty);
  };
  pen.ontaken = () => resolve();
  pen.onkept = (draft) => {
    article.draft = draft;
    draw();
  };
  pen.settled(article);
  draw();
  directed();
  preview.draw();
  setTimeout(() => {
    grown(); // once it is on the page
    if (!article.fields.body && article.fields.title === "Untitled") title.focus();
  });

  function shownSlug() {
    return article.address_follows_title && article.url.endsWith(`/${article.fields.slug}`) ? "" : article.fields.slug;
  }

  function changed(event) {
    if (event?.target === title) grown();
    if (event?.target === locale) directed();
    summary();
    preview.soon();
    pen.changed();
  }

  function keys(event) {
    if (!(mac ? event.metaKey : event.ctrlKey) || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "s") {
      event.preventDefault();
      pen.flush();
    } else if (event.key === "Enter") {
      event.preventDefault();
      go();
    } else if (event.shiftKey && event.key.toLowerCase() === "p") {
      event.preventDefault();
      tabs.show(panes.dataset.shown === "write" ? "look" : "write");
    }
  }

  function draw() {
    const [label, kind] = STATUSES[article.status];
    const own = article.draft && article.status === "published";
    marks.replaceChildren(
      ...[
        chip(label, kind),
        own && chip("Unpublished changes", "strong"),
        article.fields.audience !== "public" && chip(`For ${article.fields.audience}`),
      ].filter(Boolean),
    );
    notes.replaceChildren(...banners().filter(Boolean));
    summary();
    more.draw();
  }

  function summary() {
    const now = fields();
    told.replaceChildren(
      el("span", { class: "soft" }, now.section.join(" › ") || "No section"),
      el("span", { class: "soft" }, audience.selectedOptions[0].textContent.split(" whom")[0]),
      el("span", { class: "soft" }, language(now.locale)),
      el("span", { class: "soft address", dir: "ltr" }, article.address_follows_title && !slug.value.trim() ? "The address follows the title" : `/help/articles/${now.slug}`),
    );
    const count = now.body.split(/\s+/).filter(Boolean).length;
    words.textContent = count === 1 ? "1 word" : `${count.toLocaleString()} words`;
  }

  function banners() {
    return [
      article.imported_from &&
        note(
          "warn",
          ["This article was imported from ", el("code", {}, article.imported_from), ". The next import overwrites what is written here."],
          admin && button("Write it here from now on", takeOver),
        ),
      article.outdated && note("warn", ["The article has changed since this draft was begun."], button("Show what would change", () => history(0))),
      ...article.appointments.map((one) =>
        one.fault
          ? note("bad", [`It could not be ${one.deed === "publish" ? "published" : "taken offline"} at its time: ${one.fault}`], admin && button("Understood", () => cancel(one)))
          : note("info", [one.deed === "publish" ? "Will be published " : "Will be taken offline ", time(one.at, moment), ` (${one.zone}).`, one.deed === "publish" ? " What is written until then goes with it." : ""], admin && button("Cancel it", () => cancel(one))),
      ),
      article.conversation && note("info", ["Begun in a conversation of the inbox."], el("a", { href: `/inbox#${article.conversation}` }, "Open the conversation")),
    ];
  }

  async function takeOver() {
    await attempt(async () => {
      article = await api("POST", writing("take-over", id));
      desk.say("Imports leave this article alone from now on.");
    });
  }

  async function cancel(one) {
    await attempt(async () => {
      await api("DELETE", writing("appointment", one.id));
      article = await api("GET", writing("article", id));
    });
  }

  async function attempt(work) {
    try {
      await work();
      pen.article = article;
      draw();
    } catch (problem) {
      desk.say(problem.message);
    }
  }

  function grown() {
    title.style.height = "auto";
    title.style.height = `${title.scrollHeight + 2}px`;
  }

  function directed() {
    area.dir = RIGHT_TO_LEFT.test(locale.value.trim()) ? "rtl" : "ltr";
    title.dir = area.dir;
    title.lang = area.lang = locale.value.trim();
  }

  // What the server has now, in every control.
  function fill(fresh) {
    article = fresh;
    title.value = fresh.fields.title === "Untitled" ? "" : fresh.fields.title;
    area.value = fresh.fields.body;
    section.value = fresh.fields.section.join(" › ");
    labels.value = fresh.fields.labels.join(", ");
    audience.value = fresh.fields.audience;
    locale.value = fresh.fields.locale;
    slug.value = shownSlug();
    pen.settled(fresh);
    grown();
    directed();
    draw();
    preview.draw();
  }

  async function resolve() {
    const mine = fields();
    const fresh = await api("GET", writing("article", id));
    const { differences } = await api("POST", `${writing("compare", id)}?against=draft`, mine);
    const choice = await conflict(fresh, differences);
    if (choice === "theirs") return fill(fresh);
    if (choice === "mine") {
      article = { ...fresh, fields: mine };
      pen.settled(fresh);
      draw();
      pen.changed(true);
    }
  }

  async function go() {
    if (!(await pen.flush())) return;
    await publish({
      article, id, admin, fields: fields(), desk,
      done(fresh, line) {
        fill(fresh);
        desk.say(line);
        publishing.focus();
      },
      refused: () => resolve(),
    });
  }

  async function history(against) {
    await pen.flush();
    versions({ id, article, admin, desk, against, done: fill });
  }

  function switcher() {
    const buttons = [["write", "Write"], ["look", "Preview"]].map(([name, label]) => button(label, () => show(name), "", { role: "tab", "aria-selected": String(name === "write"), "data-tab": name, tabindex: name === "write" ? 0 : -1 }));
    const node = el("div", { class: "tabs", role: "tablist", "aria-label": "Text or preview" }, buttons);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const other = buttons.find((one) => one !== document.activeElement);
      show(other.dataset.tab);
      other.focus();
    });
    const show = (name) => {
      panes.dataset.shown = name;
      for (const one of buttons) {
        one.setAttribute("aria-selected", String(one.dataset.tab === name));
        one.tabIndex = one.dataset.tab === name ? 0 : -1;
      }
      if (name === "look") preview.draw();
    };
    node.show = show;
    return node;
  }

  function menu() {
    const items = el("ul", { class: "menu" });
    const node = el("details", { class: "extras" }, el("summary", { "aria-label": "More" }, "More"), items);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !node.open) return;
      node.open = false;
      node.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => node.contains(event.target) || (node.open = false));
    const item = (label, work, kind = "") => el("li", {}, button(label, () => ((node.open = false), work()), kind));
    node.draw = () =>
      items.replaceChildren(
        ...[
          item(`Versions (${article.versions})`, () => history()),
          article.draft && article.status === "published" && item("Throw unpublished changes away", discard),
          article.status === "published" && el("li", {}, el("a", { href: article.url, target: "_blank", rel: "noopener" }, "See it as readers do")),
          item("Translations", async () => (location.hash = `#articles/translations/${encodeURIComponent(id)}`)),
          admin && article.status === "published" && item("Take it offline", () => status("draft", "It is offline now.")),
          admin && article.status !== "archived" && item("Archive it", () => status("archived", "It is archived now.")),
          admin && item("Delete …", remove, "danger"),
        ].filter(Boolean),
      );
    return node;
  }

  async function discard() {
    if (!confirm("Throw the unpublished changes away? What readers see stays.")) return;
    await attempt(async () => {
      pen.forget();
      await api("DELETE", writing("draft", id));
      fill(await api("GET", writing("article", id)));
      desk.say("The unpublished changes are gone.");
    });
  }

  async function status(to, line) {
    await pen.flush();
    await attempt(async () => {
      article = await api("POST", writing("status", id), { status: to });
      desk.say(line);
    });
  }

  async function remove() {
    const others = (await every(`${writing("articles")}?limit=100&status=published&order=title`, 500)).filter((one) => one.id !== id);
    const heir = select("heir", "", [["", "nowhere: they are told that there is no such article"], ...others.map((one) => [one.id, one.title])]);
    ask(
      `Delete “${article.fields.title}”?`,
      [el("p", {}, "Readers, search and bot lose it at once. It can be brought back as a draft, under Redirects."), field("Its readers are led", heir, "Links and bookmarks to it go on working.")],
      "Delete",
      async () => {
        await api("DELETE", `${writing("article", id)}${heir.value ? `?redirect_to=${encodeURIComponent(heir.value)}` : ""}`);
        return () => {
          pen.forget();
          form.removeAttribute("data-dirty");
          desk.say("The article is deleted.");
          location.hash = "#articles";
        };
      },
    );
  }
}

const note = (kind, words, action) => el("div", { class: `note ${kind}` }, el("p", {}, words), action);
