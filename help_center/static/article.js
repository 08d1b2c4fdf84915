// An article's comforts: the vote without a reload, copying of code, pictures enlarged, the section that is being read, questions
// to the assistant. Everything here only adds: without this file the form and the links do the same.
import { withChat, words } from "./help.js";

function vote(form) {
  const id = form.dataset.vote.split("/").map(encodeURIComponent).join("/");
  const why = form.querySelector("[data-why]");
  const buttons = form.querySelector(".buttons");
  const comment = form.elements.namedItem("comment");
  let unsent = false; // "no" was said, the reason is being written

  why.hidden = true; // asked for after a "no"
  const post = (helpful) =>
    fetch(`/api/articles/${id}/feedback`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ helpful, reason: form.elements.namedItem("reason").value || null, comment: comment.value.trim() || null }),
      keepalive: true,
    });
  const say = (text, bad) => {
    form.querySelector("[role=status]")?.remove();
    const told = document.createElement("p");
    told.setAttribute("role", "status");
    told.className = bad ? "bad" : "";
    form.append(told);
    told.textContent = text;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (!button) return;
    const helpful = button.value === "true";
    if (!helpful && "no" in button.dataset) {
      unsent = true;
      button.setAttribute("aria-pressed", "true");
      why.hidden = false;
      why.open = true;
      why.querySelector("input").focus();
      return;
    }
    unsent = false;
    const all = [...form.querySelectorAll("button")];
    all.forEach((one) => (one.disabled = true));
    try {
      const answer = await post(helpful);
      if (!answer.ok) throw new Error(String(answer.status));
      buttons.remove();
      why.remove();
      say(words.thanks);
    } catch {
      all.forEach((one) => (one.disabled = false));
      say(words.not_arrived, true);
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
  button.lang = document.documentElement.lang;
  button.textContent = words.copy;
  button.setAttribute("aria-label", words.copy_code);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent.replace(/\n$/, ""));
      button.textContent = words.copied;
    } catch {
      getSelection().selectAllChildren(pre); // the keyboard copies what is selected
    }
    setTimeout(() => (button.textContent = words.copy), 2000);
  });
  box.append(pre, button);
}

// -- pictures

let dialog;

/** The picture as large as the window, with its words below it. Escape, the button and a click beside it close it. */
function enlarge(picture) {
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "shown";
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = words.close;
    close.addEventListener("click", () => dialog.close());
    const frame = document.createElement("div");
    frame.className = "frame";
    frame.addEventListener("click", (event) => event.target === frame && dialog.close());
    dialog.append(close, frame, document.createElement("p"));
    document.body.append(dialog);
  }
  const [, frame, caption] = dialog.children;
  const large = document.createElement("img");
  large.src = picture.currentSrc || picture.src;
  large.alt = picture.alt;
  frame.replaceChildren(large);
  caption.textContent = picture.title || picture.alt;
  caption.dir = "auto";
  dialog.setAttribute("aria-label", picture.alt || words.enlarge);
  dialog.showModal();
}

function enlarging(picture) {
  const broken = () => {
    const told = document.createElement("span");
    told.className = "broken";
    told.textContent = picture.alt || words.no_picture;
    (picture.closest(".zoom") || picture).replaceWith(told);
  };
  picture.addEventListener("error", broken);
  if (picture.complete && picture.currentSrc && !picture.naturalWidth) return broken();
  if (picture.closest("a, summary")) return; // it leads somewhere already
  const button = document.createElement("button");
  button.type = "button";
  button.className = "zoom";
  button.setAttribute("aria-label", picture.alt ? `${words.enlarge}: ${picture.alt}` : words.enlarge);
  picture.replaceWith(button);
  button.append(picture);
  button.addEventListener("click", () => enlarge(picture));
}

// -- the section that is being read

function following(contents) {
  const links = [...contents.querySelectorAll("a[href^='#']")];
  const headings = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1)))).filter(Boolean);
  let waiting = false;
  const mark = () => {
    waiting = false;
    const below = headings.findIndex((heading) => heading.getBoundingClientRect().top > innerHeight * 0.3);
    const atEnd = scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const here = headings[below === -1 || atEnd ? headings.length - 1 : below - 1];
    for (const link of links) {
      const current = here && decodeURIComponent(link.hash.slice(1)) === here.id;
      if (current && !link.hasAttribute("aria-current")) {
        link.setAttribute("aria-current", "true");
        if (getComputedStyle(contents).position === "sticky") link.scrollIntoView({ block: "nearest", behavior: "instant" });
      } else if (!current) link.removeAttribute("aria-current");
    }
  };
  const later = () => {
    if (!waiting) requestAnimationFrame(mark);
    waiting = true;
  };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later, { passive: true });
  contents.addEventListener("click", ({ target }) => {
    if (target.closest("a") && getComputedStyle(contents).position !== "sticky") contents.open = false;
  });
  mark();
}

// -- the assistant

function askingHere(place) {
  withChat((open) => {
    place.hidden = false;
    place.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      const field = place.querySelector("input");
      const question = field.value.trim();
      if (!question) return field.focus();
      open(question);
      field.value = "";
    });
    place.querySelector("[data-person]").addEventListener("click", () => open());
  });
}

document.querySelectorAll("form[data-vote]").forEach(vote);
if (navigator.clipboard) document.querySelectorAll("[data-prose] pre").forEach(copying);
document.querySelectorAll("[data-prose] img").forEach(enlarging);
document.querySelectorAll("[data-contents]").forEach(following);
document.querySelectorAll("[data-ask-here]").forEach(askingHere);
