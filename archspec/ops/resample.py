"""Ops that change the spatial sizes without a window of weights."""

from fractions import Fraction
from math import floor
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from archspec.errors import ArgumentError, Help, ShapeError
from archspec.ops.arguments import Positive, Size
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Module, Reach, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, show


def _factors(value: Any, info: ValidationInfo) -> Any:
    """A positive number for each spatial dimension, written as one for all or as a list."""
    rank = (info.context or {}).get("spatial_rank")
    factors = tuple(value) if isinstance(value, list | tuple) else (value,) * (rank or 1)
    if not factors or any(type(each) not in (int, float) or not 0 < each <= 2**31 for each in factors):
        raise PydanticCustomError("scale", "a positive number, or one for each spatial dimension")
    if rank is not None and len(factors) != rank:
        raise PydanticCustomError("scale", f"one number, or {rank} (the input has {rank} spatial dimensions)")
    return tuple(map(float, factors))


_FACTOR: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0}
_Scale = Annotated[
    tuple[float, ...],
    BeforeValidator(_factors),
    WithJsonSchema({"anyOf": [_FACTOR, {"type": "array", "items": _FACTOR, "minItems": 1, "maxItems": 3}]}),
]

_MODES = {1: ("nearest", "linear"), 2: ("nearest", "bilinear", "bicubic"), 3: ("nearest", "trilinear")}
"""The modes that PyTorch has for each number of spatial dimensions."""

_TAPS = {"nearest": 1, "bicubic": 4}
"""Places of the input that an output place mixes along a dimension; 2 for the linear modes."""


class Upsample(Op, name="upsample"):
    """Resamples the spatial dimensions to another size, larger or smaller.

    Costs nothing for `nearest`; else ``2 * taps^n - 1`` operations for each element of the output (a product
    for each tap, and the additions), with 2 taps in each of n dimensions for the linear modes and 4 for `bicubic`.
    Source: torch.nn.Upsample.

    Args:
        size: Spatial sizes of the output.
        scale_factor: Factor of the spatial sizes, instead of `size`; the result is rounded down.
        mode: Interpolation: `nearest`; `linear`, `bilinear` or `trilinear` for one, two or three dimensions; `bicubic`.
        align_corners: Whether the corner places of input and output coincide; not for `nearest`.
    """

    size: Size | None = None
    scale_factor: _Scale | None = None
    mode: Literal["nearest", "linear", "bilinear", "bicubic", "trilinear"] = "nearest"
    align_corners: bool | None = None

    example = "{op: upsample, scale_factor: 2}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        self._check_mode(len(sizes))
        if self.size is not None and self.scale_factor is None:
            return (channels, *self.size)
        if self.scale_factor is None or self.size is not None:
            raise ArgumentError(
                "size" if self.size else "scale_factor",
                "upsample takes either size or scale_factor",
                help="give one of the two",
            )
        output = tuple(int(size * factor) for size, factor in zip(sizes, self.scale_factor, strict=True))
        if min(output) < 1:
            raise ArgumentError(
                "scale_factor", f"the factor leaves nothing of {show(tuple(sizes))}", help="use a larger factor"
            )
        return (channels, *output)

    def _check_mode(self, rank: int) -> None:
        if self.mode not in _MODES[rank]:
            raise ArgumentError(
                "mode",
                f"mode `{self.mode}` does not fit {rank} spatial dimension{'s' * (rank > 1)}",
                help=f"use {' or '.join(f'`{mode}`' for mode in _MODES[rank])}",
            )
        if self.mode == "nearest" and self.align_corners is not None:
            raise ArgumentError(
                "align_corners", "mode `nearest` takes no align_corners", help=Help.removal("leave it out")
            )

    @property
    def _taps(self) -> int:
        return _TAPS.get(self.mode, 2)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        mixed = self._taps ** (len(output) - 1)
        return Cost(other=(2 * mixed - 1) * elements(output) if mixed > 1 else 0)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        axes = list(enumerate(zip(inputs[0][1:], output[1:], strict=True), 1))
        if any(self._period(axis - 1, *sizes) > MOST_PERIOD for axis, sizes in axes):
            return "unknown"
        return ((Along.same(0), *(Along(axis, self._read(axis - 1, *sizes)) for axis, sizes in axes)),)

    def _read(self, axis: int, before: int, after: int) -> Taps:
        step, period = self._step(axis, before, after), self._period(axis, before, after)
        places = tuple(self._around(self._centre(place, step)) for place in range(period))
        return Taps(period, step.numerator, places, "zeros" if period == step.denominator else "end")

    def _period(self, axis: int, before: int, after: int) -> int:
        """Places of the output after which the pattern comes again, if there are so many."""
        return min(self._step(axis, before, after).denominator, after)

    def _step(self, axis: int, before: int, after: int) -> Fraction:
        """Steps of the input for a step of the output."""
        if self.align_corners:
            return Fraction(before - 1, after - 1) if after > 1 else Fraction(0)
        if self.scale_factor is not None:
            return 1 / Fraction(self.scale_factor[axis]).limit_denominator(10**6)
        return Fraction(before, after)

    def _centre(self, place: int, step: Fraction) -> Fraction:
        """Where a place of the output lies in the input."""
        if self.mode == "nearest" or self.align_corners:
            return place * step
        return (place + Fraction(1, 2)) * step - Fraction(1, 2)

    def _around(self, centre: Fraction) -> range:
        """The places that are mixed: of those of which the share is nothing, none."""
        first = floor(centre)
        if self.mode == "nearest" or centre == first:
            return range(first, first + 1)
        return range(first + 1 - self._taps // 2, first + 1 + self._taps // 2)

    def torch(self, inputs: Shapes) -> Module:
        written = self.changed()
        factor = written.get("scale_factor")
        if factor is not None:
            written["scale_factor"] = _whole(factor)
        return Module("nn.Upsample", (), written)


def _whole(factor: Any) -> Any:
    """``2`` for ``2.0``, as one writes it."""
    if isinstance(factor, tuple):
        return tuple(map(_whole, factor))
    return int(factor) if factor.is_integer() else factor


class PixelShuffle(Op, name="pixel_shuffle"):
    """Turns groups of channels into finer places: ``C * r^2`` channels become ``C`` on an ``r`` times larger image.

    Costs no arithmetic.
    Source: torch.nn.PixelShuffle (Shi et al. 2016, arXiv:1609.05158).

    Args:
        upscale_factor: The factor r of height and width.
    """

    upscale_factor: Positive

    functions = ("pixel_shuffle(input, upscale_factor)",)
    example = "{op: pixel_shuffle, upscale_factor: 2}"
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        factor = self.upscale_factor
        if len(inputs[0]) < 3:
            raise ShapeError(
                f"pixel_shuffle needs channels, height and width, the input is {show(inputs[0])}",
                help="reshape it first",
            )
        *before, channels, height, width = inputs[0]
        if channels % factor**2:
            raise ArgumentError(
                "upscale_factor",
                f"{channels} channels do not divide by {factor}x{factor}",
                help=f"give the op a multiple of {factor**2} channels",
            )
        return (*before, channels // factor**2, height * factor, width * factor)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        factor, rank = self.upscale_factor, len(output)
        if factor > MOST_PERIOD:
            return "unknown"
        channels = Along(rank - 3, Taps(1, factor**2, (range(factor**2),)))
        finer = (Along(axis, Taps(factor, 1, (range(1),) * factor)) for axis in (rank - 2, rank - 1))
        return ((*map(Along.same, range(rank - 3)), channels, *finer),)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.PixelShuffle", (self.upscale_factor,))


class PixelUnshuffle(Op, name="pixel_unshuffle"):
    """Turns places into channels: ``C`` channels become ``C * r^2`` on an ``r`` times smaller image.

    Costs no arithmetic.
    Source: torch.nn.PixelUnshuffle, also called space to depth (Shi et al. 2016, arXiv:1609.05158, reversed).

    Args:
        downscale_factor: The factor r of height and width.
    """

    downscale_factor: Positive

    functions = ("pixel_unshuffle(input, downscale_factor)",)
    example = "{op: pixel_unshuffle, downscale_factor: 2}"
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        factor = self.downscale_factor
        if len(inputs[0]) < 3:
            raise ShapeError(
                f"pixel_unshuffle needs channels, height and width, the input is {show(inputs[0])}",
                help="reshape it first",
            )
        *before, channels, height, width = inputs[0]
        if height % factor or width % factor:
            raise ArgumentError(
                "downscale_factor",
                f"{height}x{width} does not divide by {factor}",
                help="pad the image, or use a divisor of its sides",
            )
        return (*before, channels * factor**2, height // factor, width // factor)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """A channel of the output reads one place of each window; those of a place are taken together."""
        factor, rank = self.downscale_factor, len(output)
        if factor**2 > MOST_PERIOD:
            return "unknown"
        channels = Along(rank - 3, Taps(factor**2, 1, (range(1),) * factor**2))
        coarser = (Along(axis, Taps(1, factor, (range(factor),))) for axis in (rank - 2, rank - 1))
        return ((*map(Along.same, range(rank - 3)), channels, *coarser),)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.PixelUnshuffle", (self.downscale_factor,))
