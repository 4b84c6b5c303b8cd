"""The examples run, and reach what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from sampling import few

for package in ("torch", "sklearn"):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed", allow_module_level=True)

TRAIN_DIGITS = Path(__file__).parent.parent / "docs" / "examples" / "train_digits.py"
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]


@pytest.mark.parametrize("launcher", few([[], TORCHRUN], 1), ids=lambda words: "torchrun" if words else "python")
def test_lenet_learns_digits(launcher: list[str], tmp_path: Path) -> None:
    command = [sys.executable, *launcher, str(TRAIN_DIGITS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    (reached,) = re.findall(r"([\d.]+)% of (\d+) held-out digits", done.stdout)
    assert float(reached[0]) >= 97
    assert int(reached[1]) == 450
