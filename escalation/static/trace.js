// Confidence and mood over the turns: two small pictures with a bar for each turn, and their figures as text.
import { el } from "./dom.js";
import { sureness } from "./words.js";

const WIDTH = 280;
const MOST = 24; // turns that are drawn: the newest
const NAMED = 6; // so many bars have room for their figures
const TOLD = 4; // so many figures stand below

/** `trace`: [{value, needed?}]; `needed` is what the dial asked for in that turn. */
export function confidencePicture(trace) {
  const told = trace.map((point) => (point.value === null ? "not judged" : sureness(point.value)));
  const dial = trace.findLast((point) => point.needed)?.needed;
  const reaches = dial > 1 ? "no sureness is enough for the dial" : dial && `the dial asks ${sureness(dial)}`;
  const [low, high] = [60, 14];
  const up = (share) => low - Math.min(1, share) * (low - high);
  const bars = (at, width) =>
    newest(trace).map((point, index) => {
      if (point.value === null) return null;
      const enough = !point.needed || point.value >= point.needed;
      return [
        bar(at(index), width, up(point.value), low, `${enough ? "good" : "short"}`),
        trace.length <= NAMED && el("text", { x: at(index), y: up(point.value) - 4, "text-anchor": "middle", class: "figure" }, sureness(point.value)),
      ];
    });
  const asked = dial && dial <= 1 && el("line", { x1: 0, x2: WIDTH, y1: up(dial), y2: up(dial), class: "axis dashed" });
  return picture("Confidence", trace, told, 64, [el("line", { x1: 0, x2: WIDTH, y1: low, y2: low, class: "axis" }), asked], bars, reaches);
}

/** `trace`: [{label, score}], the score from -1 to 1. */
export function moodPicture(trace) {
  const told = trace.map((point) => point.label ?? "not judged");
  const middle = 24;
  const bars = (at, width) =>
    newest(trace).map((point, index) => {
      if (!point.label) return null;
      const end = middle - (Math.abs(point.score) < 0.1 ? Math.sign(point.score || 1) * 2 : point.score * 20);
      return bar(at(index), width, Math.min(end, middle), Math.max(end, middle), point.label);
    });
  return picture("Mood", trace, told, 48, [el("line", { x1: 0, x2: WIDTH, y1: middle, y2: middle, class: "axis" })], bars);
}

const newest = (trace) => trace.slice(-MOST);

function bar(middle, width, top, bottom, kind) {
  return el("rect", { x: middle - width / 2, y: top, width, height: Math.max(2, bottom - top), rx: 2, class: `bar ${kind}` });
}

function picture(name, trace, told, height, lines, bars, more) {
  if (told.every((one) => one === "not judged")) return el("figure", { class: "trace" }, el("figcaption", {}, `${name}: not judged`));
  const count = Math.min(MOST, trace.length);
  const slot = Math.min(46, WIDTH / count);
  const at = (index) => slot * (index + 0.5);
  const words = `${told.join(", then ")}${more ? `; ${more}` : ""}`;
  const svg = el("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": `${name} over ${told.length} turn${told.length > 1 ? "s" : ""}: ${words}`, class: "spark" }, lines, bars(at, Math.max(3, Math.min(30, slot * 0.65))));
  const earlier = told.length > TOLD ? "… " : "";
  return el("figure", { class: "trace" }, svg, el("figcaption", {}, el("b", {}, name), ` ${earlier}${told.slice(-TOLD).join(" → ")}${more ? ` · ${more}` : ""}`));
}
