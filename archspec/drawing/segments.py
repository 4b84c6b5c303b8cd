"""A scene as a chain of segments, so that each is laid out by itself and the chain is broken into columns.

A segment begins where one tensor is all that leads on. A network of equal blocks has few different segments.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.drawing.scene import Box, Edge


@dataclass(frozen=True, slots=True)
class Segment:
    """Boxes that are laid out together.

    Attributes:
        boxes: Their ids.
        entering: Edges of the tensor that the segment before gives.
        inner: Edges between them.
        exit: The id of the box that gives what the next segment takes; empty for none. It may be the one that gives
            what this segment takes: then the tensor leads past it.
        frames: Paths of the frames around all of them, the outermost first.
    """

    boxes: tuple[str, ...]
    entering: tuple[Edge, ...]
    inner: tuple[Edge, ...]
    exit: str
    frames: tuple[str, ...]


def segments(
    boxes: Sequence[Box], edges: Sequence[Edge], parents: Mapping[str, str], outer: int = 0
) -> tuple[Segment, ...]:
    """The segments of a scene, or of a part of it, in order.

    Args:
        boxes: The boxes.
        edges: The edges that enter them, of which some may come from outside of the part.
        parents: The path of the frame around each frame.
        outer: The number of frames around the whole part, which its segments do not name.
    """
    order = _sources_late(in_order(boxes, edges), edges)
    place = {edge.source: -1 for edge in edges} | {id: index for index, id in enumerate(order)}
    cuts = sorted(_cuts(boxes, edges, place, parents))
    chains = {box.id: frame_chain(box.cluster, parents)[outer:] for box in boxes}
    incoming: dict[str, list[Edge]] = {}
    for edge in edges:
        incoming.setdefault(edge.target, []).append(edge)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        ids = tuple(order[start:end])
        into = [edge for id in ids for edge in incoming.get(id, ())]
        entering = tuple(edge for edge in into if place[edge.source] < start)
        inner = tuple(edge for edge in into if place[edge.source] >= start)
        found.append(Segment(ids, entering, inner, "", _common([chains[id] for id in ids])))
    exits = [*(segment.entering[0].source if segment.entering else "" for segment in found[1:]), ""]
    return tuple(replace(segment, exit=exit) for segment, exit in zip(found, exits, strict=True))


def frame_chain(path: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The frames around what stands in a frame, the outermost first."""
    chain: list[str] = []
    while path:
        chain.append(path)
        path = parents[path]
    return tuple(chain[::-1])


def in_order(boxes: Iterable[Box], edges: Iterable[Edge]) -> list[str]:
    """The ids of boxes, each after those it takes from, and next to the earliest of those.

    Branches that end in outputs of their own come first, so that each stands apart from the trunk.
    """
    given, edges = list(boxes), list(edges)
    rank = {box.id: index for index, box in enumerate(given)}
    trunk = _trunk(given, edges)
    targets: dict[str, list[str]] = {id: [] for id in rank}
    waiting, latest = dict.fromkeys(rank, 0), dict.fromkeys(rank, -1)
    for source, target in dict.fromkeys((edge.source, edge.target) for edge in edges):
        if source in targets:
            targets[source].append(target)
            waiting[target] += 1
    ready = [(id in trunk, -1, rank[id], id) for id, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        id = heapq.heappop(ready)[3]
        for target in targets[id]:
            waiting[target] -= 1
            latest[target] = max(latest[target], len(order))
            if not waiting[target]:
                heapq.heappush(ready, (target in trunk, latest[target], rank[target], target))
        order.append(id)
    return order


def _trunk(boxes: Sequence[Box], edges: Iterable[Edge]) -> set[str]:
    """The boxes that lead to the first output, or all where there is none."""
    end = next((box.id for box in boxes if box.kind == "output"), None)
    if end is None:
        return {box.id for box in boxes}
    before: dict[str, list[str]] = {}
    for edge in edges:
        before.setdefault(edge.target, []).append(edge.source)
    found, near = {end}, [end]
    for id in near:
        more = [source for source in dict.fromkeys(before.get(id, ())) if source not in found]
        near += more
        found.update(more)
    return found


def _sources_late(order: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    """The order with each box that takes nothing, but the first, right before the earliest that takes from it."""
    place = {id: index for index, id in enumerate(order)}
    targets = {edge.target for edge in edges}
    first: dict[str, int] = {}
    for edge in edges:
        if edge.source in place and edge.source not in targets and edge.source != order[0]:
            first[edge.source] = min(first.get(edge.source, len(order)), place[edge.target])
    return sorted(order, key=lambda each: (first.get(each, place[each]), each not in first, place[each]))


def _cuts(
    boxes: Sequence[Box], edges: Sequence[Edge], place: Mapping[str, int], parents: Mapping[str, str]
) -> set[int]:
    """The places before which a segment begins."""
    crossing = _crossing(edges, place, len(boxes))
    cuts = {index for index in range(1, len(boxes)) if len(crossing[index]) <= 1}
    members = _members(boxes, place, parents)
    while True:
        kept = _drop_far(crossing, place, _drop_by_frames(members, len(boxes), cuts))
        if kept == cuts:
            return kept
        cuts = kept


def _crossing(edges: Iterable[Edge], place: Mapping[str, int], count: int) -> list[set[tuple[str, str]]]:
    """For each place, up to two of the tensors that lead past it."""
    last: dict[tuple[str, str], int] = {}
    for edge in edges:
        key = (edge.source, edge.tensor)
        last[key] = max(last.get(key, 0), place[edge.target])
    crossing: list[set[tuple[str, str]]] = [set() for _ in range(count + 1)]
    for key, end in last.items():
        for index in range(place[key[0]] + 1, end + 1):
            if len(crossing[index]) < 2:
                crossing[index].add(key)
    return crossing


def _drop_far(crossing: list[set[tuple[str, str]]], place: Mapping[str, int], cuts: set[int]) -> set[int]:
    """Without those past which a tensor leads that the segment before neither gives nor takes."""
    kept: list[int] = []
    for index in sorted(cuts):
        start = kept[-1] if kept else 0
        if crossing[index] == crossing[start] or all(place[source] >= start for source, _ in crossing[index]):
            kept.append(index)
    return set(kept)


def _members(boxes: Iterable[Box], place: Mapping[str, int], parents: Mapping[str, str]) -> list[list[int]]:
    """The places of the boxes in each frame."""
    members: dict[str, list[int]] = {}
    for box in boxes:
        for path in frame_chain(box.cluster, parents):
            members.setdefault(path, []).append(place[box.id])
    return list(members.values())


def _drop_by_frames(members: Iterable[Sequence[int]], count: int, cuts: set[int]) -> set[int]:
    """Without those that would leave a frame with a part of a segment: it holds whole ones, or a segment all of it."""
    kept = set(cuts)
    for indices in members:
        start, end = min(indices), max(indices) + 1
        whole = end - start == len(indices)
        if not whole or {start, end} - kept - {0, count}:
            kept -= set(range(start + 1, end))
    return kept


def _common(chains: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The beginning that all have."""
    shared: list[str] = []
    for names in zip(*chains, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return tuple(shared)
