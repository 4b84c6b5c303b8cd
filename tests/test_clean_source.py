"""Source that archspec writes, and the layers that it copies into it, as ruff and mypy want them.

One process for each tool: of mypy's time, most is for reading PyTorch.
"""

from __future__ import annotations

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
LAYERS = sorted((ROOT / "archspec" / "pytorch" / "layers").glob("[!_]*.py"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The layers, every spec with its variants, functions as layers, and random networks."""
    folder = tmp_path_factory.mktemp("emitted")
    (folder / "functions.py").write_text(archspec.emit(archspec.compile_text(FUNCTIONS)), encoding="utf-8")
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


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
