"""The names that can be taken, and asked for, where a spot stands."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.language.names import OPERAND
from archspec.language.tree import Value
from archspec.service.outline import Graph, Node, Section
from archspec.service.spots import Spot


def above(graph: Graph, node: Node | None) -> list[Node]:
    """The nodes of a graph above one; all where none is given."""
    own = [each for each in graph.nodes.values() if node is None or each.entry.number < node.entry.number]
    base = list(graph.lineage())[1:]
    return [
        each for inherited in reversed(base) for each in inherited.nodes.values() if each.name not in graph.nodes
    ] + own


def inputs(graph: Graph) -> list[str]:
    """The names by which the inputs of a graph are known."""
    names = list(graph.all_inputs())
    return names if len(names) > 1 else [*names, *(["input"] if "input" not in names else [])]


def taken(graph: Graph, node: Node | None) -> Iterator[str]:
    """What ``from`` of a node can say: inputs, nodes above, outputs of blocks, copies of repeats."""
    yield from inputs(graph)
    for each in above(graph, node):
        yield each.name
        yield from (f"{each.name}.{port}" for port in ports(each))


def ports(node: Node) -> list[str]:
    """The outputs of a node that are taken by name."""
    if node.kind == "reuse":
        reused = node.graph.node(node.target.partition(".")[0])
        return ports(reused) if reused is not None and reused.kind != "reuse" else []
    if node.has_copies:
        return [*map(str, range(copies(node))), "-1", "*"]
    if node.kind == "op":
        return ["indices"] if node.target == "max_pool" else []
    own = node.value.get("outputs") if node.value is not None and node.value.kind == "mapping" else None
    if own is not None:
        return _output_names(own)
    block = node.block
    if block is not None:
        return outputs_of(block)
    if node.inner is not None:
        return _output_names(node.inner.owner.get("outputs"))
    return []


def copies(node: Node) -> int:
    """The copies of a node as far as its text tells; one at least."""
    value = node.value if node.value is not None and node.value.kind == "mapping" else None
    told = (node.rows or value.get("repeat")) if value is not None else None
    if told is None:
        return copies(node.other) if node.other is not None else 1
    number = len(told.entries) if told.kind == "sequence" else int(told.text) if told.text.isdecimal() else 1
    return max(1, min(number, _MOST_COPIES))


_MOST_COPIES = 100
"""Copies that are told one by one."""


def outputs_of(section: Section) -> list[str]:
    """The names of the outputs of a network or block that has several."""
    found = (each.value.get("outputs") for each in section.lineage())
    return _output_names(next((value for value in found if value is not None), None))


def _output_names(value: Value | None) -> list[str]:
    if value is None:
        return []
    if value.kind == "mapping":
        return value.names()
    texts = [entry.value.text for entry in value.entries if entry.value is not None]
    return [text.rpartition(".")[2] for text in texts]


def loops(spot: Spot) -> dict[str, Value]:
    """The names that ``as`` gives around a spot, and where."""
    if spot.graph is None:
        return {}
    return spot.graph.loops | (spot.node.loops if spot.node is not None else {})


def lets(graph: Graph | None) -> dict[str, Value]:
    """What a graph and those around it define, and where."""
    found: dict[str, Value] = {}
    while graph is not None:
        for each in graph.lineage():
            for name, place in each.lets.items():
                found.setdefault(name, place)
        graph = graph.around
    return found


def in_copies(spot: Spot) -> bool:
    """Whether a spot stands in a repeat or table."""
    nodes = list(spot.node.around()) if spot.node is not None else []
    if spot.node is None and spot.graph is not None and spot.graph.node_around is not None:
        nodes = list(spot.graph.node_around.around())
    return any(node.has_copies for node in nodes) or spot.section.is_block


def asked(spot: Spot) -> Iterator[tuple[str, str]]:
    """The names that an expression can ask for where a spot stands, each with what it is."""
    yield from ((name, "parameter of the function") for name in spot.local)
    yield from ((name, "of each copy") for name in loops(spot))
    graph = spot.graph or (spot.section.graph if spot.role in ("default", "let") else None)
    yield from ((name, "value") for name in lets(graph))
    for section in spot.section.lineage():
        yield from ((name, "parameter") for name in section.params)
    if graph is None:
        return
    yield from ((name, "input") for name in inputs(graph))
    if in_copies(spot):
        yield ("index", "number of the copy")
    if spot.node is None:
        return
    yield from ((node.name, "node") for node in above(graph, spot.node) if not node.name.isdecimal())
    yield (OPERAND, "what the node takes first")
