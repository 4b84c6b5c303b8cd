"""Files of weights, and the tensors in them."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from archspec.errors import UsageError, shown
from archspec.files import reason, regular

_WRAPPERS = (
    "state_dict", "model", "model_state_dict", "net", "module", "state_dict_ema", "ema_state_dict", "ema_model",
    "model_ema", "ema",
)  # fmt: skip
"""Keys under which checkpoints hold the state_dict among other things; weights as trained before their averages."""

_COUNTER_OF_AVERAGES = "n_averaged"
"""What torch.optim.swa_utils.AveragedModel has beside the module."""

_MOST_OF_A_NAME = 100

_DTYPES = {"C64": torch.complex64}
"""Types of safetensors that matter before a tensor is read."""


def read_weights(path: str | os.PathLike[str], *, device: str = "cpu") -> dict[str, Tensor]:
    """The tensors of a file of weights by name; nothing in the file is executed.

    Raises:
        UsageError: The file cannot be read, or holds more than tensors.
    """
    try:
        regular(path).close()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read `{path}`: {reason(error)}") from None
    if os.fspath(path).lower().endswith(".safetensors"):
        return state_dict(_read_safetensors(path, device), f"`{path}`")
    try:
        sizes = _record_sizes(path)
        # Only the zip format, which torch.save writes since 1.6, can be mapped into memory.
        loaded = torch.load(path, map_location=device, weights_only=True, mmap=bool(sizes))
    except Exception as error:  # whatever the bytes of a file make of PyTorch's reader
        raise UsageError(_unreadable(path, str(error))) from None
    found = state_dict(loaded, f"`{path}`")
    valued = [name for name, tensor in found.items() if device == "meta" or not tensor.is_meta]
    for name in valued if sizes else ():
        if found[name].untyped_storage().nbytes() not in sizes:
            raise UsageError(f"`{path}` is damaged: it does not have as many bytes of `{shown(name)}` as it says")
    return found


def _record_sizes(path: str | os.PathLike[str]) -> set[int]:
    """The sizes of what a zip holds; none of another file.

    Raises:
        zipfile.BadZipFile: It is compressed: what is mapped into memory would be taken as it is.
    """
    if not zipfile.is_zipfile(path):
        return set()
    with zipfile.ZipFile(path) as file:
        records = file.infolist()
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise zipfile.BadZipFile("compressed")
    return {record.file_size for record in records}


def _unreadable(path: str | os.PathLike[str], reason: str) -> str:
    """Why torch.load takes a file for none of weights alone, in one sentence."""
    refused = re.search(r"GLOBAL (\S+)", reason)
    if not refused:
        return f"`{path}` is no file of weights that torch.save wrote"
    hint = "where you trust it, load it with torch.load and save its state_dict"
    return f"`{path}` holds `{refused[1]}` besides tensors, and loading that could run code; {hint}"


def _read_safetensors(path: str | os.PathLike[str], device: str) -> dict[str, Tensor]:
    try:
        from safetensors import safe_open
    except ModuleNotFoundError:
        raise UsageError('.safetensors files need safetensors: pip install "archspec-nn[torch]"') from None
    try:
        with safe_open(path, framework="pt") as file:
            if device != "meta":
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return {name: _shape(file.get_slice(name)) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # whatever the bytes of a file make of its reader
        raise UsageError(f"`{path}` is no safetensors file: {error}") from None


def _shape(part: Any) -> Tensor:
    return torch.empty(part.get_shape(), dtype=_DTYPES.get(part.get_dtype()), device="meta")


def state_dict(loaded: Any, where: str) -> dict[str, Tensor]:
    """The state_dict of a checkpoint, unwrapped.

    Raises:
        UsageError: It holds something else, or what no network takes: tensors that are quantised, sparse, nested or
            complex, or names that are no text.
    """
    loaded = _unwrapped(loaded, where)
    if not isinstance(loaded, Mapping):
        raise UsageError(f"{where} holds a {type(loaded).__name__}, not a state_dict")
    others = [name for name, tensor in loaded.items() if not isinstance(tensor, Tensor)]
    if others:
        raise UsageError(f"{where} holds values that are no tensors: {_few(others)}")
    nameless = [name for name in loaded if not isinstance(name, str)]
    if nameless:
        raise UsageError(f"{where} holds tensors whose names are no text: {_few(nameless)}")
    found = dict(_without_averages(loaded))
    for name, tensor in found.items():
        wrong = _kind(tensor)
        if wrong:
            raise UsageError(f"{where} holds tensors that no network takes: `{shown(name)}` is {wrong}")
    return found


def _unwrapped(loaded: Any, where: str) -> Any:
    seen: set[int] = set()
    while isinstance(loaded, Mapping):
        if id(loaded) in seen:
            raise UsageError(f"{where} holds itself, and no state_dict")
        seen.add(id(loaded))
        inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), Mapping)), None)
        if inner is None:
            break
        loaded = inner
    return loaded


def _without_averages(loaded: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The tensors but the count of an average, where everything else is its module's."""
    others = [name for name in loaded if name != _COUNTER_OF_AVERAGES]
    averaged = len(others) < len(loaded) and all(name.startswith("module.") for name in others)
    for name, tensor in loaded.items():
        if not (averaged and name == _COUNTER_OF_AVERAGES):
            yield name, tensor


def _kind(tensor: Tensor) -> str:
    """What a tensor is that cannot be copied into a weight; empty where it can."""
    if tensor.is_quantized:
        return "quantised: save the weights before they are quantised"
    if tensor.is_nested:
        return "nested"
    if tensor.layout is not torch.strided:
        return f"of the layout `{str(tensor.layout).removeprefix('torch.')}`: save `tensor.to_dense()`"
    return "complex, and weights are real" if tensor.is_complex() else ""


def _few(names: Iterable[object]) -> str:
    """The first names of some, as a message has them."""
    found = [f"`{shown(name)[:_MOST_OF_A_NAME]}`" for name in names]
    return ", ".join(found[:5]) + (f" and {len(found) - 5:,} more" if len(found) > 5 else "")
