"""The table of all ops: the bundled ones, and those of installed plugins."""

from __future__ import annotations

from importlib import import_module

from archspec.errors import UsageError
from archspec.ops.bundled import BUNDLED
from archspec.ops.op import REGISTERED, Op
from archspec.ops.plugins import load_plugins


def ops() -> dict[str, type[Op]]:
    """All ops by name, those of plugins included, in alphabetical order."""
    for module in BUNDLED.values():
        import_module(module)
    load_plugins("archspec.ops")
    return dict(sorted(REGISTERED.items()))


def names() -> list[str]:
    """The names of all ops, for which the bundled ones are not imported."""
    load_plugins("archspec.ops")
    return sorted({*BUNDLED, *REGISTERED})


def find(name: str) -> type[Op] | None:
    """The op of a name, or None. Plugins are loaded only for a name that is not built in."""
    if name not in REGISTERED:
        if name in BUNDLED:
            import_module(BUNDLED[name])
        else:
            load_plugins("archspec.ops")
    return REGISTERED.get(name)


def get(name: str) -> type[Op]:
    """The op of a name.

    Raises:
        UsageError: There is no such op.
    """
    found = find(name)
    if found is None:
        from archspec.ops.foreign import name_hint

        raise UsageError(f"no op is called `{name}`; {name_hint(name, names())}".rstrip("; "))
    return found
