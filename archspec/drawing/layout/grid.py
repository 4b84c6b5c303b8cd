"""Where volumes stand in a grid: a column for each step from the inputs, a lane for each way beside others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal, NamedTuple

Cell = tuple[int, int]
"""A column and a lane."""

Way = Literal["own", "target", "above", "along"]


class Route(NamedTuple):
    """How a line leads from one cell to another.

    Attributes:
        way: ``own``: along the lane where it begins; ``target``: along the lane where it ends; ``above``: in the room
            above a lane; ``along``: up or down the column in which both stand.
        straight: Whether both lanes are one, and nothing stands between.
        over: The lane that it leads above: that where it ends, or a higher one where it passes what is as high as both.
    """

    way: Way
    straight: bool = False
    over: int = -1


class Link(NamedTuple):
    """A line: what it joins, and the cells where it leaves and arrives."""

    source: str
    target: str
    start: Cell
    end: Cell


class Grid(NamedTuple):
    """Where everything stands, and how each line leads.

    Attributes:
        cells: Where everything stands; what is as high as several lanes, by the first.
        last: The last lane of what is as high as several.
        links: The lines.
        routes: How each leads.
        floors: The floor of each lane: those of one floor may stand as near as each column lets.
    """

    cells: Mapping[str, Cell]
    last: Mapping[str, int]
    links: Sequence[Link]
    routes: Mapping[Link, Route]
    floors: Sequence[int]


def grid_of(ids: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Grid:
    """The grid of what reads from left to right.

    Args:
        ids: What stands in the grid, each behind those that it is made from.
        pairs: What is made from what.
    """
    cells = placed(ids, pairs)
    links = [Link(source, target, cells[source], cells[target]) for source, target in pairs]
    floors = [0] * (1 + max((lane for _, lane in cells.values()), default=-1))
    return Grid(cells, {}, links, routed(cells.values(), links, ()), floors)


def placed(ids: Sequence[str], links: Sequence[tuple[str, str]]) -> dict[str, Cell]:
    """The cell of each id; no two have one.

    Args:
        ids: What stands in the grid, each behind those that it is made from.
        links: What is made from what.
    """
    before, after = neighbours(ids, links)
    columns = _columns(ids, before, after)
    rest = _rest(ids, after)
    order = {id: index for index, id in enumerate(ids)}
    mains = {id: max(takers, key=lambda taker: (rest[taker], -order[taker])) for id, takers in after.items() if takers}
    ways: dict[str, tuple[str, int]] = {}
    for id in ids:
        source = max(before[id], key=lambda each: (columns[each], bool(before[each]), rest[each]), default="")
        ways[id] = source, order[id] - order[mains[source]] if before[id] else order[id]
    lanes: dict[str, int] = {}
    taken: set[Cell] = set()
    for id in sorted(ids, key=lambda each: (columns[each], abs(ways[each][1]), order[each])):
        source, away = ways[id]
        lane = next(lane for lane in _outwards(lanes.get(source, 0), away) if (columns[id], lane) not in taken)
        lanes[id] = lane
        taken.add((columns[id], lane))
    rows = {lane: index for index, lane in enumerate(sorted(set(lanes.values())))}
    return {id: (columns[id], rows[lanes[id]]) for id in ids}


def neighbours(
    ids: Iterable[str], links: Iterable[tuple[str, str]]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What each is made from, and what is made from each."""
    before: dict[str, list[str]] = {id: [] for id in ids}
    after: dict[str, list[str]] = {id: [] for id in before}
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    return before, after


def _columns(
    ids: Sequence[str], before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Behind all that each is made from; what is made from nothing stands right before its first use."""
    columns: dict[str, int] = {}
    for id in ids:
        columns[id] = max((columns[source] + 1 for source in before[id]), default=0)
    for id in ids:
        if not before[id] and after[id]:
            columns[id] = max(0, min(columns[target] for target in after[id]) - 1)
    return columns


def _rest(ids: Sequence[str], after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How far each is from the end."""
    rest: dict[str, int] = {}
    for id in reversed(ids):
        rest[id] = max((rest[target] + 1 for target in after[id]), default=0)
    return rest


def _outwards(lane: int, away: int) -> Iterator[int]:
    """Lanes to try: for what goes on with a way that one, then those above and below; beside it those on one side."""
    if away:
        yield from count(lane + (1 if away > 0 else -1), 1 if away > 0 else -1)
    yield lane
    for distance in count(1):
        yield lane - distance
        yield lane + distance


def routed(cells: Iterable[Cell], links: Iterable[Link], tall: Iterable[tuple[Cell, int]]) -> dict[Link, Route]:
    """How each line leads through the grid: never over a cell that is taken, nor along another line of other ends.

    Args:
        cells: What is taken.
        links: The lines.
        tall: What is as high as several lanes: its first cell and its last lane.
    """
    taken = set(cells)
    covers: dict[int, list[tuple[int, int]]] = {}
    for (column, lane), last in tall:
        covers.setdefault(column, []).append((lane, last))
    users: dict[Cell, list[Link]] = {}
    found: dict[Link, Route] = {}
    for link in sorted(links, key=lambda link: (link.end[0] - link.start[0], link.start, link.end)):
        (start, own), (end, other) = link.start, link.end
        if start == end:
            found[link] = Route("along", straight=True)
            continue
        lanes: list[tuple[Way, int]] = [("own", own)] if own == other else [("target", other), ("own", own)]
        for way, lane in lanes:
            passed = [(column, lane) for column in range(start + 1, end)]
            if taken.isdisjoint(passed) and all(_may_join(link, users.get(cell, ())) for cell in passed):
                for cell in passed:
                    users.setdefault(cell, []).append(link)
                found[link] = Route(way, own == other)
                break
        else:
            found[link] = Route("above", over=_over(link, covers))
    return found


def _over(link: Link, covers: Mapping[int, Sequence[tuple[int, int]]]) -> int:
    """The lane above which a line can lead: none that something on its way stands in, and in the one above it too."""
    over = link.end[1]
    passed = sorted(
        (span for column in range(link.start[0] + 1, link.end[0]) for span in covers.get(column, ())), reverse=True
    )
    for first, last in passed:
        if first < over <= last:
            over = first
    return over


def _may_join(link: Link, others: Sequence[Link]) -> bool:
    """Whether a line may lie on others: all begin in one place, or all end in one."""
    return all(other.start == link.start for other in others) or all(other.end == link.end for other in others)
