// Markdown as the inbox shows it: links under the inbox's own rule, a picture as a link, a heading as a bold line.
import { markdown, oneLine } from "../help/markdown.js";
import { el, link } from "./dom.js";

const HERE = {
  breaks: true,
  link: (address, ...words) => link(address, words.length ? words : address), // without words the address is what was written
  picture: (label, address) => link(address, label || address),
  heading: (_, ...words) => el("p", { class: "heading" }, words),
};

/** What the customer gets to see. `typed`: what was written as plain words, by a customer or in a note: all of it shows. */
export const rich = (text, typed = false) => markdown(text, { ...HERE, typed });

export const richLine = (text) => oneLine(text, { ...HERE, typed: true });
