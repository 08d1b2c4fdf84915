// What goes out of the house: Slack and e-mail to the team, signed webhooks to programs, and what has not arrived.
import { api } from "./api.js";
import { el, time } from "./dom.js";
import { ask, button, check, chip, field, focusOn, form, input, list, reveal, row, rows } from "./manage_form.js";
import { keep, settings } from "./manage_settings.js";

const EVENTS = {
  "handoff.opened": "A conversation needs a person",
  "handoff.resolved": "A person has resolved it",
  "conversation.closed": "A conversation is closed",
  "message.created": "Every message: of customer, assistant, agent or system",
};

export async function notifications(place, desk) {
  const hooks = el("div");
  const failed = el("div");
  const { notifications: now } = await settings();
  const title = (words) => el("h2", {}, words);
  place.append(
    title("Slack and e-mail"),
    form(
      [
        field("Slack", input("slack_url", now.slack_url, { type: "url", maxlength: 2000, placeholder: "https://hooks.slack.com/…" }), "The address of an incoming webhook. Only admins see it."),
        field("E-mail to", input("emails", now.emails.join(", "), { placeholder: "desk@example.org" }), "Addresses with commas between. Agents choose for themselves in the inbox."),
        check("on_new", "Tell of new conversations in the queue", now.on_new),
        check("on_overdue", "Tell of overdue ones", now.on_overdue),
      ],
      "Save",
      async (form) => {
        const { slack_url, emails, on_new, on_overdue } = form.elements;
        await keep({ notifications: { slack_url: slack_url.value.trim() || null, emails: list(emails.value), on_new: on_new.checked, on_overdue: on_overdue.checked } });
        desk.say("Saved. It holds from now on.");
      },
    ),
    title("Webhooks"),
    el("p", { class: "soft" }, "Programs that are told of events, each request signed with the webhook's secret."),
    el("div", { class: "actions" }, button("Add a webhook", () => edit(null), "primary", { "data-key": "add" })),
    hooks,
    title("Not arrived"),
    failed,
  );
  await Promise.all([drawHooks(), drawFailed()]);

  async function drawHooks() {
    const { items } = await api("GET", "/api/webhooks");
    hooks.replaceChildren(rows("Webhooks", items.map(line), "No webhooks: add one to tell another program of what happens here."));
  }

  function line(hook) {
    const counts = [hook.pending && `${hook.pending} on the way`, hook.failed && `${hook.failed} not arrived`].filter(Boolean).join(" · ");
    const said = el("p", { class: "small", role: "status" }, counts);
    const test = button("Test", async () => {
      said.textContent = "Sending …";
      try {
        const told = await api("POST", `/api/webhooks/${hook.id}/test`);
        said.textContent = told.delivered ? "It arrived." : `It did not arrive: ${told.error}`;
      } catch (problem) {
        said.textContent = problem.message;
      }
    }, "", { "aria-label": `Test ${hook.url}` });
    const facts = [el("p", { class: "chips" }, !hook.active && chip("Off", "high"), hook.events.map((name) => chip(name))), said];
    return row(hook.url, facts, test, button("Change", () => edit(hook), "", { "aria-label": `Change ${hook.url}`, "data-key": hook.id }));
  }

  async function done(line, key) {
    await drawHooks();
    desk.say(line);
    focusOn(place, key);
  }

  const shown = (hook) => hook.secret && reveal("Secret of the webhook", "Keep it where the receiving program can read it. It is not shown again.", hook.secret);

  function edit(hook) {
    const fields = [
      field("Address", input("url", hook?.url, { type: "url", required: true, maxlength: 2000, placeholder: "https://example.org/hooks/parley" })),
      el("fieldset", {}, el("legend", {}, "Events"), Object.entries(EVENTS).map(([name, words]) => check("events", words, hook ? hook.events.includes(name) : name.startsWith("handoff."), name))),
      hook && check("active", "On", hook.active),
    ];
    const save = async (form) => {
      const body = { url: form.elements.url.value.trim(), events: [...form.querySelectorAll("[name=events]:checked")].map((one) => one.value) };
      if (hook) body.active = form.elements.active.checked;
      const kept = await api(hook ? "PUT" : "POST", hook ? `/api/webhooks/${hook.id}` : "/api/webhooks", body);
      return () => done("Saved.", kept.id).then(() => shown(kept));
    };
    const renew = async () => {
      const kept = await api("PUT", `/api/webhooks/${hook.id}`, { new_secret: true });
      return () => shown(kept);
    };
    const remove = async () => {
      await api("DELETE", `/api/webhooks/${hook.id}`);
      return () => done("Deleted.", "add");
    };
    const more = (attempt) => [
      button("New secret", () => confirm("Make a new secret? The old one is worth nothing at once.") && attempt(renew)),
      button("Delete", () => confirm("Delete this webhook, with what was still to be sent to it?") && attempt(remove), "danger"),
    ];
    ask(hook ? "Change a webhook" : "Add a webhook", fields, "Save", save, hook ? more : undefined);
  }

  async function drawFailed() {
    const { items, next } = await api("GET", "/api/deliveries?status=failed");
    const line = (one) => {
      const said = el("p", { class: "small", role: "status" }, one.error ?? "");
      const again = button("Try again", async () => {
        again.disabled = true;
        try {
          await api("POST", `/api/deliveries/${one.id}/retry`);
          said.textContent = "On its way again.";
        } catch (problem) {
          said.textContent = problem.message;
          again.disabled = false;
        }
      }, "", { "aria-label": `Try again: ${one.event} to ${one.to}` });
      return row(`${one.event} to ${one.to}`, [el("p", { class: "soft small" }, `${one.kind}, ${one.attempts} tries, `, time(one.created_at)), said], again);
    };
    failed.replaceChildren(rows("Not arrived", items.map(line), "Nothing: everything of the last 30 days has arrived, or is on its way."));
    if (next) failed.append(el("p", { class: "soft small" }, "Only the newest 50 are shown."));
  }
}
