// The contract's short names as words for people.

const REASONS = {
  requested_human: "Asked for a person",
  low_confidence: "The bot was not sure",
  nothing_relevant: "No article on it",
  negative_sentiment: "Upset",
  repeated_question: "Asked again",
  sensitive_topic: "Sensitive matter",
  abuse: "Abusive language",
  model_unavailable: "The model gave no answer",
  "rule:danger": "Danger to life or health",
  "rule:legal_threat": "Legal threat",
  "rule:payment_fraud": "Payment fraud",
  "rule:data_incident": "Data leak",
  "rule:did_not_help": "The answer did not help",
  "rule:only_files": "Only files, no words",
};
const ACTIONS = {
  answer: "Answered",
  clarify: "Asked back",
  offer: "Offered a person",
  escalate: "Called a person",
  chat: "Small talk",
  relay: "Passed on",
};
const ROLES = { customer: "Customer", assistant: "Assistant", agent: "Agent", system: "Notice" };
const STATUSES = { waiting: "Waiting", claimed: "Claimed", returned: "Back with the bot", resolved: "Resolved" };

// What an agent says at the end, each with its key; the first four teach the bot.
export const OUTCOMES = [
  { value: "the bot was right", label: "The bot was right", hint: "its answer was good; a person was wanted all the same" },
  { value: "wrong article", label: "Wrong article", hint: "another article answers this" },
  { value: "no article", label: "No article on it", hint: "the help center does not answer this" },
  { value: "not a question", label: "Not a question", hint: "thanks, a test, abuse, advertising" },
  { value: "answered", label: "Answered", hint: "none of these: you dealt with it" },
];
export const PRIORITIES = ["urgent", "high", "normal"];

export const reason = (name) => REASONS[name] ?? (name.startsWith("rule:") ? `Rule “${plain(name.slice(5))}”` : plain(name));
export const action = (name) => ACTIONS[name] ?? plain(name ?? "");
export const role = (name) => ROLES[name] ?? plain(name);
export const status = (name) => STATUSES[name] ?? plain(name);
export const plain = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
export const percent = (share) => `${Math.round(share * 100)} %`;
// A calibrated probability is never certain.
export const sureness = (confidence) => percent(Math.min(Math.max(confidence, 0.01), 0.99));

export function customerName(customer) {
  return customer.name || customer.email || (customer.visitor ? `Visitor ${customer.visitor}` : "A visitor");
}

export function language(code) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
