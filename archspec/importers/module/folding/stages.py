"""Neighbours of one block in a list, as the stages of a network."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.importers.module.draft import Graph, Node, Wire
from archspec.importers.module.folding.scope import Block, is_same

LEAST_STAGED = 3
"""Neighbours of one block in a list of others that become a repeat, and half of those that become a table of stages."""


def runs_of(blocks: Sequence[Block | None]) -> list[tuple[int, int]]:
    """Where neighbours of one block begin and end."""
    starts = [i for i, block in enumerate(blocks) if i == 0 or block is not blocks[i - 1]]
    return list(zip(starts, [*starts[1:], len(blocks)], strict=True))


def stage_rows(nodes: Sequence[Node], block: Block) -> list[list[Node]]:
    """Nodes of a block as stages: the first of a stage may differ in its stride and in what it has."""
    rows: list[list[Node]] = []
    for node in nodes:
        values = block.values[id(node.graph)]
        before = block.values[id(rows[-1][-1].graph)] if rows else {}
        differing = {name for name in values if rows and not is_same(values[name], before[name])}
        own = {name for name in differing if name == "stride" or isinstance(values[name], bool)}
        if not rows or differing - own or (differing and len(rows[-1]) > 1):
            rows.append([node])
        else:
            rows[-1].append(node)
    return rows


def listed_graph(path: str, nodes: Sequence[Node]) -> Graph:
    """A list of nodes as the graph of a group, which takes what the first one does."""
    first, last = nodes[0], nodes[-1]
    assert first.graph is not None
    assert last.graph is not None
    (entry, outer), *_ = first.graph.inputs
    graph = Graph(path, None, list(nodes), [(Wire(None, "input1", entry.shape), outer)])
    for i, node in enumerate(nodes):
        node.name = str(i)
        assert node.graph is not None
        before = nodes[i - 1].graph if i else None
        wire = Wire(nodes[i - 1], next(iter(before.outputs))) if before else graph.inputs[0][0]
        node.graph.inputs = node.graph.inputs or [(Wire(None, "input1", entry.shape), outer)]
        node.graph.inputs = [(node.graph.inputs[0][0], wire)]
    ((port, wire),) = last.graph.outputs.items()
    graph.outputs = {port: Wire(last, port, wire.shape)}
    return graph
