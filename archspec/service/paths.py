"""Paths of nodes, and patterns over them, followed through the graphs of a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archspec.language import patterns
from archspec.service.outline import Graph, Node, Section

_DEEPEST = 12
"""Blocks in blocks that are followed."""
_MOST = 2_000
"""Nodes that one path is compared with."""


class Step(NamedTuple):
    """A name of a path, and the nodes that it can mean.

    Attributes:
        start: Where it begins in the path.
        name: The name, which may be a pattern.
        nodes: The nodes; none for the number of a copy, and for what is not known.
    """

    start: int
    name: str
    nodes: tuple[Node, ...]


def followed(section: Section, path: str) -> list[Step]:
    """The names of a path, each with the nodes that it can mean."""
    steps, start = [], 0
    graphs: list[Graph] = [section.graph]
    copies = False
    for name in path.split("."):
        nodes: list[Node] = []
        if copies and _is_copy(name):
            steps.append(Step(start, name, ()))
        elif name == "**":
            graphs = list(_all(graphs))
            steps.append(Step(start, name, ()))
        else:
            nodes = [node for graph in graphs for node in graph.all_nodes().values() if _fits(name, node.name)][:_MOST]
            steps.append(Step(start, name, tuple(nodes)))
            graphs = [graph for node in nodes if (graph := node.inside()) is not None]
            copies = any(node.has_copies for node in nodes)
        copies = copies or name in ("**", "*")
        start += len(name) + 1
    return steps


def nodes_at(section: Section, path: str) -> list[Node]:
    """The nodes that a path or pattern names."""
    return list(followed(section, path)[-1].nodes)


def _fits(pattern: str, name: str) -> bool:
    if "*" not in pattern:
        return pattern == name
    return not patterns.problem(pattern) and patterns.matches(pattern, name)


def _is_copy(name: str) -> bool:
    return name.isdecimal() or name == "*"


def _all(graphs: list[Graph], depth: int = 0) -> Iterator[Graph]:
    """Graphs, and all inside of them."""
    if depth > _DEEPEST:
        return
    for graph in graphs:
        yield graph
        inner = [inside for node in graph.all_nodes().values() if (inside := node.inside()) is not None]
        yield from _all(inner, depth + 1)
