"""The table of all formats: the bundled ones, and those of installed plugins."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath

from archspec.errors import UsageError, did_you_mean, shown
from archspec.importers.draft import REGISTERED, Format
from archspec.language import networks
from archspec.ops.plugins import load_plugins

BUNDLED = {name: f"archspec.importers.{name}" for name in ("caffe", "darknet", "keras", "onnx", "ultralytics")}
"""The module of each bundled format, by its name."""


def formats() -> dict[str, type[Format]]:
    """All formats by name, those of plugins included, in alphabetical order."""
    for module in BUNDLED.values():
        import_module(module)
    load_plugins("archspec.importers")
    return dict(sorted(REGISTERED.items()))


def get(name: str) -> type[Format]:
    """The format of a name.

    Raises:
        UsageError: There is none.
    """
    if name in BUNDLED:
        import_module(BUNDLED[name])
        return REGISTERED[name]
    known = formats()
    if name not in known:
        raise UsageError(f"no format is called `{name}`; {did_you_mean(name, known)}".rstrip("; "))
    return known[name]


def of_path(path: str) -> type[Format]:
    """The format of a file, by the end of its name.

    Raises:
        UsageError: Files of no format end so.
    """
    name = PurePath(path).name.lower()
    known = formats()
    for each in known.values():
        if name.endswith(each.endings):
            return each
    if networks.find(path) is not None:
        raise UsageError(
            f"`{path}` is a bundled network, which needs no import: every command knows its name, and "
            f"`archspec new my_{path} --from {path}` begins a spec with it"
        )
    endings = ", ".join(ending for each in known.values() for ending in each.endings)
    raise UsageError(f"{shown(path)} has none of the endings {endings}; say what it is with --format")
