"""Which edges are shortcuts: those that lead past other boxes into a sum, product or concatenation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from archspec.drawing.content.scene import Box, Edge

_LONGEST = 4
"""Ops on a shortcut and one more, such as the projection of a residual block, its normalisation and its activation."""
_NEAR = 200
"""Boxes to look through for the one where ways part."""


def with_roles(boxes: Sequence[Box], edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """The edges, shortcuts marked.

    Of the ways into a box that joins tensors, the longest from the box where they part is the body; the
    others are shortcuts where they are short enough, and for concatenations where they lead past every box.
    """
    given = list(edges)
    joins = [box for box in boxes if box.kind == "merge"]
    incoming: dict[str, list[Edge]] = {box.id: [] for box in boxes}
    outgoing: dict[str, list[Edge]] = {box.id: [] for box in boxes}
    for edge in given:
        incoming[edge.target].append(edge)
        outgoing[edge.source].append(edge)
    ops = {box.id: max(1, len(box.paths)) for box in boxes}
    skips: set[Edge] = set()
    for box in joins:
        skips |= _skips(box, incoming, outgoing, ops)
    return tuple(edge._replace(role="skip") if edge in skips else edge for edge in given)


def _skips(
    join: Box, incoming: dict[str, list[Edge]], outgoing: dict[str, list[Edge]], ops: Mapping[str, int]
) -> set[Edge]:
    ways = [_way(edge, incoming, outgoing) for edge in incoming[join.id]]
    if len({edge.source for edge in incoming[join.id]}) < 2:
        return set()
    longest = max(ways, key=len)
    most = _LONGEST if join.title == "+" else 1
    shorter = [way for way in ways if len(way) < len(longest) and _length(way, ops) <= most]
    return {edge for way in shorter if _leads_to(way[-1].source, longest[-1].source, incoming) for edge in way}


def _way(edge: Edge, incoming: dict[str, list[Edge]], outgoing: dict[str, list[Edge]]) -> list[Edge]:
    """The edges back from a join, through boxes that take one tensor and give it to one box."""
    way = [edge]
    while len(incoming[edge.source]) == 1 and len(outgoing[edge.source]) == 1:
        (edge,) = incoming[edge.source]
        way.append(edge)
    return way


def _length(way: Sequence[Edge], ops: Mapping[str, int]) -> int:
    """How many ops a way leads through, and one more; a folded block is as long as what it holds."""
    return 1 + sum(ops[edge.source] for edge in way[:-1])


def _leads_to(source: str, target: str, incoming: dict[str, list[Edge]]) -> bool:
    """Whether a box is another, or not far before it."""
    near, seen = [target], {target}
    for id in near:
        if id == source or len(seen) > _NEAR:
            return id == source
        before = dict.fromkeys(edge.source for edge in incoming[id])
        near += [each for each in before if each not in seen]
        seen.update(before)
    return False
