"""Calls of torch's functions with their arguments by name, and the table of what they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from archspec.errors import shown
from archspec.importers.module.batches import Batched
from archspec.importers.module.draft import Place, Wire
from archspec.importers.module.functions.dimensions import batch_of, is_joined, sample
from archspec.importers.module.runs import Call, Held, UnrecordableError, Value


@dataclass
class Bound:
    """A call with its arguments by name, to be said as nodes.

    Attributes:
        call: The call.
        place: Where the nodes go.
        given: The arguments that were given, by name.
        function: The function that it is, under one name where torch has several.
    """

    call: Call
    place: Place
    given: dict[str, Any] = field(default_factory=dict)
    function: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.given.get(name)

    def get(self, name: str, default: Any) -> Any:
        """An argument, or its default."""
        return self.given.get(name, default)

    def number(self, name: str, default: float | None = None) -> float:
        """An argument that is a number, or its default.

        Raises:
            UnrecordableError: It is none, or grows with the batch.
        """
        value = self.given.get(name, default)
        if not isinstance(value, int | float):
            raise UnrecordableError(f"{self.call.function} with {name} = {said(value)}")
        return value

    @property
    def first(self) -> Value | Held:
        """The first operand."""
        value = next(iter(self.given.values()))
        if not isinstance(value, Value | Held):
            raise UnrecordableError(f"{self.call.function} of {said(value)}")
        return value

    @property
    def output(self) -> Value:
        """What it gives first."""
        return self.call.outputs[0]

    def wires(self, *names: str) -> list[Wire]:
        """What the node takes."""
        return [self.place.wire(self.operand(name)) for name in names]

    def whole(self, tensor: Value | Held) -> Wire:
        """What a node takes whose output has no batch: a size of 1 in front of what it takes does not stand for one."""
        wire = self.place.wire(tensor)
        if batch_of(self.output) is None and batch_of(tensor) == 0:
            return self.place.node("unsqueeze", [wire], dim=1)
        return wire

    def operand(self, name: str) -> Value | Held:
        """An argument that is a tensor."""
        value = self.given.get(name)
        if not isinstance(value, Value | Held):
            raise UnrecordableError(f"{self.call.function} with {name} = {said(value)}")
        return value

    def held(self, **names: str) -> dict[str, Held]:
        """The module's tensors among the arguments, by the names that the op has for them.

        Raises:
            UnrecordableError: One is no tensor of the module, or is computed at each call.
        """
        found = self._held(names)
        for each in found.values():
            if each.computed:
                how = each.computed["parametrize"]
                raise UnrecordableError(f"{self.call.function} of `{each.name}`, which is computed by {how}")
        return found

    def parametrized(self, **names: str) -> tuple[dict[str, Held], Mapping[str, Any]]:
        """The same of an op that may compute its weight: the tensors that it has, and the arguments that say how."""
        found = self._held(names)
        weight = found["weight"]
        if not weight.computed:
            return found, {}
        del found["weight"]
        return {**found, **weight.parts}, weight.computed

    def _held(self, names: Mapping[str, str]) -> dict[str, Held]:
        found = {}
        for ours, theirs in names.items():
            value = self.given.get(theirs)
            if isinstance(value, Held):
                if ours == "weight" and not value.is_parameter:
                    raise UnrecordableError(f"{self.call.function} with a weight that is not trained")
                found[ours] = value
            elif value is not None:
                raise UnrecordableError(f"{self.call.function} with a {theirs} that is computed")
        return found

    def map(self) -> Wire:
        """The first operand, whose first dimension is its channels.

        Raises:
            UnrecordableError: It is parts that are joined with the batch.
        """
        if is_joined(self.first):
            raise UnrecordableError(f"{self.call.function} in parts of a map that are joined with the batch")
        return self.place.wire(self.first)

    def node(self, op: str, *names: str, held: dict[str, Held] | None = None, **arguments: Any) -> Wire:
        """A node of the operands that are named, or of the first one."""
        wires = self.wires(*names) if names else [self.place.wire(self.first)]
        if op not in _CHANNELS_FIRST or not is_joined(self.first):
            return self.place.node(op, wires, held, **arguments)
        if op not in _OF_EACH_CHANNEL:
            self.map()
        joined = self.place.node("flatten", wires, end_dim=2)  # parts and channels
        return self.place.node("reshape", [self.place.node(op, [joined], held, **arguments)], shape=sample(self.output))


_CHANNELS_FIRST = frozenset(
    "conv conv_transpose group_norm instance_norm prelu dropout2d max_pool avg_pool adaptive_avg_pool "
    "adaptive_max_pool global_avg_pool global_max_pool blur_pool upsample pixel_shuffle pixel_unshuffle "
    "channel_shuffle".split()
)
"""Ops for which the first dimension of a sample is its channels."""

_OF_EACH_CHANNEL = frozenset(
    "max_pool avg_pool adaptive_avg_pool adaptive_max_pool global_avg_pool global_max_pool upsample".split()
)
"""Those of them that treat each channel alone."""

Rule = Callable[[Bound], "Wire | list[Wire]"]

RULES: dict[str, tuple[tuple[str, ...], Rule]] = {}
"""For each function of torch the names of its parameters, and what it becomes."""


def rule(names: str, parameters: str) -> Callable[[Rule], Rule]:
    """Registers what functions become."""

    def register(function: Rule) -> Rule:
        RULES.update({name: (tuple(parameters.split()), function) for name in names.split()})
        return function

    return register


def said(value: Any) -> str:
    """What messages call an argument."""
    if isinstance(value, Value):
        return "a tensor" if value.fixed is None else "a tensor of numbers"
    if isinstance(value, Batched):
        return "a size that grows with the batch"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(said, value))})"
    return f"the module's `{value.name}`" if isinstance(value, Held) else shown(f"{value!r}")


def one_of(dims: list[int]) -> int | list[int]:
    """Dimensions as an op has them: an only one by itself."""
    return dims[0] if len(dims) == 1 else dims


def listed(dims: int | list[int]) -> list[int]:
    """One or several as a list."""
    return [dims] if isinstance(dims, int) else dims


def size_of(sizes: Any) -> Any:
    """A size for each dimension, as one where they are equal."""
    if not isinstance(sizes, list | tuple):
        return sizes
    return sizes[0] if len(set(sizes)) == 1 else list(sizes)


def window_of(sides: tuple[int, ...]) -> int | list[int]:
    """The sides of a window, where one number is a square."""
    return sides[0] if len(sides) == 2 and sides[0] == sides[1] else list(sides)


def as_list(value: Any) -> Any:
    """A tuple as YAML holds it."""
    return list(value) if isinstance(value, tuple) else value
