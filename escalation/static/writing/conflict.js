// Somebody else was faster: both texts are shown, and one is chosen.
import { ago, el } from "../dom.js";
import { button } from "../manage_form.js";
import { differences } from "./differences.js";

// Resolves with "mine", "theirs", or null when it was put off.
export function conflict(article, found) {
  return new Promise((done) => {
    let choice = null;
    const who = article.draft?.by ?? article.changed_by ?? "Somebody";
    const when = ago(article.draft?.at ?? article.changed_at);
    const choose = (name) => () => ((choice = name), dialog.close());
    const dialog = el(
      "dialog",
      { class: "ask wide", "aria-labelledby": "conflict-title" },
      el("h2", { id: "conflict-title" }, `${who} has changed this article, too`),
      el("p", {}, `${capital(when)}, while you were writing. Nothing of either is lost yet. Marked: what yours takes out of theirs, and puts in.`),
      differences(found, "Both of you wrote the same."),
      el("div", { class: "actions" }, button("Keep mine", choose("mine"), "primary"), button("Take theirs", choose("theirs")), button("Look again first", () => dialog.close(), "quiet")),
    );
    dialog.addEventListener("close", () => (dialog.remove(), done(choice)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

const capital = (words) => words.charAt(0).toUpperCase() + words.slice(1);
