// What every page of the help center has: suggestions while typing, the language menu, the assistant where it is offered.
// Everything here only adds: without this file the forms and links do the same.

export const words = JSON.parse(document.body.dataset.words || "{}");

const WAIT_MS = 90;
const FEWEST = 2; // characters before suggestions are asked for

function suggestions(form) {
  const input = form.querySelector("input[name=q]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-search-status]");
  const locale = form.elements.namedItem("locale")?.value || "";
  let waiting, asking, active = -1;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  const close = () => {
    clearTimeout(waiting);
    asking?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };
  const choose = (index) => {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = index;
    const option = list.children[active];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  };
  const show = (results) => {
    list.replaceChildren(
      ...results.map(({ title, url, locale }, index) => {
        const option = document.createElement("li");
        option.id = `_option-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dir = "auto";
        if (locale) option.lang = locale;
        option.dataset.url = url;
        option.textContent = title;
        return option;
      }),
    );
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !results.length;
    input.setAttribute("aria-expanded", String(!!results.length));
    status.textContent = results.length ? words.suggestions_count.replace("{count}", results.length) : "";
  };
  const ask = async () => {
    const typed = input.value.trim();
    asking?.abort();
    if (typed.length < FEWEST) return close();
    asking = new AbortController();
    try {
      const answer = await fetch(`/api/suggest?q=${encodeURIComponent(typed)}&locale=${encodeURIComponent(locale)}`, { signal: asking.signal });
      if (answer.ok && input.value.trim() === typed && document.activeElement === input) show((await answer.json()).results);
    } catch {
      // aborted, or no network: the form still searches
    }
  };
  const go = (option) => {
    const url = new URL(option.dataset.url, location.origin);
    if (url.origin === location.origin) location.assign(url);
  };

  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const count = list.hidden ? 0 : list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!count) return ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(active < 0 && step < 0 ? count - 1 : active + step >= count || active + step < 0 ? -1 : active + step);
    } else if (event.key === "Enter" && count && active >= 0) {
      event.preventDefault();
      go(list.children[active]);
    } else if (event.key === "Escape" && count) {
      event.preventDefault(); // closes the list, and only a second time empties the field
      close();
    }
  });
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) go(option);
  });
  form.addEventListener("submit", (event) => {
    close();
    if (input.value.trim()) return;
    event.preventDefault();
    input.focus();
  });
}

/** Calls `offer` where the chat is there to be asked, as soon as it is. */
export function withChat(offer) {
  const ready = () => typeof window.Parley === "function" && offer((message) => window.Parley("open", message));
  if (ready() === false) addEventListener("load", ready, { once: true });
}

function menu(details) {
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  details.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !details.contains(relatedTarget)) details.open = false;
  });
  document.addEventListener("click", ({ target }) => {
    if (!details.contains(target)) details.open = false;
  });
}

function asking(place) {
  withChat((open) => {
    place.hidden = false;
    for (const button of place.querySelectorAll("button")) {
      button.onclick = () => open("question" in button.dataset ? place.dataset.ask : undefined);
    }
  });
}

document.querySelectorAll("[data-search]").forEach(suggestions);
document.querySelectorAll("[data-menu]").forEach(menu);
document.querySelectorAll("[data-ask]").forEach(asking);
