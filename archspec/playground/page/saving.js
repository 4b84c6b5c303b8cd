// A file that is edited here and by others: it is saved when asked, and nobody's text is lost.

import { $, make } from "./dom.js";

/** Makes saving work for a page of a server. `get` and `set` are the text of the editor. */
export function saving(client, setup, { get, set, say }) {
  const plain = (text) => text.replaceAll("\r\n", "\n"); // as the editor has it
  const native = setup.text.includes("\r\n") ? (text) => text.replaceAll("\n", "\r\n") : (text) => text;
  let saved = plain(setup.text), { digest } = setup;
  const button = $("save"), conflict = $("conflict");
  button.hidden = false;

  const mark = () => {
    const dirty = get() !== saved;
    button.disabled = !dirty;
    document.title = `${dirty ? "● " : ""}${setup.title}`;
    return dirty;
  };
  const know = (text, now) => {
    [saved, digest] = [plain(text), now];
    conflict.hidden = true;
    mark();
  };
  const ask = ({ text, digest: now }) => {
    const theirs = text === null
      ? make("button", { type: "button", onclick: () => know("", now) }, "Leave it so")
      : make("button", { type: "button", onclick: () => { set(text); know(text, now); } }, "Take that of the file");
    const mine = make("button", { type: "button", onclick: () => { digest = now; save(); } }, "Keep mine, and save it");
    const what = text === null ? "The file is gone, or is no text any more." : "Another program changed the file, and this text is not saved.";
    conflict.replaceChildren(make("p", {}, what), mine, theirs);
    conflict.hidden = false;
  };
  const save = async () => {
    const text = get();
    try {
      const answer = await client.request("archspec/save", { text: native(text), known: digest });
      if (answer.conflict) ask(answer.conflict);
      else {
        know(text, answer.digest);
        say("Saved.");
      }
    } catch (error) {
      say(error.message ?? String(error));
    }
  };

  button.onclick = save;
  addEventListener("keydown", (event) => {
    if (event.key !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    save();
  });
  addEventListener("beforeunload", (event) => mark() && event.preventDefault());
  mark();

  return {
    mark,
    /** What another program made of the file. */
    changed({ text, digest: now }) {
      if (now === digest) return;
      if (text !== null && plain(text) === get()) know(text, now);
      else if (text !== null && !mark()) {
        set(text);
        know(text, now);
      } else ask({ text, digest: now });
    },
  };
}
