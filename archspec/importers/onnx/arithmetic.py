"""What nodes give that take known numbers: sizes, indices, and weights that are turned before they are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from archspec.importers.onnx.model import Array, Model, Step
from archspec.importers.onnx.tensors import is_parameter

MOST = 1_000_000
"""Numbers of a tensor that is computed; one that is a view of weights, or of one number, may have more."""

_VIEWS = frozenset("Transpose Reshape Flatten Squeeze Unsqueeze Identity Expand Cast CastLike".split())
"""Operators that move numbers, or repeat them, and change none."""
_MOVES = _VIEWS - {"Expand"}

MALFORMED = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What computing raises where a node has other operands or attributes than its operator takes."""


class UnknownError(Exception):
    """There is no rule for what a node computes, or it cannot be computed."""


def fold(model: Model) -> None:
    """Work out the nodes that depend on no input, and leave them out."""
    left = []
    for step in model.steps:
        taken = [model.numbers.get(name) for name in step.inputs if name]
        if any(each is None for each in taken) or _is_of_weights(model, step):
            left.append(step)
            continue
        try:
            found = computed(step, [model.numbers[name] if name else None for name in step.inputs])
        except UnknownError:
            left.append(step)
            continue
        model.numbers.update(zip(step.outputs, found, strict=False))
        if step.op in _MOVES and step.outputs and (origin := model.origins.get(step.input(0))):
            model.origins[step.outputs[0]] = origin
    model.steps = left


def _is_of_weights(model: Model, step: Step) -> bool:
    """Whether a step takes what is trained, other than to turn a matrix for a product."""
    turns = step.op in ("Identity", "Cast", "CastLike") or (
        step.op == "Transpose" and step.input(0) in model.numbers and model.numbers[step.input(0)].ndim == 2
    )
    return not turns and any(is_parameter(model, name) for name in step.inputs)


def computed(step: Step, given: Sequence[Array | None]) -> list[Array]:
    """What a node gives for numbers.

    Raises:
        UnknownError: There is no rule for it, it would be large, or its numbers do not fit.
    """
    rule = _RULES.get(step.op)
    if rule is None or (step.op not in _VIEWS and sum(each.size for each in given if each is not None) > MOST):
        raise UnknownError
    try:
        with np.errstate(all="ignore"):
            found = rule(step.attributes, *given)
    except MALFORMED as error:
        raise UnknownError from error
    results = found if isinstance(found, list) else [found]
    return [np.asarray(each) for each in results]


def axes_of(attributes: dict[str, Any], given: Array | None) -> list[int] | None:
    """Dimensions that newer operators take as a tensor, and older ones as an attribute."""
    if given is not None:
        return [int(each) for each in np.atleast_1d(given).tolist()]
    axes = attributes.get("axes")
    return [int(each) for each in axes] if axes is not None else None


_TYPES: dict[int, Any] = {
    1: np.float32, 2: np.uint8, 3: np.int8, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16,
    11: np.float64,
}  # fmt: skip


def _bounded(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape that is not too large to be filled."""
    if any(each < 0 for each in shape) or np.prod([float(each) for each in shape]) > MOST:
        raise ValueError
    return tuple(int(each) for each in shape)


def _constant(a: dict[str, Any]) -> Array:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if key in a:
            dtype = {"value_float": np.float32, "value_floats": np.float32}.get(key)
            return np.asarray(a[key], dtype)
    raise ValueError


def _reshape(a: dict[str, Any], x: Array, shape: Array | None = None) -> Array:
    asked = a["shape"] if shape is None else shape.tolist()
    return x.reshape([x.shape[i] if n == 0 and not a.get("allowzero") else n for i, n in enumerate(asked)])


def _flatten(a: dict[str, Any], x: Array) -> Array:
    axis = a.get("axis", 1) % (x.ndim + 1)
    return x.reshape(int(np.prod(x.shape[:axis])), -1)


def _squeeze(a: dict[str, Any], x: Array, axes: Array | None = None) -> Array:
    found = axes_of(a, axes)
    return np.squeeze(x, None if found is None else tuple(found))


def _unsqueeze(a: dict[str, Any], x: Array, axes: Array | None = None) -> Array:
    return np.expand_dims(x, tuple(axes_of(a, axes) or ()))


def _slice(a: dict[str, Any], x: Array, starts: Array | None = None, ends: Array | None = None,
           axes: Array | None = None, steps: Array | None = None) -> Array:  # fmt: skip
    first = a["starts"] if starts is None else starts.tolist()
    last = a["ends"] if ends is None else ends.tolist()
    dims = axes_of(a, axes) or list(range(len(first)))
    strides = [1] * len(first) if steps is None else steps.tolist()
    for dim, start, end, stride in zip(dims, first, last, strides, strict=True):
        index: list[Any] = [slice(None)] * x.ndim
        low = -x.shape[dim] - 1
        index[dim] = slice(start, None if stride < 0 and end <= low else end, stride)
        x = x[tuple(index)]
    return x


def _gather(a: dict[str, Any], x: Array, index: Array) -> Array:
    _bounded([x.size // max(1, x.shape[a.get("axis", 0)]), index.size])
    return np.take(x, index, a.get("axis", 0))


def _concat(a: dict[str, Any], *given: Array) -> Array:
    return np.concatenate(given, a["axis"])


def _split(a: dict[str, Any], x: Array, sizes: Array | None = None) -> list[Array]:
    axis, stated = a.get("axis", 0), a.get("split") if sizes is None else sizes.tolist()
    if stated is None:
        return list(np.array_split(x, a["num_outputs"], axis))
    return list(np.split(x, np.cumsum(stated)[:-1], axis))


def _filled(a: dict[str, Any], shape: Array) -> Array:
    value = a.get("value", np.zeros(1, np.float32))
    return np.broadcast_to(value.reshape(()), _bounded(shape.tolist()))


def _expanded(_: dict[str, Any], x: Array, shape: Array) -> Array:
    if len(shape) > 64 or np.prod(np.asarray(shape, float)) > 1e12:
        raise ValueError
    return np.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(shape.tolist())))


def _range(_: dict[str, Any], start: Array, limit: Array, delta: Array) -> Array:
    _bounded([abs(int((float(limit) - float(start)) / float(delta))) + 1])
    found: Array = np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype)
    return found


def _tile(_: dict[str, Any], x: Array, repeats: Array) -> Array:
    _bounded([int(r) * n for r, n in zip(repeats.tolist(), x.shape, strict=True)])
    return np.tile(x, repeats.tolist())


def _shape(a: dict[str, Any], x: Array) -> Array:
    return np.asarray(x.shape[a.get("start", 0) : a.get("end")], np.int64)


def _divided(_: dict[str, Any], x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":  # towards zero
        return np.asarray(np.fix(x / y), x.dtype)
    return np.asarray(x / y)


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: dict[str, Any], x: Array, axes: Array | None = None) -> Any:
        dims = axes_of(a, axes)
        return function(x, axis=None if dims is None else tuple(dims), keepdims=bool(a.get("keepdims", 1)))

    return reduce


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda _, *given: function(*given)


_RULES: dict[str, Callable[..., Any]] = {
    "Constant": _constant, "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze, "Unsqueeze": _unsqueeze,
    "Slice": _slice, "Gather": _gather, "Concat": _concat, "Split": _split, "ConstantOfShape": _filled,
    "Expand": _expanded, "Range": _range, "Tile": _tile, "Shape": _shape, "Div": _divided,
    "Transpose": lambda a, x: np.transpose(x, a.get("perm")),
    "Identity": _plain(lambda x: x),
    "Cast": lambda a, x: x.astype(_TYPES[a["to"]], copy=False),
    "CastLike": _plain(lambda x, y: x.astype(y.dtype, copy=False)),
    "Size": _plain(lambda x: np.asarray(x.size, np.int64)),
    "Where": _plain(lambda condition, x, y: np.where(condition, x, y)),
    "Add": _plain(np.add), "Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Pow": _plain(np.power),
    "Mod": lambda a, x, y: np.fmod(x, y) if a.get("fmod") else np.mod(x, y),
    "Min": _plain(lambda *given: np.minimum.reduce(given)), "Max": _plain(lambda *given: np.maximum.reduce(given)),
    "Neg": _plain(np.negative), "Abs": _plain(np.abs), "Floor": _plain(np.floor), "Ceil": _plain(np.ceil),
    "Round": _plain(np.round), "Sqrt": _plain(np.sqrt), "Exp": _plain(np.exp), "Log": _plain(np.log),
    "Reciprocal": _plain(np.reciprocal), "Not": _plain(np.logical_not), "And": _plain(np.logical_and),
    "Or": _plain(np.logical_or), "Equal": _plain(np.equal), "Less": _plain(np.less), "Greater": _plain(np.greater),
    "LessOrEqual": _plain(np.less_equal), "GreaterOrEqual": _plain(np.greater_equal),
    "ReduceProd": _reduced(np.prod), "ReduceSum": _reduced(np.sum), "ReduceMax": _reduced(np.max),
    "ReduceMin": _reduced(np.min),
}  # fmt: skip
