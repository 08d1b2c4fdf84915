// A translation beside its original: what that says now, what it has changed, and the text to write.
import { api } from "../api.js";
import { ago, el } from "../dom.js";
import { button, chip } from "../manage_form.js";
import { editAt, writing } from "./addresses.js";
import { conflict } from "./conflict.js";
import { differences } from "./differences.js";
import { Pen } from "./pen.js";
import { pictures } from "./pictures.js";
import { language } from "./list.js";
import { toolbar } from "./toolbar.js";

const RIGHT_TO_LEFT = /^(ar|dv|fa|he|ku|ps|sd|ug|ur|yi)\b/;
const direction = (locale) => (RIGHT_TO_LEFT.test(locale) ? "rtl" : "ltr");

export async function sideBySide(place, desk, originalId, id) {
  let told = await api("GET", writing("translation", id));
  const { original } = told;
  let article = told.translation;
  const locale = article.fields.locale;
  const title = el("textarea", { name: "title", class: "title", rows: 1, maxlength: 500, lang: locale, dir: direction(locale), "aria-label": `Title in ${language(locale)}` }, article.fields.title);
  const area = el("textarea", { name: "body", id: "translation-text", class: "text", lang: locale, dir: direction(locale), "aria-label": `Text in ${language(locale)}, in Markdown` }, article.fields.body);
  const pen = new Pen(id, article);
  pen.fields = () => ({ title: title.value.trim() || "Untitled", body: area.value });
  const saved = el("span", { class: "soft small saved", role: "status" });
  const state = el("span");
  const changes = el("details", { class: "card changes" });
  const marking = button("Mark as up to date", mark);
  const form = el("form", { class: "pen", novalidate: true, "aria-label": `Translation into ${language(locale)}` }, title, el("div", { class: "write" }, toolbar(area, [["Picture", "M4 5h16v14H4zM8 10h.01M5 18l5-6 4 4 2-2 3 3", () => paint.choose()]]), area));
  const paint = pictures(area, form, desk);
  place.classList.add("editing");
  document.body.classList.add("writing");
  const leave = desk.leave;
  desk.leave = async () => {
    await pen.flush();
    if (form.hasAttribute("data-dirty") && !confirm("Leave without saving what you changed?")) return false;
    document.body.classList.remove("writing");
    desk.leave = leave;
    return true;
  };
  place.append(
    el("div", { class: "editor-bar" }, el("a", { href: "#articles/translations", class: "back" }, "Translations"), state, saved, el("div", { class: "actions" }, marking, button("Go on to publish", go, "primary"))),
    changes,
    el(
      "div",
      { class: "beside" },
      el("section", { class: "original", "aria-label": `Original, in ${language(original.locale)}` }, el("p", { class: "soft small" }, `Original: ${language(original.locale)}, version ${original.version}`), el("h2", { lang: original.locale, dir: "auto" }, original.title), el("pre", { tabindex: 0, lang: original.locale, dir: direction(original.locale) }, original.body)),
      el("section", { "aria-label": `Translation, in ${language(locale)}` }, el("p", { class: "soft small" }, `Translation: ${language(locale)}`), form),
    ),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => (grown(), pen.changed()));
  pen.onstate = (line, dirty) => {
    saved.textContent = line;
    form.toggleAttribute("data-dirty", dirty);
  };
  pen.onkept = (draft) => (article.draft = draft);
  pen.ontaken = async () => {
    const mine = pen.fields();
    const fresh = await api("GET", writing("article", id));
    const found = await api("POST", `${writing("compare", id)}?against=draft`, mine);
    const choice = await conflict(fresh, found.differences);
    if (!choice) return;
    article = fresh;
    if (choice === "theirs") {
      title.value = fresh.fields.title;
      area.value = fresh.fields.body;
    }
    pen.settled(fresh);
    if (choice === "mine") pen.changed(true);
  };
  pen.settled(article);
  draw();
  setTimeout(grown); // once it is on the page

  function draw() {
    const labels = { current: ["Up to date", "good"], old: ["Out of date", "high"], unmarked: ["Not marked yet", ""] };
    state.replaceChildren(chip(...labels[told.state]), told.by ? el("span", { class: "soft small" }, ` marked ${ago(told.at)} by ${told.by}`) : "");
    marking.hidden = told.state === "current";
    changes.hidden = !told.changed.length;
    changes.open = true;
    changes.replaceChildren(el("summary", {}, "What the original has changed since"), differences(told.changed));
  }

  function grown() {
    title.style.height = "auto";
    title.style.height = `${title.scrollHeight + 2}px`;
  }

  async function mark() {
    try {
      await pen.flush();
      await api("POST", writing("translated", id));
      told = await api("GET", writing("translation", id));
      draw();
      desk.say("Marked: it says what the original says now.");
    } catch (problem) {
      desk.say(problem.message);
    }
  }

  async function go() {
    if (await pen.flush()) location.hash = editAt(id);
  }
}
