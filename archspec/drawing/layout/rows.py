"""Volumes in several rows, for a page: broken where what leads on begins at one volume."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from archspec.drawing.content.volume import Flow, Volume, Volumes
from archspec.drawing.layout.bodies import USUAL, Measures, Scales
from archspec.drawing.layout.geometry import Part, Point, Rect, rounded, shifted_parts, shifted_rect
from archspec.drawing.layout.grid import placed
from archspec.drawing.layout.pages import MARGIN, Page
from archspec.drawing.layout.solids import PlacedFlow, PlacedVolume, Solids, lay_out, row

_MOST_ROWS = 8
_HALVED = 16
"""How often the width of rows is found more nearly."""
_BESIDE = 14.0
"""Room beside the rows for the lines from one to the next."""
_RADIUS = 4.0


def for_page(shown: Volumes, page: Page, measures: Measures = USUAL) -> Solids:
    """Volumes in as many rows as suit a page, and of those in as many as make them largest; the fewest of those."""
    best = lay_out(shown, measures)
    pieces, scales = list(_pieces(shown)), best.scales
    parts = _Parts(shown)
    widths = [row(parts.of(piece), scales).size[0] - 2 * MARGIN for piece in pieces]
    for most in _widths(widths, min(_MOST_ROWS, len(pieces))):
        tried = _in_rows(parts, pieces, widths, most, scales)
        larger = page.fitted(tried.size) > page.fitted(best.size) * 1.001
        if (page.suits(tried.size), larger) > (page.suits(best.size), False):
            best = tried
    return best


def _pieces(shown: Volumes) -> Iterator[list[str]]:
    """The volumes between gutters where all lines that cross them begin at one volume."""
    cells = placed([volume.id for volume in shown.volumes], [(flow.source, flow.target) for flow in shown.flows])
    crossing: dict[int, set[str]] = {}
    for flow in shown.flows:
        for gutter in range(cells[flow.source][0], cells[flow.target][0]):
            crossing.setdefault(gutter, set()).add(flow.source)
    columns: dict[int, list[str]] = {}
    for volume in shown.volumes:
        columns.setdefault(cells[volume.id][0], []).append(volume.id)
    piece: list[str] = []
    for column in sorted(columns):
        piece += columns[column]
        over = crossing.get(column, set())
        if len(over) == 1 and over <= set(columns[column]):
            yield piece
            piece = []
    if piece:
        yield piece


def _widths(widths: Sequence[float], most: int) -> Iterator[float]:
    """The width of the widest row where pieces stand in 2, 3 … rows that are as wide as each other as can be."""
    for rows in range(2, most + 1):
        low, high = max(widths), sum(widths)
        for _ in range(_HALVED):
            middle = (low + high) / 2
            low, high = (low, middle) if _rows(widths, middle) <= rows else (middle, high)
        yield high


def _rows(widths: Sequence[float], most: float) -> int:
    """In how many rows pieces stand that are no broader than ``most``."""
    rows, room = 1, 0.0
    for width in widths:
        room += width
        if room > most:
            rows, room = rows + 1, width
    return rows


def _in_rows(
    parts: _Parts, pieces: Sequence[Sequence[str]], widths: Sequence[float], most: float, scales: Scales
) -> Solids:
    """Pieces of some widths in rows that are no broader than ``most``."""
    rows: list[list[str]] = []
    room = 0.0
    for piece, width in zip(pieces, widths, strict=True):
        if not rows or room + width > most:
            rows.append([])
            room = 0.0
        rows[-1] += piece
        room += width
    return _stacked(parts.shown, [row(parts.of(ids), scales) for ids in rows])


_START = Volume("", "start", "other", ())
"""Where the line from the row before arrives in a row."""


class _Parts:
    """What stands in rows."""

    def __init__(self, shown: Volumes) -> None:
        self.shown = shown
        self.by_id = {volume.id: volume for volume in shown.volumes}
        self.order = {id: number for number, id in enumerate(self.by_id)}
        self.into: dict[str, list[Flow]] = {}
        for flow in shown.flows:
            self.into.setdefault(flow.target, []).append(flow)

    def of(self, ids: Iterable[str]) -> Volumes:
        """Volumes in a row, in their order; flows from the row before begin at its start."""
        kept = set(ids)
        volumes = [self.by_id[id] for id in sorted(kept, key=self.order.__getitem__)]
        flows = [flow for volume in volumes for flow in self.into.get(volume.id, ())]
        if any(flow.source not in kept for flow in flows):
            volumes.insert(0, _START)
            flows = [flow if flow.source in kept else flow._replace(source=_START.id) for flow in flows]
        return replace(self.shown, volumes=tuple(volumes), flows=tuple(flows))


def _stacked(shown: Volumes, rows: Sequence[Solids]) -> Solids:
    """Rows below each other, and lines around the end of each to the start of the next."""
    found: dict[str, PlacedVolume] = {}
    lines: list[PlacedFlow] = []
    drawn = {line.flow for each in rows for line in each.lines}
    sources = {flow.target: flow for flow in shown.flows if flow not in drawn}
    end, y = 0.0, 0.0
    for each in rows:
        by = (_BESIDE, y)
        moved = {one.volume.id: _shifted(one, by) for one in each.placed}
        leading = next((line for line in sorted(each.lines, key=_leads) if line.flow.source == _START.id), None)
        for line in each.lines:
            parts, flow = shifted_parts(line.parts, by), line.flow
            if flow.source == _START.id:
                flow = sources[flow.target]
            if line is leading:
                parts = (*_around(found[flow.source].right, moved[_START.id].left, end, y), *parts)
            lines.append(PlacedFlow(flow, parts, line.arch))
        found |= moved
        end, y = _BESIDE + each.size[0], y + each.size[1]
    found.pop(_START.id, None)
    width = max(each.size[0] for each in rows) + 2 * _BESIDE
    return Solids(shown, tuple(found[volume.id] for volume in shown.volumes), tuple(lines), rows[0].scales, (width, y))


def _leads(line: PlacedFlow) -> bool:
    """Of lines from the start of a row the one comes first that leads there from the row before: not a shortcut."""
    return line.flow.role == "skip"


def _around(start: Point, end: Point, right: float, bottom: float) -> tuple[Part, ...]:
    """A line around the end of a row, whose bottom is given, to the start of the next."""
    turns = [start, (right, start[1]), (right, bottom), (MARGIN, bottom), (MARGIN, end[1]), end]
    return rounded(turns, _RADIUS)


def lowered(solids: Solids, by: float) -> Solids:
    """Volumes with room above them."""
    down = 0.0, by
    return replace(
        solids,
        placed=tuple(_shifted(placed, down) for placed in solids.placed),
        lines=tuple(line._replace(parts=shifted_parts(line.parts, down)) for line in solids.lines),
        size=(solids.size[0], solids.size[1] + by),
    )


def _shifted(placed: PlacedVolume, by: Point) -> PlacedVolume:
    return placed._replace(rect=shifted_rect(placed.rect, by), label=_moved(placed.label, by))


def _moved(rect: Rect | None, by: Point) -> Rect | None:
    return shifted_rect(rect, by) if rect else None
