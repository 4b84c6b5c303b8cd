"""One window of a map as several are: a batch that is joined with a dimension elsewhere is so where that is 1 too."""

from __future__ import annotations

from archspec.importers.module.batches import Batched
from archspec.importers.module.runs import Call, Value, Visit

_RESHAPING = frozenset("reshape view flatten unflatten reshape_as view_as repeat_interleave".split())
"""What joins the batch with another dimension."""


def join_single(root: Visit) -> list[Value]:
    """Keep a dimension of 1 that lines of the source join with the batch, where other calls of these join more.

    A module has maps of many windows in its first uses, and of one in its last: so its uses are of one rank.

    Returns:
        The values whose shapes have changed.
    """
    calls = list(root.calls())
    several = {(key, _takes_joined(call)) for call in calls for key, size in _batches(call) if size.is_joined}
    changed: list[Value] = []
    for call in calls:
        follows = _takes_joined(call)
        for (key, size), value in zip(_batches(call), call.outputs, strict=True):
            if (key, follows) in several and not size.is_joined and (follows or call.function in _RESHAPING):
                _set(value, size, Batched(1, single=True))
                changed.append(value)
    if any(_takes_both(call) for call in calls):
        part_single(changed)
        return []
    return changed


def part_single(values: list[Value]) -> None:
    """Undo it."""
    for value in values:
        _set(value, Batched(1, single=True), Batched(1))


_Key = tuple[str, str, int, int, int]


def _batches(call: Call) -> list[tuple[_Key, Batched]]:
    """The batch of each tensor that a call gives, and what tells its place in the source and in the tensor."""
    found = []
    for number, value in enumerate(call.outputs):
        at = next((i for i, size in enumerate(value.sizes) if isinstance(size, Batched)), -1)
        size = value.sizes[at] if at >= 0 else _NONE
        found.append(((call.place, call.function, number, len(value.sizes), at), size))
    return found


_NONE = Batched(1, single=True)
"""Stands for the batch of a tensor that has none, in which nothing changes."""


def _takes_joined(call: Call) -> bool:
    return any(isinstance(size, Batched) and size.is_joined for value in call.operands for size in value.sizes)


def _takes_both(call: Call) -> bool:
    """Whether a call takes a batch that is joined with 1, and one that is not joined."""
    sizes = {size for value in call.operands for size in value.sizes if isinstance(size, Batched)}
    return any(size.single for size in sizes) and not all(size.is_joined for size in sizes)


def _set(value: Value, old: Batched, new: Batched) -> None:
    value.sizes = tuple(new if size == old else size for size in value.sizes)
