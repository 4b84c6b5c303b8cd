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
LAYERS = sorted((ROOT / "archspec" / "pytorch" / "layers").glob("[!_]*.py"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The layers, every spec with its variants, and random networks."""
    folder = tmp_path_factory.mktemp("emitted")
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
