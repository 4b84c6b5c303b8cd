"""A class while it is made: its variables, tensors, attributes and the lines of ``forward`` so far."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from archspec.language.algebra import Code
from archspec.language.definition import Reference
from archspec.network import Node, one_op
from archspec.pytorch.emitter.construction import Construction
from archspec.pytorch.emitter.dimensions import first_dimension, known_channels
from archspec.pytorch.emitter.functions import Functions
from archspec.pytorch.emitter.instances import Instance, given
from archspec.pytorch.emitter.model import Child, Hints, Key, Member, Statement
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import Local, Mismatch, Scope, Spot
from archspec.pytorch.emitter.tensors import Tensors

Present = Mapping[int, Child]
"""A child of the graph in each instance that has it."""


class Draft:
    """What is known of one class of several instances of a graph.

    Attributes:
        registry: The classes made so far.
        instances: The blocks of the network.
        part: The instances.
        first: The block of one of them.
        graph: Their graph.
        scope: The variables of the class.
        construction: Writes constructor calls over them.
        names: What expressions of the definition can ask for.
        children: The nodes and blocks of the graph by name, in each instance.
        members: The attributes.
        functions: Merges calls of functions.
        statements: The lines of ``forward``.
        modules: What has become an attribute, by step.
        unrolled: Repeats whose copies are called one by one.
        tensors: The tensors, and where each is in the instances.
    """

    def __init__(self, registry: Registry, part: list[Instance]) -> None:
        self.registry = registry
        self.instances = registry.instances
        self.part = part
        self.first = part[0].block
        self.graph = part[0].graph
        self.scope = Scope(len(part), classes=registry.reserved | registry.names())
        self.construction = Construction(registry, self.scope)
        self.names = self.construction.names
        self.children = [{child.name: child for child in instance.block.children} for instance in part]
        self.members: list[Member] = []
        self.functions = Functions(self.construction, self.scope, self.members, self.children)
        self.statements: list[Statement] = []
        self.modules: dict[str, Present] = {}
        self.unrolled: set[str] = set()
        self.tensors = Tensors()

    def wired(self, present: Present, operands: tuple[Reference, ...]) -> tuple[Key, ...]:
        """The tensors that a child takes, the same in each instance."""
        taken = {number: self.instances.taken(child) for number, child in present.items()}
        lengths = {len(paths) for paths in taken.values()}
        if len(lengths) != 1:
            raise Mismatch
        wanted = [key for reference in operands if (key := self.tensors.key(reference))]
        return tuple(
            self.tensors.found({n: each[place] for n, each in taken.items()}, chain(wanted[place : place + 1], wanted))
            for place in range(lengths.pop())
        )

    def give(self, step: str, present: Present, takes: tuple[Key, ...], hints: Mapping[str, Hints]) -> tuple[Key, ...]:
        """The tensors that a child gives; where it is absent, its first operand passes."""
        outputs = {number: given(self.instances, child) for number, child in present.items()}
        listed = {tuple(each) for each in outputs.values()}
        if len(listed) != 1:
            raise Mismatch
        keys = []
        for port in listed.pop():
            paths = {number: each[port] for number, each in outputs.items()}
            shapes = {number: self.instances.shape(path) for number, path in paths.items()}
            if takes:
                passed = self.tensors[takes[0]]
                paths = {**{n: path for n, path in passed.paths.items() if n not in present}, **paths}
                shapes = {**{n: shape for n, shape in passed.shapes.items() if n not in present}, **shapes}
            passing = self.channels(takes[:1]) if len(present) < len(self.part) else []
            channels = [*hints.get(port, ()), *passing]
            self.tensors.add((step, port), Local(paths, shapes, known_channels(self.scope, shapes, channels)))
            keys.append((step, port))
        first = next(iter(present.values()))
        if len(keys) == 1 or one_op(first) is not None:
            self.names.tensors[step] = self.tensors[keys[0]]
        return tuple(keys)

    def alias(self, step: str, key: Key) -> None:
        """Let a step's name mean a tensor that is there already."""
        self.tensors.alias(step, key)
        self.names.tensors[step] = self.tensors[key]

    def know(self, key: Key, paths: dict[int, str], hints: Hints) -> None:
        """Take a tensor that is in every instance."""
        shapes = {number: self.instances.shape(path) for number, path in paths.items()}
        self.tensors.add(key, Local(paths, shapes, known_channels(self.scope, shapes, hints)))

    def channels(self, keys: tuple[Key, ...]) -> list[Code | None]:
        """The first dimensions of tensors."""
        return [self.tensors[key].channels for key in keys]

    def first_dimension(self, nodes: Mapping[int, Node], takes: tuple[Key, ...]) -> Code | None:
        """The first dimension of what a function gives."""
        uses: dict[Spot, Node] = {(number, None): node for number, node in nodes.items()}
        arguments = self.construction.arguments(uses)
        return first_dimension(self.scope, uses, self.channels(takes), arguments)
