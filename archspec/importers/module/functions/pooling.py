"""Windows of maps, and maps of another size."""

from __future__ import annotations

import math
from typing import Any

from archspec.importers.module.draft import Node, Wire
from archspec.importers.module.functions.calls import Bound, listed, rule, size_of
from archspec.importers.module.functions.dimensions import dimension, sample
from archspec.importers.module.idioms import BLUR
from archspec.importers.module.runs import Held, UnrecordableError, Value


@rule(
    "max_pool1d max_pool2d max_pool3d boolean_dispatch",
    "input kernel_size stride padding dilation ceil_mode return_indices",
)
def _max_pool(b: Bound) -> Wire | list[Wire]:
    """The maxima, and where in the input they stand, where that is asked for."""
    wire = _maxima(b)
    if len(b.call.outputs) == 1:
        return wire
    b.call.outputs[1].pooled = tuple(sample(b.first))
    return [wire, Wire(wire.node, "indices")]


def _maxima(b: Bound) -> Wire:
    kernel = size_of(b["kernel_size"])
    stride = size_of(b["stride"]) if b["stride"] else kernel
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op == LEAST_PADDED:
        sizes = {"kernel_size": kernel, "stride": stride, "dilation": size_of(b.get("dilation", 1))}
        if any(listed(b.get("padding", 0))) or wire.node.arguments["padding"] != _same_padding(wire, **sizes):
            raise UnrecordableError(LEAST_PADDED)
        sizes["stride"] = None if stride == kernel else stride
        return b.place.node("max_pool", wire.node.operands, None, padding="same_upper", **sizes)
    return b.node(
        "max_pool", kernel_size=kernel, stride=None if stride == kernel else stride,
        padding=size_of(b.get("padding", 0)), dilation=size_of(b.get("dilation", 1)),
        ceil_mode=b.get("ceil_mode", False),
    )  # fmt: skip


@rule(
    "avg_pool1d avg_pool2d avg_pool3d",
    "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
)
def _avg_pool(b: Bound) -> Wire:
    kernel = size_of(b["kernel_size"])
    stride = size_of(b["stride"]) if b["stride"] else kernel
    return b.node(
        "avg_pool", kernel_size=kernel, stride=None if stride == kernel else stride,
        padding=size_of(b.get("padding", 0)), ceil_mode=b.get("ceil_mode", False),
        count_include_pad=b.get("count_include_pad", True),
        divisor_override=b["divisor_override"],
    )  # fmt: skip


@rule("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", "input output_size")
def _adaptive_avg_pool(b: Bound) -> Wire:
    return _adaptive(b, "avg")


@rule("adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", "input output_size return_indices")
def _adaptive_max_pool(b: Bound) -> Wire | list[Wire]:
    wire = _adaptive(b, "max")
    return [wire, Wire(Node("", "the places of adaptive maxima"))] if len(b.call.outputs) > 1 else wire


@rule("max_unpool1d max_unpool2d max_unpool3d", "input indices kernel_size stride padding output_size")
def _max_unpool(b: Bound) -> Wire:
    """What was pooled says the sizes."""
    indices = b.operand("indices")
    if not isinstance(indices, Value) or indices.pooled != tuple(sample(b.output)):
        raise UnrecordableError(f"{b.call.function} to another size than was pooled")
    return b.place.node("max_unpool", b.wires("input", "indices"))


def _adaptive(b: Bound, kind: str) -> Wire:
    size = sample(b.output)[1:]
    return (
        b.node(f"global_{kind}_pool")
        if set(size) == {1}
        else b.node(f"adaptive_{kind}_pool", output_size=size_of(size))
    )


@rule("interpolate upsample", "input size scale_factor mode align_corners recompute_scale_factor antialias")
def _interpolate(b: Bound) -> Wire:
    mode = _mode(b)
    if mode == "area":
        return _adaptive(b, "avg")
    scale = b["scale_factor"]
    size = None if scale is not None else size_of(sample(b.output)[1:])
    scale = scale if isinstance(scale, int | float | None) else list(scale)
    scale = int(scale) if isinstance(scale, float) and scale.is_integer() else scale
    return b.node(
        "upsample",
        size=size,
        scale_factor=scale,
        mode=mode,
        align_corners=b["align_corners"] or None,
    )


def _mode(b: Bound) -> str:
    """How numbers between places are found; the two ways to the nearest agree where each place is taken as often."""
    mode = str(b.get("mode", "nearest"))
    if b["antialias"]:
        raise UnrecordableError("interpolate with antialias")
    if mode != "nearest-exact":
        return mode
    if any(after % before for before, after in zip(sample(b.first)[1:], sample(b.output)[1:], strict=True)):
        raise UnrecordableError("interpolate with the mode nearest-exact by no whole factor")
    return "nearest"


LEAST_PADDED = "pad with -inf"
"""What stands for a padding that only the maximum of windows may take, and which is no node."""


def _same_padding(padded: Wire, kernel_size: Any, stride: Any, dilation: Any) -> list[int]:
    """What the padding of a wire is where windows give its size over their stride, rounded up."""
    assert padded.node is not None
    sizes = padded.node.operands[0].shape[1:]
    kernels, strides, dilations = (
        each if isinstance(each, list) else [each] * len(sizes) for each in (kernel_size, stride, dilation)
    )
    found: list[int] = []
    for size, kernel, step, apart in zip(sizes, kernels, strides, dilations, strict=True):
        missing = max(0, (-(-size // step) - 1) * step + (kernel - 1) * apart + 1 - size)
        found = [missing // 2, missing - missing // 2, *found]
    return found


@rule("pad", "input pad mode value")
def _pad(b: Bound) -> Wire:
    if not any(b["pad"]):
        return b.place.wire(b.first)
    if b["value"] == -math.inf:
        return Wire(Node("", LEAST_PADDED, {"padding": list(b["pad"])}, [b.place.wire(b.first)]))
    if not math.isfinite(b["value"] or 0):
        raise UnrecordableError(f"pad with {b['value']}")
    return b.node("pad", padding=list(b["pad"]), mode=b.get("mode", "constant"), value=float(b["value"] or 0))


@rule(BLUR, "input weight kernel_size stride")
def _blur_pool(b: Bound) -> Wire:
    weight = b.given["weight"]
    held = {"filt": weight} if isinstance(weight, Held) else {}
    return b.node("blur_pool", held=held, kernel_size=b["kernel_size"], stride=b["stride"])


@rule("unfold", "input kernel_size dilation padding stride")
def _unfold(b: Bound) -> Wire:
    """Of a map; `Tensor.unfold` has the same name, and takes windows of one dimension."""
    if len(b.call.args) == 4:
        return _windows(b, *b.call.args[1:])
    return b.node("unfold", kernel_size=size_of(b["kernel_size"]), dilation=size_of(b.get("dilation", 1)),
                  padding=size_of(b.get("padding", 0)), stride=size_of(b.get("stride", 1)))  # fmt: skip


def _windows(b: Bound, dim: int, size: int, step: int) -> Wire:
    """Windows of one dimension, whose places come last: those of a map that is one place wide."""
    ours, shape = dimension(b.first, dim), sample(b.first)
    before, after, count = shape[: ours - 1], shape[ours:], sample(b.output)[ours - 1]
    wire = b.place.node(
        "reshape", [b.place.wire(b.first)], shape=[math.prod(before), shape[ours - 1], math.prod(after)]
    )
    wire = b.place.node("unfold", [wire], kernel_size=[size, 1], stride=[step, 1])
    wire = b.place.node("reshape", [wire], shape=[*before, size, count, *after])
    order = [*range(1, ours), *range(ours + 1, len(shape) + 2), ours]
    return b.place.node("permute", [wire], dims=order)
