// The owner's site: name, logo, colour, languages and words, with a picture of what comes of them.
import { Problem, api } from "./api.js";
import { el } from "./dom.js";
import { button, field, form, input, list, select } from "./manage_form.js";
import { preview } from "./manage_site_preview.js";

const LANGUAGES = ["en", "de", "es", "fr", "pt", "it", "nl", "pl", "ru", "ar", "ja", "zh"];
const names = new Intl.DisplayNames(["en"], { type: "language" });
const nameOf = (tag) => {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
};

export async function site(place, desk) {
  const now = await api("GET", "/api/site");
  let logo = now.logo;
  const look = preview();
  const name = input("name", now.name, { maxlength: 80, required: true });
  const color = input("accent", now.accent, { type: "color", class: "color" });
  const hex = input("hex", now.accent, { maxlength: 9, spellcheck: "false", class: "hex", "aria-label": "The colour in hexadecimal" });
  const contrast = el("p", { class: "soft small", role: "status" });
  const words = el("div", { class: "by-language" });
  const file = el("input", { type: "file", id: "logo-file", accept: "image/png,image/jpeg,image/gif,image/webp", class: "visually-hidden" });
  const logoSays = el("p", { class: "soft small", role: "status", id: "logo-says" });
  const logoPicture = el("img", { class: "logo-now", alt: "The logo as it is" });
  const remove = button("Remove", () => setLogo(null), "quiet", { hidden: true });
  const used = [...new Set([now.default_language, ...now.languages, ...Object.keys(now.headings), ...Object.keys(now.greetings), ...Object.keys(now.starters)])];
  const sections = new Map();
  const more = select("more", "", []);

  const body = form(
    [
      field("Name", name, "Stands at the top of the help center, of the chat and of this desk."),
      el(
        "div",
        { class: "field" },
        el("span", { class: "label", id: "logo-label" }, "Logo"),
        el("div", { class: "actions" }, logoPicture, el("label", { class: "button", for: "logo-file" }, "Choose a picture"), file, remove),
        logoSays,
      ),
      el("div", { class: "field" }, el("label", { for: color.id = "accent" }, "Colour"), el("div", { class: "actions" }, color, hex, button("As shipped", () => paint("#1a56c4"), "quiet")), contrast),
      look.node,
      field("Default language", input("default_language", now.default_language, { maxlength: 35, required: true, list: "languages" }), "Where a customer's language is not known."),
      field("Languages offered", input("languages", now.languages.join(", "), { maxlength: 400 }), "Codes with commas between, such as en, de, pt-BR. Empty: those that articles are in."),
      el("datalist", { id: "languages" }, LANGUAGES.map((tag) => el("option", { value: tag }, nameOf(tag)))),
      el("h2", {}, "Words by language"),
      words,
      el("div", { class: "actions" }, el("label", { class: "visually-hidden", for: more.id = "more-language" }, "Another language"), more, button("Add words in this language", () => more.value && add(more.value, true))),
      el("h2", {}, "Links"),
      field("Your own hosts", input("own_hosts", now.own_hosts.join(", "), { maxlength: 4000, placeholder: "www.example.org, shop.example.org" }), "Answers may link there, beside articles and the sites that articles came from. Links to any other host are shown as plain words."),
    ],
    "Save",
    async () => {
      const kept = await api("PUT", "/api/site", read());
      hex.value = color.value = kept.accent;
      for (const other of document.querySelectorAll(".brand")) other.lastChild.textContent = kept.name;
      desk.say("Saved. It holds from now on.");
    },
  );
  place.append(
    el("p", { class: "soft" }, "What customers see of you. A change holds at once: for the next page, the next chat, without a restart."),
    body,
  );

  function add(tag, focus = false) {
    const label = `${nameOf(tag)} (${tag})`;
    const starters = el("textarea", { rows: 3, dir: "auto", lang: tag, maxlength: 1300 });
    const greeting = el("textarea", { rows: 2, dir: "auto", lang: tag, maxlength: 1000 });
    const heading = el("input", { dir: "auto", lang: tag, maxlength: 200, autocomplete: "off" });
    heading.value = now.headings[tag] ?? "";
    greeting.value = now.greetings[tag] ?? "";
    starters.value = (now.starters[tag] ?? []).join("\n");
    const node = el(
      "details",
      { open: true },
      el("summary", {}, label),
      el(
        "div",
        { class: "fields" },
        field("Heading of the help center", heading, "Empty: “How can we help?”"),
        field("Greeting of the chat", greeting, "Empty: the bot's own greeting in this language. Say that it is a machine, and that a person can be asked for."),
        field("Starter questions", starters, "One a line, six at most. Empty: the titles of popular articles."),
      ),
    );
    sections.set(tag, { heading, greeting, starters });
    words.append(node);
    offer();
    if (focus) {
      body.dataset.dirty = "";
      heading.focus();
    }
  }

  function offer() {
    const left = LANGUAGES.filter((tag) => !sections.has(tag));
    more.replaceChildren(...left.map((tag) => el("option", { value: tag }, nameOf(tag))));
    more.closest(".actions").hidden = !left.length;
  }

  const byLanguage = (read) => Object.fromEntries([...sections].map(([tag, fields]) => [tag, read(fields)]));

  function read() {
    const { default_language: language, languages, own_hosts: hosts } = body.elements;
    return {
      name: name.value,
      logo,
      accent: hex.value.trim(),
      default_language: language.value.trim(),
      languages: list(languages.value),
      own_hosts: list(hosts.value),
      headings: byLanguage(({ heading }) => heading.value.trim()),
      greetings: byLanguage(({ greeting }) => greeting.value.trim()),
      starters: byLanguage(({ starters }) => starters.value.split("\n").map((line) => line.trim()).filter(Boolean)),
    };
  }

  function setLogo(id) {
    logo = id;
    const address = id ? `/files/${id}/logo` : null;
    logoPicture.hidden = remove.hidden = !id;
    if (address) logoPicture.src = address;
    logoSays.textContent = id ? "" : "None: the speech bubble stands in its place. PNG, JPEG, GIF or WebP, at best on a transparent ground.";
    look.show({ logo: address });
  }

  let asked = 0;
  async function paint(value) {
    const mine = ++asked;
    hex.value = value;
    if (/^#[0-9a-f]{6}$/i.test(value)) color.value = value;
    try {
      const made = await api("GET", `/api/site/colors?accent=${encodeURIComponent(value)}`);
      if (mine !== asked) return;
      color.value = made.brand;
      contrast.replaceChildren(...said(made));
      hex.removeAttribute("aria-invalid");
      look.show({ colors: made });
    } catch (problem) {
      if (mine !== asked) return;
      hex.setAttribute("aria-invalid", "true");
      contrast.textContent = problem.message;
    }
  }

  file.addEventListener("change", async () => {
    const picture = file.files[0];
    if (!picture) return;
    logoSays.textContent = "Sending …";
    try {
      const kept = await upload(picture);
      body.dataset.dirty = "";
      setLogo(kept.id);
      logoSays.textContent = "Uploaded. It is shown once you save.";
    } catch (problem) {
      logoSays.textContent = problem.message;
    }
    file.value = "";
  });
  color.addEventListener("input", () => paint(color.value));
  hex.addEventListener("input", () => paint(hex.value.trim()));
  body.addEventListener("input", words_);
  function words_() {
    const first = sections.get(body.elements.default_language.value.trim()) ?? sections.values().next().value;
    look.show({ name: name.value, heading: first?.heading.value, greeting: first?.greeting.value, starters: first?.starters.value.split("\n").filter((line) => line.trim()) });
  }

  for (const tag of used) add(tag);
  setLogo(logo);
  words_();
  await paint(now.accent);
}

async function upload(picture) {
  let response;
  try {
    response = await fetch("/api/logo", { method: "POST", body: picture, headers: { "Content-Type": "application/octet-stream" } });
  } catch {
    throw new Problem(0, "The server cannot be reached. Check the connection and try again.");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, told.detail ?? `The server answered ${response.status}.`);
  return told;
}

// What becomes of the colour, in words: contrast as WCAG 2.2 counts it, from 1 to 21; text needs 4.5.
function said({ brand, on_brand: on, light, dark, contrast, changed }) {
  const white = `On white it has a contrast of ${contrast.brand_on_white} to 1`;
  const text = on === "#ffffff" ? "white" : "black";
  return [
    changed.light ? `${white}, too little for words (4.5 is needed): links and buttons take ` : `${white}: it can be read, and links and buttons take it as it is`,
    changed.light && swatch(light.accent),
    changed.light && ` (${contrast.light} to 1)`,
    ". In dark mode they take ",
    swatch(dark.accent),
    ` (${contrast.dark} to 1). The button of the chat keeps your colour, with ${text} on it (${contrast.on_brand} to 1).`,
  ].filter(Boolean);
}

function swatch(color) {
  const node = el("span", { class: "color-chip" }, el("i", { "aria-hidden": "true" }), color);
  node.firstChild.style.background = color;
  return node;
}
