// The page: its tools and its theme, and how it begins.

const THEMES = ["auto", "light", "dark"]; // auto: that of the reader's system

function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = `Theme: ${name}`;
}

$("theme").onclick = () => theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
$("unfold").onclick = () => openAll(items.filter(opens));
$("fold").onclick = () => {
  openAll(initially);
  fit(0.7);
};
$("colour").onchange = paint;
$("larger").onclick = () => zoom(scale * 1.2);
$("smaller").onclick = () => zoom(scale / 1.2);
$("fit").onclick = () => fit();

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select")) return;
  const [larger, smaller] = [() => zoom(scale * 1.2), () => zoom(scale / 1.2)];
  press(event, { "/": () => $("search").focus(), "+": larger, "=": larger, "-": smaller, 0: () => fit() });
});
let measured = canvas.clientWidth > 0; // not where the page is in a frame that has no place yet
new ResizeObserver(() => {
  size();
  if (!measured && canvas.clientWidth) draw();
  measured ||= canvas.clientWidth > 0;
}).observe(canvas);

world.setAttribute("role", "tree");
world.setAttribute("aria-label", data.name);
theme("auto");
heads();
refresh(items[0]);
settle();
fit(0.7);

// Inside of another page, which keeps what is open for the picture after an edit, and is told what is chosen

let seen = false; // whether it has been fitted to the window that it has there

/** Takes what another page says: a theme, whether the picture or the table is shown, and what was open and in view before. */
function restore({ theme: wanted, part, open: paths, view }) {
  if (wanted) theme(wanted);
  if (part) document.documentElement.dataset.part = part;
  if (paths) openAll(items.filter((item) => opens(item) && (!item.number || paths.includes(item.path))));
  if (view) {
    zoom(view.scale);
    canvas.scrollTo(view.left, view.top);
  } else if (!seen) fit(0.7);
  seen ||= canvas.clientWidth > 0;
}

function tell() {
  const paths = opened().flatMap((item) => item.path ?? []);
  const view = canvas.clientWidth ? { scale, left: canvas.scrollLeft, top: canvas.scrollTop } : null;
  parent.postMessage({ state: { open: paths, view } }, "*");
}

if (parent !== window) {
  addEventListener("message", ({ data: { restore: wanted }, source }) => source === parent && wanted && restore(wanted));
  for (const name of ["click", "keyup", "wheel"]) addEventListener(name, () => requestAnimationFrame(tell), true);
  addEventListener("click", (event) => {
    const inside = event.composedPath().some(({ id }) => id === "world" || id === "rows"); // as it was: what is clicked on may be made anew
    if (selected && inside) parent.postMessage({ chosen: selected.path }, "*");
  });
}
