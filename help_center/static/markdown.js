// Markdown to DOM nodes, for the chat and the inbox. Builds elements and text nodes only: no text of a message ever becomes
// HTML. Links go to http, https, mailto or this site; a picture is its alternative text. Knows nothing of messages: the
// caller says what a citation mark like [1] becomes, and what is otherwise in its place.

const DEPTH = 12; // nested lists and quotes beyond this are shown as text
const LONGEST = 2000; // characters of a link's label, and of words in a row that are bold or slanted
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:( +)(?=\S)|\s*$)/;
const QUOTE = /^ {0,3}>/;
const DIVIDER = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", "#39": "'", mdash: "—", ndash: "–", hellip: "…" };

const USUAL = {
  cite: () => null,
  breaks: false,
  typed: false,
  link,
  picture: (label) => label, // never fetched: what it shows is said instead
  heading: (level, ...words) => element(`h${Math.min(level + 1, 6)}`, ...words), // the chat's own title is the h1
};

/** A fragment of nodes for `text`. `cite(n)`: the node for a mark [n], or null. `breaks`: a newline is a line break. `typed`: by
 * somebody who may know no Markdown: nothing of it is lost, and a list or a quote ends with its last line.
 * `link(address, ...words)`, `picture(label, address)`, `heading(level, ...words)`: what becomes of them; addresses are unjudged. */
export function markdown(text, how = {}) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n").map((line) => line.replace(/^[ \t]+/, (indent) => indent.replace(/\t/g, "    ")));
  const fragment = document.createDocumentFragment();
  fragment.append(...blocks(lines, { ...USUAL, ...how }, 0));
  return fragment;
}

/** The nodes of one line: no lists, quotes or other blocks. */
export function oneLine(text, how = {}) {
  return inline(text, { ...USUAL, ...how });
}

/** `address` when it is safe to follow, else null. */
export function safeUrl(address) {
  const url = String(address).trim();
  if (/[\u0000-\u0020\u007f]/.test(url)) return null;
  const scheme = /^([a-z][a-z\d+.-]*):/i.exec(url);
  if (scheme) return /^(https?|mailto)$/i.test(scheme[1]) ? url : null;
  return url && !url.startsWith("\\") ? url : null;
}

/** An element with its children. */
export function element(tag, ...children) {
  const node = document.createElement(tag);
  node.append(...children);
  return node;
}

/** A link, which opens in a new tab; the words alone where its address is not safe. */
function link(address, ...children) {
  const url = safeUrl(address);
  if (url === null) return element("span", ...children);
  const node = element("a", ...children);
  node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function blocks(lines, how, depth) {
  if (depth > DEPTH) return [element("p", lines.join("\n"))];
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    let match;
    if (!line.trim()) {
      at++;
    } else if ((match = FENCE.exec(line))) {
      at = fence(lines, at, match[1], nodes);
    } else if ((match = HEADING.exec(line))) {
      nodes.push(how.heading(match[1].length, ...inline(match[2] ?? "", how)));
      at++;
    } else if (RULE.test(line)) {
      nodes.push(element("hr"));
      at++;
    } else if (QUOTE.test(line)) {
      const inside = [];
      while (at < lines.length && lines[at].trim() && (QUOTE.test(lines[at]) || (!how.typed && !starts(lines, at)))) {
        inside.push(lines[at++].replace(/^ {0,3}> ?/, ""));
      }
      nodes.push(element("blockquote", ...blocks(inside, how, depth + 1)));
    } else if (ITEM.test(line)) {
      at = list(lines, at, how, depth, nodes);
    } else if (isTable(lines, at)) {
      at = table(lines, at, how, nodes);
    } else {
      const text = [];
      do text.push(lines[at++]);
      while (at < lines.length && lines[at].trim() && !starts(lines, at));
      nodes.push(element("p", ...inline(text.map((part) => (how.typed ? part : part.trimStart())).join("\n").trimEnd(), how)));
    }
  }
  return nodes;
}

/** Does something else than a paragraph start here? */
function starts(lines, at) {
  const line = lines[at];
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line) || isTable(lines, at);
}

function fence(lines, at, mark, nodes) {
  const indent = /^ */.exec(lines[at])[0].length;
  const code = [];
  for (at++; at < lines.length && !(lines[at].trim().startsWith(mark) && !lines[at].trim().replaceAll(mark[0], "")); at++) {
    code.push(lines[at].replace(new RegExp(`^ {0,${indent}}`), ""));
  }
  const block = element("pre", element("code", code.join("\n")));
  block.tabIndex = 0; // it may scroll sideways: the keyboard must reach it
  nodes.push(block);
  return at + 1;
}

function list(lines, at, how, depth, nodes) {
  const [, indent, mark] = ITEM.exec(lines[at]);
  const base = indent.length;
  const ordered = /\d/.test(mark);
  const node = element(ordered ? "ol" : "ul");
  if (ordered && parseInt(mark) !== 1) node.start = parseInt(mark);
  let loose = false;
  const items = [];
  while (at < lines.length) {
    const match = ITEM.exec(lines[at]);
    if (!match || match[1].length > base + 1 || RULE.test(lines[at]) || /\d/.test(match[2]) !== ordered) break;
    const width = match[1].length + match[2].length + (match[3]?.length > 4 ? 1 : (match[3]?.length ?? 1));
    const deeper = Math.min(width, base + 2); // models indent by two where the standard wants three
    const inside = [lines[at++].slice(width)];
    let fenced = FENCE.test(inside[0]);
    while (at < lines.length) {
      const line = lines[at];
      const own = /^ */.exec(line)[0].length;
      if (!line.trim()) {
        let next = at;
        while (next < lines.length && !lines[next].trim()) next++;
        if (next === lines.length || (/^ */.exec(lines[next])[0].length < deeper && !fenced)) break;
        for (; at < next; at++) inside.push("");
        continue;
      } else if (own >= deeper || fenced) {
        inside.push(line.slice(Math.min(own, width)));
        if (FENCE.test(inside.at(-1))) fenced = !fenced;
      } else if (!how.typed && inside.at(-1) !== "" && !starts(lines, at)) {
        inside.push(line.trimStart());
      } else break;
      at++;
    }
    if (inside.includes("")) loose = true;
    items.push(inside);
    let next = at;
    while (next < lines.length && !lines[next].trim()) next++;
    if (next > at && next < lines.length && ITEM.test(lines[next]) && ITEM.exec(lines[next])[1].length <= base + 1) {
      loose = true;
      at = next;
    }
  }
  for (const inside of items) {
    const children = blocks(inside, how, depth + 1);
    const item = element("li");
    for (const child of children) item.append(...(!loose && child.tagName === "P" ? child.childNodes : [child]));
    node.append(item);
  }
  nodes.push(node);
  return at;
}

function isTable(lines, at) {
  return lines[at].includes("|") && at + 1 < lines.length && lines[at + 1].includes("-") && DIVIDER.test(lines[at + 1])
    && cells(lines[at]).length === cells(lines[at + 1]).length;
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function table(lines, at, how, nodes) {
  const row = (line, tag) => element("tr", ...cells(line).map((cell) => element(tag, ...inline(cell, how))));
  const head = row(lines[at], "th");
  const body = element("tbody");
  for (at += 2; at < lines.length && lines[at].includes("|") && lines[at].trim(); at++) body.append(row(lines[at], "td"));
  const frame = element("div", element("table", element("thead", head), body));
  frame.className = "table";
  frame.tabIndex = 0;
  nodes.push(frame);
  return at;
}

/** Text, code, emphasis, links, citations of one run of text. */
function inline(text, how, depth = 0) {
  const nodes = [];
  const unclosed = new Set(); // runs of backticks that nothing closes from here on
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(plain);
    plain = "";
  };
  const push = (node) => {
    flush();
    nodes.push(node);
  };
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const char = text[at];
    let match;
    if (char === "\\" && !how.typed && (match = /^\\([!-/:-@[-`{-~]|\n)/.exec(rest))) {
      if (match[1] === "\n") push(element("br"));
      else plain += match[1];
      at += 2;
    } else if (char === "`") {
      const mark = /^`+/.exec(rest)[0];
      const from = at + mark.length;
      let end = unclosed.has(mark) ? -1 : text.indexOf(mark, from);
      while (end >= 0 && text[end + mark.length] === "`") end = text.indexOf(mark, afterRun(text, end));
      if (end < 0) {
        unclosed.add(mark);
        plain += mark;
        at = from;
      } else {
        const code = text.slice(from, end).replace(/\n/g, " ");
        push(element("code", /^ .*\S.* $/.test(code) ? code.slice(1, -1) : code));
        at = end + mark.length;
      }
    } else if ((char === "[" || (char === "!" && text[at + 1] === "[")) && (match = linkAt(text, at + (char === "!")))) {
      if (char === "!") push(how.picture(plainText(match.label), match.url));
      else push(depth ? element("span", ...inline(match.label, how, depth + 1)) : how.link(match.url, ...inline(match.label, how, 1)));
      at = match.end;
    } else if (char === "[" && !depth && (match = /^\[(\d{1,2})\]/.exec(rest))) {
      const node = how.cite(Number(match[1]));
      if (node) push(node);
      else plain += match[0];
      at += match[0].length;
    } else if (char === "<" && (match = /^<((?:https?:\/\/|mailto:)[^\s<>]+)>/i.exec(rest))) {
      push(how.link(match[1], match[1].replace(/^mailto:/i, "")));
      at += match[0].length;
    } else if (char === "<" && !how.typed && (match = /^<br\s*\/?>/i.exec(rest))) {
      push(element("br"));
      at += match[0].length;
    } else if (char === "h" && !depth && !/\w/.test(text[at - 1] ?? "") && (match = /^https?:\/\/[^\s<>"]+/.exec(rest))) {
      let url = match[0].replace(/[.,;:!?'*_\]]+$/, "");
      let open = url.split(")").length - url.split("(").length; // of a link in brackets
      while (url.endsWith(")") && open-- > 0) url = url.slice(0, -1);
      push(how.link(url, url));
      at += url.length;
    } else if ((char === "*" || (!how.typed && (char === "_" || char === "~"))) && (match = emphasis(text, at, how.typed))) {
      push(element(match.tag, ...inline(match.inner, how, depth)));
      at = match.end;
    } else if (char === "&" && !how.typed && (match = /^&(#?\w+);/.exec(rest)) && Object.hasOwn(ENTITIES, match[1])) {
      plain += ENTITIES[match[1]];
      at += match[0].length;
    } else if (char === "\n") {
      const hard = how.breaks || plain.endsWith("  ");
      plain = plain.trimEnd();
      if (hard) push(element("br"));
      else plain += "\n";
      at++;
    } else {
      plain += char;
      at++;
    }
  }
  flush();
  return nodes;
}

/** The link that starts at the bracket `at`: [label](address "title"). */
function linkAt(text, at) {
  let level = 0;
  for (let end = at; end < text.length && end < at + LONGEST; end++) {
    if (text[end] === "\\") end++;
    else if (text[end] === "[") level++;
    else if (text[end] === "]" && --level === 0) {
      const target = /^\(\s*(?:<([^<>\n]*)>|((?:[^\s()]|\([^\s()]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/.exec(text.slice(end + 1, end + 2100));
      return target && { label: text.slice(at + 1, end), url: target[1] ?? target[2], end: end + 1 + target[0].length };
    }
  }
  return null;
}

function afterRun(text, at) {
  while (text[at] === "`") at++;
  return at;
}

function emphasis(text, at, typed) {
  const char = text[at];
  const whole = typed || char === "_"; // 2*3*4 is a product
  const double = text[at + 1] === char;
  if (char === "~" && !double) return null;
  const mark = double ? char + char : char;
  const start = at + mark.length;
  const word = (index) => /[\p{L}\p{N}]/u.test(text[index] ?? "");
  if (/\s|^$/.test(text[start] ?? "") || (whole && word(at - 1))) return null;
  let within = false; // code, as far as `read`
  let read = start;
  for (let end = start + 1; (end = text.indexOf(mark, end)) > 0 && end < start + LONGEST; end++) {
    if (/[\s\\]/.test(text[end - 1])) continue;
    if (!double && (text[end + 1] === char || text[end - 1] === char)) {
      if (text[end + 1] === char) end++;
      continue;
    }
    if (double && text[end + 2] === char) end++; // **bold *both***: the last two close
    if (whole && word(end + mark.length)) continue;
    for (; read < end; read++) if (text[read] === "`") within = !within;
    if (within) continue;
    return { tag: char === "~" ? "s" : double ? "strong" : "em", inner: text.slice(start, end), end: end + mark.length };
  }
  return null;
}

function plainText(label) {
  return label.replace(/[*_`~\\]/g, "");
}
