"""Plots of a sweep: a figure against a knob, and two figures with their Pareto front."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archspec.errors import UsageError
from archspec.exploration.figures import FIGURES
from archspec.exploration.labels import place_labels
from archspec.exploration.rows import Row, Rows, front, is_number
from archspec.exploration.tables import check_ending, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".svg", ".png", ".pdf")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which people who see colours differently tell apart (jfly.uni-koeln.de/color)."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Besides a colour each line has a mark of its own, for a print in black and white."""
_GREY = "#767676"
_SIZE = (7.5, 5.0)
_DPI = 160
_MOST_MARKED = 60
"""Points of a line that have a mark each."""
_WIDE = 100
"""From the least to the greatest value of an axis that is drawn in powers of ten."""
_MOST_LISTED = 12
"""Lines that a legend names."""
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "archspec",  # so that a plot has the same bytes each time
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
}


def plotted(sweep: Rows, path: Path, x: str | None, y: str | None, *, minimize: bool) -> bytes:
    """The bytes of a plot, see `Sweep.plot`."""
    check_ending(path, ENDINGS)
    x, y = axes_of(sweep, x, y)
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise UsageError('plots need matplotlib: pip install "archspec-nn[plot]"') from None
    stream, kind = io.BytesIO(), path.suffix.lower().removeprefix(".")
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_xlabel(_title(x))
        axes.set_ylabel(_title(y))
        for axis, name in ((axes.xaxis, x), (axes.yaxis, y)):
            _format(axis, name)
        if x in sweep.knobs:
            _lines(axes, sweep, x, y)
        else:
            _scatter(axes, sweep, x, y, minimize)
        metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
        figure.savefig(stream, format=kind, dpi=_DPI, metadata=metadata)
    return stream.getvalue()


def axes_of(sweep: Rows, x: str | None, y: str | None) -> tuple[str, str]:
    """The columns that a plot shows.

    Raises:
        UsageError: There is no such column of numbers.
    """
    if x is None:
        several = [name for name in sweep.knobs if len(set(_numbers(sweep, name))) > 1]
        if not several:
            raise UsageError("no knob of the sweep has several numbers: say which column goes along x")
        x = several[0]
    if y is None:
        y = next((name for name in ("macs", *sweep.figures) if name in sweep.figures and name != x), x)
    sweep.check_numbers((x, y))
    if x == y:
        raise UsageError(f"both axes would be `{x}`; name two columns")
    return x, y


def _numbers(sweep: Rows, name: str) -> list[Any]:
    return [value for row in sweep.rows if is_number(value := row.value(name))]


def _title(column: str) -> str:
    unit = FIGURES[column].unit if column in FIGURES else "s" if column.startswith("latency") else ""
    words = {"macs": "MACs", "flops": "FLOPs"}.get(
        column, column if column not in FIGURES else column.replace("_", " ")
    )
    return f"{words} ({unit})" if unit else words


def _format(axis: Any, column: str) -> None:
    """Large numbers with a power of a thousand: 300M."""
    from matplotlib.ticker import EngFormatter

    if column in FIGURES or column.startswith("latency"):
        axis.set_major_formatter(EngFormatter(sep=""))


class _Line(NamedTuple):
    """The points of a line, and what they have in common."""

    label: str
    rows: list[Row]


def _lines(axes: Axes, sweep: Rows, x: str, y: str) -> None:
    """A line for each setting of what is not along x."""
    lines = _alike(sweep, [name for name in ("spec", *sweep.knobs) if name != x], (x, y))
    for number, line in enumerate(lines):
        rows = sorted(line.rows, key=lambda row: row.value(x))
        mark = MARKERS[number % len(MARKERS)] if len(rows) <= _MOST_MARKED else ""
        axes.plot(
            [row.value(x) for row in rows],
            [row.value(y) for row in rows],
            color=COLOURS[number % len(COLOURS)],
            linestyle=("-", "--", ":", "-.")[number // len(COLOURS) % 4],
            marker=mark,
            markersize=4.5,
            linewidth=1.4,
        )
    axes.set_ylim(bottom=0)
    _name_lines(axes, lines)


def _name_lines(axes: Axes, lines: Sequence[_Line]) -> None:
    if len(lines) < 2:
        axes.set_title(lines[0].label, loc="left", fontsize=10)
        return
    handles = axes.get_lines()[:_MOST_LISTED]
    names = [line.label for line in lines[:_MOST_LISTED]]
    more = len(lines) - len(names)
    title = f"the first {len(names)} of {len(lines)} lines" if more else None
    axes.legend(handles, names, title=title, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _alike(sweep: Rows, columns: Iterable[str], drawn: Sequence[str]) -> list[_Line]:
    """The rows that can be drawn, those with the same values in some columns together."""
    names = [name for name in columns if len({repr(row.value(name)) for row in sweep.rows}) > 1]
    found: dict[str, _Line] = {}
    for row in sweep.known(drawn):
        label = point_name(row, names)
        found.setdefault(label, _Line(label, [])).rows.append(row)
    if list(found) == [""]:
        return [_Line(sweep.rows[0].spec, found[""].rows)]
    return list(found.values())


def point_name(row: Row, columns: Sequence[str]) -> str:
    """A row by its values: ``width 0.5, image_size 96``."""
    words = {name: plain(row.value(name)) for name in columns}
    return ", ".join(word if name == "spec" else f"{name} {word}" for name, word in words.items() if word)


def _scatter(axes: Axes, sweep: Rows, x: str, y: str, minimize: bool) -> None:
    """A point for each row; those of the front joined and named."""
    lines = _alike(sweep, ["spec"], (x, y))
    for number, line in enumerate(lines):
        axes.scatter(
            [row.value(x) for row in line.rows],
            [row.value(y) for row in line.rows],
            s=22,
            color=COLOURS[number % len(COLOURS)],
            marker=MARKERS[number % len(MARKERS)],
            alpha=0.75,
            linewidths=0,
            label=line.label,
        )
    for name, scale in ((x, axes.set_xscale), (y, axes.set_yscale)):
        values = [row.value(name) for row in sweep.known((x, y))]
        if min(values) > 0 and max(values) > _WIDE * min(values):
            scale("log")
            _format(axes.xaxis if name == x else axes.yaxis, name)
    best = front(sweep.known((x, y)), x, y, minimize=minimize)
    spots = [(row.value(x), row.value(y)) for row in best]
    several = [name for name in ("spec", *sweep.knobs) if len({repr(row.value(name)) for row in sweep.rows}) > 1]
    title = f"Pareto front: less {_title(x)}, {'less' if minimize else 'more'} {_title(y)}; its {', '.join(several)}"
    corners = [spots[0], *(corner for one, other in pairwise(spots) for corner in ((other[0], one[1]), other))]
    axes.plot(*zip(*corners, strict=True), color=_GREY, linewidth=1.2, zorder=1, label=title)
    axes.margins(0.14, 0.08)
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    every = [(row.value(x), row.value(y)) for row in sweep.known((x, y))]
    named = [(spot, short_name(row, several)) for spot, row in zip(spots, best, strict=True)]
    place_labels(axes, named, every, corners, below=minimize)


def short_name(row: Row, columns: Sequence[str]) -> str:
    """A row by its values alone: ``0.5, 96``."""
    return ", ".join(filter(None, (plain(row.value(name)) for name in columns)))
