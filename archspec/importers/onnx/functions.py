"""What operators of ONNX are as functions of torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions import Bound as Called
from archspec.importers.module.functions import rule as torch_rule
from archspec.importers.onnx.arithmetic import axes_of
from archspec.importers.onnx.model import Array, Model, Step

Operand = Tensor | Array


class UnsaidError(Exception):
    """What a node does cannot be said."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


@torch.overrides.wrap_torch_function(lambda value, _doc: (value,))
def unsaid(value: Tensor, _doc: str) -> Tensor:
    """What stands for a node that cannot be said: what it takes."""
    return value.clone()


@torch_rule("unsaid", "input doc")
def _unsaid(b: Called) -> Wire:
    wire = b.node("identity")
    assert wire.node is not None
    wire.node.arguments["doc"] = b["doc"]
    return wire


@dataclass
class Bound:
    """A node and what it takes.

    Attributes:
        step: The node.
        given: What it takes: tensors that are seen, weights among them, and numbers that are known.
        model: The file.
        batch: The size of the batch.
    """

    step: Step
    given: Sequence[Operand | None]
    model: Model
    batch: int

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default; a float as short as its 32 bits are."""
        value = self.step.attributes.get(name, default)
        return short(value) if isinstance(value, float) else value

    def any(self, number: int) -> Operand | None:
        """An operand; None for one that is left out."""
        return self.given[number] if number < len(self.given) else None

    def optional(self, number: int) -> Tensor | None:
        """An operand as a tensor; None for one that is left out."""
        value = self.any(number)
        return value if value is None or isinstance(value, Tensor) else _seen(value)

    def tensor(self, number: int = 0) -> Tensor:
        """An operand as a tensor."""
        value = self.optional(number)
        if value is None:
            raise UnsaidError(f"it lacks its operand {number + 1}")
        return value

    def numbers(self, number: int) -> Array | None:
        """An operand whose numbers are known.

        Raises:
            UnsaidError: They depend on an input.
        """
        value = self.any(number)
        if isinstance(value, Tensor):
            raise UnsaidError(f"its operand {number + 1} depends on what the network is given, or is trained")
        return value

    def integers(self, number: int, attribute: str = "") -> list[int] | None:
        """Known integers, which older operators have as an attribute."""
        value = self.numbers(number)
        if value is None:
            return list(self.attribute(attribute)) if attribute and self.attribute(attribute) is not None else None
        return [int(each) for each in np.atleast_1d(value).tolist()]

    def axes(self, number: int = 1) -> list[int] | None:
        """The dimensions that it works along."""
        return axes_of(self.step.attributes, self.numbers(number))

    @property
    def static(self) -> int | None:
        """The size of the batch that the file says; None for one that is open."""
        return next(iter(self.model.inputs.values()))[0]

    @property
    def rank(self) -> int:
        """The number of dimensions with a width, of a map."""
        return self.tensor().dim() - 2


def short(value: float) -> float:
    """A number without the digits that its 32 bits do not have."""
    return float(str(np.float32(value)))


def _seen(value: Array) -> Tensor:
    """Known numbers as a tensor whose numbers are known to whoever records."""
    if value.dtype.kind != "f":
        raise UnsaidError(f"numbers of the type {value.dtype} are an operand")
    return torch.tensor(value.astype(np.float32).tolist(), dtype=torch.float32)


Rule = Callable[[Bound], Any]
RULES: dict[str, Rule] = {}
"""For each operator what it becomes; those of numbers that are known are in `arithmetic`."""


def rule(names: str) -> Callable[[Rule], Rule]:
    """Registers what operators become."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names.split(), function))
        return function

    return register


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


@rule("Conv")
def _conv(b: Bound) -> Tensor:
    function, x, weight = _of_rank(_CONV, b), b.tensor(), b.tensor(1)
    stride, dilation = _each(b, "strides", 1), _each(b, "dilations", 1)
    low, high = _pads(b, weight.shape[2:], stride, dilation)
    if low != high:
        x, low = _padded(x, low, high), [0] * b.rank
    result = function(x, weight, b.optional(2), stride, low, dilation, b.attribute("group", 1))
    assert isinstance(result, Tensor)
    return result


@rule("ConvTranspose")
def _conv_transpose(b: Bound) -> Tensor:
    function, weight = _of_rank(_TRANSPOSED, b), b.tensor(1)
    stride, dilation = _each(b, "strides", 1), _each(b, "dilations", 1)
    if b.attribute("auto_pad", "NOTSET") not in ("NOTSET", "") or b.attribute("output_shape"):
        raise UnsaidError("a transposed convolution with auto_pad or output_shape cannot be said")
    low, high = _pads(b, weight.shape[2:], stride, dilation)
    more = [a + o - z for a, o, z in zip(low, _each(b, "output_padding", 0), high, strict=True)]
    if min(more) < 0:
        raise UnsaidError("a transposed convolution that takes away more behind than before cannot be said")
    result = function(b.tensor(), weight, b.optional(2), stride, low, more, b.attribute("group", 1), dilation)
    assert isinstance(result, Tensor)
    return result


@rule("Linear")
def _linear(b: Bound) -> Tensor:
    x = b.tensor()
    return F.linear(x, b.tensor(1), b.optional(2))


@rule("BatchNormalization")
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


@rule("InstanceNormalization")
def _instance_norm(b: Bound) -> Tensor:
    return F.instance_norm(b.tensor(), weight=_weight(b, 1), bias=_weight(b, 2), eps=b.attribute("epsilon", 1e-5))


@rule("LayerNormalization")
def _layer_norm(b: Bound) -> Tensor:
    x = b.tensor()
    shape = list(x.shape[b.attribute("axis", -1) :])
    return F.layer_norm(x, shape, _weight(b, 1), _weight(b, 2), b.attribute("epsilon", 1e-5))


@rule("RMSNormalization")
def _rms_norm(b: Bound) -> Tensor:
    x = b.tensor()
    return F.rms_norm(x, list(x.shape[b.attribute("axis", -1) :]), _weight(b, 1), b.attribute("epsilon", 1e-5))


@rule("GroupNormalization")
def _group_norm(b: Bound) -> Tensor:
    weight, bias = _weight(b, 1), _weight(b, 2)
    if weight is not None and len(weight) != b.tensor().shape[1]:
        raise UnsaidError("a factor for each group cannot be said")
    return F.group_norm(b.tensor(), b.attribute("num_groups"), weight, bias, b.attribute("epsilon", 1e-5))


@rule("LRN")
def _lrn(b: Bound) -> Tensor:
    size, alpha, beta, bias = (
        b.attribute(*each) for each in (("size",), ("alpha", 1e-4), ("beta", 0.75), ("bias", 1.0))
    )
    return F.local_response_norm(b.tensor(), size, alpha, beta, bias)


@rule("PRelu")
def _prelu(b: Bound) -> Tensor:
    return F.prelu(b.tensor(), b.tensor(1))


# Activations


def _plain(function: Callable[..., Any], **arguments: tuple[str, float]) -> Rule:
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


@rule("Swish")
def _swish(b: Bound) -> Tensor:
    if b.attribute("alpha", 1.0) != 1:
        raise UnsaidError("a Swish with a factor cannot be said")
    return F.silu(b.tensor())


@rule("Gelu")
def _gelu(b: Bound) -> Tensor:
    return F.gelu(b.tensor(), approximate=b.attribute("approximate", "none"))


@rule("HardSigmoid")
def _hard_sigmoid(b: Bound) -> Tensor:
    slope, offset = b.attribute("alpha", 0.2), b.attribute("beta", 0.5)
    if abs(slope - 1 / 6) < 1e-6 and offset == 0.5:
        return F.hardsigmoid(b.tensor())
    return torch.clamp(b.tensor() * slope + offset, 0.0, 1.0)


@rule("Clip")
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


@rule("Softmax")
def _softmax(b: Bound) -> Tensor:
    x, axis = b.tensor(), b.attribute("axis", -1 if b.model.opset >= 13 else 1)
    joined = x.shape[axis % x.dim() + 1 :] if b.model.opset < 13 else ()
    if any(size != 1 for size in joined):
        raise UnsaidError("a softmax over several dimensions cannot be said")
    return torch.softmax(x, axis)


@rule("Dropout")
def _dropout(b: Bound) -> Tensor:
    value = b.numbers(1)
    p = b.attribute("ratio", 0.5) if value is None else short(float(value.reshape(())))
    return F.dropout(b.tensor(), p, False)


@rule("Cast CastLike")
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


@rule("MaxPool")
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


@rule("AveragePool")
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


@rule("GlobalAveragePool")
def _global_avg_pool(b: Bound) -> Any:
    return _of_rank(_ADAPTIVE, b)(b.tensor(), [1] * b.rank)


@rule("GlobalMaxPool")
def _global_max_pool(b: Bound) -> Any:
    return _of_rank(_ADAPTIVE_MAX, b)(b.tensor(), [1] * b.rank)


@rule("Resize Upsample")
def _resize(b: Bound) -> Tensor:
    x, number = b.tensor(), 2 if b.step.op == "Resize" and b.model.opset > 10 else 1
    scales, sizes = b.numbers(number), b.integers(3) if number == 2 else None
    scales = np.asarray(b.attribute("scales")) if scales is None and b.attribute("scales") else scales
    place = b.attribute("coordinate_transformation_mode", "half_pixel" if number == 2 else "asymmetric")
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
        rounded = b.attribute("nearest_mode", "round_prefer_floor" if number == 2 else "floor")
        if not (place == "asymmetric" and rounded == "floor") and not whole:
            raise UnsaidError(f"a resizing by nearest places as {place}, {rounded} cannot be said")
    elif place not in ("half_pixel", "pytorch_half_pixel", "align_corners"):
        raise UnsaidError(f"a resizing with the places {place} cannot be said")
    if b.attribute("mode") == "cubic" and b.attribute("cubic_coeff_a", -0.75) != -0.75:
        raise UnsaidError("a cubic resizing with another coefficient than -0.75 cannot be said")
    corners = place == "align_corners" if mode != "nearest" else None
    if scales is not None and scales.size:
        factors = [short(float(each)) for each in scales[2:]]
        factors = [int(each) if each.is_integer() else each for each in factors]
        return F.interpolate(
            x, scale_factor=factors[0] if len(set(factors)) == 1 else factors, mode=mode, align_corners=corners
        )
    if sizes is None:
        raise UnsaidError("a resizing without sizes")
    return F.interpolate(x, size=sizes[2:], mode=mode, align_corners=corners)


@rule("DepthToSpace")
def _depth_to_space(b: Bound) -> Tensor:
    if b.attribute("mode", "DCR") != "CRD":
        raise UnsaidError("a DepthToSpace in the order DCR cannot be said", "PyTorch's pixel_shuffle has the order CRD")
    return F.pixel_shuffle(b.tensor(), b.attribute("blocksize"))


@rule("Pad")
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
