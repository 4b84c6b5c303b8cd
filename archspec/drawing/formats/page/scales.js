// Scales: a picture that was laid out by resolution, and how it moves apart as boxes in it open.
//
// Whatever is left of something, or above it, stays there: each axis is stretched where a box needs room. So lines stay
// straight, and what did not lie on each other does not.

const UNIT = 1.25; // of the page, for one of the layout
const RIGID = 8 * UNIT; // from the middle of a box, where lines enter it: this much is not stretched
const FAR = 9 * UNIT; // from the side of a box with a pile to where its lines begin
const PILE = 6; // how far a pile stands out

const placements = data.placements.map(({ size, boxes, frames, edges, labels }) => {
  const scaled = (list) => list.map((value) => UNIT * value);
  const rect = ([number, ...sides]) => {
    const [left, top, right, bottom] = scaled(sides);
    return [items[number], { left, top, right, bottom }];
  };
  const found = {
    size: scaled(size), boxes: new Map(boxes.map(rect)),
    frames: new Map(frames.map(([number, parts]) => [items[number], parts.map((part) => [rect([0, ...part])[1], part[4]])])),
    edges: edges.map(([source, target, tensor, skip, line]) => (
      { source: items[source], target: items[target], tensor, skip, line: line.map(scaled) })),
    labels: labels.map(([x, y, text]) => [...scaled([x, y]), text]),
  };
  for (const edge of found.edges) join(edge, found.boxes);
  for (const box of found.boxes.values()) box.axes = [pieces(box.left, box.right, box.across), pieces(box.top, box.bottom, box.along)];
  return found;
});
let placement = null; // of what is open now, where there is one

/** The placement for what is open: in it the same boxes of the overview are open. */
const placed = () => placements.find(({ boxes, frames }) => [...frames.keys()].every(isOpen)
  && ![...boxes.keys()].some((item) => initially.has(item) && isOpen(item))) ?? null;

/** Notes which sides of its boxes an edge joins, and for these where. */
function join(edge, boxes) {
  const [from, to] = [boxes.get(edge.source), boxes.get(edge.target)];
  edge.sides = [side(edge.line[0], from), side(edge.line.at(-1).slice(-2), to)];
  edge.rings = [from, to].map((box) => (box.lines = (box.lines ?? 0) + 1) - 1);
  if (edge.sides[0] === "top" || edge.sides[1] === "bottom") (edge.sides[0] === "top" ? from : to).up = true;
}

/** The side of a box that a point is at; null where the line begins at another one. */
function side([x, y], box) {
  const away = { left: Math.abs(x - box.left), right: Math.abs(x - box.right), top: Math.abs(y - box.top), bottom: Math.abs(y - box.bottom) };
  const [name, least] = Object.entries(away).reduce((one, other) => (other[1] < one[1] ? other : one));
  if (least > FAR) return null;
  if (name === "left" || name === "right") (box.along ??= []).push(y);
  else (box.across ??= []).push(x);
  return name;
}

/** How a box grows along an axis: beside its middle, or where lines join it further off between these. */
function pieces(low, high, joined = []) {
  const middle = (low + high) / 2, stops = [...new Set(joined)].sort((one, other) => one - other);
  if (stops.every((stop) => Math.abs(stop - middle) <= RIGID)) {
    return [{ low, high: middle, cuts: [middle - RIGID], part: 0.5 }, { low: middle, high, cuts: [middle + RIGID], part: 0.5 }];
  }
  const ends = stops.length > 1 ? stops : stops[0] < middle ? [stops[0], high] : [low, stops[0]];
  return [{ low, high, cuts: ends.slice(1).map((end, index) => (ends[index] + end) / 2), part: 1 }];
}

const isRigid = (axis) => axis.length > 1;

/** The element of all that is placed. */
function placedColumn() {
  const found = make("div", { class: "placed" }, ...items[0].children.map(element),
    ...placement.labels.map(([, , text]) => make("span", { class: "label" }, text)));
  parts.set(items[0], { made: found, named: new Map(), layers: [] });
  return found;
}

/** The rectangles of a frame of the overview: one around all in it, or several. */
const borders = (item) => (placement?.frames.get(item) ?? []).map(([, up]) => make("div", { class: up ? "part upwards" : "part" }));

/** Where values of an axis are moved to, so that boxes are as long as they need along it. */
function stretched(axis, needs) {
  const jumps = new Map();
  const grown = (low, high) => {
    let sum = 0;
    for (const [at, by] of jumps) if (low < at && at < high) sum += by;
    return sum;
  };
  for (const [box, need] of [...needs].sort(([, one], [, other]) => other - one)) {
    for (const { low, high, cuts, part } of box.axes[axis]) {
      const missing = (part * need - grown(low, high)) / cuts.length;
      if (missing > 0) for (const cut of cuts) jumps.set(cut, (jumps.get(cut) ?? 0) + missing);
    }
  }
  return (value) => value + grown(-Infinity, value);
}

/** Places all as far apart as what is open needs. */
function stretch() {
  const { boxes, frames, labels, size } = placement, sizes = naturalSizes();
  const need = (axis, [low, high]) => new Map([...boxes.values()].map((box) => [box, Math.max(0, sizes.get(box)[axis] - box[high] + box[low])]));
  const [x, y] = placement.moved = [stretched(0, need(0, ["left", "right"])), stretched(1, need(1, ["top", "bottom"]))];
  for (const [item, box] of boxes) {
    const [left, right] = reach(x, box.left, box.right, box.axes[0], sizes.get(box)[0]);
    const [top, bottom] = reach(y, box.top, box.bottom, box.axes[1], sizes.get(box)[1]);
    box.now = { left, top, right, bottom };
    put(elements.get(item), box.now, isOpen(item) ? elements.get(item) : elements.get(item).firstChild);
  }
  for (const [item, rects] of frames) {
    const made = [...elements.get(item).querySelectorAll(":scope > .part")];
    rects.forEach(([{ left, top, right, bottom }], index) => put(made[index], { left: x(left), top: y(top), right: x(right), bottom: y(bottom) }));
  }
  const { made } = parts.get(items[0]);
  put(made, { left: 0, top: 0, right: x(size[0]), bottom: y(size[1]) });
  made.querySelectorAll(":scope > .label").forEach((label, index) => put(label, { left: x(labels[index][0]), top: y(labels[index][1]) }, null));
}

/** How broad and high the boxes are by themselves. */
function naturalSizes() {
  const { boxes } = placement, found = new Map();
  for (const item of boxes.keys()) for (const made of [elements.get(item), elements.get(item).firstChild]) made.style.width = made.style.height = "";
  for (const [item, box] of boxes) {
    const made = isOpen(item) ? elements.get(item) : elements.get(item).firstChild;
    found.set(box, [made.offsetWidth, made.offsetHeight]);
  }
  return found;
}

/** From where to where a box reaches: as far as it needs about its middle, or all that there is where lines join it. */
function reach(moved, low, high, axis, size) {
  if (!isRigid(axis)) return [moved(low), moved(high)];
  const middle = moved((low + high) / 2), half = Math.max(size, high - low) / 2;
  return [middle - half, middle + half];
}

function put(made, { left, top, right, bottom }, sized = made) {
  made.style.left = `${left}px`;
  made.style.top = `${top}px`;
  if (!sized) return;
  sized.style.width = `${right - left}px`;
  sized.style.height = `${bottom - top}px`;
}

/** The edges between all that is placed. */
function placedEdges(rect) {
  const { boxes, edges: given, moved: [x, y] } = placement, { left, top } = rect(parts.get(items[0]).made);
  const point = (numbers) => {
    const [end, low] = numbers.slice(-2);
    const curve = numbers.length > 2 ? numbers.slice(0, 4).map((value, index) => (index % 2 ? y(value) + top : x(value) + left)) : undefined;
    return { x: x(end) + left, y: y(low) + top, curve };
  };
  return given.map(({ source, target, tensor, skip, line, sides, rings }) => {
    const points = line.map(point);
    const first = ended(points[0], line[0], source, boxes.get(source), sides[0], [left, top]);
    const last = ended(points.at(-1), line.at(-1).slice(-2), target, boxes.get(target), sides[1], [left, top]);
    if (points[1].curve) points[0] = { ...points[0], curve: undefined };
    else points.shift();
    if (!points.at(-1).curve) points.pop();
    const out = isOpen(source) ? within(first, source, sides[0], `o${tensor}`, rings[0], rect).reverse() : [];
    const into = isOpen(target) ? within(last, target, sides[1], `i${tensor}`, rings[1], rect) : [];
    const all = [...out, first, ...points, last, ...into];
    return { source, target, tensor, skip, points: all, line: rounded(all), tip: isOpen(target) ? "" : triangle(all) };
  });
}

/** Where a line ends that was laid out to end at a side of a box, now that the box has another size. */
function ended(at, [x, y], item, box, name, [left, top]) {
  if (!name) return { x: at.x, y: at.y };
  const pile = (value) => (isOpen(item) ? 0 : Math.min(PILE, value - box[name]));
  if (name === "left" || name === "right") return { x: box.now[name] + left + pile(x), y: at.y };
  return { x: at.x, y: box.now[name] + top + pile(y) };
}

/** The way from a side of an open box to the port of a tensor in it: along a ring of its own beside the border. */
function within(from, item, name, port, number, rect) {
  const { made, named } = parts.get(item), other = port.replace(/^./, (letter) => (letter === "i" ? "o" : "i"));
  const found = named.get(port) ?? named.get(other), { x, y } = rect(found), up = made.closest(".up") !== null;
  if (!name) return [{ x, y }];
  const first = named.has(port) === (port[0] === "i");
  const side = !isOutermost(found, made, first) ? "right" : first === up ? "bottom" : "top";
  const ring = ringIn(rect(elements.get(item)), number * gap(placement.boxes.get(item)));
  return [...along(ring, from, name, { x, y }, side), { x, y }];
}

const RING = 28;
/** How much room the rings of a box take when it is open, and each of them. */
const breadth = (box) => Math.min(RING, 4 * box.lines);
const gap = (box) => breadth(box) / box.lines;

const ringIn = ({ left, top, right, bottom }, by) => ({ left: left + 4 + by, top: top + 25 + by, right: right - 4 - by, bottom: bottom - 4 - by });

/** The shorter way along a ring between the places on it that are nearest to two points, each seen from a side. */
function along(ring, from, side, to, other) {
  const { left, top, right, bottom } = ring, [width, height] = [right - left, bottom - top];
  const [aside, down] = [(at) => Math.min(width, Math.max(0, at.x - left)), (at) => Math.min(height, Math.max(0, at.y - top))];
  const place = (at, name) => ({
    top: aside(at), right: width + down(at), bottom: 2 * width + height - aside(at), left: 2 * (width + height) - down(at),
  })[name] % (2 * (width + height));
  const on = (at, name) => (name === "top" || name === "bottom" ? { x: at.x, y: ring[name] } : { x: ring[name], y: at.y });
  const whole = 2 * (width + height), [start, end] = [place(from, side), place(to, other)];
  const corners = [[0, { x: left, y: top }], [width, { x: right, y: top }], [width + height, { x: right, y: bottom }], [2 * width + height, { x: left, y: bottom }]];
  const onwards = (end - start + whole) % whole, backwards = onwards > whole / 2;
  const ahead = ([at]) => (backwards ? start - at + whole : at - start + whole) % whole;
  const passed = corners.filter((corner) => ahead(corner) < (backwards ? whole - onwards : onwards));
  passed.sort((one, two) => ahead(one) - ahead(two));
  return [on(from, side), ...passed.map(([, corner]) => corner), on(to, other)];
}
