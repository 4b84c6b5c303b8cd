"""Classes of the emitted source, before they are text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archspec.language.algebra import Code, names
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.code import Call, Choice, Listed, Part, Repeated, Tabled, asked
from archspec.pytorch.emitter.instances import Instance
from archspec.pytorch.emitter.scope import REQUIRED, Parameter, Scope, Spot

Key = tuple[str, str]
"""A tensor inside of a class: the step that gives it and the name of the output; the step is empty for an input."""
Child = Block | Node
Uses = Mapping[Spot, Child]
"""The nodes or blocks that one constructor call makes, by where they were seen."""
Hints = Sequence[Code | None]
"""Expressions that may have the values looked for."""
Made = tuple[Part, list[Code | None]]
"""A constructor call, and hints at the channels of what its layer gives, for several outputs in their order."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Stands for an attribute of the module in the arguments of a function."""

    name: str


@dataclass(slots=True)
class Member:
    """An attribute that the constructor sets.

    Attributes:
        name: Its name.
        part: Its value.
        condition: Where that is false, it is an ``nn.Identity``; None for always.
    """

    name: str
    part: Part
    condition: Code | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Stands for all tensors of a list, an operand of a statement, in the arguments of a function."""

    index: int


@dataclass(frozen=True, slots=True)
class Loop:
    """Copies of a repeat, called one after another.

    Attributes:
        ports: Names of what each copy gives.
        handed: For each operand that is handed on, by its number, the number of what the copy before gives.
        last: What the last copy gives, by port, where it is taken.
        lists: What all copies give, by port, where that is taken.
        items: What single copies give: the list's port, and the index.
    """

    ports: tuple[str, ...]
    handed: Mapping[int, int]
    last: Mapping[str, Key]
    lists: Mapping[str, Key]
    items: Mapping[Key, tuple[str, int]]

    @property
    def gives(self) -> tuple[Key, ...]:
        """The tensors and lists that it gives."""
        return (*self.last.values(), *self.lists.values(), *self.items)


@dataclass(slots=True)
class Statement:
    """A line of ``forward``, or a loop.

    Attributes:
        name: The name of the step.
        takes: The tensors it takes.
        gives: The tensors it gives.
        call: The attribute that is called, a function, or an attribute that is given as it is.
        flag: The attribute that says whether it is called; else the first operand passes.
        in_place: Whether the first operand can be overwritten.
        reuses: The place in the graph of what is called again; empty for what the step itself makes.
        times: How often it is called in a row, each time on what it gave: a number, or the attribute that holds it.
        loop: For a repeat whose copies are called in a loop, how.
        is_op: Whether it calls one op, of which more may be taken than its output: that comes first.
    """

    name: str
    takes: tuple[Key, ...]
    gives: tuple[Key, ...]
    call: str | Function | Attribute
    flag: str = ""
    in_place: bool = False
    reuses: str = ""
    times: int | Attribute = 1
    loop: Loop | None = None
    is_op: bool = False


@dataclass(eq=False)
class Class:
    """A class of the emitted source.

    Attributes:
        instances: The blocks of the network that are made of it.
        scope: Its parameters and variables.
        inputs: Names of its inputs and the tensors they are.
        outputs: Names of its outputs and the tensors they are.
        members: Its attributes.
        statements: The lines of ``forward``; None for that of ``nn.Sequential``.
        channels: The first dimension of each output, by its name.
        name: Its name; empty until it is one of the network's.
    """

    instances: list[Instance]
    scope: Scope
    inputs: Mapping[str, Key]
    outputs: Mapping[str, Key]
    members: list[Member]
    statements: list[Statement] | None
    channels: Mapping[str, Code | None]
    name: str = ""

    @property
    def is_list(self) -> bool:
        """Whether its layers are called by their numbers."""
        return self.instances[0].graph.is_list

    @property
    def is_sequential(self) -> bool:
        """Whether it is a subclass of ``nn.Sequential``: a chain, or a list with lines of its own."""
        return self.statements is None or (self.is_list and bool(self.members))

    def arguments(self, instance: Instance) -> dict[str, Any]:
        """The values of the constructor's parameters for an instance."""
        number = self._numbers[id(instance)]
        return {parameter.name: parameter.values[number] for parameter in self.signature}

    def stated(self, call: Call) -> dict[str, Part]:
        """The arguments that a call of it states, by the names of its parameters."""
        in_order = zip((each.name for each in self.signature), call.arguments, strict=False)
        return {keyword or parameter: value for parameter, (keyword, value) in in_order}

    def calls(self) -> Iterator[Call]:
        """The calls that its constructor makes, those in others too."""
        for member in self.members:
            yield from _calls(member.part)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        return {id(instance): number for number, instance in enumerate(self.instances)}

    @cached_property
    def signature(self) -> list[Parameter]:
        """The parameters of the constructor: those without a default first."""
        used = [parameter for parameter in self.scope.parameters.values() if parameter.name in self.asked]
        return sorted(used, key=lambda parameter: parameter.default is not REQUIRED)

    @cached_property
    def asked(self) -> set[str]:
        """The variables that the constructor asks for."""
        found = {each for member in self.members for each in asked(member.part)}
        found |= {each for member in self.members if member.condition is not None for each in names(member.condition)}
        for variable, (code, _) in reversed(self.scope.locals.items()):
            if variable in found:
                found |= names(code)
        return found


def _calls(part: Part) -> Iterator[Call]:
    if isinstance(part, Call):
        yield part
    for inner in _inside(part):
        yield from _calls(inner)


def _inside(part: Part) -> Iterable[Part]:
    match part:
        case Call():
            return (value for _, value in part.arguments)
        case Listed():
            return part.items
        case Repeated() | Tabled():
            return (part.element,)
        case Choice():
            return (part.layer,)
    return ()
