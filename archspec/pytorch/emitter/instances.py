"""The blocks of a network as uses of templates: which are equal, and what each takes and gives."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from archspec.language.definition import GraphSteps
from archspec.network import Applied, Block, Network, Node
from archspec.network.content import Copies
from archspec.ops.facts import Module
from archspec.ops.tensor import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A block or group of a network, with the parameters that its expressions see."""

    block: Block
    scope: Mapping[str, Any]

    @property
    def graph(self) -> GraphSteps:
        """Its graph as written."""
        assert self.block.graph is not None
        return self.block.graph


@dataclass(eq=False)
class Instances:
    """The blocks of a network, equal ones found once.

    Attributes:
        network: The network.
        of_graph: The different instances of each graph, by the graph's identity.
        same: For each block or group, by path, the instance that stands for it.
    """

    network: Network
    of_graph: dict[int, list[Instance]] = field(default_factory=dict)
    same: dict[str, Instance] = field(default_factory=dict)
    _inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    _known: dict[Hashable, Instance] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _blocks: dict[Hashable, tuple[int, Instance]] = field(default_factory=dict)
    _lists: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number(self.network.blocks, self.network.arguments)

    @cached_property
    def _consumers(self) -> dict[str, list[str]]:
        consumers: dict[str, list[str]] = {}
        for node in self.network:
            for origin in node.inputs:
                consumers.setdefault(origin, []).append(node.path)
        for output in self.network.outputs.values():
            consumers.setdefault(output.path, []).append("")
        return consumers

    def shape(self, path: str) -> Shape:
        """The shape of a tensor."""
        return self.network.shape(path)

    def outputs(self, block: Block) -> dict[str, str]:
        """The outputs that something outside takes, each tensor once: paths by name."""
        if block.path not in self._outputs:
            self._outputs[block.path] = self._found_outputs(block)
        return self._outputs[block.path]

    def _found_outputs(self, block: Block) -> dict[str, str]:
        if not block.path:
            return {name: output.path for name, output in self.network.outputs.items()}
        inside = block.path + "."
        taken: dict[str, str] = {}
        for name, path in block.outputs.items():
            outside = any(not consumer.startswith(inside) for consumer in self._consumers.get(path, ()))
            if outside and path not in taken.values() and (path.startswith(inside) or path in block.inputs):
                taken[name] = path
        return taken

    def inputs(self, block: Block) -> tuple[str, ...]:
        """The inputs that something inside takes, or that are passed through, each once: their paths."""
        if block.path not in self._inputs:
            self._inputs[block.path] = self._found_inputs(block)
        return self._inputs[block.path]

    def _found_inputs(self, block: Block) -> tuple[str, ...]:
        if not block.path:
            return tuple(self.network.inputs)
        used = {origin for child in block.children for origin in self.taken(child)} | {*self.outputs(block).values()}
        return tuple(dict.fromkeys(path for path in block.inputs if path in used))

    def taken(self, child: Block | Node) -> tuple[str, ...]:
        """The paths of the tensors that a node or block takes."""
        return child.inputs if isinstance(child, Node) else self.inputs(child)

    def _written(self, scope: Mapping[str, Any]) -> Hashable:
        """Values by name as part of a key; a list, which may be a table that all of its rows see, is written once."""
        for value in scope.values():
            if isinstance(value, list) and id(value) not in self._lists:
                self._lists[id(value)] = repr(value)
        return tuple((name, self._lists.get(id(value)) or repr(value)) for name, value in scope.items())

    def _number(self, block: Block, scope: Mapping[str, Any]) -> int:
        """A number that is the same for equal blocks; what uses of a block share is looked into once."""
        if block.kind != "block":
            return self._compared(block, block.arguments if block.kind == "network" else scope)
        key = (id(block.content), tuple(self.outputs(block)), tuple(map(block.inputs.index, block.inputs)))
        if key not in self._blocks:
            self._blocks[key] = self._compared(block, block.arguments), self.same[block.path]
        number, self.same[block.path] = self._blocks[key]
        return number

    def _compared(self, block: Block, scope: Mapping[str, Any]) -> int:
        places: dict[str, Hashable] = {path: index for index, path in enumerate(self.inputs(block))}
        parts: list[Hashable] = []
        for child in block.children:
            wiring = tuple(places.get(path) for path in self.taken(child))
            content = id(child.applied) if isinstance(child, Node) else self._number(child, seen(child, block, scope))
            parts.append((child.name, content, wiring))
            for path in given(self, child).values():
                places.setdefault(path, (child.name, path.removeprefix(block.path)))
        shapes = tuple(self.shape(path) for path in self.inputs(block))
        outputs = tuple((name, places.get(path)) for name, path in self.outputs(block).items())
        identity = id(block.graph) if block.graph else id(block.step)
        key = (block.kind, identity, self._written(scope), shapes, tuple(parts), outputs)
        if block.graph is not None:
            if key not in self._known:
                self._known[key] = Instance(block, scope)
                self.of_graph.setdefault(id(block.graph), []).append(self._known[key])
            self.same[block.path] = self._known[key]
        return self._numbers.setdefault(key, len(self._numbers))


def given(instances: Instances, child: Block | Node) -> dict[str, str]:
    """The tensors that a node or block gives: paths by output name."""
    return {"output": child.path} if isinstance(child, Node) else instances.outputs(child)


def as_layer(node: Node) -> Module | None:
    """The layer of a node, that of a function which PyTorch also has as a layer; None for other functions."""
    return layer_of_op(node.applied)


def layer_of_op(applied: Applied) -> Module | None:
    """The same of an op on operands of known shapes."""
    call = applied.op.torch(applied.input_shapes)
    if isinstance(call, Module):
        return call
    if call.target != "torch.flatten":
        return None
    defaults = {"start_dim": 1, "end_dim": -1}
    return Module("nn.Flatten", (), {key: value for key, value in call.kwargs.items() if defaults.get(key) != value})


def seen(child: Block, parent: Block, scope: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the expressions of a block or group see: what is known around it, and what tells it from other copies."""
    copies = parent.content.uses
    if not isinstance(copies, Copies) or child.step is None:
        return scope
    named = copies.named_values(int(child.name))
    if not named:
        return scope
    asked = set(child.step.asked())
    return {**scope, **{name: value for name, value in named.items() if name in asked}}


def is_chain(instances: Instances, block: Block) -> bool:
    """Whether each child takes what the one before gives, so that the block is an ``nn.Sequential``."""
    inputs, outputs = instances.inputs(block), instances.outputs(block)
    if len(inputs) != 1 or len(outputs) != 1 or not block.children:
        return False
    current = inputs[0]
    for child in block.children:
        tensors = given(instances, child)
        if instances.taken(child) != (current,) or len(tensors) != 1 or not _fits_sequential(instances, child):
            return False
        (current,) = tensors.values()
    return outputs == {next(iter(outputs)): current}


def _fits_sequential(instances: Instances, child: Block | Node) -> bool:
    if isinstance(child, Node):
        return as_layer(child) is not None
    return child.kind != "repeat" or is_sequence(instances, child)


def is_sequence(instances: Instances, repeat: Block) -> bool:
    """Whether copies stand in an ``nn.Sequential``: each is a layer that takes just what the one before gives."""
    (current, *others) = instances.inputs(repeat) or ("",)
    for _, copy in copies(repeat):
        tensors = list(given(instances, copy).values())
        if instances.taken(copy) != (current,) or len(tensors) != 1:
            return False
        if isinstance(copy, Node) and not isinstance(copy.op.torch(copy.input_shapes), Module):
            return False
        if isinstance(copy, Block) and copy.kind == "repeat" and not is_sequence(instances, copy):
            return False
        current = tensors[0]
    return not others


def copies(block: Block) -> Iterator[tuple[int, Block | Node]]:
    """The copies of a repeat with their indices."""
    for copy in block.children:
        yield int(copy.name), copy
