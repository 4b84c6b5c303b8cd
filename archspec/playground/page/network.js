// What the compiler made: figures, the picture, the table, the source.

import { reader, replace } from "./editor.js";
import { $, make } from "./dom.js";

let source = null, frame = null, drawn = null, state = null;

/** Listens to the picture. `chosen` is called with the path of what is clicked on in it. */
export function listen(chosen) {
  addEventListener("message", ({ data, source: from }) => {
    if (!frame || from !== frame.contentWindow) return;
    if (data.state) state = data.state;
    if (data.chosen) chosen(data.chosen);
  });
}

/** Figures, each with what an edit changed of it. */
export function figures(found) {
  $("figures").replaceChildren(...found.map(({ name, text, change }) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, text), change ? make("dd", { className: "change" }, change) : "")));
}

/** The page of a network, in a frame of its own. What was open in the one before is open in this one. */
export function picture(html) {
  for (const waiting of $("picture").querySelectorAll(".next")) waiting.remove();
  if (html === drawn) return; // an edit of a comment, say
  const next = make("iframe", { title: "Picture of the network", className: "next", srcdoc: html });
  next.setAttribute("sandbox", "allow-scripts");
  next.onload = () => {
    frame?.remove();
    [frame, drawn] = [next, html];
    next.className = "";
    tell(next, { ...state, ...look });
  };
  $("picture").append(next);
}

const look = {};

/** Tells the picture its theme, and whether its `part` is the picture or the table. */
export function appear(wanted) {
  Object.assign(look, wanted);
  if (frame) tell(frame, look);
}

const tell = (to, restore) => to.contentWindow?.postMessage({ restore }, "*");

/** The source. */
export function code(text) {
  source ??= reader($("source"));
  if (source.state.doc.toString() !== text) replace(source, text);
}

const KINDS = { "+": "added", "-": "removed", "~": "changed" };

/** What differs from the network that was opened. */
export function changes({ heads, rows, notes }) {
  const cells = (tag, texts) => texts.map((text, index) => make(tag, { className: index ? "number" : "" }, text));
  const made = rows.map((texts) => make("tr", { className: KINDS[texts[0].trim()[0]] ?? "" }, ...cells("td", texts)));
  const head = make("thead", {}, make("tr", {}, ...cells("th", heads)));
  $("changes").replaceChildren(...(rows.length ? [make("table", {}, head, make("tbody", {}, ...made))] : []),
    ...notes.map((text) => make("p", {}, text)));
}

/** Shows whether what is shown is of a text before this one, which has errors. */
export function stale(is) {
  $("figures").classList.toggle("stale", is);
}
