"""Networks that run: modules built from the emitted source. This file imports torch."""

from __future__ import annotations

import ast
import atexit
import hashlib
import linecache
import sys
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from archspec.analysis.memory import DTYPE_BYTES
from archspec.compiler.given import Spec, compiled
from archspec.errors import UsageError, listed
from archspec.files import temporary_folder, write
from archspec.pytorch import emitter

RULES = "_archspec_rules"
"""The attribute of a built model that holds its network's rules; no node has such a name."""

_MEMORY_FORMATS = ("contiguous_format", "channels_last", "channels_last_3d")


def build(
    network: Spec,
    /,
    *,
    variant: str | None = None,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | str | None = None,
    memory_format: torch.memory_format | str | None = None,
    **params: Any,
) -> nn.Module:
    """A network as a PyTorch module, in training mode: what its emitted source defines.

    Tracebacks and ``inspect.getsource`` show the lines of that source. The module can be copied and pickled, and
    loaded in another process.

    Args:
        network: A compiled network, or the path of a spec.
        variant: One of the sets of parameters that the spec names.
        device: Where its tensors are made, such as ``cuda``; PyTorch's default device unless given.
        dtype: The type of its floating-point tensors; they begin in PyTorch's default type and are converted.
        memory_format: The layout of its weights, such as ``channels_last``.
        **params: Values of the spec's parameters. A parameter named like an argument above goes to `compile`.

    Returns:
        A module that takes the network's inputs in order, with the batch as first dimension. One output is a tensor,
        several are a named tuple. Outputs for training only are None in evaluation mode; where they leave one output
        alone, that is a tensor then.

    Raises:
        SpecError: The spec is wrong.
        UsageError: There is no such variant, parameter, device, dtype or memory format here.

    >>> model = build("specs/lenet.yaml", num_classes=26)
    >>> model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 26])
    """
    place, kind, layout = _device(device), _dtype(dtype), _memory_format(memory_format)
    plan = compiled(network, variant, params)
    source = emitter.emit(plan)
    with place or nullcontext():
        model: nn.Module = getattr(python_module(source), _last_class(source))()
    model.__dict__[RULES] = plan.weights
    try:
        return _laid_out(model.to(dtype=kind), layout)
    except (RuntimeError, TypeError) as error:
        wanted = " ".join(str(each).removeprefix("torch.") for each in (kind, layout) if each)
        raise UsageError(f"`{plan.name}` cannot be {wanted} on {place or 'cpu'}: {error}") from None


def _laid_out(model: nn.Module, layout: torch.memory_format | None) -> nn.Module:
    return model.to(memory_format=layout) if layout else model  # type: ignore[call-overload]


def _device(asked: torch.device | str | int | None) -> torch.device | None:
    if asked is None:
        return None
    try:
        device = torch.device(asked)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise UsageError(f"no device `{asked}` is available ({reason}); available: {listed(devices())}") from None
    return device


def devices() -> list[str]:
    """The devices on which a network can run here, and ``meta``, on which it has only shapes."""
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    found = [f"{accelerator.type}:{i}" for i in range(torch.accelerator.device_count())] if accelerator else []
    return ["cpu", *found, "meta"]


def _dtype(asked: torch.dtype | str | None) -> torch.dtype | None:
    name = str(asked).removeprefix("torch.")
    if asked is not None and name not in DTYPE_BYTES:
        raise UsageError(f"a network cannot have the dtype `{asked}`; available: {listed(DTYPE_BYTES)}")
    return None if asked is None else getattr(torch, name)


def _memory_format(asked: torch.memory_format | str | None) -> torch.memory_format | None:
    name = str(asked).removeprefix("torch.")
    if asked is not None and name not in _MEMORY_FORMATS:
        raise UsageError(f"there is no memory format `{asked}`; available: {listed(_MEMORY_FORMATS)}")
    return None if asked is None else getattr(torch, name)


@cache
def python_module(source: str) -> ModuleType:
    """The Python module of an emitted source, executed; one for each text."""
    stem = f"{_last_class(source)}_{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    module = ModuleType(f"archspec_built_{stem}")
    module.__file__ = _written(f"{stem}.py", source)
    module.__dict__["__source__"] = source
    sys.modules[module.__name__] = module
    exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == module.__name__:
            value.__reduce_ex__ = _reduce  # type: ignore[assignment,method-assign]
    return module


def _written(name: str, source: str) -> str:
    """The path of a file with this source, for those who show its lines: debuggers, and tracebacks up to Python 3.12.

    The file goes when the process ends, and its lines stay known to ``linecache`` in any case.
    """
    path = f"<{name}>"
    with suppress(OSError, UsageError):  # nowhere to write: less is shown, all else works
        file = Path(_folder(), name)
        write(file, source)
        path = str(file)
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    return path


@cache
def _folder() -> str:
    folder = temporary_folder()
    atexit.register(folder.cleanup)
    return folder.name


@cache
def _last_class(source: str) -> str:
    """The name of the last class of a source: the network."""
    return next(node.name for node in reversed(ast.parse(source).body) if isinstance(node, ast.ClassDef))


def _reduce(self: Any, protocol: Any) -> Any:
    """How pickle and copy take an object of a built class: with the source, which another process lacks."""
    cls = type(self)
    source = getattr(sys.modules.get(cls.__module__), "__source__", None)
    if source is None:  # a class of the user's own that derives from a built one
        return object.__reduce_ex__(self, protocol)
    if isinstance(self, tuple):
        return _restored, (source, cls.__qualname__, *self)
    return _restored, (source, cls.__qualname__), self.__getstate__()


def _restored(source: str, name: str, *values: Any) -> Any:
    """An object of a class of a source; a module's attributes come after. Pickles name this function."""
    cls = getattr(python_module(source), name)
    return cls.__new__(cls, *values)
