"""Blocks of a convolution with a normalisation that is no op of ours, but a block of the file's own.

Of such a block the first node alone takes what the block takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from archspec.importers.structure.units import Graph

_PADDING = "$((kernel_size - 1) // 2)"
_DECLARED: Mapping[str, dict[str, Any]] = {
    "out_channels": {"type": "int", "min": 1},
    "kernel_size": {"type": "size"},
    "stride": {"type": "size", "default": 1},
    "dilation": {"type": "size", "default": 1},
    "padding": {"type": "size", "min": 0, "default": _PADDING},
    "groups": {"type": "int", "min": 1, "default": 1},
    "bias": {"type": "bool", "default": False},
}


class _Kind(NamedTuple):
    norm: str
    act: dict[str, Any] | None


class NormBlocks:
    """The blocks that convolutions, with a block of the file's own and an activation behind them, become.

    They are as those of the library, which are told their normalisation as an op.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def name(self, norm: str, act: dict[str, Any] | None) -> str:
        """What the block is called that has a block as its normalisation, and an activation or none."""
        kind = _Kind(norm, act)
        stem = "_".join(("conv", norm, *([str(act["op"])] if act else [])))
        name, number = stem, 2
        while self._kinds.setdefault(name, kind) != kind:
            name, number = f"{stem}_{number}", number + 1
        return name

    def declare(self, graph: Graph) -> None:
        """Add the blocks that nodes of a graph are, with the parameters that these ask for, and drop what none is."""
        known = {unit.kind for unit in graph.units}
        for name, kind in self._kinds.items():
            uses = [unit.node for unit in graph.units if unit.kind == name]
            if uses:
                graph.blocks[name] = _block(kind, graph.blocks[kind.norm], uses)
        graph.blocks = {name: block for name, block in graph.blocks.items() if name in known}


def _block(kind: _Kind, norm: Mapping[str, Any], uses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    params = {key: dict(each) for key, each in _DECLARED.items() if any(key in use for use in uses)}
    padding = _PADDING.replace("2)", "2 * dilation)") if "dilation" in params else _PADDING
    if "padding" in params:
        params["padding"]["default"] = padding
    conv: dict[str, Any] = {"op": "conv", **{key: f"${key}" for key in params}}
    conv = {"padding": padding, "bias": False} | conv
    graph = {"conv": {key: conv[key] for key in ("op", *_DECLARED) if key in conv}, **norm["graph"]}
    if kind.act:
        graph[str(kind.act["op"])] = kind.act if kind.act.keys() > {"op"} else kind.act["op"]
    return {"doc": f"Convolution, {norm['doc'][0].lower()}{norm['doc'][1:]}", "params": params, "graph": graph}
