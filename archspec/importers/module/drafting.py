"""From the calls of a run to graphs of nodes: one for each call of a module that is more than one op."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from archspec.errors import listed
from archspec.importers.module.draft import Graph, Node, Wire
from archspec.importers.module.functions import apply, sample
from archspec.importers.module.numbers import are_many, constant
from archspec.importers.module.recording import Call, Held, UnrecordableError, Value, Visit, leaves
from archspec.importers.module.simplifying import number, taken
from archspec.language.names import node_name_problem, output_name_problem, similar_name
from archspec.ops import registry
from archspec.ops.arguments import compact


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
    graph = _Drafting(root, None, found)
    for value, name in zip(inputs, names, strict=True):
        graph.known[value] = wire = Wire(None, name)
        graph.graph.inputs.append((wire, wire))
    graph.fill()
    if not found:
        graph.export_outputs()
    return graph.graph, found


@dataclass(eq=False)
class _Drafting:
    """One graph that is being filled."""

    visit: Visit
    parent: _Drafting | None
    found: list[Refusal]
    called: dict[str, _Drafting] = field(default_factory=dict)
    tensors: dict[str, Node] = field(default_factory=dict)
    known: dict[Value, Wire] = field(default_factory=dict)
    held: dict[Held, Wire] = field(default_factory=dict)
    children: list[tuple[Node, _Drafting]] = field(default_factory=list)
    passed: set[Node] = field(default_factory=set)
    graph: Graph = field(init=False)
    call: Call | None = None

    def __post_init__(self) -> None:
        self.graph = Graph(self.visit.path, self.visit.module)

    def fill(self) -> None:
        """Put a node or group for each step."""
        for step in _grouped(self.visit):
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
        name = _own_name(visit.path, self.visit.path)
        if isinstance(visit.module, nn.MultiheadAttention):
            self._attention(visit, name)
            return
        called = self.called
        if called.get(visit.path) is self:  # what it calls again is again what it is
            called = {path: by for path, by in called.items() if not path.startswith(f"{visit.path}.")}
        drafting = _Drafting(visit, self, self.found, called, self.tensors)
        if (kind := _told(visit)) is not None:
            op, arguments = kind
            if op != "identity" or name.isdecimal():
                (value,) = leaves(visit.outputs)
                given = next(leaf for leaf in leaves(visit.inputs) if isinstance(leaf, Value))
                self._layer(name, op, [self.wire(given)], value, **arguments)
            return
        drafting.fill()
        drafting.leave_out_passed()
        if not drafting.graph.nodes:
            for value, wire in drafting.known.items():  # it hands on what it is given
                self.known.setdefault(value, _outside(drafting.graph, wire))
            if name.isdecimal() and isinstance(visit.outputs, Value):  # which keeps the numbers of a list
                self._layer(name, "identity", [self.wire(visit.outputs)], visit.outputs)
            return
        if not drafting.graph.inputs and not drafting.graph.outputs and self._is_source(drafting):
            self._inline(drafting, name)
            return
        node = Node(self._free(name), graph=drafting.graph)
        node.reused = self._reused(visit)
        only = drafting.graph.nodes[0]
        if len(drafting.graph.nodes) == 1 and only.graph is None and _is_layer(only, visit):
            node.op, node.arguments, node.held, node.place = only.op, only.arguments, only.held, only.place
            node.operands = [_outside(drafting.graph, wire) for wire in only.operands]
            node.graph = None
            for value, wire in drafting.known.items():
                mine = Wire(node, shape=wire.shape)
                self.known[value] = mine if wire.node is only else _outside(drafting.graph, wire)
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
            node.name = self._free(f"{name}_{node.name}")
            self.graph.nodes.append(node)
        self.children += drafting.children
        for child in drafting.children:
            child[1].parent = self
        self.known.update(drafting.known)
        self.held.update(drafting.held)

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
        _check_usable(outer)
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
            return _outside(self.graph, wire)
        for port, known in self.graph.outputs.items():
            if known.node is wire.node and known.port == wire.port:
                return Wire(node, port, wire.shape)
        port = f"m{wire.node.name}" if wire.node.name.isdecimal() else wire.node.name
        port = f"{port}_{wire.port}" if wire.port else port
        self.graph.outputs[port] = wire
        return Wire(node, port, wire.shape)

    def export_outputs(self) -> None:
        """State the outputs of the network."""
        for name, value in _named(self.visit.outputs):
            if isinstance(value, Value):
                self.graph.outputs[name] = self.wire(value)

    def node(self, op: str, operands: Sequence[Wire], held: dict[str, Held] | None = None, /, **arguments: Any) -> Wire:
        """The output of a new node."""
        cls = registry.get(op)
        for wire in operands:
            _check_usable(wire)
        kept = {
            name: value
            for name, value in arguments.items()
            if cls.model_fields[name].is_required() or compact(value) != compact(cls.model_fields[name].default)
        }
        place = self.call.place if self.call else ""
        node = Node(self._free(self._owner(held or {}) or op), op, kept, list(operands), held=held or {}, place=place)
        node.reused = self._used(node)
        self.graph.nodes.append(node)
        return Wire(node)

    def _owner(self, held: Mapping[str, Held]) -> str:
        """The name of the module inside of this one whose tensors a function is given; empty where there is none."""
        owners = {each.owner for each in held.values()}
        around = f"{self.visit.path}." if self.visit.path else ""
        owner = owners.pop() if len(owners) == 1 else ""
        inside = owner.removeprefix(around) if owner.startswith(around) else ""
        return "" if "." in inside else inside

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
            node = Node(self._free(name), "parameter", {"shape": shape}, held={"": held})
            self.graph.nodes.append(node)
            self.held[held] = Wire(node, shape=tuple(shape))
        return self.held[held]

    def _layer(self, name: str, op: str, operands: Sequence[Wire], output: Value, **arguments: Any) -> None:
        """A node of a module's name, which gives a value."""
        self.known[output] = wire = self.node(op, operands, None, **arguments)
        assert wire.node is not None
        wire.node.name = ""
        wire.node.name = self._free(name)
        wire.shape = tuple(sample(output))

    def _attention(self, visit: Visit, name: str) -> None:
        """A layer of attention, whose function sees operands with the batch second."""
        module = visit.module
        assert isinstance(module, nn.MultiheadAttention)
        try:
            if not module.batch_first or module.bias_k is not None or module.add_zero_attn:
                raise UnrecordableError("attention with the batch second, bias_k or add_zero_attn")
            asked = dict(zip(inspect.signature(module.forward).parameters, visit.inputs, strict=False)) | visit.keywords
            masks = [name for name in ("key_padding_mask", "attn_mask") if asked.get(name) is not None]
            if masks:
                raise UnrecordableError(f"attention with {listed(masks)}, which is not imported")
            query, key, value = (asked[name] for name in ("query", "key", "value"))
            operands = [query] if query is key is value else [query, key, value]
            prefix = f"{visit.path}." if visit.path else ""
            held = {own: Held(prefix + own, tuple(tensor.shape), True) for own, tensor in module.named_parameters()}
            wire = self.node(
                "multi_head_attention", [self.wire(each) for each in operands], held, num_heads=module.num_heads,
                bias=module.in_proj_bias is not None,
            )  # fmt: skip
        except UnrecordableError as problem:
            self.found.append(Refusal(visit.path, str(problem), visit.place))
            wire = Wire(Node("?"))
        if wire.node in self.graph.nodes:
            wire.node.name = ""
            wire.node.name = self._free(name)
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
        name = _own_name(visit.path, self.visit.path)
        return next((node for node in self.graph.nodes if node.name == name), None)

    def _free(self, wanted: str) -> str:
        """A name that no node of the graph has."""
        taken = {node.name for node in self.graph.nodes}
        wanted = re.sub(r"\W", "_", wanted, flags=re.ASCII)
        if wanted not in taken and (wanted.isdecimal() or not node_name_problem(wanted)):
            return wanted
        stem = wanted if not wanted.isdecimal() else f"m{wanted}"
        if node_name_problem(stem) and stem not in taken:
            stem = f"{stem}_"
            if stem not in taken:
                return stem
        separator = "_" if stem[-1].isdecimal() else ""
        return next(name for n in range(2, 10**6) if (name := f"{stem}{separator}{n}") not in taken)


def _check_usable(wire: Wire) -> None:
    """Refuse what only a pooling may take.

    Raises:
        UnrecordableError: It is that.
    """
    if wire.node is not None and " " in wire.node.op:
        raise UnrecordableError(f"{wire.node.op} are an operand")


def _outside(graph: Graph, wire: Wire) -> Wire:
    """What an input of a graph stands for; another wire itself."""
    return next((outer for own, outer in graph.inputs if own is wire), wire)


def _own_name(path: str, around: str) -> str:
    return path.removeprefix(f"{around}." if around else "")


def _is_layer(node: Node, visit: Visit) -> bool:
    """Whether an op is all that a module is: its tensors are the module's."""
    return all(held.name == ".".join(filter(None, (visit.path, name))) for name, held in node.held.items()) and (
        bool(node.held) or not any(visit.module.children())
    )


def is_told(visit: Visit) -> bool:
    """Whether what a module does in training is known though it does nothing in evaluation."""
    return (kind := _told(visit)) is not None and kind is not _IDENTITY


def _told(visit: Visit) -> tuple[str, dict[str, Any]] | None:
    """The op of a module that does something in training alone, told by its class; None for another."""
    name = type(visit.module).__name__
    if visit.steps and (name not in _DROPPED_AT_ONCE or not visit.module.training):
        return None
    if name in _DROPPED_AT_ONCE:
        p = getattr(visit.module, "drop_prob", None) or getattr(visit.module, "p", None) or 0.0
        return "stochastic_depth", {"p": float(p), "mode": getattr(visit.module, "mode", _DROPPED_AT_ONCE[name])}
    return _IDENTITY if isinstance(visit.module, nn.Identity) else None


_IDENTITY: tuple[str, dict[str, Any]] = ("identity", {})
_DROPPED_AT_ONCE = {"DropPath": "row", "StochasticDepth": "row", "BatchStochasticDepth": "batch"}
"""Modules that drop branches, by class, and what falls away at once where they do not say it themselves."""


def _grouped(visit: Visit) -> list[Call | Visit]:
    """The steps of a call, in which the modules of a list that run one after another are those of one module."""
    depth = len(visit.path) + 1 if visit.path else 0
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for i, step in enumerate(visit.steps):
        if isinstance(step, Visit) and "." in step.path[depth:]:
            name = step.path[depth:].partition(".")[0]
            first.setdefault(name, i)
            last[name] = i
    steps: list[Call | Visit] = []
    i = 0
    while i < len(visit.steps):
        step = visit.steps[i]
        name = step.path[depth:].partition(".")[0] if isinstance(step, Visit) else ""
        if name in first and first[name] == i and _is_apart(visit.steps[i : last[name] + 1], visit.path, name):
            path = f"{visit.path}.{name}" if visit.path else name
            run = visit.steps[i : last[name] + 1]
            given = [(step.inputs, step.keywords) for step in run if isinstance(step, Visit)]
            steps.append(Visit(path, visit.module.get_submodule(name), tuple(given), steps=run))
            i = last[name] + 1
        else:
            steps.append(step)
            i += 1
    return steps


def _is_apart(steps: Sequence[Call | Visit], around: str, name: str) -> bool:
    """Whether the modules among steps are all those of one list."""
    path = f"{around}.{name}." if around else f"{name}."
    return all(step.path.startswith(path) for step in steps if isinstance(step, Visit))


def _named(outputs: Any) -> list[tuple[str, Any]]:
    """The outputs of a network by name; near to that in a mapping, where it is none for a spec."""
    if isinstance(outputs, Value):
        return [("output", outputs)]
    if hasattr(outputs, "_asdict"):
        outputs = outputs._asdict()
    if not isinstance(outputs, Mapping):
        return [(f"output{i + 1}", value) for i, value in enumerate(leaves(outputs))]
    found: dict[str, Any] = {}
    for key, given in outputs.items():
        values = [given] if given is None or isinstance(given, Value) else list(leaves(given))
        for i, value in enumerate(values):
            wanted = similar_name(f"{key}_{i + 1}" if len(values) > 1 else str(key), output_name_problem)
            name = wanted or f"output{len(found) + 1}"
            found[f"{name}_{len(found) + 1}" if name in found else name] = value
    return [(name, value) for name, value in found.items() if value is not None]
