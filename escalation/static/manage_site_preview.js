// A picture of the help center and the chat in the owner's colour, by day and by night. Nothing in it can be used.
import { el } from "./dom.js";

const MODES = { light: ["By day", "#ffffff", "#f5f7fa", "#16202e", "#4a5768", "#e8ecf2"], dark: ["By night", "#131a24", "#1b2430", "#e8edf4", "#b3becc", "#2c3747"] };

// `show(changes)` draws again with {name, logo, colors, heading, greeting, starters}, those that are given.
export function preview() {
  let shown = {};
  const cards = Object.fromEntries(Object.keys(MODES).map((mode) => [mode, el("div", { class: "look" })]));
  const node = el(
    "div",
    { class: "looks", role: "img", "aria-label": "How the help center and the chat look, by day and by night" },
    Object.entries(MODES).map(([mode, [title]]) => el("figure", {}, el("figcaption", { class: "soft small" }, title), cards[mode])),
  );
  return {
    node,
    show(changes) {
      shown = { ...shown, ...changes };
      for (const [mode, card] of Object.entries(cards)) draw(mode, card, shown);
    },
  };
}

function draw(mode, card, { name = "", logo, colors, heading, greeting, starters = [] }) {
  const [, surface, surface2, text, soft, line] = MODES[mode];
  const set = (variable, value) => card.style.setProperty(variable, value);
  for (const [variable, value] of [["--surface", surface], ["--surface-2", surface2], ["--text", text], ["--text-soft", soft], ["--line", line]]) set(variable, value);
  if (colors) {
    const { accent, soft: tint, on } = colors[mode];
    for (const [variable, value] of [["--accent", accent], ["--accent-soft", tint], ["--on-accent", on], ["--brand", colors.brand], ["--on-brand", colors.on_brand]]) set(variable, value);
  }
  const mark = () => (logo ? el("img", { src: logo, alt: "" }) : el("svg", { viewBox: "0 0 24 24" }, el("path", { d: "M4 4h16v12h-9l-5 4.5V16H4z" })));
  card.replaceChildren(
    el("div", { class: "look-bar" }, mark(), el("b", { dir: "auto" }, name || "Your name")),
    el("div", { class: "look-page" }, el("p", { class: "look-heading", dir: "auto" }, heading || "How can we help?"), el("p", { class: "look-search" }, "Search"), el("p", { class: "look-link" }, "Return a parcel")),
    el(
      "div",
      { class: "look-chat" },
      el("p", { class: "look-by" }, "Assistant"),
      el("p", { class: "look-bubble", dir: "auto" }, greeting || "Hi! I'm the automated assistant. Ask me anything."),
      starters.slice(0, 2).map((one) => el("p", { class: "look-starter", dir: "auto" }, one)),
      el("p", { class: "look-mine" }, "Where is my parcel?"),
    ),
    el("div", { class: "look-launcher" }, el("svg", { viewBox: "0 0 24 24" }, el("path", { d: "M4 5h16v11H10l-5 4v-4H4z" }))),
  );
}
