// What the buttons and keys of the editor do to a text: pure, so that each can be understood alone.
// A mark takes {text, start, end} and gives {from, to, insert, select: [start, end]}: what to replace, with what, and what is
// selected then.

const wrapped = (before, after, hint) => ({ text, start, end }) => {
  const inside = text.slice(start, end);
  if (text.slice(start - before.length, start) === before && text.slice(end, end + after.length) === after) {
    return { from: start - before.length, to: end + after.length, insert: inside, select: [start - before.length, end - before.length] };
  }
  const words = inside || hint;
  return { from: start, to: end, insert: before + words + after, select: [start + before.length, start + before.length + words.length] };
};

// Each line of the selection with `mark(n)` before it, or without where all have it.
const lines = (pattern, mark) => ({ text, start, end }) => {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const stop = text.indexOf("\n", end);
  const to = stop < 0 ? text.length : stop;
  const old = text.slice(from, to).split("\n");
  const all = old.every((line) => !line.trim() || pattern.test(line));
  const bare = (line) => line.replace(/^(#{1,6} |> |[-*+] |\d+[.)] )/, "");
  const said = old.map((line, n) => (all ? line.replace(pattern, "") : line.trim() || old.length === 1 ? mark(n) + bare(line) : line));
  const insert = said.join("\n");
  return { from, to, insert, select: [from + (old.length === 1 ? insert.length : 0), from + insert.length] };
};

// A block of its own, with an empty line above and below.
const block = (make) => ({ text, start, end }) => {
  const above = start === 0 || text.slice(0, start).endsWith("\n\n") ? "" : text[start - 1] === "\n" ? "\n" : "\n\n";
  const below = end === text.length || text.slice(end).startsWith("\n\n") ? "" : text[end] === "\n" ? "\n" : "\n\n";
  const [words, at, length] = make(text.slice(start, end));
  return { from: start, to: end, insert: above + words + below, select: [start + above.length + at, start + above.length + at + length] };
};

export const MARKS = {
  bold: wrapped("**", "**", "bold words"),
  italic: wrapped("*", "*", "slanted words"),
  code: wrapped("`", "`", "code"),
  heading: lines(/^## /, () => "## "),
  subheading: lines(/^### /, () => "### "),
  bullets: lines(/^[-*+] /, () => "- "),
  numbers: lines(/^\d+[.)] /, (n) => `${n + 1}. `),
  quote: lines(/^> /, () => "> "),
  link({ text, start, end }) {
    const words = text.slice(start, end);
    if (/^(https?:\/\/|\/)\S+$/.test(words)) return { from: start, to: end, insert: `[words](${words})`, select: [start + 1, start + 6] };
    const insert = `[${words || "words"}](address)`;
    return { from: start, to: end, insert, select: [start + insert.length - 8, start + insert.length - 1] };
  },
  fence: block((words) => [`\`\`\`\n${words || "code"}\n\`\`\``, 4, (words || "code").length]),
  table: block(() => ["| Column | Column |\n| --- | --- |\n| Cell | Cell |", 2, 6]),
  note: block((words) => [`> [!NOTE]\n> ${(words || "What readers should know.").replaceAll("\n", "\n> ")}`, 12, (words || "What readers should know.").length]),
};

// Enter within a list or a quotation goes on with it; on an empty item it ends it. Null: nothing special.
export function enter({ text, start, end }) {
  if (start !== end) return null;
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const line = text.slice(from, start);
  const item = line.match(/^(\s*)([-*+]|(\d+)([.)])|>)( +)(\[[ x]\] )?/);
  if (!item) return null;
  if (line.trim() === item[0].trim()) return { from, to: start, insert: "", select: [from, from] };
  const mark = item[3] ? `${Number(item[3]) + 1}${item[4]}` : item[2];
  const insert = `\n${item[1]}${mark}${item[5]}${item[6] ? "[ ] " : ""}`;
  return { from: start, to: start, insert, select: [start + insert.length, start + insert.length] };
}
