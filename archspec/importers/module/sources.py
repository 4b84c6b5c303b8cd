"""Modules by their names: ``torchvision.models:resnet50``, ``path/to/net.py:Net``, ``timm:convnext_tiny``.

This runs the code of whoever is named.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from archspec.errors import ArchspecError, UsageError, did_you_mean, shown
from archspec.importers.imported import Imported
from archspec.importers.module.construction import remembered
from archspec.importers.module.importing import from_module
from archspec.importers.module.recording import is_of_torch


def import_named(
    source: str,
    inputs: Sequence[Sequence[int]],
    arguments: Mapping[str, Any],
    *,
    name: str | None,
    verify: bool,
) -> Imported:
    """A spec of the module that a text names.

    Args:
        source: ``MODULE:NAME``, where the module is one of Python's or the path of a file of Python. What has the name
            is an ``nn.Module``, or what makes one. ``timm:NAME`` is a network of timm.
        inputs: The shapes of its inputs, without the batch; where there are none, those of timm's configuration.
        arguments: What is given to what makes the module.
        name: The name of the network; the one in `source` unless given.
        verify: As of `from_module`.

    Raises:
        UsageError: There is no such module, its code fails, or it cannot be imported.
    """
    with _user_code(source), remembered():
        module = _module(source, arguments)
    shapes = inputs or _default_inputs(module)
    if not shapes:
        raise UsageError(f"the sizes of the input of `{shown(source)}` are not known: --input 3,224,224")
    with _user_code(source):
        return from_module(module, *shapes, name=name or _spec_name(source), verify=verify)


def _module(source: str, arguments: Mapping[str, Any]) -> nn.Module:
    place, _, name = source.rpartition(":")
    python = _python_module(place)
    if place == "timm" and not hasattr(python, name):
        found: Any = _timm_builder(python, name)
    else:
        found = python
        for part in name.split("."):
            if not hasattr(found, part):
                hint = did_you_mean(part, [each for each in dir(found) if not each.startswith("_")])
                raise UsageError(f"{shown(place)} has no `{shown(part)}`; {hint}".rstrip("; "))
            found = getattr(found, part)
    if isinstance(found, nn.Module):
        if arguments:
            raise UsageError(f"`{shown(source)}` is a module already: there is nothing for --set")
        return found
    if not callable(found):
        raise UsageError(f"`{shown(source)}` is neither an nn.Module nor makes one: {type(found).__name__}")
    made = found(**arguments)
    if not isinstance(made, nn.Module):
        raise UsageError(f"`{shown(source)}` makes no nn.Module: {type(made).__name__}")
    return made


def _timm_builder(timm: ModuleType, name: str) -> Callable[..., Any]:
    if not timm.is_model(name):
        raise UsageError(f"timm has no network `{shown(name)}`; {did_you_mean(name, timm.list_models())}".rstrip("; "))
    return lambda **arguments: timm.create_model(name, **arguments)


def _python_module(place: str) -> ModuleType:
    """A module of Python, by its name or the path of its file."""
    if place.endswith(".py") or "/" in place:
        return _of_file(Path(place))
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise
        raise UsageError(f"there is no module `{shown(place)}` here, and no such file") from None


def _of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"there is no file {shown(path)}")
    name = re.sub(r"\W", "_", path.stem)
    found = spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise UsageError(f"{shown(path)} is no file of Python")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = module_from_spec(found)
    sys.modules.setdefault(name, module)
    found.loader.exec_module(module)
    return module


def _default_inputs(module: nn.Module) -> list[tuple[int, ...]]:
    """The input of a network of timm."""
    settings = getattr(module, "pretrained_cfg", None) or getattr(module, "default_cfg", None) or {}
    size = settings.get("input_size") if isinstance(settings, Mapping) else getattr(settings, "input_size", None)
    return [tuple(size)] if size else []


def _spec_name(source: str) -> str:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", source.rpartition(":")[2].rpartition(".")[2]).lower()
    return re.sub(r"\W", "_", name)


@contextmanager
def _user_code(source: str) -> Iterator[None]:
    """What the user's code raises becomes an error with its place."""
    try:
        yield
    except (ArchspecError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise UsageError(f"`{shown(source)}` ends the process, with {error.code!r}") from None
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
        place = f" ({shown(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
        raise UsageError(f"`{shown(source)}` raises {type(error).__name__}: {shown(str(error))}{place}") from error


def _is_ours(file: str) -> bool:
    return is_of_torch(file) or file.startswith((str(Path(__file__).parent), "<frozen"))
