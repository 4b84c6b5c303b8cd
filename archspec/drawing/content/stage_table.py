"""The table of one or several networks: a row for each size of maps, a column for each network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archspec.drawing.content.stages import Entry, Stage, stages
from archspec.network import Network
from archspec.reports.table import short

CONVENTIONS = "MACs: multiply-accumulates for one image, what many papers call FLOPs. FLOPs: 2 × MACs."

Cell = tuple[Entry, ...]


class Row(NamedTuple):
    """What networks have at one size.

    Attributes:
        name: What the specs call it, or its number.
        size: The size of the maps, as ``56×56``.
        bands: What stands below each other: a cell for each network, or one cell for all of them, where they are alike.
    """

    name: str
    size: str
    bands: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class StageTable:
    """A table.

    Attributes:
        names: The networks, each the name of a column.
        rows: The stages.
        totals: Figures of each network, each with its name.
    """

    names: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[str, tuple[str, ...]], ...]


def stage_table(networks: Sequence[Network]) -> StageTable:
    """The table of some networks side by side, their stages aligned by the size of maps.

    Raises:
        UsageError: One of them is no chain of stages.
    """
    columns = [stages(network) for network in networks]
    aligned = _aligned(columns)
    names = _names(aligned)
    return StageTable(
        tuple(network.name for network in networks),
        tuple(_row(name, row) for name, row in zip(names, aligned, strict=True)),
        tuple(
            (name, tuple(short(getattr(network, figure)) + _unknown(network, figure) for network in networks))
            for name, figure in (("params", "params"), ("MACs", "macs"), ("FLOPs", "flops"))
        ),
    )


def _unknown(network: Network, figure: str) -> str:
    return " + ?" if figure != "params" and network.unknown_costs else ""


_Aligned = tuple[Stage | None, ...]


def _aligned(columns: Sequence[Sequence[Stage]]) -> list[_Aligned]:
    """Rows of stages of one size, in the order of each network; what one network lacks is None."""
    rows: list[_Aligned] = []
    for index, column in enumerate(columns):
        pairs = _pairs([_size(row) for row in rows], [stage.size for stage in column])
        rows = [
            (*(rows[row] if row is not None else (None,) * index), column[stage] if stage is not None else None)
            for row, stage in pairs
        ]
    return rows


def _size(row: _Aligned) -> str:
    return next(stage.size for stage in row if stage is not None)


def _pairs(rows: Sequence[str], column: Sequence[str]) -> list[tuple[int | None, int | None]]:
    """The longest alignment of equal sizes, as places in both; None where one has none."""
    most = [[0] * (len(column) + 1) for _ in range(len(rows) + 1)]
    for i in reversed(range(len(rows))):
        for j in reversed(range(len(column))):
            alike = most[i + 1][j + 1] + 1 if rows[i] == column[j] else 0
            most[i][j] = max(alike, most[i + 1][j], most[i][j + 1])
    i = j = 0
    found: list[tuple[int | None, int | None]] = []
    while i < len(rows) or j < len(column):
        if i < len(rows) and j < len(column) and rows[i] == column[j] and most[i][j] == most[i + 1][j + 1] + 1:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif j == len(column) or (i < len(rows) and most[i + 1][j] >= most[i][j + 1]):
            found.append((i, None))
            i += 1
        else:
            found.append((None, j))
            j += 1
    return found


def _names(rows: Sequence[_Aligned]) -> list[str]:
    """What all networks call each row; numbers where they do not agree."""
    columns = [_column_names([row[index] for row in rows]) for index in range(len(rows[0]) if rows else 0)]
    found = []
    for told in zip(*columns, strict=True):
        names = set(told) - {""}
        if len(names) > 1:
            return [str(number) for number, _ in enumerate(rows, 1)]
        found.append(names.pop())
    return found


def _column_names(column: Sequence[Stage | None]) -> list[str]:
    """The stages of a network by the shortest beginnings of their paths that differ."""
    paths = [stage.path.split(".") if stage is not None else [] for stage in column]
    return [".".join(path[: _least(path, [other for other in paths if other is not path])]) for path in paths]


def _least(path: Sequence[str], others: Iterable[Sequence[str]]) -> int:
    """How much of a path is needed to tell it from others."""
    others = list(others)
    return next((n for n in range(1, len(path)) if all(other[:n] != path[:n] for other in others)), len(path))


def _row(name: str, row: _Aligned) -> Row:
    cells = [stage.entries if stage is not None else () for stage in row]
    return Row(name, _size(row), tuple(_bands(cells)))


def _bands(cells: Sequence[Cell]) -> list[tuple[Cell, ...]]:
    """Cells as bands: what all begin and end with stands once."""
    if len(cells) == 1:
        return [(cells[0],)]
    first = _common(cells)
    rest = [cell[first:] for cell in cells]
    last = _common([cell[::-1] for cell in rest])
    middle = tuple(cell[: len(cell) - last] for cell in rest)
    bands: list[tuple[Cell, ...]] = [(cells[0][:first],)] if first else []
    bands += [middle] if any(middle) else []
    return bands + ([(cells[0][len(cells[0]) - last :],)] if last else [])


def _common(cells: Sequence[Cell]) -> int:
    """How many entries all begin with."""
    alike = 0
    for entries in zip(*cells, strict=False):
        if len(set(entries)) > 1:
            break
        alike += 1
    return alike
