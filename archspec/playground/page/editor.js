// The editor of the spec: what the language service says is shown where it belongs.

import {
  Decoration, EditorState, EditorView, LSPPlugin, StateEffect, StateField, WidgetType, autocompletion, bracketMatching, classHighlighter,
  closeBrackets, closeBracketsKeymap, completionKeymap, defaultKeymap, drawSelection, findReferencesKeymap, foldGutter, foldKeymap,
  formatKeymap, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, history, historyKeymap, hoverTooltips,
  indentOnInput, jumpToDefinitionKeymap, keymap, lineNumbers, lintGutter, lintKeymap, python, renameKeymap, search, searchKeymap,
  serverCompletion, setDiagnostics, syntaxHighlighting, yaml,
} from "./codemirror.js";

class Hint extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }
  eq(other) {
    return other.text === this.text;
  }
  toDOM() {
    const made = document.createElement("span");
    [made.className, made.textContent] = ["hint", this.text];
    return made;
  }
}

const setHints = StateEffect.define();
const hints = StateField.define({
  create: () => Decoration.none,
  update: (value, transaction) =>
    transaction.effects.reduce((found, effect) => (effect.is(setHints) ? effect.value : found), value.map(transaction.changes)),
  provide: (field) => EditorView.decorations.from(field),
});

const LOOK = [syntaxHighlighting(classHighlighter), lineNumbers(), drawSelection(), EditorState.tabSize.of(2)];

/** The editor of a document, inside of an element. `changed` is called after each change of the text. */
export function editor(parent, text, client, uri, changed) {
  const sync = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    setTimeout(() => client.sync());
    changed();
  });
  const keys = [
    closeBracketsKeymap, defaultKeymap, searchKeymap, historyKeymap, foldKeymap, completionKeymap, lintKeymap, formatKeymap, renameKeymap,
    jumpToDefinitionKeymap, findReferencesKeymap,
  ];
  const extensions = [
    LOOK, yaml(), history(), foldGutter(), lintGutter(), indentOnInput(), bracketMatching(), closeBrackets(), autocompletion(), search({ top: true }),
    highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(), hoverTooltips(), serverCompletion(), hints,
    EditorView.contentAttributes.of({ "aria-label": "Spec, as YAML", tabindex: "0" }), client.plugin(uri, "yaml"), sync, keymap.of(keys.flat()),
  ];
  return new EditorView({ parent, state: EditorState.create({ doc: text, extensions }) });
}

/** A text in Python, to read. */
export function reader(parent) {
  const readable = [LOOK, python(), EditorState.readOnly.of(true), search({ top: true }), keymap.of([defaultKeymap, searchKeymap].flat()),
    EditorView.contentAttributes.of({ "aria-label": "PyTorch source", tabindex: "0" })];
  return new EditorView({ parent, state: EditorState.create({ extensions: readable }) });
}

/** Takes another text, which can be undone. */
export function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

/** Puts the cursor at a place, and shows it. */
export function show(view, from) {
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: "center" }) });
}

/** Puts the cursor at a place, and the keyboard into the editor. */
export function goTo(view, from) {
  show(view, from);
  view.focus();
}

/** Where a range of the protocol is now. */
function placed(view, range) {
  const plugin = LSPPlugin.get(view), at = (place) => plugin.unsyncedChanges.mapPos(plugin.fromPosition(place, plugin.syncedDoc));
  return { from: at(range.start), to: at(range.end) };
}

const SEVERITIES = { 1: "error", 2: "warning", 3: "info", 4: "hint" };

/** What is wrong, with the place where it is now. */
export function problems(view, diagnostics) {
  return diagnostics.map(({ range, severity, code, message }) =>
    ({ ...placed(view, range), severity: SEVERITIES[severity ?? 1], code, message, fixes: [] }));
}

const MOST_ASKED = 20; // problems of which the fixes are asked for

/** The edits that mend what is wrong, for each problem. */
export function fixes(client, view, uri, diagnostics) {
  return Promise.all(diagnostics.slice(0, MOST_ASKED).map(async (diagnostic) => {
    const params = { textDocument: { uri }, range: diagnostic.range, context: { diagnostics: [diagnostic], only: ["quickfix"] } };
    const actions = (await client.request("textDocument/codeAction", params)) ?? [];
    return actions.filter((action) => mends(action, diagnostic)).map(({ title, edit }) => ({ name: title, apply: () => apply(view, uri, edit) }));
  }));
}

const mends = (action, { message, range }) =>
  !action.diagnostics || action.diagnostics.some((each) => each.message === message && JSON.stringify(each.range) === JSON.stringify(range));

function apply(view, uri, edit) {
  view.dispatch({ changes: edit.changes[uri].map((change) => ({ ...placed(view, change.range), insert: change.newText })) });
  view.focus();
}

/** Marks what is wrong. */
export function mark(view, found) {
  const end = view.state.doc.length;
  const marks = found.map(({ from, to, severity, message, fixes }) => ({
    from: Math.min(from, end), to: Math.min(to, end), severity, message, actions: fixes.map(({ name, apply }) => ({ name, apply })),
  }));
  view.dispatch(setDiagnostics(view.state, marks));
}

/** Writes hints behind lines. */
export function hint(view, found) {
  const made = found.map(({ position, label }) => Decoration.widget({ widget: new Hint(label), side: 1 }).range(placed(view, { start: position, end: position }).from));
  view.dispatch({ effects: setHints.of(Decoration.set(made, true)) });
}
