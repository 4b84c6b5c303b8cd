// Compiles Python files for the Python of the browser: node precompile.mjs FOLDER PLACE
//
// What is compiled takes the place of its source, docstrings and assertions only where they are archspec's; files whose text archspec
// reads, and does not import, are left alone.

import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadPyodide } from "pyodide";

const OWN = /\/archspec\//;
const READ = /archspec\/pytorch\/layers\/\w+\.py$/;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (name.endsWith(".py")) yield path;
  }
}

const [folder, place] = process.argv.slice(2);
const python = await loadPyodide();
const compiled = python.runPython(`
import importlib

def compiled(text, name, optimize):
    code = compile(text, name, "exec", dont_inherit=True, optimize=optimize)
    return importlib._bootstrap_external._code_to_hash_pyc(code, bytes(8), checked=False)

compiled`);

for (const path of files(folder)) {
  if (READ.test(path)) continue;
  const code = compiled(readFileSync(path, "utf8"), path.replace(folder, place), OWN.test(path) ? 0 : 2);
  writeFileSync(`${path}c`, code.toJs());
  code.destroy();
  rmSync(path);
}
