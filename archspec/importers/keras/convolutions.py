"""Convolutions of Keras, and linear layers."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from archspec.importers.draft import Shape
from archspec.importers.keras.layers import LayerReader, UnsaidError, family, short

_CONV = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias".split()


class Window(NamedTuple):
    """The kernel of a window, the sizes of what it gives, and the arguments that say so."""

    kernel: list[int]
    sizes: list[int]
    node: dict[str, Any]


def window(layer: LayerReader, taken: Shape, *, key: str = "kernel_size") -> Window:
    """How a layer moves its window."""
    rank = len(taken) - 1
    default = {"pool_size": 2}.get(key)
    kernel = layer.sizes(key, rank, default)
    stride = layer.sizes("strides", rank, kernel if key == "pool_size" else 1)
    dilation = layer.sizes("dilation_rate", rank) if key == "kernel_size" else [1] * rank
    reach = [(size - 1) * gap + 1 for size, gap in zip(kernel, dilation, strict=True)]
    node: dict[str, Any] = {"kernel_size": short(kernel)}
    usual = kernel if key == "pool_size" else [1] * rank
    node |= {"stride": short(stride)} if stride != usual else {}
    if layer.same():
        sizes = [-(-size // step) for size, step in zip(taken[1:], stride, strict=True)]
        plain = key == "kernel_size" and max(stride) == 1 and all(each % 2 for each in reach)
        pads = [each // 2 for each in reach]
        node |= {"padding": short(pads) if plain else "same_upper"} if any(pads) else {}
    else:
        sizes = [(size - each) // step + 1 for size, each, step in zip(taken[1:], reach, stride, strict=True)]
    node |= {"dilation": short(dilation)} if max(dilation) > 1 else {}
    return Window(kernel, sizes, node)


def _convolved(layer: LayerReader, taken: str, filters: int, groups: int, *, bias: bool, own: str = "") -> str:
    shape = layer.map(taken)
    if shape[0] % groups or filters % groups:
        raise UnsaidError(f"{shape[0]} and {filters} channels do not divide into {groups} groups")
    kernel, sizes, node = window(layer, shape)
    weights = filters * shape[0] // groups * prod(kernel)
    whole = {"op": "conv", "out_channels": filters, **node}
    whole |= ({"groups": groups} if groups > 1 else {}) | ({} if bias else {"bias": False})
    params, macs = weights + bias * filters, weights * prod(sizes)
    return layer.add(whole, [taken], (filters, *sizes), own=own, params=params, macs=macs)


@family("Conv", *_CONV)
def _conv(layer: LayerReader, taken: list[str]) -> str:
    filters, groups = layer.integer("filters"), layer.integer("groups", 1)
    return layer.activated(_convolved(layer, taken[0], filters, groups, bias=layer.flag("use_bias", default=True)))


@family("DepthwiseConv", *_CONV, "depth_multiplier")
def _depthwise_conv(layer: LayerReader, taken: list[str]) -> str:
    channels = layer.map(taken[0])[0]
    filters = channels * layer.integer("depth_multiplier", 1)
    return layer.activated(_convolved(layer, taken[0], filters, channels, bias=layer.flag("use_bias", default=True)))


@family("SeparableConv", *_CONV, "depth_multiplier")
def _separable_conv(layer: LayerReader, taken: list[str]) -> str:
    channels, filters = layer.map(taken[0])[0], layer.integer("filters")
    between = channels * layer.integer("depth_multiplier", 1)
    first = _convolved(layer, taken[0], between, channels, bias=False, own="depthwise")
    bias, sizes = layer.flag("use_bias", default=True), layer.shapes[first][1:]
    node = {"op": "conv", "out_channels": filters, "kernel_size": 1} | ({} if bias else {"bias": False})
    weights = filters * between
    macs = weights * prod(sizes)
    last = layer.add(node, [first], (filters, *sizes), own="pointwise", params=weights + bias * filters, macs=macs)
    return layer.activated(last)


@family("ConvTranspose", *_CONV, "output_padding")
def _conv_transpose(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.map(taken[0])
    rank, filters, groups = len(shape) - 1, layer.integer("filters"), layer.integer("groups", 1)
    kernel, stride = layer.sizes("kernel_size", rank, None), layer.sizes("strides", rank)
    if layer.config.get("output_padding") is not None or max(layer.sizes("dilation_rate", rank)) > 1 or groups > 1:
        raise UnsaidError("`output_padding`, `dilation_rate` and `groups` of a transposed convolution are not read")
    if any(size < step for size, step in zip(kernel, stride, strict=True)):
        raise UnsaidError("a stride larger than the kernel is not read")
    spare = [size - step if layer.same() else 0 for size, step in zip(kernel, stride, strict=True)]
    sizes = [n * s + k - s for n, k, s in zip(shape[1:], kernel, stride, strict=True)]
    bias, weights = layer.flag("use_bias", default=True), filters * shape[0] * prod(kernel)
    node: dict[str, Any] = {"op": "conv_transpose", "out_channels": filters, "kernel_size": short(kernel)}
    node |= {"stride": short(stride)} if max(stride) > 1 else {}
    even = all(each % 2 == 0 for each in spare)
    node |= {"padding": short([each // 2 for each in spare])} if even and any(spare) else {}
    node |= {} if bias else {"bias": False}
    cut = [size - each for size, each in zip(sizes, spare, strict=True)]
    params, macs = weights + bias * filters, weights * prod(shape[1:])
    given = layer.add(node, taken, (filters, *(cut if even else sizes)), params=params, macs=macs)
    if not even:  # TensorFlow cuts the odd place at the end
        pads = [number for each in reversed(spare) for number in (-(each // 2), -(each - each // 2))]
        given = layer.add({"op": "pad", "padding": pads}, [given], (filters, *cut), own="cut")
    return layer.activated(given)


@family("Dense", "units", "activation", "use_bias", "quantization_config", "lora_rank")
def _dense(layer: LayerReader, taken: list[str]) -> str:
    shape, units, bias = layer.shapes[taken[0]], layer.integer("units"), layer.flag("use_bias", default=True)
    weights = shape[0] * units
    node: dict[str, Any] = {"op": "linear", "out_features": units}
    if len(shape) > 1:  # it works on the channels at each place
        node = {"op": "conv", "out_channels": units, "kernel_size": 1}
    node |= {} if bias else {"bias": False}
    params, macs = weights + bias * units, weights * prod(shape[1:])
    return layer.activated(layer.add(node, taken, (units, *shape[1:]), params=params, macs=macs))
