"""Layers of Caffe that join, cut or rearrange blobs."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import Any

from archspec.importers.caffe.fields import REAL, Fields
from archspec.importers.caffe.layers import LayerReader, reads
from archspec.importers.draft import UnsaidError


@reads("Input", "input_param", "shape")
def _input(layer: LayerReader, fields: Fields) -> None:
    shapes = fields.messages("shape")
    for number, top in enumerate(layer.texts("top")):
        if not shapes:
            raise UnsaidError("it has no shape", layer.span)
        shape = shapes[min(number, len(shapes) - 1)]
        layer.input(top, shape.integers("dim", 1), shape.span)


@reads("Concat", "concat_param", "axis", "concat_dim")
def _concat(layer: LayerReader, fields: Fields) -> None:
    taken = layer.taken()
    axis = fields.integer("axis", fields.integer("concat_dim", 1), -8)
    shapes = [blob.shape for blob in taken]
    rank = len(shapes[0])
    at = axis - 1 if axis > 0 else axis + rank
    rests = {shape[:at] + shape[at + 1 :] for shape in shapes}
    if not 0 <= at < rank or len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
        raise UnsaidError("the blobs that it joins differ in size", layer.span)
    total = sum(shape[at] for shape in shapes)
    node = {"op": "concat"} | ({"dim": at + 1} if at else {})
    layer.add(node, taken, (*shapes[0][:at], total, *shapes[0][at + 1 :]))


@reads("Eltwise", "eltwise_param", "operation", "coeff", "stable_prod_grad")
def _eltwise(layer: LayerReader, fields: Fields) -> None:
    taken = layer.taken()
    kind = fields.word("operation", "SUM", ("PROD", "SUM", "MAX"))
    factors = fields.texts("coeff")
    if len({blob.shape for blob in taken}) > 1:
        raise UnsaidError("the blobs that it takes differ in size", layer.span)
    if len(taken) < 2 or (factors and kind != "SUM"):
        raise UnsaidError("it takes one blob, or has factors that do nothing", layer.span)
    numbers = [float(factor) if REAL.fullmatch(factor) else 0.0 for factor in factors]
    if numbers and numbers != [1.0] * len(taken) and numbers != [1.0, -1.0]:
        raise UnsaidError("a sum with factors cannot be said", fields.span, "write a `mul` before it")
    op = {"PROD": "mul", "SUM": "sub" if -1.0 in numbers else "add", "MAX": "maximum"}[kind]
    layer.add({"op": op}, taken, taken[0].shape)


@reads("Flatten", "flatten_param", "axis", "end_axis")
def _flatten(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    if fields.integer("axis", 1, -8) != 1 or fields.integer("end_axis", -1, -8) != -1:
        raise UnsaidError("only all that follows the batch can be flattened", fields.span)
    layer.add({"op": "flatten"}, [taken], (prod(taken.shape),))


@reads("Reshape", "reshape_param", "shape", "axis", "num_axes")
def _reshape(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    shape = fields.messages("shape")
    if not shape or "axis" in fields or "num_axes" in fields:
        raise UnsaidError("only a reshape of all dimensions can be said", fields.span)
    fields = shape[-1]
    batch, *sizes = fields.integers("dim", -1) or [1]
    sizes = [taken.shape[at] if size == 0 and at < len(taken.shape) else size for at, size in enumerate(sizes)]
    known = prod(size for size in sizes if size != -1)
    open_size = prod(taken.shape) // known if known else 0
    whole = tuple(open_size if size == -1 else size for size in sizes)
    if batch not in (0, -1) or sizes.count(-1) > 1 or prod(whole) != prod(taken.shape) or 0 in sizes:
        raise UnsaidError(f"{'x'.join(map(str, taken.shape))} does not become so", fields.span)
    layer.add({"op": "reshape", "shape": sizes}, [taken], whole)


@reads("Slice", "slice_param", "axis", "slice_point", "slice_dim")
def _slice(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    tops, points = layer.texts("top"), fields.integers("slice_point", 1)
    axis = fields.integer("axis", fields.integer("slice_dim", 1), 1)
    if axis > len(taken.shape) or not tops:
        raise UnsaidError("it slices a dimension that is not there", fields.span)
    size = taken.shape[axis - 1]
    if not points and size % len(tops):
        raise UnsaidError(f"{size} does not divide into {len(tops)} parts", fields.span)
    points = points or [size // len(tops) * number for number in range(1, len(tops))]
    bounds = [0, *points, size]
    if len(bounds) != len(tops) + 1 or bounds != sorted(set(bounds)):
        raise UnsaidError("`slice_point` does not fit the number of tops", fields.span)
    for number, (start, stop) in enumerate(pairwise(bounds)):
        even = len({b - a for a, b in pairwise(bounds)}) == 1
        dim = {} if axis == 1 else {"dim": axis}
        node: dict[str, Any] = {"op": "split", "chunks": len(tops), "index": number, **dim}
        if not even:
            node = {"op": "slice", **dim, "start": start, "stop": stop}
        shape = (*taken.shape[: axis - 1], stop - start, *taken.shape[axis:])
        layer.add(node, [taken], shape, suffix=f"_{number}" if number else "", top=number)


@reads("Split", "split_param", "engine")
def _split(layer: LayerReader, _: Fields) -> None:
    (taken,) = layer.taken(1)
    for top in layer.texts("top"):
        layer.stand_for(top, taken)
