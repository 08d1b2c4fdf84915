// Builds DOM nodes out of data. Nothing here reads HTML: text stays text.

export function el(tag, attributes = {}, ...children) {
  const node = tag === "svg" || SVG.has(tag) ? document.createElementNS(SVG_NS, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG_NS = "http://www.w3.org/2000/svg";
const SVG = new Set(["circle", "line", "path", "polyline", "rect", "text", "title", "g"]);

// Links go to this site or to the web, never to a script.
function safeAddress(address) {
  if (!address) return null;
  try {
    const url = new URL(address, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export function link(address, label) {
  const href = safeAddress(address);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, label) : el("span", {}, label);
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

export function ago(iso) {
  const seconds = (new Date(iso) - Date.now()) / 1000;
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

// A <time> that keeps itself right: refreshTimes() is called now and then.
export function time(iso, words = ago, attributes = {}) {
  const node = el("time", { datetime: iso, title: new Date(iso).toLocaleString(), ...attributes }, words(iso));
  node.words = words;
  return node;
}

// The time left to a target, marked once it has passed.
export function target(iso) {
  const node = time(iso, due, { class: "chip" });
  const late = () => node.classList.toggle("late", new Date(iso) < Date.now());
  late();
  node.words = (at) => (late(), due(at));
  return node;
}

export function refreshTimes(root = document) {
  for (const node of root.querySelectorAll("time")) if (node.words) node.textContent = node.words(node.dateTime);
}

export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const moment = (iso) => new Date(iso).toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export function day(iso) {
  const date = new Date(iso);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(iso).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long", ...year });
}

// The text with the words that were searched for marked in it.
export function marked(text, words) {
  const wanted = words.filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!wanted.length) return [text];
  return text.split(new RegExp(`(${wanted.join("|")})`, "giu")).map((part, index) => (index % 2 ? el("mark", {}, part) : part));
}

// `work`, at most once in so many milliseconds, however often it is asked for; the last request is always served.
export function calm(work, milliseconds) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}

export function due(iso) {
  const minutes = Math.round((new Date(iso) - Date.now()) / 60000);
  if (minutes < 0) return `overdue ${span(-minutes)}`;
  return minutes < 1 ? "due now" : `due in ${span(minutes)}`;
}

export function span(minutes) {
  if (minutes < 60) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
