"""YAML text to values that know their place.

The parser's events are read one by one, so that duplicate keys, alias expansion and nesting are seen while they happen
and a value costs little memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml

from archspec.errors import Change, Diagnostic, Help, Note, Span, SpecError, did_you_mean
from archspec.language import syntax
from archspec.language.limits import Limits, raise_limit
from archspec.language.parentheses import closings
from archspec.language.scalars import OutOfRangeError, resolved
from archspec.language.source import Mapping, Scalar, Sequence, Source, Value
from archspec.language.values import kind

_LONGEST_TEMPLATE = 100
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(source: Source, limits: Limits, found: list[Diagnostic]) -> Value:
    """The one document of a file.

    Errors after which reading can go on are added to ``found``.

    Raises:
        SpecError: The text is no YAML, is empty, or goes beyond a limit.
    """
    try:
        return _Composer(source, limits, found).document()
    except yaml.YAMLError as error:
        fault = syntax.fault(source.text, error)
        span = source.span(fault.start, fault.end)
        edits = (Change("replace", text, source.span(start, end)) for start, end, text in fault.edits)
        help = Help(fault.help, *edits) if fault.edits else fault.help
        raise SpecError([Diagnostic("yaml-syntax", fault.message, span, help=help)]) from None


def no_mapping(value: Value) -> Diagnostic:
    """The error of a file that holds something else than a mapping."""
    expected, found = "a mapping", kind(value.plain())
    span = value.source.span(value.start, value.start + 1)
    help = "it begins with `archspec: 1`"
    return Diagnostic("invalid-value", "a spec is a mapping", span, expected=expected, found=found, help=help)


class _Composer:
    """Builds values from the parser's events."""

    def __init__(self, source: Source, limits: Limits, found: list[Diagnostic]) -> None:
        self.source = source
        self.limits = limits
        self.found = found
        self.count = 0
        self.anchors: dict[str, tuple[Value, int] | None] = {}
        self.next_event: Callable[[], Any] = _Loader(source.text).get_event
        """The parser's next event; None after the last."""

    def _report(self, code: str, message: str, span: Span, help: str = "", notes: tuple[Note, ...] = ()) -> None:
        self.found.append(Diagnostic(code, message, span, help=help, notes=notes))

    def _stop(self, code: str, message: str, event: Any, help: str = "") -> SpecError:
        span = self.source.span(event.start_mark.index, event.end_mark.index)
        return SpecError([Diagnostic(code, message, span, help=help)])

    def _beyond(self, limit: str, message: str, event: Any) -> SpecError:
        return self._stop("limit-exceeded", message, event, help=raise_limit(limit))

    def document(self) -> Value:
        document: Value | None = None
        while (event := self.next_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                if document is not None:
                    raise self._stop("yaml-syntax", "a spec is one YAML document; a second one begins here", event)
                document = self._value(self.next_event(), 0)
        if document is None:
            place = Span(self.source.name, 1, 1, 1, 1)
            help = Help.instead("a spec begins with `archspec: 1`", "archspec: 1\n")
            raise SpecError([Diagnostic("yaml-syntax", "the file is empty", place, help=help)])
        return document

    def _value(self, event: Any, depth: int) -> Value:
        self._spend(1, event)
        if depth > self.limits.depth:
            raise self._beyond("depth", f"values nest deeper than {self.limits.depth}", event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None and event.tag != "!":
            start = event.start_mark.index
            tag = self.source.text[start : event.end_mark.index].split(maxsplit=1)[0]
            span = self.source.span(start, start + len(tag))
            self._report(
                "yaml-syntax",
                f"a tag such as `{tag}` cannot stand here",
                span,
                help=Help.instead("a spec is plain data", ""),
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
            message = f"the file has more than {self.limits.values:,} values, aliases expanded"
            raise self._beyond("values", message, event)

    def _alias(self, event: Any) -> Value:
        target = self.anchors.get(event.anchor, ...)
        if target is ...:
            help = did_you_mean(event.anchor, self.anchors)
            help = help.around("*") if isinstance(help, Help) else help
            raise self._stop("yaml-syntax", f"no anchor `&{event.anchor}` stands above", event, help)
        if target is None:
            raise self._stop("yaml-syntax", f"the alias `*{event.anchor}` stands inside its own anchor", event)
        value, size = target
        self._spend(size, event)
        return value

    def _scalar(self, event: Any) -> Scalar:
        start, end, text = event.start_mark.index, event.end_mark.index, event.value
        if text.startswith("$") and len(text) > self.limits.expression_chars:
            message = f"the expression has more than {self.limits.expression_chars:,} characters"
            raise self._beyond("expression_chars", message, event)
        return Scalar(self.source, start, end, text if event.style else self._resolved(text, start, end))

    def _resolved(self, text: str, start: int, end: int) -> str | int | float | None:
        """What a text without quotes means."""
        try:
            return resolved(text)
        except OutOfRangeError:
            help = "an integer has at most 63 bits, another number at most 308 digits"
            self._report("invalid-value", "this number is out of range", self.source.span(start, end), help=help)
            return 1

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Value] = []
        while not isinstance(inner := self.next_event(), yaml.SequenceEndEvent):
            items.append(self._value(inner, depth + 1))
        if event.flow_style:
            items = [item for (item,) in self._rejoin([(item,) for item in items])]
        return Sequence(self.source, event.start_mark.index, _end(inner), items)

    def _mapping(self, event: Any, depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Value]] = []
        while not isinstance(inner := self.next_event(), yaml.MappingEndEvent):
            key, value = self._key(inner), self._value(self.next_event(), depth + 1)
            if value.start == value.end:  # nothing stands there; errors about it go to the key
                value.start, value.end = key.start, key.end
            pairs.append((key, value))
        if event.flow_style:
            pairs = self._rejoin(pairs)
        return self._merged(event.start_mark.index, _end(inner), pairs)

    def _key(self, event: Any) -> Scalar:
        if not isinstance(event, yaml.ScalarEvent):
            start = event.start_mark.index
            template = re.match(r"\{\{\s*(\w+)\s*\}\}", self.source.text[max(0, start - 1) : start + _LONGEST_TEMPLATE])
            help = f"a parameter is written `${template[1]}`" if template else ""
            if template:
                place = self.source.span(max(0, start - 1) + template.start(), max(0, start - 1) + template.end())
                help = Help(help, Change("replace", f"${template[1]}", place))
            raise self._stop("yaml-syntax", "a key is a word, not a list, a mapping or an alias", event, help)
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
                help = Help.removal("")
                self._report("duplicate-key", f"the key `{name}` stands twice", key.span, help=help, notes=notes)
            else:
                keys[name], entries[name] = key, value
        for other in merges:
            for name, value in other.entries.items():
                if name not in entries:
                    keys[name], entries[name] = other.keys[name], value
        return Mapping(self.source, start, end, keys, entries)

    def _merge_sources(self, value: Value) -> list[Mapping]:
        values = value.items if isinstance(value, Sequence) else [value]
        mappings = [item for item in values if isinstance(item, Mapping)]
        if len(mappings) != len(values):
            name, help = value.plain(), ""
            if isinstance(name, str) and self.anchors.get(name):
                help = Help.instead(f"what `&{name}` names is `*{name}`", f"*{name}")
            self._report("yaml-syntax", "`<<` merges a mapping, or a list of them", value.span, help=help)
        return mappings

    def _rejoin(self, entries: list[Any]) -> list[Any]:
        """Put together expressions that YAML has cut at a comma, and say so."""
        cut = {number for number, entry in enumerate(entries) if self._is_cut_value(entry[-1])}
        if not cut:
            return entries
        last = closings(self.source.text, [(entry[-1].start, max(part.end for part in entry)) for entry in entries])
        joined: list[Any] = []
        number = 0
        while number < len(entries):
            entry, end = entries[number], last[number] if number in cut else None
            if end is not None:
                entry = (*entry[:-1], self._joined(entry[-1].start, max(part.end for part in entries[end])))
            joined.append(entry)
            number = (number if end is None else end) + 1
        return joined

    def _is_cut_value(self, value: Value) -> bool:
        begins = isinstance(value, Scalar) and isinstance(value.value, str) and value.value[:1] in ("$", "(")
        return begins and _is_cut(self.source.text[value.start : value.end])

    def _joined(self, start: int, end: int) -> Value:
        text = self.source.text[start:end]
        if text.startswith("$"):
            value: Value = Scalar(self.source, start, end, text)
            quote = "'" if '"' in text else '"'
            help = f"inside `{{}}` and `[]` write it in quotes: {quote}{text}{quote}"
            help = Help.instead(help, f"{quote}{text}{quote}")
        else:
            items = [part.strip() for part in text[1:-1].split(",")]
            scalars = [Scalar(self.source, start, end, self._resolved(item, start, end)) for item in items]
            value = Sequence(self.source, start, end, list(scalars))
            help = Help.instead(f"a list is written [{text[1:-1]}]", f"[{text[1:-1]}]")
        self._report("flow-comma", f"YAML cuts `{text}` at its comma", self.source.span(start, end), help=help)
        return value


def _end(event: Any) -> int:
    end: int = event.end_mark.index
    return end


def _offsets(event: Any) -> tuple[int, int]:
    return event.start_mark.index, event.end_mark.index


def _is_cut(text: str) -> bool:
    """Whether a value is the first piece of an expression, or of a list in parentheses, that goes on after a comma."""
    return text.startswith(("$(", "(")) and text.count("(") > text.count(")")
