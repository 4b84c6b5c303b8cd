"""A validated network or block: graphs of steps, each wired to the steps it takes, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from archspec.errors import Diagnostic
from archspec.language.source import Entry, Mapping, Scalar, Source, Value, locate
from archspec.language.spec import Param
from archspec.language.usage import unused_names
from archspec.language.values import UNKNOWN


class Reference(NamedTuple):
    """A use of a node's output: ``backbone.c3`` is the output ``c3`` of ``backbone``.

    ``name`` is empty for a graph's only input.
    """

    name: str
    port: str
    value: Value


UNKNOWN_OUTPUTS = "?"
"""Stands for the outputs of a graph whose names an error left unknown."""


class OutputStep(NamedTuple):
    """An output of a graph; ``reference`` is None where an error left it unknown."""

    name: str
    reference: Reference | None
    when: Value | None
    training_only: bool


Entries = dict[str, Entry]
"""Values of arguments by name, with their places; nothing changes one."""
_NO_ENTRIES: Entries = {}


class Step(NamedTuple):
    """A node of a graph as written: what it is, what it takes, and the values of its arguments.

    Attributes:
        name: Its name.
        key: The place of its name.
        kind: ``op``, ``block`` or ``graph``; empty for a node with an error, of which nothing else is known.
        target: The value that names the op or block; None for a group.
        group: The graph of a group; None for an op or block.
        operands: What it takes; None where an error left that unknown.
        resolved: What is known of that in spite of the error.
        arguments: Its arguments by name.
        first: Arguments that differ in the first copy.
        last: Arguments that differ in the last copy.
        when: The condition; None for always.
        repeat: The number of copies; None for a single node without copies.
        outputs: For a block, the nodes to take as its outputs; empty for those it declares.
    """

    name: str
    key: Scalar
    kind: str = ""
    target: Scalar | None = None
    group: GraphSteps | None = None
    operands: tuple[Reference, ...] | None = None
    resolved: tuple[Reference, ...] = ()
    arguments: Entries = _NO_ENTRIES
    first: Entries = _NO_ENTRIES
    last: Entries = _NO_ENTRIES
    when: Value | None = None
    repeat: Value | None = None
    outputs: tuple[OutputStep, ...] = ()

    def values(self) -> Iterator[Value]:
        """The values that its expressions may stand in."""
        yield from (part for part in (self.when, self.repeat) if part is not None)
        for entries in (self.arguments, self.first, self.last):
            yield from (entry.value for entry in entries.values())


class Let(NamedTuple):
    """A name for a value, or a function, of one graph.

    Attributes:
        name: The name.
        key: Where it stands.
        parameters: Of a function, the names of its parameters.
        value: The value, or the expression that gives it; None where an error left it unknown.
    """

    name: str
    key: Scalar
    parameters: tuple[str, ...]
    value: Value | None


class GraphSteps(NamedTuple):
    """A graph as written.

    Attributes:
        inputs: The names of its inputs; empty for a single, unnamed one.
        steps: Its nodes.
        outputs: Its outputs.
        lets: What it defines, each after what that asks for.
        has_operand: Whether ``operand`` is what a node takes first; an input or node of that name hides it.
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    outputs: tuple[OutputStep, ...]
    lets: tuple[Let, ...] = ()
    has_operand: bool = True


@dataclass(frozen=True, eq=False)
class Definition:
    """A network or block, read and validated.

    Attributes:
        name: Its name.
        doc: What it is.
        is_network: Whether it declares the shapes of its inputs.
        value: The mapping it was read from, for places.
        params: Its parameters by name.
        graph: Its graph.
        blocks: Values of the blocks it brings along: mappings, or paths.
        shapes: For a network, the values of its inputs' shapes.
        variants: For a network, the values of its sets of parameters.
        expect: For a network, its contract.
        init: For a network, how its tensors begin.
        weights: For a network, what other libraries call its tensors.
        example: For a block, arguments that show its use.
        unusable: Names of blocks it brings along that no node can use; that is reported where they stand.
    """

    name: str
    doc: str
    is_network: bool
    value: Mapping
    params: dict[str, Param]
    graph: GraphSteps
    blocks: dict[str, Value] = field(default_factory=dict)
    shapes: dict[str, Value] = field(default_factory=dict)
    variants: dict[str, Mapping] = field(default_factory=dict)
    expect: Mapping | None = None
    init: Mapping | None = None
    weights: Mapping | None = None
    example: Mapping | None = None
    unusable: frozenset[str] = frozenset()

    @property
    def source(self) -> Source:
        """The file it stands in."""
        return self.value.source

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The values of the parameters whose defaults are right, and the same in every use."""
        declared = ((name, param) for name, param in self.params.items() if not param.required)
        plain = ((name, param, param.default) for name, param in declared if _is_constant(param.default))
        return {name: value for name, param, value in plain if not param.problem(value)}

    @cached_property
    def unused(self) -> tuple[Diagnostic, ...]:
        """What it declares and nothing asks for, as errors: to be told where nothing else is wrong."""
        return tuple(unused_names(self.value))

    def param_key(self, name: str) -> Value:
        """Where a parameter is named."""
        declared = self.value.entries["params"]
        assert isinstance(declared, Mapping)
        return declared.keys[name]

    def param_value(self, name: str) -> Value:
        """Where a parameter is declared, or its default stands."""
        declared = locate(self.value, ("params", name))
        return locate(declared, ("default",)) if isinstance(declared, Mapping) else declared


def _is_constant(default: Any) -> bool:
    """Whether a default is a value as it stands: no expression, and nothing that another use could change."""
    return default is not UNKNOWN and not isinstance(default, list) and not str(default).startswith("$")
