// People: who answers in the inbox, with which role and skills, and whether they can sign in.
import { api } from "./api.js";
import { ago, el } from "./dom.js";
import { ask, button, check, chip, field, focusOn, input, list, number, row, rows, select } from "./manage_form.js";
import { plain } from "./words.js";

const ROLES = [
  ["agent", "Agent: works in the inbox"],
  ["lead", "Lead: acts on everybody's conversations, keeps canned replies, reads the audit log"],
  ["admin", "Admin: everything"],
];

export async function people(place, desk) {
  let all = false;
  const status = el("div");
  place.append(
    el("p", { class: "soft" }, "Everybody who can sign in to the inbox. Who is deactivated is out at once; what they wrote keeps their name."),
    el("div", { class: "actions" }, button("Add an agent", add, "primary", { "data-key": "add" }), everybody()),
    status,
  );
  await draw();

  function everybody() {
    const box = check("all", "Show who was deactivated", all);
    box.querySelector("input").addEventListener("change", (event) => {
      all = event.target.checked;
      draw();
    });
    return box;
  }

  async function draw() {
    const { items } = await api("GET", `/api/agents${all ? "?all=1" : ""}`);
    status.replaceChildren(rows("People", items.map(line), "Nobody here yet: add the first agent above."));
  }

  function line(agent) {
    const marks = [
      chip(plain(agent.role), agent.role === "agent" ? "" : "strong"),
      !agent.active && chip("Deactivated", "urgent"),
      agent.locked_until && chip("Locked out", "urgent"),
      agent.active && !agent.available && chip("Away", "high"),
      !agent.has_password && chip("Token only"),
      agent.teams.map((team) => chip(team.name)),
      agent.languages.map((code) => chip(code)),
      agent.sections.map((section) => chip(section)),
    ];
    const seen = agent.last_seen_at ? `last seen ${ago(agent.last_seen_at)}` : "not seen yet";
    const facts = [
      el("p", { class: "soft small" }, `${agent.email} · ${agent.open} open · ${seen}`),
      el("p", { class: "chips" }, marks),
    ];
    const change = button("Change", () => edit(agent), "", { "aria-label": `Change ${agent.name}`, "data-key": agent.id });
    return row(agent.id === desk.me.id ? `${agent.name} (you)` : agent.name, facts, change);
  }

  async function done(line, key) {
    await draw();
    desk.say(line);
    focusOn(place, key);
  }

  function add() {
    const fields = [
      field("E-mail", input("email", "", { type: "email", required: true, maxlength: 320 })),
      field("Name", input("name", "", { required: true, maxlength: 300 }), "As customers see it."),
      field("Role", select("role", "agent", ROLES)),
      field(
        "First password",
        input("password", "", { type: "password", minlength: 8, maxlength: 1000, autocomplete: "new-password" }),
        "At least 8 characters; they can change it in the inbox. Leave it empty for a program that uses an API token only.",
      ),
    ];
    ask("Add an agent", fields, "Add", async (form) => {
      const { email, name, role, password } = form.elements;
      const made = await api("POST", "/api/agents", { email: email.value, name: name.value, role: role.value, password: password.value || null });
      return () => done(`${made.name} is an agent now.`, made.id);
    });
  }

  function edit(agent) {
    const fields = [
      field("Name", input("name", agent.name, { required: true, maxlength: 300 }), "As customers see it."),
      field("E-mail", input("email", agent.email, { type: "email", required: true, maxlength: 320 })),
      field("Role", select("role", agent.role, ROLES)),
      field("Languages", input("languages", agent.languages.join(", "), { placeholder: "en, de" }), "Codes with commas between; empty: any."),
      field("Sections", input("sections", agent.sections.join(", "), { placeholder: "Billing" }), "Of the help center, as written there; empty: any."),
      field("Open conversations at once", number("capacity", agent.capacity, 0, 200), "Routing gives no more than this; 0: as under “Targets and routing”."),
      check("available", "May be given new conversations", agent.available),
      field(
        "New password",
        input("password", "", { type: "password", minlength: 8, maxlength: 1000, autocomplete: "new-password" }),
        "Leave it empty to keep the old one. A new one signs them out everywhere.",
      ),
    ];
    const put = async (body, line) => {
      await api("PUT", `/api/agents/${agent.id}`, body);
      return () => done(line, agent.id);
    };
    const save = (form) => {
      const { name, email, role, languages, sections, capacity, available, password } = form.elements;
      const body = {
        name: name.value,
        email: email.value,
        role: role.value,
        languages: list(languages.value),
        sections: list(sections.value),
        capacity: Number(capacity.value),
        available: available.checked,
        password: password.value || null,
      };
      return put(body, "Saved.");
    };
    const more = (attempt) => [
      ...(agent.locked_until ? [button("Unlock", () => attempt(() => put({ unlock: true }, `${agent.name} may try again.`)))] : []),
      agent.active
        ? button("Deactivate", () => sure(agent) && attempt(() => put({ active: false }, `${agent.name} is out.`)), "danger")
        : button("Let in again", () => attempt(() => put({ active: true }, `${agent.name} is back.`))),
    ];
    ask(`Change ${agent.name}`, fields, "Save", save, more);
  }

  function sure(agent) {
    const open = agent.open ? ` ${agent.open} open conversations go back into the queue.` : "";
    return confirm(`Deactivate ${agent.name}? Sessions and API tokens end at once.${open}`);
  }
}
