"""Places in files."""

from __future__ import annotations

from typing import NamedTuple

from typing_extensions import override


class Span(NamedTuple):
    """A place in a file. Lines and columns count from 1; ``end_column`` is one past the last character.

    Of a file that has no lines all are 0.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    @override
    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file
