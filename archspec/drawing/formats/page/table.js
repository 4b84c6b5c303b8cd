// The table: a row for each item that is shown or found, in the order of the spec or by figures.

const HEADS = [
  ["name", "", null], ["op", "", null], ["output", "", null], ["params", "number", (item) => item.figures[0]],
  ["MACs", "number", (item) => item.figures[1] ?? -1], ["share", "number", (item) => item.figures[1] ?? -1],
  ["memory", "number", (item) => item.figures[3]],
];
const MOST_ROWS = 5000;
const rows = new Map(); // of each item that has one
let sort = null;

function heads() {
  $("heads").replaceChildren(...HEADS.map(([name, kind, value]) => {
    const order = sort?.name === name ? (sort.down ? "descending" : "ascending") : null;
    const mark = order ? (sort.down ? " ↓" : " ↑") : "";
    const button = make("button", { type: "button", title: value ? `Sort by ${name}` : "In the order of the spec" }, name + mark);
    button.onclick = () => sortBy(name, value);
    return make("th", { class: kind, scope: "col", "aria-sort": order }, button);
  }));
}

/** Sorts by a figure: first downwards, then upwards, then not at all. */
function sortBy(name, value) {
  const again = sort?.name === name;
  sort = !value || (again && !sort.down) ? null : { name, value, down: !again };
  heads();
  table();
  document.querySelectorAll("#heads button")[HEADS.findIndex(([head]) => head === name)].focus();
}

const isTree = () => !query && !sort;

function listed() {
  const found = query ? matches : [...visible(items[0])];
  if (!sort) return found;
  const closed = found.filter((item) => item.figures && (query || !isOpen(item)));
  return closed.sort((one, other) => (sort.down ? -1 : 1) * (sort.value(one) - sort.value(other)));
}

function table() {
  rows.clear();
  $("rows").replaceChildren(...listed().slice(0, MOST_ROWS).map(row));
  enterTable();
}

/** Marks what is selected, and lets the keyboard in there. */
function enterTable() {
  for (const [item, made] of rows) {
    made.setAttribute("aria-selected", String(item === selected));
    made.tabIndex = -1;
  }
  const entry = (selected && (rows.get(selected) ?? rows.get(shown(selected)))) ?? rows.values().next().value;
  if (entry) entry.tabIndex = 0;
}

function row(item) {
  const tree = isTree(), nested = opens(item) && tree, depth = [...around(item)].length;
  const made = make("tr", {
    class: [opens(item) ? "group" : "", query ? "hit" : ""].join(" ").trim() || null,
    "aria-level": tree ? depth : null, "aria-expanded": nested ? String(isOpen(item)) : null,
  }, ...texts(item, tree, nested), ...numbers(item));
  made.item = item;
  made.style.setProperty("--depth", tree ? depth - 1 : 0);
  rows.set(item, made);
  return made;
}

const cell = (kind, ...content) => make("td", { class: kind || null, role: "gridcell" }, ...content);

function texts(item, tree, nested) {
  const twisty = make("span", { class: "twisty", "aria-hidden": "true" }, nested ? (isOpen(item) ? "▾" : "▸") : "");
  const name = cell("", tree ? twisty : "", !tree || isEnd(item) ? called(item) : item.name || item.path);
  const op = isEnd(item) ? cell("", item.kind) : cell("", item.title,
    make("span", { class: "arguments" }, ` ${item.arguments || ""}`), item.count ? ` ×${item.count}` : "");
  return [name, op, cell("", item.shape || "")];
}

function numbers(item) {
  if (!item.figures) return Array.from({ length: 4 }, () => cell("number"));
  const [params, macs, , activations] = item.figures, part = make("i");
  part.style.width = percent(share(item));
  const bar = macs === null ? [] : [percent(share(item)), make("span", { class: "bar" }, part)];
  return [cell("number", exact(params)), cell("number", exact(macs)), cell("number", ...bar), cell("number", bytes(activations))];
}

$("rows").addEventListener("click", (event) => {
  const item = event.target.closest("tr").item;
  if (event.target.matches(".twisty")) toggle(item);
  choose(item);
});

$("rows").addEventListener("keydown", (event) => {
  const made = event.target.closest("tr"), item = made.item, tree = isTree();
  const go = (to) => to && enter(to);
  const turn = (wanted) => {
    toggle(item, wanted);
    go(rows.get(item));
  };
  press(event, {
    ArrowDown: () => go(made.nextElementSibling), ArrowUp: () => go(made.previousElementSibling),
    Home: () => go(made.parentElement.firstElementChild), End: () => go(made.parentElement.lastElementChild),
    ArrowRight: () => tree && (isOpen(item) ? go(made.nextElementSibling) : turn(true)),
    ArrowLeft: () => tree && (isOpen(item) ? turn(false) : go(rows.get(items[item.parent]))),
    Enter: () => choose(item), " ": () => choose(item),
  });
});

/** Moves the keyboard to a row. */
function enter(made) {
  for (const other of rows.values()) other.tabIndex = -1;
  made.tabIndex = 0;
  made.focus();
}

/** Selects the item of a row, and shows it in the picture. */
function choose(item) {
  select(item, true);
  rows.get(item)?.focus({ preventScroll: true });
}
