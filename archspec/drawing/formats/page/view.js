// The view: how large the picture is, and which part of it the window shows.

const canvas = $("canvas"), sizer = $("sizer");
const LEAST = 0.05, MOST = 3;
const TOOLS = 60; // the height that the tools cover, at the bottom
let scale = 1;

/** Gives the picture the room that it takes at its scale, in the middle where that is less than the window. */
function size() {
  const [width, height] = [world.offsetWidth * scale, world.offsetHeight * scale];
  sizer.style.width = `${Math.max(width, canvas.clientWidth)}px`;
  sizer.style.height = `${height + TOOLS}px`;
  world.style.transform = `translateX(${Math.max(0, (canvas.clientWidth - width) / 2)}px) scale(${scale})`;
  $("scale").textContent = `${Math.round(100 * scale)}%`;
}

/** Changes the scale; what is at a point of the window stays there. */
function zoom(wanted, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) {
  const before = world.getBoundingClientRect(), frame = canvas.getBoundingClientRect(), old = scale;
  const at = [(x + frame.x - before.x) / old, (y + frame.y - before.y) / old];
  scale = Math.min(MOST, Math.max(LEAST, wanted));
  size();
  const after = world.getBoundingClientRect();
  canvas.scrollBy(after.x + at[0] * scale - frame.x - x, after.y + at[1] * scale - frame.y - y);
}

/** As large as the window has room for; very long pictures stay legible, and are scrolled. */
function fit(least = 0.3) {
  if (!canvas.clientWidth) return; // it is not shown
  const room = [canvas.clientWidth, canvas.clientHeight - TOOLS];
  const wanted = Math.min(room[0] / world.offsetWidth, room[1] / world.offsetHeight, 1.25);
  zoom(Math.max(wanted, least));
  const over = sizer.offsetWidth - canvas.clientWidth;
  canvas.scrollTo(placement ? 0 : over / 2, 0); // a picture by scales begins on the left, any other in the middle
}

/** Scrolls to an element, if it is not in view. */
function scrollInto(target) {
  const [box, frame] = [target.getBoundingClientRect(), canvas.getBoundingClientRect()];
  if (box.top < frame.top || box.bottom > frame.bottom - TOOLS) {
    canvas.scrollBy(0, box.top - frame.top - Math.max(20, (frame.height - box.height) / 2));
  }
  if (box.left < frame.left || box.right > frame.right) {
    canvas.scrollBy(box.left + box.width / 2 - frame.left - frame.width / 2, 0);
  }
}

let grip = null, dragged = false;
canvas.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (event.button === 0 && event.pointerType === "mouse") grip = { x: event.clientX, y: event.clientY };
});
canvas.addEventListener("pointermove", (event) => {
  if (!grip) return;
  const [dx, dy] = [event.clientX - grip.x, event.clientY - grip.y];
  if (!dragged && Math.hypot(dx, dy) < 5) return; // a click by a hand that is not still
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
