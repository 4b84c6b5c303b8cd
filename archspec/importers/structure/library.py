"""Blocks of the library, where nodes are what they hold: convolutions with norm and activation, fire, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.draft import Shape
from archspec.importers.structure.norms import NormBlocks
from archspec.importers.structure.units import ACTIVATIONS, FUSED, Graph, Unit, again_of, only_taker, rename, takers_of

_LEAST_IN_RESIDUAL = 4
_CONV = frozenset("op out_channels kernel_size stride padding dilation groups bias".split())


def name_norm(graph: Graph) -> None:
    """Give the network a parameter for its normalisation, where all are alike and not as they are by default."""
    norms = [unit for unit in graph.units if unit.kind == "batch_norm" and "affine" not in unit.node]
    if len(norms) > 1 and norms[0].node.keys() > {"op"} and all(unit.node == norms[0].node for unit in norms):
        graph.params["norm"] = {"default": norms[0].node, "doc": "Normalisation."}
        for unit in norms:
            unit.node = {"op": "$norm"}


def fuse(graph: Graph) -> None:
    """Make one block of a convolution, the norm, and the activation behind it."""
    takers, again = takers_of(graph), again_of(graph)
    norms, own = {"batch_norm", "$norm", *graph.blocks}, NormBlocks()
    gone: set[int] = set()
    names: dict[str, str] = {}
    for unit in graph.units:
        if unit.kind != "conv" or not unit.node.keys() <= _CONV or isinstance(unit.node.get("padding"), str):
            continue
        after = only_taker(unit.name, takers)
        norm = after if after is not None and after.kind in norms else None
        after = only_taker(norm.name, takers) if norm else after
        act = after if after is not None and after.kind in ACTIVATIONS else None
        block = _fused(unit.node, norm.node if norm else None, act.node if act else None, own)
        if block is None and norm is not None:
            act, block = None, _fused(unit.node, norm.node, None, own)
        if block is None:
            continue
        behind = [each for each in (norm, act) if each is not None]
        calls = {each.name: _behind(each, norm, act, takers) for each in again[unit.name]}
        if None in calls.values() or (norm and len(again[norm.name]) != len(calls)):
            continue  # what is called again is another part of it
        for name, parts in {unit.name: behind, **calls}.items():
            for each in parts or ():
                gone.add(id(each))
                names[each.name] = name
        for each in (unit, *again[unit.name]):
            each.shape = behind[-1].shape if behind else unit.shape
        unit.node = block
    graph.units = [unit for unit in graph.units if id(unit) not in gone]
    rename(graph, names)
    own.declare(graph)


def _behind(call: Unit, norm: Unit | None, act: Unit | None, takers: Mapping[str, list[Unit]]) -> list[Unit] | None:
    """What stands behind a further call of a convolution, as a norm and an activation behind the first; else None."""
    found = [call]
    for node in ({"reuse": norm.name} if norm else None, act.node if act else None):
        after = only_taker(found[-1].name, takers) if node else found[-1]
        if after is None or (node and after.node != node):
            return None
        found += [after] if node else []
    return found[1:]


def _fused(
    conv: dict[str, Any], norm: dict[str, Any] | None, act: dict[str, Any] | None, own: NormBlocks
) -> dict[str, Any] | None:
    """The block of a convolution with what follows it; None where there is none."""
    value = None if act is None else act["op"] if list(act) == ["op"] else act
    arguments = _block_arguments(conv)
    biased = conv.get("bias", True)
    if norm is None:
        return {"block": "conv_relu", **arguments} if value == "relu" and biased else None
    if "block" in norm:
        return {"block": own.name(norm["block"], act), **arguments} | ({"bias": True} if biased else {})
    if norm["op"] == "$norm":
        arguments["norm"] = "$norm"
    changed = {key: each for key, each in norm.items() if key != "op"}
    if not biased and (value is None or value in list(FUSED)) and changed.keys() <= {"eps"}:
        return {"block": FUSED[value or ""], **arguments, **changed}
    extra: dict[str, Any] = {"norm": norm} if changed else {}
    if value != "relu":
        extra["act"] = value
    if biased:
        extra["bias"] = True
    return {"block": "conv_norm_act", **arguments, **extra}


def _block_arguments(conv: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a convolution as those of a library block, whose padding follows from the kernel."""
    kernel, dilation, padding = (_pair(conv.get(key, default)) for key, default in _WINDOW)
    usual = [(size - 1) // 2 * gap for size, gap in zip(kernel, dilation, strict=False)]
    arguments = {key: value for key, value in conv.items() if key not in ("op", "padding", "bias")}
    if list(padding) != usual:
        arguments["padding"] = conv.get("padding", 0)
    return arguments


_WINDOW = (("kernel_size", 1), ("dilation", 1), ("padding", 0))


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value] * 2


def library(graph: Graph) -> None:
    """Put blocks of the library in the places of groups that are equal to them."""
    shapes = dict(graph.inputs) | {unit.name: unit.shape for unit in graph.units}
    for unit in graph.units:
        if unit.inner is not None:
            block = _fire(unit.inner) or _inception(unit.inner)
            block = block or _residual(unit.inner, shapes[unit.inputs[0]], unit.shape)
            if block:
                unit.node, unit.inner = block, None


def _conv_relu(unit: Unit, kernel: int, taken: str) -> bool:
    plain = set(unit.node) == {"block", "out_channels", "kernel_size"}
    return plain and unit.kind == "conv_relu" and unit.node["kernel_size"] == kernel and unit.inputs == [taken]


def _fire(inner: Sequence[Unit]) -> dict[str, Any] | None:
    if len(inner) != 4 or inner[3].node != {"op": "concat"}:
        return None
    squeeze, one, three, concat = inner
    if not (_conv_relu(squeeze, 1, "input") and _conv_relu(one, 1, squeeze.name)):
        return None
    if not _conv_relu(three, 3, squeeze.name) or concat.inputs != [one.name, three.name]:
        return None
    channels = [unit.node["out_channels"] for unit in (squeeze, one, three)]
    block = {"block": "fire", "squeeze_channels": channels[0], "expand1x1_channels": channels[1]}
    return block | ({} if channels[1] == channels[2] else {"expand3x3_channels": channels[2]})


def _inception(inner: Sequence[Unit]) -> dict[str, Any] | None:
    by_name = {unit.name: unit for unit in inner}
    concat = inner[-1]
    if len(inner) != 8 or concat.node != {"op": "concat"} or len(concat.inputs) != 4:
        return None
    ends = [by_name.get(name) for name in concat.inputs]
    starts = [by_name.get(end.inputs[0]) if end is not None and len(end.inputs) == 1 else None for end in ends]
    one, three, five, pooled = ends
    if one is None or three is None or five is None or pooled is None or any(each is None for each in starts[1:]):
        return None
    red3, red5, pool = (each for each in starts[1:] if each is not None)
    right = _conv_relu(one, 1, "input") and _conv_relu(three, 3, red3.name) and _conv_relu(five, 5, red5.name)
    right = right and _conv_relu(red3, 1, "input") and _conv_relu(red5, 1, "input") and pool.inputs == ["input"]
    right = right and _conv_relu(pooled, 1, pool.name)
    if not right or pool.node != {"op": "max_pool", "kernel_size": 3, "stride": 1, "padding": 1}:
        return None
    names = "ch1x1 ch3x3red ch3x3 ch5x5red ch5x5 pool_proj".split()
    units = (one, red3, three, red5, five, pooled)
    return {"block": "inception", **{n: u.node["out_channels"] for n, u in zip(names, units, strict=True)}}


def _residual(inner: Sequence[Unit], taken: Shape, given: Shape) -> dict[str, Any] | None:
    """The block of a ResNet, whose shortcut is a projection where the shapes differ."""
    if len(inner) < _LEAST_IN_RESIDUAL:
        return None
    *branches, join, act = inner
    if join.node != {"op": "add"} or act.node != {"op": "relu"} or len(join.inputs) != 2:
        return None
    own = [unit for unit in branches if unit.inputs == ["input"] and unit.name in join.inputs]
    main = [unit for unit in branches if unit not in own]
    ends = {own[0].name if own else "input", main[-1].name if main else ""}
    if len(own) > 1 or bool(own) == (taken == given) or set(join.inputs) != ends:
        return None
    if [unit.inputs for unit in main] != [["input"], *([unit.name] for unit in main[:-1])]:
        return None
    kinds = ["conv_bn_relu"] * (len(main) - 1) + ["conv_bn"] * (1 + len(own))
    units = [*main, *own]
    known = {"block", "out_channels", "kernel_size", "stride"}
    if [unit.kind for unit in units] != kinds or any(not unit.node.keys() <= known for unit in units):
        return None
    kernels = [unit.node["kernel_size"] for unit in main]
    channels, strides = [unit.node["out_channels"] for unit in main], [unit.node.get("stride", 1) for unit in main]
    stride = max(strides, default=1) if all(isinstance(each, int) for each in strides) else 0
    if own and (own[0].node["kernel_size"], own[0].node.get("stride", 1)) != (1, stride):
        return None
    changed = {"stride": stride} if stride != 1 else {}
    if kernels == [3, 3] and strides == [stride, 1] and channels[0] == channels[1]:
        return {"block": "residual_basic", "channels": channels[0], **changed}
    wide = kernels == [1, 3, 1] and channels[0] == channels[1] and channels[2] % channels[0] == 0
    if not wide or sorted(strides) != [1, 1, stride] or strides[2] != 1:
        return None
    expansion = channels[2] // channels[0]
    block = {"block": "bottleneck", "channels": channels[0]} | ({"expansion": expansion} if expansion != 4 else {})
    return block | changed | ({"stride_in_1x1": True} if strides[0] != 1 else {})
