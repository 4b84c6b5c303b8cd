"""What ONNX Runtime computes of a file: in a process of its own, since a damaged file can end the one that reads it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archspec.errors import shown
from archspec.files import temporary_folder, write
from archspec.importers.onnx.model import Array

_SECONDS = 300
_SCRIPT = """
import sys
import numpy
import onnxruntime
path, names = sys.argv[1], sys.argv[2:]
options = onnxruntime.SessionOptions()
options.log_severity_level = 4
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
with numpy.load("inputs.npz") as inputs:
    given = {value.name: inputs[str(i)] for i, value in enumerate(session.get_inputs()) if str(i) in inputs}
found = session.run(names, given)
numpy.savez("outputs.npz", **{str(i): array for i, array in enumerate(found)})
"""


class NotRunError(Exception):
    """ONNX Runtime does not run a file."""


def evaluated(model: bytes | Path, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
    """What a file gives.

    Args:
        model: Its bytes, or its path, where it has external data.
        inputs: What it is given, in the order of its inputs.
        outputs: The names of what is asked for.

    Raises:
        NotRunError: It is refused, ends the process, or takes longer than five minutes.
    """
    with temporary_folder() as name:
        folder = Path(name)
        if isinstance(model, bytes):
            write(folder / "model.onnx", model)
        path = folder / "model.onnx" if isinstance(model, bytes) else model.absolute()
        numbered: dict[str, Any] = {str(i): array for i, array in enumerate(inputs.values())}
        np.savez(folder / "inputs.npz", **numbered)
        command = [sys.executable, "-c", _SCRIPT, str(path), *outputs]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NotRunError(f"it takes longer than {_SECONDS} seconds") from None
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise NotRunError(shown(last[:300]) or f"it ends with the code {done.returncode}")
        with np.load(folder / "outputs.npz") as found:
            return [found[str(i)] for i in range(len(outputs))]
