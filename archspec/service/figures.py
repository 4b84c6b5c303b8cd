"""The parts of a network that a node of a text stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from archspec.language.definition import Definition
from archspec.network import Applied, Block, Network, Node
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
    for key, part in _walk(network.blocks, (), definition, set()):
        found.setdefault(key, []).append(part)
    return found


def _walk(
    block: Block, groups: tuple[str, ...], definition: Definition, seen: set[tuple[int, tuple[str, ...]]]
) -> Iterator[tuple[Key, Part]]:
    """Each part that the file states, by where it does; equal contents once."""
    template = block.template
    is_stated = block.kind != "repeat" and (template is definition or template.source is definition.source)
    for use in block.content.firsts():
        if not is_stated and isinstance(use.content, Applied):
            continue
        child = block.child(use.name)
        if child is None:
            continue
        if is_stated:
            yield ("" if template is definition else template.name, groups, use.name), child
        if not isinstance(child, Block) or child.kind == "op":
            continue
        if child.kind == "block":
            inside: tuple[str, ...] = ()
        else:
            inside = groups if block.kind == "repeat" else (*groups, use.name)
        if (id(child.content), inside) not in seen:
            seen.add((id(child.content), inside))
            yield from _walk(child, inside, definition, seen)


def key_of(node: outline.Node) -> Key:
    """Where the parts of a node of a text are found."""
    section = node.graph.section
    return section.name if section.around is not None else "", tuple(node.graph.path), node.name
