// A week of office hours that can be edited: several spans a day, a time zone, and the days that differ.
import { el } from "./dom.js";
import { button, check, field, input } from "./manage_form.js";

const DAYS = { mon: "Monday", tue: "Tuesday", wed: "Wednesday", thu: "Thursday", fri: "Friday", sat: "Saturday", sun: "Sunday" };
const OFFICE = Object.fromEntries(Object.keys(DAYS).map((key) => [key, ["sat", "sun"].includes(key) ? [] : [{ start: "09:00", end: "17:00" }]]));

// `value()` gives the hours back as /api/desk takes them.
export function week(given) {
  const hours = given ?? { timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, weekly: OFFICE, holidays: [], country: null };
  const zone = input("timezone", hours.timezone, { list: "zones", required: true, placeholder: "Europe/Berlin" });
  const country = input("country", hours.country ?? "", { maxlength: 10, placeholder: "DE, or DE-BY", pattern: "[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?" });
  const always = check("always", "Somebody is always there", hours.weekly === null);
  const days = Object.entries(DAYS).map(([key, label]) => [key, spans(label, (hours.weekly ?? OFFICE)[key] ?? [])]);
  const copy = button("Monday's hours for Tuesday to Friday", () => {
    const monday = days[0][1].value();
    for (const [, day] of days.slice(1, 5)) day.set(monday);
    changed(copy);
  });
  const table = el("div", { class: "week" }, days.map(([, day]) => day.node), copy);
  const holidays = special(hours.holidays);
  const box = always.querySelector("input");
  const toggle = () => (table.hidden = box.checked);
  box.addEventListener("change", toggle);
  toggle();
  const node = el(
    "div",
    { class: "fields" },
    field("Time zone", zone, "Start typing a city."),
    always,
    table,
    field("Public holidays of", country, "A country's code, or with its part; those days are closed. Empty: none."),
    holidays.node,
  );
  const value = () => ({
    timezone: zone.value.trim(),
    weekly: box.checked ? null : Object.fromEntries(days.map(([key, day]) => [key, day.value()])),
    country: country.value.trim().toUpperCase() || null,
    holidays: holidays.value(),
  });
  return { node, value };
}

const changed = (control) => control.dispatchEvent(new Event("input", { bubbles: true }));
const clock = (text) => text.slice(0, 5);

// The spans of one day.
function spans(label, given) {
  const place = el("div", { class: "spans" });
  const closed = el("span", { class: "soft" }, "Closed");
  const plus = button("Add hours", () => {
    const last = [...place.querySelectorAll("input")].at(-1)?.value;
    insert({ start: last && last !== "00:00" ? last : "09:00", end: last && last !== "00:00" ? "00:00" : "17:00" });
    place.lastElementChild.querySelector("input").focus();
    changed(plus);
  }, "quiet", { "aria-label": `Add hours on ${label}` });
  const node = el("div", { class: "day", role: "group", "aria-label": label }, el("span", { class: "name" }, label), place, closed, plus);

  function insert(span) {
    const at = (name, value) => el("input", { type: "time", required: true, value: clock(value), "aria-label": `${label}, ${name}` });
    const away = button("✕", () => {
      line.remove();
      count();
      changed(plus);
      plus.focus();
    }, "quiet", { "aria-label": `Remove these hours of ${label}` });
    const line = el("div", { class: "span" }, at("from", span.start), el("span", {}, "to"), at("until", span.end), away);
    place.append(line);
    count();
  }
  const count = () => (closed.hidden = place.childElementCount > 0);
  const set = (list) => {
    place.replaceChildren();
    for (const span of list) insert(span);
    count();
  };
  set(given);
  const value = () =>
    [...place.children].map((line) => {
      const [start, end] = line.querySelectorAll("input");
      return { start: start.value, end: end.value };
    });
  return { node, value, set };
}

// Days with hours of their own.
function special(given) {
  const place = el("ul", { class: "special", "aria-label": "Days that differ" });
  const plus = button("Add a day", () => {
    insert({ date: "", name: "", spans: [] });
    place.lastElementChild.querySelector("input").focus();
  });
  const node = el("fieldset", {}, el("legend", {}, "Days that differ"), el("p", { class: "soft small" }, "A day off, or a day with other hours than its weekday."), place, plus);

  function insert(day) {
    const date = el("input", { type: "date", required: true, value: day.date, "aria-label": "Date" });
    const name = el("input", { value: day.name, maxlength: 100, placeholder: "Company outing", "aria-label": "What it is" });
    const open = spans("Hours that day", day.spans);
    const away = button("Remove day", () => {
      line.remove();
      changed(plus);
      plus.focus();
    }, "quiet");
    const line = el("li", {}, el("div", { class: "pair" }, date, name, away), open.node);
    line.given = () => ({ date: date.value, name: name.value.trim(), spans: open.value() });
    place.append(line);
  }
  for (const day of given) insert(day);
  return { node, value: () => [...place.children].map((line) => line.given()) };
}
