// Confidence and mood over the turns: two small pictures, each with its figures as text.
import { el } from "./dom.js";
import { percent } from "./words.js";

const WIDTH = 280;
const HEIGHT = 56;
const PAD = 8;

export function confidencePicture(trace) {
  const told = trace.map((point) => (point.value === null ? "not judged" : percent(point.value)));
  return picture("Confidence", trace.map((point) => point.value), 0, 1, told, []);
}

export function moodPicture(trace) {
  const told = trace.map((point) => point.label ?? "not judged");
  return picture("Mood", trace.map((point) => (point.label ? point.score : null)), -1, 1, told, [0]);
}

function picture(name, values, low, high, told, lines) {
  const across = (index) => (values.length === 1 ? WIDTH / 2 : PAD + (index * (WIDTH - 2 * PAD)) / (values.length - 1));
  const up = (value) => HEIGHT - PAD - ((value - low) / (high - low)) * (HEIGHT - 2 * PAD);
  const points = values.map((value, index) => (value === null ? null : [across(index), up(value)]));
  const known = points.filter(Boolean);
  const words = told.length === 1 ? told[0] : `${told.join(", then ")}`;
  if (!known.length) return el("figure", { class: "trace" }, el("figcaption", {}, `${name}: not judged`));
  const svg = el(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${name} over ${told.length} turns: ${words}`, class: `spark ${name.toLowerCase()}` },
    el("line", { x1: 0, x2: WIDTH, y1: up(low), y2: up(low), class: "axis" }),
    lines.map((value) => el("line", { x1: 0, x2: WIDTH, y1: up(value), y2: up(value), class: "axis dashed" })),
    known.length > 1 && el("polyline", { points: known.map((point) => point.join(",")).join(" "), class: "curve" }),
    points.map((point, index) => point && el("circle", { cx: point[0], cy: point[1], r: 4, class: "point" }, el("title", {}, told[index]))),
  );
  return el("figure", { class: "trace" }, svg, el("figcaption", {}, el("b", {}, name), ` ${told.slice(-4).join(" → ")}`));
}
