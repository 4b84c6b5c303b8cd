"""Indices, and what is written at one."""

from __future__ import annotations

from typing import Any

import torch

from archspec.importers.module.batches import Batched
from archspec.importers.module.draft import Node, Wire
from archspec.importers.module.functions.biases import looked_up, separated
from archspec.importers.module.functions.calls import Bound, rule, said
from archspec.importers.module.functions.dimensions import batch_of, dimension, sample, sizes_of
from archspec.importers.module.runs import Held, UnrecordableError, Value


@rule("getitem", "input index")
def _getitem(b: Bound) -> Wire:
    index = b["index"]
    if isinstance(index, Value | Held):
        return looked_up(b, index)
    items = list(index) if isinstance(index, tuple) else [index]
    if len(items) == 2 and items[0] == slice(None) and isinstance(items[1], Value | Held):
        return separated(b, items[1])
    wire, squeezed, added, kept = b.place.wire(b.first), [], [], 0
    dims = iter(range(len(sizes_of(b.first))))
    for item in _without_ellipsis(items, len(sizes_of(b.first))):
        if item is None:
            added.append(kept)
            kept += 1
            continue
        dim = next(dims)
        if isinstance(item, slice):
            kept += 1
            wire = _sliced(b, wire, dim, item)
        elif isinstance(item, int):
            ours = dimension(b.first, dim)
            at = item % sizes_of(b.first)[dim]
            wire = b.place.node("slice", [wire], dim=ours, start=at, stop=at + 1)
            squeezed.append(ours)
        else:
            raise UnrecordableError(f"an index with {said(item)}")
    for ours in sorted(squeezed, reverse=True):
        wire = b.place.node("squeeze", [wire], dim=ours)
    for dim in added:
        if not _is_batch_of_one(b.output, dim):
            wire = b.place.node("unsqueeze", [wire], dim=dimension(b.output, dim))
    return wire


def _without_ellipsis(items: list[Any], rank: int) -> list[Any]:
    """An index of a tensor of so many dimensions with a slice for each that an ellipsis stands for."""
    at = next((number for number, item in enumerate(items) if item is Ellipsis), None)
    if at is None:
        return items
    missing = rank - len(items) + 1 + sum(item is None for item in items)
    return [*items[:at], *[slice(None)] * missing, *items[at + 1 :]]


def _is_batch_of_one(tensor: Value, dim: int) -> bool:
    """Whether a dimension of size 1 is what stands for the batch."""
    return batch_of(tensor) == dim and tensor.sizes[dim] == 1


def _sliced(b: Bound, wire: Wire, dim: int, item: slice) -> Wire:
    if item == slice(None):
        return wire
    size = sizes_of(b.first)[dim]
    if isinstance(size, Batched):
        raise UnrecordableError("a part of the batch is taken")
    start, stop, step = item.indices(size)
    if (start, stop, step) == (0, size, 1):
        return wire
    if start >= stop:
        return Wire(Node("", "tensors without numbers"))
    return b.place.node("slice", [wire], dim=dimension(b.first, dim), start=item.start or 0, stop=item.stop, step=step)


@rule("setitem", "input index value")
def _setitem(b: Bound) -> Wire:
    """What stands in a part of a tensor after something was written there."""
    index = list(b["index"]) if isinstance(b["index"], tuple) else [b["index"]]
    items = _without_ellipsis(index, len(sizes_of(b.first)))
    parts = [(dim, item) for dim, item in enumerate(items) if item != slice(None)]
    if not parts or not all(isinstance(item, int | slice) for _, item in parts):
        raise UnrecordableError("a part of a tensor is written that is no range of its dimensions")
    ranges = [_range(b, dim, item) for dim, item in parts]
    shape = sample(b.first)
    for ours, start, stop, _ in ranges:
        shape[ours - 1] = stop - start
    removed = [ours for (ours, *_), (_, item) in zip(ranges, parts, strict=True) if isinstance(item, int)]
    if len(removed) > 1:
        raise UnrecordableError("a part of a tensor is written at several indices")
    return _replaced(b.place.wire(b.first), ranges, _written(b, b["value"], shape, removed[0] if removed else None), b)


_Range = tuple[int, int, int, int]
"""A dimension, where a part of it begins and ends, and its size."""


def _range(b: Bound, dim: int, item: int | slice) -> _Range:
    size = sizes_of(b.first)[dim]
    ours = dimension(b.first, dim)
    start, stop, step = (item % size, item % size + 1, 1) if isinstance(item, int) else item.indices(size)
    if step != 1 or start >= stop:
        raise UnrecordableError("a part of a tensor is written that is no range of its dimensions")
    return ours, start, stop, size


def _replaced(whole: Wire, ranges: list[_Range], part: Wire, b: Bound) -> Wire:
    """A tensor with another part in place of that of its ranges."""
    ((ours, start, stop, size), *others) = ranges
    if others:
        around = whole if stop - start == size else b.place.node("slice", [whole], dim=ours, start=start, stop=stop)
        part = _replaced(around, others, part, b)
    pieces = [part]
    if start > 0:
        pieces.insert(0, b.place.node("slice", [whole], dim=ours, start=0, stop=start))
    if stop < size:
        pieces.append(b.place.node("slice", [whole], dim=ours, start=stop))
    return pieces[0] if len(pieces) == 1 else b.place.node("concat", pieces, dim=ours)


def _written(b: Bound, value: Any, shape: list[int], added: int | None) -> Wire:
    """What is written into a part of a tensor, in the shape of the part."""
    if isinstance(value, int | float):
        return b.place.constant(torch.full(shape, float(value)))
    if not isinstance(value, Value | Held):
        raise UnrecordableError(f"{said(value)} is written into a tensor")
    own = sample(value)
    if added is not None and len(own) == len(shape) - 1:
        wire = b.place.node("unsqueeze", [b.place.wire(value)], dim=added)
        own.insert(added - 1, 1)
    else:
        wire = b.place.wire(value)
    if len(own) != len(shape):
        raise UnrecordableError("a tensor of another rank is written into a part of one")
    return wire if own == shape else b.place.node("expand", [wire], shape=shape)
