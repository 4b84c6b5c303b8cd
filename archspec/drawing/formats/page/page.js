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
new ResizeObserver(size).observe(canvas);

world.setAttribute("role", "tree");
world.setAttribute("aria-label", data.name);
theme("auto");
heads();
refresh(items[0]);
settle();
fit(0.7);
