// Golden questions: the list, what became of them in the last run, and where more of them come from.
import { api } from "./api.js";
import { ago, el } from "./dom.js";
import { lines } from "./lines.js";
import { ask, button, chip, field, focusOn, input, row, rows } from "./manage_form.js";
import { articlesField } from "./manage_questions_articles.js";
import { action, percent, sureness } from "./words.js";

const SHOWN = 50;
const WIDTH = 320;
const HEIGHT = 84;
const FILTERS = {
  all: ["All", () => true],
  broke: ["Broke", (one) => one.broke],
  wrong: ["Not right", (one) => one.last && !one.last.right],
  new: ["Never run", (one) => !one.last],
};

const many = (n) => (n === 1 ? "1 question" : `${n} questions`);

export async function questions(place, desk) {
  const top = el("div", { class: "golden-top" });
  const tabs = el("div", { class: "actions", role: "group", "aria-label": "Which questions" });
  const list = el("div");
  const more = el("div", { class: "golden-more" });
  const said = el("div", { class: "golden-progress", role: "status" });
  const run = button("Run now", start, "primary", { "data-key": "run" });
  let filter = "all";
  let told;
  place.append(
    el("p", { class: "soft" }, "Questions that must be answered rightly, each with the articles that answer it. Run them after a change; before an article is published, they say what the edit would win or lose."),
    el("div", { class: "actions" }, button("Add a question", () => edit(null), "", { "data-key": "add" }), run, button("Import", bring), el("a", { class: "export", href: "/api/questions/export", download: "" }, "Export for parley eval and calibrate")),
    said,
    top,
    tabs,
    list,
    el("h2", {}, "Suggested"),
    more,
  );
  await draw();
  suggest();

  async function draw() {
    told = await api("GET", "/api/questions");
    if (filter !== "all" && !told.items.some(FILTERS[filter][1])) filter = "all";
    run.disabled = !told.items.length;
    top.replaceChildren(...(told.runs.length ? [summary(told)] : []));
    show();
  }

  function show() {
    const kinds = Object.entries(FILTERS).map(([name, [label, fits]]) => [name, label, told.items.filter(fits).length]);
    tabs.hidden = !told.items.length;
    tabs.replaceChildren(...kinds.filter(([name, , n]) => n || name === "all").map(([name, label, n]) => button(`${label} (${n})`, () => ((filter = name), show(), tabs.querySelector("[aria-pressed=true]").focus()), "", { "aria-pressed": String(name === filter) })));
    const found = told.items.filter(FILTERS[filter][1]);
    list.replaceChildren(rows("Golden questions", found.slice(0, SHOWN).map(line), "No golden questions yet. Take over suggestions below, add one, or import a set that you have."));
    if (found.length > SHOWN) list.append(button(`Show all ${found.length}`, (event) => (event.target.remove(), list.querySelector("ul").append(...found.slice(SHOWN).map(line)))));
  }

  function line(one) {
    const expected = one.articles.length
      ? ["Answered by ", one.articles.map((article, index) => [index ? " or " : "", article.title === null ? el("b", { class: "bad" }, `${article.id} (there is no such article)`) : [el("b", { dir: "auto" }, article.title), article.status === "published" ? "" : ` (${article.status})`]])]
      : "The help center should not answer it";
    const facts = [el("div", { class: "chips" }, outcome(one)), el("p", { class: "small soft" }, expected, one.note && ` · ${one.note}`), one.last && el("p", { class: "small soft" }, became(one))];
    return row(el("span", { dir: "auto" }, one.text), facts, button("Change", () => edit(one), "", { "aria-label": `Change ${one.text}`, "data-key": one.id }));
  }

  async function done(words, key) {
    await draw();
    desk.say(words);
    focusOn(place, key);
  }

  function edit(one, given = {}) {
    const start = one ?? given;
    const chosen = articlesField(start.articles ?? []);
    const fields = [
      field("Question", el("textarea", { name: "text", rows: 2, maxlength: 2000, required: true, dir: "auto" }, start.text ?? ""), "In a customer's words."),
      chosen.node,
      field("Language", input("locale", start.locale, { maxlength: 35, placeholder: "any" }), "A code such as en or de, where it should be searched in that language first."),
      field("Note", input("note", start.note, { maxlength: 2000 })),
    ];
    const save = async (form) => {
      const { text, locale, note } = form.elements;
      const body = { text: text.value, articles: chosen.value(), locale: locale.value.trim() || null, note: note.value };
      const kept = one ? await api("PUT", `/api/questions/${one.id}`, body) : await api("POST", "/api/questions", { ...body, ...given.beside });
      return async () => {
        await done("Saved.", kept.id);
        given.after?.();
      };
    };
    const remove = async () => {
      await api("DELETE", `/api/questions/${one.id}`);
      return () => done("Deleted.", "add");
    };
    ask(one ? "Change a golden question" : "Add a golden question", fields, "Save", save, (attempt) => (one ? [button("Delete", () => confirm(`Delete the question “${one.text}”?`) && attempt(remove), "danger")] : []));
  }

  function bring() {
    const file = (name, accept, required) => el("input", { type: "file", name, accept, required });
    const fields = [
      field("queries.jsonl", file("queries", ".jsonl,.json", true), "One question a line: {\"_id\": \"q1\", \"text\": \"where is my parcel\"}."),
      field("qrels.tsv", file("qrels", ".tsv,.txt"), "Which article answers which question: query-id, corpus-id and score, with tabs between. A question without a line should not be answered."),
    ];
    const text = (file) => (file ? file.text() : "");
    ask("Import golden questions", fields, "Import", async (form) => {
      const { queries, qrels } = form.elements;
      const { added, unchanged } = await api("POST", "/api/questions/import", { queries: await text(queries.files[0]), qrels: await text(qrels.files[0]) });
      return () => done(`${many(added)} added${unchanged ? `, ${unchanged} were there already` : ""}.`, "add");
    });
  }

  async function start() {
    run.disabled = true;
    const bar = el("progress", { max: told.items.length, value: 0, "aria-label": "Questions asked" });
    said.replaceChildren(el("p", { class: "soft" }, `Asking ${many(told.items.length)} …`), bar);
    try {
      await lines("/api/questions/runs", {}, ({ done, of }) => ((bar.max = of), (bar.value = done)));
      await draw();
      said.replaceChildren();
      desk.say(told.broke ? `${told.broke} broke since the last run.` : "Done. Nothing broke.");
      if (told.broke) (filter = "broke"), show();
    } catch (problem) {
      said.replaceChildren(el("p", { class: "error", role: "alert" }, problem.message.charAt(0).toUpperCase() + problem.message.slice(1)));
    }
    run.disabled = false;
    run.focus();
  }

  async function suggest() {
    more.replaceChildren(el("p", { class: "soft" }, "Looking through past conversations …"));
    try {
      const { conversations, outcomes } = await api("GET", "/api/questions/candidates");
      more.replaceChildren(
        el("h3", {}, "What agents said of answers"),
        rows("Suggestions from agents", outcomes.map((one) => suggestion(one, true)), "Nothing new. When agents resolve a conversation with “The bot was right”, “Wrong article” or “No article on it”, its question is suggested here."),
        el("h3", {}, "What customers asked"),
        rows("Suggestions from conversations", conversations.map((one) => suggestion(one, false)), "Nothing new. Questions that customers ask are suggested here, alike ones once."),
      );
    } catch (problem) {
      more.replaceChildren(el("p", { class: "error" }, problem.message));
    }
  }

  function suggestion(one, byAgent) {
    const beside = { history: one.history, conversation_id: one.conversation_id };
    const articles = one.article ? [{ ...one.article, status: "published" }] : [];
    const gone = (item) => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      (next?.querySelector("button") ?? place.querySelector("[data-key=add]")).focus();
    };
    const take = async (event) => {
      const item = event.target.closest("li");
      event.target.disabled = true;
      try {
        await api("POST", "/api/questions", { text: one.text, articles: articles.map(({ id }) => id), locale: one.locale, ...beside });
        await draw();
        desk.say("Added.");
        gone(item);
      } catch (problem) {
        desk.say(problem.message);
        event.target.disabled = false;
      }
    };
    const choose = (event) => {
      const item = event.target.closest("li");
      edit(null, { text: one.text, locale: one.locale, articles, beside, after: () => gone(item) });
    };
    const how = one.unanswerable ? "no article answers it, an agent says" : one.article ? [byAgent ? "by an agent's word: " : "was answered by ", el("b", { dir: "auto" }, one.article.title)] : "was not answered";
    const facts = el("p", { class: "small soft" }, how, one.times > 1 ? ` · asked ${one.times} times` : "", ` · ${ago(one.at)}`);
    const sure = one.article || one.unanswerable;
    return row(
      el("span", { dir: "auto" }, one.text),
      facts,
      sure && button("Add", take, "", { "aria-label": `Add ${one.text}` }),
      button(sure ? "Another article" : "Add with an article", choose, "", { "aria-label": `Choose the article for ${one.text}` }),
    );
  }
}

function outcome({ last, broke }) {
  if (!last) return [chip("Never run")];
  const kinds = last.right ? chip("✓ Right", "good") : last.action === "answer" ? chip("✕ Wrong article", "urgent") : chip("– Not answered", "high");
  return [kinds, broke && chip("Broke since the run before", "urgent")];
}

function became({ last }) {
  const sure = last.confidence === null ? "" : `, ${sureness(last.confidence)} sure`;
  return [`Last run: ${action(last.action).toLowerCase()}`, last.title && [" by ", el("span", { dir: "auto" }, last.title)], sure];
}

function summary({ runs, broke, mended }) {
  const last = runs.at(-1);
  const changes = runs.length < 2 ? "" : broke || mended ? ` Since the run before ${broke} broke and ${mended} ${mended === 1 ? "was" : "were"} mended.` : " Nothing changed since the run before.";
  return el(
    "section",
    { class: "card golden-summary" },
    el(
      "div",
      {},
      el("p", { class: "golden-figure" }, el("b", {}, `${last.right} of ${last.asked}`), " right"),
      el("p", {}, `${last.answered} answered, ${last.wrong} of them by a wrong article.${changes}`),
      el("p", { class: "soft small" }, `Run ${ago(last.at)} by ${last.by}, at a dial of ${percent(last.max_wrong)}.`),
    ),
    runs.length > 1 && chart(runs),
  );
}

// The share that was right, run by run.
function chart(runs) {
  const x = (index) => 8 + (index * (WIDTH - 16)) / (runs.length - 1);
  const y = (run) => HEIGHT - 10 - (run.right / run.asked) * (HEIGHT - 20);
  const day = (run) => new Date(run.at).toLocaleDateString([], { day: "numeric", month: "short" });
  const words = runs.map((run) => `${day(run)} ${run.right} of ${run.asked}`).join(", ");
  return el(
    "figure",
    { class: "runs" },
    el(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `Right in the last ${runs.length} runs: ${words}` },
      [0, 0.5, 1].map((share) => el("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 10 - share * (HEIGHT - 20), y2: HEIGHT - 10 - share * (HEIGHT - 20), class: "axis" })),
      el("polyline", { points: runs.map((run, index) => `${x(index)},${y(run)}`).join(" "), class: "curve" }),
      runs.map((run, index) => el("circle", { cx: x(index), cy: y(run), r: 4, class: "point" }, el("title", {}, `${day(run)}: ${run.right} of ${run.asked} right`))),
    ),
    el("figcaption", { class: "soft small" }, `Share right, ${day(runs[0])} to ${day(runs.at(-1))}`),
  );
}
