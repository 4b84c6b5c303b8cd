"""What the nodes of a TikZ picture are called, and which are in a frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from archspec.drawing.content.scene import Box
from archspec.drawing.layout.geometry import Rect
from archspec.drawing.layout.placement import PlacedFrame, Placing
from archspec.drawing.layout.segments import frame_chain


def held_by_frames(placing: Placing) -> Mapping[str, list[str]]:
    """The boxes in each frame, those of frames inside too."""
    parents = {cluster.path: cluster.parent for cluster in placing.scene.clusters}
    found: dict[str, list[str]] = {path: [] for path in parents}
    for box in placing.scene.boxes:
        for around in frame_chain(box.cluster, parents):
            found[around].append(box.id)
    return found


def holds(rect: Rect, other: Rect) -> bool:
    """Whether a rectangle is inside of another."""
    return rect[0] <= other[0] and rect[1] <= other[1] and rect[2] >= other[2] and rect[3] >= other[3]


def distance(rect: Rect, point: tuple[float, float]) -> float:
    """How far a point is from a rectangle."""
    left, top, right, bottom = rect
    return max(left - point[0], 0.0, point[0] - right) + max(top - point[1], 0.0, point[1] - bottom)


def frame_id(number: int) -> str:
    """The key of a frame, or of its part in one column, among the names of nodes."""
    return f"frame {number}"


def node_names(boxes: Iterable[Box], frames: Sequence[PlacedFrame]) -> dict[str, str]:
    """Names of nodes, as TikZ allows them: paths with hyphens for dots, each once."""
    wanted = [(box.id, box.id.rpartition(" ")[2]) for box in boxes]
    wanted += [(frame_id(number), frame.cluster.path) for number, frame in enumerate(frames)]
    taken: set[str] = set()
    found: dict[str, str] = {}
    for id, called in wanted:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", called).strip("-") or "box"
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name)
        found[id] = name
    return found
