// Layers: where boxes and gaps stand in their rows, in the order of the plan, so that edges are as straight as they can be.

const APART = 18, SWEEPS = 16;

/** Places what stands in the layers of an open item, once all inside it has its size. */
function straighten(item) {
  for (const names of parts.get(item).layers) {
    const rows = cells(item, names), upwards = rows.toReversed();
    for (let sweep = 0; sweep < SWEEPS; sweep++) {
      for (const row of sweep % 2 ? upwards : rows) arrange(row, mean, (cell) => cell.weight);
    }
    const heaviest = (cell) => cell.weight ** 4; // of several that are in each other's way, it alone stays
    for (const row of rows) arrange(row, (cell) => median(cell, "above"), heaviest);
    for (const row of upwards) arrange(row, (cell) => median(cell, "below"), heaviest);
    spread(rows);
  }
}

/** The boxes and gaps of layers: how far they reach from their middle, and what they are linked to. */
function cells(item, names) {
  const rect = ruler(), { named } = parts.get(item), found = new Map();
  const rows = names.map((row) => row.map((name) => {
    const made = named.get(name) ?? elements.get(items[name]), label = made.querySelector(":scope > .shape");
    const { left, right, x } = rect(made);
    const reach = Math.max(right, label ? rect(label).right : 0) - x;
    found.set(name, { made, middle: x, half: x - left, reach, x: 0, links: [], weight: 0 });
    return found.get(name);
  }));
  for (const edge of item.edges) link(edge, found, (name) => stop(name, edge[2], named, rect).x);
  return rows;
}

/** Links the cells that an edge leads through; what is above or below all of them is in the middle, at 0. */
function link([source, target, , skip, ...gaps], found, place) {
  const stops = [source, ...gaps, target].map((name) => {
    const cell = found.get(name);
    return { cell, isGap: cell?.made.matches(".gap"), shift: cell ? place(name) - cell.middle : 0 };
  });
  for (let index = 1; index < stops.length; index++) {
    const [from, to] = [stops[index - 1], stops[index]], shift = to.shift - from.shift;
    const weight = (skip ? 1 : 50) * (from.isGap && to.isGap ? 8 : 1);
    from.cell?.links.push({ cell: to.cell, shift, weight, side: "below" });
    to.cell?.links.push({ cell: from.cell, shift: -shift, weight, side: "above" });
    for (const { cell } of [from, to]) if (cell) cell.weight += weight;
  }
}

const wanted = ({ cell, shift }) => (cell?.x ?? 0) + shift;

const mean = (cell) => cell.links.reduce((sum, each) => sum + each.weight * wanted(each), 0) / (cell.weight || 1);

/** Where half of what a cell is linked to is on either side; of two such places the one nearer to a side's. */
function median(cell, side) {
  const links = cell.links.toSorted((one, other) => wanted(one) - wanted(other));
  if (!links.length) return cell.x;
  let below = 0;
  const index = links.findIndex((each) => (below += each.weight) >= cell.weight / 2);
  const low = wanted(links[index]), high = 2 * below === cell.weight ? wanted(links[index + 1]) : low;
  const near = links.filter((each) => each.side === side);
  const place = near.length ? Math.max(...near.map((each) => each.weight)) : 0;
  const main = near.find((each) => each.weight === place);
  return main ? Math.min(high, Math.max(low, wanted(main))) : (low + high) / 2;
}

/** Moves a row's cells as near as they can be to where they are to be, in order and apart: pool adjacent violators. */
function arrange(row, place, weight) {
  const blocks = [];
  let offset = 0, before = null;
  for (const cell of row) {
    if (before) offset += before.reach + APART + cell.half;
    let block = { held: [[cell, offset]], at: place(cell) - offset, weight: weight(cell) || 1 };
    while (blocks.length && blocks.at(-1).at > block.at) block = pooled(blocks.pop(), block);
    blocks.push(block);
    before = cell;
  }
  for (const { held, at } of blocks) for (const [cell, offset] of held) cell.x = at + offset;
}

function pooled(one, other) {
  const weight = one.weight + other.weight;
  return { held: [...one.held, ...other.held], at: (one.at * one.weight + other.at * other.weight) / weight, weight };
}

/** Moves the elements to where their cells are; the middle of the layers is at 0. */
function spread(rows) {
  const half = Math.ceil(Math.max(...rows.flat().map((cell) => Math.max(cell.half - cell.x, cell.x + cell.reach))));
  for (const row of rows) {
    let end = -half;
    for (const { made, x, half: reach } of row) {
      const left = Math.round(x - reach);
      made.style.marginLeft = `${left - end}px`;
      end = left + 2 * reach;
    }
    row[0].made.closest(".layers").style.width = `${2 * half}px`;
  }
}
