"""From a plain structure to the text of a spec, as a person writes it.

The structure is what YAML holds: mappings, lists, text, numbers, true, false and null, with the keys of the language.
What is written reads back as the same structure; `tests/test_writing.py` holds this for structures of any content.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from archspec.language.scalars import OutOfRangeError, resolved

WIDTH = 120
"""The longest line that is written, where it can be broken."""

MODELINE = "# yaml-language-server: $schema=archspec.schema.json"
"""What lets editors know the schema, as the tutorial has it."""

_TOP = (
    "archspec name block extends doc paper params inputs example blocks let graph output outputs init weights override "
    "freeze variants expect"
).split()
_NODE = "each as op block reuse from inputs".split()
_NODE_END = "output outputs repeat first last when doc after before".split()
_GROUP = "each as repeat reuse from inputs when doc let graph output outputs".split()
_PARAM = "type default min max choices nullable doc".split()

_LEAST_GROUPED = 10_000
_MOST_SPREAD = 12
"""Names of neighbouring nodes that differ more in length are not aligned."""
_MOST_COLUMN_SPREAD = 6
_KINDS = ("op", "block", "reuse")
"""Keys whose values are not aligned: what stands behind differs with them."""
_MOST_LISTED = 3
"""Nodes of a list that are written in one line."""
_MOST_WRAPPED = 2
"""Lines of a node in flow style."""
_MOST_OF_ROWS = 90
"""Letters of the rows of a table of stages that are in them."""
_MOST_ROWS = 2
"""Rows of a table that stand in one line."""

_YAML_1_1 = re.compile(r"yes|no|on|off|true|false|null|~", re.IGNORECASE)
_PLAIN = re.compile(r"[^\W\d][^\x00-\x1f]*|\$[^\x00-\x1f]*|/[^\x00-\x1f]*")
_PATTERN = re.compile(r"(?=.*\*)[\w.*]+", re.ASCII)
"""A pattern over paths, which has quotes wherever it has a star."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def write(spec: Mapping[str, Any]) -> str:
    """The text of a spec: a network, or a block's file.

    Args:
        spec: Its keys and values, as `docs/language.md` has them. Their order does not matter, but for that of nodes,
            parameters, and other things with names.
    """
    first = [] if "block" in spec else [MODELINE]
    return "\n".join([*first, *_entries(_ordered(spec, _TOP), 0, _TOP_KINDS)]) + "\n"


def flow(value: Any) -> str:
    """A value in one line, as it stands inside of ``{}`` and ``[]``.

    >>> flow({"op": "conv", "kernel_size": [1, 7], "out_channels": "$(max(a, b))"})
    '{op: conv, kernel_size: [1, 7], out_channels: "$(max(a, b))"}'
    """
    return _flow(value, "value")


# Kinds of values: how what stands under a key is written. `nodes` is a graph, `node` one of its nodes, `definition` a
# block of the file's own; `entries` is a mapping whose entries have a line each, and `figures` one with long numbers.

_TOP_KINDS = {
    "doc": "text",
    "params": "params",
    "inputs": "entries",
    "blocks": "definitions",
    "let": "entries",
    "graph": "nodes",
    "outputs": "entries",
    "init": "entries",
    "weights": "sources",
    "override": "entries",
    "variants": "variants",
    "expect": "figures",
}
_INSIDE: dict[str, dict[str, str]] = {
    "node": {"graph": "nodes", "let": "entries"},
    "definition": _TOP_KINDS | {"inputs": "value"},
    "variant": {"expect": "figures"},
}
_EACH = {
    "params": "param",
    "definitions": "definition",
    "nodes": "node",
    "sources": "entries",
    "variants": "variant",
    "figures": "figure",
}
"""What the entries of a kind are."""
_BROKEN = frozenset("params entries definitions definition nodes sources variants figures".split())
"""Kinds that are never written in one line."""


class _Line(NamedTuple):
    """An entry that fits into a line: its key, and its value, whose items are known where they can be aligned."""

    key: str
    text: str
    items: tuple[tuple[str, str], ...]


def _entries(mapping: Mapping[str, Any], indent: int, kinds: Mapping[str, str] | str) -> Iterator[str]:
    """The lines of a mapping in block style.

    Args:
        mapping: What is written.
        indent: Spaces before each key.
        kinds: The kind of each key's value, or that of all.
    """
    found: list[_Line | list[str]] = []
    for key, value in mapping.items():
        kind = kinds if isinstance(kinds, str) else kinds.get(key, "value")
        line = _line(key, value, indent, kind)
        found.append(line or list(_broken(_key(key), value, indent, kind)))
    aligned = kinds in ("node", "variant")
    for _, group in groupby(found, lambda each: isinstance(each, _Line)):
        parts = list(group)
        lines = [each for each in parts if isinstance(each, _Line)]
        yield from _laid(lines, indent) if aligned else [f"{' ' * indent}{key}: {text}" for key, text, _ in lines]
        for part in parts:
            if not isinstance(part, _Line):
                yield from part


def _line(key: str, value: Any, indent: int, kind: str) -> _Line | None:
    """An entry in one line; None where it is written in several."""
    if isinstance(value, Mapping) and value and _is_broken(value, indent, kind):
        return None
    if _is_table(key, value) or (kind == "nodes" and _holds_anything(value)):
        return None
    text = _text(value, in_flow=False) if isinstance(value, str) else _flow(value, kind)
    line = _Line(_key(key), text, _items(value, kind))
    fits = indent + len(line.key) + 2 + len(text) <= WIDTH
    if fits or not (_holds_anything(value) or _folds(value)):
        return line
    return None


def _is_broken(value: Mapping[str, Any], indent: int, kind: str) -> bool:
    """Whether a mapping has lines of its own, however short it is: parameters of a block have where they are told."""
    if kind == "params" and indent and not any(isinstance(each, Mapping) and "doc" in each for each in value.values()):
        return False
    return kind in _BROKEN or (kind == "node" and _has_graph(value))


def _holds_anything(value: Any) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and bool(value)


def _is_table(key: str, value: Any) -> bool:
    """Whether a value is the rows of a table, which stand below each other."""
    return (
        key == "each" and isinstance(value, Sequence) and len(value) > _MOST_ROWS and all(map(_holds_anything, value))
    )


def _has_graph(value: Any) -> bool:
    """Whether a node has a graph that is written in lines of its own: a short list is not."""
    graph = value.get("graph") if isinstance(value, Mapping) else None
    if isinstance(graph, list) and len(graph) <= _MOST_LISTED:
        return any(isinstance(each, Mapping) and "graph" in each for each in graph)
    return _holds_anything(graph)


def _items(value: Any, kind: str) -> tuple[tuple[str, str], ...]:
    if kind not in ("node", "variant", "params") or not isinstance(value, Mapping):
        return ()
    inside = _INSIDE.get(kind, {})
    ordered = _in_order(value, kind).items()
    other = _EACH.get(kind, "value")
    return tuple((key, f"{_key(key)}: {_flow(each, inside.get(key, other))}") for key, each in ordered)


def _broken(key: str, value: Any, indent: int, kind: str) -> Iterator[str]:
    """An entry in several lines."""
    start = f"{' ' * indent}{key}:"
    if isinstance(value, str):
        yield f"{start} >-"
        yield from _folded(value, indent + 2)
    elif lines := _wrapped(f"{start} ", value, kind):
        yield from lines
    elif isinstance(value, Mapping):
        yield start
        yield from _inside(value, indent + 2, kind)
    elif _are_numbers(value) and key != "each" and len(start) < WIDTH // 2:
        first, *others = textwrap.wrap(_flow(value, kind), WIDTH - len(start) - 2)
        yield f"{start} {first}"
        yield from (f"{' ' * len(start)}  {each}" for each in others)
    else:
        yield start
        yield from _listed(value, indent + 2, _EACH.get(kind, kind))


def _wrapped(start: str, value: Any, kind: str) -> list[str]:
    """A node or parameters in a few lines of flow style, items below each other; none where it takes more."""
    if not isinstance(value, Mapping) or not value:
        return []
    if not (_is_wrapped(value) if kind == "node" else kind == "params" and not _is_broken(value, 1, kind)):
        return []
    texts, start, end = [text for _, text in _items(value, kind)], f"{start}{{", "}"
    if list(value) == ["graph"]:
        texts, start, end = [_flow(each, "node") for each in value["graph"]], f"{start}graph: [", "]}"
    lines = [start]
    for text in texts:
        if len(lines[-1]) + len(text) + 2 > WIDTH:
            lines.append(" " * len(start))
        lines[-1] += f"{text}, "
    lines = [line.rstrip() for line in lines]
    lines[-1] = f"{lines[-1].removesuffix(',')}{end}"
    most = _MOST_WRAPPED + ("each" in value)
    return lines if len(lines) <= most and max(map(len, lines)) <= WIDTH else []


def _is_wrapped(value: Mapping[str, Any]) -> bool:
    """Whether a node may be written in a few lines of flow style: no argument of it has lines of its own."""
    rows = value.get("each")
    if _is_table("each", rows) and ("repeat" not in value or len(_flow(rows, "value")) > _MOST_OF_ROWS):
        return False
    if "graph" in value and not _has_graph(value):
        return list(value) == ["graph"]
    return not value.keys() & {"graph", "doc"}


def _are_numbers(value: Any) -> bool:
    """Whether a list holds numbers alone, however deep."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(map(_are_numbers, value))
    return isinstance(value, int | float)


def _inside(value: Mapping[str, Any], indent: int, kind: str) -> Iterator[str]:
    """The entries of a mapping."""
    if kind in _EACH:
        yield from _entries(value, indent, _EACH[kind])
    else:
        yield from _entries(_in_order(value, kind), indent, _INSIDE.get(kind, {}))


def _listed(values: Iterable[Any], indent: int, kind: str) -> Iterator[str]:
    """The items of a list, a line or more each."""
    for value in values:
        text = _text(value, in_flow=False) if isinstance(value, str) else _flow(value, kind)
        fits = indent + 2 + len(text) <= WIDTH and not (kind == "node" and _has_graph(value))
        if fits or not _holds_anything(value):
            yield f"{' ' * indent}- {text}"
            continue
        if lines := _wrapped(f"{' ' * indent}- ", value, kind):
            yield from lines
            continue
        inner = _inside(value, indent + 2, kind) if isinstance(value, Mapping) else _listed(value, indent + 2, "value")
        first, *others = inner
        yield f"{' ' * indent}- {first[indent + 2 :]}"
        yield from others


def _in_order(value: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    if kind == "node":
        return _node(value)
    if kind == "param":
        return _ordered(value, _PARAM)
    return _ordered(value, _TOP) if kind == "definition" else value


def _node(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The keys of a node in the order of the bundled specs: what it is and takes, its arguments, its copies."""
    return _ordered(value, _GROUP) if "graph" in value else _ordered(value, _NODE, _NODE_END)


def _ordered(value: Mapping[str, Any], start: Sequence[str], end: Sequence[str] = ()) -> Mapping[str, Any]:
    """The entries of a mapping, some keys first and some last."""
    middle = [key for key in value if key not in start and key not in end]
    return {key: value[key] for key in (*start, *middle, *end) if key in value}


# Alignment


def _laid(lines: list[_Line], indent: int) -> Iterator[str]:
    """Neighbouring lines, with their values below each other where that reads well."""
    widths = [len(line.key) for line in lines]
    width = max(widths) if len(lines) > 2 and max(widths) - min(widths) <= _MOST_SPREAD else 0
    gaps = [[0] * len(line.items) for line in lines]
    if width or len(set(widths)) == 1:
        _pad(lines, gaps, range(len(lines)), 0)
    for line, gap in zip(lines, gaps, strict=True):
        row = (f"{' ' * spaces}{text}" for (_, text), spaces in zip(line.items, gap, strict=True))
        texts = (f"{{{', '.join(row)}}}" if line.items else line.text, line.text)
        starts = (f"{line.key}: ".ljust(width + 2), f"{line.key}: ")
        written = [f"{' ' * indent}{start}{text}" for text in texts for start in starts]
        yield next((each for each in written if len(each) <= WIDTH), written[-1])


def _pad(lines: Sequence[_Line], gaps: list[list[int]], among: Iterable[int], column: int) -> None:
    """Align what stands behind an item of neighbouring lines, as long as the items before it are aligned.

    Args:
        lines: The lines.
        gaps: The spaces before each item of each line, which are found here.
        among: The lines that are looked at.
        column: The number of the item.
    """
    for key, run in _runs(among, lambda number: _key_at(lines[number], column)):
        if key is None:
            continue
        followed = [number for number in run if column + 1 < len(lines[number].items)]
        widths = [len(lines[number].items[column][1]) for number in followed]
        if key not in _KINDS and widths and max(widths) - min(widths) <= _MOST_COLUMN_SPREAD:
            for number, width in zip(followed, widths, strict=True):
                gaps[number][column + 1] = max(widths) - width
            _pad(lines, gaps, followed, column + 1)
        else:
            for _, part in _runs(followed, lambda number: lines[number].items[column][1]):
                _pad(lines, gaps, part, column + 1)


def _key_at(line: _Line, column: int) -> str | None:
    return line.items[column][0] if column < len(line.items) else None


def _runs(numbers: Iterable[int], key: Callable[[int], str | None]) -> list[tuple[str | None, list[int]]]:
    """Neighbours of one key: numbers that follow each other."""
    found: list[tuple[str | None, list[int]]] = []
    for number in numbers:
        if found and found[-1][0] == key(number) and found[-1][1][-1] == number - 1:
            found[-1][1].append(number)
        else:
            found.append((key(number), [number]))
    return found


# Values in one line


def _flow(value: Any, kind: str) -> str:
    if isinstance(value, Mapping):
        inside = _EACH.get(kind, kind if kind in ("figure", "figures") else "value")
        pairs = _in_order(value, kind).items()
        return "{" + ", ".join(f"{_key(key)}: {_flow(each, _INSIDE.get(kind, {}).get(key, inside))}"
                               for key, each in pairs) + "}"  # fmt: skip
    if isinstance(value, str):
        return _text(value, in_flow=True)
    if isinstance(value, Sequence):
        inside = {"figure": "figure", "nodes": "node"}.get(kind, "value")
        return "[" + ", ".join(_flow(each, inside) for each in value) + "]"
    return _number(value, grouped=kind in ("figure", "figures"))


def _number(value: float | None, *, grouped: bool) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return f"{value:_}" if grouped and abs(value) >= _LEAST_GROUPED else str(value)
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(exponent)}" if e else mantissa


def _key(key: str) -> str:
    return _text(key, in_flow=True)


def _text(text: str, *, in_flow: bool) -> str:
    """A text, in quotes where YAML needs them: as a plain one it would end early, or be something else."""
    plain = _is_plain(text, in_flow=in_flow) and not _PATTERN.fullmatch(text)
    return text if plain else f'"{"".join(map(_escaped, text))}"'


def _is_plain(text: str, *, in_flow: bool) -> bool:
    if not _PLAIN.fullmatch(text) or not text.isprintable() or _YAML_1_1.fullmatch(text):
        return False
    if text.endswith((" ", ":")) or ": " in text or " #" in text:
        return False
    if in_flow and (set(",[]{}?\"'") & set(text) or re.search(r":(?![A-Za-z0-9/])", text)):
        return False
    if in_flow and text.count("(") != text.count(")"):  # which reads like what a comma has cut
        return False
    try:
        return resolved(text) == text
    except OutOfRangeError:
        return False


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


# Long texts


def _folds(value: Any) -> bool:
    """Whether a text can be broken at its spaces, and read back as it is."""
    if not isinstance(value, str) or " " not in value or not value.replace("\n", "").isprintable():
        return False
    return all(line and line == " ".join(line.split(" ")) and "  " not in line and line == line.strip()
               for line in value.split("\n"))  # fmt: skip


def _folded(text: str, indent: int) -> Iterator[str]:
    """The lines of a folded text: an empty line stands for the end of one of its own."""
    for number, paragraph in enumerate(text.split("\n")):
        if number:
            yield ""
        for line in textwrap.wrap(paragraph, WIDTH - 2 - indent, break_long_words=False, break_on_hyphens=False):
            yield " " * indent + line
