// Pictures and pastes: dropped, pasted or chosen pictures are uploaded and described, pasted pages come in as Markdown.
import { api } from "../api.js";
import { el } from "../dom.js";
import { button, field, input } from "../manage_form.js";
import { upload, writing } from "./addresses.js";
import { insertAt } from "./toolbar.js";

const KINDS = "image/png,image/jpeg,image/gif,image/webp";
const FORMATTED = /<(?:a\s[^>]*href|b|strong|i|em|h[1-6]|ul|ol|li|table|img|blockquote|pre|code)[\s>]/i;

export function pictures(area, form, desk) {
  const chooser = el("input", { type: "file", accept: KINDS, multiple: true, hidden: true, "aria-label": "Pictures" });
  chooser.addEventListener("change", async () => {
    await bring([...chooser.files]);
    chooser.value = "";
  });
  form.append(chooser);
  area.addEventListener("paste", (event) => {
    const html = event.clipboardData.getData("text/html");
    const files = images(event.clipboardData.files);
    if (html && FORMATTED.test(html) && !(files.length && onlyPicture(html))) {
      event.preventDefault();
      paste(html, event.clipboardData.getData("text/plain"));
    } else if (files.length) {
      event.preventDefault();
      bring(files);
    }
  });
  for (const kind of ["dragenter", "dragover"]) {
    area.addEventListener(kind, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      area.classList.add("dropping");
    });
  }
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("dropping"));
  area.addEventListener("drop", (event) => {
    const files = images(event.dataTransfer.files);
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    if (files.length) bring(files);
    else desk.say("Only pictures can be dropped in: PNG, JPEG, GIF or WebP.");
  });
  return { choose: () => chooser.click(), bring };

  async function bring(files) {
    for (const file of files) {
      desk.say("The picture is being sent …");
      try {
        const { url } = await upload(file);
        const words = await described(url);
        if (words === null) continue;
        put(`![${words.replace(/[[\]\\]/g, "\\$&")}](${url})`);
        desk.say("The picture is in.");
      } catch (problem) {
        desk.say(problem.message);
      }
    }
  }

  // Blocks, and what comes behind a table, stand apart from what is around the cursor.
  function put(words) {
    const before = area.value.slice(0, area.selectionStart);
    const blocks = words.includes("\n");
    const apart = blocks || /(^|\n)\s*\|[^\n]*\n?$/.test(before);
    const above = !apart || !before.trim() ? "" : "\n".repeat(2 - Math.min(2, before.match(/\n*$/)[0].length));
    const below = blocks && !area.value.slice(area.selectionEnd).startsWith("\n\n") ? "\n\n" : "";
    insertAt(area, above + words + below);
  }

  async function paste(html, plain) {
    try {
      const told = await api("POST", writing("paste"), { html: html.includes("data:image/") ? await withPictures(html) : html });
      put(told.markdown || plain);
      if (told.pictures) desk.say(told.pictures === 1 ? "One picture lies on your own machine: drop it in." : `${told.pictures} pictures lie on your own machine: drop them in.`);
    } catch (problem) {
      insertAt(area, plain);
      desk.say(`Pasted as plain text: ${problem.message}`);
    }
  }
}

const images = (files) => [...files].filter((file) => KINDS.split(",").includes(file.type));

// Inert: nothing in it is loaded or run. Styles are gone anyway, and the page's policy would grumble at each.
const parsed = (html) => new DOMParser().parseFromString(html.replace(/\sstyle\s*=\s*("[^"]*"|'[^']*')/gi, ""), "text/html");

// The pasted page with the pictures that lie in it as data sent to the server.
async function withPictures(html) {
  const page = parsed(html);
  for (const image of page.querySelectorAll('img[src^="data:image/"]')) {
    const [head, data] = image.getAttribute("src").split(",", 2);
    if (!head.endsWith(";base64")) continue;
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    image.setAttribute("src", (await upload(new File([bytes], "picture"))).url);
  }
  return page.documentElement.outerHTML;
}

const onlyPicture = (html) => {
  const page = parsed(html);
  return !page.body.textContent.trim() && page.querySelectorAll("img").length === 1;
};

// What the picture shows, in words; "" for one that only decorates, null when it was cancelled.
function described(url) {
  return new Promise((done) => {
    let words = null;
    const control = input("alt", "", { maxlength: 300, required: true, placeholder: "The Return button under My orders" });
    const body = el(
      "form",
      { class: "fields" },
      el("img", { src: url, alt: "", class: "picked" }),
      field("What does the picture show?", control, "For readers who cannot see it, for search and for the bot. Say what matters here, without “picture of”."),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "primary" }, "Put it in"), button("It only decorates", () => ((words = ""), dialog.close())), button("Cancel", () => dialog.close(), "quiet")),
    );
    const dialog = el("dialog", { class: "ask", "aria-labelledby": "alt-title" }, el("h2", { id: "alt-title" }, "Describe the picture"), body);
    body.addEventListener("submit", (event) => {
      event.preventDefault();
      words = control.value.trim();
      dialog.close();
    });
    dialog.addEventListener("close", () => (dialog.remove(), done(words)));
    document.body.append(dialog);
    dialog.showModal();
    control.focus();
  });
}
