"""The classes of a network: one for all instances of a graph that have one structure."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.network import Block, Network
from archspec.pytorch.emitter.builder import Builder
from archspec.pytorch.emitter.free import free_parameters
from archspec.pytorch.emitter.instances import Instance, Instances
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import Mismatch


def classes(network: Network, reserved: frozenset[str]) -> tuple[list[Class], Instances]:
    """The classes of a network, those inside of others first, the network's own last; none has a reserved name."""
    instances = Instances(network)
    registry = Registry(instances, *free_parameters(network), reserved)
    _visit(registry, instances.same[""])
    return registry.made, instances


def _visit(registry: Registry, instance: Instance) -> None:
    """Make the classes of what is inside a graph, then those of the graph."""
    if registry.has(instance):
        return
    group = registry.instances.of_graph[id(instance.graph)]
    for block in (inner for each in group for inner in _inner(registry, each.block)):
        _visit(registry, registry.instances.same[block.path])
    for part in _parted(registry, group):
        registry.add(Builder(registry, part, registry.unique_name(part[0].block)).build())


def _inner(registry: Registry, block: Block) -> Iterator[Block]:
    """The blocks and groups inside that have a class, those in repeats and in groups written in place too."""
    for child in block.children:
        if not isinstance(child, Block):
            continue
        if child.kind == "repeat" or registry.is_inline(child):
            yield from _inner(registry, child)
        else:
            yield child


def _parted(registry: Registry, group: list[Instance]) -> list[list[Instance]]:
    """The instances of a graph in as few parts as their structures allow."""
    if _fit(registry, group):
        return [group]
    parts: list[list[Instance]] = []
    for instance in group:
        fitting = next((part for part in parts if _fit(registry, [*part, instance])), None)
        if fitting is None:
            parts.append([instance])
        else:
            fitting.append(instance)
    return parts


def _fit(registry: Registry, part: list[Instance]) -> bool:
    try:
        Builder(registry, part).build()
    except Mismatch:
        return False
    return True
