// Teams: who shares a queue, with which skills, and in which hours.
import { api } from "./api.js";
import { el } from "./dom.js";
import { ask, button, check, chip, field, focusOn, input, list, row, rows, select } from "./manage_form.js";
import { STRATEGIES } from "./manage_targets.js";
import { week } from "./manage_week.js";

export async function teams(place, desk) {
  const lines = el("div");
  let agents = [];
  place.append(
    el("p", { class: "soft" }, "A new conversation goes to the team whose languages and sections fit it best; without any it stays with everybody."),
    el("div", { class: "actions" }, button("Add a team", () => edit(null), "primary", { "data-key": "add" })),
    lines,
  );
  await draw();

  async function draw() {
    const [people, found] = await Promise.all([api("GET", "/api/agents"), api("GET", "/api/teams")]);
    agents = people.items;
    lines.replaceChildren(rows("Teams", found.items.map(line), "No teams: everybody shares one queue. Add a team when some conversations are for some people."));
  }

  function line(team) {
    const names = team.members.map((member) => member.name).join(", ") || "nobody yet";
    const facts = [
      el("p", { class: "soft small" }, `${names} · ${STRATEGIES.find(([key]) => key === team.strategy)[1].toLowerCase()}`),
      el("p", { class: "chips" }, team.languages.map((code) => chip(code)), team.sections.map((section) => chip(section)), team.hours && chip("Own hours")),
    ];
    return row(team.name, facts, button("Change", () => edit(team), "", { "aria-label": `Change ${team.name}`, "data-key": team.id }));
  }

  async function done(line, key) {
    await draw();
    desk.say(line);
    focusOn(place, key);
  }

  function edit(team) {
    const own = check("own", "Office hours of its own", Boolean(team?.hours));
    const box = own.querySelector("input");
    const editor = week(team?.hours);
    const toggle = () => {
      editor.node.hidden = !box.checked;
      for (const control of editor.node.querySelectorAll("input")) control.disabled = !box.checked;
    };
    box.addEventListener("change", toggle);
    toggle();
    const here = new Set(team?.members.map((member) => member.id));
    const members = el(
      "fieldset",
      {},
      el("legend", {}, "Members"),
      agents.length ? agents.map((agent) => check("members", agent.name, here.has(agent.id), agent.id)) : el("p", { class: "soft" }, "Add people first."),
    );
    const fields = [
      field("Name", input("name", team?.name, { required: true, maxlength: 100 })),
      members,
      field("Languages", input("languages", team?.languages.join(", "), { placeholder: "en, de" }), "Codes with commas between; empty: any."),
      field("Sections", input("sections", team?.sections.join(", "), { placeholder: "Billing" }), "Of the help center, as written there; empty: any."),
      field("Who gets a new conversation", select("strategy", team?.strategy ?? "manual", STRATEGIES)),
      own,
      editor.node,
    ];
    const save = async (form) => {
      const { name, languages, sections, strategy } = form.elements;
      const body = {
        name: name.value,
        languages: list(languages.value),
        sections: list(sections.value),
        strategy: strategy.value,
        members: [...form.querySelectorAll("[name=members]:checked")].map((one) => one.value),
        hours: box.checked ? editor.value() : null,
      };
      const kept = await api(team ? "PUT" : "POST", team ? `/api/teams/${team.id}` : "/api/teams", body);
      return () => done("Saved.", kept.id);
    };
    const remove = async () => {
      await api("DELETE", `/api/teams/${team.id}`);
      return () => done(`${team.name} is gone.`, "add");
    };
    const sure = () => confirm(`Delete the team ${team.name}? Its conversations stay in the queue.`);
    ask(team ? `Change ${team.name}` : "Add a team", fields, "Save", save, (attempt) => (team ? [button("Delete", () => sure() && attempt(remove), "danger")] : []));
  }
}
