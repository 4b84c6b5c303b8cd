"""How large a picture would be."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.drawing.content.scene import Edge


def rows_passed(boxes: Iterable[str], edges: Iterable[Edge]) -> int:
    """The rows of boxes that all edges lead past, at least one each: what a layout has to find a way through.

    A box stands in the row after the last of those that it takes from.

    Args:
        boxes: Their ids, in order: what a box takes stands before it.
        edges: The edges; one from elsewhere begins in the row of a box that takes nothing.
    """
    edges = list(edges)
    sources: dict[str, set[str]] = {}
    for edge in edges:
        sources.setdefault(edge.target, set()).add(edge.source)
    row: dict[str, int] = {}
    for box in boxes:
        row[box] = max((row.get(source, 0) + 1 for source in sources.get(box, ())), default=0)
    return sum(max(1, row.get(edge.target, 0) - row.get(edge.source, 0)) for edge in edges)
