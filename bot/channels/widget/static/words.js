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
  subtitle_later: "A person answers later",
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
  waiting: ({ position, seconds, longer, opens }) => {
    const place = position ? (position === 1 ? "you are next" : `you are number ${position} in line`) : "you are in line";
    if (opens) return `Nobody is here until ${moment(opens)}. Then ${place}.`;
    return `Waiting for a person: ${place}${duration(seconds)}.${longer ? " It is taking longer than usual." : ""}`;
  },
  waiting_hint: "You can keep writing: everything here is passed on.",
  notify: "Notify me",
  notify_on: "You will be notified when somebody answers.",
  notify_off: "Your browser does not allow notifications here.",
  mail_offer: "Not able to wait? Leave your e-mail address: we answer there, too.",
  mail_change: "Where should we answer, too? Leave it empty to be answered here only.",
  mail_address: "name@example.org",
  mail_save: "Save",
  mail_cancel: "Cancel",
  mail_missing: "Write an e-mail address first.",
  mail_wrong: "This is no e-mail address. Write one such as name@example.org.",
  mail_set: "We also answer to {email}.",
  mail_edit: "Change e-mail",
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
  rate: "How satisfied are you with this conversation?",
  levels: "Very dissatisfied,Dissatisfied,Neither,Satisfied,Very satisfied",
  levels_ends: "From very dissatisfied (1 star) to very satisfied (5 stars)",
  stars: ({ level, n }) => `${level}: ${n} of 5 stars`,
  nps: "How likely are you to recommend {name} to a friend or colleague?",
  nps_low: "0: not at all likely",
  nps_high: "10: extremely likely",
  optional: "optional",
  comment: "Anything that you would like to tell us?",
  rate_send: "Send rating",
  rate_skip: "No, thanks",
  rate_change: "Change my rating",
  rate_thanks: "Thank you for your rating.",
  ended: "The conversation has ended. Write below to continue it.",
};

/** As fine as an estimate is worth showing: whole minutes, from ten on fives, from an hour on half hours. */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const step = seconds <= 600 ? 1 : seconds <= 3600 ? 5 : 30;
  const minutes = Math.ceil(seconds / 60 / step) * step;
  if (minutes <= 1) return ", about a minute";
  return minutes < 90 ? `, about ${minutes} minutes` : `, about ${minutes / 60} hours`;
}

function moment(date) {
  const far = date - Date.now() > 6 * 86_400_000; // a weekday alone would be next week's, or the one after
  const day = far ? { weekday: "long", day: "numeric", month: "long" } : { weekday: "long" };
  return new Intl.DateTimeFormat(language, { ...day, hour: "2-digit", minute: "2-digit", timeZoneName: "short" }).format(date);
}

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
