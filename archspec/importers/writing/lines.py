"""The lines of a structure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from archspec.importers.writing.alignment import Line, laid
from archspec.importers.writing.flow import flow_of
from archspec.importers.writing.kinds import BROKEN, EACH, INSIDE, TOP, TOP_KINDS, in_order, ordered
from archspec.importers.writing.scalars import WIDTH, folded, folds, key_of, scalar

MODELINE = "# yaml-language-server: $schema=archspec.schema.json"
"""What lets editors know the schema, as the tutorial has it."""

_MOST_LISTED = 3
"""Nodes of a list that are written in one line."""
_MOST_WRAPPED = 2
"""Lines of a node in flow style."""
_MOST_OF_ROWS = 90
"""Letters of the rows of a table of stages that are in them."""
_MOST_ROWS = 2
"""Rows of a table that stand in one line."""


def write(spec: Mapping[str, Any]) -> str:
    """The text of a spec: a network, or a block's file.

    Args:
        spec: Its keys and values, as `docs/language.md` has them. Their order does not matter, but for that of nodes,
            parameters, and other things with names.
    """
    first = [] if "block" in spec else [MODELINE]
    return "\n".join([*first, *_entries(ordered(spec, TOP), 0, TOP_KINDS)]) + "\n"


def _entries(mapping: Mapping[str, Any], indent: int, kinds: Mapping[str, str] | str) -> Iterator[str]:
    """The lines of a mapping in block style.

    Args:
        mapping: What is written.
        indent: Spaces before each key.
        kinds: The kind of each key's value, or that of all.
    """
    found: list[Line | list[str]] = []
    for key, value in mapping.items():
        kind = kinds if isinstance(kinds, str) else kinds.get(key, "value")
        line = _line(key, value, indent, kind)
        found.append(line or list(_broken(key_of(key), value, indent, kind)))
    aligned = kinds in ("node", "variant")
    for _, group in groupby(found, lambda each: isinstance(each, Line)):
        parts = list(group)
        lines = [each for each in parts if isinstance(each, Line)]
        yield from laid(lines, indent) if aligned else [f"{' ' * indent}{key}: {text}" for key, text, _ in lines]
        for part in parts:
            if not isinstance(part, Line):
                yield from part


def _line(key: str, value: Any, indent: int, kind: str) -> Line | None:
    """An entry in one line; None where it is written in several."""
    if isinstance(value, Mapping) and value and _is_broken(value, indent, kind):
        return None
    if _is_table(key, value) or (kind == "nodes" and _holds_anything(value)):
        return None
    text = scalar(value, in_flow=False) if isinstance(value, str) else flow_of(value, kind)
    line = Line(key_of(key), text, _items(value, kind))
    fits = indent + len(line.key) + 2 + len(text) <= WIDTH
    if fits or not (_holds_anything(value) or folds(value)):
        return line
    return None


def _is_broken(value: Mapping[str, Any], indent: int, kind: str) -> bool:
    """Whether a mapping has lines of its own, however short it is: parameters of a block have where they are told."""
    if kind == "params" and indent and not any(isinstance(each, Mapping) and "doc" in each for each in value.values()):
        return False
    return kind in BROKEN or (kind == "node" and _has_graph(value))


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
    inside = INSIDE.get(kind, {})
    ordered = in_order(value, kind).items()
    other = EACH.get(kind, "value")
    return tuple((key, f"{key_of(key)}: {flow_of(each, inside.get(key, other))}") for key, each in ordered)


def _broken(key: str, value: Any, indent: int, kind: str) -> Iterator[str]:
    """An entry in several lines."""
    start = f"{' ' * indent}{key}:"
    if isinstance(value, str):
        yield f"{start} >-"
        yield from folded(value, indent + 2)
    elif lines := _wrapped(f"{start} ", value, kind):
        yield from lines
    elif isinstance(value, Mapping):
        yield start
        yield from _inside(value, indent + 2, kind)
    elif _are_numbers(value) and key != "each" and len(start) < WIDTH // 2:
        first, *others = textwrap.wrap(flow_of(value, kind), WIDTH - len(start) - 2)
        yield f"{start} {first}"
        yield from (f"{' ' * len(start)}  {each}" for each in others)
    else:
        yield start
        yield from _listed(value, indent + 2, EACH.get(kind, kind))


def _wrapped(start: str, value: Any, kind: str) -> list[str]:
    """A node or parameters in a few lines of flow style, items below each other; none where it takes more."""
    if not isinstance(value, Mapping) or not value:
        return []
    if not (_is_wrapped(value) if kind == "node" else kind == "params" and not _is_broken(value, 1, kind)):
        return []
    texts, start, end = [text for _, text in _items(value, kind)], f"{start}{{", "}"
    if list(value) == ["graph"]:
        texts, start, end = [flow_of(each, "node") for each in value["graph"]], f"{start}graph: [", "]}"
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
    if _is_table("each", rows) and ("repeat" not in value or len(flow_of(rows, "value")) > _MOST_OF_ROWS):
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
    if kind in EACH:
        yield from _entries(value, indent, EACH[kind])
    else:
        yield from _entries(in_order(value, kind), indent, INSIDE.get(kind, {}))


def _listed(values: Iterable[Any], indent: int, kind: str) -> Iterator[str]:
    """The items of a list, a line or more each."""
    for value in values:
        text = scalar(value, in_flow=False) if isinstance(value, str) else flow_of(value, kind)
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
