"""How many values of lists the expressions of one compile may make and go through, and call functions for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from archspec.language.limits import VALUES_OF_A_PART, Limits, raise_limit
from archspec.language.values import ExpressionError


class Left:
    """What is left of a limit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.values = limits.list_values


_LEFT: ContextVar[Left | None] = ContextVar("left", default=None)


@contextmanager
def bounded_lists(left: Left) -> Iterator[None]:
    """Bound what expressions do with lists, all together, until the end of the block."""
    token = _LEFT.set(left)
    try:
        yield
    finally:
        _LEFT.reset(token)


def count(*values: Any) -> None:
    """Count the values of the lists among some values, those of lists inside too, however often one list stands there.

    Raises:
        ExpressionError: They are more than are left.
    """
    for value in values:
        if type(value) is list:
            _count(value)


def count_call(parts: int) -> None:
    """Count the call of a function whose expression has so many parts.

    Raises:
        ExpressionError: They are more than are left.
    """
    left = _LEFT.get()
    if left is not None:
        _spend(left, VALUES_OF_A_PART * parts, "call functions that ask for")


def _count(value: list[Any]) -> None:
    left, level, depth = _LEFT.get(), [value], 0
    while left is not None and level:
        depth += 1
        _spend(left, len(level) + sum(map(len, level)), "make and go through lists of")
        if depth > left.limits.depth:
            raise _beyond("depth", f"lists nest deeper than {left.limits.depth}")
        level = [item for items in level for item in items if type(item) is list]


def _spend(left: Left, values: int, doing: str) -> None:
    left.values -= values
    if left.values < 0:
        raise _beyond("list_values", f"expressions {doing} more than {left.limits.list_values:,} values in all")


def _beyond(limit: str, message: str) -> ExpressionError:
    return ExpressionError(message, help=raise_limit(limit), code="limit-exceeded")
