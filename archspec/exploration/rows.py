"""The rows of a sweep, and which of them are best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from archspec.errors import UsageError, did_you_mean, listed, shown
from archspec.exploration.figures import Number
from archspec.exploration.points import Values

RESERVED = ("spec", "error")
"""Columns besides knobs and figures."""


class Row(NamedTuple):
    """A point of a sweep.

    Attributes:
        spec: The spec, as it was named.
        values: The value of each knob that the spec has.
        figures: The figures by name; None for one that is not known, and for all of an invalid point.
        error: Why it is invalid, or why it could not be measured; else empty.
    """

    spec: str
    values: Values
    figures: dict[str, Number]
    error: str = ""

    def value(self, column: str) -> Any:
        """What it says in a column; None where it says nothing."""
        if column in RESERVED:
            return getattr(self, column)
        return self.values.get(column) if column not in self.figures else self.figures[column]


@dataclass(frozen=True, repr=False)
class Rows:
    """The points of a sweep, in order.

    Attributes:
        knobs: The parameters that it turned.
        figures: The figures that it found.
        rows: A row for each point.
    """

    knobs: tuple[str, ...]
    figures: tuple[str, ...]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def invalid(self) -> int:
        """How many points have an error."""
        return sum(1 for row in self.rows if row.error)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its table."""
        return ("spec", *self.knobs, *self.figures, "error")

    def records(self) -> list[dict[str, Any]]:
        """A dictionary for each row, by column."""
        return [{column: row.value(column) for column in self.columns} for row in self.rows]

    def front(self, x: str, y: str, *, minimize: bool = False) -> tuple[Row, ...]:
        """The Pareto front: the rows than which no other has less of ``x`` and more of ``y``, by ``x``.

        Args:
            x: The column of which less is better, such as ``macs``.
            y: The column of which more is better.
            minimize: Whether less is better of ``y`` too.

        Raises:
            UsageError: There is no such column of numbers.
        """
        self.check_numbers((x, y))
        return front(self.known((x, y)), x, y, minimize=minimize)

    def known(self, columns: Sequence[str]) -> list[Row]:
        """The valid rows that have a value in each of some columns."""
        return [row for row in self.rows if all(row.value(column) is not None for column in columns)]

    def check_numbers(self, columns: Sequence[str]) -> None:
        """Refuse columns that there are not, those without numbers, and rows that cannot be told by them.

        Raises:
            UsageError: One is no column of numbers, or no row has a number in all of them.
        """
        known = [*self.knobs, *self.figures]
        for column in columns:
            if column not in known:
                hint = did_you_mean(column, known) or listed(known)
                raise UsageError(f"the sweep has no column `{column}`; {hint}")
            values = [row.value(column) for row in self.rows]
            if not any(is_number(value) for value in values):
                raise UsageError(f"the column `{column}` holds no numbers")
        rows = self.known(columns)
        if not rows:
            raise UsageError(f"no point has values of all of {listed(columns)}")
        for column in columns:
            for value in (row.value(column) for row in rows):
                if not is_number(value):
                    raise UsageError(f"the column `{column}` holds more than numbers: `{shown(str(value))}`")


def is_number(value: Any) -> bool:
    """Whether a value can be drawn along an axis."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def front(rows: Iterable[Row], x: str, y: str, *, minimize: bool) -> tuple[Row, ...]:
    """The front of rows with numbers in both columns, see `Sweep.front`; of equal ones the first."""
    sign = -1 if minimize else 1
    kept: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.value(x), -sign * row.value(y))):
        if not kept or sign * row.value(y) > sign * kept[-1].value(y):
            kept.append(row)
    return tuple(kept)
