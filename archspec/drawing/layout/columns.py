"""Segments one after another in a column (or row, where a picture is read from left to right)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import Part, Point, Rect, hull, line, shifted, shifted_parts, shifted_rect
from archspec.drawing.layout.pieces import Piece
from archspec.drawing.layout.segments import Segment
from archspec.drawing.layout.setting import BESIDE, HEADER, Setting, header_widths, label_size

PAD = 8.0
"""Between a frame and what it holds."""

_ARROW = 18.0
"""Between two boxes, without a label."""
_FORK = 9.0
"""Before a segment whose layout begins with an arrow of its own."""
_LABEL = 26.0
"""Between two boxes, with a label."""


class Place(NamedTuple):
    """A segment with its layout, and the room before it.

    Attributes:
        segment: The segment.
        piece: Its layout.
        room: Length of the line that enters it.
        closed: Frames that end before it.
        opened: Frames that begin before it.
    """

    segment: Segment
    piece: Piece
    room: float
    closed: int
    opened: int

    @property
    def length(self) -> float:
        """How much of a column it takes."""
        return self.room + self.closed * PAD + self.opened * (PAD + HEADER) + self.piece.bounds[2]


def places(chain: Sequence[Segment], pieces: Sequence[Piece], setting: Setting) -> list[Place]:
    """The segments of a chain, with the room that each needs."""
    found = []
    before: Segment | None = None
    for segment, piece in zip(chain, pieces, strict=True):
        old, new = before.frames if before else (), segment.frames
        shared = sum(1 for one, other in zip(old, new, strict=False) if one == other)
        room = (_room(segment, setting) if before else 0.0) + max(0.0, -piece.bounds[0])
        found.append(Place(segment, piece, room, len(old) - shared, len(new) - shared))
        before = segment
    return found


def _room(segment: Segment, setting: Setting) -> float:
    label = next((edge for edge in segment.entering if setting.labelled(edge)), None)
    if label is not None:
        return label_size(label)[0] + 20 if setting.rightwards else _LABEL
    return _ARROW if len(segment.boxes) == 1 else _FORK


def trunk_of(entering: Sequence[Edge]) -> Edge | None:
    """Of the edges of one tensor, the one whose line the others part from."""
    return next((edge for edge in entering if edge.role != "skip"), entering[0] if entering else None)


@dataclass
class Column:
    """Segments in a column, in coordinates along and across it; across, its first line enters at 0.

    Attributes:
        boxes: The rectangle of each box.
        frames: Path and rectangle of each frame, and whether it began in the column before.
        lines: The line of each edge; of the one that comes from the column before, from where it enters.
        labels: Where the text of those edges begins that have one.
        trunk: The edge whose line comes from the column before; others of the same tensor part from it.
        entry: Where they enter.
        exit: Where what it gives leaves; None where it gives nothing.
        leaving: The line from the box that gives it to there.
        awaits: Whether what comes from the column before is taken by none of its segments yet.
        bounds: What holds all of it; it begins at 0 along.
        ends: Where edges leave it that lead on by themselves.
    """

    boxes: dict[str, Rect] = field(default_factory=dict)
    frames: list[tuple[str, Rect, bool]] = field(default_factory=list)
    lines: dict[Edge, tuple[Part, ...]] = field(default_factory=dict)
    labels: dict[Edge, Point] = field(default_factory=dict)
    trunk: Edge | None = None
    entry: Point = (0.0, 0.0)
    exit: Point | None = None
    leaving: tuple[Part, ...] = ()
    awaits: bool = False
    bounds: Rect = (0.0, 0.0, 0.0, 0.0)
    ends: dict[Edge, Point] = field(default_factory=dict)


class Builder:
    """Segments from one place to another as a column: first how large it is, then what stands in it."""

    def __init__(self, all_places: Sequence[Place], start: int, end: int, setting: Setting) -> None:
        self.places = all_places[start:end]
        self.before = all_places[start - 1].segment.frames if start else ()
        self.setting = setting
        self.entries = self._entries()
        self.extents = [
            shifted_rect(place.piece.bounds, entry) for place, entry in zip(self.places, self.entries, strict=True)
        ]
        self.labels = dict(self._stem_labels())
        self.frames: list[tuple[str, Rect, bool]] = []
        self._enclose(0, len(self.places), 0)
        loose = [setting.label_rect(edge, start) for edge, start in self.labels.items()]
        inside = [*self.extents, *loose, *(rect for _, rect, _ in self.frames)]
        _, low, end_, high = hull([*inside, (0.0, 0.0, 0.0, 0.0)])
        self.bounds: Rect = (0.0, low, end_, high)

    @property
    def _lead(self) -> float:
        """From the beginning of a frame to what it holds."""
        return PAD if self.setting.rightwards else PAD + HEADER

    def _entries(self) -> list[Point]:
        """Where each segment is entered."""
        entries: list[Point] = []
        open_: list[tuple[float, str]] = []
        position, spine = 0.0, 0.0
        for index, place in enumerate(self.places):
            for _ in range(place.closed if index else 0):
                position = max(position, self._titled(*open_.pop())) + PAD
            position += place.room
            frames = place.segment.frames
            for path in frames[len(frames) - place.opened if index else 0 :]:
                open_.append((position, path))
                position += self._lead
            entries.append((position, spine))
            position += place.piece.bounds[2]
            if place.piece.exit is not None:
                spine += place.piece.exit[1]
        return entries

    def _titled(self, begin: float, path: str) -> float:
        """Up to where what a frame holds has to reach, so that there is room for its title where this leads along."""
        return begin + sum(header_widths(self.setting.clusters[path])) + 2 * PAD if self.setting.rightwards else begin

    def _stem_labels(self) -> Iterator[tuple[Edge, Point]]:
        """Where the labels of lines that enter segments begin: beside the line, or above where it leads right."""
        for index, (place, (along, across)) in enumerate(zip(self.places, self.entries, strict=True)):
            opened = place.opened if index else len(place.segment.frames)
            middle = along - opened * self._lead - place.room / 2
            labelled = filter(self.setting.labelled, place.segment.entering) if place.room else ()
            for edge in labelled:
                width, height = label_size(edge)
                if self.setting.rightwards:
                    yield edge, (middle - width / 2 - 2, across - height / 2 - 1)
                else:
                    yield edge, (middle - 1, across + BESIDE)

    def _enclose(self, start: int, end: int, depth: int) -> Rect:
        """Draw the frames of one depth around segments; what holds all of these."""
        held: list[Rect] = []
        while start < end:
            names = self.places[start].segment.frames[: depth + 1]
            if len(names) <= depth:
                held.append(self.extents[start])
                start += 1
                continue
            stop = start + 1
            while stop < end and self.places[stop].segment.frames[: depth + 1] == names:
                stop += 1
            rect = self._framed(names[depth], self._enclose(start, stop, depth + 1), self.entries[start][1])
            self.frames.append((names[depth], rect, not start and self.before[: depth + 1] == names))
            held.append(rect)
            start = stop
        return hull(held)

    def _framed(self, path: str, held: Rect, spine: float) -> Rect:
        """A frame around what it holds, wide enough for its title, which leaves the line through it free."""
        begin, low, end, high = held
        widths = header_widths(self.setting.clusters[path])
        if self.setting.rightwards:
            return begin - PAD, low - PAD - HEADER, max(end + PAD, begin + sum(widths) + 2 * PAD), high + PAD
        half = max(widths) + 2 * PAD
        return begin - PAD - HEADER, min(low - PAD, spine - half), end + PAD, max(high + PAD, spine + half)

    def built(self) -> Column:
        """The column."""
        column = Column(frames=list(self.frames), labels=dict(self.labels), bounds=self.bounds, entry=self.entries[0])
        for index, (place, entry) in enumerate(zip(self.places, self.entries, strict=True)):
            self._put(column, place, entry, first=not index)
        return column

    def _put(self, column: Column, place: Place, entry: Point, *, first: bool) -> None:
        """Put a segment where it is entered, and draw the line to there."""
        piece, entering = place.piece, place.segment.entering
        column.boxes |= {id: shifted_rect(rect, entry) for id, rect in piece.boxes.items()}
        column.frames += [(path, shifted_rect(rect, entry), False) for path, rect in piece.frames.items()]
        column.labels |= {edge: shifted(start, entry) for edge, start in piece.labels.items()}
        column.ends |= {edge: shifted(end, entry) for edge, end in piece.ends.items()}
        stem = () if first or column.exit is None else (*column.leaving, *line(column.exit, entry))
        trunk = trunk_of(entering)
        for edge, parts in piece.lines.items():
            column.lines[edge] = (*(stem if edge is trunk else ()), *shifted_parts(parts, entry))
        if first or column.awaits:
            column.trunk = trunk
        passed = not entering and place.segment.exit not in place.segment.boxes
        column.awaits = passed and (first or column.awaits)
        column.exit = shifted(piece.exit, entry) if piece.exit is not None and place.segment.exit else None
        column.leaving = (*(stem if passed else ()), *shifted_parts(piece.leaving, entry))


def column(row: Sequence[Place], setting: Setting) -> Column:
    """All segments of a row of places as a column."""
    return Builder(row, 0, len(row), setting).built()
