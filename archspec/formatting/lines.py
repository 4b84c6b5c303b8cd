"""Lines of a spec, before comments have their columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archspec.formatting.parts import Part, lines

WIDTH = 120
"""The longest line, comments aside, where it can be broken."""

_LEAST_GAP = 2
"""Spaces before a comment that has a line with something else."""
_NEAR = 2
"""Lines from a comment to one that it is aligned with, at most, where it does not stand below it."""


class Remark(NamedTuple):
    """A comment at the end of a line.

    Attributes:
        text: What is written.
        column: Where it began in its author's line.
        gap: The characters before it there.
    """

    text: str
    column: int
    gap: int


@dataclass
class Line:
    """A line.

    Attributes:
        indent: The spaces that it begins with.
        text: What stands in it.
        is_after_empty: Whether an empty line is above it.
        comment: The comment at its end.
        is_content: Whether it is a line of a text, and keeps the spaces at its end.
        end: What ends it.
    """

    indent: int
    text: str
    is_after_empty: bool = False
    comment: Remark | None = None
    is_content: bool = False
    end: str = "\n"

    @property
    def width(self) -> int:
        """How long it is without its comment."""
        return self.indent + len(self.text)

    @property
    def fits(self) -> bool:
        """Whether it is short enough."""
        return self.width <= WIDTH


class Writer:
    """Writes lines piece by piece."""

    def __init__(self, line: Line) -> None:
        self._done: list[Line] = []
        self.line = line
        self._pieces = [line.text]
        self.width = line.width
        """How long the line is by now."""

    def put(self, text: str) -> None:
        """Write behind what stands in the line."""
        self._pieces.append(text)
        self.width += len(text)

    def put_part(self, part: Part, column: int) -> None:
        """Write a part; of a text of several lines those but the first begin at a column."""
        if not part.has_lines:
            self.put(part.text)
            return
        first, *others = scalar_lines(part, column)
        self.put(first.text)
        self.line.end, self.line.is_content = first.end, True
        for line in others:
            self.begin(line)

    def begin(self, line: Line) -> None:
        """Go on in another line."""
        self.line.text = "".join(self._pieces)
        self._done.append(self.line)
        self.line = line
        self._pieces = [line.text]
        self.width = line.width

    def end(self) -> list[Line]:
        """The lines."""
        self.line.text = "".join(self._pieces)
        return [*self._done, self.line]


def scalar_lines(part: Part, column: int) -> list[Line]:
    """The lines of a text in quotes or of a plain one, which begin at a column but for the first.

    The spaces at ends of lines stay in double quotes, where a backslash may stand before them.
    """
    found = [_line(each) for each in lines(part.text)]
    for number, line in enumerate(found):
        if number:
            line.text = line.text.lstrip(" \t")
        if not part.text.startswith('"'):
            line.text = line.text.rstrip(" \t")
        line.indent = column if number and line.text else 0
    return found


def block_lines(part: Part, source: int, column: int) -> list[Line]:
    """The lines of a text below ``|`` or ``>``; the first is that sign's.

    Args:
        part: The text.
        source: The column of the collection around it, as it was written.
        column: The column of the collection around it.
    """
    header, *found = [_line(each) for each in lines(part.text)]
    stated = next((int(sign) for sign in header.text.partition("#")[0] if sign.isdigit()), 0)
    spaces = (len(line.text) - len(line.text.lstrip(" ")) for line in found if line.text.strip(" "))
    begun = next(spaces, len(part.text))
    old, new = (source + stated, column + stated) if stated else (begun, column + 2)
    for line in found:
        line.text = line.text[old:]
        line.indent = new if line.text else 0
    if found and not found[-1].text:  # behind the last end of a line
        found.pop()
    while found and not found[-1].text and not part.keeps_end:
        found.pop()
    return [header, *found]


def _line(text: str) -> Line:
    """A line of a text, with what ends it."""
    bare = text.rstrip("\n\x85\u2028\u2029")
    return Line(0, bare, is_content=True, end=text[len(bare) :] or "\n")


def joined(found: Sequence[Line]) -> str:
    """The text of lines."""
    place_comments(found)
    return "".join("\n" * (line.is_after_empty and number > 0) + _written(line) for number, line in enumerate(found))


def _written(line: Line) -> str:
    text = " " * line.indent + line.text if line.text else ""
    if line.comment:
        text = text.ljust(line.comment.column) + line.comment.text
    return (text if line.is_content else text.rstrip(" ")) + line.end


def place_comments(found: Iterable[Line]) -> None:
    """Give the comments at ends of lines their columns.

    One stays in its column where that leaves two spaces before it, and those above and below that stand in the same
    one go along. A comment that the text before it has reached belongs to those near it, where these are aligned.
    One alone that has no more than two spaces before it has two.
    """
    ends = [(number, line, line.comment) for number, line in enumerate(found) if line.comment]
    run: list[tuple[int, Line, Remark]] = []
    for end in ends:
        if run and not _belongs(end, run):
            _align(run)
            run = []
        run.append(end)
    if run:
        _align(run)


def _belongs(end: tuple[int, Line, Remark], run: Sequence[tuple[int, Line, Remark]]) -> bool:
    number, _, comment = end
    if comment.column == run[0][2].column:
        return True
    is_aligned = any(each.gap > _LEAST_GAP for _, _, each in run)
    is_reached = comment.gap < _LEAST_GAP and comment.column > run[0][2].column
    return is_aligned and is_reached and number - run[-1][0] <= _NEAR


def _align(run: Sequence[tuple[int, Line, Remark]]) -> None:
    least = max(line.width for _, line, _ in run) + _LEAST_GAP
    is_free = len(run) > 1 or run[0][2].gap > _LEAST_GAP
    column = max(least, run[0][2].column) if is_free else least
    for _, line, comment in run:
        line.comment = comment._replace(column=column)
