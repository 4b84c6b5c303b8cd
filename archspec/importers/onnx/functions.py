"""What operators of ONNX are as functions of torch: layers with weights, activations, pooling and resampling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from archspec.importers.onnx.bound import Bound, Rules, UnsaidError, short

RULES = Rules()
"""For each operator what it becomes."""


# Layers with weights

_CONV: dict[int, Any] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED: dict[int, Any] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def _of_rank(functions: dict[int, Any], b: Bound) -> Any:
    if b.rank not in functions:
        raise UnsaidError(f"it works on maps of one to three dimensions, not {b.rank}")
    return functions[b.rank]


def _each(b: Bound, name: str, default: int) -> list[int]:
    """A number for each dimension of a map."""
    value = b.attribute(name, [default] * b.rank)
    return list(value)


def _pads(
    b: Bound, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[list[int], list[int]]:
    """How many places are added before and behind each dimension."""
    kind, sizes = b.attribute("auto_pad", "NOTSET"), b.tensor().shape[2:]
    if kind in ("NOTSET", ""):
        pads = list(b.attribute("pads", [0] * 2 * b.rank))
        return pads[: b.rank], pads[b.rank :]
    if kind == "VALID":
        return [0] * b.rank, [0] * b.rank
    totals = [
        max(0, (math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size)
        for size, k, s, d in zip(sizes, kernel, stride, dilation, strict=True)
    ]
    low, high = [each // 2 for each in totals], [each - each // 2 for each in totals]
    return (low, high) if kind == "SAME_UPPER" else (high, low)


def _padded(x: Tensor, low: Sequence[int], high: Sequence[int], value: float = 0.0) -> Tensor:
    pads = [each for pair in list(zip(low, high, strict=True))[::-1] for each in pair]
    return F.pad(x, pads, value=value)


@RULES.of("Conv")
def _conv(b: Bound) -> Tensor:
    function, x, weight = _of_rank(_CONV, b), b.tensor(), b.tensor(1)
    stride, dilation = _each(b, "strides", 1), _each(b, "dilations", 1)
    low, high = _pads(b, weight.shape[2:], stride, dilation)
    if low != high:
        x, low = _padded(x, low, high), [0] * b.rank
    result = function(x, weight, _weight(b, 2), stride, low, dilation, b.attribute("group", 1))
    assert isinstance(result, Tensor)
    return result


@RULES.of("ConvTranspose")
def _conv_transpose(b: Bound) -> Tensor:
    function, weight = _of_rank(_TRANSPOSED, b), b.tensor(1)
    stride, dilation = _each(b, "strides", 1), _each(b, "dilations", 1)
    if b.attribute("auto_pad", "NOTSET") not in ("NOTSET", "") or b.attribute("output_shape"):
        raise UnsaidError("a transposed convolution with auto_pad or output_shape cannot be said")
    low, high = _pads(b, weight.shape[2:], stride, dilation)
    more = [a + o - z for a, o, z in zip(low, _each(b, "output_padding", 0), high, strict=True)]
    if min(more) < 0:
        raise UnsaidError("a transposed convolution that takes away more behind than before cannot be said")
    result = function(b.tensor(), weight, _weight(b, 2), stride, low, more, b.attribute("group", 1), dilation)
    assert isinstance(result, Tensor)
    return result


@RULES.of("Linear")
def _linear(b: Bound) -> Tensor:
    x = b.tensor()
    return F.linear(x, b.tensor(1), _weight(b, 2))


@RULES.of("BatchNormalization")
def _batch_norm(b: Bound) -> Tensor:
    if b.attribute("training_mode", 0) or not b.attribute("spatial", 1):
        raise UnsaidError("a normalisation by the statistics of the batch cannot be said")
    momentum = short(round(1 - b.attribute("momentum", 0.9), 6))
    weight, bias = (_weight(b, number) for number in (1, 2))
    if (weight is None) != (bias is None):
        raise UnsaidError("a normalisation with a factor and no offset, or the reverse, cannot be said")
    return F.batch_norm(
        b.tensor(), b.tensor(3), b.tensor(4), weight, bias, False, momentum, b.attribute("epsilon", 1e-5)
    )  # fmt: skip


def _weight(b: Bound, number: int) -> Tensor | None:
    """A weight; None where the operator is given ones or zeros because it asks for some."""
    value = b.any(number)
    return value if isinstance(value, Tensor) else None


@RULES.of("InstanceNormalization")
def _instance_norm(b: Bound) -> Tensor:
    return F.instance_norm(b.tensor(), weight=_weight(b, 1), bias=_weight(b, 2), eps=b.attribute("epsilon", 1e-5))


@RULES.of("LayerNormalization")
def _layer_norm(b: Bound) -> Tensor:
    x = b.tensor()
    shape = list(x.shape[b.attribute("axis", -1) :])
    return F.layer_norm(x, shape, _weight(b, 1), _weight(b, 2), b.attribute("epsilon", 1e-5))


@RULES.of("RMSNormalization")
def _rms_norm(b: Bound) -> Tensor:
    x = b.tensor()
    return F.rms_norm(x, list(x.shape[b.attribute("axis", -1) :]), _weight(b, 1), b.attribute("epsilon", 1e-5))


@RULES.of("GroupNormalization")
def _group_norm(b: Bound) -> Tensor:
    weight, bias = _weight(b, 1), _weight(b, 2)
    if weight is not None and len(weight) != b.tensor().shape[1]:
        raise UnsaidError("a factor for each group cannot be said")
    return F.group_norm(b.tensor(), b.attribute("num_groups"), weight, bias, b.attribute("epsilon", 1e-5))


@RULES.of("LRN")
def _lrn(b: Bound) -> Tensor:
    size, alpha, beta, bias = (
        b.attribute(*each) for each in (("size",), ("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    )
    return F.local_response_norm(b.tensor(), size, alpha, beta, bias)


@RULES.of("PRelu")
def _prelu(b: Bound) -> Tensor:
    return F.prelu(b.tensor(), b.tensor(1))


# Activations


def _plain(function: Callable[..., Any], **arguments: tuple[str, float]) -> Callable[[Bound], Any]:
    """A function of one tensor, whose arguments are attributes with defaults."""

    def apply(b: Bound) -> Any:
        return function(b.tensor(), **{ours: b.attribute(*theirs) for ours, theirs in arguments.items()})

    return apply


RULES |= {
    "Relu": _plain(F.relu), "Sigmoid": _plain(torch.sigmoid), "Tanh": _plain(torch.tanh), "Mish": _plain(F.mish),
    "HardSwish": _plain(F.hardswish), "Softplus": _plain(F.softplus), "Abs": _plain(torch.abs),
    "Exp": _plain(torch.exp), "Log": _plain(torch.log), "Neg": _plain(torch.neg), "Sqrt": _plain(torch.sqrt),
    "Sign": _plain(torch.sign),
    "LeakyRelu": _plain(F.leaky_relu, negative_slope=("alpha", 0.01)), "Elu": _plain(F.elu, alpha=("alpha", 1.0)),
    "Reciprocal": lambda b: b.tensor() ** -1, "Identity": lambda b: b.tensor(),
}  # fmt: skip


@RULES.of("Swish")
def _swish(b: Bound) -> Tensor:
    if b.attribute("alpha", 1.0) != 1:
        raise UnsaidError("a Swish with a factor cannot be said")
    return F.silu(b.tensor())


@RULES.of("Gelu")
def _gelu(b: Bound) -> Tensor:
    return F.gelu(b.tensor(), approximate=b.attribute("approximate", "none"))


@RULES.of("HardSigmoid")
def _hard_sigmoid(b: Bound) -> Tensor:
    slope, offset = b.attribute("alpha", 0.2), b.attribute("beta", 0.5)
    if abs(slope - 1 / 6) < 1e-6 and offset == 0.5:
        return F.hardsigmoid(b.tensor())
    return torch.clamp(b.tensor() * slope + offset, 0.0, 1.0)


@RULES.of("Clip")
def _clip(b: Bound) -> Tensor:
    low, high = (_bound(b, number, key) for number, key in ((1, "min"), (2, "max")))
    if low is None and high is None:
        return b.tensor()
    if low is not None and high is not None:
        return F.hardtanh(b.tensor(), low, high)
    return torch.clamp(b.tensor(), low, high)


def _bound(b: Bound, number: int, key: str) -> float | None:
    value = b.numbers(number)
    found = b.attribute(key) if value is None else short(float(value.reshape(())))
    return None if found is None or not math.isfinite(found) or abs(found) > 3e38 else found


@RULES.of("Softmax LogSoftmax")
def _softmax(b: Bound) -> Tensor:
    x, axis = b.tensor(), b.attribute("axis", -1 if b.model.opset >= 13 else 1)
    joined = x.shape[axis % x.dim() + 1 :] if b.model.opset < 13 else ()
    if any(size != 1 for size in joined):
        raise UnsaidError("a softmax over several dimensions cannot be said")
    return torch.softmax(x, axis) if b.step.op == "Softmax" else torch.log_softmax(x, axis)


@RULES.of("Dropout")
def _dropout(b: Bound) -> Tensor:
    value = b.numbers(1)
    p = b.attribute("ratio", 0.5) if value is None else short(float(value.reshape(())))
    return F.dropout(b.tensor(), p, False)


@RULES.of("Cast CastLike")
def _cast(b: Bound) -> Tensor:
    wanted = b.attribute("to", 1)
    other = b.any(1)
    if wanted != 1 or (other is not None and not (isinstance(other, Tensor) or other.dtype == np.float32)):
        raise UnsaidError("a change of the data type cannot be said")
    return b.tensor()


# Pooling and resampling

_MAX: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE: dict[int, Any] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_ADAPTIVE: dict[int, Any] = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
_ADAPTIVE_MAX: dict[int, Any] = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


@RULES.of("MaxPool")
def _max_pool(b: Bound) -> Tensor:
    if len([name for name in b.step.outputs if name]) > 1:
        raise UnsaidError("a pooling whose places are taken too cannot be said")
    function, kernel, x = _of_rank(_MAX, b), _each(b, "kernel_shape", 1), b.tensor()
    stride, dilation = _each(b, "strides", 1), _each(b, "dilations", 1)
    low, high = _pads(b, kernel, stride, dilation)
    if low != high or any(2 * each > size for each, size in zip(low, kernel, strict=True)):
        raise UnsaidError("a maximum over places that are added on one side cannot be said")
    result = function(x, kernel, stride, low, dilation, bool(b.attribute("ceil_mode", 0)))
    assert isinstance(result, Tensor)
    return result


@RULES.of("AveragePool")
def _avg_pool(b: Bound) -> Tensor:
    function, kernel, x = _of_rank(_AVERAGE, b), _each(b, "kernel_shape", 1), b.tensor()
    if any(each != 1 for each in _each(b, "dilations", 1)):
        raise UnsaidError("a mean over places that are apart cannot be said")
    stride, counted = _each(b, "strides", 1), bool(b.attribute("count_include_pad", 0))
    low, high = _pads(b, kernel, stride, [1] * b.rank)
    if low != high:
        if not counted:
            raise UnsaidError("a mean over places that are added on one side, and not counted, cannot be said")
        x, low = _padded(x, low, high), [0] * b.rank
    result = function(x, kernel, stride, low, bool(b.attribute("ceil_mode", 0)), counted or not any(low))
    assert isinstance(result, Tensor)
    return result


@RULES.of("GlobalAveragePool")
def global_avg_pool(b: Bound) -> Any:
    """The mean over a map."""
    return _of_rank(_ADAPTIVE, b)(b.tensor(), [1] * b.rank)


@RULES.of("GlobalMaxPool")
def _global_max_pool(b: Bound) -> Any:
    return _of_rank(_ADAPTIVE_MAX, b)(b.tensor(), [1] * b.rank)


@RULES.of("Resize Upsample")
def _resize(b: Bound) -> Tensor:
    x, number = b.tensor(), 2 if b.step.op == "Resize" and b.model.opset > 10 else 1
    scales, sizes = b.numbers(number), b.integers(3) if number == 2 else None
    scales = np.asarray(b.attribute("scales")) if scales is None and b.attribute("scales") else scales
    mode, corners = _interpolation(b, scales, newer=number == 2)
    if scales is not None and scales.size:
        factors = [short(float(each)) for each in scales[2:]]
        factors = [int(each) if each.is_integer() else each for each in factors]
        return F.interpolate(
            x, scale_factor=factors[0] if len(set(factors)) == 1 else factors, mode=mode, align_corners=corners
        )
    if sizes is None:
        raise UnsaidError("a resizing without sizes")
    return F.interpolate(x, size=sizes[2:], mode=mode, align_corners=corners)


def _interpolation(b: Bound, scales: Any, *, newer: bool) -> tuple[str, bool | None]:
    """The mode of a resizing, and whether corners are aligned; None where the nearest place is taken.

    Raises:
        UnsaidError: PyTorch has no such resizing.
    """
    place = b.attribute("coordinate_transformation_mode", "half_pixel" if newer else "asymmetric")
    kind = {
        "nearest": "nearest",
        "linear": {1: "linear", 2: "bilinear", 3: "trilinear"}.get(b.rank, ""),
        "cubic": "bicubic",
    }
    mode = kind.get(b.attribute("mode", "nearest"), "")
    if b.attribute("antialias", 0) or b.attribute("exclude_outside", 0) or b.attribute("axes") is not None or not mode:
        raise UnsaidError("a resizing with antialias, exclude_outside or axes cannot be said")
    if mode == "nearest":
        whole = scales is not None and all(float(each).is_integer() for each in np.asarray(scales))
        rounded = b.attribute("nearest_mode", "round_prefer_floor" if newer else "floor")
        if not (place == "asymmetric" and rounded == "floor") and not whole:
            raise UnsaidError(f"a resizing by nearest places as {place}, {rounded} cannot be said")
    elif place not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise UnsaidError(f"a resizing with the places {place} cannot be said")
    if b.attribute("mode") == "cubic" and b.attribute("cubic_coeff_a", -0.75) != -0.75:
        raise UnsaidError("a cubic resizing with another coefficient than -0.75 cannot be said")
    return mode, place == "align_corners" if mode != "nearest" else None


@RULES.of("DepthToSpace")
def _depth_to_space(b: Bound) -> Tensor:
    if b.attribute("mode", "DCR") != "CRD":
        raise UnsaidError("a DepthToSpace in the order DCR cannot be said", "PyTorch's pixel_shuffle has the order CRD")
    return F.pixel_shuffle(b.tensor(), b.attribute("blocksize"))


@RULES.of("Pad")
def _pad(b: Bound) -> Tensor:
    x, pads, axes = b.tensor(), b.integers(1, "pads") or [], b.axes(3)
    value = b.numbers(2)
    number = float(value.reshape(())) if value is not None and value.size else float(b.attribute("value", 0.0))
    mode = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}[
        b.attribute("mode", "constant")
    ]
    half = len(pads) // 2
    dims = [dim % x.dim() for dim in axes] if axes is not None else list(range(half))
    low, high = [0] * x.dim(), [0] * x.dim()
    for dim, before, after in zip(dims, pads[:half], pads[half:], strict=True):
        low[dim], high[dim] = before, after
    first = next((dim for dim in range(x.dim()) if low[dim] or high[dim]), None)
    if first is None:
        return x
    if first == 0:
        raise UnsaidError("samples are added to the batch")
    first = min(first, 2) if mode != "constant" else first
    both = [each for pair in list(zip(low[first:], high[first:], strict=True))[::-1] for each in pair]
    return F.pad(x, both, mode, number) if mode == "constant" else F.pad(x, both, mode)
