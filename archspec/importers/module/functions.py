"""What functions of torch are as ops of the language."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from archspec.importers.module.batches import Batched
from archspec.importers.module.draft import Node, Place, Wire
from archspec.importers.module.numbers import FEW_NUMBERS
from archspec.importers.module.patterns import distances, distances_with_class, separations, shifted_windows
from archspec.importers.module.recording import Call, Held, UnrecordableError, Value, leaves


@dataclass
class Bound:
    """A call with its arguments by name, to be said as nodes.

    Attributes:
        call: The call.
        place: Where the nodes go.
        given: The arguments that were given, by name.
    """

    call: Call
    place: Place
    given: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.given.get(name)

    def get(self, name: str, default: Any) -> Any:
        """An argument, or its default."""
        return self.given.get(name, default)

    @property
    def first(self) -> Value | Held:
        """The first operand."""
        value = next(iter(self.given.values()))
        if not isinstance(value, Value | Held):
            raise UnrecordableError(f"{self.call.function} of {_what(value)}")
        return value

    @property
    def output(self) -> Value:
        """What it gives first."""
        return self.call.outputs[0]

    def wires(self, *names: str) -> list[Wire]:
        """What the node takes."""
        return [self.place.wire(self.operand(name)) for name in names]

    def operand(self, name: str) -> Value | Held:
        """An argument that is a tensor."""
        value = self.given.get(name)
        if not isinstance(value, Value | Held):
            raise UnrecordableError(f"{self.call.function} with {name} = {_what(value)}")
        return value

    def held(self, **names: str) -> dict[str, Held]:
        """The module's tensors among the arguments, by the names that the op has for them."""
        found = {}
        for ours, theirs in names.items():
            value = self.given.get(theirs)
            if isinstance(value, Held):
                if ours == "weight" and not value.is_parameter:
                    raise UnrecordableError(f"{self.call.function} with a weight that is not trained")
                found[ours] = value
            elif value is not None:
                raise UnrecordableError(f"{self.call.function} with a {theirs} that is computed")
        return found

    def node(self, op: str, *names: str, held: dict[str, Held] | None = None, **arguments: Any) -> Wire:
        """A node of the operands that are named, or of the first one."""
        wires = self.wires(*names) if names else [self.place.wire(self.first)]
        if op not in _CHANNELS_FIRST or not _is_joined(self.first):
            return self.place.node(op, wires, held, **arguments)
        if op not in _OF_EACH_CHANNEL:
            raise UnrecordableError(f"{self.call.function} in parts of a map that are joined with the batch")
        joined = self.place.node("flatten", wires, end_dim=2)  # parts and channels
        return self.place.node("reshape", [self.place.node(op, [joined], held, **arguments)], shape=sample(self.output))


_CHANNELS_FIRST = frozenset(
    "conv conv_transpose group_norm instance_norm prelu dropout2d max_pool avg_pool adaptive_avg_pool "
    "adaptive_max_pool global_avg_pool global_max_pool upsample pixel_shuffle pixel_unshuffle channel_shuffle".split()
)
"""Ops for which the first dimension of a sample is its channels."""

_OF_EACH_CHANNEL = frozenset(
    "max_pool avg_pool adaptive_avg_pool adaptive_max_pool global_avg_pool global_max_pool upsample".split()
)
"""Those of them that treat each channel alone."""

Rule = Callable[[Bound], "Wire | list[Wire]"]
RULES: dict[str, tuple[tuple[str, ...], Rule]] = {}
"""For each function of torch the names of its parameters, and what it becomes."""


def rule(names: str, parameters: str) -> Callable[[Rule], Rule]:
    """Registers what functions become."""

    def register(function: Rule) -> Rule:
        RULES.update({name: (tuple(parameters.split()), function) for name in names.split()})
        return function

    return register


def apply(call: Call, place: Place) -> list[Wire]:
    """The wires of what a call gives.

    Raises:
        UnrecordableError: The language has nothing for it.
    """
    name = _plain(call.function)
    if name not in RULES:
        raise UnrecordableError(f"there is no op for torch's `{call.function}`")
    parameters, function = RULES[name]
    given = dict(zip(parameters, call.args, strict=False))
    if len(call.args) > len(parameters):  # x.permute(0, 2, 3, 1), where a list may stand
        given[parameters[-1]] = call.args[len(parameters) - 1 :]
    result = function(Bound(call, place, {key: _known(value) for key, value in (given | call.kwargs).items()}))
    return result if isinstance(result, list) else [result]


def _known(value: Any) -> Any:
    """The number that a tensor of one is, where it is known."""
    if isinstance(value, Value | Held) and value.fixed is not None and value.fixed.dim() == 0:
        return value.fixed.item()
    return value


def _plain(name: str) -> str:
    """The name of the function that a method, an operator or a call in place is."""
    name = name.strip("_") if name.startswith("__") else name.rstrip("_")
    name = name.removeprefix("i") if name in ("iadd", "isub", "imul", "itruediv", "ipow", "imatmul") else name
    name = {"truediv": "div", "true_divide": "div", "multiply": "mul", "subtract": "sub", "divide": "div"}.get(
        name, name
    )
    return {"radd": "add", "rmul": "mul", "concat": "cat", "concatenate": "cat", "swapaxes": "transpose"}.get(
        name, name
    )


def _what(value: Any) -> str:
    return f"the module's `{value.name}`" if isinstance(value, Held) else f"{value!r}"


# Dimensions: the language has the batch first, and never joined with another, as in windows of a map: what it is joined
# with comes next, before all others. A tensor that does not grow with the batch is the same for each sample; a first
# size of 1 stands for the batch.


def sample(tensor: Value | Held) -> list[int]:
    """The shape of a sample of a tensor.

    Raises:
        UnrecordableError: The batch is where the language cannot have it.
    """
    sizes, batch = list(_sizes(tensor)), _batch(tensor)
    if batch is None:
        return sizes
    size = sizes.pop(batch)
    if isinstance(size, Batched) and size.factor > 1:
        sizes.insert(0, size.factor)
    return sizes


def _sizes(tensor: Value | Held) -> tuple[Any, ...]:
    return tensor.shape if isinstance(tensor, Held) else tensor.sizes


def _batch(tensor: Value | Held) -> int | None:
    """The dimension that is the batch; None where none is, and each sample is given all of it."""
    sizes = _sizes(tensor)
    found = [i for i, size in enumerate(sizes) if isinstance(size, Batched)]
    if len(found) > 1:
        raise UnrecordableError("two dimensions of a tensor grow with the batch")
    if not found and len(sizes) > 1 and sizes[0] == 1:
        return 0
    return found[0] if found else None


def _is_joined(tensor: Value | Held) -> bool:
    """Whether the batch is one dimension with another."""
    size = next((size for size in _sizes(tensor) if isinstance(size, Batched)), None)
    return size is not None and size.factor > 1


def dimension(tensor: Value | Held, dim: int) -> int:
    """Where the language has a dimension of a tensor, counting the batch as 0.

    Raises:
        UnrecordableError: It is the batch.
    """
    batch = _batch(tensor)
    dim %= len(_sizes(tensor))
    if batch is None:
        return dim + 1
    if dim == batch:
        raise UnrecordableError("what is done along the batch mixes samples")
    return dim + (dim < batch) + _is_joined(tensor)


def dimensions(tensor: Value | Held, dims: Any) -> int | list[int]:
    """`dimension` for one, or for several."""
    if isinstance(dims, int):
        return dimension(tensor, dims)
    found = [dimension(tensor, dim) for dim in dims]
    return found[0] if len(found) == 1 else found


# Layers with weights


@rule("conv1d conv2d conv3d", "input weight bias stride padding dilation groups")
def _conv(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    shape = held["weight"].shape
    return b.node(
        "conv", held=held, out_channels=shape[0], kernel_size=_size(shape[2:]), stride=_size(b.get("stride", 1)),
        padding=_size(b.get("padding", 0)), dilation=_size(b.get("dilation", 1)), groups=b.get("groups", 1),
        bias="bias" in held,
    )  # fmt: skip


@rule(
    "conv_transpose1d conv_transpose2d conv_transpose3d",
    "input weight bias stride padding output_padding groups dilation",
)
def _conv_transpose(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    shape, groups = held["weight"].shape, b.get("groups", 1)
    names = ("stride", "padding", "output_padding", "dilation")
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    return b.node(
        "conv_transpose", held=held, out_channels=shape[1] * groups, kernel_size=_size(shape[2:]), groups=groups,
        bias="bias" in held, **{name: _size(b.get(name, defaults[name])) for name in names},
    )  # fmt: skip


@rule("linear", "input weight bias")
def _linear(b: Bound) -> Wire:
    if isinstance(b["bias"], Value):  # put together of several
        held = b.held(weight="weight")
        product = b.node("linear", held=held, out_features=held["weight"].shape[0], bias=False)
        return b.place.node("add", [product, _of_rank(b, b["bias"], len(sample(b.output)))])
    held = b.held(weight="weight", bias="bias")
    return b.node("linear", held=held, out_features=held["weight"].shape[0], bias="bias" in held)


@rule("batch_norm", "input running_mean running_var weight bias training momentum eps")
def _batch_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias", running_mean="running_mean", running_var="running_var")
    wire, back = b.place.wire(b.first), [2, 1, *range(3, len(sample(b.first)) + 1)]
    if _is_joined(b.first):  # the channels are the second dimension of a sample
        wire = b.place.node("permute", [wire], dims=back)
    wire = b.place.node(
        "batch_norm", [wire], held, eps=b.get("eps", 1e-5), momentum=b.get("momentum", 0.1), affine="weight" in held,
        track_running_stats="running_mean" in held,
    )  # fmt: skip
    return b.place.node("permute", [wire], dims=back) if _is_joined(b.first) else wire


@rule("layer_norm", "input normalized_shape weight bias eps")
def _layer_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    shape = list(b["normalized_shape"])
    return b.node(
        "layer_norm", held=held, normalized_shape=None if len(shape) == 1 else shape, eps=b.get("eps", 1e-5),
        elementwise_affine="weight" in held, bias="bias" in held or "weight" not in held,
    )  # fmt: skip


@rule("rms_norm", "input normalized_shape weight eps")
def _rms_norm(b: Bound) -> Wire:
    held = b.held(weight="weight")
    shape = list(b["normalized_shape"])
    return b.node(
        "rms_norm", held=held, normalized_shape=None if len(shape) == 1 else shape, eps=b["eps"],
        elementwise_affine="weight" in held,
    )  # fmt: skip


@rule("group_norm", "input num_groups weight bias eps")
def _group_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    return b.node("group_norm", held=held, num_groups=b["num_groups"], eps=b.get("eps", 1e-5), affine="weight" in held)


@rule("instance_norm", "input running_mean running_var weight bias use_input_stats momentum eps")
def _instance_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias", running_mean="running_mean", running_var="running_var")
    return b.node(
        "instance_norm", held=held, eps=b.get("eps", 1e-5), momentum=b.get("momentum", 0.1), affine="weight" in held,
        track_running_stats="running_mean" in held,
    )  # fmt: skip


@rule("prelu", "input weight")
def _prelu(b: Bound) -> Wire:
    held = b.held(weight="weight")
    return b.node("prelu", held=held, num_parameters=held["weight"].shape[0])


# Activations


def _plain_op(op: str) -> Rule:
    return lambda b: b.node(op)


for _name in "relu relu6 sigmoid tanh silu hardswish hardsigmoid mish abs exp log neg sqrt rsqrt sign sin cos".split():
    rule(_name, "input inplace")(_plain_op(_name))


@rule("gelu", "input approximate")
def _gelu(b: Bound) -> Wire:
    return b.node("gelu", approximate=b.get("approximate", "none"))


@rule("leaky_relu", "input negative_slope inplace")
def _leaky_relu(b: Bound) -> Wire:
    return b.node("leaky_relu", negative_slope=b.get("negative_slope", 0.01))


@rule("elu", "input alpha inplace")
def _elu(b: Bound) -> Wire:
    return b.node("elu", alpha=b.get("alpha", 1.0))


@rule("hardtanh", "input min_val max_val inplace")
def _hardtanh(b: Bound) -> Wire:
    low, high = b.get("min_val", -1.0), b.get("max_val", 1.0)
    return b.node("relu6") if (low, high) == (0, 6) else b.node("hardtanh", min_val=float(low), max_val=float(high))


@rule("softplus", "input beta threshold")
def _softplus(b: Bound) -> Wire:
    return b.node("softplus", beta=float(b.get("beta", 1)), threshold=float(b.get("threshold", 20)))


@rule("softmax", "input dim _stacklevel dtype")
def _softmax(b: Bound) -> Wire:
    return b.node("softmax", dim=dimension(b.first, b["dim"]))


@rule("clamp clip", "input min max")
def _clamp(b: Bound) -> Wire:
    return b.node("clamp", min=b["min"], max=b["max"])


@rule("dropout feature_dropout alpha_dropout", "input p training inplace")
def _dropout(b: Bound) -> Wire:
    p = float(b.get("p", 0.5))
    return b.node("dropout", p=p) if p else b.place.wire(b.first)


@rule("dropout1d dropout2d dropout3d", "input p training inplace")
def _dropout2d(b: Bound) -> Wire:
    return b.node("dropout2d", p=float(b.get("p", 0.5)))


# Pooling and resampling


@rule(
    "max_pool1d max_pool2d max_pool3d boolean_dispatch",
    "input kernel_size stride padding dilation ceil_mode return_indices",
)
def _max_pool(b: Bound) -> Wire:
    kernel = _size(b["kernel_size"])
    stride = _size(b["stride"]) if b["stride"] else kernel
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op == LEAST_PADDED:
        sizes = {"kernel_size": kernel, "stride": stride, "dilation": _size(b.get("dilation", 1))}
        if any(_listed(b.get("padding", 0))) or wire.node.arguments["padding"] != _same_padding(wire, **sizes):
            raise UnrecordableError(LEAST_PADDED)
        sizes["stride"] = None if stride == kernel else stride
        return b.place.node("max_pool", wire.node.operands, None, padding="same_upper", **sizes)
    return b.node(
        "max_pool", kernel_size=kernel, stride=None if stride == kernel else stride, padding=_size(b.get("padding", 0)),
        dilation=_size(b.get("dilation", 1)), ceil_mode=b.get("ceil_mode", False),
    )  # fmt: skip


@rule(
    "avg_pool1d avg_pool2d avg_pool3d",
    "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
)
def _avg_pool(b: Bound) -> Wire:
    kernel = _size(b["kernel_size"])
    stride = _size(b["stride"]) if b["stride"] else kernel
    return b.node(
        "avg_pool", kernel_size=kernel, stride=None if stride == kernel else stride, padding=_size(b.get("padding", 0)),
        ceil_mode=b.get("ceil_mode", False), count_include_pad=b.get("count_include_pad", True),
        divisor_override=b["divisor_override"],
    )  # fmt: skip


@rule("adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", "input output_size")
def _adaptive_avg_pool(b: Bound) -> Wire:
    return _adaptive(b, "avg")


@rule("adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", "input output_size return_indices")
def _adaptive_max_pool(b: Bound) -> Wire:
    return _adaptive(b, "max")


def _adaptive(b: Bound, kind: str) -> Wire:
    size = sample(b.output)[1:]
    return (
        b.node(f"global_{kind}_pool") if set(size) == {1} else b.node(f"adaptive_{kind}_pool", output_size=_size(size))
    )


@rule("interpolate upsample", "input size scale_factor mode align_corners recompute_scale_factor antialias")
def _interpolate(b: Bound) -> Wire:
    if b["antialias"]:
        raise UnrecordableError("interpolate with antialias")
    scale = b["scale_factor"]
    size = None if scale is not None else _size(sample(b.output)[1:])
    scale = scale if isinstance(scale, int | float | None) else list(scale)
    scale = int(scale) if isinstance(scale, float) and scale.is_integer() else scale
    return b.node(
        "upsample",
        size=size,
        scale_factor=scale,
        mode=b.get("mode", "nearest"),
        align_corners=b["align_corners"] or None,
    )


@rule("pixel_shuffle", "input upscale_factor")
def _pixel_shuffle(b: Bound) -> Wire:
    return b.node("pixel_shuffle", upscale_factor=b["upscale_factor"])


@rule("pixel_unshuffle", "input downscale_factor")
def _pixel_unshuffle(b: Bound) -> Wire:
    return b.node("pixel_unshuffle", downscale_factor=b["downscale_factor"])


@rule("channel_shuffle native_channel_shuffle", "input groups")
def _channel_shuffle(b: Bound) -> Wire:
    return b.node("channel_shuffle", groups=b["groups"])


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


# Arithmetic


def _two(op: str) -> Rule:
    def function(b: Bound) -> Wire:
        if b.get("alpha", 1) != 1 or b["rounding_mode"]:
            raise UnrecordableError(f"{b.call.function} with alpha or rounding_mode")
        one, other = b["input"], b["other"]
        if isinstance(one, Value | Held) and isinstance(other, Value | Held):
            return (_masked(b, one, other) if op == "add" else None) or b.place.node(op, _aligned(b, one, other))
        tensor, number = ("input", other) if isinstance(one, Value | Held) else ("other", one)
        if isinstance(number, Batched) or not isinstance(number, int | float):
            raise UnrecordableError(f"{b.call.function} with {_what(number)}")
        return b.node(op, tensor, value=number)

    return function


def _aligned(b: Bound, *operands: Value | Held) -> list[Wire]:
    """What an elementwise op takes: tensors of one rank."""
    return [_of_rank(b, operand, len(sample(b.output))) for operand in operands]


def _of_rank(b: Bound, operand: Value | Held, rank: int) -> Wire:
    """A tensor with sizes of 1 in front."""
    own = sample(operand) or [1] * isinstance(operand, Held)  # a parameter has a dimension
    missing = rank - len(own)
    if missing <= 0:
        return b.place.wire(operand)
    if operand.fixed is not None and operand.fixed.numel() <= FEW_NUMBERS:
        return b.place.constant(operand.fixed.reshape([1] * missing + own))
    wire = b.place.wire(operand)
    if isinstance(operand, Held) or wire.node is None or missing > 1:
        return b.place.node("reshape", [wire], shape=[1] * missing + own)
    return b.place.node("unsqueeze", [wire], dim=1)


def _masked(b: Bound, one: Value | Held, other: Value | Held) -> Wire | None:
    """Scores and the mask of shifted windows; None where they are not that."""
    scores, mask = (one, other) if other.fixed is not None else (other, one)
    if mask.fixed is None or scores.fixed is not None or len(sample(b.output)) != 4:
        return None
    found = shifted_windows(mask.fixed)
    if found is None:
        return None
    size, window, shift = (_size(each) for each in found)
    wire = _of_rank(b, scores, 4)
    return b.place.node("shifted_window_mask", [wire], size=size, window_size=window, shift_size=shift)


for _name in ("add", "mul", "sub", "div"):
    rule(_name, "input other alpha")(_two(_name))


@rule("rsub", "input other")
def _rsub(b: Bound) -> Wire:
    if isinstance(b["other"], Value | Held):
        return b.node("sub", "other", "input")
    return b.place.node("add", [b.node("neg")], value=b["other"])


@rule("maximum", "input other")
def _maximum(b: Bound) -> Wire:
    return b.place.node("maximum", _aligned(b, b.operand("input"), b.operand("other")))


@rule("minimum", "input other")
def _minimum(b: Bound) -> Wire:
    return b.place.node("minimum", _aligned(b, b.operand("input"), b.operand("other")))


@rule("pow", "input exponent")
def _pow(b: Bound) -> Wire:
    return b.node("pow", exponent=b["exponent"])


@rule("zero", "input")
def _zero(b: Bound) -> Wire:
    return b.place.constant(torch.zeros(sample(b.output)))


@rule("fill", "input value")
def _fill(b: Bound) -> Wire:
    return b.place.constant(torch.full(sample(b.output), float(b["value"])))


@rule("square", "input")
def _square(b: Bound) -> Wire:
    return b.node("pow", exponent=2)


@rule("matmul bmm", "input other")
def _matmul(b: Bound) -> Wire:
    return b.node("matmul", "input", "other")


@rule("einsum", "equation operands")
def _einsum(b: Bound) -> Wire:
    """A product of two tensors with one dimension that is summed over, and one of each that is kept."""
    equation = b["equation"].replace(" ", "")
    operands = list(leaves(b["operands"]))
    left, _, out = equation.partition("->")
    terms = left.split(",")
    if not out or len(terms) != 2 or "." in equation or any(len(set(term)) != len(term) for term in (*terms, out)):
        raise UnrecordableError(f"einsum of `{b['equation']}`")
    one, other = terms
    summed = [letter for letter in one if letter in other and letter not in out]
    shared = [letter for letter in out if letter in one and letter in other]
    kept = [[letter for letter in out if letter in term and letter not in shared] for term in terms]
    if [len(summed), *map(len, kept)] != [1, 1, 1] or len(one) != len(shared) + 2 or len(other) != len(shared) + 2:
        raise UnrecordableError(f"einsum of `{b['equation']}`")
    orders = ([*shared, *kept[0], *summed], [*shared, *summed, *kept[1]])
    wires = [
        _arranged(b, b.place.wire(operand), operand, term, order)
        for operand, term, order in zip(operands, terms, orders, strict=True)
    ]
    return _arranged(b, b.place.node("matmul", wires), b.output, "".join([*shared, *kept[0], *kept[1]]), out)


def _arranged(b: Bound, wire: Wire, tensor: Value | Held, letters: str, order: Sequence[str]) -> Wire:
    """A tensor whose dimensions are called by letters, with these in another order."""
    batch = _batch(tensor)
    named = order if isinstance(order, str) and tensor is b.output else letters  # the letter of the batch
    first = named[batch] if batch is not None else ""
    mine = [letter for letter in letters if letter != first]
    wanted = [letter for letter in order if letter != first]
    if mine == wanted:
        return wire
    if _is_joined(tensor):
        raise UnrecordableError("einsum of a tensor whose batch is joined with another dimension")
    return b.place.node("permute", [wire], dims=[mine.index(letter) + 1 for letter in wanted])


@rule("scaled_dot_product_attention", "query key value attn_mask dropout_p is_causal scale")
def _attention(b: Bound) -> Wire:
    wires = b.wires("query", "key", "value")
    if b["attn_mask"] is not None:
        wires.append(_of_rank(b, b.operand("attn_mask"), len(sample(b.output))))
    return b.place.node("scaled_dot_product_attention", wires, is_causal=b.get("is_causal", False), scale=b["scale"])


# Reductions


def _reduction(op: str) -> Rule:
    def function(b: Bound) -> Wire:
        dims = b["dim"]
        if dims is None:
            raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
        return b.node(op, dim=dimensions(b.first, dims), keepdim=b.get("keepdim", False))

    return function


for _name in ("mean", "sum", "amax", "amin"):
    rule(_name, "input dim keepdim")(_reduction(_name))


@rule("var", "input dim correction keepdim unbiased")
def _var(b: Bound) -> Wire:
    """The mean square of what is left without the mean, times n / (n - correction)."""
    if b["dim"] is None:
        raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
    dims, shape = _listed(dimensions(b.first, b["dim"])), sample(b.first)
    wire = b.place.wire(b.first)
    mean = b.place.node("mean", [wire], dim=_one(dims), keepdim=True)
    square = b.place.node("pow", [b.place.node("sub", [wire, mean])], exponent=2)
    found = b.place.node("mean", [square], dim=_one(dims), keepdim=bool(b.get("keepdim", False)))
    count = math.prod(shape[dim - 1] for dim in dims)
    correction = int(b.get("unbiased", b.get("correction", 1)))
    return b.place.node("mul", [found], value=count / (count - correction)) if correction else found


@rule("norm vector_norm", "input p dim keepdim")
def _norm(b: Bound) -> Wire:
    """The p-norm along dimensions."""
    if b["dim"] is None:
        raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
    order = b.get("ord", b.get("p", 2))
    order = 2.0 if order in (None, "fro") else float(order)
    return b.node("vector_norm", "input" if "input" in b.given else "x", ord=order, dim=dimensions(b.first, b["dim"]),
                  keepdim=b.get("keepdim", False))  # fmt: skip


@rule("addcmul", "input tensor1 tensor2 value")
def _addcmul(b: Bound) -> Wire:
    product = b.place.node("mul", _aligned(b, b.operand("tensor1"), b.operand("tensor2")))
    if b.get("value", 1) != 1:
        product = b.place.node("mul", [product], value=b["value"])
    return b.place.node("add", [_of_rank(b, b.operand("input"), len(sample(b.output))), product])


@rule("normalize", "input p dim eps out")
def _normalize(b: Bound) -> Wire:
    return b.node(
        "normalize", p=float(b.get("p", 2.0)), dim=dimensions(b.first, b.get("dim", 1)), eps=b.get("eps", 1e-12)
    )


# Shapes


@rule("contiguous clone detach float to type_as identity", "input other")
def _same(b: Bound) -> Wire:
    counted = b.first.fixed is not None and b.output.dtype.is_floating_point  # whole numbers are the same as others
    if isinstance(b.first, Value) and b.first.dtype != b.output.dtype and not counted:
        raise UnrecordableError(f"a change of data type from {b.first.dtype} to {b.output.dtype}")
    return b.place.wire(b.first)


@rule("flatten", "input start_dim end_dim")
def _flatten(b: Bound) -> Wire:
    return _reshaped(b)


@rule("view reshape unflatten reshape_as view_as", "input shape")
def _reshape(b: Bound) -> Wire:
    return _reshaped(b)


def _reshaped(b: Bound) -> Wire:
    before, after = sample(b.first), sample(b.output)
    if (_batch(b.first) or _batch(b.output)) and [_batch(b.first), before] != [_batch(b.output), after]:
        raise UnrecordableError("a reshape of a tensor whose batch is not its first dimension")
    if isinstance(b.first, Held) and [size for size in before if size > 1] == [size for size in after if size > 1]:
        return b.place.wire(replace(b.first, shape=tuple(after)) if len(after) == 1 or after[0] > 1 else b.first)
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op in ("flatten", "reshape") and wire.node.operands[0].shape:
        wire = wire.node.operands[0]
        before = list(wire.shape)
    if before == after:
        return wire
    if len(after) == 1:
        return b.place.node("flatten", [wire])
    if len(before) > len(after):
        joined = len(before) - len(after) + 1
        for start in range(len(after)):
            end = start + joined
            if [*before[:start], math.prod(before[start:end]), *before[end:]] == after:
                return b.place.node("flatten", [wire], start_dim=start + 1, end_dim=-1 if end == len(before) else end)
    return b.place.node("reshape", [wire], shape=after)


@rule("permute", "input dims")
def _permute(b: Bound) -> Wire:
    dims = b["dims"]
    return _permuted(b, list(dims[0] if len(dims) == 1 and isinstance(dims[0], list | tuple) else dims))


@rule("transpose", "input dim0 dim1")
def _transpose(b: Bound) -> Wire:
    dims = list(range(len(_sizes(b.first))))
    one, other = b["dim0"] % len(dims), b["dim1"] % len(dims)
    dims[one], dims[other] = dims[other], dims[one]
    return _permuted(b, dims)


@rule("t", "input")
def _t(b: Bound) -> Wire:
    return _permuted(b, [1, 0])


def _permuted(b: Bound, dims: list[int]) -> Wire:
    batch = _batch(b.first)
    sample(b.output)
    moved = [dimension(b.first, dim) for dim in dims if dim % len(dims) != batch]
    moved = [1, *moved] if _is_joined(b.first) else moved
    wire = b.place.wire(b.first)
    if wire.node is not None and wire.node.op == "permute":
        before = wire.node.arguments["dims"]
        both = [before[dim - 1] for dim in moved]
        if both == sorted(both):
            return wire.node.operands[0]
    return wire if moved == sorted(moved) else b.place.node("permute", [wire], dims=moved)


@rule("unsqueeze", "input dim")
def _unsqueeze(b: Bound) -> Wire:
    if sample(b.first) == sample(b.output):
        return b.place.wire(b.first)
    return b.node("unsqueeze", dim=dimension(b.output, b["dim"]))


@rule("squeeze", "input dim")
def _squeeze(b: Bound) -> Wire:
    dim = b["dim"]
    dims = [dim] if isinstance(dim, int) else range(len(_sizes(b.first))) if dim is None else dim
    wire = b.place.wire(b.first)
    if sample(b.first) == sample(b.output):
        return wire
    ones = [d for d in dims if _sizes(b.first)[d] == 1]
    for ours in sorted((dimension(b.first, d) for d in ones), reverse=True):
        wire = b.place.node("squeeze", [wire], dim=ours)
    return wire


@rule("cat", "tensors dim")
def _cat(b: Bound) -> Wire:
    tensors = [tensor for tensor in b["tensors"] if 0 not in _sizes(tensor)]
    whole = max(tensors, key=lambda tensor: any(isinstance(size, Batched) for size in _sizes(tensor)))
    dim = dimension(whole, b.get("dim", 0))
    wires = [b.place.wire(tensor) for tensor in tensors]
    if len(wires) == 1 and len(b["tensors"]) > 1:
        return wires[0]
    return b.place.node("concat", wires, dim=dim)


@rule("stack", "tensors dim")
def _stack(b: Bound) -> Wire:
    dim = dimension(b.output, b.get("dim", 0))
    return b.place.node("stack", [b.place.wire(tensor) for tensor in b["tensors"]], dim=dim)


@rule("chunk", "input chunks dim")
def _chunk(b: Bound) -> list[Wire]:
    return _parts(b, b.get("dim", 0))


@rule("split split_with_sizes tensor_split", "input split_size_or_sections dim")
def _split(b: Bound) -> list[Wire]:
    return _parts(b, b.get("dim", 0))


def _parts(b: Bound, dim: int) -> list[Wire]:
    """Parts of a dimension: of equal size, `split`, else `slice`."""
    ours, sizes = dimension(b.first, dim), [value.sizes[dim] for value in b.call.outputs]
    wire = b.place.wire(b.first)
    if len(set(sizes)) == 1:
        return [b.place.node("split", [wire], chunks=len(sizes), index=i, dim=ours) for i in range(len(sizes))]
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [
        b.place.node("slice", [wire], dim=ours, start=end - size, stop=end if end < sum(sizes) else None)
        for size, end in zip(sizes, ends, strict=True)
    ]


@rule("unbind", "input dim")
def _unbind(b: Bound) -> list[Wire]:
    dim = b.get("dim", 0)
    ours, count = dimension(b.first, dim), len(b.call.outputs)
    wire = b.place.wire(b.first)
    parts = [b.place.node("split", [wire], chunks=count, index=i, dim=ours) for i in range(count)]
    return [b.place.node("squeeze", [part], dim=ours) for part in parts]


@rule("getitem", "input index")
def _getitem(b: Bound) -> Wire:
    index = b["index"]
    if isinstance(index, Value | Held):
        return _looked_up(b, index)
    items = list(index) if isinstance(index, tuple) else [index]
    if len(items) == 2 and items[0] == slice(None) and isinstance(items[1], Value | Held):
        return _separated(b, items[1])
    if any(item is Ellipsis for item in items):
        at = next(i for i, item in enumerate(items) if item is Ellipsis)
        missing = len(_sizes(b.first)) - len(items) + 1 + sum(item is None for item in items)
        items[at : at + 1] = [slice(None)] * missing
    wire, squeezed, added, kept = b.place.wire(b.first), [], [], 0
    dims = iter(range(len(_sizes(b.first))))
    for item in items:
        if item is None:
            added.append(kept)
            kept += 1
            continue
        dim = next(dims)
        if isinstance(item, slice):
            kept += 1
            wire = _sliced(b, wire, dim, item)
        elif isinstance(item, int):
            ours = dimension(b.first, dim)
            at = item % _sizes(b.first)[dim]
            wire = b.place.node("slice", [wire], dim=ours, start=at, stop=at + 1)
            squeezed.append(ours)
        else:
            raise UnrecordableError(f"an index with {_what(item)}")
    for ours in sorted(squeezed, reverse=True):
        wire = b.place.node("squeeze", [wire], dim=ours)
    for dim in added:
        if not _is_batch_of_one(b.output, dim):
            wire = b.place.node("unsqueeze", [wire], dim=dimension(b.output, dim))
    return wire


def _is_batch_of_one(tensor: Value, dim: int) -> bool:
    """Whether a dimension of size 1 is what stands for the batch."""
    return _batch(tensor) == dim and tensor.sizes[dim] == 1


def _sliced(b: Bound, wire: Wire, dim: int, item: slice) -> Wire:
    if item == slice(None):
        return wire
    size = _sizes(b.first)[dim]
    if isinstance(size, Batched):
        raise UnrecordableError("a part of the batch is taken")
    start, stop, step = item.indices(size)
    if (start, stop, step) == (0, size, 1):
        return wire
    if start >= stop:
        return Wire(Node("", "tensors without numbers"))
    return b.place.node("slice", [wire], dim=dimension(b.first, dim), start=item.start or 0, stop=item.stop, step=step)


@rule("setitem", "input index value")
def _setitem(b: Bound) -> Wire:
    """What stands in a part of a tensor after something was written there."""
    items = b["index"] if isinstance(b["index"], tuple) else (b["index"],)
    if any(item is Ellipsis for item in items):
        at = next(i for i, item in enumerate(items) if item is Ellipsis)
        items = (*items[:at], *[slice(None)] * (len(_sizes(b.first)) - len(items) + 1), *items[at + 1 :])
    parts = [(dim, item) for dim, item in enumerate(items) if item != slice(None)]
    if len(parts) != 1 or not isinstance(parts[0][1], int | slice):
        raise UnrecordableError("a part of a tensor is written that is not a range of one dimension")
    ((dim, item),) = parts
    ours, size = dimension(b.first, dim), _sizes(b.first)[dim]
    start, stop, step = (item % size, item % size + 1, 1) if isinstance(item, int) else item.indices(size)
    if step != 1 or start >= stop:
        raise UnrecordableError("a part of a tensor is written that is not a range of one dimension")
    whole = sample(b.first)
    shape = [*whole[: ours - 1], stop - start, *whole[ours:]]
    wire = b.place.wire(b.first)
    pieces = [_written(b, b["value"], shape, ours if isinstance(item, int) else None)]
    if start > 0:
        pieces.insert(0, b.place.node("slice", [wire], dim=ours, start=0, stop=start))
    if stop < size:
        pieces.append(b.place.node("slice", [wire], dim=ours, start=stop))
    return pieces[0] if len(pieces) == 1 else b.place.node("concat", pieces, dim=ours)


def _written(b: Bound, value: Any, shape: list[int], added: int | None) -> Wire:
    """What is written into a part of a tensor, in the shape of the part."""
    if isinstance(value, int | float):
        return b.place.constant(torch.full(shape, float(value)))
    if not isinstance(value, Value | Held):
        raise UnrecordableError(f"{_what(value)} is written into a tensor")
    own = sample(value)
    if added is not None and len(own) == len(shape) - 1:
        wire = b.place.node("unsqueeze", [b.place.wire(value)], dim=added)
        own.insert(added - 1, 1)
    else:
        wire = b.place.wire(value)
    if len(own) != len(shape):
        raise UnrecordableError("a tensor of another rank is written into a part of one")
    return wire if own == shape else b.place.node("expand", [wire], shape=shape)


def _separated(b: Bound, index: Value | Held) -> Wire:
    """Columns of a table by how far places of a map are apart: the bias of a table that is the same on all sides."""
    table = sample(b.first)
    found = separations(index.fixed, table[1]) if index.fixed is not None and len(table) == 2 else None
    if found is None:
        raise UnrecordableError("an index with a tensor")
    (h, w), stride = found
    heads = table[0]
    wire = b.place.node("reshape", [b.place.wire(b.first)], shape=[heads, h, w])
    for dim in (2, 3):
        if (h, w)[dim - 2] > 1:
            behind = b.place.node("slice", [wire], dim=dim, start=1)
            wire = b.place.node("concat", [b.place.node("flip", [behind], dims=dim), wire], dim=dim)
    wire = b.place.node("reshape", [wire], shape=[heads, (2 * h - 1) * (2 * w - 1)])
    wire = b.place.node("permute", [wire], dims=[2, 1])
    wire = b.place.node("relative_position_bias", [wire], window_size=_size([h, w]))
    if stride == 1:
        return wire
    wire = b.place.node("reshape", [wire], shape=[heads, h, w, h * w])
    for dim in (2, 3):
        wire = b.place.node("slice", [wire], dim=dim, step=stride)
    return b.place.node("reshape", [wire], shape=[heads, index.fixed.shape[0] if index.fixed is not None else 0, h * w])


def _looked_up(b: Bound, index: Value | Held) -> Wire:
    """Rows of a table by fixed numbers: those of a bias by relative positions."""
    window = distances(index.fixed) if index.fixed is not None else None
    table = sample(b.first)
    if window is None and index.fixed is not None and (inner := distances_with_class(index.fixed)):
        return _looked_up_with_class(b, inner, flat=index.fixed.dim() == 1)
    if window is None or len(table) != 2 or index.fixed is None:
        raise UnrecordableError("an index with a tensor")
    h, w = window
    if table[0] != (2 * h - 1) * (2 * w - 1):
        raise UnrecordableError("an index with a tensor")
    wire = b.node("relative_position_bias", window_size=_size(list(window)))
    wire.shape = (table[1], h * w, h * w)
    wire = b.place.node("permute", [wire], dims=[2, 3, 1])
    wire.shape = (h * w, h * w, table[1])
    if index.fixed.dim() == 2:
        return wire
    return b.place.node("flatten", [wire], start_dim=1, end_dim=2)


def _looked_up_with_class(b: Bound, window: tuple[int, int], *, flat: bool) -> Wire:
    """The same with a class token before the places, whose three rows are the last of the table."""
    (rows, heads), places = sample(b.first), window[0] * window[1]
    table = b.place.wire(b.first)

    def of_class(row: int) -> Wire:
        wire = b.place.node("slice", [table], dim=1, start=row, stop=row + 1)
        return b.place.node("reshape", [wire], shape=[heads, 1, 1])

    inside = b.place.node("slice", [table], dim=1, stop=rows - 3)
    inside = b.place.node("relative_position_bias", [inside], window_size=_size(list(window)))
    to_others = b.place.node("expand", [of_class(rows - 3)], shape=[heads, 1, places])
    to_class = b.place.node("expand", [of_class(rows - 2)], shape=[heads, places, 1])
    upper = b.place.node("concat", [of_class(rows - 1), to_others], dim=3)
    lower = b.place.node("concat", [to_class, inside], dim=3)
    wire = b.place.node("concat", [upper, lower], dim=2)
    wire.shape = (heads, places + 1, places + 1)
    wire = b.place.node("permute", [wire], dims=[2, 3, 1])
    wire.shape = (places + 1, places + 1, heads)
    return b.place.node("flatten", [wire], start_dim=1, end_dim=2) if flat else wire


@rule("select", "input dim index")
def _select(b: Bound) -> Wire:
    ours, at = dimension(b.first, b["dim"]), b["index"] % _sizes(b.first)[b["dim"]]
    return b.place.node("squeeze", [b.node("slice", dim=ours, start=at, stop=at + 1)], dim=ours)


@rule("narrow", "input dim start length")
def _narrow(b: Bound) -> Wire:
    return b.node("slice", dim=dimension(b.first, b["dim"]), start=b["start"], stop=b["start"] + b["length"])


@rule("roll", "input shifts dims")
def _roll(b: Bound) -> Wire:
    return b.node("roll", shifts=_list(b["shifts"]), dims=dimensions(b.first, b["dims"]))


@rule("flip", "input dims")
def _flip(b: Bound) -> Wire:
    return b.node("flip", dims=dimensions(b.first, _list(b["dims"])))


@rule("meshgrid", "first second indexing")
def _meshgrid(b: Bound) -> list[Wire]:
    """Each of several rows of numbers along a dimension of its own."""
    tensors = [leaf for leaf in leaves(list(b.given.values())) if isinstance(leaf, Value)]
    order = list(range(len(tensors)))
    if b.get("indexing", "ij") == "xy" and len(tensors) > 1:
        order[:2] = [1, 0]
    wires = []
    for tensor, at, output in zip(tensors, order, b.call.outputs, strict=True):
        sizes = sample(output)
        own = [size if dim == at else 1 for dim, size in enumerate(sizes)]
        row = b.place.node("reshape", [b.place.wire(tensor)], shape=own)
        wires.append(b.place.node("expand", [row], shape=sizes))
    return wires


@rule("unfold", "input kernel_size dilation padding stride")
def _unfold(b: Bound) -> Wire:
    """Of a map; `Tensor.unfold` has the same name, and takes windows of one dimension."""
    if isinstance(b.call.args[0], Value) and len(b.call.args) == 4:
        raise UnrecordableError("windows of one dimension are taken by Tensor.unfold")
    return b.node("unfold", kernel_size=_size(b["kernel_size"]), dilation=_size(b.get("dilation", 1)),
                  padding=_size(b.get("padding", 0)), stride=_size(b.get("stride", 1)))  # fmt: skip


@rule("fold", "input output_size kernel_size dilation padding stride")
def _fold(b: Bound) -> Wire:
    return b.node("fold", output_size=_size(b["output_size"]), kernel_size=_size(b["kernel_size"]),
                  dilation=_size(b.get("dilation", 1)), padding=_size(b.get("padding", 0)),
                  stride=_size(b.get("stride", 1)))  # fmt: skip


@rule("max min", "input dim keepdim")
def _max(b: Bound) -> Wire | list[Wire]:
    """The extreme of a dimension, whose place nothing may take; or of two tensors."""
    kind = b.call.function
    if isinstance(b["dim"], Value | Held):
        return b.place.node(f"{kind}imum", _aligned(b, b.operand("input"), b.operand("dim")))
    if not isinstance(b["dim"], int):
        raise UnrecordableError(f"{kind} over all dimensions mixes samples")
    wire = b.node(f"a{kind}", dim=dimension(b.first, b["dim"]), keepdim=b.get("keepdim", False))
    return [wire, Wire(Node("", f"the places of {kind}"))]


@rule("expand expand_as broadcast_to", "input size")
def _expand(b: Bound) -> Wire:
    if sample(b.first) == sample(b.output):  # each sample is given it
        return b.place.wire(b.first)
    return b.node("expand", "input", shape=sample(b.output))


@rule("repeat_interleave", "input repeats dim")
def _repeat_interleave(b: Bound) -> Wire:
    """Each place of a dimension several times; of the batch, parts that have one sample each."""
    if b["dim"] is None:
        raise UnrecordableError("repeat_interleave over all dimensions mixes samples")
    before, after = sample(b.first), sample(b.output)
    if before == after:
        return b.place.wire(b.first)
    if b["dim"] % len(_sizes(b.first)) == _batch(b.first):
        if _is_joined(b.first) or not isinstance(b["repeats"], int):
            raise UnrecordableError("repeat_interleave of parts of a map that are joined with the batch")
        return b.place.node("expand", [b.place.node("unsqueeze", [b.place.wire(b.first)], dim=1)], shape=after)
    dim = dimension(b.first, b["dim"])
    wire = b.place.node("unsqueeze", [b.place.wire(b.first)], dim=dim + 1)
    wire = b.place.node("expand", [wire], shape=[*before[:dim], b["repeats"], *before[dim:]])
    return b.place.node("flatten", [wire], start_dim=dim, end_dim=dim + 1)


@rule("repeat tile", "input repeats")
def _repeat(b: Bound) -> Wire:
    """A tensor beside itself along dimensions."""
    before, after = sample(b.first), sample(b.output)
    wire = b.place.wire(b.first)
    before = [1] * (len(after) - len(before)) + before
    if len(before) != len(after) or any(size % own for own, size in zip(before, after, strict=True)):
        raise UnrecordableError(f"{b.call.function} of the batch mixes samples")
    if len(before) > len(sample(b.first)):
        wire = b.place.node("reshape", [wire], shape=before)
    if before == after:
        return wire
    if all(own in (1, size) for own, size in zip(before, after, strict=True)):
        return b.place.node("expand", [wire], shape=after)
    for dim, (own, size) in enumerate(zip(before, after, strict=True), 1):
        if own != size:
            wire = b.place.node("concat", [wire] * (size // own), dim=dim)
    return wire


def _one(dims: list[int]) -> int | list[int]:
    return dims[0] if len(dims) == 1 else dims


def _listed(dims: int | list[int]) -> list[int]:
    return [dims] if isinstance(dims, int) else dims


def _size(sizes: Any) -> Any:
    """A size for each dimension, as one where they are equal."""
    if not isinstance(sizes, list | tuple):
        return sizes
    return sizes[0] if len(set(sizes)) == 1 else list(sizes)


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
