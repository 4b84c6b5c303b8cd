"""The tensors of a graph: what its nodes take, from inside, from the graph around, and of what modules hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from torch import Tensor

from archspec.importers.module.batches import Batched
from archspec.importers.module.draft import Graph, Node, Wire
from archspec.importers.module.drafting.names import free_name, owner_of
from archspec.importers.module.functions import apply, sample
from archspec.importers.module.functions.calls import said
from archspec.importers.module.numbers import are_many, constant
from archspec.importers.module.runs import Call, Held, UnrecordableError, Value, Visit, leaves
from archspec.ops import registry
from archspec.ops.arguments import compact


@dataclass(eq=False)
class Tensors:
    """What is known of the tensors of one graph that is being filled.

    Attributes:
        visit: The call that the graph is.
        parent: The graph around; None for that of the network.
        tensors: The node that has a tensor of the module, in all graphs.
        known: What gives a value in this graph.
        held: What gives a tensor of the module.
        children: The groups in the graph.
        passed: Nodes whose work others do too.
        graph: The graph.
        call: The call that is made a node.
    """

    visit: Visit
    parent: Tensors | None
    tensors: dict[str, Node] = field(default_factory=dict)
    known: dict[Value, Wire] = field(default_factory=dict)
    held: dict[Held, Wire] = field(default_factory=dict)
    children: list[tuple[Node, Tensors]] = field(default_factory=list)
    passed: set[Node] = field(default_factory=set)
    graph: Graph = field(init=False)
    call: Call | None = None

    def __post_init__(self) -> None:
        self.graph = Graph(self.visit.path, self.visit.module)

    def wire(self, operand: Value | Held) -> Wire:
        """What a node of this graph takes that takes this."""
        if operand.fixed is not None:
            return self._numbers(operand, operand.fixed)
        if isinstance(operand, Held):
            return self._held(operand)
        if operand in self.known:
            return self.known[operand]
        for node, child in self.children:
            if (wire := child.exported(operand, node)) is not None:
                self.known[operand] = wire
                return wire
        if self.parent is None:
            raise UnrecordableError("a tensor is used that comes from outside of the network")
        return self._input(self.parent.wire(operand), operand)

    def pass_by(self, node: Node) -> Wire:
        """What a node takes, for another that does its work too; it is left out where nothing else takes it."""
        self.passed.add(node)
        (operand,) = node.operands
        return operand

    def _input(self, outer: Wire, operand: Value | None = None) -> Wire:
        check_usable(outer)
        for own, known in self.graph.inputs:
            if known is outer or (known.node is outer.node and known.port == outer.port):
                wire = own
                break
        else:
            shape = tuple(sample(operand)) if operand is not None else ()
            wire = Wire(None, f"input{len(self.graph.inputs) + 1}", shape)
            self.graph.inputs.append((wire, outer))
        if operand is not None:
            self.known[operand] = wire
        return wire

    def exported(self, value: Value, node: Node) -> Wire | None:
        """A value that was made inside, as the graph around takes it; None where it was not."""
        if value not in self.known:
            for child, inner in self.children:
                wire = inner.exported(value, child)
                if wire is not None:
                    self.known[value] = wire
                    break
            else:
                return None
        wire = self.known[value]
        if wire.node is None:
            return outside(self.graph, wire)
        for port, known in self.graph.outputs.items():
            if known.node is wire.node and known.port == wire.port:
                return Wire(node, port, wire.shape)
        port = f"m{wire.node.name}" if wire.node.name.isdecimal() else wire.node.name
        port = f"{port}_{wire.port}" if wire.port else port
        self.graph.outputs[port] = wire
        return Wire(node, port, wire.shape)

    def node(self, op: str, operands: Sequence[Wire], held: dict[str, Held] | None = None, /, **arguments: Any) -> Wire:
        """The output of a new node."""
        cls = registry.get(op)
        for wire in operands:
            check_usable(wire)
        for name, value in arguments.items():
            if any(isinstance(leaf, Value | Held | Batched) or not _is_finite(leaf) for leaf in leaves(value)):
                raise UnrecordableError(f"{op} with {name} = {said(value)}")
        kept = {
            name: value
            for name, value in arguments.items()
            if cls.model_fields[name].is_required() or compact(value) != compact(cls.model_fields[name].default)
        }
        place = self.call.place if self.call else ""
        node = Node(
            self.free(owner_of(held or {}, self.visit.path) or op),
            op,
            kept,
            list(operands),
            held=held or {},
            place=place,
        )
        node.reused = self._used(node)
        self.graph.nodes.append(node)
        return Wire(node)

    def _used(self, node: Node) -> Node | None:
        """The node that has the tensors of a node already; None where none has.

        Raises:
            UnrecordableError: It cannot be called again from here, or is another op.
        """
        own = {each.owner for each in node.held.values()} == {self.visit.path}
        if own and not any(each.name in self.tensors and self.tensors[each.name] in self.graph.nodes
                           for each in node.held.values()):  # fmt: skip
            for each in node.held.values():
                self.tensors.setdefault(each.name, node)
            return None  # a second call of a module is told by its calls
        before = {id(known): known for each in node.held.values() if (known := self.tensors.get(each.name))}
        for each in node.held.values():
            self.tensors.setdefault(each.name, node)
        if not before:
            return None
        (known, *others) = before.values()
        same = (known.op, known.arguments, known.held) == (node.op, node.arguments, node.held)
        if others or not same or known not in self.graph.nodes:
            names = " and ".join(f"`{each.name}`" for each in node.held.values() if self.tensors[each.name] is not node)
            raise UnrecordableError(f"{names}: used in two places that are not calls of one layer in one graph; a spec "
                                    "has each weight in one node, which `reuse` calls again")  # fmt: skip
        return known.reused or known

    def _numbers(self, operand: Value | Held, numbers: Tensor) -> Wire:
        """Known numbers: many are computed as the module does it, where ops can, and once where it hands them on."""
        if self.parent is not None and are_many(numbers) and self._is_given(operand):
            return self._input(self.parent.wire(operand), operand if isinstance(operand, Value) else None)
        known = self.known.get(operand) if isinstance(operand, Value) else self.held.get(operand)
        if known is not None and are_many(numbers):
            return known
        if isinstance(operand, Value) and operand.origin is not None and are_many(numbers):
            before = len(self.graph.nodes)
            try:
                wires = apply(operand.origin, self)
            except UnrecordableError:
                del self.graph.nodes[before:]
            else:
                for value, wire in zip(operand.origin.outputs, wires, strict=True):
                    self.known[value] = wire
                    wire.shape = wire.shape or tuple(sample(value))
                return self.known[operand]
        wire = self.constant(numbers.reshape(sample(operand)))
        if isinstance(operand, Value) and are_many(numbers):
            self.known[operand] = wire
        elif isinstance(operand, Held) and are_many(numbers):
            self.held[operand] = wire
        return wire

    def _is_given(self, operand: Value | Held) -> bool:
        """Whether the module of this graph was given a tensor as an argument."""
        return any(leaf is operand for leaf in leaves((self.visit.inputs, self.visit.keywords)))

    def constant(self, numbers: Tensor) -> Wire:
        """Numbers as an operand."""
        return constant(self, numbers)

    def _held(self, held: Held) -> Wire:
        """A parameter as an operand: a node in the graph of the module that holds it."""
        if not held.is_parameter:
            raise UnrecordableError(f"the buffer `{held.name}`, whose numbers are not known, is an operand")
        if held.computed:
            raise UnrecordableError(f"`{held.name}`, which is computed, is an operand")
        owner, _, name = held.name.rpartition(".")
        path = self.visit.path
        if self.parent is not None and owner != path and not owner.startswith(f"{path}."):
            return self._input(self.parent._held(held))
        if held not in self.held:
            shape = sample(held) or [1]
            for other, known in list(self.held.items()):
                if other.name == held.name:
                    self.held[held] = wire = self.node("reshape", [known], shape=shape)
                    wire.shape = tuple(shape)
                    return wire
            node = Node(self.free(name), "parameter", {"shape": shape}, held={"": held})
            self.graph.nodes.append(node)
            self.held[held] = Wire(node, shape=tuple(shape))
        return self.held[held]

    def free(self, wanted: str) -> str:
        """A name that no node of the graph has."""
        return free_name(wanted, {node.name for node in self.graph.nodes})


def _is_finite(value: Any) -> bool:
    return not isinstance(value, float) or isfinite(value)


def check_usable(wire: Wire) -> None:
    """Refuse what only a pooling may take.

    Raises:
        UnrecordableError: It is that.
    """
    if wire.node is not None and " " in wire.node.op:
        raise UnrecordableError(f"{wire.node.op}, which only max_pool takes")


def outside(graph: Graph, wire: Wire) -> Wire:
    """What an input of a graph stands for; another wire itself."""
    return next((outer for own, outer in graph.inputs if own is wire), wire)
