"""The playground of the site: `python docs/playground/build.py FOLDER` writes it, of pinned packages.
With `--editor FILE` it writes the bundle of the editor that archspec brings along.

Needs Node.js. Python for browsers, the editor and archspec itself are all in that folder: the page asks no other server
for anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import archspec
from archspec.drawing import pictures
from archspec.language import networks
from archspec.playground import pages, views

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NPM = ROOT / "build" / "npm"
FIRST = "googlenet"
"""What the page begins with."""
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
STANDARD = "python_stdlib.zip"
PURE = ("annotated_types", "archspec", "pydantic", "typing_extensions", "typing_inspection", "yaml")
"""The packages without compiled parts, which are those that are installed; PyYAML has its parser in Python too."""
PLATFORM = (
    "--python-version",
    "314",
    "--implementation",
    "cp",
    "--abi",
    "cp314",
    "--platform",
    "pyemscripten_2026_0_wasm32",
)
UNUSED = (
    "archspec/authoring", "archspec/commands", "archspec/exploration", "archspec/importers/[!_w]*",
    "archspec/markdown.py", "archspec/playground/live.py", "archspec/playground/page", "archspec/pytorch/[a-df-z]*.py",
    "archspec/server.py", "archspec/sphinx", "pydantic/mypy.py", "pydantic/v1", "pydantic_core-*.dist-info",
    "pydantic_core/*/*.pyi",
)  # fmt: skip
"""What no page asks for."""
LIBRARY = "pydantic_core/_pydantic_core.cpython-314-wasm32-emscripten.so"
PLACE, STANDARD_PLACE = "/lib/python3.14/site-packages", "/lib/python314.zip"
SCRIPTS = ("package.json", "package-lock.json", "codemirror.js", "precompile.mjs", "remember.mjs")


def main(target: Path) -> None:
    """Write the playground to a folder, whose former content goes."""
    install()
    target = target.absolute()
    shutil.rmtree(target, ignore_errors=True)
    python = target / "pyodide"
    python.mkdir(parents=True)
    for name in PYODIDE:
        shutil.copy(NPM / "node_modules" / "pyodide" / name, python)
    for name in pages.FILES:
        (target / name).write_text(pages.file(name), encoding="utf-8")
    packed(standard(), python / STANDARD)
    folder = packages()
    packed(folder, target / "packages.zip")
    shutil.copy(folder / LIBRARY, target / "library.wasm")
    paths = (folder, PLACE, LIBRARY, python / STANDARD, HERE / "begin.py", target)
    run("node", "remember.mjs", *map(str, paths), folder=NPM)
    (target / "index.html").write_text(index(), encoding="utf-8")


def install() -> None:
    """Bring the packages of npm, where they are not there as package-lock.json pins them."""
    NPM.mkdir(parents=True, exist_ok=True)
    fresh = all((NPM / name).is_file() and (NPM / name).read_bytes() == (HERE / name).read_bytes() for name in SCRIPTS)
    if fresh and (NPM / "node_modules").is_dir():
        return
    for name in SCRIPTS:
        shutil.copy(HERE / name, NPM / name)
    run("npm", "ci", "--silent", "--no-fund", "--no-audit", folder=NPM)


def standard() -> Path:
    """Python's standard library, compiled."""
    folder = emptied("standard")
    with zipfile.ZipFile(NPM / "node_modules" / "pyodide" / STANDARD) as archive:
        archive.extractall(folder)
    run("node", "precompile.mjs", str(folder), STANDARD_PLACE, folder=NPM)
    return folder


def packages() -> Path:
    """All else of Python that the page needs, compiled."""
    folder = emptied("packages")
    for name in PURE:
        copy(name, folder)
    shutil.copytree(networks.FOLDER, folder / "archspec" / "specs", dirs_exist_ok=True)
    wheel(f"pydantic_core=={version('pydantic_core')}", folder)
    for pattern in UNUSED:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    run("node", "precompile.mjs", str(folder), PLACE, folder=NPM)
    return folder


def emptied(name: str) -> Path:
    """A folder for what is built, without what was in it."""
    folder = ROOT / "build" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def packed(folder: Path, target: Path) -> None:
    """Write a folder as an archive; equal files give equal bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def copy(name: str, folder: Path) -> None:
    """Copy an installed package or module, without what is compiled."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    if found.submodule_search_locations:
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "*.pyi")
        shutil.copytree(Path(found.origin).parent, folder / name, ignore=ignored)
    else:
        shutil.copy(found.origin, folder)


def wheel(requirement: str, folder: Path) -> None:
    """Unpack the wheel of a package for the Python of the browser."""
    wheels = emptied("wheels")
    options = ("--quiet", "--no-deps", "--only-binary=:all:", *PLATFORM, "--dest", str(wheels))
    run(sys.executable, "-m", "pip", "download", *options, requirement, folder=ROOT)
    (file,) = wheels.glob("*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)


def index() -> str:
    """The page, with a network that is seen before the compiler is there."""
    known = networks.find(FIRST)
    assert known is not None
    network = archspec.compile(FIRST)
    setup = {
        "mode": "worker",
        "uri": "untitled:spec",
        "name": FIRST,
        "text": networks.source(known.path).text,
        "picture": pictures.page(network).decode(),
        "figures": views.figures(network, network),
    }
    return pages.index("archspec playground", setup, "Loading …")


def editor(target: Path) -> None:
    """Write the bundle of the editor's packages."""
    install()
    run(
        "npm",
        "run",
        "--silent",
        "editor",
        "--",
        f"--outfile={target.absolute()}",
        f"--banner:js={banner()}",
        folder=NPM,
    )


def banner() -> str:
    """The first line of the bundle: what it is made of."""
    packages = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    of = ", ".join(f"{name} {number}" for name, number in packages.items() if name != "pyodide")
    digest = hashlib.sha256((HERE / "codemirror.js").read_bytes()).hexdigest()[:16]
    return f"// Written by `make editor` of docs/playground/codemirror.js ({digest}) and {of}."


def run(*command: str, folder: Path) -> None:
    """Run a program; one that is not there, or fails, ends the build."""
    try:
        subprocess.run(command, cwd=folder, check=True)
    except FileNotFoundError:
        sys.exit(f"the playground is built with `{command[0]}`, which is not here: install Node.js")
    except subprocess.CalledProcessError as error:
        sys.exit(f"`{command[0]}` failed with {error.returncode}")


if __name__ == "__main__":
    if sys.argv[1] == "--editor":
        editor(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
