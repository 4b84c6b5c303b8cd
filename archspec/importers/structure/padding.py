"""Zeros that a node adds for a convolution alone, as the padding of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.draft import Shape
from archspec.importers.structure.units import Graph, again_of, only_taker, takers_of
from archspec.ops.same import same_pads


def absorb_pads(graph: Graph) -> None:
    """Let convolutions add the zeros that a node before them adds for them alone."""
    takers, again = takers_of(graph), again_of(graph)
    shapes = dict(graph.inputs) | {unit.name: unit.shape for unit in graph.units}
    gone: set[int] = set()
    for unit in graph.units:
        conv = only_taker(unit.name, takers) if unit.kind == "pad" and list(unit.node) == ["op", "padding"] else None
        if conv is None or conv.kind != "conv" or "padding" in conv.node or conv.name in again:
            continue
        padding = _absorbed(unit.node["padding"], conv.node, shapes[unit.inputs[0]])
        if padding is not None:
            order = [key for key in _CONV_ORDER if key in conv.node]
            rest = {key: value for key, value in conv.node.items() if key not in order}
            conv.node = {**{key: conv.node[key] for key in order}, "padding": padding, **rest}
            conv.inputs = unit.inputs
            gone.add(id(unit))
    graph.units = [unit for unit in graph.units if id(unit) not in gone]


_CONV_ORDER = ("op", "out_channels", "kernel_size", "stride")


def _absorbed(pads: Sequence[int], conv: Mapping[str, Any], shape: Shape) -> Any:
    """The padding of a convolution that adds the same zeros; None where it has none such."""
    pairs = list(zip(pads[::2], pads[1::2], strict=True))[::-1]
    rank = len(shape) - 1
    if len(pairs) != rank or min(pads) < 0:
        return None
    if all(before == after for before, after in pairs):
        sizes = [before for before, _ in pairs]
        return sizes[0] if len(set(sizes)) == 1 else sizes
    kernel, stride, gaps = (_each(conv.get(key, 1), rank) for key in ("kernel_size", "stride", "dilation"))
    window = tuple((size - 1) * gap + 1 for size, gap in zip(kernel, gaps, strict=True))
    for padding in ("same_upper", "same_lower"):
        if same_pads(shape[1:], window, tuple(stride), padding) == tuple(pairs):
            return padding
    return None


def _each(value: Any, rank: int) -> list[int]:
    return list(value) if isinstance(value, list) else [value] * rank
