"""The blocks of a network as uses of templates: which are equal, and what each takes and gives."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

from archspec.language.definition import GraphSteps, Reuse
from archspec.network import Applied, Block, Network, Node
from archspec.network.content import Copies
from archspec.ops.facts import Held, Module
from archspec.ops.tensor import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A block or group of a network, with the parameters, values and functions that its expressions see."""

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
    _inputs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _outputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _operands: dict[str, str] = field(default_factory=dict)
    _opened: dict[str, Block] = field(default_factory=dict)
    _known: dict[Hashable, Instance] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _blocks: dict[Hashable, tuple[int, Instance]] = field(default_factory=dict)
    _lists: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._number(self.network.blocks, self.network.blocks.content.arguments)

    @cached_property
    def _consumers(self) -> dict[str, list[str]]:
        consumers: dict[str, list[str]] = {}
        for node in self.network:
            for origin in node.inputs:
                consumers.setdefault(origin, []).append(node.path)
        for output in self.network.outputs.values():
            consumers.setdefault(output.path, []).append("")
        for path, again in sorted(self._reuses.items(), key=lambda item: item[0].count(".")):
            held, beside = dict(tensors_of(self.network[path])), f"{path.rpartition('.')[0]}.@".lstrip(".")
            for each in chain(*map(_called, again)):
                for name, given in tensors_of(each):
                    if any(not consumer.startswith(f"{each.path}.") for consumer in consumers.get(given, ())):
                        consumers.setdefault(held[name], []).append(beside)  # one module gives it each time
        return consumers

    def gives_copies(self, repeat: Block) -> bool:
        """Whether something outside takes what other copies than the last give."""
        inside, last = f"{repeat.path}.", set(repeat.outputs.values())
        others = (path for _, path in tensors_of(repeat) if path not in last)
        return any(not consumer.startswith(inside) for path in others for consumer in self._consumers.get(path, ()))

    @cached_property
    def _reuses(self) -> dict[str, list[Block | Node]]:
        """The nodes that reuse others, by the paths of these."""
        found: dict[str, list[Block | Node]] = {}
        waiting = [self.network.blocks]
        while waiting:
            for child in waiting.pop().children:
                if child.shares:
                    found.setdefault(child.shares, []).append(child)
                elif isinstance(child, Block):
                    waiting.append(child)
        return found

    def opened(self, block: Block) -> Block:
        """A block as its inside is looked at.

        Where one tensor is several operands of it, and not of a node that reuses it, each operand is one of its own.
        """
        if block.path not in self._opened:
            again = [_taken_apart(each) for each in self._reuses.get(block.path, ())]
            if any(map(_pattern(block.inputs).__ne__, map(_pattern, again))):
                names = tuple(f"{block.path}@{number}" for number in range(len(block.inputs)))
                self._operands.update(zip(names, block.inputs, strict=True))
                self._opened[block.path] = replace(block, inputs=names)
            else:
                self._opened[block.path] = block
        return self._opened[block.path]

    def _part(self, path: str) -> Block | Node:
        """The node or block of a path, in blocks that are opened."""
        part: Block | Node | None = self.network.blocks
        for name in path.split("."):
            assert isinstance(part, Block)
            part = self.opened(part).child(name)
        assert part is not None
        return part

    def knows(self, path: str) -> bool:
        """Whether a tensor is there; one that nothing inside of a block needs may have fallen away."""
        return path in self._operands or path in self.network.inputs or path in self.network

    def shape(self, path: str) -> Shape:
        """The shape of a tensor."""
        return self.network.shape(self._operand(path))

    def _operand(self, path: str) -> str:
        """The path of a tensor that may be an operand of an opened block."""
        while path in self._operands:
            path = self._operands[path]
        return path

    def outputs(self, block: Block) -> dict[str, str]:
        """The outputs that something outside takes, each tensor once: paths by name."""
        if not block.path:
            return {name: output.path for name, output in self.network.outputs.items()}
        path = block.shares or block.path
        if path not in self._outputs:
            self._outputs[path] = self._found_outputs(self._part(path) if block.shares else block)
        tensors = dict(tensors_of(block))
        return {name: tensors[name] for name in self._outputs[path]}

    def _found_outputs(self, part: Block | Node) -> tuple[str, ...]:
        if isinstance(part, Node):
            return ("output",)
        if part.kind == "op":
            return tuple(part.outputs)  # one layer gives all of them
        block = self.opened(part)
        inside = block.path + "."
        taken: dict[str, str] = {}
        for name, path in tensors_of(block):
            consumers = self._consumers.get(self._operand(path), ())
            outside = any(not consumer.startswith(inside) for consumer in consumers)
            if outside and path not in taken and (path.startswith(inside) or path in block.inputs):
                taken[path] = name
        return tuple(taken.values())

    def inputs(self, block: Block) -> tuple[str, ...]:
        """The inputs that something inside takes, or that are passed through, each once: their paths."""
        if not block.path:
            return tuple(self.network.inputs)
        path = block.shares or block.path
        if path not in self._inputs:
            self._inputs[path] = self._found_inputs(self._part(path) if block.shares else block)
        return tuple(block.inputs[number] for number in self._inputs[path])

    def _found_inputs(self, part: Block | Node) -> tuple[int, ...]:
        if isinstance(part, Node):
            return tuple(range(len(part.inputs)))
        block = self.opened(part)
        used = {origin for child in block.children for origin in self.taken(child)} | {*self.outputs(block).values()}
        return tuple(
            number for number, path in enumerate(block.inputs) if path in used and path not in block.inputs[:number]
        )

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
        block = self.opened(block)
        if block.kind != "block":
            return self._compared(block, block.content.arguments if block.kind == "network" else scope)
        key = (id(block.content), tuple(self.outputs(block)), tuple(map(block.inputs.index, block.inputs)))
        if key not in self._blocks:
            self._blocks[key] = self._compared(block, block.content.arguments), self.same[block.path]
        number, self.same[block.path] = self._blocks[key]
        return number

    def _compared(self, block: Block, scope: Mapping[str, Any]) -> int:
        scope = {**scope, **block.content.lets}
        places: dict[str, Hashable] = {path: index for index, path in enumerate(self.inputs(block))}
        parts: list[Hashable] = []
        for child in block.children:
            wiring = tuple(places.get(path) for path in self.taken(child))
            content = id(child.content)  # of what is reused too: its class is found where it is made
            if isinstance(child, Block) and not child.shares:
                content = self._number(child, seen(child, block, scope))
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


def tensors_of(part: Block | Node) -> Iterator[tuple[str, str]]:
    """The tensors that can be taken of a part, by name: its outputs, and of a repeat those of its copies."""
    if isinstance(part, Node):
        yield "output", part.path
        return
    yield from part.outputs.items()
    for copy in part.children if part.kind == "repeat" else ():
        outputs = {"": copy.path} if isinstance(copy, Node) else copy.outputs
        for port, path in outputs.items():
            yield f"{copy.name}.{port}" if len(outputs) > 1 else copy.name, path


def _called(again: Block | Node) -> Sequence[Block | Node]:
    """A node that reuses another, or the copies of one that each do."""
    several = isinstance(again, Block) and again.step is not None and again.step.copies_reuse
    return again.children if isinstance(again, Block) and several else (again,)


def _pattern(inputs: tuple[str, ...]) -> tuple[int, ...]:
    """Which operands are one tensor."""
    return tuple(map(inputs.index, inputs))


def _taken_apart(again: Block | Node) -> tuple[str, ...]:
    """The operands of a node that reuses another; the first of further copies is what the one before gives."""
    return ("", *again.inputs[1:]) if len(_called(again)) > 1 else again.inputs


def reuse_of(child: Block | Node) -> Reuse | None:
    """What a node reuses, or None."""
    return child.step.reused if child.step is not None else None


def given(instances: Instances, child: Block | Node) -> dict[str, str]:
    """The tensors that a node or block gives: paths by output name."""
    return {"output": child.path} if isinstance(child, Node) else instances.outputs(child)


def as_layer(node: Node) -> Module | None:
    """The layer of a node, that of a function which PyTorch also has as a layer; None for other functions."""
    return layer_of_op(node.applied)


def layer_of_op(applied: Applied) -> Module | None:
    """The same of an op on operands of known shapes."""
    call = applied.op.torch(applied.input_shapes)
    if isinstance(call, Held):
        return None
    if isinstance(call, Module):
        return call
    if call.target != "torch.flatten":
        return None
    defaults = {"start_dim": 1, "end_dim": -1}
    return Module("nn.Flatten", (), {key: value for key, value in call.kwargs.items() if defaults.get(key) != value})


def held(applied: Applied) -> Held | None:
    """The tensor that a node itself holds; None for an op that takes tensors."""
    call = applied.op.torch(applied.input_shapes)
    return call if isinstance(call, Held) else None


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
    """Whether each child takes what the one before gives, so that the block is an ``nn.Sequential``.

    In a list a function is a layer too, of a class of its own.
    """
    block = instances.opened(block)
    inputs, outputs = instances.inputs(block), instances.outputs(block)
    if len(inputs) != 1 or len(outputs) != 1 or not block.children:
        return False
    current = inputs[0]
    for child in block.children:
        tensors = given(instances, child)
        if reuse_of(child) is not None:
            return False
        if instances.taken(child) != (current,) or len(tensors) != 1:
            return False
        if not _fits_sequential(instances, child, block.graph is not None and block.graph.is_list):
            return False
        (current,) = tensors.values()
    return outputs == {next(iter(outputs)): current}


def _fits_sequential(instances: Instances, child: Block | Node, functions: bool) -> bool:
    if isinstance(child, Node):
        return functions or as_layer(child) is not None
    return child.kind != "repeat" or is_sequence(instances, child, functions)


def is_sequence(instances: Instances, repeat: Block, functions: bool = False) -> bool:
    """Whether copies stand in an ``nn.Sequential``: each is a layer that takes just what the one before gives.

    Args:
        instances: The blocks of the network.
        repeat: What holds the copies.
        functions: Whether a function counts as a layer.
    """
    repeat = instances.opened(repeat)
    (current, *others) = instances.inputs(repeat) or ("",)
    for _, copy in copies(repeat):
        tensors = list(given(instances, copy).values())
        if instances.taken(copy) != (current,) or len(tensors) != 1:
            return False
        if isinstance(copy, Node) and not (functions or isinstance(copy.op.torch(copy.input_shapes), Module)):
            return False
        if isinstance(copy, Block) and copy.kind == "repeat" and not is_sequence(instances, copy):
            return False
        current = tensors[0]
    return not others and list(instances.outputs(repeat).values()) == [current]


def copies(block: Block) -> Iterator[tuple[int, Block | Node]]:
    """The copies of a repeat with their indices."""
    for copy in block.children:
        yield int(copy.name), copy
