// Before publishing: what readers will see change, which questions are won or lost, which links are broken. Then now, or at a time.
import { api } from "../api.js";
import { el } from "../dom.js";
import { impact } from "../impact.js";
import { button, field, input, select } from "../manage_form.js";
import { writing } from "./addresses.js";
import { differences } from "./differences.js";
import { faults } from "./faults.js";

export async function publish({ article, id, admin, fields, desk, done, refused }) {
  const waiting = new AbortController();
  const error = el("p", { class: "error", role: "alert", hidden: true });
  const questions = el("div");
  const links = el("div", {}, el("p", { class: "soft" }, "Looking at links and pictures …"));
  const changes = el("div");
  const when = el("input", { type: "datetime-local", name: "at", disabled: true, "aria-label": "Date and time" });
  const zone = input("zone", Intl.DateTimeFormat().resolvedOptions().timeZone, { list: "zones", disabled: true, "aria-label": "Time zone" });
  const deed = select("deed", "now", [
    ["now", "Now"],
    ["publish", "At a time"],
    ...(article.status === "published" ? [["unpublish", "Take it offline at a time"]] : []),
  ]);
  const go = button("Publish", send, "primary");
  const lost = el("p", { class: "note bad", role: "alert", hidden: true });
  let checked = false;
  const dialog = el(
    "dialog",
    { class: "ask wide", "aria-labelledby": "publish-title" },
    el("h2", { id: "publish-title" }, article.status === "published" ? `Publish the changes of “${fields.title}”` : `Publish “${fields.title}”`),
    lost,
    el("section", {}, el("h3", {}, "Questions"), questions),
    el("section", {}, el("h3", {}, "Links and pictures"), links),
    article.published && el("details", {}, el("summary", {}, "What changes for readers"), changes),
    admin && el("div", { class: "pair" }, field("When", deed), field("Date and time", when), field("Time zone", zone)),
    !admin && el("p", { class: "soft" }, "An admin publishes it: your draft is kept, and they find it among the unpublished changes."),
    error,
    el("div", { class: "actions" }, admin && go, button(admin ? "Cancel" : "Close", () => dialog.close(), "quiet")),
  );
  const timed = () => {
    for (const control of [when, zone]) {
      control.disabled = deed.value === "now";
      control.closest(".field").hidden = deed.value === "now";
    }
    label();
  };
  deed.addEventListener("change", timed);
  dialog.addEventListener("close", () => (waiting.abort(), dialog.remove()));
  document.body.append(dialog);
  if (admin) timed();
  dialog.showModal();
  (admin ? go : dialog.querySelector("button.quiet")).focus();

  impact(questions, { id, title: fields.title }, { ...fields, status: "published" }, { signal: waiting.signal })
    .then((told) => {
      if (!told.counts.lost) return;
      lost.textContent = told.counts.lost === 1 ? "This edit loses a question that is answered now. Read it below before you publish." : `This edit loses ${told.counts.lost} questions that are answered now. Read them below before you publish.`;
      lost.hidden = false;
    })
    .catch(() => {}) // said in its place
    .finally(() => ((checked = true), label()));
  api("POST", writing("checks", id), fields)
    .then((told) => links.replaceChildren(faults(told.items, "Every link leads somewhere, and every picture is there.")))
    .catch((problem) => links.replaceChildren(el("p", { class: "error" }, problem.message)));
  if (article.published) {
    api("POST", writing("compare", id), fields)
      .then((told) => changes.replaceChildren(differences(told.differences, "Nothing changes for readers.")))
      .catch((problem) => changes.replaceChildren(el("p", { class: "error" }, problem.message)));
  }
  label();

  function label() {
    const later = deed.value !== "now";
    go.textContent = later ? "Make the appointment" : !checked ? "Publish without waiting for the check" : lost.hidden ? "Publish" : "Publish all the same";
    go.classList.toggle("primary", checked || later);
  }

  async function send() {
    error.hidden = true;
    go.disabled = true;
    go.setAttribute("aria-busy", "true");
    const name = go.textContent;
    go.textContent = deed.value === "now" ? "Publishing …" : "Keeping …";
    try {
      if (deed.value === "now") {
        const fresh = await api("POST", writing("publish", id), { revision: article.draft?.revision ?? 0, version: article.version });
        dialog.close();
        done(fresh, "Published: search and bot know it now.");
      } else {
        if (!when.value) throw new Error("Choose a date and a time.");
        await api("POST", writing("appointments", id), { deed: deed.value, at: when.value, zone: zone.value });
        const fresh = await api("GET", writing("article", id));
        dialog.close();
        done(fresh, "The appointment is made.");
      }
    } catch (problem) {
      if (problem.status === 409) {
        dialog.close();
        refused();
        return;
      }
      error.textContent = problem.message;
      error.hidden = false;
      go.disabled = false;
      go.removeAttribute("aria-busy");
      go.textContent = name;
    }
  }
}
