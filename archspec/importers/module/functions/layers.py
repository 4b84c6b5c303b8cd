"""Layers with tensors of their own."""

from __future__ import annotations

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import of_rank
from archspec.importers.module.functions.calls import Bound, rule, size_of
from archspec.importers.module.functions.dimensions import is_joined, sample
from archspec.importers.module.recording import Value


@rule("conv1d conv2d conv3d", "input weight bias stride padding dilation groups")
def _conv(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias")
    shape = held["weight"].shape
    return b.node(
        "conv", held=held, out_channels=shape[0], kernel_size=size_of(shape[2:]), stride=size_of(b.get("stride", 1)),
        padding=size_of(b.get("padding", 0)), dilation=size_of(b.get("dilation", 1)), groups=b.get("groups", 1),
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
        "conv_transpose", held=held, out_channels=shape[1] * groups, kernel_size=size_of(shape[2:]), groups=groups,
        bias="bias" in held, **{name: size_of(b.get(name, defaults[name])) for name in names},
    )  # fmt: skip


@rule("linear", "input weight bias")
def _linear(b: Bound) -> Wire:
    if isinstance(b["bias"], Value):  # put together of several
        held = b.held(weight="weight")
        product = b.node("linear", held=held, out_features=held["weight"].shape[0], bias=False)
        return b.place.node("add", [product, of_rank(b, b["bias"], len(sample(b.output)))])
    held = b.held(weight="weight", bias="bias")
    return b.node("linear", held=held, out_features=held["weight"].shape[0], bias="bias" in held)


@rule("batch_norm", "input running_mean running_var weight bias training momentum eps")
def _batch_norm(b: Bound) -> Wire:
    held = b.held(weight="weight", bias="bias", running_mean="running_mean", running_var="running_var")
    wire, back = b.place.wire(b.first), [2, 1, *range(3, len(sample(b.first)) + 1)]
    if is_joined(b.first):  # the channels are the second dimension of a sample
        wire = b.place.node("permute", [wire], dims=back)
    wire = b.place.node(
        "batch_norm", [wire], held, eps=b.get("eps", 1e-5), momentum=b.get("momentum", 0.1), affine="weight" in held,
        track_running_stats="running_mean" in held,
    )  # fmt: skip
    return b.place.node("permute", [wire], dims=back) if is_joined(b.first) else wire


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


@rule("hardtanh", "input min_val max_val inplace")
def _hardtanh(b: Bound) -> Wire:
    low, high = b.get("min_val", -1.0), b.get("max_val", 1.0)
    return b.node("relu6") if (low, high) == (0, 6) else b.node("hardtanh", min_val=float(low), max_val=float(high))


@rule("dropout feature_dropout alpha_dropout", "input p training inplace")
def _dropout(b: Bound) -> Wire:
    p = float(b.get("p", 0.5))
    return b.node("dropout", p=p) if p else b.place.wire(b.first)
