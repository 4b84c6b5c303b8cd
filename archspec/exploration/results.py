"""What a sweep found: a row for each point, as a table, a file, a plot."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from archspec.exploration import plots, tables
from archspec.exploration.rows import Rows
from archspec.files import write


@dataclass(frozen=True, repr=False)
class Sweep(Rows):
    """The points of a sweep, in order.

    Iterating gives its rows. ``pandas.DataFrame(sweep.records())`` is a table of them.

    Attributes:
        knobs: The parameters that it turned.
        figures: The figures that it found.
        rows: A row for each point.
    """

    @override
    def __repr__(self) -> str:
        invalid = f", {self.invalid:,} invalid" if self.invalid else ""
        return f"<Sweep over {', '.join(self.knobs)}: {len(self.rows):,} points{invalid}>"

    @override
    def __str__(self) -> str:
        return tables.text(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as CSV, JSON or Parquet, as the name of the file ends; whole or not at all.

        Raises:
            UsageError: The name ends in another way, the file cannot be written, or Parquet needs a package.
        """
        write(Path(path), tables.written(self, Path(path)))

    def plot(
        self, path: str | os.PathLike[str], x: str | None = None, y: str | None = None, *, minimize: bool = False
    ) -> None:
        """Write a plot as SVG, PNG or PDF, as the name of the file ends.

        Where ``x`` is a knob, it is ``y`` against that; where it is a figure, a point for each row, and the Pareto
        front with the values of its points.

        Args:
            path: The file.
            x: A column of numbers; the first knob with several values unless given.
            y: Another; the first figure that is not ``x`` unless given.
            minimize: Whether less is better of ``y``, as it is of ``x``: the front has both small. Else it has the
                most of ``y`` for each ``x``.

        Raises:
            UsageError: There is no such column of numbers, the file cannot be written, or matplotlib is missing.
        """
        write(Path(path), plots.plotted(self, Path(path), x, y, minimize=minimize))
