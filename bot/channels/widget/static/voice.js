// What a screen reader says of the conversation: each message once, and an answer sentence by sentence while it comes.

import { markdown } from "../help/markdown.js";

const KEPT = 6; // lines that stay: what is removed is not read again
const region = document.getElementById("voice");
let answer = ""; // what has been said of the answer on its way

function speak(text) {
  if (!text.trim()) return;
  const line = document.createElement("p");
  line.textContent = text;
  region.append(line);
  while (region.children.length > KEPT) region.firstElementChild.remove();
}

/** An answer as far as it has come: what is new of it is said. */
export function speakPart(text) {
  if (text.startsWith(answer)) speak(markdown(text.slice(answer.length)).textContent);
  answer = text;
}

/** A whole message. What was said while it came is not said again. */
export function speakMessage(who, text) {
  const rest = answer && text.startsWith(answer) ? text.slice(answer.length) : text;
  const said = markdown(rest).textContent;
  speak(rest === text ? `${who}: ${said}` : said);
  answer = "";
}
