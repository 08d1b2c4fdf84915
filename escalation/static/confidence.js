// The card "Is the confidence still true?": live answers against what was promised of them, with the numbers as a table.
import { el } from "./dom.js";
import { percent, sureness } from "./words.js";

const SOURCES = {
  customer: "Customers, of answers",
  agent: "Agents, of answers",
  unsure: "Agents, of what the bot left to them",
};
const VERDICTS = {
  holds: ["good", "Yes, as far as people have said"],
  few: ["soft", "Too few have said so far"],
  unheard: ["soft", "Nobody has said so far"],
  drifted: ["bad", "No: more is wrong than it promises"],
};

export function confidence(told, how) {
  const [mood, verdict] = VERDICTS[told.state];
  const { calibration } = told;
  return el(
    "section",
    { class: "card" },
    el("h2", {}, "Is the confidence still true?"),
    el("p", { class: `verdict ${mood}` }, verdict),
    told.n ? [sentence(told), picture(told.bands), table(told)] : empty(),
    told.state === "drifted" && el("p", {}, "What to do: collect questions of these weeks with the article that answers each, and run ", el("code", {}, "parley calibrate --data DIR"), "."),
    calibration.doubt && el("p", { class: "bad" }, sentenceCase(calibration.doubt)),
    el("p", { class: "soft small" }, calibration.default ? `In use: the default that ships with Parley (${calibration.fitted_on}). It knows nothing of your articles; “parley calibrate” fits one to yours.` : `In use: fitted for this installation (${calibration.fitted_on}).`),
    el("details", { class: "how" }, el("summary", {}, "How this is counted"), el("p", { class: "soft small" }, how)),
  );
}

function empty() {
  return el("p", { class: "empty" }, "Customers can say below each answer whether it helped; agents choose an outcome when they resolve (“The bot was right”, “Wrong article”, “No article on it”). Each such word is held against the confidence here.");
}

function sentence(told) {
  return el("p", {}, `Since ${told.since}: of ${told.n === 1 ? "one turn" : `${told.n} turns`} that people spoke of, `, el("strong", {}, percent(told.right)), ` were right. If the confidence is true, at least ${sureness(told.expected)} should be.`);
}

// Each band of confidence: the share that was right with its 90 % range, and a tick where the confidence promised it; the
// hatch to the left of the tick is what louder complaints explain.
function picture(bands) {
  const row = 34;
  const left = 74;
  const width = 400;
  const x = (share) => left + share * (width - left - 12);
  const height = bands.length * row + 26;
  const summary = bands.map((band) => `${name(band)}: ${percent(band.right)} of ${band.n} right, ${sureness(band.promised)} promised`).join("; ");
  return [
    el("ul", { class: "legend small" }, el("li", {}, el("span", { class: "swatch heard", "aria-hidden": "true" }), "was right, with its 90 % range"), el("li", {}, el("span", { class: "swatch promised", "aria-hidden": "true" }), "promised"), el("li", {}, el("span", { class: "swatch loud", "aria-hidden": "true" }), "what louder complaints explain")),
    el(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, role: "img", class: "bands", "aria-label": `Live answers by confidence. ${summary}.` },
      [0, 0.5, 1].map((share) => el("g", {}, el("line", { x1: x(share), x2: x(share), y1: 4, y2: height - 22, class: "axis" }), el("text", { x: x(share), y: height - 6, "text-anchor": share === 1 ? "end" : "middle" }, percent(share)))),
      bands.map((band, index) => {
        const y = index * row + row / 2 + 2;
        return el(
          "g",
          {},
          el("title", {}, `${name(band)}: ${percent(band.right)} of ${band.n} right (${percent(band.low)} to ${percent(band.high)}), ${sureness(band.promised)} promised, ${sureness(band.expected)} with louder complaints`),
          el("text", { x: 0, y: y + 4 }, name(band)),
          el("rect", { x: x(band.expected), y: y - 9, width: Math.max(0, x(band.promised) - x(band.expected)), height: 18, class: "loud" }),
          el("line", { x1: x(band.low), x2: x(band.high), y1: y, y2: y, class: "range" }),
          el("circle", { cx: x(band.right), cy: y, r: 5, class: "heard" }),
          el("line", { x1: x(band.promised), x2: x(band.promised), y1: y - 11, y2: y + 11, class: "promised" }),
        );
      }),
    ),
  ];
}

function table(told) {
  const rows = [...told.bands.map((band) => [`Confidence ${name(band)}`, band]), ...told.sources.filter((one) => one.n).map((one) => [SOURCES[one.source], one])];
  return el(
    "details",
    {},
    el("summary", {}, "The same as a table"),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Live answers" },
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, ["Turns", "Judged", "Right", "Promised", "At least, if true"].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, rows.map(([label, one]) => el("tr", {}, el("th", { scope: "row" }, label), [String(one.n), percent(one.right), sureness(one.promised), sureness(one.expected)].map((text) => el("td", {}, text))))),
      ),
    ),
  );
}

const name = (band) => `${band.from.toFixed(1)}–${band.to.toFixed(1)}`;
const sentenceCase = (text) => text[0].toUpperCase() + text.slice(1);
