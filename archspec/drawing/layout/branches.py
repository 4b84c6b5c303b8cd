"""A segment as branches side by side: ways apart from each other, each from the fork or from inputs to the join."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from archspec.drawing.content.scene import Box, Edge
from archspec.drawing.layout.segments import Segment, common, frame_chain, segments


class Branch(NamedTuple):
    """A way to a join.

    Attributes:
        segments: What stands on it; nothing on a direct one.
        last: The edge into the join, of one that forks again the first.
        forked: The segment at its end that forks again, and what of it leads to the join.
    """

    segments: tuple[Segment, ...]
    last: Edge
    forked: Fork | None = None

    @property
    def is_skip(self) -> bool:
        """Whether it is a shortcut."""
        return not self.forked and self.last.role == "skip"

    @property
    def boxes(self) -> set[str]:
        """The boxes that stand on it."""
        inner = self.forked.branches if self.forked else ()
        return {id for one in self.segments for id in one.boxes}.union(*(branch.boxes for branch in inner))


class Fork(NamedTuple):
    """Ways apart from each other, from one tensor on.

    Attributes:
        segment: What takes the tensor.
        branches: The ways.
    """

    segment: Segment
    branches: tuple[Branch, ...]


def branches(
    segment: Segment, boxes: Mapping[str, Box], parents: Mapping[str, str], depth: int = 0, forks: int = 0
) -> tuple[Branch, ...]:
    """The branches of a segment, in the order of the join's operands; nothing where it is anything else.

    Args:
        segment: The segment.
        boxes: The boxes by id.
        parents: The path of the frame around each frame.
        depth: The number of frames around the whole segment.
        forks: How many more times a branch may fork on its way to the join.
    """
    *inside, join = segment.boxes
    if segment.exit not in ("", join) or any(edge.source == join for edge in segment.inner):
        return ()
    edges = (*segment.entering, *segment.inner)
    found = [Branch((), edge) for edge in segment.entering if edge.target == join]
    into_join = _by_source(edge for edge in segment.inner if edge.target == join)
    into = _by_target(enumerate(edges))
    place = {id: index for index, id in enumerate(inside)}
    for ids in _components(inside, segment.inner):
        part = sorted(ids, key=place.__getitem__)
        lasts = [edge for id in part for edge in into_join.get(id, ())]
        taken = sorted((each for id in part for each in into.get(id, ())), key=itemgetter(0))
        chain = segments([boxes[id] for id in part], [edge for _, edge in taken], parents, depth)
        led = _led_on(chain, lasts[0]) if len(lasts) == 1 else ()
        if not led and (not forks or len(lasts) < 2):
            return ()
        branch = Branch(led, lasts[0]) if led else _forking(chain, lasts, boxes, parents, depth, forks)
        if branch is None:
            return ()
        found.append(branch)
    if len(found) < 2 or _share_frames([*(branch.boxes for branch in found), {join}], boxes, parents, depth):
        return ()
    order = {edge: index for index, edge in enumerate(edge for edge in edges if edge.target == join)}
    return tuple(sorted(found, key=lambda branch: (branch.last.operand, order[branch.last])))


def heads(segment: Segment, boxes: Mapping[str, Box], parents: Mapping[str, str], depth: int = 0) -> Fork | None:
    """What of a segment leads to outputs, each by a way of its own, in the order of these; None where it is not so.

    Args:
        segment: The segment.
        boxes: The boxes by id.
        parents: The path of the frame around each frame.
        depth: The number of frames around the whole segment.
    """
    inside = tuple(id for id in segment.boxes if boxes[id].kind != "output")
    edges = (*segment.entering, *segment.inner)
    lasts = {edge.source: edge for edge in edges if boxes[edge.target].kind == "output"}
    if segment.exit or len(lasts) < 2 or len(lasts) < len(segment.boxes) - len(inside) or not lasts.keys() <= {*inside}:
        return None
    around = common([frame_chain(boxes[id].cluster, parents) for id in inside])
    found = []
    for ids in _components(inside, segment.inner):
        part = [id for id in inside if id in ids]
        chain = segments(
            [boxes[id] for id in part], [edge for edge in edges if edge.target in ids], parents, len(around)
        )
        ends = [lasts[id] for id in part if id in lasts]
        if len(ends) != 1 or not (led := _led_on(chain, ends[0])):
            return None
        found.append(Branch(led, ends[0]))
    if len(found) < 2 or _share_frames([branch.boxes for branch in found], boxes, parents, len(around)):
        return None
    order = {id: index for index, id in enumerate(boxes)}
    ways = Segment(
        inside, segment.entering, tuple(edge for edge in segment.inner if edge.target in inside), "", around[depth:]
    )
    return Fork(ways, tuple(sorted(found, key=lambda branch: order[branch.last.target])))


def _by_source(edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.source, []).append(edge)
    return found


def _by_target(edges: Iterable[tuple[int, Edge]]) -> dict[str, list[tuple[int, Edge]]]:
    found: dict[str, list[tuple[int, Edge]]] = {}
    for index, edge in edges:
        found.setdefault(edge.target, []).append((index, edge))
    return found


def _led_on(chain: Sequence[Segment], last: Edge) -> tuple[Segment, ...]:
    """A chain of which an edge leads on; what comes after the segment that gives its tensor ends beside its line."""
    end = next(index for index, segment in enumerate(chain) if last.source in segment.boxes)
    if any(not segment.exit for segment in chain[:end]):
        return ()
    trunk = (*chain[:end], chain[end]._replace(exit=last.source))
    if end == len(chain) - 1:
        return trunk
    beside = _joined(chain[end + 1 :], last.source)
    known = {last.source, *beside.boxes}
    return (*trunk, beside) if all(edge.source in known for edge in beside.inner) else ()


def _forking(
    chain: Sequence[Segment],
    lasts: Sequence[Edge],
    boxes: Mapping[str, Box],
    parents: Mapping[str, str],
    depth: int,
    forks: int,
) -> Branch | None:
    """A chain of which several edges lead to the join, as a branch that forks; None where it does so in another way."""
    sources = {edge.source for edge in lasts}
    first = next(index for index, segment in enumerate(chain) if not sources.isdisjoint(segment.boxes))
    start = first + (sources.intersection(chain[first].boxes) == {chain[first].exit})
    trunk, rest = tuple(chain[:start]), chain[start:]
    if not trunk or not rest or not all(segment.exit for segment in trunk):
        return None
    fork = trunk[-1].exit
    edges = [*(edge for segment in rest for edge in (*segment.entering, *segment.inner)), *lasts]
    entering = tuple(edge for edge in edges if edge.source == fork)
    ids = tuple(id for segment in rest for id in segment.boxes)
    inner = tuple(edge for edge in edges if edge.source != fork)
    if len({edge.tensor for edge in entering}) != 1 or any(edge.source not in ids for edge in inner):
        return None
    frames = common([frame_chain(boxes[id].cluster, parents) for id in (fork, *ids)])[depth:]
    forked = Segment((*ids, lasts[0].target), entering, inner, lasts[0].target, frames)
    found = branches(forked, boxes, parents, depth + len(frames), forks - 1)
    return Branch(trunk, lasts[0], Fork(forked, found)) if found else None


def _joined(chain: Sequence[Segment], source: str) -> Segment:
    """Segments as one, past which the tensor leads that a box before gives."""
    edges = [edge for segment in chain for edge in (*segment.entering, *segment.inner)]
    return Segment(
        boxes=tuple(id for segment in chain for id in segment.boxes),
        entering=tuple(edge for edge in edges if edge.source == source),
        inner=tuple(edge for edge in edges if edge.source != source),
        exit=source,
        frames=common([segment.frames for segment in chain]),
    )


def _share_frames(
    groups: Iterable[Iterable[str]], boxes: Mapping[str, Box], parents: Mapping[str, str], depth: int
) -> bool:
    """Whether a frame is around boxes of several groups, besides so many outermost ones around all."""
    around = [{path for id in ids for path in frame_chain(boxes[id].cluster, parents)[depth:]} for ids in groups]
    return sum(map(len, around)) > len(set().union(*around))


def _components(ids: Sequence[str], edges: Sequence[Edge]) -> list[set[str]]:
    """The boxes in groups between which no edge leads, in order."""
    group = {id: {id} for id in ids}
    for edge in edges:
        one, other = group.get(edge.source), group.get(edge.target)
        if one is None or other is None or one is other:
            continue
        one |= other
        group |= dict.fromkeys(other, one)
    return list({id(members): members for members in group.values()}.values())
