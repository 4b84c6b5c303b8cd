"""The steps from a flat list of layers to specs, the one to be edited first and the plainest last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.draft import Layer, Shape
from archspec.importers.structure.groups import group_by_name, group_joins
from archspec.importers.structure.library import fuse, library, name_norm
from archspec.importers.structure.padding import absorb_pads
from archspec.importers.structure.parameters import hand_down, name_activation
from archspec.importers.structure.repeats import repeat, repeat_chains
from archspec.importers.structure.sharing import share
from archspec.importers.structure.units import Graph, Unit


def specs_of(
    layers: Sequence[Layer],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, str],
    head: Mapping[str, Any],
    expect: Mapping[str, Any],
    blocks: Mapping[str, dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The network of a list of layers as specs, the one to be edited first and the plainest last.

    Args:
        layers: The layers, in order.
        inputs: The shapes of the inputs.
        outputs: What gives each output.
        head: The name of the network, and what else stands first.
        expect: Its contract.
        blocks: Blocks that some layers are.
    """

    def plain() -> Graph:
        units = [Unit(e.name, dict(e.node), list(e.inputs), e.shape, e.source) for e in layers]
        return Graph(inputs, dict(outputs), units, dict(blocks or {}))

    fused_graph, whole = plain(), plain()
    for graph in (fused_graph, whole):
        absorb_pads(graph)
        name_norm(graph)
        fuse(graph)
    group_by_name(whole)
    library(whole)
    group_joins(whole)
    library(whole)
    share(whole)
    repeat(whole)
    repeat_chains(whole)
    name_activation(whole)
    hand_down(whole, "norm")
    return [graph.spec(head, expect) for graph in (whole, fused_graph, plain())]
