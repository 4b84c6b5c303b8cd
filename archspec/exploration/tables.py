"""A sweep as text and data: a table, CSV, JSON, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from archspec.errors import UsageError, listed, shown
from archspec.exploration.figures import FIGURES
from archspec.exploration.rows import Rows, is_number
from archspec.importers.writing import flow
from archspec.reports.table import show_bytes

_UNKNOWN = "?"


def text(sweep: Rows) -> str:
    """A table for people: figures with separators, bytes in units; the columns that say nothing are left out."""
    columns = [name for name in sweep.columns if name not in ("spec", "error")]
    if len({row.spec for row in sweep.rows}) > 1:
        columns.insert(0, "spec")
    if sweep.invalid:
        columns.append("error")
    lines = [[_cell(row.value(name), name, row.error) for name in columns] for row in sweep.rows]
    return aligned(columns, lines, [name in sweep.figures or _has_numbers(sweep, name) for name in columns])


def aligned(columns: Sequence[str], lines: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Cells in columns under their headings; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(columns, *lines, strict=True)]
    sides = [str.rjust if each else str.ljust for each in right]
    rule = ["─" * width for width in widths]
    return "\n".join(
        "   ".join(side(cell, width) for cell, width, side in zip(line, widths, sides, strict=True)).rstrip()
        for line in (columns, rule, *lines)
    )


def figure(value: Any, name: str) -> str:
    """A figure for people, by its name."""
    if value is None:
        return _UNKNOWN
    if name.startswith("latency"):
        return f"{value * 1e3:.3f} ms"
    if name in FIGURES and FIGURES[name].unit == "bytes":
        return show_bytes(value)
    return f"{int(value) if value == int(value) else value:,}"


def _cell(value: Any, name: str, error: str) -> str:
    if name in ("spec", "error"):
        return shown(value)
    if value is None and error:
        return ""
    return figure(value, name) if name in FIGURES or name.startswith("latency") else plain(value)


def _has_numbers(sweep: Rows, name: str) -> bool:
    return any(is_number(row.value(name)) for row in sweep.rows)


def plain(value: Any) -> str:
    """The value of a knob as a spec has it; empty where there is none."""
    if value is None:
        return ""
    return shown(value if isinstance(value, str) else flow(value))


def csv_text(sweep: Rows) -> str:
    """CSV: numbers without separators, lists and mappings as a spec has them, empty where not known."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(sweep.columns)
    for row in sweep.rows:
        writer.writerow([_field(row.value(name)) for name in sweep.columns])
    return stream.getvalue()


def _field(value: Any) -> Any:
    return value if value is None or isinstance(value, str) or is_number(value) else flow(value)


def json_text(sweep: Rows) -> str:
    """JSON, of the format ``archspec-sweep``: a line for each row."""
    head = {"format": "archspec-sweep", "version": 1, "knobs": sweep.knobs, "figures": sweep.figures}
    rows = ",\n".join(f"    {json.dumps(row._asdict())}" for row in sweep.rows)
    return f'{json.dumps(head, indent=2)[:-2]},\n  "rows": [\n{rows}\n  ]\n}}\n'


def parquet(sweep: Rows) -> bytes:
    """Parquet; a column with values of several types holds them as text.

    Raises:
        UsageError: The package pyarrow is missing.
    """
    try:
        import pyarrow
        from pyarrow.parquet import write_table
    except ModuleNotFoundError:
        raise UsageError('Parquet needs the package pyarrow: pip install "archspec-nn[parquet]"') from None
    columns = {name: _column([row.value(name) for row in sweep.rows]) for name in sweep.columns}
    stream = io.BytesIO()
    write_table(pyarrow.table(columns), stream)
    return stream.getvalue()


def _column(values: list[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or kinds in ({bool}, {str}):
        return [float(value) if float in kinds and value is not None else value for value in values]
    return [None if value is None else plain(value) for value in values]


_WRITERS: dict[str, Callable[[Rows], str | bytes]] = {".csv": csv_text, ".json": json_text, ".parquet": parquet}
ENDINGS = tuple(_WRITERS)
"""Endings of files that hold a sweep."""


def check_ending(path: Path, endings: Iterable[str] = ENDINGS) -> None:
    """Refuse a file whose name does not say what to write.

    Raises:
        UsageError: It ends in none of some endings.
    """
    if path.suffix.lower() not in endings:
        raise UsageError(f"{path} ends in none of {listed(endings)}, which say what to write")


def written(sweep: Rows, path: Path) -> str | bytes:
    """What a file holds, as its name ends."""
    check_ending(path)
    return _WRITERS[path.suffix.lower()](sweep)
