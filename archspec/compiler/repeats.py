"""Repeats and tables: copies of a node, gathered into runs of equal ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from archspec.compiler.failures import Progress
from archspec.compiler.sharing import frozen
from archspec.compiler.tables import Row, row_place, rows
from archspec.compiler.tensors import (
    UNKNOWN_TENSOR,
    Result,
    Scope,
    Tensor,
    inside,
    origins_of,
    outputs_of,
    outside,
    shapes_of,
)
from archspec.compiler.walk import Made, Site, Walk
from archspec.errors import Note, listed
from archspec.language.definition import Step
from archspec.language.source import Entry
from archspec.language.values import UNKNOWN
from archspec.network import Body, Content, Copies, Origin, Run, Use


def asks_index(step: Step) -> bool:
    """Whether the expressions of a node, those inside of a group too, ask for the index of a copy."""
    names = {"index"} if step.counter is None else {"index", str(step.counter.value)}
    return any(name in names for name in step.asked())


class Runs:
    """Copies in order, one after another."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def add(self, index: int, content: Content, first: Origin, written: Mapping[str, Entry]) -> None:
        """A copy more, which takes ``first``."""
        run = Run(index, 1, content, first, written)
        if self.runs and self._continues(self.runs[-1], run):
            self.lengthen(1)
        else:
            self.runs.append(run)

    def lengthen(self, more: int) -> Origin:
        """Copies more that are as the last one; what the last of them gives."""
        run = self.runs[-1]
        self.runs[-1] = run = run._replace(length=run.length + more)
        return run.given(run.stop - 1)

    @staticmethod
    def _continues(last: Run, run: Run) -> bool:
        """Whether a copy is as those before, and takes what these give."""
        alike = last.content is run.content and last.written is run.written
        return alike and last.stop == run.start and last.given(run.start - 1) == run.first


_OF_VALUES = frozenset({"invalid-argument", "invalid-expression", "invalid-value", "shape-mismatch"})
"""Kinds of errors that may be the fault of a row."""

Held = tuple[Result, Body | None]
"""What the last copy gives, as the inside of a repeat or table knows it, and the copies; None for no copy."""


@dataclass(slots=True)
class _Copies:
    """The copies of a repeat that is walked.

    Attributes:
        step: The node that repeats.
        scope: The graph that it stands in.
        operands: What the next copy takes.
        path: Its path.
        count: How many copies there will be.
        rows: Of a table, the values of its names in each row.
        around: What differs from copy to copy around the node, by name.
        index: The index of the next copy.
        runs: The copies so far.
        stand_in: What stands for the copy that failed.
        held: Of a table whose rows are repeats, what each different row holds, and the steps that took.
    """

    step: Step
    scope: Scope
    operands: tuple[Tensor, ...]
    path: str
    count: int
    rows: tuple[Row, ...]
    around: Row
    index: int = 0
    runs: Runs = field(default_factory=Runs)
    stand_in: Use | None = None
    held: dict[Hashable, tuple[Held, int]] = field(default_factory=dict)

    def next(self) -> Site:
        """The next copy."""
        name, step = str(self.index), self.step if self.step.each is None else self.step.each.row
        return Site(step, self.scope, self.operands, f"{self.path}.{name}", name, self._arguments())

    def names(self) -> Row:
        """What differs from copy to copy, by name, for the next copy."""
        if self.step.each is not None:
            return {**self.around, **self.rows[self.index]}
        return self.around if self.step.counter is None else {**self.around, str(self.step.counter.value): self.index}

    def _arguments(self) -> Mapping[str, Entry]:
        arguments = self.step.arguments
        if self.index == 0 and self.step.first:
            arguments = arguments | self.step.first
        if self.index == self.count - 1 and self.step.last:
            arguments = arguments | self.step.last
        return arguments

    def uses(self) -> Sequence[Use]:
        """The copies that hold something."""
        copies = Copies(tuple(self.runs.runs), self.step, tuple(range(1, len(self.operands))), self.rows)
        return copies if self.stand_in is None else [*copies, self.stand_in]


class Repeats:
    """Makes nodes, those with copies too; ``single`` makes a node without, and each copy."""

    def __init__(self, walk: Walk, single: Callable[[Site], Made]) -> None:
        self.walk = walk
        self.single = single

    def made(self, site: Site) -> Made:
        """A node where it stands."""
        if site.step.each is None and site.step.repeat is None:
            return self.single(site)
        held = self._held(site)
        return (UNKNOWN_TENSOR, None) if held is None else self._placed(site, *held)

    @staticmethod
    def _placed(site: Site, result: Result, body: Body | None) -> Made:
        """Copies where they stand."""
        lifted = {port: outside(site.name, inner, site.operands) for port, inner in outputs_of(result).items()}
        given: Result = lifted["output"] if isinstance(result, Tensor) else lifted
        if body is None:
            return given, None
        return given, Use(site.name, body, site.origins, site.step, site.arguments)

    def _held(self, site: Site) -> Held | None:
        """What a repeat or table holds; None where an error left the number of copies open."""
        step, names = site.step, site.scope.names
        table = () if step.each is None else rows(step.each, site, self.walk)
        if table is None:
            return None
        count = self._count(site) if step.each is None else len(table)
        if count is None:
            return None
        around = names.index, names.loops
        copies = _Copies(step, site.scope, inside(site.operands), site.path, count, table, names.loops)
        result = self._copies(copies)
        names.index, names.loops = around
        uses, outputs = copies.uses(), outputs_of(result)
        if not uses:
            return result, None
        return result, Body("repeat", {}, uses, origins_of(outputs), shapes_of(outputs), site.scope.definition, None)

    def _count(self, site: Site) -> int | None:
        """The number of copies of a repeat, or None where an error left it open."""
        repeat = site.step.repeat
        assert repeat is not None
        count = self.walk.value(repeat, site.scope, site.path)
        if count is UNKNOWN:
            return None
        if type(count) is int and count >= 0:
            return count
        message, expected = "`repeat` is no number of copies", "an integer of at least 0"
        self.walk.wrong_value(message, repeat, count, expected, site.scope, site.path)
        return None

    def _copies(self, copies: _Copies) -> Result:
        """What the last copy gives, as the inside of the repeat knows it."""
        walk, step = self.walk, copies.step
        alike = step.each is None and not asks_index(step)
        result: Result = copies.operands[0] if copies.operands else UNKNOWN_TENSOR
        while copies.index < copies.count:
            before, steps = walk.failures.progress(), walk.steps
            result, use = self._copy(copies, before)
            following = self._chained(step, result, copies.path)
            if len(walk.trace.reported) > before.errors or following.shape is None:
                # Further copies would repeat the error.
                return walk.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            same = alike and use is not None and use.written is step.arguments
            if same and following.shape == copies.operands[0].shape:
                following = self._further(copies, following, walk.steps - steps)
                result = following if isinstance(result, Tensor) else dict.fromkeys(result, following)
            copies.operands = (following, *copies.operands[1:])
        return result

    def _copy(self, copies: _Copies, before: Progress) -> Made:
        site = copies.next()
        self.walk.spend(site.step, len(site.operands))
        names, told = site.scope.names, len(self.walk.trace.found)
        names.index, names.loops = copies.index, copies.names()
        is_repeat = copies.step.each is not None and site.step.repeat is not None
        result, use = self._repeated_row(copies, site) if is_repeat else self.single(site)
        if use is not None:
            copies.runs.add(copies.index, use.content, site.operands[0].origin, use.written)
        elif self.walk.failures.came_up(before):
            copies.stand_in = self.walk.failures.stand_in(site.step, site.name, site.operands, site.path, before)
        if copies.step.each is not None and len(self.walk.trace.found) > told:
            place = row_place(copies.step.each, copies.index, copies.scope)
            if place is not None:
                self.walk.trace.annotate(told, _OF_VALUES, Note("in the copy for this row", place.span))
        copies.index += 1
        return result, use

    def _repeated_row(self, copies: _Copies, site: Site) -> Made:
        """A row of a table that is a repeat of its own; equal ones hold the same."""
        walk, before = self.walk, self.walk.steps
        key = frozen(site.scope.names.asked(site.step)), site.shapes, id(site.arguments)
        if key in copies.held and walk.steps + copies.held[key][1] <= walk.limits.nodes:
            held, steps = copies.held[key]
            walk.steps += steps
            return self._placed(site, *held)
        found = self._held(site)
        if found is None:
            return UNKNOWN_TENSOR, None
        copies.held[key] = found, walk.steps - before
        return self._placed(site, *found)

    def _further(self, copies: _Copies, following: Tensor, steps: int) -> Tensor:
        """Add the copies that are as the last one, as many as the limit on nodes allows; what the last gives."""
        end = copies.count - bool(copies.step.last)
        more = min(end - copies.index, (self.walk.limits.nodes - self.walk.steps) // steps)
        if more <= 0:
            return following
        self.walk.steps += more * steps
        copies.index += more
        return Tensor(copies.runs.lengthen(more), following.shape)

    def _chained(self, step: Step, result: Result, path: str) -> Tensor:
        """What the next copy takes of one."""
        outputs = outputs_of(result)
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        if outputs:  # a graph without an output has been reported
            message = f"`{step.name}` has several outputs ({listed(outputs)}), and each copy takes the one before"
            help = "choose one with `output:`" if step.kind == "block" else ""
            self.walk.trace.report("ambiguous-output", message, step.key, path=path, help=help)
        return UNKNOWN_TENSOR
