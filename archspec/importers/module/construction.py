"""What constructors of modules were given, which names parameters of blocks as their class does."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from torch import nn

_GIVEN: WeakKeyDictionary[nn.Module, dict[str, Any]] = WeakKeyDictionary()


@contextmanager
def remembered() -> Iterator[None]:
    """Remember what the constructors of modules are given that are called meanwhile."""
    initialise = nn.Module.__init__

    def init(module: nn.Module, *args: Any, **kwargs: Any) -> None:
        _GIVEN[module] = _arguments(module, sys._getframe(1))
        initialise(module, *args, **kwargs)

    nn.Module.__init__ = init  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        nn.Module.__init__ = initialise  # type: ignore[method-assign]


def arguments_of(module: nn.Module) -> Mapping[str, Any]:
    """What the constructor of a module was given, as far as that is remembered."""
    return _GIVEN.get(module, {})


def hand_on(module: nn.Module, copy: nn.Module) -> None:
    """Let the parts of a copy be given what those of a module were."""
    for part, its in zip(module.modules(), copy.modules(), strict=True):
        if part in _GIVEN:
            _GIVEN[its] = _GIVEN[part]


def _arguments(module: nn.Module, frame: FrameType | None) -> dict[str, Any]:
    """The arguments of the ``__init__`` that run, those of derived classes last."""
    found: dict[str, Any] = {}
    while frame is not None and frame.f_code.co_name == "__init__":
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if not names or frame.f_locals.get(names[0]) is not module:
            break
        found |= {name: frame.f_locals[name] for name in names[1:] if name in frame.f_locals}
        frame = frame.f_back
    return {name: value for name, value in found.items() if isinstance(value, bool | int | float | str | tuple | list)}
