"""Shares of the input that give an output of a wanted size, down to one place."""

from math import gcd, prod
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from archspec.ops.arguments import MAX_INT, compact
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Module, Reach, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import PLACE_BYTES, Shape, Shapes, elements


def _output_size(value: Any, info: ValidationInfo) -> Any:
    """Like `Size`, and null in a list keeps the input's size."""
    rank = (info.context or {}).get("spatial_rank")
    sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * (rank or 1)
    several = isinstance(value, list | tuple) and len(sizes) > 1
    if not sizes or not all((type(n) is int and 1 <= n <= MAX_INT) or (n is None and several) for n in sizes):
        raise PydanticCustomError(
            "size", "an integer of at least 1, or a list with one for each spatial dimension (null keeps the input's)"
        )
    if rank is not None and len(sizes) != rank:
        raise PydanticCustomError("size", f"one integer, or {rank} (the input has {rank} spatial dimensions)")
    return sizes


_ONE: dict[str, Any] = {"type": "integer", "minimum": 1}
_OutputSize = Annotated[
    tuple[int | None, ...],
    BeforeValidator(_output_size),
    WithJsonSchema(
        {"anyOf": [_ONE, {"type": "array", "items": {"anyOf": [_ONE, {"type": "null"}]}, "minItems": 1, "maxItems": 3}]}
    ),
]


# Adaptive pooling splits a dimension of ``size`` into ``count`` windows: window i goes from floor(i * size / count) to
# ceil((i + 1) * size / count), so that neighbours may overlap. The remainders of i * size are the multiples of the
# greatest common divisor, each as often as the others; hence these sums without a walk over the windows.


def _read(size: int, count: int) -> int:
    """The places that all windows of a dimension hold, one in two windows twice."""
    return size + count - gcd(size, count)


def _reads(inputs: Shapes, output: Shape) -> int:
    """The elements that an adaptive pooling reads, over all windows."""
    axes = zip(inputs[0][1:], output[1:], strict=True)
    return output[0] * prod(_read(size, count) for size, count in axes)


def _adapted(wanted: tuple[int | None, ...], shape: Shape) -> Shape:
    channels, *sizes = shape
    return (channels, *(size if count is None else count for size, count in zip(sizes, wanted, strict=True)))


def _written(wanted: tuple[int | None, ...], shape: Shape) -> Any:
    """The output size as one writes it; TorchScript takes no None, so that the input's size stands there."""
    return compact(_adapted(wanted, shape)[1:])


def _adaptive_reach(inputs: Shapes, output: Shape) -> Reach:
    if max(output[1:], default=1) > MOST_PERIOD:
        return "unknown"
    axes = enumerate(zip(inputs[0][1:], output[1:], strict=True), 1)
    return ((Along.same(0), *(_share(axis, size, count) for axis, (size, count) in axes)),)


def _share(axis: int, size: int, count: int) -> Along:
    """How a dimension is read that is split into windows."""
    if count == 1:
        return Along.every(size)
    period = count // gcd(size, count)
    places = (range(i * size // count, -(-(i + 1) * size // count)) for i in range(period))
    return Along(axis, Taps(period, size // gcd(size, count), tuple(places)))


class AdaptiveAvgPool(Op, name="adaptive_avg_pool"):
    """The mean of windows that are chosen to give an output of the wanted size.

    Costs an operation for each element that a window reads (additions, one quotient). An output of one place
    is a plain mean, which keeps nothing for the backward pass.
    Source: torch.nn.AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d.

    Args:
        output_size: Spatial sizes of the output; null in a list keeps the input's.
    """

    output_size: _OutputSize

    example = "{op: adaptive_avg_pool, output_size: 4}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        return _adapted(self.output_size, inputs[0])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=_reads(inputs, output))

    def kept(self, inputs: Shapes, output: Shape) -> tuple[Literal["input", "output"], ...]:
        return () if prod(output[1:]) == 1 else ("input",)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return _adaptive_reach(inputs, output)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.AdaptiveAvgPool{len(inputs[0]) - 1}d", (_written(self.output_size, inputs[0]),))


class AdaptiveMaxPool(Op, name="adaptive_max_pool"):
    """The maximum of windows that are chosen to give an output of the wanted size.

    Costs a comparison for each element that a window reads but the first. For the backward pass it keeps the
    input, and an int64 index for each element of the output.
    Source: torch.nn.AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d.

    Args:
        output_size: Spatial sizes of the output; null in a list keeps the input's.
    """

    output_size: _OutputSize

    example = "{op: adaptive_max_pool, output_size: 4}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        return _adapted(self.output_size, inputs[0])

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=_reads(inputs, output) - elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return PLACE_BYTES * elements(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return _adaptive_reach(inputs, output)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.AdaptiveMaxPool{len(inputs[0]) - 1}d", (_written(self.output_size, inputs[0]),))


class GlobalAvgPool(Op, name="global_avg_pool"):
    """The mean over all places of each channel; the spatial dimensions stay, with size 1.

    Costs an operation for each element of the input (additions, one quotient a channel).
    Source: torch.nn.AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d with output size 1.
    """

    example = "{op: global_avg_pool}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        return (channels, *(1 for _ in sizes))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return _adaptive_reach(inputs, output)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.AdaptiveAvgPool{len(inputs[0]) - 1}d", (1,))


class GlobalMaxPool(Op, name="global_max_pool"):
    """The maximum over all places of each channel; the spatial dimensions stay, with size 1.

    Costs a comparison for each element of the input but one a channel. For the backward pass it keeps the
    input, and an int64 index a channel.
    Source: torch.nn.AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d with output size 1.
    """

    example = "{op: global_max_pool}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        return (channels, *(1 for _ in sizes))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]) - elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return PLACE_BYTES * elements(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return _adaptive_reach(inputs, output)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.AdaptiveMaxPool{len(inputs[0]) - 1}d", (1,))
