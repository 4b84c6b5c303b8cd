"""Layers of Keras that move places or join tensors: pooling, padding, resizing, reshapes, merges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod

from archspec.errors import shown
from archspec.importers.draft import MOST_NUMBER, Shape
from archspec.importers.keras.convolutions import window
from archspec.importers.keras.layers import LayerReader, UnsaidError, family, short

_POOL = "pool_size strides padding data_format".split()
_MERGES = {"Add": "add", "Subtract": "sub", "Multiply": "mul", "Average": "add", "Maximum": "maximum",
           "Minimum": "minimum"}  # fmt: skip


@family("MaxPooling", *_POOL)
def _max_pool(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    found = window(layer, shape, key="pool_size")
    sizes, node = found.sizes, found.node
    return layer.add({"op": "max_pool", **node}, taken, (shape[0], *sizes))


@family("AveragePooling", *_POOL)
def _avg_pool(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    found = window(layer, shape, key="pool_size")
    sizes, node = found.sizes, found.node
    node |= {"count_include_pad": False} if "padding" in node else {}
    return layer.add({"op": "avg_pool", **node}, taken, (shape[0], *sizes))


@family("GlobalAveragePooling", "data_format", "keepdims")
@family("GlobalMaxPooling", "data_format", "keepdims")
def _global_pool(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    op = "global_avg_pool" if layer.family == "GlobalAveragePooling" else "global_max_pool"
    given = layer.add({"op": op}, taken, (shape[0], *(1 for _ in shape[1:])))
    if layer.flag("keepdims", default=False):
        return given
    return layer.add({"op": "flatten"}, [given], (shape[0],), own="flat")


def _pairs(layer: LayerReader, key: str, rank: int) -> list[tuple[int, int]]:
    """Places before and after each dimension."""
    value = layer.config.get(key, 1)
    value = [value] * rank if type(value) is int else value
    value = [value] if rank == 1 and isinstance(value, list) and all(type(each) is int for each in value) else value
    if not isinstance(value, list) or len(value) != rank:
        raise UnsaidError(f"`{key}` has two numbers for each of {rank} dimensions")
    found = [[each, each] if type(each) is int else each for each in value]
    for each in found:
        right = isinstance(each, list) and len(each) == 2 and all(type(n) is int for n in each)
        if not right or not all(0 <= n <= MOST_NUMBER for n in each):
            raise UnsaidError(f"`{key}` has two numbers for each of {rank} dimensions")
    return [(each[0], each[1]) for each in found]


@family("ZeroPadding", "padding", "data_format")
@family("Cropping", "cropping", "data_format")
def _padding(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    sign = 1 if layer.family == "ZeroPadding" else -1
    pairs = _pairs(layer, "padding" if sign == 1 else "cropping", len(shape) - 1)
    sizes = [size + sign * sum(pair) for size, pair in zip(shape[1:], pairs, strict=True)]
    padding = [sign * number for pair in reversed(pairs) for number in pair]
    return layer.add({"op": "pad", "padding": padding}, taken, (shape[0], *sizes))


@family("UpSampling", "size", "data_format", "interpolation")
def _upsample(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    factors = layer.sizes("size", len(shape) - 1, 2)
    mode = layer.config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear") or (mode == "bilinear" and len(shape) != 3):
        raise UnsaidError(f"the interpolation {shown(json.dumps(mode))} cannot be said")
    node = {"op": "upsample", "scale_factor": short(factors)} | ({"mode": mode} if mode != "nearest" else {})
    return layer.add(node, taken, (shape[0], *(n * f for n, f in zip(shape[1:], factors, strict=True))))


@family("Flatten", "data_format")
def _flatten(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.shapes[taken[0]]
    layer.turned = layer.turned or prod(shape[1:]) > 1
    return layer.add({"op": "flatten"}, taken, (prod(shape),))


@family("Reshape", "target_shape")
def _reshape(layer: LayerReader, taken: list[str]) -> str:
    shape, target = layer.shapes[taken[0]], layer.config.get("target_shape")
    if not isinstance(target, list) or not target or any(type(n) is not int or n < -1 or n == 0 for n in target):
        raise UnsaidError("`target_shape` lists sizes")
    known = prod(n for n in target if n != -1)
    whole = [prod(shape) // known if n == -1 else n for n in target]
    if prod(whole) != prod(shape) or target.count(-1) > 1:
        raise UnsaidError("`target_shape` has another number of elements")
    result = (whole[-1], *whole[:-1])
    if len(shape) > 1 and len(result) > 1 and result != shape and max(prod(shape[1:]), prod(result[1:])) > 1:
        raise UnsaidError("a reshape from places to places cannot be said: channels stand elsewhere")
    layer.turned = layer.turned or max(prod(shape[1:]), prod(result[1:])) > 1
    return layer.add({"op": "reshape", "shape": list(result)}, taken, result)


@family("Add", several=True)
@family("Subtract", several=True)
@family("Multiply", several=True)
@family("Average", several=True)
@family("Maximum", several=True)
@family("Minimum", several=True)
def _merge(layer: LayerReader, taken: list[str]) -> str:
    shapes = [layer.shapes[each] for each in taken]
    result = _broadcast(shapes)
    if len(taken) < 2 or result is None or (layer.family == "Subtract" and len(taken) != 2):
        raise UnsaidError("what it takes differs in size")
    given = layer.add({"op": _MERGES[layer.family]}, taken, result)
    if layer.family != "Average":
        return given
    return layer.add({"op": "div", "value": len(taken)}, [given], result, own="share")


@family("Concatenate", "axis", several=True)
def _concat(layer: LayerReader, taken: list[str]) -> str:
    shapes = [layer.shapes[each] for each in taken]
    dim = layer.dim(layer.config.get("axis", -1), len(shapes[0]))
    rests = {(*shape[: dim - 1], *shape[dim:]) for shape in shapes}
    if len({len(shape) for shape in shapes}) > 1 or len(rests) > 1:
        raise UnsaidError("what it takes differs in size")
    total = sum(shape[dim - 1] for shape in shapes)
    node = {"op": "concat"} | ({"dim": dim} if dim != 1 else {})
    return layer.add(node, taken, (*shapes[0][: dim - 1], total, *shapes[0][dim:]))


def _broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """The shape that operands of one rank have together."""
    if len({len(shape) for shape in shapes}) != 1:
        return None
    sizes = [set(column) - {1} for column in zip(*shapes, strict=True)]
    return tuple(size.pop() if size else 1 for size in sizes) if all(len(size) <= 1 for size in sizes) else None
