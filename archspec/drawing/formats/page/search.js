// Search: items that say all words of a query, marked in the picture and listed in the table.

let query = "", matches = [], match = -1;

function search(text) {
  query = text.trim().toLowerCase();
  const words = query.split(/\s+/);
  matches = query ? [...inside(items[0])].filter((item) => words.every((word) => says(item).includes(word))) : [];
  match = -1;
  $("found").textContent = query ? `${matches.length || "none"} found` : "";
  table();
  mark();
}

const says = (item) => [item.path, item.name, wording(item), ...(item.lines || [])].join(" ").toLowerCase();

/** Selects the next of what is found, or the one before. */
function next(step) {
  match = match < 0 && step < 0 ? matches.length - 1 : (match + step + matches.length) % matches.length;
  select(matches[match], true);
  $("found").textContent = `${match + 1} of ${matches.length}`;
}

$("search").addEventListener("input", (event) => search(event.target.value));
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    event.target.value = "";
    search("");
  } else if (event.key === "Enter" && matches.length) {
    next(event.shiftKey ? -1 : 1);
  }
});
