/* What is around the chat on the page of others: the panel with the frame, the preview of a new message, the talk with the
   frame by exact origins. Loaded by loader.js at the first need, which hands on `Parley.my`. */
(() => {
  const { my } = window.Parley;
  const { root, button, commands, make, settings, stored, style, words } = my;
  const phone = matchMedia("(max-width: 480px), (max-height: 420px)");
  const doc = document.documentElement;
  my.dress(`
    dialog, p, p button { margin: 0; padding: 0; border: 1px solid transparent; color: #16202e; background: #fff; font: 15px/1.4 system-ui, sans-serif }
    dialog, p { position: fixed; z-index: 2147483000; inset: auto var(--x) calc(var(--y) + var(--up)) auto; box-sizing: border-box; box-shadow: 0 8px 40px #10182847 }
    :host([data-side=left]) :is(dialog, p) { inset-inline: var(--x) auto }
    p { display: flex; max-width: min(320px, 100vw - 40px); border-radius: 14px }
    p button { position: static; flex: 1; min-width: 44px; min-height: 44px; padding: 12px 16px; border-radius: 14px; text-align: start; overflow-wrap: anywhere; cursor: pointer }
    p button + button { flex: none; padding: 0; text-align: center; font-size: 20px }
    dialog { width: min(400px, 100vw - 40px); height: min(680px, 100vh - var(--y) - var(--up) - 20px); max-width: none; max-height: none; overflow: hidden; border-radius: 16px }
    .large { width: min(760px, 100vw - 40px); height: calc(100vh - var(--y) - var(--up) - 20px) }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: light dark }
    dialog:not([open]) { display: none }
    @media (max-width: 480px), (max-height: 420px) {
      :host([data-side]) dialog { inset: 0; width: 100%; height: 100dvh; border: 0; border-radius: 0 }
      .open { display: none }
    }
    @media (prefers-color-scheme: dark) { dialog, p, p button { color: #e8edf4; background: #131a24 } }
    @media (forced-colors: active) { dialog, p { border-color: CanvasText } }`);

  const said = make("div", root); // what stands in it is read out
  said.role = "status";
  const preview = make("p", said);
  const news = make("button", preview);
  const dismiss = make("button", preview);
  const panel = make("dialog", root);
  news.type = dismiss.type = "button";
  news.dir = "auto";
  dismiss.textContent = "×";
  preview.hidden = true;

  let frame, ready, address, blocked, wantsFocus, shows, forget, back;
  let live = false; // a person may write: the frame is loaded even while it is closed
  const page = () => location.href.split("#")[0]; // what follows the # may be secret

  // the number of unread messages stands in the tab's title while nobody sees the tab
  let plain, marked;
  const title = () => {
    if (document.title !== marked) plain = document.title; // the page's own
    const before = marked;
    marked = my.unread && document.hidden ? `(${my.unread}) ${plain}` : undefined;
    if (marked !== before) document.title = marked || plain;
  };
  const draw = () => {
    my.draw();
    title();
    style("--up", settings.launcher === "hidden" ? "0px" : "72px");
    panel.ariaLabel = words.chat || "Chat";
    if (my.opened || !my.unread) preview.hidden = true;
    stored("sessionStorage", my.opened ? "open" : "");
    stored("localStorage", live ? "live" : "");
  };
  /** On a phone as high as the keyboard leaves room. */
  const fit = () => {
    const view = window.visualViewport;
    const tight = panel.matches(":modal") && view && view.scale < 1.1;
    panel.style.top = tight ? `${view.offsetTop}px` : "";
    panel.style.height = tight ? `${view.height}px` : "";
  };
  let scrolls = "";
  /** Opened or closed; on a phone the chat is all there is: a modal dialog over a page that stands still. */
  const place = () => {
    if (panel.matches(":modal")) doc.style.overflow = scrolls;
    if (panel.open) panel.close();
    if (my.opened && phone.matches) {
      scrolls = doc.style.overflow;
      doc.style.overflow = "hidden";
      panel.showModal();
    } else if (my.opened) panel.setAttribute("open", "");
    fit();
  };
  /** What the frame remembers, where the browser lets no frame remember anything: for this tab only. */
  const kept = (text) => {
    try {
      if (text) sessionStorage.parleyKept = text;
      return blocked ? sessionStorage.parleyKept : undefined;
    } catch { /* storage is blocked here, too */ }
  };
  const tell = () => {
    if (!ready) return;
    const { greeting, starters } = settings;
    frame.contentWindow.postMessage({
      parley: my.opened ? "open" : "closed", focus: wantsFocus, page: page(), shows, who: my.who, forget, greeting, modal: panel.matches(":modal"),
      starters: typeof starters === "string" ? starters.split("|") : starters, kept: kept(), notify: window.Notification ? Notification.permission : "none",
    }, my.origin);
    if (my.opened && wantsFocus) frame.focus();
    wantsFocus = shows = undefined;
  };
  const load = () => {
    const query = new URLSearchParams({ origin: location.origin });
    if (settings.language) query.set("language", settings.language);
    if (my.color) query.set("color", my.color);
    if (frame && address === `${query}`) return;
    address = `${query}`;
    ready = false;
    frame ||= make("iframe", panel);
    frame.title = words.chat || "Chat";
    frame.allow = "clipboard-write";
    frame.src = `${my.origin}/widget/chat?${query}&page=${encodeURIComponent(page())}`;
    const asked = frame;
    setTimeout(() => ready || asked !== frame || my.fault(`the chat did not load. Is ${my.origin} in this page's frame-src, and ${location.origin} in its PARLEY_ALLOWED_ORIGINS?`), 30000);
  };
  const open = (focus, what) => {
    commands.show();
    const before = my.opened;
    if (!before) back = document.activeElement === my.host ? button : document.activeElement;
    my.opened = true;
    my.unread = 0;
    wantsFocus = focus;
    shows = typeof what === "string" ? { text: what } : what;
    load();
    draw();
    if (!before) {
      place();
      my.emit("open");
    }
    tell();
  };

  Object.assign(commands, {
    open: (what) => open(true, what),
    close() {
      const inside = root.activeElement === frame || panel.matches(":modal");
      my.opened = false;
      place();
      draw();
      tell();
      my.emit("close");
      if (inside) (back && back.isConnected && back !== document.body ? back : button).focus();
    },
    /** The customer has left: the chat forgets them, and goes, until something shows it again. */
    shutdown() {
      commands.close();
      my.who = undefined;
      my.unread = 0;
      live = false;
      forget = my.down = true;
      load();
      draw();
      style("display", "none");
      tell();
    },
  });
  my.changed = () => {
    if (!forget) load();
    draw();
    tell();
  };
  my.moved = () => {
    ready = false; // a frame that has moved begins anew
    place();
  };

  news.onclick = () => open(true);
  dismiss.onclick = () => {
    preview.hidden = true;
    button.focus();
  };
  button.onkeydown = (event) => {
    if (event.key === "Escape") commands.close();
  };
  button.onpointerenter = button.onfocus = load;
  panel.oncancel = (event) => {
    event.preventDefault();
    commands.close();
  };
  phone.onchange = () => {
    place();
    tell();
  };
  window.visualViewport?.addEventListener("resize", fit);
  window.visualViewport?.addEventListener("scroll", fit);
  document.addEventListener("visibilitychange", title);
  addEventListener("popstate", tell);
  window.navigation?.addEventListener("navigatesuccess", tell);

  const does = {
    ready(data) {
      ready = true;
      blocked = data.blocked;
      Object.assign(words, data.words);
      frame.title = words.chat;
      dismiss.ariaLabel = words.dismiss;
      panel.className = data.large ? "large" : "";
      tell();
      draw();
    },
    close: () => commands.close(),
    large(data) {
      panel.className = data.large ? "large" : "";
      const inside = root.activeElement === frame;
      panel.style.visibility = "hidden"; // for one picture: what grows to the left would count as a shift of the page's layout
      requestAnimationFrame(() => requestAnimationFrame(() => {
        panel.style.visibility = "";
        if (inside) frame.focus();
      }));
    },
    state(data) {
      const before = my.unread;
      my.unread = my.opened && !document.hidden ? 0 : Number(data.unread) || 0;
      words.unread = data.label;
      live = !!data.live;
      if (data.preview && !my.opened && my.unread > before) {
        news.textContent = data.preview;
        preview.hidden = false;
      }
      draw();
      if (my.unread !== before) my.emit("unread", my.unread);
    },
    keep: ({ text }) => kept(text),
    event: ({ name, detail }) => my.emit(name, detail),
    forgotten() {
      forget = undefined;
      if (my.down) frame = frame.remove();
    },
    ask: () => Notification.requestPermission().then(tell),
    notify(data) {
      try {
        const shown = new Notification(String(data.title), { body: String(data.text), tag: String(data.tag) });
        shown.onclick = () => {
          focus();
          open(true);
          shown.close();
        };
      } catch { /* telephones have no such notifications for pages */ }
    },
  };
  addEventListener("message", ({ origin, source, data }) => {
    if (origin === my.origin && frame && source === frame.contentWindow && data && Object.hasOwn(does, data.parley)) does[data.parley](data);
  });

  live = stored("localStorage") === "live";
  const again = stored("sessionStorage") === "open" && !phone.matches;
  for (const [name, ...rest] of my.waiting) if (name && name !== "again") commands[name](...rest);
  if (again) open(false);
  load();
  draw();
})();
