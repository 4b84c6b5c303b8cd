// Selection: which item is selected, and what is open around it.

let selected = null;

/** Draws all anew that depends on what is open. */
function settle() {
  for (const item of levels().reverse()) straighten(item);
  if (placement) stretch();
  size();
  draw();
  table();
  paint();
  mark();
}

function toggle(item, wanted = !isOpen(item)) {
  if (!opens(item) || wanted === isOpen(item)) return;
  keeping(item, () => {
    if (wanted) open.add(item);
    else open.delete(item);
    refresh(item);
    settle();
  });
  if (selected && shown(selected) !== selected) select(shown(selected));
}

/** Does something, and scrolls so that an item stays where it is on the screen. */
function keeping(item, action) {
  const rect = () => (elements.get(item).querySelector(":scope > .part") ?? elements.get(item)).getBoundingClientRect();
  const place = rect();
  action();
  const now = rect();
  canvas.scrollBy(now.x + now.width / 2 - place.x - place.width / 2, now.y - place.y);
}

/** Opens these items and no others. */
function openAll(wanted) {
  open.clear();
  for (const item of wanted) open.add(item);
  refresh(items[0]);
  settle();
  if (selected) select(shown(selected));
}

/** Opens what is around an item. */
function reveal(item) {
  const closed = [...around(item)].filter((outer) => !isOpen(outer));
  if (!closed.length) return;
  for (const outer of closed) open.add(outer);
  refresh(closed.at(-1));
  settle();
}

function select(item, centred = false) {
  selected = item;
  reveal(item);
  mark();
  if (centred) scrollInto(elements.get(item));
  rows.get(item)?.scrollIntoView({ block: "nearest" });
}

/** Shows what is selected and what is found, and lets the keyboard in there. */
function mark() {
  const found = new Set(matches.flatMap((item) => [item, shown(item)]));
  const entry = focused && elements.get(focused)?.isConnected ? focused : selected || items[1];
  for (const [item, made] of elements) {
    if (!made.isConnected) {
      elements.delete(item);
      continue;
    }
    made.setAttribute("aria-selected", String(item === selected));
    made.tabIndex = item === entry ? 0 : -1;
    made.classList.toggle("hit", found.has(item));
  }
  enterTable();
  near();
}

/** Colours folded items by their cost, the costliest one most. */
function paint() {
  const by = $("colour").value;
  const heated = (item) => Boolean(by && item.figures && !isOpen(item));
  const value = (item) => (heated(item) ? (by === "macs" ? item.figures[1] || 0 : item.figures[3]) : 0);
  const most = Math.max(1, ...[...visible(items[0])].map(value));
  for (const [item, made] of elements) {
    made.classList.toggle("heat", heated(item));
    made.style.setProperty("--heat", `color-mix(in srgb, var(--most) ${(100 * value(item)) / most}%, var(--least))`);
  }
}
