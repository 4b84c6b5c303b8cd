"""How an op reads each dimension of its operands, whatever way it says so."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Literal

from archspec.network import Applied, kept
from archspec.ops.facts import Along, Beyond, Reads, Taps, Window
from archspec.ops.tensor import Shape


@kept
def reads(applied: Applied) -> Reads | Literal["reshaped"] | None:
    """How an op reads its operands; None for an op without a rule."""
    reach = applied.op.reach(applied.input_shapes, applied.shape)
    if isinstance(reach, Window):
        return tuple(_window(reach, shape, applied.shape) for shape in applied.input_shapes)
    if reach == "all":
        return tuple(tuple(map(Along.every, shape)) for shape in applied.input_shapes)
    return None if reach == "unknown" else reach


@kept
def statistics(applied: Applied) -> tuple[int, ...]:
    """The dimensions over which an op takes statistics, which count in no field."""
    reach = applied.op.reach(applied.input_shapes, applied.shape)
    return reach.statistics if isinstance(reach, Window) else ()


def _window(window: Window, shape: Shape, output: Shape) -> tuple[Along, ...]:
    if not shape or len(window.kernel) != len(shape) - 1:
        return tuple(map(Along.every, shape))
    channels = Along.grouped(window.groups, shape[0], output[0]) if window.groups else Along.same(0)
    dilation = window.dilation or (1,) * len(window.kernel)
    axes = zip(window.kernel, window.stride, window.padding, dilation, strict=True)
    ways = (channels, *(Along(dim, _taps(*axis, window.beyond)) for dim, axis in enumerate(axes, 1)))
    one = Along.same(0).taps
    broad = (way.taps == one and size < count for way, size, count in zip(ways, shape, output, strict=True))
    return tuple(Along.every(1) if each else way for each, way in zip(broad, ways, strict=True))


def _taps(kernel: int, stride: Fraction, padding: Fraction, dilation: int, beyond: Beyond) -> Taps:
    starts = (floor(place * stride - padding) for place in range(stride.denominator))
    places = tuple(range(start, start + kernel, dilation) for start in starts)
    return Taps(stride.denominator, stride.numerator, places, beyond)
