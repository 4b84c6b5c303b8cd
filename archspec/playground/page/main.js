// The page: an editor on the left, on the right what the compiler makes of its text.

import { LSPClient } from "./codemirror.js";
import { connect } from "./connection.js";
import { chooser, controls, forget, tell } from "./controls.js";
import { $, harmless, make } from "./dom.js";
import { editor, fixes, goTo, hint, mark, problems, replace, show } from "./editor.js";
import { appear, changes, code, figures, listen, picture, stale } from "./network.js";
import { saving } from "./saving.js";
import { packed, png, save, unpacked } from "./sharing.js";
import { tabs } from "./tabs.js";

const setup = JSON.parse($("setup").textContent);
const shared = await unpacked(location.hash.slice(1));
const uri = setup.uri;
let settings = { variant: shared?.variant ?? "", set: shared?.set ?? {} }, tab = "picture", asked = 0, busy = false, again = false, wrong = false, lines = {};

let file = null; // that is edited, where there is one

const client = new LSPClient({
  timeout: 60_000, // the first answer waits for Python
  notificationHandlers: { "textDocument/publishDiagnostics": (_, params) => published(params), "archspec/changed": (_, params) => file?.changed(params) },
  sanitizeHTML: harmless,
});
const view = editor($("editor"), shared?.text ?? setup.text, client, uri, () => {
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  file?.mark();
});
const text = () => view.state.doc.toString();
if (setup.picture && !shared) {
  picture(setup.picture);
  figures(setup.figures);
}

const status = (text) => {
  if (text) $("status").textContent = $("status").title = text === "ready" ? "" : text;
};
$("share").hidden = setup.mode === "server";
if (setup.mode === "server") file = saving(client, setup, { get: text, set: (wanted) => replace(view, wanted), say: status });
client.connect(connect(setup, status));
client.initializing.then(begin, (error) => status(`The compiler did not start: ${error.message ?? error}`));

async function begin() {
  if (file) return;
  $("choice").hidden = false;
  chooser(await client.request("archspec/bundled", {}), async (name) => {
    const { text, variant } = await client.request("archspec/text", { name });
    settings = { variant, set: {} };
    forget();
    replace(view, text);
    $("open").value = "";
  });
}

// What is wrong

function published({ uri: of, version, diagnostics }) {
  const file = client.workspace.getFile(of);
  if (of !== uri || !file || (version ?? file.version) !== file.version) return true;
  const turn = ++asked, newest = () => turn === asked;
  const found = problems(view, diagnostics);
  list(found);
  if (found.length) fixes(client, view, uri, diagnostics).then((made) => newest() && list(found.map((each, index) => ({ ...each, fixes: made[index] ?? [] }))));
  client.request("textDocument/inlayHint", { textDocument: { uri }, range: all() }).then((found) => found && newest() && hint(view, found));
  outdated();
  return true;
}

function all() {
  const end = view.state.doc.line(view.state.doc.lines);
  return { start: { line: 0, character: 0 }, end: { line: end.number - 1, character: end.length } };
}

function list(found) {
  mark(view, found);
  const errors = found.filter(({ severity }) => severity === "error").length, others = found.length - errors;
  const say = (count, word) => (count ? [`${count} ${word}${count > 1 ? "s" : ""}`] : []);
  $("count").textContent = [...say(errors, "error"), ...say(others, "warning")].join(", ") || "No problems";
  $("found").replaceChildren(...found.map(problem));
}

function problem({ from, severity, code: kind, message, fixes }) {
  const [title, ...rest] = message.split("\n"), line = view.state.doc.lineAt(Math.min(from, view.state.doc.length)).number;
  const place = make("button", { type: "button", className: "place", onclick: () => goTo(view, from) },
    `line ${line}: `, make("b", {}, `${severity}${kind ? `[${kind}]` : ""}`), ` ${title}`);
  const buttons = fixes.map(({ name, apply }) => make("button", { type: "button", className: "fix", onclick: apply }, name));
  return make("li", { className: severity }, place, ...(rest.length ? [make("p", {}, rest.join("\n"))] : []), ...buttons);
}

// What was made

const fresh = new Set(); // the parts that are shown of the present text and settings
const part = () => (tab === "table" ? "picture" : tab);

function outdated() {
  fresh.clear();
  refresh();
}

async function refresh() {
  again = busy;
  if (busy) return;
  busy = true;
  try {
    do {
      again = false;
      fresh.add(part());
      const made = await client.request("archspec/view", { textDocument: { uri }, ...settings, part: part() });
      if (made) take(made); // else the text has changed meanwhile, and it is asked again
    } while (again);
  } catch (error) {
    status(error.message ?? String(error));
  } finally {
    busy = false;
  }
}

function take(made) {
  controls(made, settings, (wanted) => {
    settings = wanted;
    outdated();
  });
  tell(settings);
  if (made.problem || wrong) status(made.problem ?? "ready");
  wrong = Boolean(made.problem);
  stale(made.stale);
  if (!made.figures) return;
  figures(made.figures);
  lines = made.lines;
  if (made.picture) picture(made.picture);
  if (made.source) code(made.source);
  if (made.changes) changes(made.changes);
}

function go(path) {
  const known = path.split(".").map((_, index, parts) => parts.slice(0, parts.length - index).join(".")).find((each) => lines[each]);
  if (known) show(view, view.state.doc.line(Math.min(lines[known], view.state.doc.lines)).from);
}

listen(go);

tabs((name) => {
  tab = name;
  if (name === "picture" || name === "table") appear({ part: name });
  if (!fresh.has(part())) refresh();
});

// What is kept

$("share").onclick = async () => {
  history.replaceState(null, "", `#${await packed({ text: text(), ...settings })}`);
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  status("The link is in the address bar and copied.");
};

$("downloads").onclick = async ({ target }) => {
  const kind = target.value;
  if (!kind) return;
  $("downloads").open = false;
  if (kind === "yaml") return save(`${setup.name}.yaml`, text(), "text/yaml");
  const made = await client.request("archspec/file", { textDocument: { uri }, ...settings, kind: kind === "png" ? "svg" : kind });
  if (!made || made.problem) return status(made?.problem ?? "The text has changed meanwhile.");
  save(`${made.name}.${kind}`, kind === "png" ? await png(made.text) : made.text, { svg: "image/svg+xml", py: "text/x-python", png: "image/png" }[kind]);
};

// The theme

const THEMES = ["auto", "light", "dark"]; // auto: that of the reader's system

function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = `Theme: ${name}`;
  appear({ theme: name });
}

$("theme").onclick = () => theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
theme("auto");
appear({ part: tab });
