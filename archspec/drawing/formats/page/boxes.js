// Boxes: the elements of items, cards while they are folded and frames while they are open.

const $ = (id) => document.getElementById(id);
const world = $("world"), lines = $("lines");

const elements = new Map(); // of each item that is there
const parts = new Map(); // of each open item: its column, its ports and gaps by name, and its layers

function make(tag, properties = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...content.filter((part) => part !== "" && part !== null && part !== undefined));
  return element;
}

function element(item) {
  const label = isEnd(item) ? `${item.kind} ${wording(item)}` : `${called(item)}: ${wording(item)}`;
  const made = make("div", { class: "item", role: "treeitem", tabindex: "-1", "aria-label": label, "aria-selected": "false" });
  made.item = item;
  made.style.setProperty("--fill", `var(--${item.family}-fill)`);
  made.style.setProperty("--stroke", `var(--${item.family}-stroke)`);
  if (opens(item)) made.setAttribute("aria-expanded", String(isOpen(item)));
  const box = placement?.boxes.get(item);
  if (box) {
    made.classList.toggle("up", Boolean(box.up));
    made.style.setProperty("--ring", `${breadth(box)}px`);
  }
  if (isOpen(item)) made.append(...frame(item, made));
  else made.append(isEnd(item) || item.kind === "merge" ? pill(item, made) : card(item, made));
  if (item.labelled && !box && !placement?.frames.has(item)) made.append(make("span", { class: "shape" }, item.shape));
  elements.set(item, made);
  return made;
}

const turner = (sign) => make("span", { class: "turn", "aria-hidden": "true" }, sign);
const more = (item) => (item.lines || []).map((line) => make("div", { class: "more" }, line));

function frame(item, made) {
  made.classList.add("frame");
  const head = make("div", { class: "head", title: "Fold" },
    make("span", {}, make("b", {}, item.name || item.path), wording(item)), turner("−"));
  const rects = borders(item);
  if (!rects.length) return [head, make("div", { class: "room", role: "group" }, column(item))];
  made.classList.add("spread");
  rects.forEach((rect, index) => rect.append(index ? make("div", { class: "head", title: "Fold" }, make("span", {}, `… ${item.name || item.path}`)) : head));
  return [...rects, make("div", { class: "room", role: "group" }, ...item.children.map(element))];
}

function pill(item, made) {
  made.classList.add(isEnd(item) ? "end" : "merge");
  made.classList.toggle("sign", item.kind === "merge" && item.title.length === 1 && !item.arguments);
  made.classList.toggle("training", Boolean(item.training));
  return make("div", { class: "card" }, make("b", {}, item.title), item.arguments ? ` ${item.arguments}` : "",
    ...(isEnd(item) ? more(item) : []));
}

function card(item, made) {
  made.classList.toggle("pile", Boolean(item.count));
  const title = make("span", {}, make("b", {}, item.title), item.arguments ? ` ${item.arguments}` : "",
    item.count ? make("b", {}, `  ×${item.count}`) : "");
  const name = make("span", {}, make("span", { class: "name" }, item.name || ""), opens(item) ? turner("+") : "");
  return make("div", { class: "card" }, make("div", { class: "first" }, title, name), ...more(item),
    item.remark ? make("div", { class: "remark" }, item.remark) : "");
}

/** What is inside an open item, as its plan arranges it. */
function column(item) {
  if (placement && !item.number) return placedColumn();
  const named = new Map(), layers = [];
  const all = (list) => make("div", { class: "column" }, ...list.map(one));
  function one(part) {
    if (typeof part === "number") return element(items[part]);
    if (typeof part === "string") return named.set(part, make("div", { class: part[0] === "~" ? "gap" : "port" })).get(part);
    if (part.layers) return rows(part.layers);
    return make("div", { class: "row" },
      make("div", { class: "body" }, ...part.body.map(all)), make("div", { class: "beside" }, ...part.beside.map(all)));
  }
  function rows(names) {
    layers.push(names);
    return make("div", { class: "layers" }, ...names.map((row) => make("div", { class: "layer" }, ...row.map(one))));
  }
  const made = all(item.column);
  parts.set(item, { made, named, layers });
  return made;
}

/** Makes an item's element anew, or all where all stands elsewhere now. */
function refresh(item) {
  const before = placement;
  placement = placed();
  if (item.number && placement === before) {
    elements.get(item).replaceWith(element(item));
  } else {
    elements.clear();
    parts.clear();
    world.replaceChildren(lines, column(items[0]));
  }
}

/** The rectangles of elements in the world's own units, each measured once. */
function ruler() {
  const origin = world.getBoundingClientRect(), known = new Map();
  return (of) => {
    if (!known.has(of)) {
      const box = of.getBoundingClientRect();
      const [left, right] = [box.left, box.right].map((x) => (x - origin.left) / scale);
      const [top, bottom] = [box.top, box.bottom].map((y) => (y - origin.top) / scale);
      known.set(of, { left, top, right, bottom, x: (left + right) / 2, y: (top + bottom) / 2 });
    }
    return known.get(of);
  };
}
