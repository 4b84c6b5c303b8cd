"""Flow collections, ``{}`` and ``[]``: in one line, in the lines that their author broke them into, or filled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

from archspec.formatting.lines import WIDTH, Line, Remark, Writer
from archspec.formatting.parts import PROPERTIES, Kind, Part

INDENT = 2


class Item(NamedTuple):
    """What stands between two commas of a collection.

    Attributes:
        key: Its key; empty for an item of a list.
        text: All of it, in one line.
        column: Where it began in its author's line.
        gap: The characters before it, where it does not begin a line.
    """

    key: str
    text: str
    column: int
    gap: int


def in_one_line(parts: Sequence[Part]) -> str:
    """Parts in one line."""
    return "".join(_space(parts[number - 1] if number else None, part) + part.text for number, part in enumerate(parts))


def items(parts: Sequence[Part]) -> list[Item]:
    """The items of a collection that stands in one line."""
    found, collection = [], _Collection(parts)
    for start, stop in collection.items(0):
        gap = 0 if parts[start].breaks else parts[start].gap
        found.append(Item(collection.key(start, stop), collection.text(start, stop), parts[start].column, gap))
    return found


def laid(parts: Sequence[Part], line: Line) -> list[Line]:
    """A collection as its author broke it into lines, where these fit; else with as many items in a line as fit.

    Args:
        parts: The collection.
        line: What stands before it, in its line.
    """
    found = _kept(parts, replace(line))
    if all(each.fits for each in found) or _is_rigid(parts) or any(each.is_after_empty for each in found[1:]):
        return found
    return _filled(_Collection(parts), 0, line, 0)


def _space(before: Part | None, part: Part) -> str:
    """What stands between two parts in one line."""
    if before is None or before.kind is Kind.OPEN:
        return ""
    if part.kind is Kind.VALUE:
        return " " if before.kind in (*PROPERTIES, Kind.COMMA, Kind.KEY) else ""
    is_end = part.kind in (Kind.CLOSE, Kind.COMMA)
    return "" if is_end and before.kind not in _OPEN_ENDED else " "


_OPEN_ENDED = (*PROPERTIES, Kind.VALUE)
"""What a sign behind it would be a part of: a tag without a value, or a colon."""


def _is_rigid(parts: Sequence[Part]) -> bool:
    """Whether something in a collection keeps its lines: a comment, a text of several lines."""
    return any(part.kind is Kind.COMMENT or part.has_lines for part in parts[1:])


# As its author broke it


class _Level(NamedTuple):
    """An open bracket.

    Attributes:
        column: Where lines inside begin.
        indent: Where the line begins that the bracket stands in.
        is_broken: Whether a line ends behind the bracket.
    """

    column: int
    indent: int
    is_broken: bool


def _kept(parts: Sequence[Part], line: Line) -> list[Line]:
    """A collection with the ends of lines that are its author's."""
    writer, levels = Writer(line), list[_Level]()
    before: Part | None = None
    for number, part in enumerate(parts):
        closed = levels.pop() if part.kind is Kind.CLOSE else None
        level = closed or (levels[-1] if levels else None)
        if part.kind is Kind.COMMENT and not part.breaks:
            writer.line.comment = Remark(part.text, part.column, part.gap)
        else:
            if level and before and _breaks(before, part, level):
                column = level.column
                if closed:
                    column = closed.indent if closed.is_broken else closed.column - 1
                writer.begin(Line(column, "", part.breaks > 1))
            else:
                writer.put(_space(before, part))
            writer.put_part(part, level.column if level else 0)
        if part.kind is Kind.OPEN:
            is_broken = bool(parts[number + 1].breaks) or parts[number + 1].kind is Kind.COMMENT
            indent = writer.line.indent
            levels.append(_Level(indent + INDENT if is_broken else writer.width, indent, is_broken))
        before = part
    return writer.end()


def _breaks(before: Part, part: Part, level: _Level) -> bool:
    """Whether a line ends between two parts."""
    if before.kind is Kind.COMMENT:
        return True
    if not part.breaks:
        return False
    if part.kind is Kind.CLOSE:
        return level.is_broken and before.kind is not Kind.OPEN
    return part.kind is Kind.COMMENT or before.kind in (Kind.COMMA, Kind.OPEN)


# Filled


class _Collection:
    """The parts of a collection, of which any range is measured and divided without a look at what is inside of it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.other: dict[int, int] = {}
        """The place of each bracket's other one."""
        opened: list[int] = []
        for number, part in enumerate(parts):
            if part.kind is Kind.OPEN:
                opened.append(number)
            elif part.kind is Kind.CLOSE:
                self.other[number] = opened.pop()
                self.other[self.other[number]] = number
        spaces = (len(_space(parts[number - 1] if number else None, part)) for number, part in enumerate(parts))
        self._spaces = list(spaces)
        lengths = (space + len(part.text) for space, part in zip(self._spaces, parts, strict=True))
        self._ends = list(accumulate(lengths, initial=0))

    def items(self, bracket: int) -> Iterator[tuple[int, int]]:
        """Where the items of the collection that a bracket opens begin and end."""
        start = number = bracket + 1
        while number < self.other[bracket]:
            if self.parts[number].kind is Kind.COMMA:
                yield start, number
                start = number + 1
            number = self._behind(number)
        if start < number:
            yield start, number

    def _behind(self, number: int) -> int:
        """The place behind a part, or behind the collection that it opens."""
        return (self.other[number] if self.parts[number].kind is Kind.OPEN else number) + 1

    def key(self, start: int, stop: int) -> str:
        """The key of an item; empty where it has none."""
        number = start
        while number < stop and self.parts[number].kind is not Kind.VALUE:
            number = self._behind(number)
        return in_one_line(self.parts[start:number]) if number < stop else ""

    def text(self, start: int, stop: int) -> str:
        """An item in one line, with the space that a sign behind it must not touch."""
        return in_one_line(self.parts[start:stop]) + " " * self._is_open_ended(stop)

    def length(self, start: int, stop: int) -> int:
        """The length of that."""
        return self._ends[stop] - self._ends[start] - self._spaces[start] + self._is_open_ended(stop)

    def _is_open_ended(self, stop: int) -> bool:
        return self.parts[stop - 1].kind in _OPEN_ENDED


def _filled(collection: _Collection, bracket: int, line: Line, behind: int) -> list[Line]:
    """A collection with as many of its items in each line as fit.

    Args:
        collection: What holds it.
        bracket: The place of the bracket that opens it.
        line: What stands before it, in its line.
        behind: The number of signs that go behind it.
    """
    found = [line]
    line.text += collection.parts[bracket].text
    column = line.width
    end = collection.other[bracket]
    for start, stop in collection.items(bracket):
        after = 1 if stop < end else 1 + behind  # the comma, or the bracket and what is behind it
        length = collection.length(start, stop) + after
        if start > bracket + 1:
            if found[-1].width + 1 + length > WIDTH:
                found.append(Line(column, ""))
            else:
                found[-1].text += " "
        if found[-1].width + length > WIDTH:
            found[-1:] = _opened(collection, start, stop, found[-1], after)
        else:
            found[-1].text += collection.text(start, stop)
        if stop < end:
            found[-1].text += ","
    found[-1].text += collection.parts[end].text
    return found


def _opened(collection: _Collection, start: int, stop: int, line: Line, behind: int) -> list[Line]:
    """An item that is too long for a line: the collection that it ends with is filled."""
    bracket = collection.other.get(stop - 1, stop)
    if bracket == stop or stop - bracket == 2:
        line.text += collection.text(start, stop)
        return [line]
    before = collection.parts[start:bracket]
    line.text += in_one_line(before) + (_space(before[-1], collection.parts[bracket]) if before else "")
    return _filled(collection, bracket, line, behind)
