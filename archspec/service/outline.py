"""What a tree declares: sections (a network, or a block), their graphs, and the nodes of these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from archspec.language.block_scanner import scan
from archspec.language.merge import KINDS
from archspec.language.names import let_form
from archspec.language.tree import Entry, Value

MOST_CHARACTERS = 500_000
"""Characters of a text that is looked at while somebody types; of a larger one nothing is told."""


class Files(Protocol):
    """The files that a file can name (`archspec.service.files`)."""

    def block(self, name: str, user: File) -> Section | None:
        """The section of a block that a file means by a name or a path."""

    def extended(self, name: str, user: File) -> Section | None:
        """The section that a file extends."""


@dataclass(eq=False)
class File:
    """A text, and what it declares.

    Attributes:
        path: Where it lies.
        text: What it holds.
        files: The files that it can name.
        bundled: Whether it belongs to archspec, or to a package with blocks of its own.
    """

    path: Path
    text: str
    files: Files
    bundled: bool = False

    @cached_property
    def tree(self) -> Value:
        """Its tree; an empty one of a text that is too large."""
        return scan(self.text if len(self.text) <= MOST_CHARACTERS else "")

    @cached_property
    def section(self) -> Section:
        """The network or block that it holds."""
        return Section(self, self.tree, _text(self.tree.get("name")) or _text(self.tree.get("block")))


@dataclass(eq=False)
class Section:
    """A network, or a block.

    Attributes:
        file: The file that it stands in.
        value: Its mapping.
        name: Its name.
        key: Where an entry of ``blocks:`` names it; None for that of a file.
        around: The section of the file; None for that itself.
    """

    file: File
    value: Value
    name: str
    key: Value | None = None
    around: Section | None = None

    @property
    def is_block(self) -> bool:
        """Whether it is a block."""
        return self.around is not None or "block" in self.value.names()

    @cached_property
    def params(self) -> dict[str, Entry]:
        """The parameters that it declares, by name."""
        return _named(self.value.get("params"))

    @cached_property
    def blocks(self) -> dict[str, Entry]:
        """The blocks that its file brings along, by name."""
        return _named(self.value.get("blocks")) if self.around is None else self.around.blocks

    @cached_property
    def graph(self) -> Graph:
        """Its graph; one without nodes where it has none."""
        return Graph(self, self.value, None)

    @cached_property
    def base(self) -> Section | None:
        """What it extends; None where it extends nothing that is known."""
        target = self.value.get("extends") if self.around is None else None
        return self.file.files.extended(_text(target), self.file) if target is not None else None

    def lineage(self) -> Iterator[Section]:
        """It, and what it extends, and so on."""
        if self.around is not None:  # a block that another file has too changes that
            yield self
            for section in list(self.around.lineage())[1:]:
                entry = section.blocks.get(self.name)
                if entry is not None and entry.value is not None and entry.value.kind == "mapping":
                    yield Section(section.file, entry.value, self.name, entry.key, section)
            return
        base: Section | None = self
        seen: set[Path] = set()
        while base is not None and base.file.path not in seen:
            seen.add(base.file.path)
            yield base
            base = base.base

    def block(self, name: str) -> Section | None:
        """The block that a node of it means by a name; None where none is known."""
        for section in self.lineage():
            entry = section.blocks.get(name)
            if entry is not None and entry.value is not None and entry.value.kind == "mapping":
                top = section.around or section
                return Section(section.file, entry.value, name, entry.key, top)
            if entry is not None:
                return self.file.files.block(_text(entry.value), section.file)
        return self.file.files.block(name, self.file)

    def param(self, name: str) -> tuple[Section, Entry] | None:
        """Where a parameter is declared, here or in what it extends."""
        found = ((section, section.params[name]) for section in self.lineage() if name in section.params)
        return next(found, None)


@dataclass(eq=False)
class Graph:
    """A graph.

    Attributes:
        section: The section that it is of.
        owner: The mapping with its ``graph``: the section's, or a group's.
        around: The graph around a group; None for a section's own.
        loops: The names that ``as`` gives around it, and where.
    """

    section: Section
    owner: Value
    around: Graph | None
    loops: dict[str, Value] = field(default_factory=dict)

    @cached_property
    def value(self) -> Value | None:
        """Its nodes."""
        return self.owner.get("graph")

    @cached_property
    def inputs(self) -> dict[str, Value]:
        """The names of its inputs, and where they stand."""
        value = self.owner.get("inputs")
        if value is None:
            return {}
        if value.kind == "scalar":
            return {value.text: value}
        found = [entry.key or entry.value for entry in value.entries]
        return {each.text: each for each in found if each is not None and each.kind == "scalar"}

    @cached_property
    def lets(self) -> dict[str, Value]:
        """What it defines, by name, and where."""
        entries = _named(self.owner.get("let")).values()
        return {let_form(entry.name)[0]: entry.key for entry in entries if entry.key is not None}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Its nodes by name, in order."""
        value = self.value
        if value is None or value.kind == "scalar":
            return {}
        return _nodes(self, value)

    def lineage(self) -> Iterator[Graph]:
        """It, and the graph at its place in what its section extends, and so on."""
        path = self.path
        for section in self.section.lineage():
            graph: Graph | None = section.graph
            for name in path:
                node = graph.nodes.get(name) if graph is not None else None
                graph = node.inner if node is not None else None
            if graph is not None:
                yield graph

    @property
    def node_around(self) -> Node | None:
        """The group that it is the graph of."""
        entry = self.owner.owner
        return self.around.nodes.get(entry.name) if self.around is not None and entry is not None else None

    @property
    def path(self) -> list[str]:
        """The names of the groups that lead to it, from the section's own graph."""
        names: list[str] = []
        graph: Graph | None = self
        while graph is not None and graph.around is not None:
            names.append(graph.owner.owner.name if graph.owner.owner is not None else "")
            graph = graph.around
        return names[::-1]

    def node(self, name: str) -> Node | None:
        """A node by its name, here or in what is extended."""
        return next((graph.nodes[name] for graph in self.lineage() if name in graph.nodes), None)

    def all_nodes(self) -> dict[str, Node]:
        """Its nodes by name, those that it has of what is extended before its own."""
        found: dict[str, Node] = {}
        for graph in reversed(list(self.lineage())):
            found |= graph.nodes
        return found

    def all_inputs(self) -> dict[str, Value]:
        """Its inputs by name, of what is extended too."""
        return {name: place for graph in self.lineage() for name, place in graph.inputs.items()}


@dataclass(eq=False)
class Node:
    """A node.

    Attributes:
        graph: The graph that it stands in.
        entry: Where it stands.
    """

    graph: Graph
    entry: Entry

    @property
    def name(self) -> str:
        """Its name."""
        return self.entry.name

    @property
    def value(self) -> Value | None:
        """What it says."""
        return self.entry.value

    @property
    def key(self) -> Value | None:
        """Where its name stands; None in a list."""
        return self.entry.key

    @cached_property
    def stated(self) -> Entry | None:
        """The entry that says what it is: ``op``, ``block``, ``graph`` or ``reuse``."""
        entries = self.value.entries if self.value is not None and self.value.kind == "mapping" else []
        return next((entry for entry in entries if entry.name in KINDS), None)

    @property
    def kind(self) -> str:
        """``op``, ``block``, ``graph`` or ``reuse``, what it changes included; empty where it says none."""
        if self.value is not None and self.value.kind == "scalar":
            return "op"
        if self.stated is not None:
            return self.stated.name
        other = self.other
        return other.kind if other is not None else ""

    @property
    def other(self) -> Node | None:
        """The node of what is extended that it changes."""
        graphs = list(self.graph.lineage())[1:]
        return next((graph.nodes[self.name] for graph in graphs if self.name in graph.nodes), None)

    @property
    def target(self) -> str:
        """The name of its op or block, or of what it reuses; for one that a parameter stands for, of its default."""
        if self.value is not None and self.value.kind == "scalar":
            return self._meant(self.value.text)
        if self.stated is not None and self.stated.value is not None and self.stated.value.kind == "scalar":
            return self._meant(self.stated.value.text)
        other = self.other if self.stated is None else None
        return other.target if other is not None else ""

    def _meant(self, text: str) -> str:
        """The default of a parameter that stands for an op or a block."""
        if not text.startswith("$"):
            return text
        if text[1:] in self.loops or text[1:] in self.graph.loops:
            return next(self._items(text[1:]), "")
        found = self.graph.section.param(text[1:])
        declared = found[1].value if found else None
        if declared is not None and declared.kind == "mapping":
            default = declared.get("default") or declared
            declared = default if default.kind == "scalar" else default.get("op") or default.get("block")
        return _text(declared)

    def _items(self, name: str) -> Iterator[str]:
        """The texts that a name of ``as`` stands for in the rows of a table around."""
        for node in self.around():
            rows = node.rows if name in node.loops else None
            names = node.value.get("as") if node.value is not None else None
            if rows is None or names is None:
                continue
            for row in rows.entries:
                item = row.value
                if names.kind == "sequence" and item is not None and item.kind == "sequence":
                    column = [entry.value.text if entry.value is not None else "" for entry in names.entries].index(
                        name
                    )
                    item = item.entries[column].value if column < len(item.entries) else None
                yield _text(item)

    def around(self) -> Iterator[Node]:
        """It, and the groups that it stands in."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.graph.node_around

    @property
    def rows(self) -> Value | None:
        """The rows of its table, where the text says them: here, or as the default of a parameter."""
        value = self.value.get("each") if self.value is not None and self.value.kind == "mapping" else None
        if value is not None and value.kind == "scalar":
            asked = re.findall(r"[A-Za-z_]\w*", value.text)
            found = next((param for name in asked if (param := self.graph.section.param(name))), None)
            value = found[1].value if found else None
            value = value.get("default") if value is not None and value.kind == "mapping" else value
        return value if value is not None and value.kind == "sequence" else None

    @cached_property
    def inner(self) -> Graph | None:
        """The graph of a group."""
        if self.value is None or self.value.kind != "mapping" or "graph" not in self.value.names():
            other = self.other if self.kind == "graph" else None
            return other.inner if other is not None else None
        return Graph(self.graph.section, self.value, self.graph, self.graph.loops | self.loops)

    @cached_property
    def loops(self) -> dict[str, Value]:
        """The names that its ``as`` gives, and where."""
        value = self.value.get("as") if self.value is not None and self.value.kind == "mapping" else None
        if value is None:
            return {}
        found = [value] if value.kind == "scalar" else [entry.value for entry in value.entries]
        return {each.text: each for each in found if each is not None and each.text != "_"}

    @property
    def block(self) -> Section | None:
        """The block that it uses; None where it uses none that is known."""
        if self.kind == "reuse":
            reused = self.graph.node(self.target.partition(".")[0])
            return reused.block if reused is not None and reused.kind != "reuse" else None
        return self.graph.section.block(self.target) if self.kind == "block" and self.target else None

    def inside(self) -> Graph | None:
        """The graph inside of it: a group's, or that of its block."""
        if self.kind == "reuse":
            reused = self.graph.node(self.target.partition(".")[0])
            return reused.inside() if reused is not None and reused.kind != "reuse" else None
        block = self.block
        return self.inner or (block.graph if block is not None else None)

    @property
    def has_copies(self) -> bool:
        """Whether it stands for several nodes in a row."""
        keys = self.value.names() if self.value is not None and self.value.kind == "mapping" else []
        return "repeat" in keys or "each" in keys or (self.other is not None and self.other.has_copies)


def _nodes(graph: Graph, value: Value) -> dict[str, Node]:
    """The nodes of a graph; of two with one name the first, as for the compiler."""
    nodes: dict[str, Node] = {}
    for entry in value.entries:
        nodes.setdefault(entry.name, Node(graph, entry))
    return nodes


def _named(value: Value | None) -> dict[str, Entry]:
    """The entries of a mapping by key; none of another value."""
    if value is None or value.kind != "mapping":
        return {}
    found: dict[str, Entry] = {}
    for entry in value.entries:
        found.setdefault(entry.name, entry)
    return found


def _text(value: Value | None) -> str:
    return value.text if value is not None and value.kind == "scalar" else ""
