// The conversation, start to finish: what is remembered, sent, received and shown.
// The door to the server is api.js, the messages on the screen are log.js, the page around is frame.js; what stands there
// before the first word is home.js, an article is reader.js.

import { Conversation, Refused, createConversation, pause, sleep, slugOf } from "./api.js";
import * as frame from "./frame.js";
import { Home } from "./home.js";
import { Log } from "./log.js";
import { element, markdown } from "../help/markdown.js";
import { speakMessage, speakPart } from "./voice.js";
import { fillWords, locale, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const TYPING_LASTS_MS = 12_000; // an agent who stopped without saying so
const ATTEMPTS = 6; // that the server refused
const LONGEST_MS = 15_000; // between two tries while nothing answers
const ASK_AGAIN_MS = 90 * 86_400_000; // a browser that says no name is not asked for more than a rating more often

// -- what this browser remembers: {id, token, customer, proven, greeting, seen, previewed, helpful, rated, recommended, outbox, large}

const KEY = `parley:${frame.hostOrigin}`;
let blocked = false; // may this frame store nothing? Then the page around keeps it for the tab

function recall() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { helpful: {}, outbox: [], ...found };
  } catch (error) {
    blocked = error.name === "SecurityError";
    return { helpful: {}, outbox: [] };
  }
}

function remember(changes) {
  Object.assign(memory, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    frame.keep(JSON.stringify(memory));
  }
}

let memory = recall();

// -- state

let conversation = null;
let creating = null; // the promise of the conversation that is being created
let status = "bot";
let handoff = null;
let told = {}; // what else the server says of it: {email, may_leave_email, opens_at, ask, rating}
let live = false; // has this page caught up with what was said before it came?
let open = false; // is the frame in sight?
let following = null; // the AbortController of the live events
let sticking = true; // does the view follow what comes in?
const streams = new Set(); // answers that are on their way: {text, since}
const coarse = matchMedia("(pointer: coarse)"); // a field that has the focus brings the keyboard up there

fillWords(document);

const log = new Log($("log"), {
  retry: (entry) => {
    deliver(entry);
    $("input").focus();
  },
  feedback: async (id, helpful, comment) => {
    await conversation.feedback(id, helpful, comment);
    remember({ helpful: { ...log.helpful, [id]: helpful } });
  },
  choose: (text) => write(text),
  read: (event, article) => home.open(event, article),
  grown: () => scroll(),
}, memory.helpful);

/** Loads what most conversations do without, once it is needed. */
function lazily(load) {
  let made;
  return () => (made ??= load().catch((error) => {
    made = null; // no network: the next time it is tried again
    throw error;
  }));
}

const rating = lazily(async () => new (await import("./rating.js")).Rating($("rating"), {
  send: async (values) => {
    await conversation.post("rating", values);
    remember({ rated: true, ...(!$("rate-nps").hidden && { recommended: Date.now() }) });
    told.rating = { ...told.rating, csat: values.csat };
  },
  done: (thanks) => {
    if (thanks === null) return notice(say("failed"));
    remember({ rated: true });
    $("rating").hidden = true;
    $("thanks").textContent = thanks || say("ended");
    drawRating();
    $("input").focus();
  },
}));

const bar = lazily(async () => new (await import("./waiting.js")).Bar({
  leave: async (email) => {
    await conversation.post("contact", { email });
    told.email = email;
  },
}));

const history = lazily(async () => (past = new (await import("./history.js")).History({
  turnTo,
  here: () => ({ conversation, proven: memory.proven, begun: begun() }),
  identified: (customer) => remember({ customer, proven: true }),
})));
let past = null; // the earlier conversations, once somebody has some

const tray = lazily(async () => (box = new (await import("./files.js")).Tray({ open: ensure, said: notice })));
let box = null; // the tray, once there is one

const receipts = lazily(async () => (marks = new (await import("./receipts.js")).Receipts(log, $("scroll"), {
  looking: () => open && !document.hidden && view === "chat",
  tell: (id) => conversation.post("read", { message_id: id }),
})));
let marks = null; // of what was read, once a person has a part in it

const reader = lazily(async () => new (await import("./reader.js")).Reader({ follow: read }));
let book = null; // the reader, once there is one

// -- the greeting, before anything was said

const greeting = element("article", element("p", element("span", say("assistant"))), element("div"));
greeting.className = "message assistant";
greeting.firstChild.className = "by";
greeting.lastChild.className = "text";
$("log").before(greeting);

let ownGreeting = $("hello").dataset.text;

function greet() {
  greeting.lastChild.replaceChildren(markdown(memory.greeting || ownGreeting));
}

// -- three things to look at: home, the conversation, an article

let view = "chat";
let way = []; // what the way back from an article leads to: {view, article}
let missed = false; // something came in while the conversation was out of sight

const home = new Home({ ask: write, read });

function look(next, focus = true) {
  if (next !== "article") {
    way = [];
    book?.leave();
  }
  view = next;
  document.body.dataset.view = next;
  for (const [name, id] of [["home", "home"], ["chat", "scroll"], ["article", "reader"]]) $(id).hidden = name !== next;
  $("back").hidden = next === "chat" || (next === "home" && !begun());
  $("find").hidden = next !== "chat";
  if (next === "chat") arrived();
  drawJump();
  if (focus) (next === "article" ? $("reader-title") : coarse.matches ? $("title") : next === "home" ? $("query") : $("input")).focus();
}

const begun = () => Boolean(conversation || log.entries.length);

/** Opens an article inside the chat; what is none of ours opens in a new tab. */
function read(article) {
  if (!slugOf(article.url)) return window.open(article.url, "_blank", "noopener");
  way.push({ view, article: view === "article" ? book?.shown : null });
  show(article);
}

async function show(article) {
  look("article");
  try {
    book = await reader();
    book.read(article);
  } catch {
    notice(say("article_failed"));
  }
}

$("back").onclick = () => {
  const to = way.pop() ?? { view: begun() ? "chat" : "home" };
  if (!to.article) return look(to.view);
  show(to.article);
};
$("find").onclick = () => {
  look("home");
  if (past?.token) past.read().catch(() => {});
};

// -- one conversation: found again, made at the first word, or gone

function adopt({ id, token }) {
  conversation = new Conversation({ id, token });
  return conversation;
}

async function ensure() {
  if (conversation) return conversation;
  creating ??= (async () => {
    const { user_hash, ...customer } = frame.who ?? {};
    const made = await createConversation({
      locale, ...(frame.pageUrl && { page_url: frame.pageUrl }), ...(frame.who && { customer, user_hash }),
    });
    remember({ id: made.id, token: made.token, customer: customer.id, proven: Boolean(user_hash), greeting: ownGreeting || made.greeting, rated: false, seen: 0 });
    adopt(made);
    greet();
    setStatus(made.status ?? "bot");
    follow();
    return conversation;
  })().finally(() => (creating = null));
  return creating;
}

/** The server no longer knows this conversation: the next word starts a new one. */
function forget(gone) {
  if (conversation !== gone) return;
  conversation = null;
  told = {};
  const found = recall();
  if (found.id && found.id !== gone.id) return join(found); // another tab has begun anew already
  following?.abort();
  following = null;
  blank();
  log.clear((entry) => entry.state);
  setStatus("bot");
  notice(say("gone"), "info");
}

function blank() {
  marks?.begin();
  log.helpful = {};
  remember({ id: undefined, token: undefined, customer: undefined, proven: undefined, greeting: undefined, helpful: log.helpful, rated: false, seen: 0 });
  greet();
}

/** Another conversation, or none: nothing of this one stays. */
function clear() {
  following?.abort();
  following = null;
  conversation = null;
  live = false;
  told = {};
  box?.clear();
  log.clear(() => false);
  remember({ outbox: [] });
  blank();
  setStatus("bot");
}

/** The customer has left this browser, or is another one now. */
function leave() {
  clear();
  past?.clear();
  $("input").value = "";
  look("home", false);
}

// -- a customer whom the site vouches for: their earlier conversations, on every device

let held = Boolean(memory.proven); // kept for a customer who has not been vouched for on this page yet

function recognise() {
  if (held && memory.customer === frame.who.id) resume();
  held = false;
  history().then((list) => list.recognise(frame.who), () => {});
}

/** Goes on with another conversation, or with none: the next word begins one. */
function turnTo(item) {
  if (streams.size) return notice(say("sending"), "info"); // what is on its way belongs to this one
  if (item?.id === conversation?.id && item) return look("chat");
  clear();
  if (!item) return look("home");
  remember({ id: item.id, token: item.token, customer: frame.who?.id, proven: true });
  resume();
}

function resume() {
  adopt(memory);
  greet();
  look("chat", false);
  refresh().then(follow, follow);
}

/** Shows the conversation that another tab began. */
function join(found) {
  following?.abort();
  following = null;
  memory = found;
  log.helpful = memory.helpful;
  log.clear((entry) => entry.state);
  adopt(found);
  greet();
  look(view === "home" && !$("query").value ? "chat" : view, false);
  return refresh().then(follow, follow);
}

let reading = null;
let again = false;

/** Reads the conversation as the server has it. Calls that come meanwhile are answered by one more reading. */
function refresh() {
  if (reading) {
    again = true;
    return reading;
  }
  const asked = conversation;
  reading = (async () => {
    do {
      again = false;
      const state = await asked.read();
      if (asked !== conversation) return;
      for (const message of state.messages) came(message);
      live = true;
      told = state;
      setStatus(state.status, state.handoff);
      drawReceipt(state.read?.agent?.message_id);
      arrived();
    } while (again);
  })().catch((error) => {
    if ([401, 403, 404].includes(error.status)) forget(asked);
    else throw error;
  }).finally(() => (reading = null));
  return reading;
}

// -- live events

function follow() {
  const wanted = conversation && (status === "waiting" || status === "agent" || (open && document.visibilityState === "visible"));
  if (!wanted) {
    following?.abort();
    following = null;
  }
  if (!wanted || following) return;
  const asked = conversation;
  following = new AbortController();
  asked.follow(following.signal, {
    connected: () => {
      if ($("notice").textContent === say("lost")) notice("");
      refresh().catch(() => {});
    },
    lost: () => (status === "waiting" || status === "agent") && notice(say("lost"), "info"),
    gone: () => forget(asked),
    message: (message) => {
      if (message.role === "agent") typing(false);
      came(message);
      arrived();
    },
    status: (data) => {
      if ("opens_at" in data) { // the place, as it is at this moment
        if (status !== "waiting") return;
        Object.assign(told, { opens_at: data.opens_at, may_leave_email: data.may_leave_email });
        return setStatus(data.status, data.handoff);
      }
      if (data.status) setStatus(data.status, data.handoff ?? handoff);
      refresh().catch(() => {});
    },
    read: (data) => data.role === "agent" && drawReceipt(data.message_id),
    typing: (data) => data.role !== "customer" && typing(data.on, data.name ?? data.author),
  });
}

/** A message of the server, new or known. What an agent wrote is told where nobody looks. */
function came(message) {
  const entry = log.take(message);
  if (live && entry.fresh) heard(entry);
  if (live && entry.fresh && message.role === "agent") {
    frame.notify(message.author ?? say("agent"), gist(message).slice(0, 200), message.id);
  }
}

/** What a message says, in a line: a file by its name. */
function gist({ text, files = [] }) {
  return markdown(text).textContent || files.map(({ name }) => name).join(", ");
}

/** A message that was not there before: said to those who do not see it, and told to the page. */
function heard(entry) {
  if (entry.role !== "customer") speakMessage(log.author(entry), entry.text || gist(entry));
  if (entry.role !== "customer" && view !== "chat") missed = true;
  frame.event("message", { id: entry.id, role: entry.role });
}

let typingTimer;
function typing(on, name) {
  clearTimeout(typingTimer);
  $("typing").textContent = on ? say("typing", { name: name ?? handoff?.agent?.name ?? say("agent") }) : "";
  if (on) typingTimer = setTimeout(() => typing(false), TYPING_LASTS_MS);
  scroll();
}

/** Something may have come in: what is unread, and where the view stands. */
function arrived() {
  const others = log.entries.filter((entry) => entry.role !== "customer" && entry.at);
  if (open && !document.hidden && view === "chat") remember({ seen: Math.max(memory.seen ?? 0, ...others.map(({ at }) => at)) });
  const unread = others.filter(({ at }) => at > (memory.seen ?? 0));
  const newest = unread.findLast(({ at }) => at > (memory.previewed ?? 0));
  if (newest && !open) remember({ previewed: newest.at });
  frame.state(
    unread.length, status === "waiting" || status === "agent", say("unread", { n: unread.length }),
    newest && !open ? [log.author(newest), gist(newest).slice(0, 160)].filter(Boolean).join(": ") : "",
  );
  drawReceipt();
  drawDraft();
  scroll();
}

/** How far each side has read. `agent`: the last message that a person has seen. */
function drawReceipt(agent) {
  const person = status === "waiting" || status === "agent";
  if (agent || person || marks) receipts().then(() => marks.draw(agent, person), () => {});
}

// -- sending

function write(text, files = []) {
  look("chat");
  notice("");
  sticking = true;
  const entry = log.add("customer", text, newId(), files);
  remember({ outbox: [...memory.outbox, { text, clientId: entry.clientId, files }] });
  deliver(entry);
}

/** Sends until it is answered. Trying again is safe: the same client id gives the same turn. */
async function deliver(entry) {
  const stream = { text: "", since: log.entries.length };
  const state = (name, note) => {
    Object.assign(entry, { state: name, note });
    log.mark(entry);
    scroll();
  };
  state("sending", "");
  const slow = setTimeout(() => entry.state === "sending" && state("sending", say("sending")), 4000);
  streams.add(stream);
  waitForAnswer();
  let failures = 0;
  let lost = 0; // times in a row that nothing answered
  for (;;) {
    let asked = null;
    try {
      asked = await ensure();
      let text = "";
      const turn = await asked.send(entry.text, entry.clientId, {
        stage: (name) => {
          if (entry.state) state(null, ""); // it is saved: the server works on it
          stage(name);
        },
        delta: (piece) => {
          if (entry.state) state(null, "");
          text += piece;
          if (text.length > stream.text.length) stream.text = text; // what was shown stays when a stream begins anew
          drawDraft();
        },
      }, entry.files.map(({ id }) => id));
      state(null, "");
      settle(entry);
      streams.delete(stream);
      take(turn);
      break;
    } catch (error) {
      if (asked && asked !== conversation) continue; // another message found it gone: this one goes to the new one
      if (asked && [401, 404].includes(error.status) && failures === 0) {
        failures++;
        forget(asked);
        continue;
      }
      if (error.status === 429 && failures < ATTEMPTS) {
        notice(say("slow_down", { n: error.retryAfter ?? 5 }), "spoken");
        for (let left = error.retryAfter ?? 5; left > 0; left--) {
          state("waiting", say("slow_down", { n: left }));
          await sleep(1000);
        }
        notice("");
        failures++;
        state("sending", say("sending"));
        continue;
      }
      if (!(error instanceof Refused)) { // nothing answered: no network, or the server is starting again
        state("waiting", say(navigator.onLine ? "lost" : "offline"));
        await pause(Math.min(700 * 2 ** ++lost, LONGEST_MS));
        continue;
      }
      lost = 0;
      const lasting = !error.passing;
      if (lasting || ++failures >= ATTEMPTS) {
        entry.lasting = lasting;
        const reason = `${say("not_sent")} ${error.message}`.trim();
        state("failed", reason);
        notice(reason, "spoken");
        if (lasting) settle(entry);
        streams.delete(stream);
        break;
      }
      state("sending", say("sending"));
      await pause(700 * 2 ** failures);
    }
  }
  clearTimeout(slow);
  drawDraft();
}

/** Needs no sending any more. */
function settle(entry) {
  remember({ outbox: memory.outbox.filter((kept) => kept.clientId !== entry.clientId) });
}

/** What one Turn of the server says. */
function take(turn) {
  if (turn.message) {
    const entry = log.take(turn.message);
    if (entry.fresh) heard(entry);
  }
  setStatus(turn.conversation.status, turn.conversation.handoff ?? handoff);
  if (turn.conversation.status === "waiting" || turn.conversation.status === "agent") refresh().catch(() => {});
  arrived();
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // not a secure context: randomUUID is missing there
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// -- the answer that is being written

let draftDrawn = false;
let patience;

function waitForAnswer() {
  stage(null);
  clearTimeout(patience);
  patience = setTimeout(drawDraft, 250, true); // a quick answer needs no "thinking"
}

function stage(name) {
  const key = { search: "stage_search", retrieve: "stage_search", answer: "stage_answer" }[name] ?? "thinking";
  if ($("stage").textContent !== say(key)) $("stage").textContent = say(key);
}

/** Shows the longest of the answers on their way: messages sent in one breath share one. */
function drawDraft(late = false) {
  if (draftDrawn && !late) return;
  draftDrawn = true;
  requestAnimationFrame(() => {
    draftDrawn = false;
    const answers = log.entries.filter((entry) => entry.role === "assistant");
    const open = [...streams].filter(({ text, since }) => !(text
      && answers.some((entry) => log.entries.indexOf(entry) >= since - 1 && entry.text.startsWith(text))));
    const text = open.reduce((longest, stream) => (stream.text.length > longest.length ? stream.text : longest), "");
    const box = $("draft");
    const bot = status === "bot" || status === "closed"; // with a person in charge the bot is silent
    box.hidden = !open.length || (!text && (!bot || (!late && box.hidden)));
    box.firstElementChild.hidden = !text;
    box.firstElementChild.replaceChildren(markdown(text, { cite: (n) => element("sup", String(n)) }));
    box.lastElementChild.hidden = Boolean(text);
    if (text) speakPart(text);
    scroll();
  });
}

// -- where the conversation stands

function setStatus(next, given = null) {
  const before = status;
  status = next;
  handoff = next === "waiting" || next === "agent" ? given : null;
  const name = handoff?.agent?.name ?? say("agent");
  $("subtitle").textContent = say(next === "waiting" && told.opens_at ? "subtitle_later" : `subtitle_${next}`, { name });
  document.body.dataset.status = next;

  const waiting = next === "waiting";
  drawBar();
  $("person").setAttribute("aria-disabled", String(waiting || next === "agent"));
  $("end").hidden = !conversation || next === "closed";
  $("keep").hidden = !conversation;
  $("input").placeholder = say(next === "agent" ? "placeholder_agent" : next === "closed" ? "placeholder_closed" : "placeholder", { name });
  if (next !== "agent") typing(false);

  if (next === "closed") {
    $("thanks").textContent ||= say("ended");
    if (before !== "closed") sticking = true;
  } else {
    $("rating").hidden = true;
    $("thanks").textContent = "";
    if (before === "closed") remember({ rated: false });
  }
  drawRating();
  if (before === "waiting" && next === "agent") frame.notify(say("taken", { name }), "", `${conversation.id} taken`);
  if (before !== next) {
    frame.event("status", { status: next });
    follow();
    arrived();
  }
}

let barred = false; // has there been a bar?

async function drawBar() {
  barred ||= status === "waiting" || status === "agent";
  if (barred) (await bar()).draw(status, handoff, told);
}

/** An end is rated once, where the server asks for it; the rating can be changed as long as it is in sight. */
async function drawRating() {
  const due = () => status === "closed" && told.ask?.csat && !memory.rated;
  if (due()) {
    const form = await rating();
    if (due()) form.show({ ...second(), name: $("title").textContent });
  }
  $("rate-change").hidden = status !== "closed" || !told.rating?.csat || !$("rating").hidden;
}

function second() {
  return { nps: Boolean(told.ask?.nps) && !(Date.now() - memory.recommended < ASK_AGAIN_MS) };
}

$("rate-change").onclick = async () => {
  const form = await rating();
  form.show({ ...second(), name: $("title").textContent, csat: told.rating.csat });
  drawRating();
  sticking = true;
  scroll();
  form.focus();
};

/** Does something with the conversation that is not a message; tells when it failed. */
async function act(button, what) {
  if (button.disabled) return false;
  button.disabled = true;
  notice("");
  try {
    await what();
    return true;
  } catch (error) {
    notice(error.status === 429 ? say("busy", { n: error.retryAfter ?? 5 }) : say("failed"));
    return false;
  } finally {
    button.disabled = false;
  }
}

$("person").onclick = async () => {
  if (status === "waiting" || status === "agent") return $("bar").focus();
  look("chat", false);
  sticking = true;
  const done = await act($("person"), async () => {
    const asked = await ensure();
    try {
      take(await asked.escalate());
    } catch (error) {
      if (![401, 404].includes(error.status)) throw error;
      forget(asked);
      take(await (await ensure()).escalate());
      notice("");
    }
  });
  if (done && !coarse.matches) $("input").focus();
};

$("resume").onclick = async () => {
  const done = await act($("resume"), async () => {
    try {
      await conversation.post("resume");
      setStatus("bot");
    } finally {
      refresh().catch(() => {}); // an agent may have been quicker
    }
  });
  if (done) $("input").focus();
};

$("end").onclick = async () => {
  const done = await act($("end"), async () => {
    await conversation.post("close");
    setStatus("closed");
    await refresh();
  });
  if (!done) return;
  await drawRating();
  if (!$("rating").hidden) (await rating()).focus();
};

// -- the field to write in

let said = 0; // when the agent was last told that the customer is typing
let quiet;

function tellTyping(on) {
  if (status !== "waiting" && status !== "agent") return;
  clearTimeout(quiet);
  if (on) quiet = setTimeout(tellTyping, 4000, false);
  if (on && Date.now() - said < 3000) return;
  if (!on && !said) return;
  said = on ? Date.now() : 0;
  conversation.post("typing", { on }).catch(() => {});
}

function grow() {
  const field = $("input");
  field.dir = field.value ? "auto" : ""; // a placeholder reads as the page does
  field.style.height = "auto";
  if (field.value) field.style.height = `${Math.min(field.scrollHeight + 2, 140)}px`;
}

$("input").addEventListener("input", () => {
  grow();
  tellTyping(Boolean($("input").value));
});
$("input").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("input").value.trim();
  $("input").focus();
  if (!text && !box?.items.length) return;
  if (box?.busy) return notice(say("file_busy"), "info");
  $("input").value = "";
  grow();
  tellTyping(false);
  write(text, box?.take());
});
$("send").disabled = false; // before, the browser itself would send the form away

// -- files: chosen, dropped or pasted

async function attach(files) {
  if (!files.length) return;
  notice("");
  look("chat", false);
  try {
    (await tray()).add(files);
  } catch { // no network: what they need is not here yet
    notice(say("offline"), "info");
    addEventListener("online", () => attach(files), { once: true });
  }
}

$("attach").onclick = () => $("file").click();
$("file").onchange = () => {
  attach([...$("file").files]);
  $("file").value = "";
};
$("input").addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (!files.length) return;
  event.preventDefault();
  attach(files);
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // never leaves the chat for the file
    document.body.toggleAttribute("data-dropping", kind === "dragover");
    if (kind === "drop") attach([...event.dataTransfer.files]);
  });
}

$("keep").onclick = async () => {
  try {
    (await import("./keep.js")).offer(conversation, told, notice);
  } catch {
    notice(say("failed"));
  }
};

/** Tells something above the field. `kind`: bad, info, or spoken where it can be seen elsewhere already. */
function notice(text, kind = "bad") {
  $("notice").className = `notice ${kind}`;
  $("notice").textContent = text;
}

// -- the view: it follows what comes in, but never past the beginning of the newest answer

const pane = $("scroll");

function scroll() {
  if (sticking && view === "chat") {
    const newest = $("draft").hidden ? log.entries.findLast((entry) => entry.role !== "system")?.node : $("draft");
    const bottom = pane.scrollHeight - pane.clientHeight;
    const top = newest && status !== "closed" ? newest.offsetTop - 12 : bottom;
    pane.scrollTop = Math.min(bottom, Math.max(top, 0));
  }
  drawJump();
}

function drawJump() {
  $("jump").hidden = view !== "chat" ? !missed : pane.scrollHeight - pane.clientHeight - pane.scrollTop < 60;
}

for (const kind of ["wheel", "touchmove", "keydown"]) {
  pane.addEventListener(kind, () => (sticking = false), { passive: true });
}
pane.addEventListener("scroll", () => {
  marks?.look();
  drawJump();
  if ($("jump").hidden) sticking = true;
}, { passive: true });
$("jump").onclick = () => {
  missed = false;
  look("chat", false);
  pane.scrollTop = pane.scrollHeight;
  sticking = true;
  $("input").focus();
};
new ResizeObserver(scroll).observe(pane);

// -- the page around

function shut() {
  if (!frame.canClose) return;
  open = false; // what comes in from now on is unread
  frame.close();
}

$("larger").onclick = () => {
  remember({ large: !memory.large });
  drawLarger();
  frame.large(memory.large);
};

function drawLarger() {
  $("larger").setAttribute("aria-pressed", String(Boolean(memory.large)));
  $("larger").setAttribute("aria-label", say(memory.large ? "smaller" : "larger"));
}
drawLarger();

$("close").hidden = !frame.canClose;
$("close").onclick = shut;
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing) shut();
});
document.addEventListener("visibilitychange", () => {
  follow();
  arrived();
});
addEventListener("storage", ({ key }) => {
  // another tab began a conversation: this one shows the same
  if (key !== KEY) return;
  const found = recall();
  memory = { ...memory, seen: found.seen, outbox: found.outbox };
  if (!conversation && found.id) join(found);
});

// -- start

if (memory.id && memory.token && !held) adopt(memory);
greet();
setStatus("bot");
look(conversation || (memory.outbox.length && !held) ? "chat" : "home", false);
let kept = false; // has the page around told what it keeps?
delete document.body.dataset.loading;
frame.listen((shown) => {
  open = shown.open;
  $("larger").hidden = !frame.canClose || shown.modal;
  if (blocked && shown.kept && !kept) takeBack(JSON.parse(shown.kept));
  kept = true;
  if (shown.forget || (frame.who?.id && memory.customer && frame.who.id !== memory.customer)) leave();
  if (shown.forget) frame.forgotten();
  if (frame.who?.id && frame.who.user_hash) recognise();
  else if (frame.who) held = false;
  if (typeof shown.greeting === "string") {
    ownGreeting = shown.greeting;
    home.greet(ownGreeting);
    greet();
  }
  if (Array.isArray(shown.starters)) home.start(shown.starters);
  if (open) {
    sticking = true;
    asked(shown.shows ?? {});
    arrived();
    if (shown.focus && view !== "article") (coarse.matches ? $("title") : $("input")).focus();
  }
  drawBar();
  follow();
}, { words: Object.fromEntries(["chat", "open", "close", "dismiss"].map((key) => [key, say(key)])), large: memory.large, blocked });

/** What the page's own script asked to see. */
function asked({ text, article, search }) {
  if (typeof text === "string" && text) {
    if (view === "article") look("chat", false);
    $("input").value = text;
    grow();
    $("input").focus();
  } else if (typeof article === "string" && article) {
    read({ url: slugOf(article) ? article : `/help/articles/${encodeURIComponent(article)}` });
  } else if (typeof search === "string") {
    look("home", false);
    home.look(search);
  }
}

/** What the page around has kept, where this frame may store nothing. */
function takeBack(found) {
  memory = { ...memory, ...found };
  held = Boolean(memory.proven);
  if (!found.id || held) return;
  look("chat", false);
  join(memory).then(catchUp);
}

/** Sends what a reload left behind: shown by the server already, or still to be sent. */
function catchUp() {
  for (const { text, clientId, files } of held ? [] : memory.outbox) {
    deliver(log.entries.find((entry) => entry.clientId === clientId) ?? log.add("customer", text, clientId, files));
  }
}

if (conversation) await refresh().catch(() => notice(say("lost"), "info"));
catchUp();
