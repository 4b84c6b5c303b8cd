"""The text of a file, and the values in it, which know their place."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.errors import Diagnostic, Span, SpecError
from archspec.language.limits import Limits, raise_limit


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one file.

    Attributes:
        name: The file's name in messages.
        text: What it holds.
        path: Where it lies; None for standard input and text given by a program.
        bundled: Whether it belongs to the block library, so that errors are placed in the file that uses it.
        origin: Where another file names it; None for the spec itself and for files of the library.
    """

    name: str
    text: str
    path: Path | None = None
    bundled: bool = False
    origin: Value | None = None
    _line_starts: list[int] = field(default_factory=list, repr=False)

    def is_drawn_in_by(self, other: Source) -> bool:
        """Whether another file names this one, or a file that does; the library is there for each that is not in it."""
        if self.bundled:
            return not other.bundled
        source = self
        while source.origin is not None and source is not other:
            source = source.origin.source
        return source is other and self is not other

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character offset."""
        if not self._line_starts:
            self._line_starts.extend([0, *(match.end() for match in re.finditer("\n", self.text))])
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The place between two character offsets."""
        return Span(self.name, *self.position(start), *self.position(max(start, end)))


def decode(data: bytes, name: str, limits: Limits) -> str:
    """The text of a file's bytes.

    Raises:
        SpecError: It is too large, or no UTF-8.
    """
    start = Span(name, 1, 1, 1, 1)
    if len(data) > limits.file_bytes:
        message = f"the file has more than {limits.file_bytes:,} bytes"
        raise SpecError([Diagnostic("limit-exceeded", message, start, help=raise_limit("file_bytes"))])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        place = Span(name, line, column, line, column + 1)
        message = f"the file is not UTF-8 text (byte 0x{data[error.start]:02x})"
        raise SpecError([Diagnostic("unreadable-file", message, place, help="save it as UTF-8")]) from None


class Value:
    """A YAML value and its place."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def span(self) -> Span:
        """Where the value stands."""
        return self.source.span(self.start, self.end)

    def plain(self) -> Any:
        """The value as Python's own dict, list, str, int, float, bool or None."""
        raise NotImplementedError


class Scalar(Value):
    """Text, a number, a boolean or null."""

    __slots__ = ("value",)

    def __init__(self, source: Source, start: int, end: int, value: str | int | float | bool | None) -> None:
        self.source = source  # without the base class's `__init__`, which takes as long again: files are full of these
        self.start = start
        self.end = end
        self.value = value

    @override
    def plain(self) -> Any:
        return self.value


class Sequence(Value):
    """A list."""

    __slots__ = ("items",)

    def __init__(self, source: Source, start: int, end: int, items: list[Value]) -> None:
        super().__init__(source, start, end)
        self.items = items

    @override
    def plain(self) -> Any:
        return [item.plain() for item in self.items]


class Mapping(Value):
    """A mapping, in the order of the file. ``keys`` has the place of each key."""

    __slots__ = ("entries", "keys")

    def __init__(
        self, source: Source, start: int, end: int, keys: dict[str, Scalar], entries: dict[str, Value]
    ) -> None:
        super().__init__(source, start, end)
        self.keys = keys
        self.entries = entries

    @override
    def plain(self) -> Any:
        return {key: value.plain() for key, value in self.entries.items()}


class Numbered(Mapping):
    """A list as a mapping: each item stands under its number, which is placed where the item says what it is."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Sequence, told: Collection[str]) -> Numbered:
        """The items of a list; ``told`` are the keys by which one that is a mapping says what it is."""
        items = {str(number): item for number, item in enumerate(value.items)}
        keys = {name: Scalar(item.source, *_told_at(item, told), name) for name, item in items.items()}
        return cls(value.source, value.start, value.end, keys, items)


def _told_at(item: Value, told: Collection[str]) -> tuple[int, int]:
    """Where an item says what it is: the first of some keys, with a text behind it."""
    name = next((name for name in entries(item) if name in told), "")
    if not name:
        return item.start, item.end if isinstance(item, Scalar) else min(item.start + 1, item.end)
    assert isinstance(item, Mapping)
    key, value = item.keys[name], item.entries[name]
    return key.start, max(key.end, value.end if isinstance(value, Scalar) else key.end)


class Entry(NamedTuple):
    """A key of a mapping, and its value."""

    key: Scalar
    value: Value


def locate(value: Value, path: tuple[str | int, ...]) -> Value:
    """The value at the end of a path of keys and indices, or the last one that exists."""
    for step in path:
        if isinstance(value, Mapping) and step in value.entries:
            value = value.entries[str(step)]
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value.items):
            value = value.items[step]
        else:
            break
    return value


def entries(value: Value | None) -> dict[str, Value]:
    """The entries of a mapping; none of another value."""
    return value.entries if isinstance(value, Mapping) else {}


def keyed(value: Value | None) -> dict[str, Entry]:
    """The entries of a mapping with their keys; none of another value."""
    if not isinstance(value, Mapping):
        return {}
    return {name: Entry(value.keys[name], entry) for name, entry in value.entries.items()}
