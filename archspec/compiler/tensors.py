"""Tensors while a network is made, and what expressions see of them."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.language.definition import ALL_COPIES, UNKNOWN_OUTPUTS, Definition, GraphSteps, Reference
from archspec.language.edits import NO_EDITS, Edits
from archspec.language.names import OPERAND
from archspec.language.values import UNKNOWN, TensorView
from archspec.network import Origin, Use
from archspec.ops.tensor import Shape

NOWHERE = ""
"""The origin of a tensor that an error left without one."""


class Tensor(NamedTuple):
    """A tensor of the graph that is walked.

    Attributes:
        origin: Where the graph has it from. Where its shape is unknown, the node at fault, or `NOWHERE`.
        shape: Its shape; None where an error left it unknown.
    """

    origin: Origin
    shape: Shape | None


UNKNOWN_TENSOR = Tensor(NOWHERE, None)

Result = Tensor | dict[str, Tensor]
"""What a node gives: an op one tensor, a block or group its outputs by name."""


class OutputsOfOp(dict[str, Tensor]):
    """What an op gives of which outputs are taken by name; its own name alone stands for the first."""


def outputs_of(result: Result) -> dict[str, Tensor]:
    """Its outputs by name; an op's is called ``output``."""
    return {"output": result} if isinstance(result, Tensor) else result


def tensor_of(result: Result, port: str) -> Tensor:
    """The output of a name, or the first; without an error where there is none."""
    outputs = outputs_of(result)
    return outputs.get(port) or next(iter(outputs.values()), UNKNOWN_TENSOR)


def origins_of(outputs: Mapping[str, Tensor]) -> dict[str, Origin]:
    """The origins of outputs by name, those left out that an error left unknown."""
    return {name: tensor.origin for name, tensor in outputs.items() if tensor.shape is not None}


def shapes_of(outputs: Mapping[str, Tensor]) -> dict[str, Shape]:
    """The shapes of outputs by name, those left out that an error left unknown."""
    return {name: tensor.shape for name, tensor in outputs.items() if tensor.shape is not None}


def inside(operands: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The operands of a block or group as its own graph knows them."""
    return tuple([each if each.origin == NOWHERE else Tensor(n, each.shape) for n, each in enumerate(operands)])


def outside(name: str, inner: Tensor, operands: tuple[Tensor, ...]) -> Tensor:
    """A tensor of a block or group as the graph knows it in which that stands by a name."""
    if isinstance(inner.origin, int):
        return operands[inner.origin]
    return Tensor(inner.origin and f"{name}.{inner.origin}", inner.shape)


def view(result: Result) -> Any:
    """What expressions see of what a node gives: a `TensorView`, or `UNKNOWN` where an error left its outputs open."""
    if isinstance(result, Tensor):
        return TensorView(result.shape)
    if UNKNOWN_OUTPUTS in result:
        return UNKNOWN
    outputs = {name: TensorView(tensor.shape) for name, tensor in result.items()}
    single = len(outputs) == 1 or isinstance(result, OutputsOfOp)
    return next(iter(outputs.values())) if single else TensorView(None, outputs or None)


def views(graph: GraphSteps, inputs: tuple[Tensor, ...]) -> dict[str, TensorView]:
    """A graph's inputs as expressions know them."""
    found = {name: TensorView(tensor.shape) for name, tensor in zip(graph.inputs or ("input",), inputs, strict=True)}
    if len(inputs) == 1:
        found["input"] = next(iter(found.values()))
    return found


@dataclass(slots=True)
class Names(Mapping[str, Any]):
    """What expressions in one graph know: parameters, values and functions, the index of the copy, and tensors.

    Attributes:
        params: Values of the parameters.
        inputs: The inputs.
        tensors: What the nodes so far give.
        index: The index of the copy around the node or the graph; None outside of a repeat.
        lets: Values and functions that it and the graphs around it define.
        operand: What the node takes first, `UNKNOWN` where that is; None where it has no name of its own.
        loops: What else differs from copy to copy of the repeats and tables around it, by name.
        frozen: What decides the parameters and `lets`, as part of a key (`archspec.compiler.sharing.frozen`), once
            that was asked for.
    """

    params: Mapping[str, Any]
    inputs: Mapping[str, TensorView]
    tensors: Mapping[str, Result] = field(default_factory=dict)
    index: int | None = None
    lets: Mapping[str, Any] = field(default_factory=dict)
    operand: Any = None
    loops: Mapping[str, Any] = field(default_factory=dict)
    frozen: Hashable = None

    @override
    def __getitem__(self, name: str) -> Any:
        if name in self.params:
            return self.params[name]
        if name in self.lets:
            return self.lets[name]
        if name in self.loops:
            return self.loops[name]
        if name == "index" and self.index is not None:
            return self.index
        if name == OPERAND and self.operand is not None:
            return self.operand if self.operand is UNKNOWN else view(self.operand)
        return self.inputs[name] if name in self.inputs else view(self.tensors[name])

    def differing(self, names: Collection[str]) -> dict[str, Any]:
        """Of what differs from copy to copy around a node, what has one of some names."""
        known = {**self.loops} if self.index is None else {**self.loops, "index": self.index}
        return {name: value for name, value in known.items() if name in names}

    @override
    def __iter__(self) -> Iterator[str]:
        known = [*self.inputs, *self.params, *self.lets, *self.tensors, *self.loops]
        known += [word for word, value in (("index", self.index), (OPERAND, self.operand)) if value is not None]
        yield from dict.fromkeys(name for name in known if name)

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(slots=True)
class Scope:
    """One graph that is walked.

    Attributes:
        definition: The network or block that the graph belongs to.
        graph: The graph.
        path: The path of the graph, for errors; empty for the network's own.
        tensors: What ``from`` knows: inputs and earlier nodes.
        names: What expressions know.
        edits: What ``override:`` changes in it.
        uses: The nodes so far that hold something, by name.
        taken: Names of the repeats of which something takes copies one by one.
        parted: Names of the nodes of which something takes an output by name.
        copies: What each copy of these gives.
    """

    definition: Definition
    graph: GraphSteps
    path: str
    tensors: dict[str, Result]
    names: Names
    edits: Edits
    uses: dict[str, Use] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()
    parted: frozenset[str] = frozenset()
    copies: dict[str, tuple[Result, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        definition: Definition,
        graph: GraphSteps,
        params: Mapping[str, Any],
        inputs: tuple[Tensor, ...],
        path: str,
        around: Names | None = None,
        edits: Edits = NO_EDITS,
    ) -> Scope:
        """The scope of a graph with some inputs, before its first node.

        Args:
            definition: The network or block that the graph belongs to.
            graph: The graph.
            params: Values of the parameters.
            inputs: The inputs.
            path: The path of the graph.
            around: For a group, what expressions know around it.
            edits: What ``override:`` changes in it.
        """
        tensors: dict[str, Result] = dict(zip(graph.inputs or (NOWHERE,), inputs, strict=True))
        names = Names(params, views(graph, inputs), tensors)
        if around is not None:
            names.index, names.loops, names.lets = around.index, around.loops, around.lets
            names.frozen = around.frozen
        return cls(definition, graph, path, tensors, names, edits)

    def take(self, operands: Sequence[Tensor], known: bool) -> None:
        """Begin the expressions of a node, or of a copy, that takes some tensors, where it is known which."""
        if self.graph.has_operand:
            self.names.operand = UNKNOWN if not known else operands[0] if operands else None

    def is_unknown(self, name: str) -> bool:
        """Whether an error left open what a node gives."""
        return any(tensor.shape is None for tensor in outputs_of(self.tensors[name]).values())

    def is_open(self, references: Iterable[Reference]) -> bool:
        """Whether an error left open how many tensors some references mean."""
        if not self.taken:
            return False
        return any(each.copy == ALL_COPIES and self.is_unknown(each.name) for each in references)

    def expanded(self, references: Sequence[Reference]) -> Sequence[Reference]:
        """References to one tensor each: to each copy of a repeat where one is to all of them."""
        return list(self._expanded(references)) if self.taken else references

    def _expanded(self, references: Iterable[Reference]) -> Iterator[Reference]:
        for reference in references:
            if reference.copy != ALL_COPIES:
                yield reference
            else:
                for index in range(len(self.copies.get(reference.name, ()))):
                    yield reference._replace(port=str(index) + reference.port.removeprefix(ALL_COPIES))

    def child(self, name: str) -> str:
        """The path of a node of the graph."""
        return f"{self.path}.{name}" if self.path else name
