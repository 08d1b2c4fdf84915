/* Parley's launcher: a button, and at the first opening a frame with the chat. Everything else lives in the frame. */
(() => {
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  if (!script || document.querySelector("parley-chat")) return;
  const ORIGIN = new URL(script.src).origin;
  const NAME = "parley";
  const phone = matchMedia("(max-width: 480px), (max-height: 420px)");
  const [BRAND, ON_BRAND, ACCENT] = ["#1a56c4", "#ffffff", "#1a56c4"]; // the owner's: filled in by routes.py
  const CSS = `
    button, iframe { position: fixed; z-index: 2147483000; box-sizing: border-box; margin: 0; border: 0 }
    button { inset-block-end: 20px; inset-inline-end: 20px; inline-size: 60px; block-size: 60px; padding: 0; border-radius: 50%;
      color: ${ON_BRAND}; background: ${BRAND}; border: 1px solid transparent; cursor: pointer; box-shadow: 0 4px 16px rgb(16 24 40 / 28%); font: 600 13px/22px system-ui, sans-serif }
    button:hover { filter: brightness(.9) }
    button:focus-visible { outline: 3px solid ${ACCENT}; outline-offset: 3px; box-shadow: 0 0 0 3px #fff }
    svg { inline-size: 28px; block-size: 28px; vertical-align: middle; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
    b { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px; padding-inline: 5px; box-sizing: border-box;
      border-radius: 11px; background: #b3261e; font-weight: 600 }
    iframe { inset-block-end: 92px; inset-inline-end: 20px; inline-size: min(400px, 100vw - 40px); block-size: min(660px, 100vh - 112px);
      border: 1px solid transparent; border-radius: 16px; background: Canvas; box-shadow: 0 8px 40px rgb(16 24 40 / 28%); color-scheme: light dark }
    [hidden] { display: none }
    @media (max-width: 480px), (max-height: 420px) {
      iframe { inset: 0; inline-size: 100%; block-size: 100%; block-size: 100dvh; border: 0; border-radius: 0 }
      .open { display: none }
    }
    @media (prefers-color-scheme: dark) { iframe { background: #131a24 } }
    @media (prefers-reduced-motion: no-preference) { button { transition: filter .15s } }
    @media print { button, iframe { display: none } }`;
  const page = () => location.href.split("#")[0]; // what follows the # may be secret
  const make = (tag, parent) => parent.appendChild(document.createElement(tag));
  const stored = (value) => {
    try {
      if (value === undefined) return sessionStorage.getItem(NAME) || "";
      sessionStorage.setItem(NAME, value);
    } catch { /* storage is blocked: nothing is remembered */ }
    return "";
  };

  let frame, ready, wantsFocus, text;
  let opened = false;
  let live = false; // a person may write: the frame is loaded even while it is closed
  let unread = 0;
  const host = document.createElement("parley-chat");
  const style = (name, value) => host.style.setProperty(name, value, "important"); // stronger than the host's styles
  style("all", "initial");
  style("display", "contents"); // no box of its own: nothing of the page moves
  style("direction", getComputedStyle(document.documentElement).direction);
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];
  const button = make("button", root);
  button.type = "button";
  button.dataset.parley = "launcher";
  const svg = button.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const icon = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  const badge = make("b", button);
  badge.ariaHidden = "true";

  // the number of unread messages stands in the tab's title while nobody sees the tab
  let plain, marked;
  const label = () => {
    if (document.title !== marked) plain = document.title; // the page's own
    const before = marked;
    marked = unread && document.hidden ? `(${unread}) ${plain}` : undefined;
    if (marked !== before) document.title = marked || plain;
  };
  const draw = () => {
    label();
    const name = opened ? "Close chat" : "Open chat";
    button.setAttribute("aria-label", unread ? `${name}, ${unread} unread` : name);
    button.setAttribute("aria-expanded", opened);
    button.className = opened ? "open" : "";
    icon.setAttribute("d", opened ? "M6 9l6 6 6-6" : "M4 5h16v11H10l-5 4v-4H4z");
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : unread;
    if (frame) frame.hidden = !opened;
    stored((opened ? "open " : "") + (live ? "live" : ""));
  };
  const tell = () => {
    if (!ready) return;
    frame.contentWindow.postMessage({ parley: opened ? "open" : "closed", focus: wantsFocus, page: page(), text, notify: window.Notification ? Notification.permission : "none" }, ORIGIN);
    if (opened && wantsFocus) frame.focus();
    wantsFocus = text = undefined;
  };
  const load = () => {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = "Chat";
    frame.allow = "clipboard-write";
    frame.src = `${ORIGIN}/widget/chat?page=${encodeURIComponent(page())}&origin=${encodeURIComponent(location.origin)}`;
    root.append(frame);
  };
  const open = (focus, words) => {
    opened = true;
    commands.show();
    unread = 0;
    wantsFocus = focus;
    text = words;
    load();
    draw();
    tell();
  };
  const close = () => {
    if (!opened) return;
    const inside = root.activeElement === frame;
    opened = false;
    draw();
    tell();
    if (inside) button.focus();
  };

  button.onclick = () => (opened ? close() : open(true));
  button.onkeydown = (event) => {
    if (event.key === "Escape") close();
  };
  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== ORIGIN || !frame || source !== frame.contentWindow || !data) return;
    if (data.parley === "ready") {
      ready = true;
      tell();
    } else if (data.parley === "close") close();
    else if (data.parley === "state") {
      unread = opened && !document.hidden ? 0 : Number(data.unread) || 0;
      live = !!data.live;
      draw();
    } else if (data.parley === "ask") {
      Notification.requestPermission().then(tell);
    } else if (data.parley === "notify") {
      try {
        const shown = new Notification(String(data.title), { body: String(data.text), tag: String(data.tag) });
        shown.onclick = () => {
          focus();
          open(true);
          shown.close();
        };
      } catch { /* telephones have no such notifications for pages */ }
    }
  });

  const commands = {
    open: (words) => open(true, words),
    close,
    show: () => style("display", "contents"),
    hide: () => {
      close();
      style("display", "none");
    },
  };
  document.addEventListener("visibilitychange", label);
  const earlier = (window.Parley && window.Parley.q) || [];
  window.Parley = (command, ...rest) => commands[command] && commands[command](...rest);

  const start = () => {
    document.body.append(host);
    const before = stored();
    live = before.includes("live");
    if (before.includes("open") && !phone.matches) open(false);
    else if (live) load();
    draw();
    for (const call of earlier) window.Parley(...call);
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
