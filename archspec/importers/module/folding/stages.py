"""Neighbours of one block in a list, as the stages of a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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


def gathered(graph: Graph, blocks: Sequence[Block | None]) -> list[Graph]:
    """Put stages of one block that are in a list into a node of their own, and give names to the others.

    Args:
        graph: The list.
        blocks: The block that each node of it is.

    Returns:
        The stages, where they are several.
    """
    start, end = max(runs_of(blocks), key=lambda run: run[1] - run[0])
    block = blocks[start]
    if block is None or (start, end) == (0, len(blocks)):
        return []
    rows = stage_rows(graph.nodes[start:end], block)
    if end - start < LEAST_STAGED * min(2, len(rows)) or 2 * len(rows) > end - start:
        return []
    stages = [listed_graph(f"{graph.path}.{i}", row) for i, row in enumerate(rows)]
    table = stages[0]
    if len(stages) > 1:
        table = listed_graph(graph.path, [Node("", graph=stage) for stage in stages])
    nodes = [*graph.nodes[:start], Node("", graph=table), *graph.nodes[end:]]
    _name(nodes, [*blocks[:start], block, *blocks[end:]])
    _join(graph, nodes)
    return stages if len(stages) > 1 else []


def _name(nodes: Sequence[Node], blocks: Sequence[Block | None]) -> None:
    """Give nodes the names of what they are."""
    names: set[str] = set()
    for node, block in zip(nodes, blocks, strict=True):
        stem = block.name if block else node.op or "group"
        node.name = next(name for n in range(1, 10**6) if (name := stem if n == 1 else f"{stem}{n}") not in names)
        names.add(node.name)


def _join(graph: Graph, nodes: list[Node]) -> None:
    """Make nodes, each of which takes the one before, those of a graph."""
    for before, node in pairwise(nodes):
        wire = _output(before)
        if node.graph is None:
            node.operands = [wire]
        else:
            node.graph.inputs = [(own, wire) for own, _ in node.graph.inputs]
    graph.nodes = nodes
    graph.outputs = {port: _output(nodes[-1], wire.shape) for port, wire in graph.outputs.items()}


def _output(node: Node, shape: tuple[int, ...] = ()) -> Wire:
    """The first output of a node."""
    return Wire(node, next(iter(node.graph.outputs)) if node.graph else "", shape)
