// Canned replies: texts that are sent often, with variables.
import { api } from "./api.js";
import { el } from "./dom.js";
import { ask, button, field, focusOn, input, row, rows } from "./manage_form.js";

export async function canned(place, desk) {
  const lines = el("div");
  let variables = [];
  place.append(
    el("p", { class: "soft" }, "In the inbox, type / and the shortcut at the start of a line. Variables are filled in for the agent to read before sending."),
    el("div", { class: "actions" }, button("Add a canned reply", () => edit(null), "primary", { "data-key": "add" })),
    lines,
  );
  await draw();

  async function draw() {
    const found = await api("GET", "/api/canned");
    variables = found.variables;
    lines.replaceChildren(rows("Canned replies", found.items.map(line), "No canned replies yet: add the answer that your team types most often."));
  }

  function line(reply) {
    const facts = [el("p", { class: "clamp" }, reply.text), el("p", { class: "soft small" }, reply.used ? `used ${reply.used} times` : "not used yet")];
    return row([el("code", {}, `/${reply.shortcut}`), ` ${reply.title}`], facts, button("Change", () => edit(reply), "", { "aria-label": `Change ${reply.title}`, "data-key": reply.id }));
  }

  async function done(line, key) {
    await draw();
    desk.say(line);
    focusOn(place, key);
  }

  function edit(reply) {
    const fields = [
      field("Shortcut", input("shortcut", reply?.shortcut, { required: true, maxlength: 61, placeholder: "refund-delay" }), "Letters, digits, dots and dashes."),
      field("Title", input("title", reply?.title, { required: true, maxlength: 200 })),
      field(
        "Text",
        el("textarea", { name: "text", rows: 8, maxlength: 8000, required: true }, reply?.text ?? ""),
        `Markdown. Variables: ${variables.map((name) => `{{${name}}}`).join(", ")}; {{customer.first_name|there}} has a word for when it is not known.`,
      ),
    ];
    const save = async (form) => {
      const { shortcut, title, text } = form.elements;
      const body = { shortcut: shortcut.value, title: title.value, text: text.value };
      const kept = await api(reply ? "PUT" : "POST", reply ? `/api/canned/${reply.id}` : "/api/canned", body);
      return () => done("Saved.", kept.id);
    };
    const remove = async () => {
      await api("DELETE", `/api/canned/${reply.id}`);
      return () => done("Deleted.", "add");
    };
    const sure = () => confirm(`Delete the canned reply “${reply.title}”?`);
    ask(reply ? "Change a canned reply" : "Add a canned reply", fields, "Save", save, (attempt) => (reply ? [button("Delete", () => sure() && attempt(remove), "danger")] : []));
  }
}
