"""The text of a spec as its signs and comments in order, each with what stands between it and the one before."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""The ends of lines, as YAML 1.1 and its parser know them."""
_COMMENT = re.compile("#[^\n\r\x85\u2028\u2029]*")


class Kind(Enum):
    """What a part is."""

    DIRECTIVE = "DirectiveToken"
    DOCUMENT_START = "DocumentStartToken"
    DOCUMENT_END = "DocumentEndToken"
    MAPPING = "BlockMappingStartToken"
    SEQUENCE = "BlockSequenceStartToken"
    END = "BlockEndToken"
    KEY = "KeyToken"
    VALUE = "ValueToken"
    ITEM = "BlockEntryToken"
    OPEN = "{"
    CLOSE = "}"
    COMMA = "FlowEntryToken"
    ANCHOR = "AnchorToken"
    TAG = "TagToken"
    ALIAS = "AliasToken"
    SCALAR = "ScalarToken"
    COMMENT = "CommentToken"
    STOP = "StreamEndToken"


_KINDS = {kind.value: kind for kind in Kind}
_KINDS |= {
    f"Flow{what}{place}Token": kind
    for what in ("Mapping", "Sequence")
    for place, kind in (("Start", Kind.OPEN), ("End", Kind.CLOSE))
}
PROPERTIES = (Kind.ANCHOR, Kind.TAG)
"""What stands before a value and belongs to it."""


class Part(NamedTuple):
    """A sign of YAML, a scalar, a comment, or a place of no length where something begins or ends.

    Attributes:
        kind: What it is.
        text: What is written there, line ends as they are.
        column: Where it begins in its line, from 0.
        breaks: The ends of lines between it and the part before.
        gap: The characters between it and the part before, where these stand in one line.
    """

    kind: Kind
    text: str
    column: int
    breaks: int
    gap: int

    @property
    def is_block_scalar(self) -> bool:
        """Whether it is a text of its own lines, below ``|`` or ``>``."""
        return self.kind is Kind.SCALAR and self.text[:1] in ("|", ">")

    @property
    def keeps_end(self) -> bool:
        """Of a text of its own lines, whether the empty lines at its end belong to it."""
        return "+" in lines(self.text)[0].partition("#")[0]

    @property
    def has_lines(self) -> bool:
        """Whether it goes over several lines."""
        return self.kind is Kind.SCALAR and bool(_BREAK.search(self.text))


def parts(text: str) -> list[Part]:
    """The parts of a text, which the YAML parser takes and whose lines end as those of a Unix file."""
    reader = _Reader(text)
    for kind, start, stop in _tokens(text):
        if "#" in text[reader.end : start]:
            for comment in _COMMENT.finditer(text, reader.end, start):
                reader.add(Kind.COMMENT, comment.start(), comment.start() + len(comment[0].rstrip("\t ")))
        reader.add(kind, start, stop)
    return reader.found


class _Reader:
    """Adds parts from the first to the last, and knows their lines."""

    def __init__(self, text: str) -> None:
        self.found: list[Part] = []
        self.end = 0
        """Where the last part ends."""
        self._text = text
        self._lines = [0, *(match.end() for match in _BREAK.finditer(text))]
        self._line = 0
        self._behind = 0
        """The ends of lines that the last part has at its own end."""

    def add(self, kind: Kind, start: int, stop: int) -> None:
        """Add a part; one of no length takes nothing from the gap before the next."""
        if start == stop:
            self.found.append(Part(kind, "", start - self._lines[bisect_right(self._lines, start) - 1], 0, 0))
            return
        before = self._line
        self._go_to(start)
        breaks, column = self._line - before + self._behind, start - self._lines[self._line]
        part = Part(kind, self._text[start:stop], column, breaks, start - self.end)
        self.found.append(part)
        self._go_to(stop)
        self.end, self._behind = stop, _lines_behind(part)

    def _go_to(self, place: int) -> None:
        while self._line + 1 < len(self._lines) and self._lines[self._line + 1] <= place:
            self._line += 1


def lines(text: str) -> list[str]:
    """The lines of a text; each but the last with its end."""
    ends = [match.end() for match in _BREAK.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _tokens(text: str) -> Iterator[tuple[Kind, int, int]]:
    """The parser's tokens, and their places."""
    loader = _Loader(text)
    while loader.check_token():
        token = loader.get_token()
        name = type(token).__name__
        start, stop = token.start_mark.index, token.end_mark.index
        if name == "ScalarToken" and token.plain:
            stop = start + len(text[start:stop].rstrip())
        if name != "StreamStartToken":
            yield _KINDS[name], start, stop


def _lines_behind(part: Part) -> int:
    """The ends of lines that a text of its own lines ends with: its last, and that of an empty line behind it."""
    if not part.is_block_scalar or not part.text.endswith("\n"):
        return 0
    return 2 if not part.keeps_end and not lines(part.text)[-2].strip() else 1
