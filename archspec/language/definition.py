"""A validated network or block: graphs of steps, each wired to the steps it takes, and where each stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.errors import Diagnostic, Help, Span
from archspec.language.choice import chosen, is_choice
from archspec.language.expr import is_expression
from archspec.language.source import Entry, Mapping, Scalar, Sequence, Source, Value, locate
from archspec.language.spec import Paper, Param
from archspec.language.usage import names_in, names_of_defaults, unused_names
from archspec.language.values import UNKNOWN
from archspec.ops import registry
from archspec.ops.op import NODE_KEYS


class Reference(NamedTuple):
    """A use of a node's output: ``backbone.c3`` is the output ``c3`` of ``backbone``, ``body.-1`` a copy's of a repeat.

    ``name`` is empty for a graph's only input.
    """

    name: str
    port: str
    value: Value

    @property
    def copy(self) -> str:
        """The index of the copy that it takes, ``*`` for all of them; empty where it takes none."""
        if not self.port:
            return ""
        first = self.port.partition(".")[0]
        return first if first == ALL_COPIES or _INDEX.fullmatch(first) else ""

    @property
    def of_copy(self) -> str:
        """The output that it takes of a copy; empty for an only one."""
        return self.port.partition(".")[2]


ALL_COPIES = "*"
"""Stands in a reference for the outputs of all copies of a repeat."""
_INDEX = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_ONE_COPY = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


def index_of(text: str) -> int | None:
    """The index of a copy that is reused, from the end where it is below 0; None for what is none."""
    return int(text) if _ONE_COPY.fullmatch(text) else None


UNKNOWN_OUTPUTS = "?"
"""Stands for the outputs of a graph whose names an error left unknown."""


class OutputStep(NamedTuple):
    """An output of a graph; ``reference`` is None where an error left it unknown."""

    name: str
    reference: Reference | None
    when: Value | None = None
    training_only: Value | None = None


IGNORED = "_"
"""Stands for the name of an item of a row that nothing asks for."""

Entries = dict[str, Entry]
"""Values of arguments by name, with their places; nothing changes one."""
_NO_ENTRIES: Entries = {}


class Table(NamedTuple):
    """The table of a node with ``each``: a copy for each of its rows.

    Attributes:
        rows: The list of its rows, or the expression that gives it.
        names: What the rows are called, or their items; ``_`` is an item that nothing asks for.
        unpacks: Whether the names are those of the items.
        row: The node that each row makes, a repeat of its own where the node has one. It has the condition of the node
            where that asks for what differs from row to row.
    """

    rows: Value
    names: tuple[Scalar, ...]
    unpacks: bool
    row: Step


@dataclass(frozen=True)
class Change:
    """What ``override:`` says of the nodes that a pattern fits. Equal ones stand in one place and say the same.

    Attributes:
        key: The pattern, where it stands.
        written: What it says, as text.
        value: The keys of a node that it states, their expressions computed.
        definition: The network that it stands in.
    """

    key: Scalar
    written: str
    value: Mapping = field(compare=False)
    definition: Definition = field(compare=False)

    @override
    def __hash__(self) -> int:
        return hash(self.written)  # which keeps its own

    def holds(self, place: Span) -> bool:
        """Whether a place is in it."""
        key, value = self.key.span, self.value.span
        return key <= place and place.file == value.file and place[3:] <= value[3:]


class Reuse(NamedTuple):
    """What a node reuses: another node of the same graph, whose tensors are its own too.

    Attributes:
        step: The other node.
        copy: The copy of it, where that repeats and only one copy is meant; below 0 from the end.
        value: Where it is named.
    """

    step: Step
    copy: int | None
    value: Scalar

    @property
    def path(self) -> str:
        """What is reused, as it is written."""
        return self.step.name if self.copy is None else f"{self.step.name}.{self.copy}"

    @property
    def is_repeat(self) -> bool:
        """Whether it is a repeat, or has a table, as a whole."""
        return self.copy is None and self.step.has_copies

    @property
    def single(self) -> Step:
        """The node as each of its copies is, where one copy of a table is meant."""
        return self.step if self.copy is None or self.step.each is None else self.step.each.row


class Step(NamedTuple):
    """A node of a graph as written: what it is, what it takes, and the values of its arguments.

    A node that reuses another is what that is, with its arguments.

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
        each: The table that makes a copy for each of its rows; None for a node without one.
        repeat: The number of copies; None for a single node without copies, and for one with a table.
        counter: What the index of a copy is called besides ``index``; None for nothing.
        outputs: For a block, the nodes to take as its outputs; empty for those it declares.
        value: What was read; None for a node with an error.
        changes: What ``override:`` has changed of it.
        reused: What it reuses; None for a node with tensors of its own.
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
    each: Table | None = None
    repeat: Value | None = None
    counter: Scalar | None = None
    outputs: tuple[OutputStep, ...] = ()
    value: Mapping | None = None
    changes: tuple[Change, ...] = ()
    reused: Reuse | None = None

    def again(self, reused: Reuse, repeat: Value | None) -> Step:
        """It, as another one again."""
        step = reused.single._replace(
            name=self.name, key=self.key, operands=self.operands, resolved=self.resolved, when=self.when, reused=reused
        )
        return step if reused.is_repeat else step._replace(repeat=repeat, counter=None, first={}, last={})

    @property
    def copies_reuse(self) -> bool:
        """Whether it repeats, and each of its copies is what it reuses."""
        return self.reused is not None and self.repeat is not None and not self.reused.is_repeat

    def leaves(self, argument: Scalar) -> bool:
        """Whether it is what ``override:`` says, and has an argument left of what it was."""
        places = [self.target.span if self.target else argument.span, argument.span]
        stated = [any(change.holds(place) for change in self.changes) for place in places]
        return stated == [True, False]

    def structure(self) -> Iterator[Value]:
        """The values that decide whether it is there, how often, and what it is."""
        repeat = self.each.row.repeat if self.each else self.repeat
        parts = (self.when, self.each and self.each.rows, self.each and self.each.row.when, repeat, self.target)
        yield from (part for part in parts if part is not None)

    @property
    def has_copies(self) -> bool:
        """Whether it stands for several nodes in a row, called by their indices."""
        return self.repeat is not None or self.each is not None

    def values(self) -> Iterator[Value]:
        """The values that its expressions may stand in."""
        yield from self.structure()
        for entries in (self.arguments, self.first, self.last):
            yield from (entry.value for entry in entries.values())

    def asked(self) -> Iterator[str]:
        """The names that its expressions ask for, those inside of a group too."""
        for value in self.values():
            yield from names_in(value)
        if self.group is not None:
            yield from self.group.asked()

    def asked_by_copies(self) -> Iterator[str]:
        """The names that its copies ask for, which see what differs from one to the other."""
        row = self.each.row if self.each else self
        for entries in (self.arguments, self.first, self.last, row.first, row.last):
            for entry in entries.values():
                yield from names_in(entry.value)
        for value in (self.target, *((row.when, row.repeat) if self.each else ())):
            yield from names_in(value) if value is not None else ()
        if self.group is not None:
            yield from self.group.asked()

    def loop_names(self) -> tuple[Scalar, ...]:
        """The names of what differs from copy to copy, as they stand in the file."""
        names = (*(self.each.names if self.each else ()), *([self.counter] if self.counter else []))
        return tuple(name for name in names if name.value != IGNORED)


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

    def asked(self) -> Iterator[str]:
        """The names that the expressions in it ask for."""
        for let in self.lets:
            yield from names_in(let.value) if let.value is not None else ()
        for step in self.steps:
            yield from step.asked()
        for output in self.outputs:
            yield from names_in(output.when) if output.when is not None else ()

    @property
    def is_list(self) -> bool:
        """Whether it is written as a list, whose nodes are called by their numbers."""
        return bool(self.steps) and self.steps[0].name.isdecimal()


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
        paper: For a network, where it was first described.
        blocks: Values of the blocks it brings along: mappings, or paths.
        shapes: For a network, the values of its inputs' shapes.
        variants: For a network, the values of its sets of parameters.
        expect: For a network, its contract.
        init: For a network, how its tensors begin.
        weights: For a network, what other libraries call its tensors.
        override: For a network, what it changes of nodes inside.
        freeze: For a network, the patterns of what does not train.
        example: For a block, arguments that show its use.
        unusable: Names of blocks it brings along that no node can use; that is reported where they stand.
        doubtful: What names the blocks of nodes whose keys are wrong, and the errors: the fault may be the block's.
    """

    name: str
    doc: str
    is_network: bool
    value: Mapping
    params: dict[str, Param]
    graph: GraphSteps
    paper: Paper | None = None
    blocks: dict[str, Value] = field(default_factory=dict)
    shapes: dict[str, Value] = field(default_factory=dict)
    variants: dict[str, Mapping] = field(default_factory=dict)
    expect: Mapping | None = None
    init: Mapping | None = None
    weights: Mapping | None = None
    override: Mapping | None = None
    freeze: Sequence | None = None
    example: Mapping | None = None
    unusable: frozenset[str] = frozenset()
    doubtful: tuple[tuple[Scalar, tuple[Diagnostic, ...]], ...] = ()

    @property
    def source(self) -> Source:
        """The file it stands in."""
        return self.value.source

    @cached_property
    def constants(self) -> dict[str, Any]:
        """The values of the parameters whose defaults are right, and the same in every use."""
        declared = ((name, param) for name, param in self.params.items() if not param.required)
        plain = ((name, param, param.default) for name, param in declared if _is_constant(param.default))
        right = ((name, param, value) for name, param, value in plain if not param.problem(value))
        return {name: self._constant(name, param) for name, param, _ in right if self._is_known(param)}

    def _constant(self, name: str, param: Param) -> Any:
        """The value of a default that is one as it stands."""
        if not param.names_one or param.default is None:
            return param.default
        return chosen(param.default, str(param.kind), self.param_value(name), self)

    @staticmethod
    def _is_known(param: Param) -> bool:
        """Whether a default names an op that there is, where it names one; an error speaks of others."""
        return param.kind != "op" or param.default is None or registry.find(param.default) is not None

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The parameters without a default."""
        return tuple(name for name, param in self.params.items() if param.required)

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """Where the defaults of the other parameters stand."""
        return {name: self.param_value(name) for name, param in self.params.items() if not param.required}

    @cached_property
    def is_unusable(self) -> bool:
        """Whether a parameter has the name of a node's key, so that no node can give it; that is reported there."""
        return not self.params.keys().isdisjoint(NODE_KEYS)

    @cached_property
    def block_params(self) -> frozenset[str]:
        """The parameters that are blocks: which one a name means depends on the file that gives it."""
        return frozenset(name for name, param in self.params.items() if param.kind == "block")

    @cached_property
    def unused(self) -> tuple[Diagnostic, ...]:
        """What it declares and nothing asks for, as errors: to be told where nothing else is wrong."""
        return (*unused_names(self.value), *_unused_loop_names(self.graph, self.source))

    @cached_property
    def of_defaults(self) -> dict[str, frozenset[str]]:
        """The parameters that only the defaults of others ask for, each with those others."""
        return names_of_defaults(self.value)

    def param_key(self, name: str) -> Scalar:
        """Where a parameter is named."""
        declared = self.value.entries["params"]
        assert isinstance(declared, Mapping)
        return declared.keys[name]

    def param_value(self, name: str) -> Value:
        """Where a parameter is declared, or its default stands."""
        declared = locate(self.value, ("params", name))
        if not isinstance(declared, Mapping) or is_choice(declared):
            return declared
        return locate(declared, ("default",))

    def cell(self, table: Table, row: int, item: str) -> Value | None:
        """The value of an item of a table's row as the file writes it; None where it is computed, or given elsewhere.

        Args:
            table: A table of its graph.
            row: The number of the row.
            item: A name that the table gives, or an item of a row that is a mapping: ``row.channels``.
        """
        value: Value = table.rows
        if isinstance(value, Scalar) and is_expression(value.value) and str(value.value)[1:] in self.params:
            value = self.param_value(str(value.value)[1:])
        name, *inner = item.split(".")
        place = [str(each.value) for each in table.names].index(name)
        path: list[str | int] = [row, *([place] if table.unpacks else []), *inner]
        for step in path:
            found = locate(value, (step,))
            if found is value:
                return None
            value = found
        return value


def _unused_loop_names(graph: GraphSteps, source: Source) -> Iterator[Diagnostic]:
    """An error for each name that ``as`` gives in a file and that nothing asks for; those of groups inside too."""
    for step in graph.steps:
        names = [name for name in step.loop_names() if name.source is source]
        asked = set(step.asked_by_copies()) if names else set()
        for name in names:
            if name.value not in asked:
                help = "write `_` in its place" if step.each and step.each.unpacks else "write it where it belongs"
                message = f"nothing asks for `{name.value}`, which `as` names"
                help = f"{help}, or remove it"
                help = Help.instead(help, IGNORED) if step.each and step.each.unpacks else help
                yield Diagnostic("unused-parameter", message, name.span, help=help)
        if step.group is not None:
            yield from _unused_loop_names(step.group, source)


def _is_constant(default: Any) -> bool:
    """Whether a default is a value as it stands: no expression, and nothing that another use could change."""
    return default is not UNKNOWN and not isinstance(default, list | dict) and not str(default).startswith("$")
