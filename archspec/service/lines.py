"""Places of a text as editors count them: lines from 0, and in a line UTF-16 code units."""

from __future__ import annotations

import bisect
import re

from archspec.errors import Span
from archspec.service.protocol import Position, Range

_LINE_END = re.compile(r"\r\n|\n|\r")


class Lines:
    """The lines of a text. A place is an offset, in characters, on this side, and a position on that of the editor."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._newlines = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(self, offset: int) -> Position:
        """The position of an offset; of one beyond the text its end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect.bisect_right(self.starts, offset) - 1
        return {"line": line, "character": _units(self.text[self.starts[line] : offset])}

    def offset(self, position: Position) -> int:
        """The offset of a position; of one behind the end of its line, that end."""
        line = position["line"]
        if line >= len(self.starts):
            return len(self.text)
        start, end = self.starts[line], self.line_end(line)
        units = position["character"]
        if self.text.isascii():
            return min(start + units, end)
        offset = start
        while offset < end and units > 0:
            units -= _units(self.text[offset])
            offset += 1
        return offset

    def line_end(self, line: int) -> int:
        """Where a line ends, without what ends it."""
        if line + 1 >= len(self.starts):
            return len(self.text)
        start, end = self.starts[line], self.starts[line + 1]
        return start + len(self.text[start:end].rstrip("\r\n"))

    def range(self, start: int, end: int) -> Range:
        """The range between two offsets."""
        return {"start": self.position(start), "end": self.position(max(start, end))}

    def offsets(self, span: Span) -> tuple[int, int]:
        """The offsets of a place as the compiler tells it, which counts only line feeds as ends of lines."""
        return self._of(span.line, span.column), self._of(span.end_line, span.end_column)

    def _of(self, line: int, column: int) -> int:
        start = self._newlines[min(line, len(self._newlines)) - 1]
        return min(start + column - 1, len(self.text))


def _units(text: str) -> int:
    """The UTF-16 code units of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
