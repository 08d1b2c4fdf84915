// What was said, in order: messages, internal notes among them, the days between, the moments that mattered.
import { checkedOf, leftOut } from "./checked.js";
import { clock, day, el, link, time } from "./dom.js";
import { attached } from "./files.js";
import { rich } from "./rich.js";
import { customerName, role, sureness } from "./words.js";

const NEAR_END = 120; // pixels
const PLAIN = new Set(["fact", "agent"]); // moments that the message itself shows
const FLASH = 2000; // milliseconds
const ONE_BREATH = 5 * 60000; // milliseconds between messages of one author that need no second byline

export class Transcript {
  /** `newer`: shown while a message that came stands below what is read. */
  constructor(root, newer) {
    this.root = root;
    this.newer = newer;
    newer.querySelector("button").addEventListener("click", () => {
      this.toEnd();
      root.focus();
    });
    this.drawn = new Map(); // key -> {state, node}
    // who reads the newest message goes on reading it when the room for it changes
    root.addEventListener("scroll", () => {
      this.stuck = this.isAtEnd();
      if (this.stuck) newer.hidden = true;
    });
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(root);
  }

  /** `fresh`: another conversation than before; what was said in it is not read out. */
  show(packet, fresh) {
    if (fresh) {
      this.root.setAttribute("aria-live", "off");
      this.root.replaceChildren();
      this.drawn.clear();
      this.newer.hidden = true;
    }
    this.packet = packet;
    this.messages = [...packet.transcript];
    this.draw();
    if (fresh) {
      this.toEnd();
      setTimeout(() => this.root.setAttribute("aria-live", "polite"), 100);
    }
  }

  /** A message that came live; the same one twice is shown once. True when it is new. */
  add(message) {
    if (this.messages.some((known) => known.id === message.id)) return false;
    this.messages.push(message);
    this.packet.transcript.push(message);
    this.packet.held = (this.packet.held ?? []).filter((held) => held.id !== message.id);
    this.newer.hidden = this.isAtEnd() || message.role === "agent";
    this.draw();
    return true;
  }

  get newest() {
    return this.messages.at(-1)?.id ?? null;
  }

  /** The customer's and the bot's words to look at: scrolls to a message and lights it up. */
  find(id) {
    const node = this.drawn.get(id)?.node;
    if (!node) return false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("found");
    node.setAttribute("tabindex", "-1");
    node.focus({ preventScroll: true });
    setTimeout(() => node.classList.remove("found"), FLASH);
    return true;
  }

  draw() {
    const atEnd = this.isAtEnd();
    const nodes = [];
    let last = null;
    let before = null;
    for (const entry of this.entries()) {
      const today = day(entry.created_at);
      if (today !== last) nodes.push(this.node(`day ${today}`, today, () => el("p", { class: "day", role: "separator", "aria-label": today }, today)));
      const node = this.entry(entry);
      node.classList.toggle("follows", today === last && this.goesOn(before, entry));
      nodes.push(node);
      [last, before] = [today, entry];
    }
    const wanted = new Set(nodes);
    for (const [key, { node }] of this.drawn) {
      if (wanted.has(node)) continue;
      node.remove();
      this.drawn.delete(key);
    }
    nodes.forEach((node, index) => {
      if (this.root.children[index] !== node) this.root.insertBefore(node, this.root.children[index] ?? null);
    });
    this.drawReceipt();
    if (atEnd) this.toEnd();
  }

  /** Under our last message: whether the customer has seen it. */
  drawReceipt() {
    const order = this.messages.map((message) => message.id);
    const last = this.messages.findLastIndex((message) => message.role === "agent");
    const read = this.packet.read?.customer;
    const seen = read && order.indexOf(read.message_id) >= last;
    this.receipt ??= el("p", { class: "receipt small", "data-inbox": "receipt" });
    if (last < 0) return this.receipt.remove();
    this.receipt.replaceChildren(...(seen ? ["Seen ", time(read.at, clock)] : ["Delivered"]));
    this.drawn.get(order[last])?.node.append(this.receipt);
  }

  /** The order of the packet is the right one; notes stand where they were written, what is still held at the end. */
  entries() {
    const notes = [...this.packet.notes].sort((one, other) => one.created_at.localeCompare(other.created_at));
    const entries = [];
    for (const message of this.messages) {
      while (notes.length && notes[0].created_at < message.created_at) entries.push(notes.shift());
      entries.push(message);
    }
    const said = new Set(this.messages.map((message) => message.id));
    const held = (this.packet.held ?? []).filter((message) => !said.has(message.id));
    return [...entries, ...notes, ...held];
  }

  entry(message) {
    const moments = (this.packet.moments ?? []).filter((one) => one.message_id === message.id && !PLAIN.has(one.kind));
    const tried = (this.packet.tried ?? []).find((one) => one.message_id === message.id);
    const checked = checkedOf(this.packet, message.id);
    const key = message.id;
    const state = JSON.stringify([message.text, message.sources, moments, tried, checked]);
    const node = this.node(key, state, () => this.article(message, moments, tried, checked));
    node.classList.toggle("held", Boolean(message.held_until)); // the same node when it is sent: it is read out once
    return node;
  }

  /** Whether it is the same author, going on in one breath. */
  goesOn(before, entry) {
    const same = before && ["role", "author", "internal"].every((key) => (before[key] ?? null) === (entry[key] ?? null));
    return same && entry.role !== "system" && new Date(entry.created_at) - new Date(before.created_at) < ONE_BREATH;
  }

  /** What was drawn before for this state; else in place of it. */
  node(key, state, make) {
    const before = this.drawn.get(key);
    if (before?.state === state) return before.node;
    const node = make();
    before?.node.replaceWith(node);
    this.drawn.set(key, { state, node });
    return node;
  }

  article(message, moments, tried, checked) {
    const kind = message.internal ? "note" : message.role;
    return el(
      "article",
      { class: `message ${kind}`, "data-id": message.id, "aria-label": message.internal ? "Internal note" : null },
      moments.length > 0 && el("p", { class: "moments small" }, moments.map((one) => el("span", { class: `moment ${one.kind}` }, one.label))),
      el("p", { class: "byline small" }, message.internal && el("span", { class: "tag" }, "Note"), el("b", {}, this.author(message)), " ", time(message.created_at, clock)),
      message.text && el("div", { class: "rich" }, rich(message.text, kind === "customer" || kind === "note")),
      attached(message.files),
      message.sources?.length > 0 && el("p", { class: "cited small" }, "Sources: ", message.sources.map((source, index) => [index ? ", " : "", link(source.url, source.title)])),
      this.judged(tried),
      leftOut(checked),
    );
  }

  judged(tried) {
    const known = tried && tried.confidence !== null && tried.confidence !== undefined;
    const words = tried?.why || (known ? `${sureness(tried.confidence)} sure` : "");
    return words && el("p", { class: "judged small" }, words);
  }

  author(message) {
    if (message.role === "agent") return message.author ?? "Agent";
    return message.role === "customer" ? customerName(this.packet.customer) : role(message.role);
  }

  isAtEnd() {
    return this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight < NEAR_END;
  }

  toEnd() {
    this.stuck = true;
    this.root.scrollTop = this.root.scrollHeight;
  }
}
