// Which sentences of the model were not shown as it wrote them. What a model said is untrusted: text nodes, no links, no Markdown.
import { el } from "./dom.js";

/** `checked`: one of the packet's, or nothing. Closed at first. */
export function leftOut(checked) {
  if (!checked) return null;
  return el(
    "details",
    { class: "checked small", "data-inbox": "checked" },
    el("summary", {}, checked.told),
    el(
      "ul",
      {},
      checked.sentences.map((one) =>
        el(
          "li",
          { class: one.left_out || one.instead ? "out" : null },
          el("q", { dir: "auto" }, one.text),
          el("span", { class: "soft" }, one.why),
          one.instead ? el("span", { class: "instead" }, "Shown instead: ", el("span", { dir: "auto" }, one.instead)) : null,
        ),
      ),
    ),
  );
}

export const checkedOf = (packet, message) => (packet.checked ?? []).find((one) => one.message_id === message);
