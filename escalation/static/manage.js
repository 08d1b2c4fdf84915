// The page for leads and admins: one part at a time, by the address (#people, #teams, ...); what follows a slash is the part's own.
import { el } from "./dom.js";
import { audit } from "./manage_audit.js";
import { canned } from "./manage_canned.js";
import { confidence } from "./manage_confidence.js";
import { hours } from "./manage_hours.js";
import { notifications } from "./manage_notifications.js";
import { people } from "./manage_people.js";
import { questions } from "./manage_questions.js";
import { site } from "./manage_site.js";
import { targets } from "./manage_targets.js";
import { teams } from "./manage_teams.js";
import { tokens } from "./manage_tokens.js";
import { articles } from "./writing/articles.js";

// Each gets the place to draw in, the desk below and the rest of the address; a new part is one more module here and one more line in manage.py.
const PARTS = { articles, people, teams, hours, site, confidence, questions, targets, canned, notifications, tokens, audit };

const place = document.querySelector("[data-manage=part]");
const links = [...document.querySelectorAll(".parts a")];
const toast = document.querySelector("[data-toast]");
const page = document.title;
let shown = null;
let run = 0;
let toastEnds;

const desk = {
  leave: null, // a part's own way to be left: saves, and says whether the page may go on
  me: JSON.parse(document.body.dataset.agent),
  actions: JSON.parse(document.body.dataset.actions),
  say(line) {
    toast.textContent = line;
    toast.classList.add("shown");
    clearTimeout(toastEnds);
    toastEnds = setTimeout(() => toast.classList.remove("shown"), 3500);
  },
};

async function show() {
  const names = links.map((link) => link.hash.slice(1));
  const [wanted, ...more] = location.hash.slice(1).split("/");
  const name = names.includes(wanted) ? wanted : names[0];
  const rest = name === wanted ? more.map(decodeURIComponent) : [];
  const address = [name, ...more].join("/");
  if (address === shown) return;
  if (desk.leave) {
    if (!(await desk.leave())) {
      history.replaceState(null, "", `#${shown}`);
      return;
    }
    desk.leave = null;
  } else if (place.querySelector("form[data-dirty]") && !confirm("Leave without saving what you changed?")) {
    history.replaceState(null, "", `#${shown}`);
    return;
  }
  const first = shown === null;
  const mine = ++run;
  shown = address;
  const link = links[names.indexOf(name)];
  for (const one of links) one === link ? one.setAttribute("aria-current", "page") : one.removeAttribute("aria-current");
  const title = el("h1", { tabindex: -1 }, link.textContent);
  const body = el("div", { class: "body", "aria-busy": "true" }, el("p", { class: "soft" }, "Loading …"));
  place.replaceChildren(title, body);
  document.title = `${link.textContent} · ${page}`;
  if (!first) title.focus();
  try {
    const drawn = el("div", { class: "body" });
    await PARTS[name](drawn, desk, rest);
    if (mine === run) body.replaceWith(drawn);
  } catch (problem) {
    if (problem.status === 401) location.reload();
    if (mine === run) body.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message));
    body.removeAttribute("aria-busy");
  }
}

// Whoever goes on by hand has read what was said; a part that leads on itself may have said it just now.
for (const link of links) link.addEventListener("click", () => toast.classList.remove("shown"));
addEventListener("hashchange", show);
addEventListener("beforeunload", (event) => place.querySelector("form[data-dirty]") && event.preventDefault());
show();
