"""A table of stages as marks: rules, and blocks in brackets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from archspec.drawing.content.cards import LINE_HEIGHT, SMALL, Span, wrapped
from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.stage_table import CONVENTIONS, Cell, Row, StageTable
from archspec.drawing.content.stages import Entry
from archspec.drawing.formats.marks import Group, Mark, PathMark, Picture, TextMark
from archspec.drawing.formats.tabular import headings, text
from archspec.drawing.layout.pages import MARGIN

NOTE = 8.0
"""The size of the note below, in points."""
_PADDING = 9.0
"""Between a cell's text and the rules beside it."""
_ABOVE = 4.0
"""Between it and the rules above and below."""
_BRACKET = 5.0
"""A bracket and the room beside it."""
_ASCENT = 9.5
_HEAD = 22.0


def picture(table: StageTable) -> Picture:
    """The marks of a table."""
    return _Ruler(table).picture()


class _Ruler:
    """Puts rows below each other.

    Attributes:
        edges: Where columns begin and end, from the left.
    """

    def __init__(self, table: StageTable) -> None:
        self.table = table
        self.edges = [*accumulate(_widths(table), initial=MARGIN)]
        self.columns = list(pairwise(self.edges))

    def picture(self) -> Picture:
        """The marks of all rows."""
        groups: list[Group] = []
        y = MARGIN
        head = [
            TextMark((_middle(column), y + 15), (Span(name, "title"),), "middle")
            for column, name in zip(self.columns, headings(self.table), strict=True)
        ]
        groups.append(Group("legend", "headings", "Headings", "", (*self._rule(y), *head, *self._rule(y + _HEAD))))
        y += _HEAD
        for number, row in enumerate(self.table.rows, 1):
            group, y = self._row(row, number, y)
            groups.append(group)
        for name, figures in self.table.totals:
            marks = [TextMark(((self.edges[0] + self.edges[2]) / 2, y + 12), (Span(name, "text"),), "middle")]
            marks += [
                TextMark((_middle(column), y + 12), (Span(figure, "text"),), "middle")
                for column, figure in zip(self.columns[2:], figures, strict=True)
            ]
            y += LINE_HEIGHT + 3
            groups.append(Group("node", f"total {name}", name, ", ".join(figures), tuple(marks)))
        groups.append(Group("frame", "rules", "Rules", "", (*self._rule(y), *self._bars(y))))
        width = self.edges[-1] + MARGIN
        lines = wrapped(CONVENTIONS, width - 2 * MARGIN)
        notes = [TextMark((MARGIN, y + 14 + 12 * n), (Span(line, "name", NOTE),)) for n, line in enumerate(lines)]
        groups.append(Group("notes", "notes", "Notes", CONVENTIONS, tuple(notes)))
        name = " ".join(self.table.names)
        size = (width, y + 8 + 12 * len(lines) + MARGIN)
        return Picture(name, f"{', '.join(self.table.names)}: stages", text(self.table), size, tuple(groups))

    def _row(self, row: Row, number: int, top: float) -> tuple[Group, float]:
        y = top
        marks: list[Mark] = []
        for index, band in enumerate(row.bands):
            if index:
                marks += self._rule(y, 2)
            height = max(map(_height, band)) + 2 * _ABOVE
            columns = [(self.edges[2], self.edges[-1])] if len(band) == 1 else self.columns[2:]
            for column, cell in zip(columns, band, strict=True):
                marks += _cell(cell, _middle(column), y + (height - _height(cell)) / 2)
            y += height
        for column, label in zip(self.columns, (row.name, row.size), strict=False):
            marks.append(TextMark((_middle(column), (top + y) / 2 + 3.2), (Span(label, "text"),), "middle"))
        marks += self._rule(y)
        return Group("node", f"stage {number}", f"{row.name}: {row.size}", "", tuple(marks)), y

    def _rule(self, y: float, start: int = 0) -> Iterator[Mark]:
        yield PathMark((("M", ((self.edges[start], y),)), ("L", ((self.edges[-1], y),))), "rule")

    def _bars(self, end: float) -> Iterator[Mark]:
        """The rules between columns, broken where cells span them."""
        for index, x in enumerate(self.edges[1:-1], 1):
            y = MARGIN
            for low, high in self._spans(index, end):
                if low > y:
                    yield PathMark((("M", ((x, y),)), ("L", ((x, low),))), "rule")
                y = high
            yield PathMark((("M", ((x, y),)), ("L", ((x, end),))), "rule")

    def _spans(self, index: int, end: float) -> Iterator[tuple[float, float]]:
        """The heights at which a cell spans the rule after a column."""
        y = MARGIN + _HEAD
        for row in self.table.rows:
            for band in row.bands:
                height = max(map(_height, band)) + 2 * _ABOVE
                if index > 2 and len(band) == 1:
                    yield y, y + height
                y += height
        if index == 1:
            yield y, end


def _middle(column: tuple[float, float]) -> float:
    return sum(column) / 2


def _widths(table: StageTable) -> list[float]:
    """The widths of columns; what spans them makes all of them wider where it does not fit."""
    widths = [text_width(name, 11.0, bold=True) for name in headings(table)]
    for row in table.rows:
        for column, label in enumerate((row.name, row.size)):
            widths[column] = max(widths[column], text_width(label, SMALL))
        for band in row.bands:
            if len(band) == len(table.names):
                widths[2:] = [max(width, _cell_width(cell)) for width, cell in zip(widths[2:], band, strict=True)]
    for name, figures in table.totals:
        widths[0] = max(widths[0], text_width(name, SMALL) - widths[1])
        widths[2:] = [max(w, text_width(figure, SMALL)) for w, figure in zip(widths[2:], figures, strict=True)]
    widths = [2.0 * -(-width // 2) + 2 * _PADDING for width in widths]
    spanning = max((_cell_width(band[0]) for row in table.rows for band in row.bands if len(band) == 1), default=0.0)
    missing = max(0.0, spanning + 2 * _PADDING - sum(widths[2:])) / len(table.names)
    return [*widths[:2], *(width + missing for width in widths[2:])]


def _height(cell: Cell) -> float:
    return sum(_entry_height(entry) for entry in cell) + 3.0 * max(0, len(cell) - 1)


def _entry_height(entry: Entry) -> float:
    return LINE_HEIGHT * len(entry.lines) + (2.0 if entry.is_block else 0.0)


def _cell_width(cell: Cell) -> float:
    return max((_entry_width(entry) for entry in cell), default=0.0)


def _entry_width(entry: Entry) -> float:
    return _inner_width(entry) + (2 * _BRACKET if entry.is_block else 0.0) + text_width(entry.times_text, SMALL)


def _inner_width(entry: Entry) -> float:
    return max(text_width(line, SMALL) for line in entry.lines)


def _cell(cell: Sequence[Entry], x: float, y: float) -> Iterator[Mark]:
    for entry in cell:
        yield from _entry(entry, x, y)
        y += _entry_height(entry) + 3.0


def _entry(entry: Entry, x: float, y: float) -> Iterator[Mark]:
    """An entry around a middle, below a top."""
    if not entry.is_block:
        yield TextMark((x, y + _ASCENT), (Span(f"{entry.lines[0]}{entry.times_text}", "text"),), "middle")
        return
    left = x - _entry_width(entry) / 2
    right = left + _inner_width(entry) + 2 * _BRACKET
    bottom = y + _entry_height(entry)
    for end, tip in ((left, left + 3), (right, right - 3)):
        corners = ((tip, y), (end, y), (end, bottom), (tip, bottom))
        yield PathMark((("M", corners[:1]), *(("L", (corner,)) for corner in corners[1:])), "rule")
    for number, line in enumerate(entry.lines):
        at = (left + right) / 2, y + 1 + _ASCENT + LINE_HEIGHT * number
        yield TextMark(at, (Span(line, "text"),), "middle")
    if entry.copies > 1:
        yield TextMark((right + 3, (y + bottom) / 2 + 3.2), (Span(f"×{entry.copies}", "count"),))
