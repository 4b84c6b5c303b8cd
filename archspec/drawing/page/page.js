"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const items = data.items;
const $ = (id) => document.getElementById(id);
const canvas = $("canvas"), sizer = $("sizer"), world = $("world"), lines = $("lines"), tip = $("tip");

items.forEach((item, number) => {
  item.number = number;
  item.children = [];
  if (number) items[item.parent].children.push(item);
});
const initially = new Set(items.filter((item) => item.open));
const open = new Set(initially);
let selected = null, focused = null, hovered = null, scale = 1, sort = null, query = "", matches = [], match = -1;

// Items

const opens = (item) => item.children.length > 0;
const isOpen = (item) => open.has(item);
const isEnd = (item) => item.kind === "input" || item.kind === "output";
const around = (item) => (item.number ? items[item.parent] : null);
const called = (item) => (item.number ? (isEnd(item) ? item.title : item.path) : data.name);
const wording = (item) => [item.title, item.arguments, item.count ? `×${item.count}` : ""].filter(Boolean).join(" ");

function* visible(item) {
  for (const child of item.children) {
    yield child;
    if (isOpen(child)) yield* visible(child);
  }
}

function* inside(item) {
  for (const child of item.children) {
    yield child;
    yield* inside(child);
  }
}

function shown(item) {
  let found = item;
  for (let outer = around(item); outer; outer = around(outer)) if (!isOpen(outer)) found = outer;
  return found;
}

// Figures

const exact = (value) => (value === null || value === undefined ? "?" : value.toLocaleString("en-US"));
const share = (item) => (item.figures && item.figures[1] !== null && data.macs ? item.figures[1] / data.macs : 0);
const percent = (part) => `${(100 * part).toFixed(1)}%`;

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; count >= 1024 && unit < 3; unit++) count /= 1024;
  return `${count.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}

function figures(item) {
  const found = item.shape ? [["output", item.shape]] : [];
  if (item.figures) {
    const [params, macs, other, activations] = item.figures;
    found.push(["parameters", exact(params)], ["MACs", exact(macs)]);
    if (macs) found.push(["share of MACs", percent(share(item))]);
    found.push(["other operations", exact(other)], ["activations", bytes(activations)]);
    if (item.field) found.push(["receptive field", item.field]);
  }
  return found;
}

// Elements

function make(tag, properties = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...content.filter((part) => part !== "" && part !== null && part !== undefined));
  return element;
}

const elements = new Map(); // of each item that is there
const parts = new Map(); // of each open item: its column, and its ports and gaps by name

function element(item) {
  const label = isEnd(item) ? `${item.kind} ${wording(item)}` : `${called(item)}: ${wording(item)}`;
  const made = make("div", { class: "item", role: "treeitem", tabindex: "-1", "aria-label": label, "aria-selected": "false" });
  made.item = item;
  made.style.setProperty("--fill", `var(--${item.family}-fill)`);
  made.style.setProperty("--stroke", `var(--${item.family}-stroke)`);
  if (opens(item)) made.setAttribute("aria-expanded", String(isOpen(item)));
  made.append(...(isOpen(item) ? framed(item, made) : [card(item, made)]));
  if (item.labelled) made.append(make("span", { class: "shape" }, item.shape));
  elements.set(item, made);
  return made;
}

const turner = (sign) => make("span", { class: "turn", "aria-hidden": "true" }, sign);

function framed(item, made) {
  made.classList.add("frame");
  const head = make("div", { class: "head", title: "Fold" },
    make("span", {}, make("b", {}, item.name || item.path), wording(item)), turner("−"));
  return [head, make("div", { class: "room", role: "group" }, column(item))];
}

function card(item, made) {
  const title = make("b", {}, item.title);
  if (isEnd(item) || item.kind === "merge") {
    made.classList.add(item.kind === "merge" ? "merge" : "end");
    if (item.title.length === 1 && item.kind === "merge") made.classList.add("sign");
    if (item.training) made.classList.add("training");
    const more = item.kind === "merge" ? [] : [` ${item.arguments}`, ...(item.lines || []).map((line) => make("div", { class: "more" }, line))];
    return make("div", { class: "card" }, title, ...more);
  }
  if (item.count) made.classList.add("pile");
  const first = make("span", {}, title, item.arguments ? ` ${item.arguments}` : "", item.count ? make("b", {}, `  ×${item.count}`) : "");
  const name = make("span", {}, make("span", { class: "name" }, item.name || ""), opens(item) ? turner("+") : "");
  return make("div", { class: "card" }, make("div", { class: "first" }, first, name),
    ...(item.lines || []).map((line) => make("div", { class: "more" }, line)),
    item.remark ? make("div", { class: "remark" }, item.remark) : "");
}

function column(item) {
  const named = new Map();
  const one = (part) => {
    if (typeof part === "number") return element(items[part]);
    if (typeof part === "string") {
      named.set(part, make("div", { class: part[0] === "~" ? "gap" : "port" }));
      return named.get(part);
    }
    if (part.layers) {
      return make("div", { class: "layers" }, ...part.layers.map((row) => make("div", { class: "layer" }, ...row.map(one))));
    }
    return make("div", { class: "row" },
      make("div", { class: "body" }, ...part.body.map(all)), make("div", { class: "skips" }, ...part.skips.map(all)));
  };
  const all = (list) => make("div", { class: "column" }, ...list.map(one));
  const made = all(item.column);
  parts.set(item, { made, named });
  return made;
}

// Edges

let edges = [];

/** Draws the edges inside all open items, as a few paths. */
function draw() {
  const origin = world.getBoundingClientRect();
  const known = new Map();
  const rect = (of) => {
    if (!known.has(of)) {
      const box = of.getBoundingClientRect();
      const [left, top, right, bottom] = [box.left - origin.left, box.top - origin.top, box.right - origin.left, box.bottom - origin.top]
        .map((value) => value / scale);
      known.set(of, { left, top, right, bottom, x: (left + right) / 2, y: (top + bottom) / 2 });
    }
    return known.get(of);
  };
  edges = [];
  for (const item of [items[0], ...visible(items[0])]) if (isOpen(item)) for (const edge of item.edges) edges.push(route(item, edge, rect));
  const paths = { skip: "", "": "", "skip tip": "", tip: "" };
  for (const edge of edges) {
    paths[edge.skip ? "skip" : ""] += edge.line;
    paths[edge.skip ? "skip tip" : "tip"] += edge.tip;
  }
  lines.replaceChildren(...Object.entries(paths).map(([name, d]) => path(name, d)), path("near", ""));
  near();
}

function path(name, d) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
}

/** Marks the edges of what is pointed at, or else selected. */
function near() {
  const item = hovered || focused || selected;
  const marked = item ? edges.filter((edge) => edge.source === item || edge.target === item) : [];
  if (lines.lastChild) lines.lastChild.setAttribute("d", marked.map((edge) => edge.line).join(""));
}

function route(item, edge, rect) {
  const [source, target, tensor, skip, ...gaps] = edge;
  const { made, named } = parts.get(item);
  const stops = [source, ...gaps, target].map((name) => stop(name, tensor, named, rect));
  const same = item.edges.filter((other) => other[0] === source && other[1] === target && other[2] === tensor);
  if (same.length > 1) for (const each of stops) each.x += 8 * (same.indexOf(edge) - (same.length - 1) / 2);
  let points = [{ x: stops[0].x, y: stops[0].bottom }];
  for (let index = 1; index < stops.length; index++) {
    const [from, to] = [stops[index - 1], stops[index]];
    if (skip && index === stops.length - 1 && to.box && from.anchor.closest(".skips") && !from.anchor.closest(".skips").contains(to.anchor)) {
      points.push({ x: from.x, y: to.box.y }, { x: to.box.right, y: to.box.y });
      continue;
    }
    points = points.concat(leg(from, to, made, rect));
    if (index < stops.length - 1) points.push({ x: to.x, y: to.bottom });
  }
  const last = points[points.length - 1];
  const arrow = stops[stops.length - 1].box;
  return {
    source: items[source], target: items[target], skip, line: rounded(points),
    tip: arrow ? triangle(points.findLast((point) => Math.hypot(point.x - last.x, point.y - last.y) > 0.5) || last, last) : "",
  };
}

/** Where an edge starts, goes through or ends: a box, a port of an open one, a port of the frame around, or a gap. */
function stop(name, tensor, named, rect) {
  if (typeof name === "string") {
    const place = rect(named.get(name));
    return { anchor: named.get(name), x: place.x, top: place.top, bottom: place.bottom };
  }
  const item = items[name], anchor = elements.get(item);
  if (!isOpen(item)) {
    const box = rect(anchor.firstChild);
    return { anchor, box, x: box.x, top: box.top, bottom: box.bottom };
  }
  const inner = parts.get(item).named;
  const [entry, exit] = ["i", "o"].map((kind) => inner.get(kind + tensor)).map((port) => port && rect(port));
  const place = exit || entry;
  return { anchor, x: place.x, top: place.top, bottom: place.bottom };
}

/** The rows and layers around an element, the innermost first, each with its part that holds the element. */
function containers(anchor, root) {
  const found = [];
  for (let cell = anchor; cell !== root; cell = cell.parentElement) {
    const outer = cell.parentElement;
    if (outer.classList.contains("layer")) found.push({ box: outer, cell });
    else if (cell.classList.contains("column")) found.push({ box: outer.parentElement, cell });
  }
  return found;
}

function leg(from, to, root, rect) {
  const left = containers(from.anchor, root), entered = containers(to.anchor, root);
  while (left.length && entered.length && left.at(-1).box === entered.at(-1).box) {
    left.pop();
    entered.pop();
  }
  if ([...left, ...entered].some(({ box }) => box.classList.contains("layer"))) {
    const [high, low] = [left.length ? rect(left.at(-1).box).bottom : from.bottom, entered.length ? rect(entered.at(-1).box).top : to.top];
    const middle = (high + low) / 2;
    return [{ x: from.x, y: high }, { x: to.x, y: low, curve: [from.x, middle, to.x, middle] }, { x: to.x, y: to.top }];
  }
  const points = [];
  let x = from.x, y = from.bottom;
  const turn = (at, height) => {
    y = height;
    if (Math.abs(at - x) > 0.5) points.push({ x, y }, { x: at, y });
    x = at;
  };
  if (left.length) turn(entered.length ? rect(entered.at(-1).cell).x : to.x, rect(left.at(-1).box).bottom);
  for (const { box, cell } of entered.reverse()) turn(rect(cell).x, rect(box).top + 2);
  turn(to.x, (y + to.top) / 2);
  return [...points, { x: to.x, y: to.top }];
}

function rounded(points) {
  const [first, ...rest] = points;
  let before = first, text = `M${fixed(first)}`;
  rest.forEach((point, index) => {
    const after = rest[index + 1];
    if (point.curve) text += `C${point.curve.map((value) => value.toFixed(1)).join(" ")} ${fixed(point)}`;
    else if (!after || after.curve) text += `L${fixed(point)}`;
    else {
      const [one, other] = [before, after].map((end) => towards(point, end));
      text += `L${fixed(one)}Q${fixed(point)} ${fixed(other)}`;
    }
    before = point;
  });
  return text;
}

const fixed = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

function towards(point, end) {
  const length = Math.hypot(end.x - point.x, end.y - point.y) || 1;
  const part = Math.min(6, length / 2) / length;
  return { x: point.x + (end.x - point.x) * part, y: point.y + (end.y - point.y) * part };
}

function triangle(from, to) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x, y] = [to.x - 7 * dx, to.y - 7 * dy];
  return `M${fixed(to)}L${fixed({ x: x - 3.5 * dy, y: y + 3.5 * dx })}L${fixed({ x: x + 3.5 * dy, y: y - 3.5 * dx })}Z`;
}

// The table

const HEADS = [
  ["name", "", null], ["op", "", null], ["output", "", null], ["params", "number", (item) => item.figures[0]],
  ["MACs", "number", (item) => item.figures[1] ?? -1], ["share", "number", (item) => item.figures[1] ?? -1],
  ["memory", "number", (item) => item.figures[3]],
];
const rows = new Map();

function heads() {
  $("heads").replaceChildren(...HEADS.map(([name, kind, value]) => {
    const order = sort && sort.name === name ? (sort.down ? "descending" : "ascending") : null;
    const mark = order ? (sort.down ? " ↓" : " ↑") : "";
    const button = make("button", { type: "button", title: value ? `Sort by ${name}` : "In the order of the spec" }, name + mark);
    button.onclick = () => {
      const again = sort && sort.name === name;
      sort = !value || (again && !sort.down) ? null : { name, value, down: !again };
      heads();
      table();
    };
    return make("th", { class: kind, scope: "col", "aria-sort": order }, button);
  }));
}

function listed() {
  const found = query ? matches : [...visible(items[0])];
  if (!sort) return found;
  const closed = found.filter((item) => item.figures && (query || !isOpen(item)));
  return closed.sort((one, other) => (sort.down ? -1 : 1) * (sort.value(one) - sort.value(other)));
}

function table() {
  rows.clear();
  const flat = Boolean(query || sort);
  $("rows").replaceChildren(...listed().slice(0, 5000).map((item) => row(item, flat)));
  const first = rows.get(shownRow()) || rows.values().next().value;
  if (first) first.tabIndex = 0;
}

const shownRow = () => selected && (rows.has(selected) ? selected : shown(selected));

function row(item, flat) {
  const nested = opens(item) && !flat;
  const twisty = make("span", { class: "twisty", "aria-hidden": "true" }, nested ? (isOpen(item) ? "▾" : "▸") : "");
  const [params, macs, , activations] = item.figures || [];
  const part = make("i");
  part.style.width = percent(share(item));
  const known = Boolean(item.figures);
  const made = make("tr", {
    tabindex: "-1", class: [opens(item) ? "group" : "", query ? "hit" : ""].join(" ").trim() || null,
    "aria-level": flat ? null : depth(item), "aria-expanded": nested ? String(isOpen(item)) : null, "aria-selected": String(item === selected),
  },
    cell("", flat ? "" : twisty, flat || isEnd(item) ? called(item) : item.name || item.path),
    cell("", isEnd(item) ? item.kind : item.title, make("span", { class: "arguments" }, isEnd(item) ? "" : ` ${item.arguments || ""}`),
      item.count ? ` ×${item.count}` : ""),
    cell("", item.shape || ""), cell("number", known ? exact(params) : ""), cell("number", known ? exact(macs) : ""),
    cell("number", ...(known && macs !== null ? [percent(share(item)), make("span", { class: "bar" }, part)] : [])),
    cell("number", known ? bytes(activations) : ""));
  made.item = item;
  made.style.setProperty("--depth", flat ? 0 : depth(item) - 1);
  rows.set(item, made);
  return made;
}

const cell = (kind, ...content) => make("td", { class: kind || null, role: "gridcell" }, ...content);

function depth(item) {
  let count = 0;
  for (let outer = around(item); outer; outer = around(outer)) count++;
  return count;
}

// What changes

function refresh(item) {
  if (!item.number) {
    elements.clear();
    world.replaceChildren(lines, column(item));
  } else {
    elements.get(item).replaceWith(element(item));
  }
}

/** Opens or folds items, and keeps one of them where it is on the screen. */
function change(item, action) {
  const place = (elements.get(item) || world).getBoundingClientRect();
  action();
  settle();
  const now = (elements.get(item) || world).getBoundingClientRect();
  canvas.scrollBy(now.x + now.width / 2 - place.x - place.width / 2, now.y - place.y);
}

function settle() {
  size();
  draw();
  table();
  paint();
  mark();
}

function toggle(item, wanted = !isOpen(item)) {
  if (!opens(item) || wanted === isOpen(item)) return;
  change(item, () => {
    if (wanted) open.add(item);
    else open.delete(item);
    refresh(item);
  });
  if (selected && shown(selected) !== selected) select(shown(selected));
}

function openAll(wanted) {
  open.clear();
  for (const item of wanted) open.add(item);
  refresh(items[0]);
  settle();
  if (selected) select(shown(selected));
}

function reveal(item) {
  const closed = [];
  for (let outer = around(item); outer; outer = around(outer)) if (!isOpen(outer)) closed.push(outer);
  if (!closed.length) return;
  for (const outer of closed) open.add(outer);
  refresh(closed.at(-1));
  settle();
}

function select(item, centred = false) {
  selected = item;
  if (item) reveal(item);
  mark();
  if (!item) return;
  if (centred) into(elements.get(item));
  const there = rows.get(item);
  if (there) there.scrollIntoView({ block: "nearest" });
}

function into(target) {
  const [box, frame] = [target.getBoundingClientRect(), canvas.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom - 60) canvas.scrollBy(0, box.top - frame.top - Math.max(20, (frame.height - box.height) / 2));
  if (box.left < frame.left || box.right > frame.right) canvas.scrollBy(box.left + box.width / 2 - frame.left - frame.width / 2, 0);
}

/** Shows what is selected and what is found, and where the keyboard comes in. */
function mark() {
  const found = new Set(matches);
  const entry = focused && elements.get(focused)?.isConnected ? focused : selected || items[1];
  for (const [item, made] of elements) {
    if (!made.isConnected) {
      elements.delete(item);
      continue;
    }
    made.setAttribute("aria-selected", String(item === selected));
    made.tabIndex = item === entry ? 0 : -1;
    made.classList.toggle("hit", found.has(item) || (!isOpen(item) && matches.length > 0 && [...inside(item)].some((each) => found.has(each))));
  }
  for (const [item, made] of rows) {
    made.setAttribute("aria-selected", String(item === selected));
    made.tabIndex = -1;
  }
  const first = rows.get(shownRow()) || rows.values().next().value;
  if (first) first.tabIndex = 0;
  near();
}

function paint() {
  const by = $("colour").value;
  const value = (item) => (by && item.figures && !isOpen(item) ? (by === "macs" ? item.figures[1] || 0 : item.figures[3]) : 0);
  const most = Math.max(1, ...[...visible(items[0])].map(value));
  for (const [item, made] of elements) {
    made.classList.toggle("heat", Boolean(by && item.figures && !isOpen(item)));
    made.style.setProperty("--heat", `color-mix(in srgb, var(--most) ${(100 * value(item)) / most}%, var(--least))`);
  }
}

// Zoom and pan

function size() {
  const [width, height] = [world.offsetWidth * scale, world.offsetHeight * scale];
  sizer.style.width = `${Math.max(width, canvas.clientWidth)}px`;
  sizer.style.height = `${height}px`;
  world.style.transform = `translateX(${Math.max(0, (canvas.clientWidth - width) / 2)}px) scale(${scale})`;
  $("scale").textContent = `${Math.round(100 * scale)}%`;
}

function zoom(wanted, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const before = world.getBoundingClientRect(), frame = canvas.getBoundingClientRect(), old = scale;
  const at = [(x + frame.x - before.x) / old, (y + frame.y - before.y) / old];
  scale = Math.min(3, Math.max(0.05, wanted));
  size();
  const after = world.getBoundingClientRect();
  canvas.scrollBy(after.x + at[0] * scale - frame.x - x, after.y + at[1] * scale - frame.y - y);
}

/** As large as the window has room for; very long pictures stay legible, and are scrolled. */
function fit(least = 0.3) {
  const wanted = Math.min(canvas.clientWidth / world.offsetWidth, canvas.clientHeight / world.offsetHeight, 1.25);
  zoom(Math.max(wanted, least));
  canvas.scrollTo((sizer.offsetWidth - canvas.clientWidth) / 2, 0);
}

let grip = null, dragged = false;
canvas.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (event.button === 0 && event.pointerType === "mouse") grip = { x: event.clientX, y: event.clientY };
});
canvas.addEventListener("pointermove", (event) => {
  if (!grip) return;
  const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
  if (!dragged && Math.hypot(dx, dy) < 5) return;
  if (!dragged) canvas.setPointerCapture(event.pointerId);
  dragged = true;
  canvas.classList.add("moving");
  canvas.scrollBy(-dx, -dy);
  grip = { x: event.clientX, y: event.clientY };
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, () => {
    grip = null;
    canvas.classList.remove("moving");
  });
}
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const frame = canvas.getBoundingClientRect();
  zoom(scale * Math.exp(-event.deltaY / 300), event.clientX - frame.x, event.clientY - frame.y);
}, { passive: false });

// Pointing

function explain(item, beside) {
  if (!item || !item.number) {
    tip.hidden = true;
    return;
  }
  tip.replaceChildren(make("h2", {}, called(item)), make("p", {}, isEnd(item) ? `${item.kind} of the network` : wording(item)),
    item.doc === undefined ? "" : make("p", {}, data.docs[item.doc]),
    make("dl", {}, ...figures(item).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])));
  tip.hidden = false;
  const box = beside.getBoundingClientRect(), [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const frame = canvas.getBoundingClientRect();
  const side = [box.right + 12, box.left - width - 12].find((x) => x > frame.left && x + width < frame.right);
  const corner = side === undefined || isOpen(item); // beside a frame it would cover what is in others
  tip.style.left = `${corner ? frame.right - width - 20 : side}px`;
  tip.style.top = `${corner ? frame.bottom - height - 12 : Math.max(6, Math.min(box.top, innerHeight - height - 6))}px`;
}

const pointed = (event) => event.target.closest?.(".card, .head");

world.addEventListener("pointerover", (event) => {
  const target = pointed(event);
  hovered = target ? target.parentElement.item : null;
  explain(grip && dragged ? null : hovered, target);
  near();
});
world.addEventListener("pointerleave", () => {
  hovered = null;
  explain(null);
  near();
});
world.addEventListener("click", (event) => {
  const target = pointed(event);
  if (!target || dragged) return;
  const item = target.parentElement.item;
  selected = item;
  toggle(item);
  select(item);
  focus(item);
  explain(null);
});
world.addEventListener("focusin", (event) => {
  focused = event.target.item || null;
  if (focused && event.target.matches(":focus-visible")) explain(focused, event.target.querySelector(".card, .head"));
  near();
});
world.addEventListener("focusout", () => {
  focused = null;
  explain(null);
  near();
});

// The keyboard

function focus(item) {
  const made = elements.get(item);
  if (!made) return;
  for (const other of world.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
  made.tabIndex = 0;
  made.focus({ preventScroll: true });
  into(isOpen(item) ? made.querySelector(".head") : made);
}

world.addEventListener("keydown", (event) => {
  const item = event.target.item;
  if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...visible(items[0])], index = all.indexOf(item), outer = around(item);
  const go = (to) => to && to.number && focus(to);
  const keys = {
    ArrowDown: () => go(all[index + 1]), ArrowUp: () => go(all[index - 1]), Home: () => go(all[0]), End: () => go(all.at(-1)),
    ArrowRight: () => (isOpen(item) ? go(item.children[0]) : press(item, true)),
    ArrowLeft: () => (isOpen(item) ? press(item, false) : go(outer)),
    Enter: () => press(item), " ": () => press(item), Escape: () => explain(null),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

function press(item, wanted) {
  selected = item;
  toggle(item, wanted);
  select(item);
  focus(item);
}

$("rows").addEventListener("click", (event) => {
  const item = event.target.closest("tr").item;
  if (event.target.classList.contains("twisty")) toggle(item);
  select(item, true);
  rows.get(item)?.focus({ preventScroll: true });
});
$("rows").addEventListener("keydown", (event) => {
  const made = event.target.closest("tr"), item = made.item;
  const tree = !query && !sort;
  const go = (to) => {
    if (!to) return;
    made.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  };
  const turn = (wanted) => {
    toggle(item, wanted);
    go(rows.get(item));
  };
  const keys = {
    ArrowDown: () => go(made.nextElementSibling), ArrowUp: () => go(made.previousElementSibling),
    Home: () => go(made.parentElement.firstElementChild), End: () => go(made.parentElement.lastElementChild),
    ArrowRight: () => tree && (isOpen(item) ? go(made.nextElementSibling) : turn(true)),
    ArrowLeft: () => tree && (isOpen(item) ? turn(false) : go(rows.get(around(item)))),
    Enter: () => select(item, true), " ": () => select(item, true),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
  if (event.key === "Enter" || event.key === " ") rows.get(item)?.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  const keys = { "/": () => $("search").focus(), "+": () => zoom(scale * 1.2), "=": () => zoom(scale * 1.2), "-": () => zoom(scale / 1.2), 0: () => fit() };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

// Search

function seek(text) {
  query = text.trim().toLowerCase();
  const words = query.split(/\s+/);
  const says = (item) => `${item.path} ${item.name || ""} ${wording(item)} ${(item.lines || []).join(" ")}`.toLowerCase();
  matches = query ? [...inside(items[0])].filter((item) => words.every((word) => says(item).includes(word))) : [];
  match = -1;
  $("found").textContent = query ? `${matches.length || "none"} found` : "";
  table();
  mark();
}

$("search").addEventListener("input", (event) => seek(event.target.value));
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.target.value = "";
    seek("");
  } else if (event.key === "Enter" && matches.length) {
    match = (match + (event.shiftKey ? matches.length - 1 : 1)) % matches.length;
    select(matches[match], true);
    $("found").textContent = `${match + 1} of ${matches.length}`;
  }
});

// The theme: that of the page's reader, unless switched

const THEMES = { "": "Theme: auto", light: "Theme: light", dark: "Theme: dark" };

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  $("theme").textContent = THEMES[name];
}

$("theme").onclick = () => {
  const names = Object.keys(THEMES);
  theme(names[(names.indexOf(document.documentElement.dataset.theme || "") + 1) % names.length]);
};

$("unfold").onclick = () => openAll(items.filter(opens));
$("fold").onclick = () => {
  openAll(initially);
  fit(0.7);
};
$("colour").onchange = paint;
$("larger").onclick = () => zoom(scale * 1.2);
$("smaller").onclick = () => zoom(scale / 1.2);
$("fit").onclick = () => fit();
new ResizeObserver(size).observe(canvas);

world.setAttribute("role", "tree");
world.setAttribute("aria-label", data.name);
theme("");
heads();
refresh(items[0]);
settle();
fit(0.7);
