"""Files of weights, and the tensors in them."""

from __future__ import annotations

import os
import pickle
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from archspec.errors import UsageError, listed

_WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema")
"""Keys under which checkpoints hold the state_dict among other things."""


def read_weights(path: str | os.PathLike[str], *, device: str = "cpu") -> dict[str, Tensor]:
    """The tensors of a file of weights by name; nothing in the file is executed.

    Raises:
        UsageError: The file cannot be read, or holds more than tensors.
    """
    try:
        if os.fspath(path).endswith(".safetensors"):
            return _read_safetensors(path, device)
        # Only the zip format, which torch.save writes since 1.6, can be mapped into memory.
        loaded = torch.load(path, map_location=device, weights_only=True, mmap=zipfile.is_zipfile(path))
    except OSError as error:
        raise UsageError(f"cannot read `{path}`: {error.strerror or error}") from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, AttributeError) as error:
        raise UsageError(_unreadable(path, str(error))) from None
    return state_dict(loaded, f"`{path}`")


def _unreadable(path: str | os.PathLike[str], reason: str) -> str:
    """Why torch.load takes a file for none of weights alone, in one sentence."""
    refused = re.search(r"GLOBAL (\S+)", reason)
    if not refused:
        return f"`{path}` is no file of weights that torch.save wrote"
    hint = "where you trust it, load it with torch.load and save its state_dict"
    return f"`{path}` holds `{refused[1]}` besides tensors, and loading that could run code; {hint}"


def _read_safetensors(path: str | os.PathLike[str], device: str) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError:
        raise UsageError('.safetensors files need safetensors: pip install "archspec-nn[torch]"') from None
    try:
        with safe_open(path, framework="pt") as file:
            if device != "meta":
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return {name: torch.empty(file.get_slice(name).get_shape(), device=device) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise UsageError(f"`{path}` is no safetensors file: {error}") from None


def state_dict(loaded: Any, where: str) -> dict[str, Tensor]:
    """The state_dict of a checkpoint, unwrapped."""
    while isinstance(loaded, Mapping):
        inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), Mapping)), None)
        if inner is None:
            break
        loaded = inner
    if not isinstance(loaded, Mapping):
        raise UsageError(f"{where} holds a {type(loaded).__name__}, not a state_dict")
    others = [str(name) for name, tensor in loaded.items() if not isinstance(tensor, Tensor)]
    if others:
        raise UsageError(f"{where} holds values that are no tensors: {listed(others[:5])}")
    return dict(loaded)
