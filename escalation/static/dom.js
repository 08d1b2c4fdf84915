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
export function safeAddress(address) {
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

// Markdown is shown as it was written; only links, bold words and code look the part.
const INLINE = /\[([^\]\n]{1,300})\]\(([^\s()]{1,2000})\)|https?:\/\/[^\s<>"')\]]+|\*\*([^*\n]+)\*\*|`([^`\n]+)`/g;

export function prose(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(text.slice(from, match.index));
    const [whole, label, address, bold, code] = match;
    if (label !== undefined) nodes.push(link(address, label));
    else if (bold !== undefined) nodes.push(el("strong", {}, bold));
    else if (code !== undefined) nodes.push(el("code", {}, code));
    else nodes.push(link(whole, whole));
    from = match.index + whole.length;
  }
  nodes.push(text.slice(from));
  return nodes;
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
export function time(iso, words = ago) {
  const node = el("time", { datetime: iso, title: new Date(iso).toLocaleString() }, words(iso));
  node.words = words;
  return node;
}

export function refreshTimes(root = document) {
  for (const node of root.querySelectorAll("time")) if (node.words) node.textContent = node.words(node.dateTime);
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
