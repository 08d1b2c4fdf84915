// API tokens: what programs use instead of a password.
import { api } from "./api.js";
import { ago, el } from "./dom.js";
import { button, field, form, input, reveal, row, rows, select } from "./manage_form.js";

export async function tokens(place, desk) {
  const { items: agents } = await api("GET", "/api/agents");
  const lines = el("div");
  const whose = select("agent", desk.me.id, agents.map((agent) => [agent.id, agent.id === desk.me.id ? `${agent.name} (you)` : agent.name]));
  whose.addEventListener("change", draw);
  const make = form(
    [field("What it is for", input("name", "", { required: true, maxlength: 100, placeholder: "Nightly report" }))],
    "Make a token",
    async (form) => {
      const made = await api("POST", `/api/agents/${whose.value}/tokens`, { name: form.elements.name.value });
      form.reset();
      await draw();
      reveal("API token", "Send it as “Authorization: Bearer TOKEN”. It may do what its agent may do, and is not shown again.", made.token);
    },
  );
  place.append(
    el("p", { class: "soft" }, "A token acts for its agent. Withdraw it, and it is worth nothing from that moment."),
    field("Tokens of", whose),
    lines,
    el("h2", {}, "Make a token"),
    make,
  );
  await draw();

  async function draw() {
    const { items } = await api("GET", `/api/agents/${whose.value}/tokens`);
    lines.replaceChildren(rows("API tokens", items.map(line), "No tokens: make one below for a program that works with Parley."));
  }

  function line(token) {
    const used = token.last_used_at ? `last used ${ago(token.last_used_at)}` : "not used yet";
    const withdraw = async () => {
      if (!confirm(`Withdraw the token ${token.name || "…" + token.hint}? Programs that use it are refused at once.`)) return;
      await api("DELETE", `/api/tokens/${token.id}`);
      await draw();
      desk.say("Withdrawn.");
      whose.focus();
    };
    const facts = el("p", { class: "soft small" }, el("code", {}, `…${token.hint}`), ` · made ${ago(token.created_at)} · ${used}`);
    return row(token.name || "Without a name", facts, button("Withdraw", withdraw, "danger", { "aria-label": `Withdraw ${token.name || token.hint}` }));
  }
}
