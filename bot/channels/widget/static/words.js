// What the chat says, in the customer's language. Only that one language is loaded: words/de.js and its like, all with the
// same keys. The server has chosen it (`<html lang>`). Plural forms, numbers, dates and durations are Intl's.

const page = document.documentElement;

/** The interface's language. */
export const language = page.lang;
export const direction = page.dir;
const own = navigator.languages?.length ? navigator.languages : [navigator.language || "en"];
const told = new URLSearchParams(location.search).get("language");
const sameLanguage = (tag) => tag.toLowerCase().split("-")[0] === language;
/** The customer's own language tag (or the site's for them), told to the server. */
export const locale = told || own[0];
const regional = [told, ...own].find((tag) => tag && sameLanguage(tag)) ?? language;
/** For Intl: the customer's region of that language; digits as the words of the interface have them. */
export const formats = `${regional.replace(/-u-.*/, "")}-u-nu-latn`;

const { default: words } = await import(`./words/${language}.js`);
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(formats);

/** The words of `key`. `n` chooses among plural forms. */
export function say(key, values = {}) {
  let word = words[key];
  if (typeof word === "object") word = word[plural.select(values.n)] ?? word.other;
  return word.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number.format(values[name]) : values[name] ?? ""));
}

/** More words, of what is loaded later. */
export const learn = (more) => Object.assign(words, more);

/** Fills in the words of `root`: data-word is the text, data-word-label the accessible name, data-word-hint the placeholder. */
export function fillWords(root) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", say(node.dataset.wordLabel));
  for (const node of root.querySelectorAll("[data-word-hint]")) node.placeholder = say(node.dataset.wordHint);
}
