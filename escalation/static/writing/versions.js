// Every publish of an article: who, when, what it changed; an earlier one comes back as a new one.
import { api } from "../api.js";
import { el, moment, time } from "../dom.js";
import { button, chip } from "../manage_form.js";
import { writing } from "./addresses.js";
import { differences } from "./differences.js";

export async function versions({ id, article, admin, desk, against, done }) {
  const list = el("ol", { class: "versions", "aria-label": "Versions" });
  const shown = el("div", { class: "version", "aria-live": "polite" });
  const dialog = el(
    "dialog",
    { class: "ask wide", "aria-labelledby": "versions-title" },
    el("h2", { id: "versions-title" }, "Versions"),
    el("div", { class: "past" }, list, shown),
    el("div", { class: "actions" }, button("Close", () => dialog.close(), "quiet")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const { items } = await api("GET", writing("versions", id));
    const draft = article.draft && el("li", {}, button(["Unpublished changes", el("span", { class: "soft small" }, article.draft.by ?? "")], () => show(items[0], true), "item"));
    list.append(...[draft, ...items.map((one) => line(one))].filter(Boolean));
    await show(items[0], against === 0 || Boolean(article.draft));
  } catch (problem) {
    shown.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message));
  }

  function line(one) {
    const words = [el("span", {}, `Version ${one.version}`, one.current && " ", one.current && chip("Now", "good")), el("span", { class: "soft small" }, one.why, one.by && ` by ${one.by}`), time(one.at, moment, { class: "soft small" })];
    return el("li", {}, button(words, () => show(one), "item", { "data-version": one.version }));
  }

  async function show(one, draft = false) {
    for (const each of list.querySelectorAll("button")) {
      const mine = draft ? !each.dataset.version : Number(each.dataset.version) === one.version;
      mine ? each.setAttribute("aria-current", "true") : each.removeAttribute("aria-current");
    }
    shown.replaceChildren(el("p", { class: "soft" }, "Loading …"));
    try {
      const told = await api("GET", `${writing("versions", id)}?number=${one.version}${draft ? "&against=0" : ""}`);
      const first = !told.differences.length && one.version === 1;
      shown.replaceChildren(
        ...[
          el("h3", {}, draft ? "What the unpublished changes do" : `What version ${one.version} changed`),
          first ? el("div", { class: "pieces", dir: "auto" }, told.fields.body) : differences(told.differences, "Nothing that is written differs."),
          admin && !draft && !one.current && el("div", { class: "actions" }, button(`Restore version ${one.version}`, () => restore(one), "primary")),
        ].filter(Boolean),
      );
    } catch (problem) {
      shown.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message));
    }
  }

  async function restore(one) {
    const live = article.status === "published" ? " Readers see it at once." : "";
    if (!confirm(`Restore version ${one.version}? It becomes a new version; nothing is lost.${live}`)) return;
    try {
      const fresh = await api("POST", writing("restore", id), { version: one.version });
      dialog.close();
      done(fresh);
      desk.say(`Version ${one.version} is back, as version ${fresh.version}.`);
    } catch (problem) {
      desk.say(problem.message);
    }
  }
}
