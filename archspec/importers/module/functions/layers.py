"""Layers with tensors of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import of_rank
from archspec.importers.module.functions.calls import Bound, rule, size_of
from archspec.importers.module.functions.dimensions import is_joined, sample, sizes_of
from archspec.importers.module.idioms import SCALED
from archspec.importers.module.runs import Held, UnrecordableError, Value
from archspec.ops.same import same_pads
from archspec.ops.tensor import Shape
from archspec.pytorch.weights.tensors import fits


@rule("conv1d conv2d conv3d", "input weight bias stride padding dilation groups")
def _conv(b: Bound) -> Wire:
    return _convolved(b)


def _convolved(b: Bound) -> Wire:
    held, computed = b.parametrized(weight="weight", bias="bias")
    shape = sizes_of(b.operand("weight"))
    sizes = {"kernel_size": shape[2:]} | {name: b.get(name, usual) for name, usual in _PLAIN.items()}
    given = {"out_channels": shape[0], "groups": b.get("groups", 1), "bias": "bias" in held, **computed}
    rank = len(shape) - 2
    if not is_joined(b.first):
        wire = b.place.wire(b.first)
        if _is_same_upper(wire, *(_each(sizes[name], rank) for name in sizes)):
            assert wire.node is not None
            wire, sizes["padding"] = b.place.pass_by(wire.node), "same_upper"
        return b.place.node("conv", [wire], held, **given, **{name: size_of(each) for name, each in sizes.items()})
    if rank < 3:
        across = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}
        sizes = {
            name: each if isinstance(each, str) else [across[name], *_each(each, rank)] for name, each in sizes.items()
        }
        return _of_each_map(b, held, given | {name: size_of(each) for name, each in sizes.items()})
    return _part_by_part(b, held, given | {name: size_of(each) for name, each in sizes.items()})


_PLAIN: dict[str, Any] = {"stride": 1, "padding": 0, "dilation": 1}
"""What a convolution has where nothing is said."""


def _each(size: Any, rank: int) -> Any:
    """A number for each spatial dimension; the name of a padding."""
    return size if isinstance(size, str) else (size,) * rank if isinstance(size, int) else tuple(size)


def _is_same_upper(wire: Wire, kernel: Shape, stride: Shape, padding: Any, dilation: Shape) -> bool:
    """Whether what a convolution with a step takes was padded so that its output has the size over the step."""
    if wire.node is None or wire.node.op != "pad" or set(wire.node.arguments) != {"padding"}:
        return False
    sizes = wire.node.operands[0].shape[1:]
    if max(stride) == 1 or any(padding) or len(sizes) != len(kernel):
        return False
    window = tuple((size - 1) * apart + 1 for size, apart in zip(kernel, dilation, strict=True))
    pads = same_pads(sizes, window, stride, "same_upper")
    return bool(wire.node.arguments["padding"] == [places for pair in reversed(pads) for places in pair])


def _of_each_map(b: Bound, held: dict[str, Held], arguments: dict[str, Any]) -> Wire:
    """A convolution of each of the maps that are joined with the batch: one of all, which lie behind one another."""
    turned = [2, 1, *range(3, len(sample(b.first)) + 1)]
    wire = b.place.node("permute", [b.place.wire(b.first)], dims=turned)
    return b.place.node("permute", [b.place.node("conv", [wire], held, **arguments)], dims=turned)


_MOST_PARTS = 16
"""How many calls of one layer are written."""


def _part_by_part(b: Bound, held: dict[str, Held], arguments: dict[str, Any]) -> Wire:
    """A convolution of each part that is joined with the batch: a call of one layer for each."""
    count = sample(b.first)[0]
    if count > _MOST_PARTS:
        raise UnrecordableError(f"{b.call.function} in {count} parts of a map that are joined with the batch")
    given = b.place.wire(b.first)
    parts = []
    for i in range(count):
        part = b.place.node("split", [given], chunks=count, index=i, dim=1) if count > 1 else given
        part = b.place.node("squeeze", [part], dim=1)
        parts.append(b.place.node("conv", [part], held, **arguments))
    return b.place.node("stack", parts, dim=1) if count > 1 else b.place.node("unsqueeze", parts, dim=1)


@rule(SCALED, "input weight bias stride padding dilation groups gain scale")
def _scaled_conv(b: Bound) -> Wire:
    """The weights of each output are scaled: so is what they give."""
    shape = (sizes_of(b.operand("weight"))[0], *(1 for _ in sample(b.output)[1:]))
    wire = _convolved(replace(b, given={**b.given, "bias": None}))
    gain = b.place.wire(_as(b.operand("gain"), shape))
    wire = b.place.node("mul", [wire, b.place.node("mul", [gain], value=b["scale"])])
    return wire if b["bias"] is None else b.place.node("add", [wire, b.place.wire(_as(b.operand("bias"), shape))])


def _as(tensor: Value | Held, shape: tuple[int, ...]) -> Held:
    """A parameter of one number for each channel, in the shape in which it is an operand."""
    if not isinstance(tensor, Held) or not fits(shape, tensor.shape):
        raise UnrecordableError("a convolution whose scale or bias is computed")
    return replace(tensor, shape=shape)


@rule(
    "conv_transpose1d conv_transpose2d conv_transpose3d",
    "input weight bias stride padding output_padding groups dilation",
)
def _conv_transpose(b: Bound) -> Wire:
    held, computed = b.parametrized(weight="weight", bias="bias")
    shape, groups = sizes_of(b.operand("weight")), b.get("groups", 1)
    names = ("stride", "padding", "output_padding", "dilation")
    defaults = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1}
    return b.node(
        "conv_transpose", held=held, out_channels=shape[1] * groups, kernel_size=size_of(shape[2:]), groups=groups,
        bias="bias" in held, **{name: size_of(b.get(name, defaults[name])) for name in names}, **computed,
    )  # fmt: skip


@rule("linear", "input weight bias")
def _linear(b: Bound) -> Wire:
    if isinstance(b["weight"], Value):
        return _linear_by_product(b)
    if isinstance(b["bias"], Value):  # put together of several
        held = b.held(weight="weight")
        product = b.node("linear", held=held, out_features=held["weight"].shape[0], bias=False)
        return b.place.node("add", [product, of_rank(b, b["bias"], len(sample(b.output)))])
    held, computed = b.parametrized(weight="weight", bias="bias")
    features = sizes_of(b.operand("weight"))[0]
    return b.node("linear", held=held, out_features=features, bias="bias" in held, **computed)


def _linear_by_product(b: Bound) -> Wire:
    """A linear layer whose weight is computed, such as a part of one: a product with its transpose."""
    weight, rank = b.operand("weight"), len(sample(b.output))
    turned = b.place.wire(weight)
    if sample(weight) != list(sizes_of(weight)):
        turned = b.place.node("reshape", [turned], shape=list(sizes_of(weight)))
    turned = b.place.node("permute", [turned], dims=[2, 1])
    if rank > 2:
        turned = b.place.node("reshape", [turned], shape=[*[1] * (rank - 2), *sizes_of(weight)[::-1]])
    wire = b.place.node("matmul", [of_rank(b, b.first, max(rank, 2)), turned])
    wire = b.place.node("squeeze", [wire], dim=1) if rank == 1 else wire
    return wire if b["bias"] is None else b.place.node("add", [wire, of_rank(b, b.operand("bias"), rank)])


@rule("batch_norm", "input running_mean running_var weight bias training momentum eps")
def _batch_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias", running_mean="running_mean", running_var="running_var")
    wire, back = b.place.wire(b.first), [2, 1, *range(3, len(sample(b.first)) + 1)]
    if is_joined(b.first):  # the channels are the second dimension of a sample
        wire = b.place.node("permute", [wire], dims=back)
    wire = _normalised(
        b, wire, "batch_norm", held, eps=b.get("eps", 1e-5), momentum=b.get("momentum", 0.1),
        track_running_stats="running_mean" in held,
    )  # fmt: skip
    return b.place.node("permute", [wire], dims=back) if is_joined(b.first) else wire


def _normalised(b: Bound, wire: Wire, op: str, held: dict[str, Held], **arguments: Any) -> Wire:
    """A norm of channels with a scale and a shift, which an op has both or neither: one alone is a node of its own."""
    own = [name for name in ("weight", "bias") if name in held]
    if len(own) != 1:
        return b.place.node(op, [wire], held, affine=bool(own), **arguments)
    (name,) = own
    shape = (*held[name].shape, *(1 for _ in sample(b.first)[1:]))
    parameter = b.place.wire(_as(held.pop(name), shape))
    wire = b.place.node(op, [wire], held, affine=False, **arguments)
    return b.place.node("mul" if name == "weight" else "add", [wire, parameter])


@rule("layer_norm", "input normalized_shape weight bias eps")
def _layer_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    shape = list(b["normalized_shape"])
    shift = held.pop("bias", None) if "weight" not in held else None  # which the op has with a scale alone
    wire = b.node(
        "layer_norm", held=held, normalized_shape=None if len(shape) == 1 else shape, eps=b.get("eps", 1e-5),
        elementwise_affine="weight" in held, bias="bias" in held or "weight" not in held,
    )  # fmt: skip
    return b.place.node("add", [wire, of_rank(b, shift, len(sample(b.output)))]) if shift else wire


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
    return _normalised(b, b.map(), "group_norm", held, num_groups=b["num_groups"], eps=b.get("eps", 1e-5))


@rule("instance_norm", "input running_mean running_var weight bias use_input_stats momentum eps")
def _instance_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias", running_mean="running_mean", running_var="running_var")
    return _normalised(
        b, b.map(), "instance_norm", held, eps=b.get("eps", 1e-5), momentum=b.get("momentum", 0.1),
        track_running_stats="running_mean" in held,
    )  # fmt: skip


@rule("prelu", "input weight")
def _prelu(b: Bound) -> Wire:
    held = b.held(weight="weight")
    return b.node("prelu", held=held, num_parameters=held["weight"].shape[0])


@rule("hardtanh", "input min_val max_val inplace")
def _hardtanh(b: Bound) -> Wire:
    low, high = b.number("min_val", -1.0), b.number("max_val", 1.0)
    return b.node("relu6") if (low, high) == (0, 6) else b.node("hardtanh", min_val=float(low), max_val=float(high))


@rule("dropout alpha_dropout feature_dropout feature_alpha_dropout", "input p training inplace")
def _dropout(b: Bound) -> Wire:
    p, op = float(b.number("p", 0.5)), "dropout2d" if b.function.startswith("feature") else "dropout"
    return b.node(op, p=p) if p else b.place.wire(b.first)
