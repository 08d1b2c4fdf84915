// What an agent knows beside the transcript: why, what, who, what was tried, and a reply to start from.
import { api } from "./api.js";
import { checkedOf, leftOut } from "./checked.js";
import { el, link, moment, time } from "./dom.js";
import { rich, richLine } from "./rich.js";
import { confidencePicture, moodPicture } from "./trace.js";
import { action, customerName, language, plain, reason, role, status, sureness } from "./words.js";

const SHOWN_FACTS = 12;
const SHOWN_SINCE = 4;
const NOTHING_NEAR = "nothing in the help center comes near"; // as the server says it
const THROWN = "parley.thrown "; // suggestions that were thrown away, for this session of the browser

export class Packet {
  /** `find(messageId)` shows a message, `edit(text)` and `send(text)` take the suggested reply, `said(line)`. */
  constructor(aside, { find, edit, send, said }) {
    Object.assign(this, { find, edit, send, said });
    this.root = aside.querySelector("[data-packet]");
    this.drawn = new Map(); // name -> {state, node}: a section that says the same stays, with what is open and focused in it
  }

  show(packet, fresh) {
    if (fresh) {
      this.drawn.clear();
      this.root.replaceChildren();
      this.root.parentElement.scrollTop = 0;
    }
    this.packet = packet;
    const sections = [
      ["Why a person", [packet.reasons, packet.priority, packet.status, packet.assignee, packet.outcome, packet.outcome_article, packet.customer_note], () => this.why()],
      ["Question", packet.question, () => el("div", { class: "rich", tabindex: 0 }, rich(packet.question, true))],
      ["Summary", [packet.summary, packet.summary_by], () => this.summary()],
      ["Written since", this.since, () => this.later()],
      ["Facts", packet.facts, () => this.facts()],
      ["Suggested reply", this.suggestion && [this.suggestion, packet.suggested_sources, packet.status], () => this.suggested()],
      ["Searched and tried", [packet.tried, packet.sources_tried, packet.checked], () => this.tried()],
      ["Moments", packet.moments?.filter((one) => one.kind !== "fact"), () => this.moments()],
      ["Over the turns", [packet.confidence_trace, packet.sentiment_trace], () => this.traces()],
      ["Customer", [packet.customer, packet.language, packet.page_url], () => this.customer()],
      ["Earlier", [packet.earlier, packet.previous], () => this.earlier()],
    ];
    const nodes = sections.map(([title, data, build]) => this.section(title, data, build)).filter(Boolean);
    if (nodes.length !== this.root.children.length || nodes.some((node, index) => node !== this.root.children[index])) {
      const focused = this.root.contains(document.activeElement);
      this.root.replaceChildren(...nodes);
      if (focused && document.activeElement === document.body) this.root.parentElement.focus();
    }
  }

  section(title, data, build) {
    const empty = data === undefined || data === null || data === "" || (Array.isArray(data) && !data.length);
    const state = JSON.stringify(data);
    const before = this.drawn.get(title);
    if (before?.state === state) return before.node;
    const content = empty ? null : build();
    const node = content && el("section", { "data-section": title }, el("h2", {}, title), content);
    this.drawn.set(title, { state, node });
    return node;
  }

  why() {
    const { packet } = this;
    return [
      el("ul", { class: "chips" }, packet.reasons.map((name) => el("li", { class: "chip strong" }, reason(name)))),
      el(
        "p",
        { class: "soft small" },
        `${plain(packet.priority)} priority · ${status(packet.status)}`,
        packet.assignee && packet.status !== "waiting" ? ` · ${packet.assignee.name}` : "",
        packet.outcome ? ` · ${packet.outcome}` : "",
      ),
      packet.outcome_article && el("p", { class: "small" }, "The article that answers: ", link(packet.outcome_article.url, packet.outcome_article.title)),
      packet.customer_note && el("p", { class: "prose" }, el("b", {}, "Their note: "), packet.customer_note),
    ];
  }

  summary() {
    if (!this.packet.summary) return null;
    return [el("div", { class: "rich" }, rich(this.packet.summary, true)), this.packet.summary_by === "model" && el("p", { class: "soft small" }, "Written by the model, held against the transcript.")];
  }

  facts() {
    const { facts } = this.packet;
    const rest = facts.slice(SHOWN_FACTS);
    return [this.factList(facts.slice(0, SHOWN_FACTS)), rest.length > 0 && el("details", {}, el("summary", {}, `${rest.length} more`), this.factList(rest))];
  }

  factList(facts) {
    return el(
      "dl",
      { class: "facts" },
      facts.map((fact) =>
        el(
          "div",
          {},
          el("dt", {}, fact.label),
          el(
            "dd",
            {},
            fact.message_id ? el("button", { type: "button", class: "plain", title: "Show where it was said", onclick: () => this.find(fact.message_id) }, fact.value) : fact.value,
            el("button", { type: "button", class: "quiet copy", "aria-label": `Copy ${fact.label}: ${fact.value}`, onclick: () => this.copy(fact.value) }, "Copy"),
          ),
        ),
      ),
    );
  }

  /** What the customer wrote while nobody answered: younger than question and summary. */
  get since() {
    const { packet } = this;
    const since = packet.transcript.filter((message) => message.created_at > packet.created_at);
    const answered = since.findLastIndex((message) => message.role === "agent");
    if (answered >= 0 && packet.status !== "waiting") return []; // a conversation that goes on, not one that waits again
    return since.slice(answered + 1).filter((message) => message.role === "customer").map(({ id, text }) => ({ id, text }));
  }

  later() {
    const { since } = this;
    const items = since.slice(-SHOWN_SINCE).map(({ id, text }) => el("li", {}, el("button", { type: "button", class: "plain clamp", onclick: () => this.find(id) }, text.slice(0, 300))));
    return [el("ul", { class: "since" }, items), since.length > SHOWN_SINCE && el("p", { class: "soft small" }, `and ${since.length - SHOWN_SINCE} more before`)];
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.said("Copied.");
    } catch {
      this.said("The browser does not let this page copy: select the text and copy it.", true);
    }
  }

  get suggestion() {
    const { packet } = this;
    const open = packet.status === "waiting" || packet.status === "claimed";
    return open && packet.suggested_reply && sessionStorage.getItem(THROWN + packet.id) !== packet.suggested_reply ? packet.suggested_reply : null;
  }

  suggested() {
    const text = this.suggestion;
    if (!text) return null;
    return [
      el("blockquote", { class: "rich", tabindex: 0 }, rich(text)),
      this.packet.suggested_sources?.length > 0 && el("p", { class: "soft small" }, "From ", this.packet.suggested_sources.map((source, index) => [index ? ", " : "", link(source.url, source.title)])),
      el(
        "p",
        { class: "actions" },
        el("button", { type: "button", class: "primary", "data-inbox": "suggest-send", "aria-keyshortcuts": "Shift+U", onclick: () => this.send(text) }, "Send"),
        el("button", { type: "button", "data-inbox": "use", "aria-keyshortcuts": "u", onclick: () => this.edit(text) }, "Edit"),
        el("button", { type: "button", class: "quiet", "data-inbox": "suggest-throw", onclick: () => this.throwAway() }, "Throw away"),
      ),
    ];
  }

  throwAway() {
    sessionStorage.setItem(THROWN + this.packet.id, this.packet.suggested_reply);
    this.show(this.packet, false);
    this.said("The suggestion is gone.");
  }

  tried() {
    const { tried, sources_tried: found } = this.packet;
    const nothing = el("p", { class: "soft" }, "Nothing in the help center came near. It may be worth an article.");
    if (!tried?.length) return found.length ? sources(found) : nothing;
    return el(
      "ol",
      { class: "tried" },
      tried.map((one) =>
        el(
          "li",
          {},
          el("p", {}, one.message_id ? el("button", { type: "button", class: "plain", onclick: () => this.find(one.message_id) }, one.question || action(one.action)) : one.question),
          el("p", { class: "soft small" }, [action(one.action), one.why || (one.confidence !== null && one.confidence !== undefined && `${sureness(one.confidence)} sure`)].filter(Boolean).join(" · ")),
          leftOut(checkedOf(this.packet, one.message_id)),
          one.sources?.length > 0 && (one.why === NOTHING_NEAR ? el("details", {}, el("summary", {}, "What came nearest"), sources(one.sources)) : sources(one.sources)),
        ),
      ),
    );
  }

  moments() {
    return el(
      "ul",
      { class: "jumps" },
      this.packet.moments.filter((one) => one.kind !== "fact").map((one) => el("li", {}, el("button", { type: "button", class: `plain moment ${one.kind}`, onclick: () => this.find(one.message_id) }, one.label))),
    );
  }

  traces() {
    const { packet } = this;
    const passedOn = new Set((packet.turns ?? []).filter((turn) => turn.action === "relay").map((turn) => turn.id));
    const judged = packet.confidence_trace.filter((point) => !passedOn.has(point.turn_id));
    if (!judged.length) return el("p", { class: "soft" }, "The bot took no turn: a person was asked for at once.");
    return [confidencePicture(judged), moodPicture(packet.sentiment_trace)];
  }

  customer() {
    const { packet } = this;
    const { customer: person } = packet;
    const known = [
      ["Name", customerName(person)],
      ["Replies go to", packet.replies_to && `${packet.replies_to} by e-mail, too`],
      ["E-mail", person.email && el("a", { href: `mailto:${encodeURIComponent(person.email).replace("%40", "@")}` }, person.email)],
      ["Id", person.id && [person.id, person.proven ? " (proven)" : " (not proven)"]],
      ["Language", packet.language && language(packet.language)],
      ["Page", packet.page_url && link(packet.page_url, packet.page_url)],
      ["Here since", person.since && time(person.since)],
      ...Object.entries(person.attributes ?? {}).map(([name, value]) => [plain(name), typeof value === "object" ? JSON.stringify(value) : String(value)]),
    ];
    return el(
      "dl",
      { class: "facts" },
      known.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
    );
  }

  earlier() {
    const { earlier = [], previous } = this.packet;
    if (!earlier.length && !previous) return null;
    return [
      previous && el("p", {}, el("b", {}, "It came back. "), `Before: “${previous.question}”`, previous.outcome ? ` · ${previous.outcome}` : "", previous.ended_at && [" · ended ", time(previous.ended_at)]),
      earlier.length > 0 && el("ul", { class: "earlier" }, earlier.map((one) => el("li", {}, this.conversation(one)))),
    ];
  }

  /** An earlier conversation, opened in its place. */
  conversation(one) {
    const inside = el("div", { class: "said small" });
    const words = [moment(one.created_at), one.outcome ?? status(one.status), one.csat && `rated ${one.csat} of 5`].filter(Boolean).join(" · ");
    const details = el("details", {}, el("summary", {}, one.question || "Nothing was asked", el("span", { class: "soft small" }, words)), inside);
    details.addEventListener("toggle", async () => {
      if (!details.open || inside.childElementCount) return;
      try {
        const told = await api("GET", `/api/handoffs/${encodeURIComponent(this.packet.id)}/earlier/${encodeURIComponent(one.conversation_id)}`);
        inside.replaceChildren(...told.messages.map((message) => el(
          "div",
          { class: `was ${message.role}` },
          el("b", {}, message.author ?? role(message.role)),
          el("div", { class: "rich" }, rich(message.text, message.role === "customer")),
          leftOut(checkedOf(told, message.id)),
        )));
      } catch (problem) {
        inside.replaceChildren(el("p", { class: "error" }, problem.message));
      }
    });
    return details;
  }
}

function sources(found) {
  return el(
    "ol",
    { class: "sources" },
    found.map((source) =>
      el(
        "li",
        {},
        link(source.url, source.title),
        source.heading && source.heading !== source.title && el("span", { class: "soft" }, ` › ${source.heading}`),
        source.excerpt && el("p", { class: "soft small clamp" }, richLine(source.excerpt)),
      ),
    ),
  );
}
