"""The same numbers in another shape."""

from __future__ import annotations

import math
from dataclasses import replace

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.calls import Bound, listed, rule
from archspec.importers.module.functions.dimensions import batch_of, dimension, is_joined, sample, sizes_of
from archspec.importers.module.runs import Held, UnrecordableError, Value, leaves
from archspec.pytorch.weights.tensors import fits


@rule("contiguous clone detach float to type type_as identity positive data real requires_grad", "input other")
def _same(b: Bound) -> Wire:
    counted = b.first.fixed is not None and b.output.dtype.is_floating_point  # whole numbers are the same as others
    if isinstance(b.first, Value) and b.first.dtype != b.output.dtype and not counted:
        raise UnrecordableError(f"a change of data type from {b.first.dtype} to {b.output.dtype}")
    return b.place.wire(b.first)


@rule("flatten", "input start_dim end_dim")
def _flatten(b: Bound) -> Wire:
    return reshaped(b)


@rule("view reshape unflatten reshape_as view_as", "input shape")
def _reshape(b: Bound) -> Wire:
    return reshaped(b)


def reshaped(b: Bound) -> Wire:
    """The numbers of the first operand in the shape of the output: flattened where that says it."""
    before, after = sample(b.first), sample(b.output)
    if (batch_of(b.first) or batch_of(b.output)) and [batch_of(b.first), before] != [batch_of(b.output), after]:
        return _reshaped_behind(b)
    if isinstance(b.first, Held) and [size for size in before if size > 1] == [size for size in after if size > 1]:
        plain = len(after) == 1 or after[0] > 1  # else a size of 1 in front would be taken for the batch
        viewed = tuple(after) if plain else (1, *after)
        if fits(viewed, tuple(before)):  # else a checkpoint would not
            return b.place.wire(replace(b.first, shape=viewed))
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op in ("flatten", "reshape") and wire.node.operands[0].shape:
        wire = wire.node.operands[0]
        before = list(wire.shape)
    if before == after:
        return wire
    if len(after) == 1:
        return b.place.node("flatten", [wire])
    if len(before) > len(after):
        joined = len(before) - len(after) + 1
        for start in range(len(after)):
            end = start + joined
            if [*before[:start], math.prod(before[start:end]), *before[end:]] == after:
                return b.place.node("flatten", [wire], start_dim=start + 1, end_dim=-1 if end == len(before) else end)
    return b.place.node("reshape", [wire], shape=after)


def _reshaped_behind(b: Bound) -> Wire:
    """The same of dimensions that stand behind the batch, where others stand before it."""
    sizes, wanted, batch = sizes_of(b.first), sizes_of(b.output), batch_of(b.first)
    if batch is None or batch != batch_of(b.output) or sizes[:batch] != wanted[:batch]:
        raise UnrecordableError("a reshape of a tensor whose batch is not its first dimension")
    wire, shape = b.place.wire(b.first), sample(b.output)
    if is_joined(b.first):  # what is joined with the batch comes after what stands before it
        order = [*range(2, batch + 2), 1, *range(batch + 2, len(sizes) + 1)]
        wire = b.place.node("permute", [wire], dims=order)
    if not is_joined(b.output):
        return b.place.node("reshape", [wire], shape=shape)
    wire = b.place.node("reshape", [wire], shape=[*shape[1 : batch + 1], shape[0], *shape[batch + 1 :]])
    order = [batch + 1, *range(1, batch + 1), *range(batch + 2, len(shape) + 1)]
    return b.place.node("permute", [wire], dims=order)


@rule("permute", "input dims")
def _permute(b: Bound) -> Wire:
    dims = b["dims"]
    return _permuted(b, list(dims[0] if len(dims) == 1 and isinstance(dims[0], list | tuple) else dims))


@rule("transpose", "input dim0 dim1")
def _transpose(b: Bound) -> Wire:
    dims = list(range(len(sizes_of(b.first))))
    one, other = b["dim0"] % len(dims), b["dim1"] % len(dims)
    dims[one], dims[other] = dims[other], dims[one]
    return _permuted(b, dims)


@rule("t T H", "input")
def _t(b: Bound) -> Wire:
    return _permuted(b, [1, 0])


@rule("mT mH adjoint", "input")
def _mt(b: Bound) -> Wire:
    dims = list(range(len(sizes_of(b.first))))
    return _permuted(b, [*dims[:-2], dims[-1], dims[-2]])


@rule("movedim moveaxis", "input source destination")
def _movedim(b: Bound) -> Wire:
    rank = len(sizes_of(b.first))
    moved, places = ([dim % rank for dim in listed(b[name])] for name in ("source", "destination"))
    dims = [dim for dim in range(rank) if dim not in moved]
    for place, dim in sorted(zip(places, moved, strict=True)):
        dims.insert(place, dim)
    return _permuted(b, dims)


@rule("fliplr", "input")
def _fliplr(b: Bound) -> Wire:
    return b.node("flip", dims=dimension(b.first, 1))


@rule("rot90", "input k dims")
def _rot90(b: Bound) -> Wire:
    """Quarters of a turn from the first dimension to the second: one of them is turned around, and both are swapped."""
    quarters = b.get("k", 1) % 4
    one, other = (dimension(b.first, dim) for dim in b.get("dims", (0, 1)))
    order = list(range(1, len(sample(b.first)) + 1))
    order[one - 1], order[other - 1] = other, one
    wire = b.place.wire(b.first)
    if quarters:
        wire = b.place.node("flip", [wire], dims=[one, other] if quarters == 2 else [other, one][quarters // 2])
    return b.place.node("permute", [wire], dims=order) if quarters % 2 else wire


def _permuted(b: Bound, dims: list[int]) -> Wire:
    batch = batch_of(b.first)
    moved = [dimension(b.first, dim) for dim in dims if dim % len(dims) != batch]
    moved = [1, *moved] if is_joined(b.first) else moved
    wire = _moved(b, moved)
    if batch is None and len(sample(b.output)) < len(moved):  # a size of 1 comes first, which stands for the batch
        return b.place.node("squeeze", [wire], dim=1)
    return wire


def _moved(b: Bound, moved: list[int]) -> Wire:
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op == "permute":
        before = wire.node.arguments["dims"]
        both = [before[dim - 1] for dim in moved]
        if both == sorted(both):
            return wire.node.operands[0]
    return wire if moved == sorted(moved) else b.place.node("permute", [wire], dims=moved)


@rule("unsqueeze", "input dim")
def _unsqueeze(b: Bound) -> Wire:
    if sample(b.first) == sample(b.output):
        return b.place.wire(b.first)
    if batch_of(b.output) == b["dim"] % len(sizes_of(b.output)) == batch_of(b.first):
        return b.node("unsqueeze", dim=1)  # a size of 1 that stood for the batch is one of the sample now
    return b.node("unsqueeze", dim=dimension(b.output, b["dim"]))


@rule("squeeze", "input dim")
def _squeeze(b: Bound) -> Wire:
    dim = b["dim"]
    dims = [dim] if isinstance(dim, int) else range(len(sizes_of(b.first))) if dim is None else dim
    wire = b.place.wire(b.first)
    if sample(b.first) == sample(b.output):
        return wire
    ones = [d for d in dims if sizes_of(b.first)[d] == 1]
    for ours in sorted((dimension(b.first, d) for d in ones), reverse=True):
        wire = b.place.node("squeeze", [wire], dim=ours)
    return wire


@rule("expand expand_as broadcast_to", "input size")
def _expand(b: Bound) -> Wire:
    if sample(b.first) == sample(b.output):  # each sample is given it
        return b.place.wire(b.first)
    return b.place.node("expand", [b.whole(b.first)], shape=sample(b.output))


@rule("meshgrid", "first second indexing")
def _meshgrid(b: Bound) -> list[Wire]:
    """Each of several rows of numbers along a dimension of its own."""
    tensors = [leaf for leaf in leaves(list(b.given.values())) if isinstance(leaf, Value)]
    order = list(range(len(tensors)))
    if b.get("indexing", "ij") == "xy" and len(tensors) > 1:
        order[:2] = [1, 0]
    wires = []
    for tensor, at, output in zip(tensors, order, b.call.outputs, strict=True):
        sizes = sample(output)
        own = [size if dim == at else 1 for dim, size in enumerate(sizes)]
        row = b.place.node("reshape", [b.place.wire(tensor)], shape=own)
        wires.append(b.place.node("expand", [row], shape=sizes))
    return wires
