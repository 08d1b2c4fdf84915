// Targets, routing, and what customers are asked: numbers with their meaning beside them.
import { el } from "./dom.js";
import { button, field, form, input, number, select } from "./manage_form.js";
import { keep, settings } from "./manage_settings.js";
import { PRIORITIES, plain } from "./words.js";

export const STRATEGIES = [
  ["manual", "Agents claim for themselves"],
  ["least_busy", "To whoever has the fewest open"],
  ["round_robin", "To everybody in turn"],
];

export async function targets(place, desk) {
  const now = await settings();
  const lifts = lifted(now.lifts);
  const group = (title, ...fields) => el("fieldset", {}, el("legend", {}, title), fields);
  place.append(
    form(
      [
        group(
          "Targets",
          el("p", { class: "soft small" }, "Minutes, counted in office hours. What is past its target stands first in the queue."),
          PRIORITIES.map((name) =>
            el(
              "div",
              { class: "pair" },
              field(`${plain(name)}: first response`, number(`${name}-first_response`, now.targets[name].first_response, 1, 100000)),
              field(`${plain(name)}: resolved`, number(`${name}-resolution`, now.targets[name].resolution, 1, 1000000)),
            ),
          ),
        ),
        group(
          "Routing",
          field("Who gets a new conversation", select("strategy", now.strategy, STRATEGIES), "A team can have its own way."),
          field("Open conversations of one agent", number("capacity", now.capacity, 1, 200), "Routing gives no more than this to anybody who has no number of their own."),
          field("A claim left alone goes back after (minutes)", number("idle_minutes", now.idle_minutes, 0, 10000), "Since the customer wrote and nobody answered; 0: never."),
          field("Waiting this long makes it urgent sooner (minutes)", number("wait_rises_minutes", now.wait_rises_minutes, 0, 10000), "0: never."),
          lifts.node,
        ),
        group(
          "Customers",
          field("Offer an answer by e-mail after (minutes)", number("email_after_minutes", now.email_after_minutes, 0, 10000), "Of waiting; outside of office hours it is offered at once."),
          field("Ask one customer for the NPS at most every (days)", number("nps_every_days", now.nps_every_days, 0, 1000), "0: never."),
          field("Ask for the NPS after so many of a hundred conversations", number("nps_share", Math.round(now.nps_share * 100), 0, 100)),
        ),
      ],
      "Save",
      async (form) => {
        const value = (name) => Number(form.elements[name].value);
        await keep({
          targets: Object.fromEntries(PRIORITIES.map((name) => [name, { first_response: value(`${name}-first_response`), resolution: value(`${name}-resolution`) }])),
          strategy: form.elements.strategy.value,
          capacity: value("capacity"),
          idle_minutes: value("idle_minutes"),
          wait_rises_minutes: value("wait_rises_minutes"),
          email_after_minutes: value("email_after_minutes"),
          nps_every_days: value("nps_every_days"),
          nps_share: value("nps_share") / 100,
          lifts: lifts.value(),
        });
        desk.say("Saved. It holds from now on.");
      },
    ),
  );
}

// Customers whom an attribute serves earlier.
function lifted(given) {
  const place = el("ul", { class: "special", "aria-label": "Served earlier" });
  const plus = button("Add an attribute", () => {
    insert({ attribute: "", value: "", priority: "high" });
    place.lastElementChild.querySelector("input").focus();
  });
  const node = el("div", { class: "field" }, el("p", { class: "name" }, "Served earlier"), el("p", { class: "soft small" }, "Customers of whom your site says this, such as plan = enterprise."), place, plus);

  function insert(lift) {
    const attribute = input("", lift.attribute, { required: true, maxlength: 100, placeholder: "plan", "aria-label": "Attribute" });
    const value = input("", lift.value, { maxlength: 300, placeholder: "enterprise", "aria-label": "Value" });
    const priority = select("", lift.priority, [["high", "High"], ["urgent", "Urgent"]], { "aria-label": "Priority" });
    const away = button("Remove", () => {
      line.remove();
      plus.dispatchEvent(new Event("input", { bubbles: true }));
      plus.focus();
    }, "quiet");
    const line = el("li", {}, el("div", { class: "pair" }, attribute, value, priority, away));
    line.given = () => ({ attribute: attribute.value.trim(), value: value.value.trim(), priority: priority.value });
    place.append(line);
  }
  for (const lift of given) insert(lift);
  return { node, value: () => [...place.children].map((line) => line.given()) };
}
