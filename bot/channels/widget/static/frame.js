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

/** Begins to listen. `shown({open, focus, text})` is called when the frame is opened or closed. */
export function listen(shown) {
  if (!framed) return shown({ open: true, focus: true });
  addEventListener("message", ({ source, origin: from, data }) => {
    if (source !== window.parent || from !== hostOrigin || !data) return;
    if (data.parley !== "open" && data.parley !== "closed") return;
    if (/^https?:/.test(data.page ?? "")) pageUrl = data.page;
    shown({ open: data.parley === "open", focus: Boolean(data.focus), text: typeof data.text === "string" ? data.text : "" });
  });
  tell({ parley: "ready" });
}

export const close = () => tell({ parley: "close" });

/** Tells the launcher how many messages are unread, and whether a person may write while the chat is closed. */
export const state = (unread, live) => tell({ parley: "state", unread, live });
