// What an agent knows beside the transcript: why, what, who, what was tried, a reply to start from.
import { el, link, prose, time } from "./dom.js";
import { confidencePicture, moodPicture } from "./trace.js";
import { action, customerName, language, percent, plain, reason, status } from "./words.js";

/** Fills `root`; `use(text)` is called when the suggested reply is taken, `back()` on a small screen. */
export function drawPacket(root, packet, { use, back }) {
  const sections = [
    el("button", { type: "button", class: "back quiet", onclick: back }, "← Conversation"),
    section("Why a person", reasons(packet)),
    packet.customer_note && section("The customer's note", el("p", { class: "prose" }, packet.customer_note)),
    section("Question", el("p", { class: "prose" }, packet.question)),
    packet.summary && section("Summary", el("p", { class: "prose" }, prose(packet.summary))),
    packet.suggested_reply && section("Suggested reply", suggestion(packet.suggested_reply, use)),
    section("Sources tried", sources(packet.sources_tried)),
    section("Over the turns", traces(packet)),
    section("Customer", customer(packet)),
    packet.notes.length > 0 && section("Notes", notes(packet.notes)),
  ];
  root.replaceChildren(...sections.filter(Boolean));
}

function section(title, ...content) {
  return el("section", {}, el("h2", {}, title), content);
}

function reasons(packet) {
  return el(
    "div",
    {},
    el("ul", { class: "chips" }, packet.reasons.map((name) => el("li", { class: "chip strong" }, reason(name)))),
    el(
      "p",
      { class: "soft small" },
      `${plain(packet.priority)} priority · ${status(packet.status)}`,
      packet.assignee && packet.status !== "waiting" ? ` · ${packet.assignee.name}` : "",
      packet.outcome ? ` · ${packet.outcome}` : "",
    ),
  );
}

function suggestion(text, use) {
  return [
    el("blockquote", { class: "prose" }, prose(text)),
    el("button", { type: "button", "data-inbox": "use", "aria-keyshortcuts": "u", onclick: () => use(text) }, "Use this reply"),
  ];
}

function sources(tried) {
  if (!tried.length) return el("p", { class: "soft" }, "Nothing in the help center came near. It may be worth an article.");
  return el(
    "ol",
    { class: "sources" },
    tried.map((source) =>
      el(
        "li",
        {},
        link(source.url, source.title),
        source.heading && source.heading !== source.title && el("span", { class: "soft" }, ` › ${source.heading}`),
        source.excerpt && el("p", { class: "soft small clamp" }, source.excerpt),
      ),
    ),
  );
}

function traces(packet) {
  if (!packet.turns.length) return el("p", { class: "soft" }, "The bot took no turn: a person was asked for at once.");
  return [
    confidencePicture(packet.confidence_trace),
    moodPicture(packet.sentiment_trace),
    el(
      "details",
      {},
      el("summary", {}, `The ${packet.turns.length} turns in words`),
      el("ol", { class: "turns small" }, packet.turns.map((turn) => el("li", {}, turnWords(turn)))),
    ),
  ];
}

export function turnWords(turn) {
  return [
    action(turn.action),
    turn.confidence !== null && `${percent(turn.confidence)} sure`,
    turn.sentiment && turn.sentiment.label !== "neutral" && `mood ${turn.sentiment.label}`,
    ...turn.reasons.map(reason),
  ]
    .filter(Boolean)
    .join(" · ");
}

function customer(packet) {
  const { customer: person } = packet;
  const facts = [
    ["Name", customerName(person)],
    ["E-mail", person.email && link2mail(person.email)],
    ["Id", person.id && [person.id, person.proven ? " (proven)" : " (not proven)"]],
    ["Language", packet.language && language(packet.language)],
    ["Page", packet.page_url && link(packet.page_url, packet.page_url)],
    ["Here since", time(person.since)],
    ...Object.entries(person.attributes ?? {}).map(([name, value]) => [
      plain(name),
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]),
  ];
  return el(
    "dl",
    { class: "facts" },
    facts.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function link2mail(address) {
  return el("a", { href: `mailto:${encodeURIComponent(address).replace("%40", "@")}` }, address);
}

function notes(written) {
  return el(
    "ul",
    { class: "notes" },
    written.map((note) =>
      el("li", {}, el("p", { class: "soft small" }, el("b", {}, note.author), " ", time(note.created_at)), el("p", { class: "prose" }, prose(note.text))),
    ),
  );
}
