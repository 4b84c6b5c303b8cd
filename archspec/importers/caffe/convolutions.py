"""Convolutions of Caffe, poolings, and inner products."""

from __future__ import annotations

from math import prod
from typing import Any

from archspec.importers.caffe.fields import Fields
from archspec.importers.caffe.layers import FILLERS, Blob, LayerReader, reads, short
from archspec.importers.draft import UnsaidError

_WINDOW = "pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w".split()
_CONV = (*_WINDOW, *"num_output bias_term group dilation axis force_nd_im2col".split(), *FILLERS)


def window(fields: Fields) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Kernel, stride and padding."""
    kernel = fields.pair("kernel_size", "kernel_h", "kernel_w", 0, 1 if "kernel_size" in fields else 0)
    if min(kernel) < 1:
        raise UnsaidError("it lacks `kernel_size`", fields.span)
    stride = fields.pair("stride", "stride_h", "stride_w", 1, 1)
    return kernel, stride, fields.pair("pad", "pad_h", "pad_w", 0)


def convolved(layer: LayerReader, fields: Fields, op: str) -> tuple[dict[str, Any], Blob, int, int, int]:
    """What convolutions of both directions have in common: node, operand, outputs, groups and dilation."""
    taken = layer.map()
    kernel, stride, pad = window(fields)
    outputs, groups = fields.integer("num_output", None, 1), fields.integer("group", 1, 1)
    gaps = fields.integers("dilation", 1)
    if fields.integer("axis", 1) != 1 or len(set(gaps)) > 1:
        raise UnsaidError("a convolution over other dimensions, or with two dilations, cannot be said", fields.span)
    if taken.shape[0] % groups or outputs % groups:
        message = f"{taken.shape[0]} and {outputs} channels do not divide into {groups} groups"
        raise UnsaidError(message, fields.span)
    dilation = gaps[0] if gaps else 1
    node: dict[str, Any] = {"op": op, "out_channels": outputs, "kernel_size": short(kernel)}
    node |= {"stride": short(stride)} if stride != (1, 1) else {}
    node |= {"padding": short(pad)} if pad != (0, 0) else {}
    node |= {"dilation": dilation} if dilation > 1 else {}
    node |= {"groups": groups} if groups > 1 else {}
    node |= {} if fields.flag("bias_term", default=True) else {"bias": False}
    return node, taken, outputs, groups, dilation


@reads("Convolution", "convolution_param", *_CONV)
def _convolution(layer: LayerReader, fields: Fields) -> None:
    node, taken, outputs, groups, dilation = convolved(layer, fields, "conv")
    kernel, stride, pad = window(fields)
    sizes = [
        (size + 2 * p - (dilation * (k - 1) + 1)) // s + 1
        for size, k, s, p in zip(taken.shape[1:], kernel, stride, pad, strict=True)
    ]
    weights = outputs * taken.shape[0] // groups * prod(kernel)
    params = weights + (outputs if "bias" not in node else 0)
    layer.add(node, [taken], (outputs, *sizes), params=params, macs=weights * prod(sizes))


@reads("Deconvolution", "convolution_param", *_CONV)
def _deconvolution(layer: LayerReader, fields: Fields) -> None:
    node, taken, outputs, groups, dilation = convolved(layer, fields, "conv_transpose")
    kernel, stride, pad = window(fields)
    sizes = [
        s * (size - 1) + dilation * (k - 1) + 1 - 2 * p
        for size, k, s, p in zip(taken.shape[1:], kernel, stride, pad, strict=True)
    ]
    weights = outputs * taken.shape[0] // groups * prod(kernel)
    params = weights + (outputs if "bias" not in node else 0)
    layer.add(node, [taken], (outputs, *sizes), params=params, macs=weights * prod(taken.shape[1:]))


@reads("Pooling", "pooling_param", *_WINDOW, "pool", "global_pooling", "round_mode", "engine")
def _pooling(layer: LayerReader, fields: Fields) -> None:
    taken = layer.map()
    kind = fields.word("pool", "MAX", ("MAX", "AVE"))
    op = "max_pool" if kind == "MAX" else "avg_pool"
    if fields.flag("global_pooling", default=False):
        layer.add({"op": f"global_{op}"}, [taken], (taken.shape[0], 1, 1))
        return
    kernel, stride, pad = window(fields)
    ceiled = fields.word("round_mode", "CEIL", ("CEIL", "FLOOR")) == "CEIL"
    axes = list(zip(taken.shape[1:], kernel, stride, pad, strict=True))
    floors = [(size + 2 * p - k) // s + 1 for size, k, s, p in axes]
    sizes = [_pooled(*axis) for axis in axes] if ceiled else floors
    node: dict[str, Any] = {"op": op, "kernel_size": short(kernel)}
    node |= {"stride": short(stride)} if stride != kernel else {}
    node |= {"padding": short(pad)} if pad != (0, 0) else {}
    node |= {"ceil_mode": True} if sizes != floors else {}
    layer.add(node, [taken], (taken.shape[0], *sizes))


def _pooled(size: int, kernel: int, stride: int, pad: int) -> int:
    """The places of a pooling, of which Caffe leaves out one that would begin behind the padded image."""
    count = -(-(size + 2 * pad - kernel) // stride) + 1
    return count - (pad > 0 and (count - 1) * stride >= size + pad)


@reads("InnerProduct", "inner_product_param", "num_output", "bias_term", "axis", "transpose", *FILLERS)
def _innerproduct(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    outputs, bias = fields.integer("num_output", None, 1), fields.flag("bias_term", default=True)
    if fields.integer("axis", 1) != 1:
        raise UnsaidError("an inner product from another axis than 1 cannot be said", fields.span)
    taken = _flat(layer, taken)
    node = {"op": "linear", "out_features": outputs} | ({} if bias else {"bias": False})
    weights = outputs * taken.shape[0]
    layer.add(node, [taken], (outputs,), params=weights + (outputs if bias else 0), macs=weights)


def _flat(layer: LayerReader, taken: Blob) -> Blob:
    """The numbers of a blob in one row."""
    if len(taken.shape) == 1:
        return taken
    return layer.add({"op": "flatten"}, [taken], (prod(taken.shape),), suffix="_flatten", own="flatten")
