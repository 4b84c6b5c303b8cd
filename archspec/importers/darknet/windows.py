"""Layers of Darknet with weights, and those that pool."""

from __future__ import annotations

from typing import Any

from archspec.importers.darknet.layers import LayerReader, reads
from archspec.importers.darknet.sections import Section
from archspec.importers.draft import UnsaidError

_CONVOLUTIONAL = (
    "batch_normalize filters size stride stride_x stride_y pad padding activation groups dilation flipped dot binary "
    "xnor stopbackward"
).split()


@reads("convolutional", *_CONVOLUTIONAL)
def _convolutional(layer: LayerReader, section: Section) -> None:
    filters, size = section.integer("filters", 1, 1), section.integer("size", 1, 1)
    stride, groups = layer.strides(1), section.integer("groups", 1, 1)
    dilation = section.integer("dilation", 1, 1)
    padding = section.integer("padding", 0)
    if section.integer("pad", 0):
        padding = size // 2 * dilation
    channels = layer.image()[0]
    reach = (size - 1) * dilation + 1
    height, width = layer.window(reach, stride, 2 * padding)
    if channels % groups or filters % groups:
        raise UnsaidError(f"{channels} and {filters} channels do not divide into {groups} groups", section.span)
    normed = section.integer("batch_normalize", 0) != 0
    layer.activation("logistic")
    node: dict[str, Any] = {"op": "conv", "out_channels": filters, "kernel_size": size}
    node |= {"stride": stride[0] if stride[0] == stride[1] else list(stride)} if stride != (1, 1) else {}
    node |= {"padding": padding} if padding else {}
    node |= {"dilation": dilation} if dilation > 1 else {}
    node |= {"groups": groups} if groups > 1 else {}
    node |= {"bias": False} if normed else {}
    weights = filters * channels // groups * size * size
    shape = (filters, height, width)
    bias = 0 if normed else filters
    layer.add("conv", node, [layer.last], shape, params=weights + bias, macs=weights * height * width)
    if normed:
        layer.add("bn", {"op": "batch_norm"}, [layer.last], shape, params=2 * filters, statistics=2 * filters)
    layer.activate("logistic")


@reads("maxpool", "size", "stride", "padding", "stride_x", "stride_y")
def _maxpool(layer: LayerReader, section: Section) -> None:
    strides = layer.strides(1)
    stride = strides[0]
    size = section.integer("size", stride, 1)
    total = section.integer("padding", size - 1)
    if strides[0] != strides[1]:
        raise UnsaidError("a pooling with two strides cannot be said", section.span)
    channels, *sizes = layer.image()
    height, width = layer.window(size, strides, total)
    node: dict[str, Any] = {"op": "max_pool", "kernel_size": size}
    node |= {"stride": stride} if stride != size else {}
    node |= _padding(section, sizes, (height, width), size, stride, total)
    layer.add("pool", node, [layer.last], (channels, height, width))


def _padding(
    section: Section, sizes: list[int], result: tuple[int, int], size: int, stride: int, total: int
) -> dict[str, Any]:
    """The padding of a pooling, of which Darknet has the larger half behind, and none of which ever wins."""
    before = total // 2
    plain = {"padding": before} if before else {}
    if before <= size // 2:
        if result == tuple((each + 2 * before - size) // stride + 1 for each in sizes):
            return plain
        if result == tuple(_ceiled(each, size, stride, before) for each in sizes):
            return {**plain, "ceil_mode": True}
    same = [max((-(-each // stride) - 1) * stride + size - each, 0) for each in sizes]
    if result == tuple(-(-each // stride) for each in sizes) and all(each // 2 == before for each in same):
        return {"padding": "same_upper"}
    raise UnsaidError(f"a padding of {total} on both sides together cannot be said here", section.span)


def _ceiled(size: int, window: int, stride: int, padding: int) -> int:
    """The places of a pooling that rounds up, as PyTorch counts them."""
    count = -(-(size + 2 * padding - window) // stride) + 1
    return count - ((count - 1) * stride >= size + padding)


@reads("avgpool")
def _avgpool(layer: LayerReader, _: Section) -> None:
    channels = layer.image()[0]
    layer.add("avgpool", {"op": "global_avg_pool"}, [layer.last], (channels, 1, 1))


@reads("connected", "output", "activation", "batch_normalize")
def _connected(layer: LayerReader, section: Section) -> None:
    outputs, normed = section.integer("output", 1, 1), section.integer("batch_normalize", 0) != 0
    layer.activation("logistic")
    features = layer.flat()
    node: dict[str, Any] = {"op": "linear", "out_features": outputs} | ({"bias": False} if normed else {})
    params = features * outputs + (0 if normed else outputs)
    layer.add("fc", node, [layer.last], (outputs,), params=params, macs=features * outputs)
    if normed:
        shape, count = (outputs,), 2 * outputs
        layer.add("bn", {"op": "batch_norm"}, [layer.last], shape, params=count, statistics=count)
    layer.activate("logistic")
