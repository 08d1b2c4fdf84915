// What a change of an article would win and lose, told before it is published: lost first, in words, colour and icon.
import { ago, el } from "./dom.js";
import { lines } from "./lines.js";
import { sureness } from "./words.js";

const VERDICTS = {
  lost: { title: "Lost", icon: "M6 6l12 12M18 6L6 18", words: (n) => `${questions(n)} would be lost` },
  other: { title: "Answered by another article", icon: "M4 8h13l-3-3M20 16H7l3 3", words: (n) => `${questions(n)} would be answered by another article` },
  won: { title: "Won", icon: "M5 13l4 4L19 7", words: (n) => `${questions(n)} would be won` },
  kept: { title: "Kept", icon: "M5 9h14M5 15h14", words: (n) => `${questions(n)} would be answered as before` },
};
const ACTIONS = { answer: "Answered", offer: "Not answered, a person offered", clarify: "Asked back", escalate: "Handed to a person" };
const OPEN_AT_ONCE = 5;

const questions = (n) => (n === 1 ? "1 question" : `${n} questions`);

/**
 * Draws into `place` what `changes` (fields of the article, or {delete: true}) would win and lose. `article`: {id, title}.
 * Resolves with the server's answer ({counts: {lost, won, ...}, looked_at, ...}); `signal` of `more` ends the wait.
 */
export async function impact(place, article, changes, more = {}) {
  const bar = el("progress", { max: 1, "aria-label": "Questions compared" });
  const line = el("p", { class: "soft", role: "status" }, "Looking for the questions that this change concerns …");
  place.replaceChildren(el("div", { class: "impact", "aria-busy": "true" }, line, bar));
  try {
    const told = await compare(article.id, changes, more.signal, ({ done, of }) => {
      if (!of) return;
      bar.max = of;
      bar.value = done;
      if (done === 0) line.textContent = `Asking ${questions(of)} twice: as the article is, and as it would be …`;
    });
    place.replaceChildren(drawn(told, article));
    return told;
  } catch (problem) {
    if (problem.name !== "AbortError") {
      place.replaceChildren(el("p", { class: "error", role: "alert" }, `What this change would win or lose cannot be told: ${problem.message}`));
    }
    throw problem;
  }
}

async function compare(id, changes, signal, progress) {
  const address = `/api/articles/${id.split("/").map(encodeURIComponent).join("/")}/impact`;
  return (await lines(address, changes, progress, signal)).impact;
}

function drawn(told, article) {
  const { counts } = told;
  const groups = Object.keys(VERDICTS).map((name) => group(name, told.questions.filter((one) => one.verdict === name), article.id));
  return el(
    "div",
    { class: "impact", "data-impact": "" },
    el("p", { class: `verdict ${counts.lost ? "lost" : counts.won ? "won" : "kept"}`, role: "status" }, headline(counts, told.looked_at)),
    groups,
    el("p", { class: "soft small" }, basis(told)),
  );
}

function headline(counts, looked) {
  if (!looked) return "No question is known that this change could win or lose. Write golden questions, or wait until customers have asked about it.";
  const parts = ["lost", "other", "won"].filter((name) => counts[name]).map((name) => VERDICTS[name].words(counts[name]));
  return parts.length ? `${parts.join(", ")}.` : "Nothing is lost and nothing is won: every question that was looked at goes on as before.";
}

function basis({ looked_at: looked, of, golden, counts, stopped, answerer }) {
  if (!looked) return "";
  const kinds = `${golden} golden, ${of - golden} of past conversations`;
  return [
    `${questions(looked)} looked at (${kinds}).`,
    counts.open ? `${counts.open} of them ${counts.open === 1 ? "is" : "are"} not answered, before or after.` : "",
    stopped ? `The time was over before the other ${of - looked}.` : "",
    answerer === "extractive" ? "" : `Answers are quoted from articles here; ${answerer} may word them otherwise, or decline.`,
  ].filter(Boolean).join(" ");
}

function group(name, found, articleId) {
  if (!found.length) return null;
  const { title, icon } = VERDICTS[name];
  const label = el("summary", {}, picture(icon), el("span", {}, `${title} (${found.length})`));
  const items = found.map((one) => question(one, articleId));
  const more = items.splice(OPEN_AT_ONCE);
  const rest = more.length ? el("details", { class: "more" }, el("summary", {}, `${more.length} more`), el("ul", {}, more)) : null;
  return el("details", { class: `group ${name}`, open: name !== "kept" }, label, el("ul", {}, items), rest);
}

const picture = (path) => el("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, el("path", { d: path }));

function question(one, articleId) {
  const asked = one.kind === "golden" ? "golden question" : `asked ${one.times === 1 ? "once" : `${one.times} times`}, last ${ago(one.at)}`;
  return el(
    "li",
    {},
    el("p", { class: "asked", dir: "auto" }, one.question),
    el("p", { class: "soft small" }, asked, one.why && ` · ${one.why}`),
    one.verdict === "kept"
      ? side("As before", one.after, articleId)
      : el("dl", {}, side("Now", one.now, articleId), side("After", one.after, articleId)),
  );
}

function side(label, { action, article, confidence, rank, sentence }, articleId) {
  const by = action === "answer" && article ? [" by ", el("b", { dir: "auto" }, article.title)] : null;
  const facts = [
    confidence === null ? null : `${sureness(confidence)} sure`,
    rank ? `this article is ${ordinal(rank)}` : "this article is not found",
  ].filter(Boolean).join(", ");
  const own = article?.id === articleId;
  return el(
    "div",
    { class: "side" },
    el(label === "As before" ? "p" : "dt", { class: "soft small" }, label),
    el(
      label === "As before" ? "div" : "dd",
      {},
      el("p", {}, ACTIONS[action] ?? action, by, own || !by ? "" : " (another article)", el("span", { class: "soft small" }, ` · ${facts}`)),
      action === "answer" && sentence && el("blockquote", { dir: "auto" }, sentence),
    ),
  );
}

const ordinal = (rank) => (rank === 1 ? "found first" : `in place ${rank}`);
