// The dial: how many of the given answers may be wrong, and what each setting costs in answers.
import { api } from "./api.js";
import { el } from "./dom.js";
import { button, form } from "./manage_form.js";

const WIDTH = 560;
const HEIGHT = 300;
const LEFT = 62;
const TOP = 14;
const RIGHT = 12;
const FLOOR = 50;
const HELD = "More answers than these are not given, whatever share you accept: each of them would be likelier wrong than right (a confidence under 0.50).";

export async function confidence(place, desk) {
  await draw(await api("GET", "/api/dial"));

  async function turn(max_wrong) {
    await draw(await api("PUT", "/api/dial", { max_wrong }));
    place.querySelector("#dial").focus(); // the form that had it was drawn anew
  }

  async function draw(told) {
    const at = told.steps.findIndex((step) => step.max_wrong === told.max_wrong);
    const slider = el("input", { type: "range", id: "dial", name: "step", min: 0, max: told.steps.length - 1, step: 1, value: at });
    const value = el("output", { for: "dial", class: "dial-value" });
    const words = el("p", { class: "dial-words", role: "status" });
    const curve = el("div");
    const weeks = el("div");
    const show = () => {
      const step = told.steps[slider.value];
      slider.setAttribute("aria-valuetext", `at most ${share(step.max_wrong)} of the given answers may be wrong`);
      value.textContent = share(step.max_wrong);
      words.replaceChildren(...promise(step));
      curve.replaceChildren(picture(told, step));
      weeks.replaceChildren(lately(told, Number(slider.value)));
    };
    slider.addEventListener("input", show);
    const save = form(
      [
        el("div", { class: "field dial" }, el("label", { for: "dial" }, "Of the given answers may be wrong at most"), el("div", { class: "dial-row" }, slider, value)),
        el("div", { class: "dial-ends soft small", "aria-hidden": "true" }, el("span", {}, "fewer answers, fewer wrong"), el("span", {}, "more answers, more wrong")),
        words,
      ],
      "Save",
      async () => {
        await turn(told.steps[slider.value].max_wrong);
        desk.say("Saved. It holds for the next question, on every server.");
      },
      told.kept !== null &&
        button(`Back to ${told.preset ? "the preset" : "the setting of the server"} (${share(told.default)})`, async () => {
          await turn(null);
          desk.say(told.preset ? "The preset holds again." : "PARLEY_MAX_WRONG holds again.");
        }),
    );
    place.replaceChildren(
      el("p", { class: "soft" }, "Every answer has a confidence: the probability that it is right. What is surer than the threshold is answered; of anything else the bot asks back, offers a person, or hands over. You say how many wrong answers you accept; the threshold follows from what was measured."),
      save,
      el("p", { class: "soft small" }, force(told)),
      el("section", { class: "card" }, el("h2", {}, "What a setting costs"), curve, table(told)),
      el("section", { class: "card" }, el("h2", {}, "In the last four weeks"), weeks),
      basis(told),
    );
    show();
  }
}

// With a space that does not break: 31 %, 6.5 %.
const share = (value) => `${Number((value * 100).toFixed(1))}\u00a0%`;
const percent = (value) => `${Math.round(value * 100)}\u00a0%`;
// An upper bound stays one when it is rounded.
const atMost = (value) => share(Math.ceil(value * 1000 - 1e-9) / 1000);
const questions = (n) => (n === 1 ? "1 question" : `${n.toLocaleString("en")} questions`);

function promise(step) {
  const why = step.held && ` ${HELD} That is why a higher setting changes little or nothing here.`;
  if (step.answer_from === null) return [el("b", {}, "Nothing can be promised here: no question would be answered on the strength of its confidence."), why || " Measure more questions of your own, or accept more wrong answers."];
  const answered = Math.max(1, Math.round(step.coverage * 1000));
  return [
    "Of 1,000 questions like those measured, about ", el("b", {}, answered.toLocaleString("en")), ` ${answered === 1 ? "is" : "are"} answered. Of these answers at most `, el("b", {}, atMost(step.bound)),
    " are wrong (upper bound). ",
    `The bot answers from a confidence of ${step.answer_from.toFixed(2)}; the other ${(1000 - answered).toLocaleString("en")} go on with a question back, an offer or a person.`,
    why || "",
  ];
}

function force({ kept, default: set, max_wrong: now, preset }) {
  if (kept !== null) return `In force: ${share(now)}, set here. ${preset ? "The preset" : "The server's setting PARLEY_MAX_WRONG"} (${share(set)}) is not used.`;
  return `In force: ${share(now)}, ${preset ? "the preset of Parley" : "from the server's setting PARLEY_MAX_WRONG"}. What you save here wins over it.`;
}

// Round steps, at most six of them up to the highest.
function ticks(highest) {
  const step = [0.02, 0.05, 0.1].find((one) => highest / one <= 6) ?? 0.2;
  return Array.from({ length: Math.floor(highest / step + 1e-9) + 1 }, (_, index) => index * step);
}

// Share answered against share wrong: what was measured, its upper bound, and where this setting stands.
function picture(told, step) {
  const { curve } = told;
  if (!curve.length) return el("p", { class: "empty" }, "Nothing was measured yet.");
  const highest = Math.min(1, Math.max(0.1, step.max_wrong * 2, ...curve.filter((point) => point.coverage <= Math.max(0.3, step.coverage * 1.5)).map((point) => point.bound)));
  const x = (coverage) => LEFT + coverage * (WIDTH - LEFT - RIGHT);
  const y = (wrong) => HEIGHT - FLOOR - Math.min(1, wrong / highest) * (HEIGHT - FLOOR - TOP);
  const line = (name) => upTo(highest, curve.map((point) => [point.coverage, point[name]])).map(([coverage, wrong]) => `${x(coverage).toFixed(1)},${y(wrong).toFixed(1)}`).join(" ");
  const told_ = step.answer_from === null ? "At this setting nothing is answered." : `At this setting ${percent(step.coverage)} are answered, ${percent(step.wrong)} of these were wrong, at most ${atMost(step.bound)}.`;
  const tick = (share_, up) => el("g", {}, el("line", up ? { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share_), y2: y(share_), class: "axis" } : { x1: x(share_), x2: x(share_), y1: TOP, y2: HEIGHT - FLOOR, class: "axis" }), el("text", up ? { x: LEFT - 8, y: y(share_) + 4, "text-anchor": "end" } : { x: x(share_), y: HEIGHT - FLOOR + 18, "text-anchor": share_ === 1 ? "end" : "middle" }, share(share_)));
  const marker = step.answer_from !== null && [
    el("line", { x1: x(step.coverage), x2: x(step.coverage), y1: TOP, y2: HEIGHT - FLOOR, class: "here" }),
    el("circle", { cx: x(step.coverage), cy: y(step.bound), r: 6, class: "here-point" }),
  ];
  return el(
    "figure",
    { class: "risk" },
    el("ul", { class: "legend small" }, legend("measured", "wrong, as measured"), legend("bound", "upper bound (right in 4 of 5 cases)"), legend("dial", "what you accept"), legend("here", "this setting")),
    el(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Share of questions answered against the share of answers that is wrong. ${told_}` },
      [0, 0.25, 0.5, 0.75, 1].map((one) => tick(one, false)),
      ticks(highest).map((one) => tick(one, true)),
      el("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle", class: "name" }, "questions answered"),
      el("polyline", { points: line("bound"), class: "bound" }),
      el("polyline", { points: line("wrong"), class: "measured" }),
      el("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(step.max_wrong), y2: y(step.max_wrong), class: "dial" }),
      marker,
    ),
    el("figcaption", { class: "soft small" }, `Up: share of the answers that is wrong. ${told_}`),
  );
}

// The points of a curve as far as it stays under `highest`, and where it leaves.
function upTo(highest, points) {
  const out = points.findIndex(([, wrong]) => wrong > highest);
  if (out < 1) return out < 0 ? points : [];
  const [[x0, y0], [x1, y1]] = points.slice(out - 1, out + 1);
  return [...points.slice(0, out), [x0 + ((x1 - x0) * (highest - y0)) / (y1 - y0), highest]];
}

const legend = (name, words) => el("li", {}, el("svg", { viewBox: "0 0 24 8", class: "swatch", "aria-hidden": "true" }, el("line", { x1: 1, x2: 23, y1: 4, y2: 4, class: name })), words);

function table({ steps, max_wrong: now }) {
  const shown = steps.filter(({ max_wrong: one }) => one === now || [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5].includes(one));
  const cells = (step) => [share(step.max_wrong), percent(step.coverage), step.bound === null ? "—" : percent(step.wrong), step.bound === null ? "—" : atMost(step.bound), step.answer_from === null ? "never" : step.answer_from.toFixed(2)];
  return el(
    "details",
    {},
    el("summary", {}, "As a table"),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "What each setting costs" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ["May be wrong", "Answered", "Wrong, as measured", "At most wrong", "Answers from"].map((name) => el("th", { scope: "col" }, name)))),
        el("tbody", {}, shown.map((step) => el("tr", {}, cells(step).map((cell, index) => el(index ? "td" : "th", index ? {} : { scope: "row" }, cell))))),
      ),
    ),
    shown.some((step) => step.held) && el("p", { class: "soft small" }, HELD),
  );
}

function lately({ live }, at) {
  const turns = live.weeks.reduce((sum, week) => sum + week.turns, 0);
  if (!turns) return el("p", { class: "empty" }, "No customer has asked anything yet in these weeks. Once they do, you see here how many questions each setting would have answered.");
  const answered = live.weeks.reduce((sum, week) => sum + week.answered, 0);
  const would = live.weeks.reduce((sum, week) => sum + week.reached[at], 0);
  return [
    el("p", {}, "Of ", el("b", {}, questions(turns)), " that only the dial decides about, ", el("b", {}, `${answered} (${percent(answered / turns)})`), " were answered. At this setting it would have been ", el("b", {}, `${would} (${percent(would / turns)})`), "."),
    el("ul", { class: "weeks" }, live.weeks.map((week) => bar(week, at))),
    el("p", { class: "soft small" }, `By the confidence that each had when it was asked. Left out: ${live.others} that were decided otherwise (a person was asked for, anger, a sensitive matter, nothing relevant).`),
  ].reduce((node, part) => (node.append(part), node), el("div", { class: "lately" }));
}

function bar(week, at) {
  const day = new Date(week.from).toLocaleDateString([], { day: "numeric", month: "short" });
  const of = (n) => (week.turns ? percent(n / week.turns) : "—");
  const width = (n) => (week.turns ? (100 * n) / week.turns : 0);
  return el(
    "li",
    {},
    el("span", { class: "week" }, `From ${day}`),
    el("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, el("rect", { width: 100, height: 10, class: "all" }), el("rect", { width: width(week.reached[at]), height: 10, class: "would" }), week.turns > 0 && el("line", { x1: width(week.answered), x2: width(week.answered), y1: 0, y2: 10, class: "was" })),
    el("span", { class: "small" }, week.turns ? `${of(week.reached[at])} of ${week.turns} (then ${of(week.answered)})` : "no questions"),
  );
}

function basis({ calibration }) {
  return el(
    "section",
    { class: "card" },
    el("h2", {}, "What this stands on"),
    el("p", {}, calibration.default
      ? `The default that ships with Parley, measured on ${calibration.fitted_on}. It knows nothing of your articles: take it as a beginning, not as a promise.`
      : `Your own calibration, measured on ${calibration.fitted_on}.`),
    calibration.doubt && el("p", { class: "error" }, calibration.doubt.charAt(0).toUpperCase() + calibration.doubt.slice(1)),
    el("p", { class: "soft" }, "To measure your own: collect ", el("a", { href: "#questions" }, "golden questions"), ", export them, and run ", el("code", {}, "parley calibrate --data FOLDER"), ". A hundred are a start, several hundred are better."),
  );
}
