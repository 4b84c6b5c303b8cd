"""Boxes in layers: what is neither a chain nor branches, in rows, each edge from one row to the next through gaps."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from archspec.drawing.content.scene import Box
from archspec.drawing.layout.segments import Segment

_SWEEPS = 12
"""How often rows are put in order after their neighbours, at most."""

Links = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Layers:
    """Rows of boxes and gaps, each edge from one row to the next."""

    rows: tuple[tuple[str, ...], ...]


def ranks(segment: Segment, boxes: Mapping[str, Box]) -> dict[str, int]:
    """The row of each box: the longest way from where the segment is entered; the last for ports of leaving tensors."""
    rank = dict.fromkeys(segment.boxes, 0)
    for id in segment.boxes:
        rank[id] = max((rank[edge.source] + 1 for edge in segment.inner if edge.target == id), default=0)
    last = max(rank.values())
    return rank | {id: last for id in segment.boxes if boxes[id].kind == "output" and id.startswith("o")}


def in_order(rows: Sequence[Sequence[str]], links: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Rows in an order in which few edges cross: each after its neighbours above and below in turn, the best found."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for source, target in sorted(set(links)):
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    ordered = [list(row) for row in rows]
    best, least = ordered, _crossings(ordered, below)
    for sweep in range(_SWEEPS):
        if not least:
            break
        ordered = _swept(ordered, above) if sweep % 2 == 0 else _swept(ordered[::-1], below)[::-1]
        count = _crossings(ordered, below)
        if count < least:
            best, least = ordered, count
    return tuple(map(tuple, best))


def _swept(rows: Sequence[Sequence[str]], neighbours: Links) -> list[list[str]]:
    """Rows, each in the order of the middle of its neighbours in the row before."""
    found: list[list[str]] = []
    for row in rows:
        place = {id: (index + 0.5) / len(row) for index, id in enumerate(row)}
        before = {id: (index + 0.5) / len(found[-1]) for index, id in enumerate(found[-1])} if found else {}
        wanted = {}
        for id in row:
            near = [before[other] for other in neighbours.get(id, ()) if other in before]
            wanted[id] = sum(near) / len(near) if near else place[id]
        found.append(sorted(row, key=wanted.__getitem__))
    return found


def _crossings(rows: Sequence[Sequence[str]], below: Links) -> int:
    """How many edges cross between all rows."""
    count = 0
    for row, after in pairwise(rows):
        place = {id: index for index, id in enumerate(after)}
        seen: list[int] = []
        for id in row:
            ends = [place[other] for other in below.get(id, ()) if other in place]
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count
