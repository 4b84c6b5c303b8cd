"""The classes of a network: one for all instances of a graph that have one structure."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.analysis.overwriting import Overwriting
from archspec.compiler.probing import Probing
from archspec.network import Block, Network
from archspec.pytorch.emitter.builder import Builder
from archspec.pytorch.emitter.defaults import without_unused
from archspec.pytorch.emitter.free import free_parameters
from archspec.pytorch.emitter.holding import Holding
from archspec.pytorch.emitter.inlining import inlined
from archspec.pytorch.emitter.instances import Instance, Instances
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import Mismatch


def classes(network: Network, reserved: frozenset[str]) -> Registry:
    """The classes of a network, those inside of others first, the network's own last; none has a reserved name."""
    instances = Instances(network)
    registry = Registry(instances, Overwriting(network), *free_parameters(network), reserved)
    _visit(registry, Holding(registry, Probing(network)), instances.same[""])
    registry.made = inlined(registry.made)
    without_unused(registry.made)
    return registry


def _visit(registry: Registry, holding: Holding, instance: Instance) -> None:
    """Make the classes of what is inside a graph, then those of the graph."""
    if registry.has(instance):
        return
    group = registry.instances.of_graph[id(instance.graph)]
    for block in (inner for each in group for inner in _inner(registry, each.block)):
        _visit(registry, holding, registry.instances.same[block.path])
    for parted in _parted(registry, group):
        for made in holding.classes(parted):
            registry.add(made)


def _inner(registry: Registry, block: Block) -> Iterator[Block]:
    """The blocks and groups inside that have a class, those in repeats and in groups written in place too."""
    for child in block.children:
        if not isinstance(child, Block) or child.shares or child.kind == "op":
            continue
        if child.kind == "repeat" or registry.is_inline(child):
            yield from _inner(registry, registry.instances.opened(child))
        else:
            yield child


def _parted(registry: Registry, group: list[Instance]) -> list[Class]:
    """Classes of the instances of a graph, as few as their structures allow."""
    one = _fitting(registry, group)
    if one is not None:
        return [one]
    found: list[Class] = []
    for instance in group:
        for place, made in enumerate(found):
            larger = _fitting(registry, [*made.instances, instance])
            if larger is not None:
                found[place] = larger
                break
        else:
            found.append(Builder(registry, [instance]).build())
    return found


def _fitting(registry: Registry, part: list[Instance]) -> Class | None:
    """The class of some instances; None where they do not fit one."""
    try:
        return Builder(registry, part).build()
    except Mismatch:
        return None
