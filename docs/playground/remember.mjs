// Writes the memory of a Python that has archspec imported: node remember.mjs FOLDER PLACE LIBRARY STANDARD SCRIPT TARGET
//
// FOLDER is what stands at PLACE for Python, LIBRARY the file in it that is WebAssembly, STANDARD the archive of the standard library, and
// SCRIPT what is run before the memory is written. Equal files give equal bytes: clock and chance stand still.

import crypto from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { loadPyodide } from "pyodide";
import create from "pyodide/pyodide.asm.mjs";

const [folder, place, library, standard, script, target] = process.argv.slice(2);
const about = { library: join(place, library) };
const content = (name) => readFileSync(join(folder, name));

Date.now = performance.now = () => 0;
crypto.randomFillSync = (bytes) => bytes.fill(0);

const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  .sort();

let first; // the memory before Python starts
const python = await loadPyodide({
  fullStdLib: false,
  stdLibURL: standard,
  env: { PYTHONHASHSEED: "0" },
  _makeSnapshot: true,
  createPyodideModule: (settings) => {
    const { locateFile, preRun } = settings;
    return create(Object.assign(settings, {
      dynamicLibraries: [about.library],
      locateFile: (name) => (name === about.library ? join(folder, library) : locateFile(name)),
      preRun: [...preRun, put],
      onRuntimeInitialized: () => look(settings),
    }));
  },
});

function put({ FS }) {
  for (const name of names) {
    FS.mkdirTree(join(place, name, ".."));
    FS.writeFile(join(place, name), name === library ? "" : content(name));
  }
}

function look({ HEAP32, HEAPU8, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET, wasmTable }) {
  const trampoline = HEAP32[(__PyRuntime + HEAP32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2]) >> 2];
  about.table = wasmTable.length - (trampoline ? 1 : 0);
  first = HEAPU8.slice();
}

python.runPython(readFileSync(script, "utf8"));
const used = new Set(python.runPython("import sys; '\\n'.join(getattr(m, '__file__', None) or '' for m in sys.modules.values())").split("\n"));
const left = names.filter((name) => name !== library && !used.has(join(place, name)));
wipe(python._module);

const memory = python.makeMemorySnapshot();
const start = new DataView(memory.buffer).getUint32(4, true);
about.memory = memory.length;
about.kept = first.findIndex((byte, at) => byte !== memory[start + at]); // constants, which WebAssembly itself brings
about.sum = first.subarray(0, about.kept).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0);
memory.fill(0, start, start + about.kept);
about.files = left.map((name) => [join(place, name), content(name).length]);
const packed = deflateSync(Buffer.concat([memory, ...left.map(content)]), { level: 9, memLevel: 9 });
about.version = crypto.createHash("sha256").update(packed).update(content(library)).digest("hex").slice(0, 16); // no cache gives parts of two builds
writeFileSync(join(target, "memory.bin"), packed);
writeFileSync(join(target, "memory.json"), JSON.stringify(about));

/** Fills what is free with zeros, which take no room in a file. */
function wipe(made) {
  const end = made._sbrk(0), taken = [];
  for (let size = 1 << 20; size >= 16; size >>= 1) {
    for (let at = made._malloc(size); at + size <= end; at = made._malloc(size)) {
      made.HEAPU8.fill(0, at, at + size);
      taken.push(at);
    }
  }
  for (const at of taken) made._free(at);
}
