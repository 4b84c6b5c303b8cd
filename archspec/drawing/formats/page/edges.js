// Edges: from box to box inside each open item, in one layer of lines behind the boxes.

let edges = [];
let crossed = null; // the edge that is pointed at
const REACH = 6; // how near to a line, in points of the screen, is on it

/** Draws the edges inside all open items, as a few paths. */
function draw() {
  const rect = ruler();
  edges = levels().flatMap((item) => spaced(item.edges).map(([edge, aside]) => route(item, edge, aside, rect)));
  if (placement) edges.push(...placedEdges(rect));
  crossed = null;
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

/** Marks all edges of the tensor that is pointed at, or else those of what is pointed at or selected. */
function near() {
  const item = hovered || focused || selected;
  const marked = crossed ? edges.filter((edge) => edge.tensor === crossed.tensor)
    : item ? edges.filter((edge) => edge.source === item || edge.target === item) : [];
  lines.lastChild?.setAttribute("d", marked.map((edge) => edge.line).join(""));
}

/** Edges with how far aside each is: those from the same place to the same place run beside each other. */
function spaced(given) {
  const hasPorts = (...names) => names.some((name) => typeof name === "string" || isOpen(items[name]));
  const alike = Map.groupBy(given, ([source, target, tensor]) => `${source} ${target} ${hasPorts(source, target) && tensor}`);
  return [...alike.values()].flatMap((same) => same.map((edge, index) => [edge, 8 * (index - (same.length - 1) / 2)]));
}

function route(item, [source, target, tensor, skip, ...gaps], aside, upright) {
  const { made, named } = parts.get(item), up = made.closest(".up") !== null, rect = up ? mirrored(upright) : upright;
  const stops = [source, ...gaps, target].map((name) => stop(name, tensor, named, rect));
  for (const each of stops) each.x += aside;
  let points = [...stops[0].lead ?? [], { x: stops[0].x, y: stops[0].bottom }];
  for (let index = 1; index < stops.length; index++) {
    const [from, to] = [stops[index - 1], stops[index]];
    if (skip && to.box && isBeside(from, to)) points.push({ x: from.x, y: to.box.y }, { x: to.box.right, y: to.box.y });
    else points.push(...leg(from, to, made, rect));
    if (index < stops.length - 1) points.push({ x: to.x, y: to.bottom });
  }
  points.push(...(stops.at(-1).lead ?? []).toReversed());
  if (up) points = points.map(over);
  const tip = stops.at(-1).box ? triangle(points) : "";
  return { source: items[source], target: items[target], tensor, skip, points, line: rounded(points), tip };
}

/** Rectangles turned over, as what is read from below is laid out; and a point turned back. */
const mirrored = (rect) => (of) => {
  const { left, top, right, bottom, x, y } = rect(of);
  return { left, top: -bottom, right, bottom: -top, x, y: -y };
};
const over = ({ x, y, curve }) => ({ x, y: -y, curve: curve?.map((value, index) => (index % 2 ? -value : value)) });

/** The edge whose line is nearest to a place, if one is near; places are in the world's own units. */
function edgeAt(x, y) {
  let found = null, least = REACH / scale;
  for (const edge of edges) {
    const away = distance(edge.points, x, y);
    if (away < least) [found, least] = [edge, away];
  }
  return found;
}

/** How far a place is from a line through points. */
function distance(points, x, y) {
  let least = Infinity;
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1], points[index]];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const part = Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1)));
    least = Math.min(least, Math.hypot(x - from.x - part * dx, y - from.y - part * dy));
  }
  return least;
}

/** Whether something is in a branch beside a body, and something else is not. */
function isBeside(one, other) {
  const branch = one.anchor.closest(".beside");
  return branch !== null && !branch.contains(other.anchor);
}

/** Where an edge starts, goes through or ends: a box, a port of an open one, a port of the frame around, or a gap. */
function stop(name, tensor, named, rect) {
  if (typeof name === "string") {
    const { x, top, bottom } = rect(named.get(name));
    return { anchor: named.get(name), x, top, bottom };
  }
  const item = items[name], anchor = elements.get(item);
  if (!isOpen(item)) {
    const box = rect(anchor.firstChild);
    return { anchor, box, x: box.x, top: box.top, bottom: box.bottom };
  }
  const { named: ports, made } = parts.get(item), port = ports.get(`o${tensor}`) ?? ports.get(`i${tensor}`);
  const { x, top, bottom } = rect(port), first = !ports.has(`o${tensor}`);
  return isOutermost(port, made, first) ? { anchor, x, top, bottom } : lane(item, anchor, port, rect);
}

/** Where an edge leaves or enters an open box beside what is in it, and how it leads on to a port half way down. */
function lane(item, anchor, port, rect) {
  const { left, right, top, bottom } = rect(anchor), { x, y } = rect(port), { named, made } = parts.get(item);
  const others = [...named].filter(([name, one]) => /^[io]/.test(name) && !isOutermost(one, made, name[0] === "i"));
  const at = Math.max(left, right - 4 - 4 * (others.findIndex(([, one]) => one === port) % 3));
  return { anchor, x: at, top, bottom, lead: [{ x, y }, { x: at, y }] };
}

/** Whether nothing stands between a port and the border above it, or below it where it is one of the last. */
function isOutermost(port, root, first) {
  for (let at = port; at !== root; at = at.parentElement) {
    if (at.parentElement.matches(".column, .layers") && (first ? at.previousElementSibling : at.nextElementSibling)) return false;
  }
  return true;
}

/** The points after the first of a line from one stop to the next: round what is in the same row, through its rows. */
function leg(from, to, root, rect) {
  const left = containers(from.anchor, root), entered = containers(to.anchor, root);
  while (left.length && entered.length && left.at(-1).box === entered.at(-1).box) {
    left.pop();
    entered.pop();
  }
  if ([...left, ...entered].some(({ box }) => box.matches(".layer"))) {
    const high = left.length ? rect(left.at(-1).box).bottom : from.bottom;
    return curve(from, to, high, entered.length ? rect(entered.at(-1).box).top : to.top);
  }
  const turns = left.length ? [[entered.length ? rect(entered.at(-1).cell).x : to.x, rect(left.at(-1).box).bottom]] : [];
  turns.push(...entered.reverse().map(({ box, cell }) => [rect(cell).x, rect(box).top + 2]));
  return stairs(from, to, turns);
}

/** The rows and layers around an element, the innermost first, each with its part that holds the element. */
function containers(anchor, root) {
  const found = [];
  for (let cell = anchor; cell !== root; cell = cell.parentElement) {
    if (cell.parentElement.matches(".layer")) found.push({ box: cell.parentElement, cell });
    else if (cell.matches(".column")) found.push({ box: cell.closest(".row"), cell });
  }
  return found;
}

/** Down, from one height to another across, and down again. */
function curve(from, to, high, low) {
  const middle = (high + low) / 2;
  return [{ x: from.x, y: high }, { x: to.x, y: low, curve: [from.x, middle, to.x, middle] }, { x: to.x, y: to.top }];
}

/** Down, and at each turn across, where that leads anywhere; last half way to the end. */
function stairs(from, to, turns) {
  const points = [];
  let { x, bottom: y } = from;
  for (const [at, height] of [...turns, [to.x, null]]) {
    y = height ?? (y + to.top) / 2;
    if (Math.abs(at - x) > 0.5) points.push({ x, y }, { x: at, y });
    x = at;
  }
  return [...points, { x: to.x, y: to.top }];
}

// The text of paths

const fixed = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** A line through points, its corners round. */
function rounded([first, ...rest]) {
  let before = first, text = `M${fixed(first)}`;
  rest.forEach((point, index) => {
    const after = rest[index + 1];
    if (point.curve) text += `C${point.curve.map((value) => value.toFixed(1)).join(" ")} ${fixed(point)}`;
    else if (!after || after.curve) text += `L${fixed(point)}`;
    else text += `L${fixed(towards(point, before))}Q${fixed(point)} ${fixed(towards(point, after))}`;
    before = point;
  });
  return text;
}

function towards(point, end) {
  const length = Math.hypot(end.x - point.x, end.y - point.y) || 1;
  const part = Math.min(6, length / 2) / length;
  return { x: point.x + (end.x - point.x) * part, y: point.y + (end.y - point.y) * part };
}

/** The tip of the arrow at the end of a line. */
function triangle(points) {
  const to = points.at(-1), from = points.findLast(({ x, y }) => Math.hypot(x - to.x, y - to.y) > 0.5) ?? to;
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x, y] = [to.x - 7 * dx, to.y - 7 * dy];
  return `M${fixed(to)}L${fixed({ x: x - 3.5 * dy, y: y + 3.5 * dx })}L${fixed({ x: x + 3.5 * dy, y: y - 3.5 * dx })}Z`;
}
