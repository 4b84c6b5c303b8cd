"""What places see after a reshape, which keeps the order of the elements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archspec.analysis.sight import MOST_PLACES, Blur, Scene, Sight, Span, Walk, dims_of, tidy, walking, whole
from archspec.ops.tensor import Shape


def reshaped(sight: Sight, shape: Shape, output: Shape, *, unbounded: bool) -> Sight:
    """What the places of the output see, each element of which is that of the same number.

    Args:
        sight: What the places of the input see.
        shape: The input's shape.
        output: The output's.
        unbounded: Whether a scene that repeats itself may be taken to go on.
    """
    if isinstance(sight, Walk):
        kept = _kept(sight.dim, shape, output)
        if kept is not None:
            return sight._replace(dim=kept)
    dims = _touched(dims_of(sight), shape, output)
    sizes = tuple(output[dim] for dim in dims)
    if isinstance(sight, Blur) or prod(sizes) > MOST_PLACES:
        return Blur(dims, whole(sight, shape))
    scene = tidy(Scene(dims, sizes, tuple(_spans(sight, shape, output, dims))))
    return walking(scene) if unbounded else scene


def _inner(shape: Shape, dim: int) -> int:
    """Elements from one place of a dimension to the next."""
    return prod(shape[dim + 1 :])


def _kept(dim: int, shape: Shape, output: Shape) -> int | None:
    """The dimension of the output that is the same as one of the input, or None."""
    inner = _inner(shape, dim)
    same = (d for d, size in enumerate(output) if size == shape[dim] and _inner(output, d) == inner)
    return next(same, None)


def _touched(dims: Sequence[int], shape: Shape, output: Shape) -> tuple[int, ...]:
    """The dimensions of the output that decide on the place along one of these dimensions of the input."""
    steps = (dim for dim, size in enumerate(output) if size > 1)
    return tuple(new for new in steps if any(_decides(new, old, shape, output) for old in dims))


def _decides(new: int, old: int, shape: Shape, output: Shape) -> bool:
    """Whether a step along a dimension of the output can be one along a dimension of the input."""
    step, block = _inner(output, new), _inner(output, new) * output[new]
    inner = _inner(shape, old)
    return bool(inner % block and step % (inner * shape[old]))


def _spans(sight: Walk | Scene, shape: Shape, output: Shape, dims: tuple[int, ...]) -> list[Span]:
    """What each place along some dimensions of the output sees, the last fastest."""
    numbers = [0]  # of the elements, at place 0 of the other dimensions
    for dim in dims:
        step = _inner(output, dim)
        numbers = [number + place * step for number in numbers for place in range(output[dim])]
    old = dims_of(sight)
    ways = [(_inner(shape, dim), shape[dim], prod(shape[each] for each in old if each > dim)) for dim in old]
    spans = [sight.at(place) for place in range(shape[sight.dim])] if isinstance(sight, Walk) else sight.spans
    if len(ways) == 1:
        inner, size, _ = ways[0]
        return [spans[number // inner % size] for number in numbers]
    return [spans[sum(number // inner % size * step for inner, size, step in ways)] for number in numbers]
