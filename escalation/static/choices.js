// What a step still needs to know, asked of the agent: for one conversation and for many at once.
import { api } from "./api.js";
import { el, moment } from "./dom.js";
import { ask, pick } from "./picker.js";
import { OUTCOMES, PRIORITIES, plain } from "./words.js";

/** The rest of a step's request, or null when the agent thinks better of it. `of`: the conversation, when it is one. */
export function choose(step, directory, of = null) {
  return { assign, team, priority, snooze, label, unlabel, resolve }[step]?.(directory, of) ?? Promise.resolve({});
}

async function assign(directory, of) {
  const items = directory.agents.map((agent) => ({
    label: directory.agentWords(agent),
    also: agent.id === directory.me.id ? "me" : "",
    hint: [agent.available === false && "away", agent.teams?.map((team) => team.name).join(", ")].filter(Boolean).join(" · "),
    checked: of?.assignee?.id === agent.id,
    value: agent.id,
  }));
  const chosen = await pick({ title: "Assign to", placeholder: "Name of a colleague", items });
  return chosen && { agent_id: chosen.value };
}

async function team(directory, of) {
  const items = directory.teams.map((team) => ({ label: team.name, checked: of?.team?.id === team.id, value: team.id }));
  const none = { label: "No team", value: null, checked: of ? !of.team : false };
  const chosen = await pick({ title: "Team", items: [...items, none], empty: "There is no such team. An admin adds teams on the page Manage." });
  return chosen && { team_id: chosen.value };
}

async function priority(_directory, of) {
  const items = PRIORITIES.map((name, index) => ({ label: plain(name), value: name, key: String(index + 1), checked: of?.priority === name }));
  const chosen = await pick({ title: "Priority", items, direct: true });
  return chosen && { priority: chosen.value };
}

async function snooze(_directory, of) {
  const items = [
    ...snoozes(new Date()).map(([label, until], index) => ({ label, hint: moment(until.toISOString()), value: until, key: String(index + 1) })),
    { label: "Choose a time …", value: "custom", key: "5" },
    of?.snoozed_until && { label: "Wake it now", value: null, key: "0" },
  ].filter(Boolean);
  const chosen = await pick({ title: "Snooze until", items, direct: true });
  if (!chosen) return null;
  const until = chosen.value === "custom" ? await someTime() : chosen.value;
  return until === undefined ? null : { until: until && until.toISOString() };
}

/** The usual times from `now` on, in the agent's own time zone. */
function snoozes(now) {
  const nine = (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9);
  return [
    ["In 1 hour", new Date(now.getTime() + 3600000)],
    ["In 4 hours", new Date(now.getTime() + 4 * 3600000)],
    ["Tomorrow, 9:00", nine(1)],
    ["Monday, 9:00", nine((8 - now.getDay()) % 7 || 7)],
  ];
}

async function someTime() {
  const local = (date) => new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  const [, , [, tomorrow]] = snoozes(new Date());
  const field = el("input", { name: "until", type: "datetime-local", required: true, value: local(tomorrow), min: local(new Date()) });
  const given = await ask({ title: "Snooze until", fields: el("label", {}, "Day and time", field), action: "Snooze" });
  return given ? new Date(given.until) : undefined;
}

async function label(directory, of) {
  const there = new Set(of?.labels ?? []);
  const items = () => {
    const known = directory.labels.map((one) => ({ label: one.label, hint: `on ${one.count}`, checked: there.has(one.label), value: one.label }));
    const rest = [...there].filter((name) => !known.some((item) => item.value === name));
    return [...known, ...rest.map((name) => ({ label: name, checked: true, value: name }))];
  };
  const make = (text) => {
    const name = text.toLowerCase().split(/\s+/).join(" ").slice(0, 60);
    return items().some((item) => item.value === name) ? null : { label: `New label “${name}”`, value: name };
  };
  const chosen = await pick({
    title: of ? "Labels" : "Add a label",
    placeholder: "Name of a label",
    items: items(),
    fresh: directory.again("labels").then(items),
    make,
    empty: "No label yet: type its name.",
  });
  if (!chosen) return null;
  if (!of) return { label: chosen.value };
  return there.has(chosen.value) ? { add: [], remove: [chosen.value] } : { add: [chosen.value], remove: [] };
}

async function unlabel(directory) {
  const items = () => directory.labels.map((one) => ({ label: one.label, hint: `on ${one.count}`, value: one.label }));
  const fresh = directory.again("labels").then(items);
  const chosen = await pick({ title: "Remove a label", items: items(), fresh, empty: "No conversation has a label." });
  return chosen && { label: chosen.value };
}

async function resolve(_directory, of) {
  const items = [
    ...OUTCOMES.map((outcome, index) => ({ ...outcome, key: String(index + 1) })),
    { label: "Resolve without an outcome", value: null, key: "0", hook: "resolve-confirm" },
  ];
  const chosen = await pick({ title: "What was it?", placeholder: "Press a number, or type", items, direct: true });
  if (!chosen) return null;
  if (chosen.value !== "wrong article" || !of) return { outcome: chosen.value };
  const article = await rightArticle(of);
  return article && { outcome: chosen.value, article_id: article.value };
}

function rightArticle(of) {
  const skip = { label: "I cannot say", hint: "resolve without naming an article", value: null };
  return pick({
    title: "Which article answers it?",
    placeholder: "Search the help center",
    find: async (text) => {
      const found = await api("GET", `/api/search?${new URLSearchParams({ q: (text || of.question).slice(0, 300), limit: "8" })}`);
      return [...found.results.map((hit) => ({ label: hit.title, hint: hit.section?.join(" › "), value: hit.article_id })), skip];
    },
  });
}
