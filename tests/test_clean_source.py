"""Source that archspec writes, and the layers that it copies into it, as ruff and mypy want them.

One process for each tool: of mypy's time, most is for reading PyTorch.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import SOME_VARIANTS
from hypothesis import given, settings
from random_networks import compiled, networks
from sampling import examples

import archspec

ROOT = Path(__file__).parent.parent
FUNCTIONS = """
archspec: 1
name: functions
inputs: {image: [4, 6, 6]}
graph:
  - {op: amax, dim: 1, keepdim: true}
  - {op: amin, dim: 1, keepdim: true}
  - {op: mean, dim: 1, keepdim: true}
  - {op: sum, dim: 1, keepdim: true}
  - {op: vector_norm, dim: 1, keepdim: true}
  - {op: normalize, dim: 1}
  - {op: clamp, min: 0}
  - {op: pow, exponent: 2}
  - {op: add, value: 1}
  - {op: flip, dims: 2}
  - {op: roll, shifts: 1, dims: 2}
  - {op: expand, shape: [2, 6, 6]}
  - {op: permute, dims: [2, 3, 1]}
  - {op: slice, stop: 3}
  - {op: split, chunks: 3, index: 0}
  - {op: unsqueeze, dim: 1}
  - {op: squeeze, dim: 1}
  - {op: pad, padding: [1, 1]}
  - {op: reshape, shape: [2, -1]}
  - abs
  - neg
  - exp
  - log
  - sqrt
  - rsqrt
  - sin
  - cos
  - sign
"""
"""Functions that become layers of an ``nn.Sequential``."""
REGISTERS = """
archspec: 1
name: registers
inputs: {image: [8, 6, 6]}
graph:
  a: {op: conv, out_channels: 8, kernel_size: 1}
  b: {op: conv, out_channels: 8, kernel_size: 1}
  cells:
    repeat: 4
    from: [b, a]
    inputs: [near, far]
    graph:
      sum: {op: add, from: [near, far]}
      conv: {op: conv, out_channels: 8, kernel_size: 1}
    outputs: {near: conv, far: near}
  concat: {op: concat, from: [cells.near, cells.far]}
"""
"""Copies that hand on what they took in another place, so that the last gives what the one before made."""
LAYERS = sorted((ROOT / "archspec" / "pytorch" / "layers").glob("[!_]*.py"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The layers, every spec with its variants, some networks of kinds that none of them has, and random ones."""
    folder = tmp_path_factory.mktemp("emitted")
    for name, text in {"functions": FUNCTIONS, "registers": REGISTERS}.items():
        (folder / f"{name}.py").write_text(archspec.emit(archspec.compile_text(text)), encoding="utf-8")
    for path, variant in SOME_VARIANTS:
        name = f"{path.stem}__{variant}" if variant else path.stem
        (folder / f"{name}.py").write_text(archspec.emit(path, variant=variant), encoding="utf-8")

    @settings(max_examples=max(examples(60), settings.default.max_examples // 5))
    @given(networks())
    def write(text: str) -> None:
        file = folder / f"network{len(list(folder.iterdir()))}.py"
        file.write_text(archspec.emit(compiled(text)), encoding="utf-8")

    write()
    return [*LAYERS, *sorted(folder.iterdir())]


@pytest.mark.parametrize("command", ["check --isolated", "format --isolated --check"], ids=lambda text: text.split()[0])
def test_ruff_has_nothing_to_say(command: str, files: list[Path]) -> None:
    run("ruff", *command.split(), *map(str, files))


def test_strict_types_pass(files: list[Path]) -> None:
    """As strict as mypy can be, whatever this project's own settings are."""
    pytest.importorskip("torch")
    run("mypy", "--strict", "--config-file=", *(str(file) for file in files if "__" not in file.name))


def test_what_is_kept_in_a_list_is_taken(files: list[Path]) -> None:
    """A list that nothing reads would hold all of its tensors until the end."""
    for file in files:
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            assert not isinstance(function, ast.FunctionDef) or unread_lists(function) == set(), file.name


def unread_lists(function: ast.FunctionDef) -> set[str]:
    """The lists of a function of which nothing is asked but to append to them."""
    nodes = list(ast.walk(function))
    lists = {node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    appended = {id(node.value) for node in nodes if isinstance(node, ast.Attribute) and node.attr == "append"}
    read = (node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return lists - {node.id for node in read if id(node) not in appended}


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
