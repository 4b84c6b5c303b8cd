"""Which words of a document name the same thing: nodes, inputs, parameters, blocks, names of ``let`` and ``as``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from archspec.language.evaluation import CONSTANTS, FUNCTIONS
from archspec.language.names import let_form
from archspec.language.tree import Value
from archspec.ops import registry
from archspec.service import scope
from archspec.service.outline import File, Graph, Node, Section
from archspec.service.paths import followed
from archspec.service.spots import Spot, Target

_NAMES = re.compile(r"""(?<![\w.])[A-Za-z_]\w*|'[^'\n]*'|"[^"\n]*\"""")
_WORDS = {"if", "else", "and", "or", "not", "in", *FUNCTIONS, *CONSTANTS}


class Symbol(NamedTuple):
    """What a name stands for.

    Attributes:
        kind: ``node``, ``input``, ``param``, ``block``, ``let``, ``loop``, ``output`` or ``file``.
        name: The name.
        file: The file that it is declared in.
        start: Where it stands there.
        end: Where it ends there.
        section: The section that it belongs to.
        node: The node, where it is one.
    """

    kind: str
    name: str
    file: File
    start: int
    end: int
    section: Section
    node: Node | None = None

    @property
    def identity(self) -> tuple[Path, int]:
        """What is equal for one thing."""
        return self.file.path, self.start


class Occurrence(NamedTuple):
    """A word that names something."""

    start: int
    end: int
    symbol: Symbol
    declares: bool = False


def occurrences(file: File, spots: tuple[Spot, ...]) -> Iterator[Occurrence]:
    """The words of a file that name something that is known."""
    for spot in spots:
        yield from _of(file, spot)


def _of(file: File, spot: Spot) -> Iterator[Occurrence]:
    value, start = spot.value, spot.value.start + (spot.value.style in ("'", '"', "*"))
    if value.style in ("|", ">", "*"):
        return
    raw = file.text[start : value.end - (value.style in ("'", '"'))]
    if raw.startswith("$") and not spot.is_key:
        yield from _asked(raw, start, spot)
        return
    find = _FINDERS.get(spot.role)
    if find is not None:
        yield from find(raw, start, spot)


# What is declared


def node_symbol(node: Node) -> Symbol | None:
    """A node; one of the file that is extended stays that."""
    first = node
    for graph in node.graph.lineage():
        first = graph.nodes.get(node.name, first)
    return _symbol("node", first.name, first.graph.section, first.key or first.value, first)


def _symbol(kind: str, name: str, section: Section, place: Value | None, node: Node | None = None) -> Symbol | None:
    if place is None:
        return None
    start = place.start + (place.style in ("'", '"'))
    return Symbol(kind, name, section.file, start, start + len(name), section, node)


def _param(section: Section, name: str) -> Symbol | None:
    found = [each for each in section.lineage() if name in each.params]
    return _symbol("param", name, found[-1], found[-1].params[name].key) if found else None


def _input(graph: Graph, name: str) -> Symbol | None:
    places = [(each, each.inputs) for each in graph.lineage()]
    for each, known in reversed(places):
        if name == "input" and len(known) == 1 and name not in known:
            name = next(iter(known))
        if name in known:
            return _symbol("input", name, each.section, known[name])
    return None


def _let(graph: Graph | None, name: str) -> Symbol | None:
    while graph is not None:
        for each in reversed(list(graph.lineage())):
            if name in each.lets:
                return _symbol("let", name, each.section, each.lets[name])
        graph = graph.around
    return None


def _block(section: Section, name: str) -> Symbol | None:
    """A block of the file's own, or the file of another."""
    for each in reversed(list((section.around or section).lineage())):
        entry = each.blocks.get(name)
        if entry is not None:
            return _symbol("block", name, each, entry.key)
    return _file(section.block(name)) if name else None


def _file(section: Section | None) -> Symbol | None:
    if section is None or section.around is not None:
        return None
    return Symbol("file", section.name, section.file, 0, 0, section)


def _found(symbol: Symbol | None, start: int, length: int, declares: bool = False) -> Iterator[Occurrence]:
    if symbol is not None:
        here = declares and (symbol.start == start)
        yield Occurrence(start, start + length, symbol, here)


# What is named


def _declares_node(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    symbol = node_symbol(spot.node) if spot.node is not None else None
    yield from _found(symbol, start, len(raw), declares=True)


def _declares_param(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_param(spot.section, raw), start, len(raw), declares=True)


def _declares_input(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    graph = spot.node.inner if spot.node is not None else spot.graph
    yield from _found(_input(graph, raw) if graph is not None else None, start, len(raw), declares=True)


def _declares_let(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    name = let_form(raw)[0]
    yield from _found(_let(spot.graph, name), start, len(name), declares=True)


def _declares_loop(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_symbol("loop", raw, spot.section, spot.value), start, len(raw), declares=raw != "_")


def _declares_block(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_block(spot.section, raw), start, len(raw), declares=True)


def _taken(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    if spot.graph is not None:
        yield from _reference(raw, start, spot.graph)


def _taken_inside(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    inside = spot.node.inside() if spot.node is not None else None
    if inside is not None:
        yield from _reference(raw, start, inside)


def _reference(raw: str, start: int, graph: Graph) -> Iterator[Occurrence]:
    """``backbone.c3``: a node, and an output of it."""
    name, _, port = raw.partition(".")
    node = graph.node(name)
    yield from _found(node_symbol(node) if node is not None else _input(graph, name), start, len(name))
    block = node.block if node is not None else None
    if block is not None and port and not port.partition(".")[0].lstrip("-").isdecimal() and "*" not in port:
        yield from _found(_output(block, port), start + len(name) + 1, len(port))


def _output(section: Section, name: str) -> Symbol | None:
    for each in section.lineage():
        value = each.value.get("outputs")
        for entry in value.entries if value is not None else ():
            if entry.name == name and entry.key is not None:
                return _symbol("output", name, each, entry.key)
            if entry.key is None and entry.value is not None and entry.value.text == name:  # it is called as its node
                node = each.graph.node(name)
                return node_symbol(node) if node is not None else None
    return None


def _path(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    """The names of a path that mean one node each."""
    if spot.what == "init" and "." not in raw and "*" not in raw and (registry.find(raw) or raw == "norm"):
        return
    for step in followed(spot.section, raw):
        symbols = {symbol.identity: symbol for node in step.nodes if (symbol := node_symbol(node))}
        if len(symbols) == 1 and "*" not in step.name:
            yield from _found(next(iter(symbols.values())), start + step.start, len(step.name))


def _argument_key(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    """An argument, which is a parameter of the block; the keys of a node are none."""
    target: Target = spot.what
    if target.section is not None:
        yield from _found(_param(target.section, raw), start, len(raw))


def _named_block(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_block(spot.section, raw), start, len(raw))


def _extended(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_file(spot.section.base), start, len(raw))


def _named_file(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    section = spot.section.file.files.block(raw, spot.section.file) if raw else None
    yield from _found(_file(section), start, len(raw))


def _output_name(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    yield from _found(_output(spot.section, raw), start, len(raw))


def _asked(raw: str, start: int, spot: Spot) -> Iterator[Occurrence]:
    """The names in an expression."""
    for match in _NAMES.finditer(raw):
        name = match[0]
        if name[0] not in "'\"" and name not in _WORDS and name not in spot.local:
            yield from _found(known(name, spot), start + match.start(), len(name))


def known(name: str, spot: Spot) -> Symbol | None:
    """What a name in an expression at a spot stands for."""
    graph = spot.graph or (spot.section.graph if spot.role in ("default", "let") else None)
    loops = scope.loops(spot)
    if name in loops:
        return _symbol("loop", name, spot.section, loops[name])
    found = _let(graph, name) or _param(spot.section, name)
    if found is not None or graph is None:
        return found
    found = _input(graph, name)
    node = graph.node(name) if found is None else None
    return node_symbol(node) if node is not None else found


_FINDERS = {
    "declares-node": _declares_node, "declares-param": _declares_param, "declares-input": _declares_input,
    "declares-let": _declares_let, "declares-loop": _declares_loop, "declares-block": _declares_block,
    "from": _taken, "reuse": _taken, "output": _taken, "sibling": _taken, "inner-output": _taken_inside,
    "path": _path, "node-key": _argument_key, "argument-key": _argument_key, "choice-key": _argument_key,
    "change-key": _argument_key, "block": _named_block, "extends": _extended, "file": _named_file,
    "output-name": _output_name, "declares-output": _output_name,
}  # fmt: skip
