"""Which class each block of a network is made of."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, field

from archspec.analysis.overwriting import Overwriting
from archspec.network import Block, Node
from archspec.ops.facts import Function, Module
from archspec.pytorch.emitter.factories import Factories
from archspec.pytorch.emitter.instances import Instance, Instances, as_layer, held, is_chain
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.scope import RESERVED

SEQUENTIAL_NAMES = frozenset({"append", "extend", "insert", "pop"})
"""Methods of ``nn.Sequential`` besides those of ``nn.Module``: no layer inside can have such a name."""


@dataclass(eq=False)
class Registry:
    """The classes made so far.

    Attributes:
        instances: The blocks of the network.
        overwriting: Its nodes that write over what they take.
        free: Parameters of the network that its class takes.
        handed: Parameters of blocks that a free one is handed to, by the identity of the block's graph.
        reserved: Names that no class can have.
        made: The classes, those inside of others first.
        functions: Functions that are layers of lists, by the names of their classes.
        factories: What makes the ops that parameters are.
    """

    instances: Instances
    overwriting: Overwriting
    free: frozenset[str]
    handed: frozenset[tuple[int, str]]
    reserved: frozenset[str]
    made: list[Class] = field(default_factory=list)
    functions: dict[str, Function] = field(default_factory=dict)
    factories: Factories = field(default_factory=Factories)
    _of: dict[int, Class] = field(default_factory=dict)
    _named: dict[str, Class] = field(default_factory=dict)
    _inline: dict[int, bool] = field(default_factory=dict)

    def add(self, made: Class) -> None:
        """Take a class, and name it."""
        made.name = self._unique_name(made.instances[0].block)
        self.made.append(made)
        self._named[made.name] = made
        self._of.update({id(instance): made for instance in made.instances})

    def names(self) -> frozenset[str]:
        """The names of the classes, those of functions too."""
        return frozenset(self._named) | self.functions.keys()

    def named(self, name: str) -> Class | None:
        """The class of a name."""
        return self._named.get(name)

    def has(self, instance: Instance) -> bool:
        """Whether the class of an instance has been made."""
        return id(instance) in self._of

    def of(self, block: Block) -> Class:
        """The class that a block is made of."""
        return self._of[id(self.instances.same[block.path])]

    def is_inline(self, block: Block) -> bool:
        """Whether a group is written where it stands, as an ``nn.Sequential``."""
        if block.kind != "group":
            return False
        key = id(block.graph)
        if key not in self._inline:
            group = self.instances.of_graph[key]
            listed = {tuple(child.name for child in each.block.children) for each in group}
            repeated = block.step is not None and block.step.repeat is not None
            fits = len(listed) == 1 and SEQUENTIAL_NAMES.isdisjoint(*listed) and not repeated
            self._inline[key] = fits and all(is_chain(self.instances, each.block) for each in group)
        return self._inline[key]

    def layer(self, node: Node, variables: Set[str]) -> Module:
        """The layer of a node; of a function that PyTorch has no layer for, a class of its own.

        Args:
            node: The node.
            variables: Those of the class that makes it, which the class of a function is not called as.
        """
        layer = held(node.applied) or as_layer(node)
        if layer is not None:
            return layer
        function = node.op.torch(node.input_shapes)
        assert isinstance(function, Function)
        known = next((name for name, other in self.functions.items() if other == function), None)
        if known is None:
            known = self._free_name(camel_case(node.op.name), variables)
            self.functions[known] = function
        return Module(known)

    def _unique_name(self, block: Block) -> str:
        """A name for the class of a block, a group or the network."""
        root = class_name(self.instances.network.name, self.reserved)
        if not block.path:
            return root
        wanted = camel_case(block.definition)
        if block.step is not None and not block.definition:
            wanted = camel_case(f"{block.template.name}_{block.step.name.rstrip('0123456789') or block.step.name}")
        return self._free_name(wanted)

    def _free_name(self, wanted: str, variables: Set[str] = frozenset()) -> str:
        """A name that no class has, and none of some variables."""
        root = class_name(self.instances.network.name, self.reserved)
        taken = RESERVED | self.reserved | {root} | {made.name for made in self.made} | self.functions.keys()
        taken |= variables
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}{number}", number + 1
        return name


def camel_case(text: str) -> str:
    """``nin_block`` is ``NinBlock``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[-_]+", text))


def class_name(name: str, reserved: frozenset[str] = frozenset()) -> str:
    """The class of a network: ``resnet50`` is ``Resnet50``."""
    wanted = camel_case(name)
    return f"{wanted}Net" if wanted in RESERVED | reserved else wanted
