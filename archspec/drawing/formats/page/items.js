// Items: the tree of boxes, the network being number 0, and which of them are open.

const data = JSON.parse(document.getElementById("data").textContent);
const items = data.items;

items.forEach((item, number) => {
  item.number = number;
  item.children = [];
  if (number) items[item.parent].children.push(item);
});

const initially = new Set(items.filter((item) => item.open));
const open = new Set(initially);

const opens = (item) => item.children.length > 0;
const isOpen = (item) => open.has(item);
const isEnd = (item) => item.kind === "input" || item.kind === "output";

function* inside(item) {
  for (const child of item.children) {
    yield child;
    yield* inside(child);
  }
}

/** The items inside one that are shown, each before those inside it. */
function* visible(item) {
  for (const child of item.children) {
    yield child;
    if (isOpen(child)) yield* visible(child);
  }
}

/** All open items, each before those inside it. */
const opened = () => [items[0], ...visible(items[0])].filter(isOpen);

/** All open items that are arranged by themselves, not by a placement of all. */
const levels = () => opened().filter((item) => item.number ? !placement?.frames.has(item) : !placement);

/** The items around one, the innermost first. */
function* around(item) {
  while (item.number) {
    item = items[item.parent];
    yield item;
  }
}

/** The item, or the outermost folded one around it. */
const shown = (item) => [...around(item)].findLast((outer) => !isOpen(outer)) ?? item;

// What items say

const called = (item) => (item.number ? (isEnd(item) ? item.title : item.path) : data.name);
const wording = (item) => [item.title, item.arguments, item.count ? `×${item.count}` : ""].filter(Boolean).join(" ");

const exact = (value) => value?.toLocaleString("en-US") ?? "?";
const percent = (part) => `${(100 * part).toFixed(1)}%`;
const share = (item) => item.figures?.[4] ?? 0;

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; count >= 1024 && unit < 3; unit++) count /= 1024;
  return `${count.toFixed(unit ? 1 : 0)} ${units[unit]}`;
}

/** All that is known of an item, as names and values. */
function figures(item) {
  const found = item.shape ? [["output", item.shape]] : [];
  if (!item.figures) return found;
  const [params, macs, other, activations] = item.figures;
  found.push(["parameters", exact(params)], ["MACs", exact(macs)]);
  if (macs) found.push(["share of MACs", percent(share(item))]);
  found.push(["other operations", exact(other)], ["activations", bytes(activations)]);
  if (item.field) found.push(["receptive field", item.field]);
  return found;
}
