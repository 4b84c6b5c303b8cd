"""What the parts of a network hold, shared among equal uses: it does not know where it stands.

A tensor is an `Origin` here; `Node` and `Block` (`archspec.network.views`) make a path of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple, overload

from typing_extensions import override

from archspec.language.definition import Definition, GraphSteps, Step
from archspec.language.edits import NO_EDITS, Edits
from archspec.language.source import Entry
from archspec.ops.facts import Cost
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, size_in_bytes

Origin = int | str
"""A tensor as the inside of a block knows it: the number of an input, or the path of the node inside that gives it."""


class Totals(NamedTuple):
    """Sums over nodes.

    Attributes:
        nodes: How many there are.
        costed: How many of them have a cost rule.
        params: Trainable numbers.
        buffers: Numbers that are saved but not trained.
        macs: Multiply-accumulates for one sample, bias excluded.
        other: Other operations for one sample.
        activations: Bytes of the tensors that they give, in float32 for one sample.
    """

    nodes: int = 0
    costed: int = 0
    params: int = 0
    buffers: int = 0
    macs: int = 0
    other: int = 0
    activations: int = 0


@dataclass(frozen=True, eq=False)
class Applied:
    """An op on operands of known shapes: what does not depend on where in a network it stands.

    Attributes:
        op: The op with its arguments.
        input_shapes: Shapes of its operands, without the batch.
        shape: The shape of its output, without the batch.
        weights: Shapes of its trainable tensors by name.
        buffers: Shapes of its other saved tensors by name.
        cost: Its work on one sample, or None where the op has no rule.
    """

    op: Op
    input_shapes: Shapes
    shape: Shape
    weights: Mapping[str, Shape]
    buffers: Mapping[str, Shape]
    cost: Cost | None

    @override
    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Applied) and (self.op, self.input_shapes) == (other.op, other.input_shapes)

    @override
    def __hash__(self) -> int:
        return hash((type(self.op), self.input_shapes))

    @cached_property
    def totals(self) -> Totals:
        """Its figures."""
        params, buffers = (sum(map(elements, tensors.values())) for tensors in (self.weights, self.buffers))
        activations = size_in_bytes(self.shape)
        if self.cost is None:
            return Totals(1, 0, params, buffers, activations=activations)
        return Totals(1, 1, params, buffers, self.cost.macs, self.cost.other, activations)


@dataclass(frozen=True, eq=False)
class Body:
    """What a block, group, repeat or network holds. Equal uses of a block in one network have one.

    Attributes:
        kind: ``network``, ``block``, ``group``, ``repeat``, or ``op`` for one op with several outputs.
        arguments: The values of the definition's parameters.
        uses: What it holds, in order.
        outputs: The tensors that it gives, by output name.
        shapes: Their shapes, without the batch.
        template: The network or block that its graph, or the step that repeats, stands in.
        graph: Its graph as written; None for a repeat, and for an op.
        lets: What its graph defines with ``let``: values and functions by name.
        edits: What ``override:`` changes in its graph.
        whole: What this is left of, where nothing needed some of its nodes.
        pruned: What is left of it where some tensors inside are needed, as far as it was asked for.
    """

    kind: str
    arguments: Mapping[str, Any]
    uses: Sequence[Use]
    outputs: Mapping[str, Origin]
    shapes: Mapping[str, Shape]
    template: Definition
    graph: GraphSteps | None
    lets: Mapping[str, Any] = field(default_factory=dict)
    edits: Edits = NO_EDITS
    whole: Body | None = None
    pruned: dict[frozenset[str], Pruned | None] = field(default_factory=dict, init=False)

    @property
    def definition(self) -> str:
        """The name of the network or block it is made of; empty for a group or repeat."""
        return self.template.name if self.kind in ("network", "block") else ""

    def parts(self) -> Iterable[tuple[Content, int]]:
        """Its contents, and how often each stands there in a row."""
        if isinstance(self.uses, Copies):
            return [(run.content, run.length) for run in self.uses.runs]
        return [(use.content, 1) for use in self.uses]

    @cached_property
    def copies(self) -> int:
        """How many copies a repeat holds, those of each where they are repeats themselves; 1 for anything else."""
        if self.kind != "repeat":
            return 1
        return sum(count * (part.copies if isinstance(part, Body) else 1) for part, count in self.parts())

    @cached_property
    def with_tensors(self) -> Mapping[str, Mapping[int, Applied]]:
        """Of the ops inside that have tensors, the different ones in order, by the name of the op and by identity."""
        found: dict[str, dict[int, Applied]] = {}
        for content in self._holders():
            if isinstance(content, Body):
                for name, inside in content.with_tensors.items():
                    found.setdefault(name, {}).update(inside)
            elif content.weights or content.buffers:
                found.setdefault(content.op.name, {})[id(content)] = content
        return found

    def _holders(self) -> Iterable[Content]:
        """Its contents whose tensors are their own; of equal copies in a row one."""
        if isinstance(self.uses, Copies):
            return [run.content for run in self.uses.runs]
        return [use.content for use in self.uses if not use.shares]

    def path_of(self, applied: Applied) -> str:
        """The path inside of the first that is one of `with_tensors`."""
        for use in self.firsts():
            if use.shares:
                continue
            if use.content is applied:
                return use.name
            if isinstance(use.content, Body) and id(applied) in use.content.with_tensors.get(applied.op.name, ()):
                return f"{use.name}.{use.content.path_of(applied)}"
        raise KeyError(applied)

    def firsts(self) -> Iterable[Use]:
        """What it holds; of equal copies in a row the first."""
        if isinstance(self.uses, Copies):
            return (self.uses.first(run) for run in self.uses.runs)
        return self.uses

    @cached_property
    def totals(self) -> Totals:
        """The figures of all that it holds."""
        nodes = costed = params = buffers = macs = other = activations = 0
        for each, count in self._counted():
            nodes += count * each.nodes
            costed += count * each.costed
            params += count * each.params
            buffers += count * each.buffers
            macs += count * each.macs
            other += count * each.other
            activations += count * each.activations
        return Totals(nodes, costed, params, buffers, macs, other, activations)

    def _counted(self) -> Iterable[tuple[Totals, int]]:
        """The figures of its contents, and how often each stands there in a row."""
        if isinstance(self.uses, Copies):
            return [(run.content.totals, run.length) for run in self.uses.runs]
        return [(use.totals, 1) for use in self.uses]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {use.name: number for number, use in enumerate(self.uses)}

    def use(self, name: str) -> Use | None:
        """What stands there by a name, or None."""
        if isinstance(self.uses, Copies):
            return self.uses.named(name)
        number = self._numbers.get(name)
        return None if number is None else self.uses[number]

    def holds(self, origin: Origin) -> bool:
        """Whether a tensor is there: an input, or what a node inside gives. What nothing needs is left out."""
        if isinstance(origin, int):
            return True
        name, _, rest = origin.partition(".")
        use = self.use(name)
        return use is not None and (isinstance(use.content, Applied) or use.content.holds(rest))


class Layer(NamedTuple):
    """An op with tensors, and its path."""

    path: str
    applied: Applied


class Pruned(NamedTuple):
    """A body without the nodes that nothing needs, None where it needs all, and the inputs that it needs."""

    body: Body | None
    inputs: frozenset[int]


Content = Applied | Body
"""What stands at a place: an op, or what a block, group or repeat holds."""


class Use(NamedTuple):
    """A place inside of a block, and what stands there.

    Attributes:
        name: Its name.
        content: What stands there.
        inputs: The tensors that it takes, in operand order.
        step: The node as its graph says it.
        written: The values of its arguments, for this copy of a repeat.
        shares: The place in the graph of what it reuses, whose tensors are those of all inside; empty for none.
    """

    name: str
    content: Content
    inputs: tuple[Origin, ...]
    step: Step
    written: Mapping[str, Entry]
    shares: str = ""

    @property
    def totals(self) -> Totals:
        """Its figures; tensors count where they are held."""
        totals = self.content.totals
        return totals._replace(params=0, buffers=0) if self.shares else totals


class Run(NamedTuple):
    """Copies of a repeat in a row that are equal, each of which takes what the one before gives.

    Attributes:
        start: The index of the first.
        length: How many there are.
        content: What each of them is.
        first: The tensors that the first takes and the others have from the copy before, which gives them first.
        written: The values of their arguments.
        step: The node that repeats, as it is for these copies.
    """

    start: int
    length: int
    content: Content
    first: tuple[Origin, ...]
    written: Mapping[str, Entry]
    step: Step

    @property
    def stop(self) -> int:
        """The index after that of the last."""
        return self.start + self.length

    def operands(self, index: int) -> tuple[Origin, ...]:
        """What the copy of an index takes of the one before."""
        return self.first if index == self.start else self.given(index - 1)[: len(self.first)]

    def given(self, index: int) -> tuple[Origin, ...]:
        """What the copy of an index gives."""
        if isinstance(self.content, Applied):
            return (str(index),)
        outputs = tuple(self.content.outputs.values())
        return tuple([self._followed(index, origin, outputs) for origin in outputs])

    def _followed(self, index: int, origin: Origin, outputs: tuple[Origin, ...]) -> Origin:
        """A tensor that the copy of an index knows by its origin, followed through copies that pass operands on."""
        handed: list[int] = []
        while isinstance(origin, int) and origin < len(self.first):
            if origin in handed:  # copies pass these operands around
                handed = handed[handed.index(origin) :]
                return self.first[handed[(index - self.start) % len(handed)]]
            if index == self.start:
                return self.first[origin]
            handed.append(origin)
            index, origin = index - 1, outputs[origin]
        return f"{index}.{origin}" if isinstance(origin, str) else origin


@dataclass(frozen=True, eq=False, slots=True)
class Copies(Sequence[Use]):
    """The copies of a repeat, held as runs of equal ones.

    Attributes:
        runs: The runs, in order. A copy that holds nothing is in none.
        step: The node that repeats, or has a table.
        others: The operands that each copy takes besides what the copy before gives.
        rows: Of a table, the values of its names in each row.
    """

    runs: tuple[Run, ...]
    step: Step
    others: tuple[Origin, ...]
    rows: tuple[Mapping[str, Any], ...] = ()

    def named_values(self, index: int) -> Mapping[str, Any]:
        """The values of the names that differ from copy to copy, for one of them."""
        if self.step.each is not None:
            return self.rows[index]
        return {str(self.step.counter.value): index} if self.step.counter is not None else {}

    def first(self, run: Run) -> Use:
        """The first copy of a run."""
        return self._use(run, run.start)

    def _use(self, run: Run, index: int) -> Use:
        return Use(str(index), run.content, (*run.operands(index), *self.others), run.step, run.written)

    @override
    def __iter__(self) -> Iterator[Use]:
        for run in self.runs:
            for index in range(run.start, run.stop):
                yield self._use(run, index)

    @override
    def __len__(self) -> int:
        return sum(run.length for run in self.runs)

    @overload
    def __getitem__(self, number: int) -> Use: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Use]: ...

    @override
    def __getitem__(self, number: int | slice) -> Use | Sequence[Use]:
        if isinstance(number, slice):
            return [self[place] for place in range(len(self))[number]]
        number = range(len(self))[number]
        ends = list(accumulate(run.length for run in self.runs))
        place = bisect_right(ends, number)
        return self._use(self.runs[place], self.runs[place].stop - ends[place] + number)

    def named(self, name: str) -> Use | None:
        """The copy of an index, written as in a path."""
        if not (name.isascii() and name.isdecimal()) or str(int(name[:20])) != name:
            return None
        index = int(name)
        place = bisect_right(self.runs, index, key=lambda run: run.start) - 1
        return self._use(self.runs[place], index) if place >= 0 and index < self.runs[place].stop else None

    def run(self, index: int) -> Run:
        """The run of the copy of an index, which holds something."""
        return self.runs[bisect_right(self.runs, index, key=lambda run: run.start) - 1]
