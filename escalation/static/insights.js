// Draws /api/insights: figures, bars and one line per day. No library; every picture has its numbers as text.
import { api } from "./api.js";
import { confidence } from "./confidence.js";
import { el, moment, time } from "./dom.js";
import { action, percent, plain, reason } from "./words.js";

const form = document.querySelector("[data-insights=period]");
const root = document.querySelector("[data-insights=figures]");
const error = document.querySelector("[data-error]");
const presets = [...form.querySelectorAll("[data-days]")];
let run = 0;

const OUTCOMES = {
  confirmed: "Answered, confirmed",
  assumed: "Answered, assumed",
  so_far: "Answered, still open",
  contradicted: "Answered, did not help",
  reopened: "Reopened",
  abandoned: "Abandoned",
  handed_over: "Handed to a person",
  no_question: "No question",
  open: "Still going on",
};

async function load() {
  const mine = ++run;
  root.setAttribute("aria-busy", "true");
  error.hidden = true;
  try {
    const figures = await api("GET", `/api/insights?${new URLSearchParams({ from: form.from.value, to: form.to.value })}`);
    if (mine === run) root.replaceChildren(...draw(figures));
  } catch (problem) {
    if (problem.status === 401) location.reload();
    error.textContent = problem.message;
    error.hidden = false;
  }
  root.setAttribute("aria-busy", "false");
}

function draw(figures) {
  const { answered, handoffs, csat, nps, came_back: back, model, definitions: how } = figures;
  if (!figures.conversations && !handoffs.total) return [failing(model), nothing(), confidence(figures.confidence, how.confidence)].filter(Boolean);
  return [
    failing(model),
    el(
      "div",
      { class: "tiles" },
      tile("Conversations", figures.conversations, "begun in the period"),
      tile("Answered by the bot", answered.total, `${answered.confirmed} confirmed, ${answered.assumed} only assumed, ${answered.so_far} still open`),
      tile("Handed to a person", figures.outcomes.handed_over, share(figures.outcomes.handed_over, figures.conversations, "of conversations")),
      tile("Came back", back.ended ? percent(back.share) : "—", back.ended ? `${back.n} of ${back.ended} ended conversations · ${back.after_person} after a person` : "no conversation has ended yet"),
      tile("CSAT", csat.n ? percent(csat.share_satisfied) : "—", csat.n ? `gave 4 or 5 · mean ${csat.mean.toFixed(1)} · ${ratings(csat.n)}` : "nobody has rated yet"),
      tile("NPS", nps.n ? signed(nps.score) : "—", nps.n ? `${nps.promoters} promoters, ${nps.detractors} detractors · ${ratings(nps.n)}` : "nobody has answered yet"),
    ),
    card("Day by day", series(figures.series)),
    el(
      "div",
      { class: "pair" },
      card(
        "How conversations went",
        bars(Object.entries(OUTCOMES).map(([name, label]) => [label, figures.outcomes[name], name]), figures.conversations),
        counted([...Object.keys(OUTCOMES).map((name) => [OUTCOMES[name], how[name]]), ["Came back", how.came_back]]),
      ),
      card(
        "Why a person was needed",
        handoffs.total
          ? bars(Object.entries(handoffs.by_reason).map(([name, n]) => [reason(name), n]), handoffs.total)
          : el("p", { class: "empty" }, "No conversation was handed over. Try it: ask for a person in the chat."),
        counted([["Handoffs", how.handoffs]]),
      ),
      card(
        "What the bot did",
        Object.keys(figures.turns_by_action).length
          ? bars(Object.entries(figures.turns_by_action).map(([name, n]) => [action(name), n]), sum(Object.values(figures.turns_by_action)))
          : el("p", { class: "empty" }, "The bot took no turn in this period."),
        model.nothing_held > 0 && el("p", { class: "soft small" }, `The language model was asked for ${model.asked} answers. Of ${model.nothing_held} no sentence held: the passages were quoted instead.`),
        counted([["Turns", how.turns], ["Language model", how.model]]),
      ),
      card(
        "How long it took",
        times([
          ["First response, bot", figures.first_response_s.bot],
          ["First response, person", figures.first_response_s.human],
          ["Until closed, bot alone", figures.resolution_s.bot],
          ["Until closed, with a person", figures.resolution_s.human],
        ]),
        figures.first_response_s.human.without_reply > 0 &&
          el("p", { class: "soft small" }, `${figures.first_response_s.human.without_reply} handed over without a reply so far: not in these times.`),
        counted([
          ["First response, bot", how.first_response_bot],
          ["First response, person", how.first_response_human],
          ["Until closed", how.resolution],
        ]),
      ),
      card(
        "What customers thought",
        csat.n
          ? bars([5, 4, 3, 2, 1].map((stars) => [`${stars} of 5`, csat.distribution[stars]]), csat.n)
          : el("p", { class: "empty" }, "No ratings yet. Customers are asked when a conversation ends; close one in the chat to see it."),
        counted([
          ["CSAT", how.csat],
          ["NPS", how.nps],
        ]),
      ),
      confidence(figures.confidence, how.confidence),
    ),
  ].filter(Boolean);
}

/** One line where the language model failed: customers got quoted passages, and nobody told the owner. */
function failing(model) {
  return model.told && el("p", { class: "error", "data-insights": "model" }, model.told, " Last on ", time(model.last_failed_at, moment), ".");
}

function nothing() {
  return el(
    "section",
    { class: "card empty" },
    el("h2", {}, "Nothing to count yet"),
    el("p", {}, "No conversation began in this period. ", el("a", { href: "/" }, "Ask something in the demo chat"), ", put the widget on your site, or choose a longer period."),
  );
}

function card(title, ...content) {
  return el("section", { class: "card" }, el("h2", {}, title), content);
}

function tile(label, figure, detail) {
  return el("section", { class: "card tile" }, el("h2", {}, label), el("p", { class: "figure" }, String(figure)), el("p", { class: "soft small" }, detail));
}

function bars(rows, whole) {
  const most = Math.max(1, ...rows.map(([, n]) => n));
  return el(
    "ul",
    { class: "bars" },
    rows.map(([label, n, kind]) => {
      const fill = el("span", { class: `fill ${kind ?? ""}` });
      fill.style.width = `${(100 * n) / most}%`;
      return el("li", {}, el("span", {}, label), el("span", { class: "number" }, String(n), whole > 0 && el("span", { class: "soft" }, ` ${percent(n / whole)}`)), el("span", { class: "track", "aria-hidden": "true" }, fill));
    }),
  );
}

function times(rows) {
  const head = ["", "Median", "90 of 100 within", "Measured"];
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Times" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, head.map((name) => (name ? el("th", { scope: "col" }, name) : el("td"))))),
      el("tbody", {}, rows.map(([label, spread]) => el("tr", {}, el("th", { scope: "row" }, label), el("td", {}, duration(spread.median)), el("td", {}, duration(spread.p90)), el("td", {}, String(spread.n))))),
    ),
  );
}

function series(days) {
  const width = 900;
  const height = 190;
  const floor = height - 36;
  const most = Math.max(1, ...days.map((day) => day.conversations));
  const slot = width / days.length;
  const bar = Math.max(1, Math.min(34, slot * 0.7));
  const column = (day, index) => {
    const x = index * slot + (slot - bar) / 2;
    const tall = (n) => (n / most) * (floor - 30);
    const rest = day.conversations - day.answered - day.handed_over;
    let y = floor;
    const part = (n, kind) => {
      y -= tall(n);
      return n > 0 && el("rect", { x, y, width: bar, height: tall(n), class: kind });
    };
    return el("g", {}, el("title", {}, dayWords(day)), part(day.answered, "answered"), part(day.handed_over, "handed"), part(rest, "rest"));
  };
  const every = Math.max(1, Math.ceil(days.length / 7));
  const label = (day, index) =>
    index % every === 0 && el("text", { x: index * slot + slot / 2, y: height - 8, "text-anchor": index === 0 && slot < 60 ? "start" : "middle" }, shortDay(day.day));
  const total = sum(days.map((day) => day.conversations));
  return [
    el("ul", { class: "legend small" }, ["answered", "handed", "rest"].map((kind, index) => el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), ["Answered by the bot", "Handed to a person", "Other"][index]))),
    el(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", class: "series", "aria-label": `${total} conversations over ${days.length} days, at most ${most} on one day.` },
      el("line", { x1: 0, x2: width, y1: floor, y2: floor, class: "axis" }),
      el("text", { x: 0, y: 22, class: "most" }, `${most} a day`),
      days.map(column),
      days.map(label),
    ),
    el(
      "details",
      {},
      el("summary", {}, "The same as a table"),
      el(
        "div",
        { class: "scroll tall", tabindex: 0, role: "group", "aria-label": "Day by day" },
        el(
          "table",
          {},
          el("thead", {}, el("tr", {}, ["Day", "Conversations", "Answered", "Handed over", "Handoffs"].map((name) => el("th", { scope: "col" }, name)))),
          el("tbody", {}, days.map((day) => el("tr", {}, el("th", { scope: "row" }, day.day), [day.conversations, day.answered, day.handed_over, day.handoffs].map((n) => el("td", {}, String(n)))))),
        ),
      ),
    ),
  ];
}

function counted(rows) {
  return el("details", { class: "how" }, el("summary", {}, "How this is counted"), el("dl", { class: "small" }, rows.map(([name, words]) => [el("dt", {}, name), el("dd", { class: "soft" }, words)])));
}

const sum = (numbers) => numbers.reduce((total, n) => total + n, 0);
const share = (n, whole, of) => (whole ? `${percent(n / whole)} ${of}` : plain("none"));
const signed = (n) => (n > 0 ? `+${Math.round(n)}` : String(Math.round(n)).replace("-", "−"));
const ratings = (n) => (n === 1 ? "1 rating" : `${n} ratings`);
const shortDay = (day) => new Date(`${day}T12:00:00Z`).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });
const dayWords = (day) => `${day.day}: ${day.conversations} conversations, ${day.answered} answered, ${day.handed_over} handed over`;

function duration(seconds) {
  if (seconds === null) return "—";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86400)} days`;
}

function choose(days) {
  const today = new Date();
  form.to.value = today.toISOString().slice(0, 10);
  form.from.value = new Date(today - (days - 1) * 86400000).toISOString().slice(0, 10);
  press(days);
  load();
}

function press(days) {
  for (const button of presets) button.setAttribute("aria-pressed", String(Number(button.dataset.days) === days));
}

for (const button of presets) button.addEventListener("click", () => choose(Number(button.dataset.days)));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  press(0);
  load();
});
choose(30);
