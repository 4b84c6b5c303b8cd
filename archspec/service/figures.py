"""The parts of a network that a node of a text stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archspec.language.definition import Definition
from archspec.network import Block, Network, Node
from archspec.service import outline

Part = Node | Block


class Uses(NamedTuple):
    """What a node of a text is in a network: its different uses, equal ones once."""

    parts: list[Part]
    network: Network


Key = tuple[str, tuple[str, ...], str]
"""The block of the file that a node stands in, empty for the network; the groups around it; its name."""


def index(network: Network, definition: Definition) -> dict[Key, list[Part]]:
    """The parts of a network that nodes of one file, and of those that it extends, stand for."""
    found: dict[Key, list[Part]] = {}
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for part, name, groups in _walk(network.blocks, (), seen):
        template, last = name
        block = "" if template is definition else template.name
        if template is definition or template.source is definition.source:
            found.setdefault((block, groups, last), []).append(part)
    return found


def _walk(
    block: Block, groups: tuple[str, ...], seen: set[tuple[int, tuple[str, ...]]]
) -> Iterator[tuple[Part, tuple[Definition, str], tuple[str, ...]]]:
    """Each part with its definition and name there, and the groups around it; equal contents once."""
    for use in block.content.firsts():
        child = block.child(use.name)
        if child is None:
            continue
        if block.kind != "repeat":
            yield child, (block.template, use.name), groups
        if not isinstance(child, Block) or child.kind == "op":
            continue
        if child.kind == "block":
            inside: tuple[str, ...] = ()
        else:
            inside = groups if block.kind == "repeat" else (*groups, use.name)
        if (id(child.content), inside) not in seen:
            seen.add((id(child.content), inside))
            yield from _walk(child, inside, seen)


def key_of(node: outline.Node) -> Key:
    """Where the parts of a node of a text are found."""
    section = node.graph.section
    return section.name if section.around is not None else "", tuple(node.graph.path), node.name
