// Markdown as people write it in a chat, as DOM nodes: paragraphs, lists, quotes, headings, tables, code. Text stays text.
import { el, prose } from "./dom.js";

const DEPTH = 4; // quotes and lists nested deeper than this are shown as written
const FENCE = /^\s{0,3}(```+|~~~+)/;
const QUOTE = /^\s{0,3}> ?/;
const ITEM = /^(\s{0,3})([-*+]|\d{1,9}[.)])\s+/;
const HEADING = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/;
const CELLS = /^\s{0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/; // the line below the head of a table
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;

export function markdown(text, depth = 0) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const nodes = [];
  let words = [];
  const flush = () => {
    if (words.length) nodes.push(el("p", {}, prose(words.join("\n"))));
    words = [];
  };
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const nested = depth < DEPTH;
    if (FENCE.test(line)) {
      flush();
      const fence = line.match(FENCE)[1];
      const code = [];
      for (at += 1; at < lines.length && !lines[at].trimStart().startsWith(fence); at += 1) code.push(lines[at]);
      nodes.push(el("pre", { tabindex: 0 }, el("code", {}, code.join("\n"))));
      at += 1;
    } else if (nested && QUOTE.test(line)) {
      flush();
      const said = [];
      for (; at < lines.length && QUOTE.test(lines[at]); at += 1) said.push(lines[at].replace(QUOTE, ""));
      nodes.push(el("blockquote", {}, markdown(said.join("\n"), depth + 1)));
    } else if (line.includes("|") && lines[at + 1]?.includes("|") && CELLS.test(lines[at + 1])) {
      flush();
      const rows = [cells(line)];
      for (at += 2; lines[at]?.includes("|"); at += 1) rows.push(cells(lines[at]));
      nodes.push(table(rows));
    } else if (RULE.test(line)) {
      flush();
      nodes.push(el("hr"));
      at += 1;
    } else if (nested && ITEM.test(line)) {
      flush();
      const [items, next] = itemsFrom(lines, at);
      const number = Number.parseInt(line.trim(), 10);
      const list = Number.isNaN(number) ? el("ul") : el("ol", { start: number === 1 ? null : number });
      list.append(...items.map((item) => el("li", {}, markdown(item, depth + 1))));
      nodes.push(list);
      at = next;
    } else {
      if (HEADING.test(line)) {
        flush();
        nodes.push(el("p", { class: "heading" }, prose(line.match(HEADING)[1])));
      } else if (line.trim()) words.push(line);
      else flush();
      at += 1;
    }
  }
  flush();
  return nodes;
}

// The items of the list that begins at `at`, each as Markdown of its own, and the line after it.
function itemsFrom(lines, at) {
  const numbered = /\d/.test(lines[at].match(ITEM)[2]);
  const items = [];
  for (; at < lines.length; at += 1) {
    const line = lines[at];
    const start = line.match(ITEM);
    const goesOn = items.length && /^\s{2,}\S/.test(line);
    if (start && /\d/.test(start[2]) === numbered && !(goesOn && start[1].length >= 2)) items.push([line.slice(start[0].length)]);
    else if (goesOn) items.at(-1).push(line.replace(/^\s{1,4}/, ""));
    else if (!line.trim() && (ITEM.test(lines[at + 1] ?? "") || /^\s{2,}\S/.test(lines[at + 1] ?? ""))) items.at(-1).push("");
    else break;
  }
  return [items.map((item) => item.join("\n")), at];
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => prose(cell.trim().replaceAll("\\|", "|")));

function table([head, ...rows]) {
  const line = (tag, row) => el("tr", {}, row.map((cell) => el(tag, {}, cell)));
  return el("div", { class: "table", tabindex: 0 }, el("table", {}, el("thead", {}, line("th", head)), el("tbody", {}, rows.map((row) => line("td", row)))));
}
