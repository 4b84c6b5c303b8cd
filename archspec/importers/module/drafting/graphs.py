"""From the calls of a run to graphs of nodes: one for each call of a module that is more than one op."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from archspec.importers.module.draft import Graph, Node, Wire
from archspec.importers.module.drafting.attention import attention
from archspec.importers.module.drafting.names import own_name
from archspec.importers.module.drafting.steps import grouped, named_outputs, told
from archspec.importers.module.drafting.tensors import Tensors, check_usable, outside
from archspec.importers.module.functions import apply, sample
from archspec.importers.module.functions.dimensions import batch_of, is_joined
from archspec.importers.module.runs import Call, UnrecordableError, Value, Visit, leaves
from archspec.importers.module.simplifying import number, taken


@dataclass(frozen=True)
class Refusal:
    """Something that the language cannot say.

    Attributes:
        path: The module that does it.
        message: What it does.
        place: The line of its source.
    """

    path: str
    message: str
    place: str


def drafted(root: Visit, inputs: Sequence[Value], names: Sequence[str]) -> tuple[Graph, list[Refusal]]:
    """The graph of a network, and what cannot be said of it.

    Args:
        root: The call of the network.
        inputs: The values that it was given.
        names: The names of its inputs.
    """
    found: list[Refusal] = []
    graph = _Drafting(root, None, found=found)
    for value, name in zip(inputs, names, strict=True):
        graph.known[value] = wire = Wire(None, name)
        graph.graph.inputs.append((wire, wire))
    graph.fill()
    if not found:
        graph.export_outputs()
    return graph.graph, found


@dataclass(eq=False)
class _Drafting(Tensors):
    """One graph that is being filled."""

    found: list[Refusal] = field(default_factory=list)
    called: dict[str, _Drafting] = field(default_factory=dict)

    def fill(self) -> None:
        """Put a node or group for each step."""
        for step in grouped(self.visit):
            if isinstance(step, Call):
                self._call(step)
            else:
                self._child(step)
        number(self.graph)

    def leave_out_passed(self) -> None:
        """Leave out what other nodes do too, where nothing takes it."""
        taken_of = {wire.node for node in self.graph.nodes for wire in taken(node)}
        given = {self.known[leaf].node for leaf in leaves(self.visit.outputs) if leaf in self.known}
        needed = taken_of | given
        self.graph.nodes = [node for node in self.graph.nodes if node not in self.passed or node in needed]

    def _call(self, call: Call) -> None:
        self.call = call
        try:
            wires = apply(call, self)
        except UnrecordableError as problem:
            self.found.append(Refusal(self.visit.path, str(problem), call.place))
            wires = [Wire(Node("?")) for _ in call.outputs]
        for value, wire in zip(call.outputs, wires, strict=True):
            self.known[value] = wire
            if wire.node is not None and not wire.shape and not self.found:
                wire.shape = tuple(sample(value))

    def _child(self, visit: Visit) -> None:
        name = own_name(visit.path, self.visit.path)
        if isinstance(visit.module, nn.MultiheadAttention):
            self._attention(visit, name)
            return
        called = self.called
        if called.get(visit.path) is self:  # what it calls again is again what it is
            called = {path: by for path, by in called.items() if not path.startswith(f"{visit.path}.")}
        drafting = _Drafting(visit, self, self.tensors, found=self.found, called=called)
        if (kind := told(visit)) is not None:
            op, arguments = kind
            if op != "identity" or name.isdecimal():
                (value,) = leaves(visit.outputs)
                given = next(leaf for leaf in leaves(visit.inputs) if isinstance(leaf, Value))
                self._layer(name, op, [self.wire(given)], value, **arguments)
            return
        drafting.fill()
        drafting.leave_out_passed()
        if not drafting.graph.nodes:
            self._hand_on(drafting, visit, name)
        elif not drafting.graph.inputs and not drafting.graph.outputs and self._is_source(drafting):
            self._inline(drafting, name)
        else:
            self._nest(drafting, visit, name)

    def _hand_on(self, drafting: _Drafting, visit: Visit, name: str) -> None:
        """Let what a module gives that does nothing be what it is given."""
        for value, wire in drafting.known.items():
            self.known.setdefault(value, outside(drafting.graph, wire))
        if name.isdecimal() and isinstance(visit.outputs, Value):  # which keeps the numbers of a list
            self._layer(name, "identity", [self.wire(visit.outputs)], visit.outputs)

    def _nest(self, drafting: _Drafting, visit: Visit, name: str) -> None:
        """Add what a module does as a node: its graph, or the op that it is alone."""
        node = Node(self.free(name), graph=drafting.graph)
        node.reused = self._reused(visit)
        only = drafting.graph.nodes[0]
        if len(drafting.graph.nodes) == 1 and only.graph is None and _is_layer(only, visit):
            node.op, node.arguments, node.held, node.place = only.op, only.arguments, only.held, only.place
            node.operands = [outside(drafting.graph, wire) for wire in only.operands]
            node.graph = None
            for value, wire in drafting.known.items():
                mine = Wire(node, wire.port, wire.shape)
                self.known[value] = mine if wire.node is only else outside(drafting.graph, wire)
        else:
            self.children.append((node, drafting))
        self.graph.nodes.append(node)

    @staticmethod
    def _is_source(drafting: _Drafting) -> bool:
        """Whether a graph takes nothing, as no group does."""
        sources = ("parameter", "constant", "coordinates", "linspace")
        return all(taken(node) or node.op in sources for node in drafting.graph.nodes)

    def _inline(self, drafting: _Drafting, name: str) -> None:
        """Put what a module without an input does into this graph."""
        for node in drafting.graph.nodes:
            node.name = self.free(f"{name}_{node.name}")
            self.graph.nodes.append(node)
        self.children += drafting.children
        for child in drafting.children:
            child[1].parent = self
        self.known.update(drafting.known)
        self.held.update(drafting.held)

    def export_outputs(self) -> None:
        """State the outputs of the network."""
        for name, value in named_outputs(self.visit.outputs):
            if isinstance(value, Value):
                try:
                    self.graph.outputs[name] = self._output(value)
                except UnrecordableError as problem:
                    self.found.append(Refusal(self.visit.path, str(problem), ""))

    def _output(self, value: Value) -> Wire:
        """What the network gives.

        Raises:
            UnrecordableError: It is no tensor of samples.
        """
        wire = self.wire(value)
        check_usable(wire)
        if batch_of(value) or is_joined(value):
            raise UnrecordableError("the first dimension of an output is not the batch")
        return wire

    def _layer(self, name: str, op: str, operands: Sequence[Wire], output: Value, **arguments: Any) -> None:
        """A node of a module's name, which gives a value."""
        self.known[output] = wire = self.node(op, operands, None, **arguments)
        assert wire.node is not None
        wire.node.name = ""
        wire.node.name = self.free(name)
        wire.shape = tuple(sample(output))

    def _attention(self, visit: Visit, name: str) -> None:
        module = visit.module
        assert isinstance(module, nn.MultiheadAttention)
        try:
            wire = attention(module, visit, self)
        except UnrecordableError as problem:
            self.found.append(Refusal(visit.path, str(problem), visit.place))
            wire = Wire(Node("?"))
        if wire.node in self.graph.nodes:
            wire.node.name = ""
            wire.node.name = self.free(name)
        given = next(leaf for leaf in leaves(visit.outputs) if isinstance(leaf, Value))
        self.known[given] = wire

    def _reused(self, visit: Visit) -> Node | None:
        """The node of this graph whose module is called again; None for a first call, or one without tensors."""
        if not any(True for _ in visit.module.state_dict()):
            return None
        first = self.called.get(visit.path)
        if first is None:
            self.called[visit.path] = self
            return None
        if first is not self:
            message = f"the weights of `{visit.path}` are used in two places that are not in one graph"
            self.found.append(Refusal(self.visit.path, message, visit.place))
            return None
        name = own_name(visit.path, self.visit.path)
        return next((node for node in self.graph.nodes if node.name == name), None)


def _is_layer(node: Node, visit: Visit) -> bool:
    """Whether an op is all that a module is: its tensors are the module's."""
    return all(held.name == ".".join(filter(None, (visit.path, name))) for name, held in node.held.items()) and (
        bool(node.held) or not any(visit.module.children())
    )
