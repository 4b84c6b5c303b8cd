"""How high lines run above what they lead past, and how near lanes stand to each other: as near as each column lets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from archspec.drawing.layout.grid import Cell

Key = tuple[int, Cell]
"""A lane, and the cell where lines above it begin."""


class Span(NamedTuple):
    """What lines above a lane lead past.

    Attributes:
        low, high: Where they begin and end across.
        columns: The columns that they pass.
    """

    low: float
    high: float
    columns: range


class Extent(NamedTuple):
    """How far something stands out above and below the middle of its lane."""

    above: float
    below: float


def runs(spans: Mapping[Key, Span], extents: Mapping[Cell, Extent], first: float, track: float) -> dict[Key, float]:
    """How far above the middle of its lane each line runs: the shortest lowest, none on another.

    Args:
        spans: What lines lead past.
        extents: What stands in each cell.
        first: Between what stands there and a line.
        track: Between lines.
    """
    found: dict[Key, float] = {}
    used: dict[int, list[tuple[Span, float]]] = {}
    for key, span in sorted(spans.items(), key=lambda item: (item[1].high - item[1].low, item)):
        lane = key[0]
        passed = (extents[column, lane].above for column in span.columns if (column, lane) in extents)
        others = (
            height for other, height in used.get(lane, ()) if other.low < span.high + 1 and span.low - 1 < other.high
        )
        found[key] = max([first + max(passed, default=0.0), *(height + track for height in others)])
        used.setdefault(lane, []).append((span, found[key]))
    return found


def with_runs(extents: Mapping[Cell, Extent], spans: Mapping[Key, Span], heights: Mapping[Key, float],
              track: float) -> dict[Cell, Extent]:  # fmt: skip
    """What stands in each cell, the lines above it too.

    Args:
        extents: What stands there.
        spans: What lines lead past.
        heights: How high they run.
        track: Room above them.
    """
    found = dict(extents)
    for (lane, start), span in spans.items():
        for column in span.columns:
            above, below = found.get((column, lane), Extent(0.0, 0.0))
            found[column, lane] = Extent(max(above, heights[lane, start] + track), below)
    return found


def axes(
    extents: Mapping[Cell, Extent], floors: Sequence[int], top: float, between: float
) -> tuple[list[float], float]:
    """The middle of each lane, and where all ends.

    Args:
        extents: What stands in each cell.
        floors: The floor that each lane is on: those of another stand below all of one.
        top: Where all begins.
        between: Between lanes.
    """
    columns: list[list[tuple[int, Extent]]] = [[] for _ in floors]
    for (column, lane), extent in extents.items():
        columns[lane].append((column, extent))
    found: list[float] = []
    ends: dict[int, float] = {}
    floor = top
    for lane, held in enumerate(columns):
        if lane and floors[lane] != floors[lane - 1]:
            floor = max(ends.values(), default=floor) + between
        least = [floor + extent.above for _, extent in held]
        least += [ends[column] + between + extent.above for column, extent in held if column in ends]
        found.append(max([*least, *(axis + between for axis in found[-1:])], default=floor))
        for column, extent in held:
            ends[column] = max(ends.get(column, top), found[-1] + extent.below)
    return found, max(ends.values(), default=top)
