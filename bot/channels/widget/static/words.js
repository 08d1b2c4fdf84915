// Every word of the chat's interface, by language. Adding a language is adding an object here.
// `{name}` is filled in by `say`; a key may hold a function where grammar needs one.

const en = {
  dir: "ltr",
  title: "Chat",
  assistant: "Assistant",
  you: "You",
  agent: "Support",
  greeting: "Hi, I'm the assistant. I answer from our help center and show you where each answer comes from. You can ask for a person at any time.",
  starters: "People often look for",
  subtitle_bot: "Answers from the help center",
  subtitle_waiting: "A person is on the way",
  subtitle_agent: "{name} is with you",
  subtitle_closed: "This conversation has ended",
  log: "Conversation",
  input: "Your message",
  placeholder: "Write a message…",
  placeholder_agent: "Write to {name}…",
  placeholder_closed: "Write to continue…",
  send: "Send",
  close: "Close chat",
  person: "Talk to a person",
  person_busy: "Asking for a person…",
  end: "End chat",
  bar: "Your conversation with a person",
  back: "Back to the assistant",
  waiting: ({ position, minutes }) => {
    const place = position ? (position === 1 ? "you are next" : `you are number ${position} in line`) : "you are in line";
    const wait = minutes === null ? "" : minutes <= 1 ? ", about a minute" : minutes < 90 ? `, about ${minutes} minutes` : `, about ${Math.round(minutes / 60)} hours`;
    return `Waiting for a person: ${place}${wait}.`;
  },
  waiting_hint: "You can keep writing: everything here is passed on.",
  taken: "{name} is here and sees everything above.",
  typing: "{name} is typing…",
  thinking: "The assistant is thinking…",
  stage_search: "Looking in the help center…",
  stage_answer: "Writing an answer…",
  sources: "Sources",
  source: "Source {n}: {title}",
  new_tab: "opens in a new tab",
  helpful: "Was this helpful?",
  helpful_yes: "Yes, this was helpful",
  helpful_no: "No, this was not helpful",
  helpful_thanks: "Thank you.",
  helpful_sorry: "Sorry about that. Ask again in other words, or talk to a person.",
  sending: "Sending…",
  not_sent: "Not sent.",
  retry: "Retry",
  offline: "You are offline. This is sent as soon as the connection is back.",
  slow_down: "Too many messages at once. This is sent in {seconds} s.",
  lost: "Connection lost. Trying again…",
  gone: "The earlier conversation is no longer available, so this is a new one.",
  failed: "That did not work. Please try again.",
  busy: "Too many requests. Please try again in {seconds} s.",
  jump: "New messages",
  rate: "How was this conversation?",
  stars: (n) => ["Very bad", "Bad", "Okay", "Good", "Very good"][n - 1] + `: ${n} of 5 stars`,
  nps: "How likely are you to recommend us to a friend or colleague?",
  nps_low: "0: not at all",
  nps_high: "10: extremely",
  optional: "optional",
  comment: "Anything that you would like to tell us?",
  rate_send: "Send rating",
  rate_skip: "No, thanks",
  rate_thanks: "Thank you for your rating.",
  ended: "The conversation has ended. Write below to continue it.",
};

const LANGUAGES = { en };
const wanted = navigator.languages?.length ? navigator.languages : [navigator.language || "en"];

/** The interface's language: the customer's first one that we have words in. */
export const language = wanted.map((tag) => tag.toLowerCase().split("-")[0]).find((tag) => LANGUAGES[tag]) ?? "en";
/** The customer's own language tag, told to the server. */
export const locale = wanted[0];
const words = { ...en, ...LANGUAGES[language] };

export function say(key, values = {}) {
  const word = words[key];
  if (typeof word === "function") return word(values);
  return word.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Fills in the words of `root`: data-word is the text, data-word-label the accessible name, data-word-hint the placeholder. */
export function fillWords(root) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = say(node.dataset.word);
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", say(node.dataset.wordLabel));
  for (const node of root.querySelectorAll("[data-word-hint]")) node.placeholder = say(node.dataset.wordHint);
}

export const direction = words.dir;
