/* Parley's launcher: a button in the corner, and the door for the page's own script (`Parley("open")`).
   The rest comes at the first need: panel.js with the frame, and in the frame the chat. */
(() => {
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  if (!script) return;
  const given = { ...script.dataset };
  if (window.Parley && Parley.my) return Parley("update", given); // a second tag, or one that came back
  const [BRAND, ON_BRAND, ACCENT] = ["#1a56c4", "#ffffff", "#1a56c4"]; // the owner's: filled in by routes.py
  const PANEL = "/widget/panel.js"; // with its version: filled in, too
  const OPEN = { en: "Open chat", de: "Chat öffnen", es: "Abrir el chat", fr: "Ouvrir le chat", pt: "Abrir o chat", it: "Apri la chat", nl: "Chat openen",
    pl: "Otwórz czat", ru: "Открыть чат", ar: "فتح الدردشة", ja: "チャットを開く", zh: "打开聊天" };
  const SETTINGS = ["color", "position", "offset", "language", "greeting", "starters", "launcher", "label"];
  const CSS = `
    button { position: fixed; z-index: 2147483000; inset: auto var(--x) var(--y) auto; box-sizing: border-box; margin: 0; border: 1px solid transparent; font: 600 15px/1.4 system-ui, sans-serif; cursor: pointer }
    :host([data-side=left]) button { inset-inline: var(--x) auto }
    .at { direction: ltr; display: flex; align-items: center; justify-content: center; gap: 8px; min-width: 60px; height: 60px; padding: 0 15px; border-radius: 30px; color: var(--on); background: var(--brand); box-shadow: 0 4px 16px #10182847 }
    .at:hover { filter: brightness(.9) }
    button:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; box-shadow: 0 0 0 3px #fff }
    svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
    b { position: absolute; top: -4px; right: -4px; min-width: 22px; padding: 0 5px; box-sizing: border-box; border-radius: 11px; color: #fff; background: #b3261e; font-size: 13px; line-height: 22px; text-align: center }
    [hidden] { display: none !important }
    @media (prefers-reduced-motion: no-preference) { .at { transition: filter .15s } }
    @media print { * { display: none !important } }`;

  const doc = document.documentElement;
  const host = document.createElement("parley-chat");
  const root = host.attachShadow({ mode: "open" });
  const style = (name, value) => host.style.setProperty(name, value, "important"); // stronger than the page's styles
  style("all", "initial");
  style("display", "contents"); // no box of its own: nothing of the page moves
  const dress = (css) => {
    const sheet = new CSSStyleSheet(); // no style element: the page's policy need not allow any
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  };
  dress(CSS);
  const make = (tag, parent) => parent.appendChild(document.createElement(tag));
  const button = make("button", root);
  button.type = "button";
  button.dataset.parley = "launcher";
  const svg = button.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const icon = svg.appendChild(document.createElementNS(svg.namespaceURI, "path"));
  const label = make("span", button);
  const badge = make("b", button);
  badge.ariaHidden = "true";

  const fault = (text) => console.error(`Parley: ${text}`);
  const heard = {}; // event -> functions
  /** What is remembered on this site: "open" for this tab, "live" or "forget" for all of them. */
  const stored = (storage, value) => {
    try {
      if (value === undefined) return window[storage].parley;
      window[storage].parley = value;
    } catch { /* storage is blocked: nothing is remembered */ }
  };

  // what panel.js goes on with
  const my = {
    origin: new URL(script.src).origin, settings: {}, words: {}, unread: 0, opened: false, down: false, waiting: [],
    host, root, button, style, dress, make, fault, stored,
    emit: (event, data) => (heard[event] || []).forEach((fn) => setTimeout(fn, 0, data)),
    draw() {
      const { settings, words, opened, unread } = my;
      const name = opened ? words.close : settings.label || words.open || OPEN[(settings.language || navigator.language || "").slice(0, 2)] || OPEN.en;
      button.ariaLabel = unread ? `${name}, ${words.unread}` : name;
      button.ariaExpanded = opened;
      button.className = opened ? "at open" : "at";
      button.hidden = settings.launcher === "hidden";
      label.textContent = opened ? "" : settings.label || "";
      label.hidden = !label.textContent;
      icon.setAttribute("d", opened ? "M6 9l6 6 6-6" : "M4 5h16v11H10l-5 4v-4H4z");
      badge.hidden = !unread;
      badge.textContent = unread > 9 ? "9+" : unread || "";
    },
    /** On the page, again where a page change has taken it away. */
    attach() {
      if (my.down || host.isConnected) return;
      document.body.append(host);
      watch.observe(document.body, { childList: true });
      look();
      if (my.moved) my.moved();
    },
    /** Loads panel.js, which then does what was asked for meanwhile. */
    need(...call) {
      my.waiting.push(call);
      if (my.asked) return;
      my.asked = document.createElement("script");
      const types = window.trustedTypes; // a page that wants to be sure of addresses
      my.asked.src = types ? types.createPolicy("parley", { createScriptURL: () => my.origin + PANEL }).createScriptURL("") : my.origin + PANEL;
      my.asked.onerror = () => {
        my.asked = my.asked.remove(); // the next press tries again
        fault(`${my.origin} did not answer. Is it up, and in this page's script-src?`);
      };
      document.head.append(my.asked);
    },
  };
  const watch = new MutationObserver(my.attach);

  /** Colour and place, as the settings say. */
  const look = () => {
    const { settings } = my;
    const { direction } = getComputedStyle(doc);
    style("direction", direction);
    host.dataset.side = settings.position || (direction === "rtl" ? "left" : "right");
    const [x, y] = `${settings.offset || 20}`.split(/[\s,]+/).map((part) => parseFloat(part) || 0);
    style("--x", `${x}px`);
    style("--y", `${y ?? x}px`);
    let colors = [BRAND, ON_BRAND, ACCENT];
    if (settings.color) {
      style("color", settings.color);
      const rgb = getComputedStyle(host).color.match(/\d+/g).slice(0, 3).map(Number);
      const [r, g, b] = rgb.map((part) => (part / 255) ** 2.2); // as bright as it looks: black or white is read on it
      const dark = 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.18;
      my.color = rgb.map((part) => part.toString(16).padStart(2, "0")).join("");
      colors = [`#${my.color}`, dark ? "#fff" : "#000", dark ? `#${my.color}` : "#000"];
    }
    ["--brand", "--on", "--accent"].forEach((name, n) => style(name, colors[n]));
  };

  const commands = (my.commands = {
    open: (what) => my.need("open", what),
    close() {},
    toggle: () => commands[my.opened ? "close" : "open"](),
    show() {
      my.down = false;
      my.attach();
      style("display", "contents");
    },
    hide() {
      commands.close();
      style("display", "none");
    },
    identify(who) {
      if (!who || typeof who !== "object" || (who.user_hash && !who.id)) return fault("identify takes {id, user_hash, name, email, attributes}; a user_hash needs its id.");
      my.who = who;
      if (my.changed) my.changed();
    },
    update(given) {
      for (const [name, value] of Object.entries(given || {})) {
        if (!SETTINGS.includes(name)) fault(`there is no setting "${name}". There are: ${SETTINGS.join(", ")}.`);
        else if (name === "color" && !window.CSS.supports(name, value)) fault(`"${value}" is no color. Write one such as #1a56c4.`);
        else my.settings[name] = value;
      }
      commands.show();
      look();
      my.draw();
      if (my.changed) my.changed();
    },
    on(event, fn) {
      if (typeof fn !== "function") return fault(`on takes an event and a function: Parley("on", "${event}", () => {}).`);
      (heard[event] ||= []).push(fn);
    },
    off: (event, fn) => (heard[event] = fn && (heard[event] || []).filter((one) => one !== fn)),
    shutdown: () => my.need("shutdown"), // what the chat remembers of the customer is in its own storage
  });

  button.onclick = () => commands.toggle();
  button.onpointerenter = button.onfocus = () => my.need();
  const earlier = (window.Parley && Parley.q) || [];
  window.Parley = (name, ...rest) =>
    Object.hasOwn(commands, name) ? commands[name](...rest) : fault(`there is no command "${name}". There are: ${Object.keys(commands).join(", ")}.`);
  Parley.my = my;

  const start = () => {
    watch.observe(doc, { childList: true }); // a page change may swap the body
    commands.update(given);
    if (stored("sessionStorage") === "open" || stored("localStorage") === "live") my.need("again");
    for (const call of earlier) Parley(...call);
    my.emit("ready");
  };
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
