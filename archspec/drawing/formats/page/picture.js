// The picture: what pointing at it, clicking on it and its keys do.

const tip = $("tip");
let focused = null, hovered = null;

/** Tells all figures of an item, beside it. */
function explain(item, beside) {
  tip.hidden = !item;
  if (!item) return;
  tip.replaceChildren(make("h2", {}, called(item)), make("p", {}, isEnd(item) ? `${item.kind} of the network` : wording(item)),
    item.doc === undefined ? "" : make("p", {}, data.docs[item.doc]),
    make("dl", {}, ...figures(item).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])));
  const box = beside.getBoundingClientRect(), frame = canvas.getBoundingClientRect();
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const side = [box.right + 12, box.left - width - 12].find((x) => x > frame.left && x + width < frame.right);
  const corner = side === undefined || isOpen(item); // beside a frame it would cover what is in others
  tip.style.left = `${corner ? frame.right - width - 20 : side}px`;
  tip.style.top = `${corner ? frame.bottom - height - 12 : Math.max(6, Math.min(box.top, innerHeight - height - 6))}px`;
}

/** Tells what flows along an edge, beside the pointer. */
function explainEdge(edge, x, y) {
  tip.hidden = !edge;
  if (!edge) return;
  const [path, shape, type, size] = data.tensors[edge.tensor];
  const told = [["Shape", shape], ["Type", type], ["Size", `${bytes(size)} a sample`]];
  tip.replaceChildren(make("h2", {}, path), make("p", {}, edge.skip ? "shortcut" : "tensor"),
    make("dl", {}, ...told.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])));
  tip.style.left = `${Math.max(6, Math.min(x + 14, innerWidth - tip.offsetWidth - 6))}px`;
  tip.style.top = `${Math.max(6, Math.min(y + 14, innerHeight - tip.offsetHeight - 6))}px`;
}

/** Looks for the edge at the pointer, where no box is. */
function cross(event) {
  if (pointed(event)) return;
  const origin = world.getBoundingClientRect();
  const edge = !(dragged && grip) ? edgeAt((event.clientX - origin.left) / scale, (event.clientY - origin.top) / scale) : null;
  if (edge || crossed) explainEdge(edge, event.clientX, event.clientY);
  if (edge === crossed) return;
  crossed = edge;
  near();
}

const pointed = (event) => event.target.closest(".card, .head");

world.addEventListener("pointerover", (event) => {
  const target = pointed(event);
  hovered = target?.closest(".item").item ?? null;
  if (target) crossed = null;
  explain(dragged && grip ? null : hovered, target);
  near();
});
world.addEventListener("pointermove", cross);
world.addEventListener("pointerleave", () => {
  hovered = crossed = null;
  explain(null);
  near();
});
world.addEventListener("click", (event) => {
  const target = pointed(event);
  if (target && !dragged) use(target.closest(".item").item);
});
world.addEventListener("focusin", (event) => {
  focused = event.target.item;
  if (event.target.matches(":focus-visible")) explain(focused, event.target.querySelector(".card, .head"));
  near();
});
world.addEventListener("focusout", () => {
  focused = null;
  explain(null);
  near();
});

/** Selects an item, and opens or folds it. */
function use(item, wanted) {
  selected = item;
  toggle(item, wanted);
  select(item);
  focus(item);
  explain(null);
}

/** Moves the keyboard to an item. */
function focus(item) {
  const made = elements.get(item);
  for (const other of world.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  made.tabIndex = 0;
  made.focus({ preventScroll: true });
  scrollInto(isOpen(item) ? made.querySelector(".head") : made);
}

/** Does what a key means, if it means something. */
function press(event, keys) {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
}

world.addEventListener("keydown", (event) => {
  const item = event.target.item, all = [...visible(items[0])], index = all.indexOf(item);
  const go = (to) => to?.number && focus(to);
  press(event, {
    ArrowDown: () => go(all[index + 1]), ArrowUp: () => go(all[index - 1]), Home: () => go(all[0]), End: () => go(all.at(-1)),
    ArrowRight: () => (isOpen(item) ? go(item.children[0]) : use(item, true)),
    ArrowLeft: () => (isOpen(item) ? use(item, false) : go(items[item.parent])),
    Enter: () => use(item), " ": () => use(item), Escape: () => explain(null),
  });
});
