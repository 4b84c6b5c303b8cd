"""Frames whose boxes stand in several cells: one rectangle around all, or parts where something else stands between."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from archspec.drawing.content.scene import Scene
from archspec.drawing.layout.cells import Cell
from archspec.drawing.layout.columns import PAD
from archspec.drawing.layout.geometry import Rect, hull, overlap, point_rect
from archspec.drawing.layout.levels import Place
from archspec.drawing.layout.placement import PlacedFrame
from archspec.drawing.layout.segments import frame_chain
from archspec.drawing.layout.setting import HEADER, Setting, header_widths


def spanning(scene: Scene, place: Mapping[str, Place]) -> set[str]:
    """The frames whose boxes stand in several cells, given the cell of each box."""
    parents = {cluster.path: cluster.parent for cluster in scene.clusters}
    held: dict[str, set[Place]] = {}
    for box in scene.boxes:
        for path in frame_chain(box.cluster, parents):
            held.setdefault(path, set()).add(place[box.id])
    return {path for path, places in held.items() if len(places) > 1}


def without(scene: Scene, paths: Container[str]) -> Scene:
    """A scene without some frames; what they hold is in those around them."""
    parents = {cluster.path: cluster.parent for cluster in scene.clusters}

    def kept(path: str) -> str:
        while path in paths:
            path = parents[path]
        return path

    return replace(
        scene,
        boxes=tuple(replace(box, cluster=kept(box.cluster)) for box in scene.boxes),
        clusters=tuple(each._replace(parent=kept(each.parent)) for each in scene.clusters if each.path not in paths),
    )


def whole(paths: Container[str], cells: Iterable[Cell], setting: Setting) -> dict[str, Rect]:
    """The rectangles of frames around all that they hold, the innermost first.

    Args:
        paths: The frames.
        cells: What stands where, without these frames.
        setting: The setting, with all frames.
    """
    found: dict[str, Rect] = {}
    held: dict[str, list[Rect]] = {}
    for cell in cells:
        for chain, rect in _held(cell, setting):
            for path in chain:
                held.setdefault(path, []).append(rect)
    for path in reversed(list(setting.clusters)):
        if path in paths:
            inner = [rect for child, rect in found.items() if setting.parents[child] == path]
            left, top, right, bottom = hull([*held[path], *inner])
            width = sum(header_widths(setting.clusters[path])) + 4 * PAD
            found[path] = left - PAD, top - PAD - HEADER, max(right + PAD, left - PAD + width), bottom + PAD
    return found


def _held(cell: Cell, setting: Setting) -> Iterator[tuple[tuple[str, ...], Rect]]:
    """What stands in a cell, each with the frames around it."""
    for id, rect in cell.boxes.items():
        left, top, right, bottom = rect
        pile = setting.cards[id].pile
        yield setting.frames(id), (left, top, right + pile, bottom + pile)
    for path, rect in cell.frames:
        yield frame_chain(path, setting.parents), rect
    for edge, parts in cell.lines.items():
        around = [path for path in setting.frames(edge.source) if path in setting.frames(edge.target)]
        yield from ((tuple(around), point_rect(point)) for part in parts for point in part)


def cut(frames: Mapping[str, Rect], cells: Iterable[Cell], setting: Setting) -> set[str]:
    """Frames in which something stands that they do not hold, or that would cut others, with those inside of them."""
    chains = {path: frame_chain(path, setting.parents) for path in setting.clusters}
    stands = [(setting.frames(id), rect) for cell in cells for id, rect in cell.boxes.items()]
    inner = [(path, rect) for cell in cells for path, rect in cell.frames]

    def is_cut(path: str, rect: Rect) -> bool:
        others = (other for other in (*inner, *frames.items()) if other[0] not in chains[path])
        strange = (*stands, *((chains[other], around) for other, around in others))
        return any(path not in chain and overlap(rect, around) for chain, around in strange)

    bad = {path for path, rect in frames.items() if is_cut(path, rect)}
    return {path for path in frames if not bad.isdisjoint(chains[path])}


def framed(
    parts: Sequence[PlacedFrame], frames: Mapping[str, Rect], cells: Iterable[Cell], setting: Setting
) -> list[PlacedFrame]:
    """Frames, each before those inside; those in parts as one around these where nothing else stands in it.

    Args:
        parts: The parts in the cells, in order, of frames that are not whole.
        frames: The rectangles of those that are.
        cells: What stands where.
        setting: The setting.
    """
    boxes = {id: rect for cell in cells for id, rect in cell.boxes.items()}
    held: dict[str, list[PlacedFrame]] = {}
    for part in parts:
        held.setdefault(part.cluster.path, []).append(part)
    hulls = _hulls(held, setting)
    entire = set(frames)
    found: list[PlacedFrame] = []
    for path, cluster in setting.clusters.items():
        may_be_whole = path in hulls and (not cluster.parent or cluster.parent in entire)
        if path in frames:
            found.append(PlacedFrame(cluster, frames[path]))
        elif may_be_whole and _is_free(path, hulls[path], boxes, setting):
            entire.add(path)
            found.append(PlacedFrame(cluster, hulls[path]))
        else:
            found += [part._replace(continued=index > 0) for index, part in enumerate(held.get(path, ()))]
    return found


def _hulls(held: Mapping[str, Sequence[PlacedFrame]], setting: Setting) -> dict[str, Rect]:
    """The rectangle around all parts of each frame that has several, and around those of frames inside."""
    found: dict[str, Rect] = {}
    for path in reversed(list(setting.clusters)):
        parts = held.get(path, ())
        if len(parts) > 1:
            inner = [rect for child, rect in found.items() if setting.parents[child] == path]
            around = [(left - PAD, top - PAD - HEADER, right + PAD, bottom + PAD) for left, top, right, bottom in inner]
            found[path] = hull([*map(_headed, parts), *around])
    return found


def _headed(part: PlacedFrame) -> Rect:
    """A part with room for a title above it."""
    left, top, right, bottom = part.rect
    return left, top - HEADER if part.upwards else top, right, bottom


def _is_free(path: str, rect: Rect, boxes: Mapping[str, Rect], setting: Setting) -> bool:
    """Whether nothing stands in a frame that it does not hold."""
    return not any(overlap(rect, box) for id, box in boxes.items() if path not in setting.frames(id))
