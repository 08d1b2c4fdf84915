// A list whose items are put into another order: dragged by their handle with mouse or finger, or with Alt and the arrow keys.

// `name(item)`: what it is called; `moved(items)`: the new order, once it stands; `say(line)`: for screen readers and all.
export function sortable(list, { name, moved, say }) {
  const items = () => [...list.children];
  const handleOf = (item) => item.querySelector("[data-handle]");

  list.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const item = event.target.closest("li");
    if (!step || !event.altKey || !event.target.matches("[data-handle]") || item?.parentElement !== list) return;
    event.preventDefault();
    event.stopPropagation();
    const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return say(step < 0 ? `${name(item)} is the first.` : `${name(item)} is the last.`);
    step < 0 ? other.before(item) : other.after(item);
    handleOf(item).focus();
    say(`${name(item)} is number ${items().indexOf(item) + 1} of ${items().length}.`);
    moved(items());
  });

  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-handle]");
    const item = handle?.closest("li");
    if (!handle || item.parentElement !== list || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    handle.focus();
    handle.setPointerCapture(event.pointerId);
    const before = items();
    item.classList.add("dragged");
    const follow = (at) => {
      const other = items().find((one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return one !== item && at.clientY >= top && at.clientY <= bottom;
      });
      if (!other) return;
      const { top, height } = other.getBoundingClientRect();
      const later = before.length && item.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (later && at.clientY > top + Math.min(height, item.offsetHeight) / 2) other.after(item);
      else if (!later && at.clientY < top + height - Math.min(height, item.offsetHeight) / 2) other.before(item);
      handle.setPointerCapture(event.pointerId);
    };
    const end = () => {
      handle.removeEventListener("pointermove", follow);
      item.classList.remove("dragged");
      const after = items();
      if (after.every((one, n) => one === before[n])) return;
      say(`${name(item)} is number ${after.indexOf(item) + 1} of ${after.length}.`);
      moved(after);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
  });
}
