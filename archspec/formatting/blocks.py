"""Block collections: entries below each other, indented by two spaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from archspec.formatting.columns import Row, aligned
from archspec.formatting.flow import INDENT, in_one_line, items, laid
from archspec.formatting.lines import Line, Remark, Writer, block_lines
from archspec.formatting.parts import PROPERTIES, Kind, Part

_COLLECTIONS = (Kind.MAPPING, Kind.SEQUENCE, Kind.ITEM)
_TOP = -INDENT


class Layout:
    """Lays out the parts of one text, from the first to the last."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._at = 0

    def lines(self) -> list[Line]:
        """The lines of the text."""
        found: list[Line] = []
        while (part := self._next()).kind is not Kind.STOP:
            if part.kind in (Kind.DIRECTIVE, Kind.DOCUMENT_START, Kind.DOCUMENT_END):
                self._at += 1
                found.append(Line(0, part.text, part.breaks > 1))
                self._remarks(found, 0)
            else:
                found += self._value(None, _TOP, -1)
        return found

    def _next(self) -> Part:
        return self._parts[self._at]

    def _take(self) -> Part:
        self._at += 1
        return self._parts[self._at - 1]

    def _follows(self) -> Kind:
        """What follows, comments aside."""
        return next(part.kind for part in self._rest() if part.kind is not Kind.COMMENT)

    def _rest(self) -> Iterator[Part]:
        """What is not yet taken."""
        return (self._parts[number] for number in range(self._at, len(self._parts)))

    def _remarks(self, found: list[Line], column: int) -> bool:
        """Take comments: one at the end of the last line, and those of lines of their own; whether there are any."""
        start = self._at
        while self._next().kind is Kind.COMMENT:
            part = self._take()
            if part.breaks or not found:
                found.append(Line(column, part.text, part.breaks > 1))
            else:
                found[-1].comment = Remark(part.text, part.column, part.gap)
        return self._at > start

    # Values

    def _value(self, head: Line | None, indent: int, source: int) -> list[Line]:
        """What stands behind a key, the sign of an item, or at the top: with the line of that, where there is one.

        Args:
            head: That line.
            indent: The column of the collection that it is in.
            source: The column of that collection as it was written.
        """
        found = [head] if head else []
        inner = indent + INDENT
        is_behind = head is not None  # whether more can stand in the last line
        properties = False
        while True:
            is_behind = not self._remarks(found, inner) and is_behind
            part = self._next()
            if part.kind in PROPERTIES:
                _place(part, found, inner, is_behind and not self._goes_below(part, head))
                found[-1].text += self._take().text
                is_behind = properties = True
                continue
            break
        if part.kind in _COLLECTIONS:
            nested = self._collection(inner)
            if head and is_behind and not properties and _is_sign(head):
                return [_merged(head, nested[0]), *nested[1:]]
            return found + nested
        is_behind = is_behind and not self._goes_below(part, head)
        if part.text:
            _place(part, found, inner, is_behind)
        if part.kind is Kind.OPEN:
            found[-1:] = laid(self._flow(), found[-1])
        elif part.kind in (Kind.SCALAR, Kind.ALIAS):
            self._at += 1
            if part.is_block_scalar:
                header, *content = block_lines(part, source, indent)
                found[-1].text += header.text
                return found + content
            writer = Writer(found[-1])
            writer.put_part(part, inner)
            found[-1:] = writer.end()
        self._end(found)
        return found

    def _goes_below(self, part: Part, head: Line | None) -> bool:
        """Whether a value stands in a line of its own, below its key."""
        if not part.breaks or head is None or _is_sign(head):
            return False
        kinds = (each.kind for each in self._rest() if each.kind not in PROPERTIES)
        return part.kind not in PROPERTIES or next(kinds) not in _COLLECTIONS

    def _end(self, found: list[Line]) -> None:
        """Take a comment behind a value."""
        if self._next().kind is Kind.COMMENT and not self._next().breaks and found:
            part = self._take()
            found[-1].comment = Remark(part.text, part.column, part.gap)

    def _flow(self) -> list[Part]:
        """Take a collection in brackets; places of no length are left out."""
        start, depth = self._at, 0
        while True:
            part = self._take()
            depth += (part.kind is Kind.OPEN) - (part.kind is Kind.CLOSE)
            if depth == 0:
                return [each for each in self._parts[start : self._at] if each.text]

    # Collections

    def _collection(self, indent: int) -> list[Line]:
        """The entries of a collection."""
        is_open = self._next().kind is Kind.ITEM  # a list in the column of its key, whose end is no part
        source = self._next().column
        if not is_open:
            self._at += 1
        entries: list[tuple[list[Line], Row | None]] = []
        while True:
            entries += (([line], None) for line in self._above(indent, source, is_open))
            follows = self._next().kind
            if follows is Kind.END and not is_open:
                self._at += 1
                break
            if is_open and follows is not Kind.ITEM:
                break
            entries.append(self._entry(indent, source))
        return list(_tabulated(entries, indent))

    def _above(self, indent: int, source: int, is_open: bool) -> list[Line]:
        """Take the comments before an entry, or those before the end that are a collection's own."""
        follows = self._follows()
        found: list[Line] = []
        if is_open and follows is not Kind.ITEM:
            return found
        while self._next().kind is Kind.COMMENT and (follows is not Kind.END or self._next().column >= source):
            part = self._take()
            found.append(Line(indent, part.text, part.breaks > 1))
        if follows is Kind.END:  # those that are left stand behind the end
            left = next(number for number in range(self._at, len(self._parts)) if self._parts[number].kind is Kind.END)
            self._parts[self._at : left + 1] = [self._parts[left], *self._parts[self._at : left]]
        return found

    def _entry(self, indent: int, source: int) -> tuple[list[Line], Row | None]:
        """An entry; as a row of a table where it stands in one line."""
        part = self._next()
        start = self._at
        if part.text:  # the sign of an item, or of a key or value by itself
            self._at += 1
            head = Line(indent, part.text, part.breaks > 1)
        else:
            head = self._key(indent)
        behind = self._at
        text = head.text
        found = self._value(head, indent, source)
        row = self._row(text, behind, found)
        assert self._at > start
        return found, row

    def _key(self, indent: int) -> Line:
        """Take a key that has a line with its value, and the colon."""
        self._at += 1
        taken = [self._take()]
        while taken[-1].kind is not Kind.VALUE:
            taken.append(self._take())
        written = [part for part in taken if part.text]
        return Line(indent, in_one_line(written), written[0].breaks > 1)

    def _row(self, head: str, start: int, found: Sequence[Line]) -> Row | None:
        """An entry of one line as a row."""
        if len(found) > 1 or not found[0].fits:
            return None
        parts = self._parts[start : self._at]
        value = [part for part in parts if part.text and part.kind is not Kind.COMMENT]
        if not value:
            return None
        if any(part.kind in _COLLECTIONS or part.is_block_scalar for part in value):
            return None
        gap = 0 if value[0].breaks else value[0].gap
        start = next((number for number, part in enumerate(value) if part.kind is Kind.OPEN), len(value))
        if start == len(value):
            return Row(head, gap, value[0].column, in_one_line(value), (), "")
        before = in_one_line(value[: start + 1])
        ends_with_comma = value[-2].kind is Kind.COMMA
        return Row(head, gap, value[0].column, before, items(value[start:]), "," * ends_with_comma + value[-1].text)


def _place(part: Part, found: list[Line], column: int, is_behind: bool) -> None:
    """Make room for a part: behind what stands in the last line, or in one of its own."""
    if not is_behind or not found:
        found.append(Line(max(column, 0), "", part.breaks > 1))
    elif found[-1].text:
        found[-1].text += " "


def _is_sign(head: Line) -> bool:
    """Whether a line begins with a sign behind which a collection can begin: that of an item, key or value alone."""
    return head.text in ("-", "?", ":")


def _merged(head: Line, first: Line) -> Line:
    """The first line of a collection behind a sign."""
    first.text = f"{head.text} {first.text}"
    first.indent, first.is_after_empty = head.indent, head.is_after_empty
    return first


def _tabulated(entries: Sequence[tuple[list[Line], Row | None]], indent: int) -> Iterator[Line]:
    """The lines of entries, neighbours that have one line each aligned.

    An empty line ends a table, and so does an entry of several lines. A comment does not.
    """
    number = 0

    def table(entry: tuple[list[Line], Row | None]) -> int:
        nonlocal number
        found, row = entry
        stands_alone = row is None and not found[0].text.startswith("#")
        number += stands_alone or found[0].is_after_empty
        return -1 if stands_alone else number

    for _, group in groupby(entries, table):
        neighbours = list(group)
        texts = iter(aligned([row for _, row in neighbours if row is not None], indent))
        for found, row in neighbours:
            if row is not None:
                found[0].text = next(texts)
            yield from found
