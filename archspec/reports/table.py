"""The layer table of a network: for a terminal, and as CSV, Markdown and HTML."""

from __future__ import annotations

import csv
import html
import io
import textwrap
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from archspec.analysis.cost import Row, roll_up
from archspec.analysis.memory import activation_memory
from archspec.analysis.tiling import tiling
from archspec.errors import UsageError
from archspec.network import Network
from archspec.ops.tensor import Shape, show

if TYPE_CHECKING:
    from rich.console import RenderableType

HEADINGS = ("path", "op", "output", "params", "MACs", "FLOPs", "other ops", "share")
_MOST_NAMED = 20
DETAILS = ("kernel", "stride", "groups", "memory")
"""Columns that are shown where there is room."""
CSV = (
    "path", "op", "output", "params", "buffers", "macs", "flops", "other_ops", "share", "kernel_size", "stride",
    "groups", "activations", "shares",
)  # fmt: skip
"""Columns of the CSV."""
WIDTH, WIDEST = 100, 120
"""Characters of a line where no terminal says how many it has: for prose, and up to which columns are added."""
OF_MACS = "MACs: multiply-accumulates of convolutions, linear and other matrix products, one sample, without bias."
CONVENTIONS = (
    f"{OF_MACS} "
    "FLOPs: 2 x MACs. Other ops: elementwise, pooling, normalisation and bias work. ?: the op has no cost rule."
)


def cells(row: Row, number: Callable[[int | None], str] | None = None) -> tuple[str, ...]:
    """A row's figures as text, one for each of `HEADINGS`; ``number`` writes a figure, `exact` unless given."""
    number = number or exact
    more = "" if row.complete or row.macs is None else "+?"
    return (
        row.path,
        f"{row.kind}, shares {row.shares}" if row.shares else row.kind,
        show(row.shape) if row.shape else "several",
        number(row.params),
        number(row.macs) + more,
        number(row.flops) + more,
        number(row.other_ops) + more,
        f"{row.share:.1%}" if row.macs is not None else "?",
    )


def details(row: Row) -> tuple[str, ...]:
    """The arguments of a row's op and its memory as text, one for each of `DETAILS`; empty where there is none."""
    return (
        show(row.kernel_size) if row.kernel_size else "",
        show(row.stride) if row.stride else "",
        str(row.groups or ""),
        show_bytes(row.activations),
    )


def all_cells(row: Row, number: Callable[[int | None], str] | None = None) -> tuple[str, ...]:
    """A row's figures as text, one for each of `HEADINGS` and `DETAILS`; ``number`` as for `cells`."""
    return cells(row, number) + details(row)


def exact(value: int | None) -> str:
    """``25,557,032``; ``?`` where it is not known."""
    return "?" if value is None else f"{value:,}"


def short(value: int | None) -> str:
    """``25.6M``: three digits and a power of a thousand; ``?`` where it is not known."""
    if value is None or value < 1000:
        return exact(value)
    power = next(power for power in range(1, 7) if value < 999.5 * 1000**power or power == 6)
    scaled = value / 1000**power
    return f"{scaled:.{max(0, 2 - (scaled >= 9.995) - (scaled >= 99.95))}f}{' kMGTPE'[power]}"


def totals(network: Network) -> list[tuple[str, str]]:
    """The figures of the whole network, each with its name."""
    memory = activation_memory(network)
    unknown = f" + ? of {len(network.unknown_costs)} nodes" if network.unknown_costs else ""
    training = f" + {exact(network.training_only_macs)} in training only" if network.training_only_macs else ""
    frozen = f", {exact(network.frozen_params)} of them frozen" if network.frozen_params else ""
    figures = [
        ("input", _named(network.inputs)),
        ("output", _named({name: output.shape for name, output in network.outputs.items()})),
        ("nodes", exact(len(network))),
        ("params", exact(network.params) + frozen),
        ("buffers", exact(network.buffer_elements)),
        ("MACs", exact(network.macs) + training + unknown),
        ("FLOPs", exact(network.flops) + unknown),
        ("other ops", exact(network.other_ops) + unknown),
        ("activations", f"{show_bytes(memory.inference_peak)} at the peak of inference ({memory.dtype}, batch 1)"),
    ]
    if memory.training is not None:
        figures.append(("", f"{show_bytes(memory.training)} kept for training"))
    with suppress(UsageError):
        tiles = tiling(network)
        before, after = map(show, tiles.overlap)
        figures.append(("tiles", f"cut at multiples of {show(tiles.step)}, and {before} more before, {after} after"))
    return figures


def _named(shapes: Mapping[str, Shape]) -> str:
    """``image 3x224x224``; of many tensors the first, and how many more there are."""
    texts = [f"{name} {show(shape)}" for name, shape in islice(shapes.items(), _MOST_NAMED)]
    more = len(shapes) - len(texts)
    return ", ".join(texts) + (f", and {more:,} more" if more else "")


def _width(lines: list[tuple[str, ...]], gap: int = 3) -> int:
    """The characters that the table takes: each column, and some between columns."""
    headings = (HEADINGS + DETAILS)[: len(lines[0])] if lines else HEADINGS
    return sum(max(map(len, column)) + gap for column in zip(headings, *lines, strict=True))


def show_bytes(count: int) -> str:
    """``12.3 MiB``."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"


def rich_table(network: Network, depth: int | None, width: int | None = None) -> RenderableType:
    """The table and the totals, for a rich console.

    Where the table is wider than ``width`` characters, its figures have three digits; the totals are exact. Kernels,
    strides, groups and memory are shown where they fit into that width, or 120 characters.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    rows = roll_up(network, depth)
    lines = [all_cells(row) for row in rows]
    if _width(lines) > (width or WIDEST):
        lines = [cells(row) for row in rows]
    if width is not None and _width(lines) > width:
        lines = [all_cells(row, short) for row in rows]
        lines = lines if _width(lines, 1) <= width else [cells(row, short) for row in rows]
        table.padding = (0, 0)
    for index, heading in enumerate((HEADINGS + DETAILS)[: len(lines[0]) if lines else None]):
        table.add_column(heading, justify="right" if index > 2 else "left", overflow="fold")
    for row, line in zip(rows, lines, strict=True):
        table.add_row(*map(Text, line), style="bold" if row.is_block else "")
    summary = Table(box=None, show_header=False, pad_edge=False)
    for name, figure in totals(network):
        summary.add_row(Text(name, style="bold"), Text(figure))
    hint = []
    if any(row.is_block for row in rows):
        hint = [Text(f"{_hint(depth)}\n")]
    conventions = Text(CONVENTIONS, style="dim")
    return Group(Text(network.name, style="bold"), table, *hint, summary, Text(), conventions)


def render(network: Network, depth: int | None = 1) -> str:
    """The table and the totals as plain text; as `rich_table` looks, in a fraction of its time."""
    rows = roll_up(network, depth)
    lines = [HEADINGS + DETAILS, *map(all_cells, rows)]
    if _width(lines[1:]) > WIDEST:
        lines = [line[: len(HEADINGS)] for line in lines]
    widths = [max(map(_columns, column)) for column in zip(*lines, strict=True)]
    first, *table = [f" {_line(line, widths)}" for line in lines]
    rule = "─" * (sum(widths) + 3 * (len(widths) - 1))
    width = max(len(rule) + 3, WIDTH)
    figures = totals(network)
    names = max(len(name) for name, _ in figures) + 2
    summary = [
        f"{name if number == 0 else '':{names}}{part}"
        for name, figure in figures
        for number, part in enumerate(textwrap.wrap(figure, width - names))
    ]
    hint = [f"{_hint(depth)}\n"] if any(row.is_block for row in rows) else []
    conventions = textwrap.wrap(CONVENTIONS, width)
    text = [network.name, "", first, f" {rule}", *table, "", *hint, *summary, "", *conventions]
    return "\n".join(line.rstrip() for line in "\n".join(text).split("\n"))


def _line(line: Iterable[str], widths: Iterable[int]) -> str:
    """Cells in columns; figures to the right."""
    columns = enumerate(zip(line, widths, strict=True))
    return "   ".join(_padded(cell, width, index > 2) for index, (cell, width) in columns)


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _columns(text))
    return space + text if right else text + space


def _columns(text: str) -> int:
    """The columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _hint(depth: int | None) -> str:
    return f"Blocks are rolled up: --depth {(depth or 1) + 1} opens them, --depth 0 shows every node."


def render_csv(network: Network, depth: int | None = None) -> str:
    """The table as CSV: numbers without separators, empty where not known, shapes as ``64x56x56``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV)
    for row in roll_up(network, depth):
        shape = show(row.shape) if row.shape else ""
        figures = [row.params, row.buffers, row.macs, row.flops, row.other_ops, f"{row.share:.6f}"]
        writer.writerow([row.path, row.kind, shape, *figures, *details(row)[:3], row.activations, row.shares])
    return stream.getvalue()


def render_markdown(network: Network, depth: int | None = None) -> str:
    """The table and the totals as Markdown."""
    lines = [
        f"# {network.name}",
        "",
        *markdown_table(HEADINGS + DETAILS, map(all_cells, roll_up(network, depth)), "lll" + "r" * 9),
        "",
        *markdown_table(("total", ""), totals(network), "ll"),
        "",
        CONVENTIONS,
    ]
    return "\n".join(lines) + "\n"


def markdown_table(heading: Iterable[str], rows: Iterable[Iterable[str]], align: str) -> list[str]:
    """The lines of a table; ``align`` has an ``l`` or ``r`` for each column."""
    rules = ["---:" if side == "r" else "---" for side in align]
    return ["| " + " | ".join(cells) + " |" for cells in (list(heading), rules, *map(list, rows))]


def render_html(network: Network) -> str:
    """The table, two levels deep, and the totals as HTML, for a notebook."""
    head = "".join(f"<th>{heading}</th>" for heading in HEADINGS + DETAILS)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in all_cells(row)) + "</tr>"
        for row in roll_up(network, 2)
    )
    figures = "".join(f"<tr><th>{name}</th><td>{html.escape(figure)}</td></tr>" for name, figure in totals(network))
    return (
        f"<h4>{html.escape(network.name)}</h4><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<table>{figures}</table><p><small>{CONVENTIONS}</small></p>"
    )
