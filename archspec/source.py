"""YAML text to values that know their place.

The parser's events are read one by one, so that duplicate keys, alias expansion and nesting are seen while they happen
and a value costs little memory. Scalars follow the YAML 1.2 core schema: ``on`` is text, ``1e-3`` is a number.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from typing_extensions import override

from archspec.errors import Diagnostic, Note, Span, SpecError, did_you_mean
from archspec.limits import Limits

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"[-+]?(?:[0-9][0-9_]*|0x[0-9a-fA-F]+|0o[0-7]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER_START = frozenset("+-.0123456789")
_INT_BOUND = 2**63


@dataclass(frozen=True, eq=False)
class Source:
    """The text of one file.

    Attributes:
        name: The file's name in messages.
        text: What it holds.
        path: Where it lies; None for standard input and text given by a program.
        bundled: Whether it belongs to the block library, so that errors are placed in the file that uses it.
    """

    name: str
    text: str
    path: Path | None = None
    bundled: bool = False
    _line_starts: list[int] = field(default_factory=list, repr=False)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of a character offset."""
        if not self._line_starts:
            self._line_starts.extend([0, *(match.end() for match in re.finditer("\n", self.text))])
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The place between two character offsets."""
        return Span(self.name, *self.position(start), *self.position(max(start, end)))


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
        super().__init__(source, start, end)
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


def parse(source: Source, limits: Limits, found: list[Diagnostic]) -> Value:
    """The one document of a file.

    Errors after which reading can go on are added to ``found``.

    Raises:
        SpecError: The text is no YAML, is empty, or goes beyond a limit.
    """
    return _Composer(source, limits, found).document()


def decode(data: bytes, name: str, limits: Limits) -> str:
    """The text of a file's bytes.

    Raises:
        SpecError: It is too large, or no UTF-8.
    """
    start = Span(name, 1, 1, 1, 1)
    if len(data) > limits.file_bytes:
        message = f"the file has {len(data):,} bytes; the limit is {limits.file_bytes:,} (file_bytes)"
        raise SpecError([Diagnostic("limit-exceeded", message, start)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        place = Span(name, line, column, line, column + 1)
        message = f"the file is not UTF-8 text (byte 0x{data[error.start]:02x})"
        raise SpecError([Diagnostic("yaml-syntax", message, place, help="save it as UTF-8")]) from None


class _Composer:
    """Builds values from the parser's events."""

    def __init__(self, source: Source, limits: Limits, found: list[Diagnostic]) -> None:
        self.source = source
        self.limits = limits
        self.found = found
        self.count = 0
        self.anchors: dict[str, tuple[Value, int] | None] = {}
        self.events = self._events()

    def _events(self) -> Iterator[Any]:
        try:
            yield from yaml.parse(self.source.text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            raise SpecError([self._syntax_error(error)]) from None
        except yaml.reader.ReaderError as error:
            place = self.source.span(error.position, error.position + 1)
            message = "the file holds a character that YAML does not allow"
            raise SpecError([Diagnostic("yaml-syntax", message, place, help="remove the control character")]) from None

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> Diagnostic:
        mark = error.problem_mark or error.context_mark
        offset = min(mark.index, len(self.source.text)) if mark else 0
        problem = error.problem or error.context or "this is no YAML"
        notes: tuple[Note, ...] = ()
        context: Any = error.context_mark
        if error.context and context:
            notes = (Note(error.context, self.source.span(context.index, context.index + 1)),)
        place = self.source.span(offset, offset + 1)
        return Diagnostic("yaml-syntax", problem, place, help=_syntax_hint(problem), notes=notes)

    def _report(self, code: str, message: str, span: Span, help: str = "", notes: tuple[Note, ...] = ()) -> None:
        self.found.append(Diagnostic(code, message, span, help=help, notes=notes))

    def _stop(self, code: str, message: str, event: Any, help: str = "") -> SpecError:
        span = self.source.span(event.start_mark.index, event.end_mark.index)
        return SpecError([*self.found, Diagnostic(code, message, span, help=help)])

    def document(self) -> Value:
        document: Value | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if document is not None:
                    raise self._stop("yaml-syntax", "a spec is one YAML document; a second one begins here", event)
                document = self._value(next(self.events), 0)
        if document is None:
            place = Span(self.source.name, 1, 1, 1, 1)
            help = "a spec begins with `archspec: 1`"
            raise SpecError([Diagnostic("yaml-syntax", "the file is empty", place, help=help)])
        return document

    def _value(self, event: Any, depth: int) -> Value:
        self._spend(1, event)
        if depth > self.limits.depth:
            raise self._stop("limit-exceeded", f"values nest deeper than {self.limits.depth} (depth)", event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None and event.tag != "!":
            span = self.source.span(event.start_mark.index, event.start_mark.index + 1)
            self._report(
                "yaml-tag", f"the tag `{event.tag}` is not allowed", span, help="a spec is plain data: no tags"
            )
        before = self.count
        if event.anchor:
            self.anchors[event.anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            value: Value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(event, depth)
        else:
            value = self._mapping(event, depth)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before + 1)
        return value

    def _spend(self, values: int, event: Any) -> None:
        self.count += values
        if self.count > self.limits.values:
            message = f"the file has more than {self.limits.values:,} values, aliases expanded (values)"
            raise self._stop("limit-exceeded", message, event)

    def _alias(self, event: Any) -> Value:
        target = self.anchors.get(event.anchor, ...)
        if target is ...:
            help = did_you_mean(event.anchor, self.anchors)
            raise self._stop("yaml-syntax", f"no anchor `&{event.anchor}` stands above", event, help)
        if target is None:
            raise self._stop("yaml-syntax", f"the alias `*{event.anchor}` stands inside its own anchor", event)
        value, size = target
        self._spend(size, event)
        return value

    def _scalar(self, event: Any) -> Scalar:
        start, end, text = event.start_mark.index, event.end_mark.index, event.value
        value: str | int | float | None = text
        plain = not event.style
        if plain and text in _WORDS:
            value = _WORDS[text]
        elif plain and text[0] in _NUMBER_START:
            value = self._number(text, start, end)
        return Scalar(self.source, start, end, value)

    def _number(self, text: str, start: int, end: int) -> str | int | float:
        number: int | float
        if _INT.fullmatch(text):
            if len(text) > 40:
                return self._out_of_range(start, end)
            number = int(text, 0) if text[:3].lstrip("+-")[:2] in ("0x", "0o") else int(text)
            return number if abs(number) < _INT_BOUND else self._out_of_range(start, end)
        if not _FLOAT.fullmatch(text):
            return text
        number = float(text)
        return number if math.isfinite(number) else self._out_of_range(start, end)

    def _out_of_range(self, start: int, end: int) -> int:
        self._report("invalid-number", "this number is out of range", self.source.span(start, end))
        return 1

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Value] = []
        for inner in self.events:
            if isinstance(inner, yaml.SequenceEndEvent):
                break
            items.append(self._value(inner, depth + 1))
        if event.flow_style:
            items = [item for (item,) in self._rejoin([(item,) for item in items])]
        return Sequence(self.source, event.start_mark.index, inner.end_mark.index, items)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Value]] = []
        for inner in self.events:
            if isinstance(inner, yaml.MappingEndEvent):
                break
            pairs.append((self._key(inner), self._value(next(self.events), depth + 1)))
        if event.flow_style:
            pairs = self._rejoin(pairs)
        return self._merged(event.start_mark.index, inner.end_mark.index, pairs)

    def _key(self, event: Any) -> Scalar:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop("yaml-syntax", "a key is a word, not a list, a mapping or an alias", event)
        self._spend(1, event)
        return Scalar(self.source, *_offsets(event), event.value)

    def _merged(self, start: int, end: int, pairs: list[tuple[Scalar, Value]]) -> Mapping:
        keys: dict[str, Scalar] = {}
        entries: dict[str, Value] = {}
        merges: list[Mapping] = []
        for key, value in pairs:
            name = str(key.value)
            if name == "<<":
                merges += self._merge_sources(value)
            elif name in keys:
                notes = (Note("first here", keys[name].span),)
                self._report("duplicate-key", f"the key `{name}` stands twice", key.span, notes=notes)
            else:
                keys[name], entries[name] = key, value
        for other in merges:
            for name in other.entries.keys() - entries.keys():
                keys[name], entries[name] = other.keys[name], other.entries[name]
        return Mapping(self.source, start, end, keys, entries)

    def _merge_sources(self, value: Value) -> list[Mapping]:
        values = value.items if isinstance(value, Sequence) else [value]
        mappings = [item for item in values if isinstance(item, Mapping)]
        if len(mappings) != len(values):
            self._report("yaml-syntax", "`<<` merges a mapping, or a list of them", value.span)
        return mappings

    def _rejoin(self, entries: list[Any]) -> list[Any]:
        """Put together expressions that YAML has cut at a comma, and say so."""
        if not any(self._is_cut_value(entry[-1]) for entry in entries):
            return entries
        joined: list[Any] = []
        while entries:
            entry, *entries = entries
            if self._is_cut_value(entry[-1]):
                entry, entries = self._rejoin_one(entry, entries)
            joined.append(entry)
        return joined

    def _is_cut_value(self, value: Value) -> bool:
        return isinstance(value, Scalar) and _is_cut(self.source.text[value.start : value.end])

    def _rejoin_one(self, entry: Any, pieces: list[Any]) -> tuple[Any, list[Any]]:
        start = entry[-1].start
        for taken, piece in enumerate(pieces, start=1):
            end = max(part.end for part in piece)
            text = self.source.text[start:end]
            if not _is_cut(text):
                message = "YAML cuts this expression at its comma"
                help = f'inside `{{}}` and `[]` write it in quotes: "{text}"'
                self._report("flow-comma", message, self.source.span(start, end), help=help)
                return (*entry[:-1], Scalar(self.source, start, end, text)), pieces[taken:]
        return entry, pieces


def _offsets(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _is_cut(text: str) -> bool:
    return text.startswith("$(") and text.count("(") > text.count(")")


def _syntax_hint(problem: str) -> str:
    hints = {
        "cannot start any token": "quote a text that begins with this character; YAML takes no tabs for indentation",
        "mapping values are not allowed": "is a line above not finished, or does a text with `: ` in it lack quotes?",
        "did not find expected ',' or '}'": "is a `}` or a comma missing?",
        "did not find expected ',' or ']'": "is a `]` or a comma missing?",
        "could not find expected ':'": "a key needs a colon and a space after it",
        "did not find expected key": "is the indentation that of the keys above?",
        "did not find expected <document start>": "is the indentation that of the keys above?",
        "found unexpected end of stream": "is a quote not closed?",
    }
    return next((hint for part, hint in hints.items() if part in problem), "")
