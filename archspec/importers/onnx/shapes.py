"""What operators of ONNX that compute with several tensors, or move numbers, are as functions of torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from archspec.importers.onnx.bound import Bound, Rules, UnsaidError, short
from archspec.importers.onnx.functions import global_avg_pool
from archspec.importers.onnx.model import Array

RULES = Rules()
"""For each operator what it becomes."""

# Arithmetic


def _two(function: Callable[..., Any]) -> Callable[[Bound], Any]:
    """A function of two operands, of which one may be a number."""

    def apply(b: Bound) -> Any:
        one, other = (_number(b, i) for i in (0, 1))
        return function(one, other)

    return apply


def _number(b: Bound, number: int) -> Tensor | float:
    """An operand, as a number where it is one that is known."""
    value, other = b.any(number), b.any(1 - number)
    if isinstance(value, Tensor) or value is None or value.size != 1:
        return b.tensor(number)
    if not isinstance(other, Tensor) or value.ndim > other.dim():
        return b.tensor(number)
    found = value.reshape(()).item()
    return short(found) if isinstance(found, float) else found


def _folded(function: Callable[..., Any]) -> Callable[[Bound], Any]:
    """A function of any number of operands, two at a time."""

    def apply(b: Bound) -> Any:
        result = b.tensor(0)
        for number in range(1, len(b.given)):
            value = b.any(number)
            plain = not isinstance(value, Tensor) and value is not None and value.size == 1
            if plain and function in (torch.maximum, torch.minimum):
                assert isinstance(value, np.ndarray)
                bound = short(float(value.reshape(())))
                result = torch.clamp(result, bound) if function is torch.maximum else torch.clamp(result, max=bound)
            else:
                result = function(result, b.tensor(number))
        return result

    return apply


RULES |= {
    "Add": _two(lambda x, y: x + y), "Sub": _two(lambda x, y: x - y), "Mul": _two(lambda x, y: x * y),
    "Div": _two(lambda x, y: x / y), "Sum": _folded(torch.add), "Max": _folded(torch.maximum),
    "Min": _folded(torch.minimum),
    "Mean": lambda b: _folded(torch.add)(b) / len(b.given),
    "MatMul": lambda b: torch.matmul(b.tensor(), b.tensor(1)),
}  # fmt: skip


@RULES.of("Pow")
def _pow(b: Bound) -> Tensor:
    exponent = _number(b, 1)
    if isinstance(exponent, Tensor):
        raise UnsaidError("a power whose exponent is a tensor cannot be said")
    return torch.pow(b.tensor(), exponent)


@RULES.of("Gemm")
def _gemm(_: Bound) -> Tensor:
    raise UnsaidError("a Gemm of two tensors that depend on the input, or with alpha or beta, cannot be said")


@RULES.of("Einsum")
def _einsum(b: Bound) -> Tensor:
    equation = b.attribute("equation", "")
    result: Tensor = torch.einsum(equation, *(b.tensor(i) for i in range(len(b.given))))
    return result


@RULES.of("Attention")
def _attention(b: Bound) -> Tensor:
    query, key, value = (b.tensor(i) for i in range(3))
    if query.dim() < 4 or b.attribute("softcap", 0.0) or b.any(4) is not None or b.any(5) is not None:
        raise UnsaidError("attention of three dimensions, with softcap, or with what was before, cannot be said")
    scale, causal = b.attribute("scale"), bool(b.attribute("is_causal", 0))
    if scale is not None and math.isclose(scale * query.shape[-1] ** 0.5, 1, rel_tol=1e-5):
        scale = None  # which it is by default
    return torch.nn.functional.scaled_dot_product_attention(
        query, key, value, b.optional(3), is_causal=causal, scale=scale
    )


# Reductions


def _reduction(function: Callable[..., Any]) -> Callable[[Bound], Any]:
    def apply(b: Bound) -> Any:
        x, axes, kept = b.tensor(), b.axes(), bool(b.attribute("keepdims", 1))
        if axes is None and b.attribute("noop_with_empty_axes", 0):
            return x
        dims = [axis % x.dim() for axis in (range(x.dim()) if axes is None else axes)]
        if kept and function is torch.mean and x.dim() > 2 and sorted(dims) == list(range(2, x.dim())):
            return global_avg_pool(b)
        return function(x, dim=dims, keepdim=kept)

    return apply


RULES |= {
    "ReduceMean": _reduction(torch.mean), "ReduceSum": _reduction(torch.sum), "ReduceMax": _reduction(torch.amax),
    "ReduceMin": _reduction(torch.amin),
}  # fmt: skip


@RULES.of("LpNormalization")
def _normalize(b: Bound) -> Tensor:
    return torch.nn.functional.normalize(b.tensor(), float(b.attribute("p", 2)), b.attribute("axis", -1))


# Shapes


@RULES.of("Shape")
def _shape(b: Bound) -> Array:
    sizes = list(b.tensor().shape)
    return np.asarray(sizes[b.attribute("start", 0) : b.attribute("end")], np.int64)


@RULES.of("Size")
def _size(b: Bound) -> Array:
    return np.asarray(math.prod(b.tensor().shape), np.int64)


def _fitted(b: Bound, asked: list[int], count: int) -> list[int]:
    """Sizes for a batch of the size at hand, where a file says that of its own."""
    if -1 in asked or math.prod(asked) == count or not b.static or not asked or asked[0] % b.static:
        return asked
    return [asked[0] // b.static * b.batch, *asked[1:]]


@RULES.of("Reshape")
def _reshape(b: Bound) -> Tensor:
    x, asked = b.tensor(), b.integers(1, "shape")
    if asked is None:
        raise UnsaidError("a reshape without a shape")
    if not b.attribute("allowzero", 0):
        asked = [x.shape[i] if size == 0 else size for i, size in enumerate(asked)]
    if -1 in asked and b.static and asked[0] == b.static and b.static != b.batch and x.shape[0] == b.batch:
        asked = [b.batch, *asked[1:]]
    asked = _fitted(b, asked, x.numel())
    if x.dim() > 1 and len(asked) == 2 and asked[0] == x.shape[0] and math.prod(asked) in (x.numel(), -asked[0]):
        return torch.flatten(x, 1)
    return torch.reshape(x, asked)


@RULES.of("ChannelShuffle")
def _channel_shuffle(b: Bound) -> Tensor:
    return torch.nn.functional.channel_shuffle(b.tensor(), b.attribute("groups"))


@RULES.of("Flatten")
def _flatten(b: Bound) -> Tensor:
    x = b.tensor()
    axis = b.attribute("axis", 1) % (x.dim() + 1)
    if axis == 0:
        raise UnsaidError("a flattening that joins the batch with what is in it cannot be said")
    return torch.flatten(x, 1) if axis == 1 else torch.reshape(x, (math.prod(x.shape[:axis]), -1))


@RULES.of("Transpose")
def _transpose(b: Bound) -> Tensor:
    x = b.tensor()
    return torch.permute(x, b.attribute("perm", list(range(x.dim()))[::-1]))


@RULES.of("Squeeze")
def _squeeze(b: Bound) -> Tensor:
    axes = b.axes()
    return torch.squeeze(b.tensor(), tuple(axes)) if axes is not None else torch.squeeze(b.tensor())


@RULES.of("Unsqueeze")
def _unsqueeze(b: Bound) -> Tensor:
    x, axes = b.tensor(), b.axes() or []
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = torch.unsqueeze(x, axis)
    return x


@RULES.of("Concat")
def _concat(b: Bound) -> Tensor:
    tensors, axis = [b.tensor(i) for i in range(len(b.given))], b.attribute("axis")
    if axis % tensors[0].dim() and b.batch in {len(each) for each in tensors} and b.static in (1, None):
        shapes = [(b.batch, *each.shape[1:]) for each in tensors]
        tensors = [each if tuple(each.shape) == shape or len(each) != 1 else each.expand(shape)
                   for each, shape in zip(tensors, shapes, strict=True)]  # fmt: skip
    return torch.cat(tensors, axis)


@RULES.of("Split")
def _split(b: Bound) -> list[Tensor]:
    x, axis, sizes = b.tensor(), b.attribute("axis", 0), b.integers(1, "split")
    count = b.attribute("num_outputs", len(b.step.outputs))
    if sizes is None:
        return list(torch.chunk(x, count, axis))
    return list(torch.split(x, sizes, axis))


@RULES.of("Slice")
def _slice(b: Bound) -> Tensor:
    x, starts, ends = b.tensor(), b.integers(1, "starts") or [], b.integers(2, "ends") or []
    axes = b.axes(3)
    axes = list(range(len(starts))) if axes is None else axes
    steps = b.integers(4) or [1] * len(starts)
    index = [slice(None)] * x.dim()
    flipped = []
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        axis, size = axis % x.dim(), x.shape[axis]
        if step == -1 and start in (-1, size - 1) and end < -size:
            flipped.append(axis)
            continue
        if step < 1:
            raise UnsaidError("a slice backwards cannot be said")
        found = slice(start, end if end < size else None, step)
        index[axis] = slice(None) if found.indices(size) == (0, size, 1) else found
    x = torch.flip(x, flipped) if flipped else x
    return x[tuple(index)] if any(each != slice(None) for each in index) else x


@RULES.of("Gather")
def _gather(b: Bound) -> Tensor:
    x, index, axis = b.tensor(), b.numbers(1), b.attribute("axis", 0)
    assert index is not None
    if index.ndim == 0:
        return torch.select(x, axis, int(index))
    places = index.reshape(-1).tolist()
    ahead = [behind - before for before, behind in pairwise(places)]
    if index.ndim == 1 and (not ahead or (ahead[0] > 0 and len(set(ahead)) == 1)) and places[0] >= 0:
        sizes = [slice(None)] * x.dim()
        sizes[axis] = slice(places[0], places[-1] + 1, ahead[0] if ahead else 1)
        return x[tuple(sizes)]
    size = x.shape[axis]
    if len(places) == size and places == [(place + places[0]) % size for place in range(size)]:
        return torch.roll(x, size - places[0], axis)
    if axis == 0:
        return x[torch.tensor(index.tolist())]
    raise UnsaidError("a choice of places in another order than they have cannot be said")


@RULES.of("Expand")
def _expand(b: Bound) -> Tensor:
    x, asked = b.tensor(), b.integers(1) or []
    sizes = list(np.broadcast_shapes(tuple(x.shape), tuple(_batched(b, asked, x))))
    x = x if x.dim() == len(sizes) else torch.reshape(x, (*[1] * (len(sizes) - x.dim()), *x.shape))
    return x if sizes == list(x.shape) else x.expand(sizes)


def _batched(b: Bound, asked: Sequence[int], x: Tensor) -> list[int]:
    """Sizes that are asked for, where the first is the batch that a file says."""
    if b.static and asked and len(asked) >= x.dim() and asked[0] == b.static != b.batch:
        return [b.batch if len(asked) > 1 else asked[0], *asked[1:]]
    return list(asked)


@RULES.of("Tile")
def _tile(b: Bound) -> Tensor:
    x, repeats = b.tensor(), b.integers(1) or []
    if any(n != 1 and size != 1 for n, size in zip(repeats, x.shape, strict=True)):
        raise UnsaidError("copies of more than one place cannot be said")
    return x.expand([n * size for n, size in zip(repeats, x.shape, strict=True)])
