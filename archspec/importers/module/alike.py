"""Uses of one class with the same ops: a flatten is written as the reshape that it is in other uses."""

from __future__ import annotations

import math
import re
from collections import defaultdict

from archspec.importers.module.draft import Graph, Node

_SHAPING = ("flatten", "reshape")


def make_alike(root: Graph) -> None:
    """Write what some uses of a class flatten, and others give another shape, as a reshape in all of them."""
    uses: dict[type, list[Graph]] = defaultdict(list)
    for graph in root.walk():
        uses[type(graph.module)].append(graph)
    for graphs in uses.values():
        rows = [[node for node in graph.nodes if node.op in _SHAPING] for graph in graphs]
        if len({len(row) for row in rows}) == 1:
            columns = [column for column in zip(*rows, strict=True) if len({node.op for node in column}) > 1]
            if columns and all(_can_reshape(node) for column in columns for node in column):
                for node in (node for column in columns for node in column):
                    _reshape(node)
                for graph in graphs:
                    _rename(graph)


def _can_reshape(node: Node) -> bool:
    """Whether the shape that it gives is known, and its name is that of its op."""
    return bool(re.fullmatch(rf"{node.op}\d*", node.name)) and (node.op == "reshape" or bool(node.operands[0].shape))


def _reshape(node: Node) -> None:
    """Write a flatten as a reshape."""
    if node.op == "flatten":
        shape = node.operands[0].shape
        start, end = node.arguments.get("start_dim", 1) - 1, node.arguments.get("end_dim", -1)
        end = len(shape) + end + 1 if end < 0 else end
        node.op, node.arguments = "reshape", {"shape": [*shape[:start], math.prod(shape[start:end]), *shape[end:]]}


def _rename(graph: Graph) -> None:
    """Number what gives shapes in the order of the graph."""
    renamed = [node for node in graph.nodes if node.op in _SHAPING and re.fullmatch(r"(flatten|reshape)\d*", node.name)]
    counts: dict[str, int] = defaultdict(int)
    for node in renamed:
        counts[node.op] += 1
        node.name = f"{node.op}{counts[node.op] if counts[node.op] > 1 else ''}"
