// The inbox, put together: queue, conversation and packet, kept up to date by the live events; and all that can be done in it.
import { api } from "./api.js";
import { Articles } from "./articles.js";
import { Commands } from "./commands.js";
import { Conversation } from "./conversation.js";
import { Desktop } from "./desktop.js";
import { Directory } from "./directory.js";
import { calm, el, refreshTimes } from "./dom.js";
import { Drafts } from "./drafts.js";
import { listen } from "./live.js";
import { ask, pick } from "./picker.js";
import { Presence } from "./presence.js";
import { Queue } from "./queue.js";

const ANNOUNCED = 3000; // milliseconds: a rush is told once

const me = JSON.parse(document.body.dataset.agent);
const page = document.title;
const $ = (selector) => document.querySelector(selector);

const toast = $("[data-toast]");
let toastEnds;
function say(line, bad = false) {
  if (!line) return;
  const inside = $("dialog[open]") ?? document.body; // a dialog lies above everything else
  if (toast.parentElement !== inside) inside.append(toast);
  toast.textContent = line;
  toast.classList.toggle("bad", bad);
  toast.classList.add("shown");
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => toast.classList.remove("shown"), bad ? 8000 : 3500);
}

// on a phone it lies over what was said, and over nothing to press
const transcript = $("[data-inbox=transcript]");
new ResizeObserver(() => toast.style.setProperty("--over", `${transcript.getBoundingClientRect().top}px`)).observe(transcript);

function fault(problem) {
  if (problem.status === 401) location.reload();
  else if (problem.status !== 0) say(problem.message, true); // no connection: the line on top says so
}

function view(name) {
  document.body.dataset.view = name;
}

const directory = new Directory(me);
const drafts = new Drafts(me, fault);
const desktop = new Desktop(me, (id) => open(id));
const presence = new Presence(me, (id) => {
  if (id === conversation.id) conversation.present();
  queue.draw();
});
const conversation = new Conversation($(".conversation"), $("[data-inbox=packet]"), {
  me,
  directory,
  drafts,
  presence,
  said: say,
  changed: () => queue.soon(),
  shown: () => commands.refresh(),
  view,
});
const queue = new Queue($(".queue"), {
  open,
  directory,
  presence,
  failed: fault,
  said: say,
  counted(counts) {
    for (const [name, count] of Object.entries(counts)) {
      const badge = $(`[data-count=${name}]`);
      if (badge) badge.textContent = count ? String(count) : "";
    }
    document.title = counts.waiting ? `(${counts.waiting}) ${page}` : page;
    if (waiting !== null && counts.waiting > waiting) announce();
    waiting = counts.waiting;
    $("[data-nothing-title]").textContent = waits();
    $("[data-nothing-words]").textContent = [
      counts.mine && `${counts.mine} ${counts.mine === 1 ? "conversation is" : "conversations are"} yours.`,
      counts.overdue && `${counts.overdue} ${counts.overdue === 1 ? "is" : "are"} overdue.`,
      !waiting && "New conversations appear here by themselves.",
    ].filter(Boolean).join(" ");
    $("[data-nothing-try]").hidden = counts.open > 0;
    commands.refresh();
  },
});
const articles = new Articles($("[data-articles]"), { insert: (text) => conversation.composer.insert(text) });

async function open(id, pointed = false) {
  const fresh = id !== conversation.id;
  queue.select(id);
  view("conversation");
  history.replaceState(null, "", `${location.pathname}${location.search}#${id}`);
  try {
    await conversation.open(id);
    $("[data-articles]").hidden = false;
    if (fresh) articles.clear();
    if (pointed && matchMedia("(max-width: 860px)").matches) conversation.title.focus();
  } catch (problem) {
    if (problem.status === 404) {
      history.replaceState(null, "", location.pathname + location.search);
      view("queue");
    }
    fault(problem);
    if (problem.status === 0) say(problem.message, true);
  }
}

let waiting = null; // not known yet
const waits = () => (waiting ? `${waiting} ${waiting === 1 ? "person waits" : "people wait"}` : "Nobody is waiting");
/** For who does not see the queue grow. */
const announce = calm(() => ($("[data-queue-say]").textContent = waits()), ANNOUNCED);

/** The first in the order of service that nobody else takes at this moment; those of our own teams and of no team before others'. */
async function claimNext() {
  const ours = ({ team }) => !team || (me.teams ?? []).some((one) => one.id === team.id);
  try {
    const { items } = await api("GET", "/api/handoffs?status=waiting&limit=20");
    for (const { id } of [...items.filter(ours), ...items.filter((item) => !ours(item))]) {
      try {
        await api("POST", `/api/handoffs/${encodeURIComponent(id)}/claim`);
      } catch (problem) {
        if (problem.status === 409) continue; // somebody was faster
        throw problem;
      }
      await open(id);
      queue.soon();
      say("It is yours.");
      return conversation.composer.focus();
    }
    say("Nobody is waiting.");
  } catch (problem) {
    fault(problem);
  }
}

let lost;
const close = listen({
  on: {
    handoff(handoff) {
      queue.soon();
      desktop.handoff(handoff);
      if (handoff.status === "waiting" && !queue.items.some((item) => item.id === handoff.id)) queue.mark(handoff.id);
      if (handoff.id === conversation.id) conversation.refreshSoon();
    },
    message({ handoff_id: id, message }) {
      conversation.arrived(id, message);
      if (message.role === "customer") queue.mark(id);
      if (queue.items.some((item) => item.id === id && item.status === "claimed")) queue.soon(); // its line shows what was said last
      desktop.message(id, message, queue.items.some((item) => item.id === id && item.assignee?.id === me.id));
    },
    note: ({ handoff_id: id }) => id === conversation.id && conversation.refreshSoon(),
    typing(event) {
      if (event.handoff_id === conversation.id && event.role === "customer") conversation.showTyping(event.on); // colleagues: presence
    },
    held(event) {
      if (event.agent_id !== me.id || event.handoff_id !== conversation.id) return;
      if (!event.message) conversation.composer.letGo(event.id);
      conversation.refreshSoon();
    },
    packet: ({ handoff_id: id }) => id === conversation.id && conversation.refreshSoon(), // a summary or a reply was written
    left_alone(event) {
      if (event.agent_id !== me.id) return;
      say(`“${event.question}” is back in the queue: it waited for your answer too long.${event.away ? " You are away now; open your name in the bar to come back." : ""}`, true);
    },
    people: () => directory.load().catch(fault),
    presence: (event) => presence.heard(event),
    read: (event) => conversation.wasRead(event),
    mention(event) {
      desktop.mention(event);
      if (event.agent_id === me.id) queue.soon();
    },
  },
  light(live) {
    $("[data-live]").dataset.live = live ? "on" : "off";
    $("[data-live-word]").textContent = live ? "live" : "reconnecting";
    clearTimeout(lost);
    if (live) {
      offline("");
      queue.load();
      conversation.refresh().catch(fault);
      drafts.flush();
    } else lost = setTimeout(() => offline("No connection to the server. What you write is kept; it goes on by itself."), 2000);
  },
  out: () => location.reload(),
});

function offline(line) {
  const shown = $("[data-offline]");
  shown.hidden = !line;
  if (shown.textContent !== line) shown.textContent = line;
}

const opened = () => Boolean(conversation.packet);
const step = (name) => () => conversation.step(name);
const show = (name) => () => {
  view("queue");
  queue.show(name);
};

const commands = new Commands([
  { id: "palette", key: "Mod+k", label: "All actions", group: "Everywhere", typing: true, run: () => commands.palette() },
  { id: "keys", key: "?", label: "Show the keys", group: "Everywhere", run: () => commands.help($("dialog.keys")) },
  { id: "search", key: "/", label: "Search conversations", group: "Everywhere", run: () => (view("queue"), queue.search.focus()) },
  { id: "you", label: "You: away, notifications, password, sign out", group: "Everywhere", run: you },
  { id: "next", key: "j", label: "Next conversation", group: "Queue", run: () => queue.move(1) },
  { id: "previous", key: "k", label: "Previous conversation", group: "Queue", run: () => queue.move(-1) },
  { id: "claim-next", key: "q", label: "Claim the next one that waits", group: "Queue", when: () => waiting > 0, run: claimNext },
  { id: "pick", key: "x", label: "Select the conversation, or not", group: "Queue", run: () => queue.bulk.toggle(queue.pointed) },
  { id: "pick-range", key: "X", label: "Select all from the last one to this one", group: "Queue", when: () => Boolean(queue.pointed), run: () => queue.bulk.range(queue.pointed) },
  { id: "pick-all", label: "Select all that are shown", group: "Queue", run: () => queue.bulk.all() },
  { id: "bulk", key: "m", label: "Do something with the selected", group: "Queue", when: () => queue.bulk.size > 0, run: () => queue.bulk.more() },
  { id: "unpick", key: "Escape", label: "Select nothing", group: "Queue", when: () => queue.bulk.size > 0, run: () => queue.bulk.clear() },
  { id: "view-waiting", key: "g w", label: "Show Waiting", group: "Queue", run: show("waiting") },
  { id: "view-mine", key: "g m", label: "Show Mine", group: "Queue", run: show("mine") },
  { id: "view-unassigned", key: "g u", label: "Show Unassigned", group: "Queue", run: show("unassigned") },
  { id: "view-overdue", key: "g o", label: "Show Overdue", group: "Queue", run: show("overdue") },
  { id: "view-snoozed", key: "g s", label: "Show Snoozed", group: "Queue", run: show("snoozed") },
  { id: "view-mentions", key: "g n", label: "Show Mentions", group: "Queue", run: show("mentions") },
  { id: "view-all", key: "g a", label: "Show All", group: "Queue", run: show("all") },
  { id: "view-resolved", key: "g r", label: "Show Resolved", group: "Queue", run: show("resolved") },
  { id: "claim", key: "c", label: "Claim", group: "Conversation", when: () => conversation.packet?.status === "waiting", run: step("claim") },
  { id: "take", key: "C", label: "Take it over from a colleague", group: "Conversation", when: () => conversation.may && !conversation.mine, run: () => conversation.takeOver() },
  { id: "resolve", key: "e", label: "Resolve", group: "Conversation", when: () => conversation.may, run: step("resolve") },
  { id: "snooze", key: "s", label: "Snooze", group: "Conversation", when: () => conversation.may, run: step("snooze") },
  { id: "assign", key: "a", label: "Assign to a colleague", group: "Conversation", when: () => conversation.mayOrder, run: step("assign") },
  { id: "team", key: "t", label: "Move to a team", group: "Conversation", when: () => conversation.mayOrder, run: step("team") },
  { id: "priority", key: "p", label: "Set the priority", group: "Conversation", when: () => conversation.mayOrder, run: step("priority") },
  { id: "label", key: "l", label: "Labels", group: "Conversation", when: opened, run: step("label") },
  { id: "return", key: "b", label: "Back to the bot", group: "Conversation", when: () => conversation.may, run: step("return") },
  { id: "release", key: "v", label: "Release, back into the queue", group: "Conversation", when: () => conversation.may, run: step("release") },
  { id: "article", key: "w", label: "This should be an article", group: "Conversation", when: opened, run: () => conversation.article() },
  { id: "more", label: "More actions", group: "Conversation", when: opened, run: () => commands.palette() },
  { id: "packet", key: "]", label: "Read the packet", group: "Conversation", when: opened, run: () => (view("packet"), $("[data-inbox=packet]").focus()) },
  { id: "transcript", key: "[", label: "Read the transcript", group: "Conversation", when: opened, run: () => (view("conversation"), $("[data-inbox=transcript]").focus()) },
  { id: "reply", key: "r", label: "Reply", group: "Writing", when: opened, run: () => conversation.composer.write("reply") },
  { id: "note", key: "n", label: "Internal note", group: "Writing", when: opened, run: () => conversation.composer.write("note") },
  { id: "send", key: "Mod+Enter", label: "Send", group: "Writing", when: () => false, run: () => {} }, // the box itself listens
  { id: "bold", key: "Mod+b", label: "Bold", group: "Writing", when: () => false, run: () => {} },
  { id: "slanted", key: "Mod+i", label: "Slanted", group: "Writing", when: () => false, run: () => {} },
  { id: "undo", key: "z", label: "Take the reply back", group: "Writing", when: () => Boolean(conversation.composer.held), run: () => conversation.composer.takeBack() },
  { id: "attach", key: "f", label: "Attach a file", group: "Writing", when: opened, run: () => conversation.composer.attachments.pick() },
  { id: "canned", key: "i", label: "Insert a canned reply", group: "Writing", when: opened, run: () => conversation.composer.pickCanned() },
  { id: "articles", key: "h", label: "Search the help center and quote it", group: "Writing", when: opened, run: () => (view("packet"), articles.focus()) },
  { id: "suggestion", key: "u", label: "Edit the suggested reply", group: "Writing", when: () => opened() && Boolean(conversation.context.suggestion), run: () => conversation.composer.use(conversation.context.suggestion) },
  { id: "suggestion-send", key: "U", label: "Send the suggested reply", group: "Writing", when: () => opened() && Boolean(conversation.context.suggestion), run: () => conversation.sendSuggestion(conversation.context.suggestion) },
  { id: "suggestion-throw", label: "Throw the suggested reply away", group: "Writing", when: () => opened() && Boolean(conversation.context.suggestion), run: () => conversation.context.throwAway() },
  { id: "preview", label: "Preview what you write", group: "Writing", when: opened, run: () => conversation.composer.togglePreview() },
], () => conversation.opening);

async function you() {
  const away = me.available === false;
  const items = [
    { label: away ? "I am here: give me conversations" : "I am away: give me no new conversations", value: available },
    { label: desktop.on ? "Switch desktop notifications off" : "Switch desktop notifications on", value: async () => say(await desktop.toggle()) },
    { label: me.notify?.email ? "Send me no e-mail about conversations" : "Send me an e-mail about new conversations and mentions", value: email },
    { label: "Change my password", value: password },
    { label: "Sign out", value: signOut },
  ];
  const chosen = await pick({ title: me.name, items });
  await chosen?.value().catch(fault);
}

async function available() {
  const wanted = me.available === false;
  await api("PUT", "/api/session/me", { available: wanted });
  me.available = wanted;
  standing();
  say(wanted ? "You are given conversations again." : "You are given no new conversations. What you have stays yours.");
}

async function email() {
  const wanted = !me.notify?.email;
  const { agent } = await api("PUT", "/api/session/me", { notify: { email: wanted } });
  Object.assign(me, agent);
  say(wanted ? `E-mails go to ${me.email}.` : "You get no e-mails any more.");
}

async function password() {
  const secret = (name, label, autocomplete) => el("label", {}, label, el("input", { name, type: "password", autocomplete, required: true, minlength: name === "new" ? 8 : null, maxlength: 1000 }));
  const given = await ask({
    title: "Change my password",
    say: "You stay signed in here; everywhere else you sign in again.",
    fields: [secret("old", "Old password", "current-password"), secret("new", "New password, at least 8 characters", "new-password")],
    action: "Change",
  });
  if (!given) return;
  await api("PUT", "/api/session/me", { password: given });
  say("Your password is changed.");
}

function standing() {
  $(".who").textContent = me.available === false ? `${me.name} (away)` : me.name;
}

async function signOut() {
  close();
  drafts.flush();
  await api("DELETE", "/api/session").catch(() => {});
  location.assign("/inbox");
}

addEventListener("hashchange", () => location.hash.length > 1 && open(location.hash.slice(1)));
addEventListener("pagehide", () => conversation.composer.stopTyping());
setInterval(() => refreshTimes(), 15000);

commands.refresh();
queue.offers();
queue.load();
directory.load().then(() => (queue.offers(), standing(), commands.refresh()), fault);
if (location.hash.length > 1) open(location.hash.slice(1));
