// The chat's side of the talk with the page that it is framed in. Exact origins both ways.

const asked = new URLSearchParams(location.search);
const framed = window.parent !== window;

/** The origin of the page around, as the loader told it; the browser delivers nothing to any other. */
export const hostOrigin = origin(asked.get("origin")) ?? location.origin;
/** The address of the page that the customer is on. */
export let pageUrl = /^https?:/.test(asked.get("page") ?? "") ? asked.get("page") : null;

export const canClose = framed;

function origin(value) {
  try {
    const url = new URL(value);
    return /^https?:$/.test(url.protocol) ? url.origin : null;
  } catch {
    return null;
  }
}

function tell(message) {
  if (framed) window.parent.postMessage(message, hostOrigin);
}

let shown = () => {};
/** May notifications be shown? default (not asked yet), granted, denied, or none: this browser has none. */
export let notifications = "none";

/** Who the site says the customer is: {id, user_hash, name, email, attributes}. The server believes it with its hash only. */
export let who = null;

/**
 * Begins to listen. `callback` is called with what the page around says: at the beginning, when the frame is opened or
 * closed, and after the question about notifications. `hello`: what the launcher is told first, {words, large, blocked}.
 */
export function listen(callback, hello) {
  shown = callback;
  if (!framed) {
    notifications = window.Notification?.permission ?? "none";
    return shown({ open: true, focus: true });
  }
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== hostOrigin || !data) return;
    if (data.parley !== "open" && data.parley !== "closed") return;
    if (/^https?:/.test(data.page ?? "")) pageUrl = data.page;
    if (typeof data.notify === "string") notifications = data.notify;
    who = data.who && typeof data.who === "object" ? data.who : null;
    const { focus, forget, modal, shows, kept, greeting, starters } = data;
    shown({ open: data.parley === "open", focus, forget, modal, shows, kept, greeting, starters });
  });
  tell({ parley: "ready", ...hello });
}

/** Asks the customer whether notifications may be shown; a frame of another site may not ask by itself. */
export async function askToNotify() {
  if (framed) return tell({ parley: "ask" });
  notifications = await Notification.requestPermission();
  shown({ open: true });
}

/** Tells something that nobody would see: the tab is in the background. `tag`: the same one is shown once. */
export function notify(title, text, tag) {
  if (notifications !== "granted" || !document.hidden) return;
  if (framed) return tell({ parley: "notify", title, text, tag });
  try {
    const note = new Notification(title, { body: text, tag });
    note.onclick = () => focus();
  } catch { /* telephones have no such notifications for pages */ }
}

export const close = () => tell({ parley: "close" });
export const large = (on) => tell({ parley: "large", large: on });
/** Asks the page around to keep `text` for its tab: browsers that block the storage of frames forget it at a reload. */
export const keep = (text) => tell({ parley: "keep", text });
export const forgotten = () => tell({ parley: "forgotten" });

/** Tells the page's own script that something happened: `Parley("on", name, ...)`. Never what was said. */
export const event = (name, detail) => tell({ parley: "event", name, detail });

/** Tells the launcher how many messages are unread, in words too; whether a person may write while the chat is closed; and the newest message, to be shown beside it. */
export const state = (unread, live, label, preview) => tell({ parley: "state", unread, live, label, preview });
