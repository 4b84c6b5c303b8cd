// Starts Python with archspec: its memory as it was when the page was built, or, where that cannot be had, from its files.

const at = (name) => new URL(name, import.meta.url).href;
const here = { indexURL: at("pyodide/"), packageBaseUrl: at("pyodide/"), fullStdLib: false };
const STANDARD = "/lib/python314.zip", NOTHING = "data:,";

/** Pyodide, with archspec to import. `say` is told how far it is. */
export async function start(say) {
  say("Loading the compiler …");
  const [pyodide, module] = [import("./pyodide/pyodide.mjs"), import("./pyodide/pyodide.asm.mjs")];
  try {
    return await remembered(await pyodide, await module);
  } catch (error) {
    console.warn("Python starts from its files:", error);
  }
  say("Loading Python …");
  return imported(await pyodide, say);
}

async function remembered({ loadPyodide }, { default: create }) {
  const about = await (await loaded("memory.json")).json();
  const bytes = new Uint8Array(about.memory + about.files.reduce((sum, [, size]) => sum + size, 0));
  const filled = fill(bytes, `memory.bin?${about.version}`);
  filled.catch(() => {}); // it is told where it is waited for
  const library = URL.createObjectURL(await (await loaded(`library.wasm?${about.version}`)).blob());
  const createPyodideModule = async (settings) => {
    const made = await create(Object.assign(settings, extended(about.library, library, settings.locateFile)));
    await filled;
    take(made, about, bytes);
    return made;
  };
  // The memory is filled while WebAssembly is compiled, and read after that. It has what is imported of the standard library; the rest is
  // fetched if it is needed.
  const python = await loadPyodide({ ...here, stdLibURL: NOTHING, createPyodideModule, _loadSnapshot: bytes.subarray(0, about.memory) });
  python.FS.unlink(STANDARD);
  python.FS.createLazyFile("/", STANDARD.slice(1), at("pyodide/python_stdlib.zip"), true, false);
  return python;
}

/** How WebAssembly is to begin: with the shared library, at the place where the memory expects it. */
function extended(name, address, locate) {
  return { dynamicLibraries: [name], locateFile: (wanted) => (wanted === name ? address : locate(wanted)) };
}

/** Completes the memory by what WebAssembly itself brings, makes room for it, and puts the files to their places. */
function take(made, about, bytes) {
  const caller = trampoline(made), header = new DataView(bytes.buffer), start = header.getUint32(4, true);
  if (made.wasmTable.length !== about.table + (caller.function ? 1 : 0)) throw new Error("WebAssembly has other functions here");
  const kept = made.HEAPU8.subarray(0, about.kept);
  if (kept.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 0) !== about.sum) throw new Error("WebAssembly has other constants here");
  bytes.set(kept, start);
  header.setInt32(start + caller.place, caller.function, true);
  if (!made.growMemory(about.memory)) throw new Error("there is too little memory");
  let from = about.memory;
  for (const [name, size] of about.files) {
    made.FS.mkdirTree(name.slice(0, name.lastIndexOf("/")));
    made.FS.writeFile(name, bytes.slice(from, (from += size)), { canOwn: true });
  }
}

/** The function by which Python calls those of other signatures, and where it keeps it. Which it is depends on the browser; 0 is none. */
function trampoline({ HEAP32, __PyRuntime, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET }) {
  const place = __PyRuntime + HEAP32[__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET >> 2];
  return { place, function: HEAP32[place >> 2] };
}

async function fill(bytes, name) {
  const parts = (await loaded(name)).body.pipeThrough(new DecompressionStream("deflate")).getReader();
  let at = 0;
  for (let part = await parts.read(); !part.done; part = await parts.read()) {
    bytes.set(part.value, at);
    at += part.value.length;
  }
  if (at !== bytes.length) throw new Error("memory.bin is not whole");
}

async function imported({ loadPyodide }, say) {
  const packages = loaded("packages.zip").then((response) => response.arrayBuffer());
  const python = await loadPyodide(here);
  say("Loading the compiler …");
  python.unpackArchive(await packages, "zip", { extractDir: python.runPython("import site; site.getsitepackages()[0]") });
  return python;
}

async function loaded(name) {
  const response = await fetch(at(name));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
}
