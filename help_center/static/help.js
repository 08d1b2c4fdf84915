// The help center's comforts: suggestions while typing, the vote without a reload, copying of code.
// Every one of them only adds: without this file the forms and links do the same.

const WAIT_MS = 90;
const FEWEST = 2; // characters before suggestions are asked for

function suggestions(form) {
  const input = form.querySelector("input[name=q]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-search-status]");
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
      ...results.map(({ title, url }, index) => {
        const option = document.createElement("li");
        option.id = `_option-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dir = "auto";
        option.dataset.url = url;
        option.textContent = title;
        return option;
      }),
    );
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !results.length;
    input.setAttribute("aria-expanded", String(!!results.length));
    status.textContent = results.length ? `${results.length} articles fit: use the arrow keys` : "";
  };
  const ask = async () => {
    const typed = input.value.trim();
    asking?.abort();
    if (typed.length < FEWEST) return close();
    asking = new AbortController();
    try {
      const answer = await fetch(`/api/suggest?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
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

function vote(form) {
  const id = form.dataset.vote.split("/").map(encodeURIComponent).join("/");
  const details = form.querySelector("details");
  const comment = form.elements.namedItem("comment");
  const send = form.querySelector("[data-send]");
  let unsent = false; // "no" was said, the comment is being written

  const post = (helpful) =>
    fetch(`/api/articles/${id}/feedback`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ helpful, comment: comment.value.trim() || null }),
      keepalive: true,
    });
  const say = (text, bad) => {
    const told = document.createElement("p");
    told.setAttribute("role", "status");
    told.className = bad ? "bad" : "";
    form.querySelector("[role=status]")?.remove();
    form.append(told);
    told.textContent = text;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (!button) return;
    const helpful = button.value === "true";
    if (!helpful && button !== send) {
      unsent = true;
      button.setAttribute("aria-pressed", "true");
      send.hidden = false;
      details.open = true;
      comment.focus();
      return;
    }
    unsent = false;
    const buttons = [...form.querySelectorAll("button")];
    buttons.forEach((one) => (one.disabled = true));
    try {
      const answer = await post(helpful);
      if (!answer.ok) throw new Error(String(answer.status));
      form.querySelector(".buttons").remove();
      details.remove();
      say("Thank you: this helps to make the article better.");
    } catch {
      buttons.forEach((one) => (one.disabled = false));
      say("That did not arrive. Please try again.", true);
    }
  });
  addEventListener("pagehide", () => {
    if (unsent) post(false).catch(() => {});
    unsent = false;
  });
}

function copying(pre) {
  const box = document.createElement("div");
  box.className = "code";
  box.dir = "ltr";
  pre.replaceWith(box);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy the code");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent.replace(/\n$/, ""));
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  box.append(pre, button);
}

// The assistant is offered where the widget is there to be asked.
function asking(place) {
  const offer = () => {
    if (typeof window.Parley !== "function") return;
    place.hidden = false;
    place.querySelector("button").onclick = () => window.Parley("open", place.dataset.ask);
  };
  offer();
  addEventListener("load", offer);
}

document.querySelectorAll("[data-search]").forEach(suggestions);
document.querySelectorAll("form[data-vote]").forEach(vote);
if (navigator.clipboard) document.querySelectorAll("[data-prose] pre").forEach(copying);
document.querySelectorAll("[data-ask]").forEach(asking);
