"""A scene as a chain of segments, so that each is laid out by itself and the chain is broken into columns.

A segment begins where one tensor is all that leads on. A network of equal blocks has few different segments.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from archspec.drawing.content.scene import Box, Edge


class Segment(NamedTuple):
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
    boxes: Sequence[Box], edges: Sequence[Edge], parents: Mapping[str, str], outer: int = 0, *, abreast: bool = False
) -> tuple[Segment, ...]:
    """The segments of a scene, or of a part of it, in order.

    Args:
        boxes: The boxes.
        edges: The edges that enter them, of which some may come from outside of the part.
        parents: The path of the frame around each frame.
        outer: The number of frames around the whole part, which its segments do not name.
        abreast: Whether inputs that meet are in one segment, so that they stand at one height.
    """
    order = _inputs_late(in_order(boxes, edges), edges)
    place = {edge.source: -1 for edge in edges} | {id: index for index, id in enumerate(order)}
    cuts = sorted(_cuts(boxes, edges, place, parents))
    if abreast:
        cuts = cuts[_before_inputs(boxes, edges, place, cuts) :]
    chains = {box.id: frame_chain(box.cluster, parents)[outer:] for box in boxes}
    incoming: dict[str, list[tuple[int, Edge]]] = {}
    for index, edge in enumerate(edges):
        incoming.setdefault(edge.target, []).append((index, edge))
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        ids = tuple(order[start:end])
        into = [edge for _, edge in sorted((each for id in ids for each in incoming.get(id, ())), key=itemgetter(0))]
        entering = tuple(edge for edge in into if place[edge.source] < start)
        inner = tuple(edge for edge in into if place[edge.source] >= start)
        found.append(Segment(ids, entering, inner, "", common([chains[id] for id in ids])))
    _stand_together(found, {box.id for box in boxes if box.kind == "output"}, chains)
    return tuple(segment._replace(exit=exit) for segment, exit in zip(found, _exits(found), strict=True))


def _exits(found: Sequence[Segment]) -> list[str]:
    """What gives what the next segment takes, or one behind it where that stands alone beside the line."""
    exits = [""]
    for after in found[:0:-1]:
        passed = exits[-1] if exits[-1] not in after.boxes else ""
        exits.append(after.entering[0].source if after.entering else passed)
    return exits[::-1]


def _stand_together(found: list[Segment], outputs: set[str], chains: Mapping[str, tuple[str, ...]]) -> None:
    """Put the last output, and a single box before it, beside outputs of the segment before, not below them."""
    for count in (2, 1):
        before, rest = found[-count - 1 : -count], found[-count:]
        last = [id for segment in rest for id in segment.boxes]
        if not before or len(last) != count or last[-1] not in outputs or outputs.isdisjoint(before[0].boxes):
            continue
        if all(edge.source in before[0].boxes for edge in rest[0].entering):
            ids = (*before[0].boxes, *last)
            inner = (*before[0].inner, *(edge for segment in rest for edge in (*segment.entering, *segment.inner)))
            found[-count - 1 :] = [Segment(ids, before[0].entering, inner, "", common([chains[id] for id in ids]))]
            return


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
    """The boxes that lead to the output that most boxes in a row lead to, or all where there is none."""
    before: dict[str, list[str]] = {}
    for edge in edges:
        before.setdefault(edge.target, []).append(edge.source)
    rows: dict[str, int] = {}
    for box in boxes:
        rows[box.id] = 1 + max((rows.get(source, 0) for source in before.get(box.id, ())), default=0)
    outputs = [box for box in boxes if box.kind == "output"]
    end = max(outputs, key=lambda box: (not box.training_only, rows[box.id]), default=None)
    if end is None:
        return {box.id for box in boxes}
    found, near = {end.id}, [end.id]
    for id in near:
        more = [source for source in dict.fromkeys(before.get(id, ())) if source not in found]
        near += more
        found.update(more)
    return found


def _inputs_late(order: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    """The order with each way from other inputs than the first right before the trunk's first box that takes from it.

    The trunk is all that the first box leads to.
    """
    place = {id: index for index, id in enumerate(order)}
    ways = _ways_beside(order, edges)
    joins: dict[int, int] = {}
    for edge in edges:
        way = ways.get(edge.source)
        if way is not None and ways.get(edge.target) != way:
            joins[way] = min(joins.get(way, len(order)), place[edge.target])

    def key(id: str) -> tuple[int, int, int]:
        way = ways.get(id, len(order))
        return joins.get(way, place[id]), way, place[id]

    return sorted(order, key=key)


def _ways_beside(order: Sequence[str], edges: Iterable[Edge]) -> dict[str, int]:
    """A number for each box to which neither the first one nor one from outside leads, the same for connected ones."""
    incoming: dict[str, list[str]] = {}
    for edge in edges:
        incoming.setdefault(edge.target, []).append(edge.source)
    ways: dict[str, int] = {}
    members: dict[int, list[str]] = {}
    for index, box in enumerate(order[1:]):
        before = incoming.get(box, [])
        if any(source not in ways for source in before):
            continue
        number = ways[before[0]] if before else index
        for other in {ways[source] for source in before} - {number}:
            ways |= dict.fromkeys(members[other], number)
            members[number] += members.pop(other)
        ways[box] = number
        members.setdefault(number, []).append(box)
    return ways


def _cuts(
    boxes: Sequence[Box], edges: Sequence[Edge], place: Mapping[str, int], parents: Mapping[str, str]
) -> set[int]:
    """The places before which a segment begins."""
    crossing = _crossing(edges, place, len(boxes))
    cuts = {index for index in range(1, len(boxes)) if len(crossing[index]) <= 1}
    members = _members(boxes, place, parents)
    for start, end in _beside_inputs(edges, place, crossing, members, sorted({0, *cuts})):
        cuts -= set(range(start + 1, end + 1))
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
    beyond = list(range(1, count + 2))
    for key, end in last.items():
        index = place[key[0]] + 1
        full: list[int] = []
        while index <= end:
            if len(crossing[index]) < 2:
                crossing[index].add(key)
            if len(crossing[index]) == 2:
                full.append(index)
            elif full:
                _lead(beyond, full, index)
                full = []
            index = beyond[index]
        _lead(beyond, full, index)
    return crossing


def _lead(beyond: list[int], full: Sequence[int], index: int) -> None:
    """Pass over places at which there is nothing to add."""
    for each in full:
        beyond[each] = index


def _beside_inputs(
    edges: Sequence[Edge],
    place: Mapping[str, int],
    crossing: list[set[tuple[str, str]]],
    members: Iterable[Sequence[int]],
    cuts: Sequence[int],
) -> Iterator[tuple[int, int]]:
    """From where to where one segment leads so that a way from an input stands beside the trunk that it joins.

    It goes back from the input by up to twice as many boxes as are on the way, and no further than the join before.
    """
    taken: dict[int, list[int]] = {}
    for edge in edges:
        taken.setdefault(place[edge.target], []).append(place[edge.source])
    spans = [(min(indices), max(indices) + 1) for indices in members]
    joined = -1
    for input in sorted(index for index in place.values() if index > 0 and index not in taken):
        end = _join_of(input, taken, len(crossing) - 1)
        if end is None or len(crossing[input]) != 1 or any(place[source] < end for source, _ in crossing[end + 1]):
            continue
        first, near, last = (bisect_left(cuts, index) for index in (joined + 1, 3 * input - 2 * end, input))
        starts = (*cuts[max(first, near) : last], *reversed(cuts[first:near]))
        start = next((start for start in starts if not _breaks_frame(spans, start, end + 1)), None)
        if start is not None:
            yield start, end
        joined = end


def _join_of(input: int, taken: Mapping[int, Sequence[int]], count: int) -> int | None:
    """The first place after an input that takes something from before it."""
    return next((index for index in range(input + 1, count) if min(taken.get(index, (index,))) < input), None)


def _before_inputs(boxes: Iterable[Box], edges: Sequence[Edge], place: Mapping[str, int], cuts: Sequence[int]) -> int:
    """How many cuts, counted from the first, would set the first input apart from another that stands as high.

    It does where both lead to one box, and no more boxes follow the first one alone than the other.
    """
    inputs = sorted(place[box.id] for box in boxes if box.kind == "input")
    if len(inputs) < 2 or inputs[0] or not cuts or not _meet(inputs[:2], edges, place):
        return 0
    number = bisect_left(cuts, inputs[1] + 1)
    return number if number and cuts[number - 1] <= _following(inputs[1], edges, place) else 0


def _meet(starts: Sequence[int], edges: Sequence[Edge], place: Mapping[str, int]) -> bool:
    """Whether all of some boxes lead to one."""
    led = {start: {start} for start in starts}
    for source, target in sorted((place[edge.source], place[edge.target]) for edge in edges):
        led.setdefault(target, set()).update(led.get(source, ()))
    return any(len(origins) == len(starts) for origins in led.values())


def _following(start: int, edges: Iterable[Edge], place: Mapping[str, int]) -> int:
    """How many boxes there are in a row from a box on, itself with them."""
    targets: dict[int, set[int]] = {}
    sources: dict[int, set[int]] = {}
    for edge in edges:
        targets.setdefault(place[edge.source], set()).add(place[edge.target])
        sources.setdefault(place[edge.target], set()).add(place[edge.source])
    count = 1
    while len(after := targets.get(start, set())) == 1 and len(sources[next(iter(after))]) == 1:
        (start,) = after
        count += 1
    return count


def _breaks_frame(spans: Iterable[tuple[int, int]], start: int, end: int) -> bool:
    """Whether a frame holds some of the boxes from one place to another, and others besides."""
    return any(low < start < high < end or start < low < end < high for low, high in spans)


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


def common(chains: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The beginning that all have."""
    shared: list[str] = []
    for names in zip(*chains, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return tuple(shared)
