"""Shapes of tensors, without the batch dimension."""

from __future__ import annotations

from math import prod
from typing import Any

from typing_extensions import override

from archspec.ops.facts import Window

Shape = tuple[int, ...]
"""Sizes per sample, channels first: ``(3, 224, 224)``; features alone: ``(1000,)``."""

Shapes = tuple[Shape, ...]
"""The shapes of an op's operands, in operand order."""


class Places(tuple[int, ...]):
    """The shape of a tensor of places, int64: of each window of a map, where in the map its maximum stands.

    It differs from a shape of numbers, and from one of places in other windows.

    Attributes:
        pooled: The shape of the map.
        window: The windows.
    """

    pooled: Shape
    window: Window

    def __new__(cls, shape: Shape, pooled: Shape, window: Window) -> Places:
        made = super().__new__(cls, shape)
        made.pooled = pooled
        made.window = window
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self), self.pooled, self.window

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Places):
            return False
        return tuple(self) == tuple(other) and (self.pooled, self.window) == (other.pooled, other.window)

    @override
    def __ne__(self, other: object) -> bool:
        return not self == other

    @override
    def __hash__(self) -> int:
        return hash((tuple(self), self.pooled, self.window))


PLACE_BYTES = 8
"""Bytes of a place."""

MAX_ELEMENTS = 2**62
"""PyTorch counts elements in int64; larger tensors are refused."""

MAX_RANK = 64
"""Dimensions without the batch. PyTorch keeps sets of dimensions in 64 bits (``dim_list_to_bitset``)."""


def elements(shape: Shape) -> int:
    """The number of elements of one sample."""
    return prod(shape)


def size_in_bytes(shape: Shape, item: int = 4) -> int:
    """The bytes of one sample: of so many for each number, or those of places."""
    return elements(shape) * (PLACE_BYTES if isinstance(shape, Places) else item)


def show(shape: Shape) -> str:
    """``64x56x56``, as shapes are printed everywhere."""
    if len(shape) > MAX_RANK:
        return f"{'x'.join(map(str, shape[:8]))}x… ({len(shape):,} dimensions)"
    return "x".join(map(str, shape)) if shape else "scalar"


def listing(shapes: Shapes) -> str:
    """Shapes for messages."""
    return ", ".join(map(show, shapes))


def spatial_rank(shape: Shape) -> int:
    """The number of spatial dimensions: 2 for ``(3, 224, 224)``, 0 for ``(1000,)``."""
    return len(shape) - 1


def broadcast(shapes: Shapes) -> Shape | None:
    """The broadcast of several shapes, batch dimension excluded, or None where they do not fit.

    The batch is dimension 0 of each operand, so operands of different rank would align a sample's
    dimension with the batch: only operands of one rank broadcast (``torch.broadcast_tensors``).
    """
    if len({len(shape) for shape in shapes}) != 1:
        return None
    result = []
    for sizes in zip(*shapes, strict=True):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            return None
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def axis(dim: int, rank: int) -> int | None:
    """The index into a shape of PyTorch's dimension ``dim``, where the batch is dimension 0.

    Args:
        dim: A dimension as PyTorch counts it; negative ones count from the end.
        rank: The length of the shape without the batch.

    Returns:
        An index in ``range(rank)``, or None where ``dim`` is the batch or does not exist.
    """
    index = dim - 1 if dim >= 0 else rank + dim
    return index if 0 <= index < rank else None


def extent(kernel: Shape, dilation: Shape) -> Shape:
    """The places that a window spans, dilation included."""
    return tuple(step * (size - 1) + 1 for size, step in zip(kernel, dilation, strict=True))


def places(sizes: Shape, window: Shape, stride: Shape) -> Shape:
    """The number of positions of a window in the padded ``sizes``, for each dimension."""
    return tuple((size - reach) // step + 1 for size, reach, step in zip(sizes, window, stride, strict=True))
