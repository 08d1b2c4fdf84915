// The inbox, put together: queue, conversation and packet, kept up to date by the live events.
import { api } from "./api.js";
import { Conversation } from "./conversation.js";
import { el, refreshTimes } from "./dom.js";
import { Queue } from "./queue.js";

const me = JSON.parse(document.body.dataset.agent);
const page = document.title;
const $ = (selector) => document.querySelector(selector);

const toast = $("[data-toast]");
let toastEnds;
function say(line, bad = false) {
  if (!line) return;
  toast.textContent = line;
  toast.classList.toggle("bad", bad);
  toast.classList.add("shown");
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => toast.classList.remove("shown"), bad ? 8000 : 3500);
}

function fault(problem) {
  if (problem.status === 401) location.reload();
  else say(problem.message, true);
}

function view(name) {
  document.body.dataset.view = name;
}

const conversation = new Conversation($(".conversation"), $("[data-inbox=packet]"), me, {
  said: say,
  changed: () => queue.load(),
  view,
});

const queue = new Queue($(".queue"), {
  open,
  failed: fault,
  counted(counts) {
    for (const [name, count] of Object.entries(counts)) {
      const badge = $(`[data-count=${name}]`);
      if (badge) badge.textContent = count ? String(count) : "";
    }
    document.title = counts.waiting ? `(${counts.waiting}) ${page}` : page;
  },
});

async function open(id, pointed = false) {
  queue.select(id);
  view("conversation");
  history.replaceState(null, "", `#${id}`);
  try {
    await conversation.open(id);
    if (pointed && matchMedia("(max-width: 860px)").matches) conversation.title.focus();
  } catch (problem) {
    if (problem.status === 404) {
      history.replaceState(null, "", location.pathname);
      view("queue");
    }
    fault(problem);
  }
}

// Live: the stream begins with `ready`; what is read after that misses nothing.
let source;
let retry = 1000;
function listen() {
  source = new EventSource("/api/inbox/events");
  source.addEventListener("ready", () => {
    retry = 1000;
    light("on", "live");
    queue.load();
    conversation.refresh().catch(fault);
  });
  on("handoff", (handoff) => {
    queue.soon();
    if (handoff.status === "waiting") queue.mark(handoff.id);
    if (handoff.id === conversation.id) conversation.refresh().catch(fault);
  });
  on("message", ({ handoff_id, message }) => {
    conversation.arrived(handoff_id, message);
    if (message.role === "customer") queue.mark(handoff_id);
  });
  on("note", ({ handoff_id }) => handoff_id === conversation.id && conversation.refresh().catch(fault));
  on("typing", (event) => {
    if (event.handoff_id === conversation.id && event.name !== me.name) conversation.showTyping(event);
  });
  source.onerror = () => {
    light("off", "reconnecting");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(() => api("GET", "/api/session").then(listen, (problem) => (problem.status === 401 ? location.reload() : listen())), retry);
    retry = Math.min(retry * 2, 30000);
  };
}

function on(kind, work) {
  source.addEventListener(kind, (event) => work(JSON.parse(event.data)));
}

function light(state, word) {
  $("[data-live]").dataset.live = state;
  $("[data-live-word]").textContent = word;
}

// Keys: single letters, and only outside of text boxes.
const KEYS = {
  j: () => queue.move(1),
  k: () => queue.move(-1),
  c: () => conversation.step("claim"),
  r: () => conversation.focusReply(),
  n: () => conversation.packet && conversation.writeNote(true),
  u: () => conversation.packet?.suggested_reply && conversation.use(conversation.packet.suggested_reply),
  e: () => conversation.packet && !conversation.outcome.hidden && conversation.outcome.focus(),
  "/": () => {
    view("queue");
    queue.search.focus();
  },
  "?": () => $("dialog.keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog[open]")) return;
  const typing = event.target.closest("input, textarea, select");
  if (event.key === "Escape" && typing) {
    typing.blur();
    return;
  }
  if (typing || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

$("[data-action=help]").addEventListener("click", KEYS["?"]);
$("[data-action=sign-out]").addEventListener("click", async () => {
  source?.close();
  await api("DELETE", "/api/session").catch(() => {});
  location.assign("/inbox");
});
addEventListener("hashchange", () => location.hash.length > 1 && open(location.hash.slice(1)));
addEventListener("pagehide", () => conversation.stopTyping());
setInterval(() => refreshTimes(), 30000);

api("GET", "/api/agents").then(
  ({ items }) => conversation.assignee.append(...items.map((agent) => el("option", { value: agent.id }, agent.id === me.id ? `${agent.name} (you)` : agent.name))),
  fault,
);
queue.load();
listen();
if (location.hash.length > 1) open(location.hash.slice(1));
