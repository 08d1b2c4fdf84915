// Links that lead nowhere, pictures that are gone: each with what is wrong and where it stands.
import { el } from "../dom.js";
import { chip } from "../manage_form.js";

const KINDS = {
  missing: ["No such article", "urgent"],
  draft: ["Not published", "urgent"],
  restricted: ["Not for the same readers", "high"],
  anchor: ["No such heading", "high"],
  picture: ["Picture is gone", "urgent"],
  moved: ["Has moved", ""],
  wordless: ["No description", "high"],
  external: ["Does not answer", "high"],
};

export function faults(items, none) {
  if (!items.length) return el("p", { class: "fine" }, none);
  return el(
    "ul",
    { class: "faults" },
    items.map((one) => {
      const [label, kind] = KINDS[one.kind] ?? [one.kind, ""];
      return el(
        "li",
        {},
        chip(label, kind),
        el("span", { class: "what", dir: "auto" }, one.text ? `“${one.text}” ` : "", el("code", { dir: "ltr" }, one.address)),
        el("span", { class: "soft small" }, [one.line && `line ${one.line}`, one.detail].filter(Boolean).join(": ")),
      );
    }),
  );
}
