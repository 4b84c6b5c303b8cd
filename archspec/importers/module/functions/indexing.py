"""Indices, and what is written at one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from archspec.importers.module.batches import Batched
from archspec.importers.module.draft import Node, Wire
from archspec.importers.module.functions.arithmetic import of_rank, scaled
from archspec.importers.module.functions.biases import looked_up, separated
from archspec.importers.module.functions.calls import Bound, rule, said
from archspec.importers.module.functions.dimensions import batch_of, dimension, sample, sizes_of
from archspec.importers.module.runs import Held, UnrecordableError, Value


@rule("getitem", "input index")
def _getitem(b: Bound) -> Wire:
    index = b["index"]
    if (found := _of_table(b, index)) is not None:
        return found
    items = list(index) if isinstance(index, tuple) else [index]
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
            kept += 1
            wire = _picked(b, wire, dim, item)
    for ours in sorted(squeezed, reverse=True):
        wire = b.place.node("squeeze", [wire], dim=ours)
    for dim in added:
        if not _is_batch_of_one(b.output, dim):
            wire = b.place.node("unsqueeze", [wire], dim=dimension(b.output, dim))
    return wire


def _of_table(b: Bound, index: Any) -> Wire | None:
    """Rows or columns of a table by a tensor; None where a part is taken of something else."""
    if isinstance(index, tuple) and len(index) == 2 and index[0] == slice(None):
        (_, places), rule = index, separated
    else:
        places, rule = index, looked_up
    if not isinstance(places, Value | Held) or _places(places):
        return None
    return rule(b, places)


@rule("index_select", "input dim index")
def _index_select(b: Bound) -> Wire:
    return _picked(b, b.place.wire(b.first), b["dim"], b["index"])


_MOST_RANGES = 16
"""How many parts of a tensor are written that are picked one by one."""


def _picked(b: Bound, wire: Wire, dim: int, item: Any) -> Wire:
    """Places of a dimension by their numbers: the ranges that they are, beside one another."""
    places, ours = _places(item), dimension(b.first, dim)
    if not places:
        raise UnrecordableError(f"an index with {said(item)}")
    size = sizes_of(b.first)[dim]
    parts = []
    for start, stop in _ranges([place % size for place in places]):
        whole = (start, stop) == (0, size)
        parts.append(wire if whole else b.place.node("slice", [wire], dim=ours, start=start, stop=stop))
    return parts[0] if len(parts) == 1 else b.place.node("concat", parts, dim=ours)


def _places(item: Any) -> list[int]:
    """The numbers of places in a row, as far as they are known and few ranges; else none."""
    if isinstance(item, Value | Held):
        fixed = item.fixed
        item = fixed.tolist() if fixed is not None and fixed.dim() == 1 and not fixed.dtype.is_floating_point else []
    plain = isinstance(item, list | tuple) and all(type(place) is int for place in item)
    return list(item) if plain and len(_ranges(item)) <= _MOST_RANGES else []


def _ranges(places: Sequence[int]) -> list[tuple[int, int]]:
    """Numbers as ranges, in their order."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return found


@rule("masked_fill", "input mask value")
def _masked_fill(b: Bound) -> Wire:
    """Numbers that are known at places that are known: the others times 1, those times 0."""
    mask, value = b.operand("mask"), b["value"]
    if mask.fixed is None or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnrecordableError(f"masked_fill with {said(mask if mask.fixed is None else value)}")
    return _chosen(b, mask.fixed.logical_not(), b.first, value)


@rule("where", "condition input other")
def _where(b: Bound) -> Wire:
    mask, one, other = b.operand("condition"), b["input"], b["other"]
    if mask.fixed is None:
        raise UnrecordableError("where with a condition that depends on data")
    if isinstance(one, Value | Held):
        return _chosen(b, mask.fixed, one, other)
    return _chosen(b, mask.fixed.logical_not(), b.operand("other"), one)


@rule("tril triu", "input diagonal")
def _triangle(b: Bound) -> Wire:
    """One side of a diagonal, and 0 on the other."""
    ones = torch.ones(sizes_of(b.first)[-2:])
    mask = ones.tril(b.get("diagonal", 0)) if b.function == "tril" else ones.triu(b.get("diagonal", 0))
    return _chosen(b, mask.bool(), b.first, 0)


def _chosen(b: Bound, mask: Tensor, tensor: Value | Held, other: Any) -> Wire:
    """A tensor where a mask is true, and another or a number where it is not."""
    rank = len(sample(b.output))
    kept, left = (_numbers(b, each, rank) for each in (mask, mask.logical_not()))
    wire = b.place.node("mul", [of_rank(b, tensor, rank), kept])
    if isinstance(other, Value | Held):
        return b.place.node("add", [wire, b.place.node("mul", [of_rank(b, other, rank), left])])
    if not math.isfinite(other):
        raise UnrecordableError(f"{b.call.function} with {said(other)}")
    return b.place.node("add", [wire, scaled(b, left, other)]) if other else wire


def _numbers(b: Bound, mask: Tensor, rank: int) -> Wire:
    """A mask as numbers, in so many dimensions."""
    sizes = [*mask.shape]
    while len(sizes) > rank and sizes[0] == 1:
        del sizes[0]
    return b.place.constant(mask.float().reshape([*[1] * (rank - len(sizes)), *sizes]))


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
