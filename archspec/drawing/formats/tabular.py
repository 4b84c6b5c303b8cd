"""A table of stages as text, Markdown and HTML."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from archspec.drawing.content.stage_table import CONVENTIONS, Cell, Row, StageTable
from archspec.drawing.content.stages import Entry

HEADINGS = ("stage", "output")
_GAP = 3


def headings(table: StageTable) -> tuple[str, ...]:
    """What stands above the columns."""
    return (*HEADINGS, *table.names)


# Text


def text(table: StageTable) -> str:
    """For a terminal: blocks in brackets of several lines."""
    rows = list(_text_rows(table))
    widths = _widths(table, rows)
    rule = "─" * (sum(widths) + _GAP * (len(widths) - 1))
    lines = [_line(headings(table), widths), rule]
    for label, bands in rows:
        for band in bands:
            lines += _band_lines(label, band, widths)
            label = ("", "")
        lines.append(rule)
    lines += [_line((name, "", *figures), widths) for name, figures in table.totals]
    return "\n".join(line.rstrip() for line in [*lines, "", CONVENTIONS]) + "\n"


_Label = tuple[str, str]
_TextBand = tuple[tuple[str, ...], ...]


def _text_rows(table: StageTable) -> Iterator[tuple[_Label, list[_TextBand]]]:
    for row in table.rows:
        yield (row.name, row.size), [tuple(tuple(_cell_lines(cell)) for cell in band) for band in row.bands]


def _cell_lines(cell: Cell) -> Iterator[str]:
    for entry in cell:
        yield from _entry_lines(entry)


def _entry_lines(entry: Entry) -> Iterator[str]:
    """An entry, a block of several layers in tall brackets with its number at the middle."""
    times = entry.times_text
    if len(entry.lines) == 1:
        (line,) = entry.lines
        yield f"[{line}]{times}" if entry.is_block else f"{line}{times}"
        return
    width, last = max(map(len, entry.lines)), len(entry.lines) - 1
    for number, line in enumerate(entry.lines):
        left, right = ("⎡", "⎤") if number == 0 else ("⎣", "⎦") if number == last else ("⎢", "⎥")
        yield f"{left}{line:^{width}}{right}" + (times if number == (last + 1) // 2 else "")


def _widths(table: StageTable, rows: Sequence[tuple[_Label, list[_TextBand]]]) -> list[int]:
    """The widths of columns; what spans them makes the last wider where it does not fit."""
    widths = list(map(len, headings(table)))
    lines = [(name, "", *figures) for name, figures in table.totals]
    lines += [
        (*label, *(max(map(len, cell), default=0) * "x" for cell in band))
        for label, bands in rows
        for band in bands
        if len(band) == len(table.names)
    ]
    lines += [label for label, _ in rows]
    for line in lines:
        widths[: len(line)] = [max(width, len(cell)) for width, cell in zip(widths, line, strict=False)]
    spanning = [len(line) for _, bands in rows for band in bands if len(band) == 1 for line in band[0]]
    room = sum(widths[2:]) + _GAP * (len(table.names) - 1)
    widths[-1] += max(0, max(spanning, default=0) - room)
    return widths


def _band_lines(label: _Label, band: _TextBand, widths: Sequence[int]) -> Iterator[str]:
    spans = len(band) == 1
    for number in range(max(1, *map(len, band))):
        cells = [cell[number] if number < len(cell) else "" for cell in band]
        start = label if number == 0 else ("", "")
        if spans:
            room = sum(widths[2:]) + _GAP * (len(widths) - 3)
            yield _line((*start, f"{cells[0]:^{room}}" if len(widths) > 3 else cells[0]), [*widths[:2], room])
        else:
            yield _line((*start, *cells), widths)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True))


# Markdown


def markdown(table: StageTable) -> str:
    """A table of Markdown, whose cells hold a line for each layer or block; what all have stands in each."""
    names = [_escaped(name) for name in headings(table)]
    lines = [_markdown_line(names), _markdown_line([":---"] * len(names))]
    for row in table.rows:
        cells = ["<br>".join(map(_inline, cell)) for cell in whole_cells(row, len(table.names))]
        lines.append(_markdown_line([_escaped(row.name), row.size, *cells]))
    lines += [_markdown_line([f"**{name}**", "", *figures]) for name, figures in table.totals]
    return "\n".join([*lines, "", CONVENTIONS]) + "\n"


def whole_cells(row: Row, columns: int) -> list[Cell]:
    """The cells of a row, one for each network, with what stands for all of them."""
    bands = [band if len(band) == columns else band * columns for band in row.bands]
    return [tuple(entry for cell in column for entry in cell) for column in zip(*bands, strict=True)]


def _inline(entry: Entry) -> str:
    """``[1×1, 64; 3×3, 64; 1×1, 256] ×3``."""
    text = _escaped("; ".join(entry.lines))
    return (f"\\[{text}\\]" if entry.is_block else text) + entry.times_text


def _escaped(text: str) -> str:
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, f"\\{sign}")
    return text


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# HTML

_STYLE = (
    ".archspec-stages{border-collapse:collapse;text-align:center}"
    ".archspec-stages th,.archspec-stages td{border:1px solid #8b949e;padding:.3em .8em}"
    ".archspec-block{display:inline-block;vertical-align:middle;padding:0 .4em;border:solid;border-width:0 1px;"
    "border-radius:3px}"
)


def html_table(table: StageTable) -> str:
    """A table of HTML, with what all networks have across their columns."""
    columns = len(table.names)
    head = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in headings(table))
    rows = [line for row in table.rows for line in _html_rows(row, columns)]
    for name, figures in table.totals:
        cells = "".join(f"<td>{figure}</td>" for figure in figures)
        rows.append(f"<tr><th scope=row colspan=2>{name}</th>{cells}</tr>")
    body = "\n".join(rows)
    return (
        f"<style>{_STYLE}</style>\n<table class=archspec-stages>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n<p><small>{CONVENTIONS}</small></p>\n"
    )


def _html_rows(row: Row, columns: int) -> Iterator[str]:
    label = f"<th scope=row rowspan={len(row.bands)}>{html.escape(row.name)}</th><td rowspan={len(row.bands)}>"
    start = f"{label}{row.size}</td>"
    for band in row.bands:
        span = f" colspan={columns}" if len(band) == 1 and columns > 1 else ""
        cells = "".join(f"<td{span}>{'<br>'.join(map(_html_entry, cell))}</td>" for cell in band)
        yield f"<tr>{start}{cells}</tr>"
        start = ""


def _html_entry(entry: Entry) -> str:
    lines = "<br>".join(map(html.escape, entry.lines))
    text = f"<span class=archspec-block>{lines}</span>" if entry.is_block else lines
    return text + entry.times_text
