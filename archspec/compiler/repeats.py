"""Repeats and tables: copies of a node, gathered into runs of equal ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from archspec.compiler.failures import Progress
from archspec.compiler.overriding import Ends, Overriding
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
from archspec.language.edits import NO_EDITS, Edits
from archspec.language.loader import LoadError
from archspec.language.source import Entry, Value
from archspec.language.values import UNKNOWN
from archspec.network import Body, Copies, Origin, Run, Use
from archspec.ops.tensor import Shape


def asks_index(step: Step) -> bool:
    """Whether the expressions of a node, those inside of a group too, ask for the index of a copy."""
    names = {"index"} if step.counter is None else {"index", str(step.counter.value)}
    return any(name in names for name in step.asked())


def arguments_of(step: Step, arguments: Mapping[str, Entry], index: int, count: int) -> Mapping[str, Entry]:
    """The values of the arguments of one of so many copies."""
    if index == 0 and step.first:
        arguments = {**arguments, **step.first}
    if index == count - 1 and step.last:
        arguments = {**arguments, **step.last}
    return arguments


def ends_of(step: Step, index: int, count: int) -> Ends:
    """Whether one of so many copies has the arguments of the first one, and those of the last."""
    return index == 0 and bool(step.first), index == count - 1 and bool(step.last)


class Runs:
    """Copies in order, one after another."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def add(self, index: int, use: Use, first: tuple[Origin, ...]) -> None:
        """A copy more, which takes ``first``."""
        run = Run(index, 1, use.content, first, use.written, use.step)
        if self.runs and self._continues(self.runs[-1], run):
            self.lengthen(1)
        else:
            self.runs.append(run)

    def lengthen(self, more: int) -> Run:
        """Copies more that are as the last one; the run of all of them."""
        run = self.runs[-1]
        self.runs[-1] = run = run._replace(length=run.length + more)
        return run

    @staticmethod
    def _continues(last: Run, run: Run) -> bool:
        """Whether a copy is as those before, and takes what these give."""
        alike = last.content is run.content and last.written == run.written
        return alike and last.stop == run.start and last.given(run.start - 1) == run.first


_OF_VALUES = frozenset({"invalid-argument", "invalid-expression", "invalid-value", "shape-mismatch"})
"""Kinds of errors that may be the fault of a row."""
_OF_NAMES = frozenset({"missing-argument", "unknown-argument", "unknown-block", "unknown-op"})
"""Those that may be the fault of an op or a block in it."""

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
        edits: What ``override:`` changes of the copies.
        overriding: Changes them.
        count: How many copies there will be.
        rows: Of a table, the values of its names in each row.
        around: What differs from copy to copy around the node, by name.
        arguments: The values of its arguments.
        index: The index of the next copy.
        runs: The copies so far.
        handed: How many of the operands each copy has from the one before: one, or all.
        given: What each copy so far gives; None where nothing asks for that.
        stand_in: What stands for the copy that failed.
        held: Of a table whose rows are repeats, what each different row holds, and the steps that took.
    """

    step: Step
    scope: Scope
    operands: tuple[Tensor, ...]
    path: str
    edits: Edits
    overriding: Overriding
    count: int
    rows: tuple[Row, ...]
    around: Row
    arguments: Mapping[str, Entry]
    index: int = 0
    runs: Runs = field(default_factory=Runs)
    handed: int = 1
    given: list[Result] | None = None
    stand_in: Use | None = None
    held: dict[Hashable, tuple[Held, int]] = field(default_factory=dict)

    def next(self) -> Site:
        """The next copy."""
        name, step = str(self.index), self.copied
        path = f"{self.path}.{name}"
        arguments, edits = self._arguments(), NO_EDITS
        if self.step.copies_reuse:
            edits = self.edits  # those of what each copy is
        elif self.edits:
            changes, edits = self.edits.at(name)
            if changes:
                step = self.overriding.changed(step, changes, path, self._ends())
                arguments = step.arguments
        return Site(step, self.scope, self.operands, path, name, arguments, edits)

    @property
    def copied(self) -> Step:
        """The node that each copy is."""
        return self.step if self.step.each is None else self.step.each.row

    def names(self) -> Row:
        """What differs from copy to copy, by name, for the next copy."""
        if self.step.each is not None:
            return {**self.around, **self.rows[self.index]}
        return self.around if self.step.counter is None else {**self.around, str(self.step.counter.value): self.index}

    def _ends(self) -> Ends:
        return ends_of(self.step, self.index, self.count)

    def _arguments(self) -> Mapping[str, Entry]:
        return arguments_of(self.step, self.arguments, self.index, self.count)

    def alike_until(self) -> float:
        """The first copy behind the next one that may say something else; the next one where it is one of its own."""
        if any(self._ends()):
            return self.index
        return min(self.count - bool(self.step.last), self.edits.same_until(self.index) if self.edits else math.inf)

    def uses(self) -> Sequence[Use]:
        """The copies that hold something."""
        copies = Copies(tuple(self.runs.runs), self.step, tuple(range(self.handed, len(self.operands))), self.rows)
        return copies if self.stand_in is None else [*copies, self.stand_in]


class Repeats:
    """Makes nodes, those with copies too.

    ``single`` makes a node without copies, and each copy; ``where`` makes a row with a condition, where that holds;
    ``changed`` a copy that ``override:`` speaks of.
    """

    def __init__(
        self,
        walk: Walk,
        overriding: Overriding,
        single: Callable[[Site], Made],
        where: Callable[[Site, Callable[[Site], Made]], Made],
        changed: Callable[[Site, Callable[[Site], Made]], Made],
    ) -> None:
        self.walk = walk
        self.overriding = overriding
        self.single = single
        self.where = where
        self.changed = changed

    def made(self, site: Site) -> Made:
        """A node where it stands."""
        if not site.step.has_copies:
            return self.single(site)
        given: list[Result] | None = [] if site.name in site.scope.taken else None
        held = self._held(site, given)
        if held is None:
            return UNKNOWN_TENSOR, None
        if given is not None:
            site.scope.copies[site.name] = tuple([_lifted(each, site) for each in given])
        return self._placed(site, *held)

    @staticmethod
    def _placed(site: Site, result: Result, body: Body | None) -> Made:
        """Copies where they stand."""
        given = _lifted(result, site)
        if body is None:
            return given, None
        return given, Use(site.name, body, site.origins, site.step, site.arguments)

    def _held(self, site: Site, given: list[Result] | None = None) -> Held | None:
        """What a repeat or table holds; None where an error left the number of copies open.

        Args:
            site: Where it stands.
            given: Where what each copy gives is added.
        """
        step, names = site.step, site.scope.names
        table = () if step.each is None else rows(step.each, site, self.walk)
        if table is None:
            return None
        count = self.count(step.repeat, site) if step.each is None else len(table)
        if count is None:
            return None
        around = names.index, names.loops
        taken, path = inside(site.operands), site.path
        copies = _Copies(
            step, site.scope, taken, path, site.edits, self.overriding, count, table, names.loops, site.arguments
        )
        copies.given = given
        result = self._copies(copies)
        names.index, names.loops = around
        uses, outputs = copies.uses(), outputs_of(result)
        if not uses:
            return result, None
        return result, Body("repeat", {}, uses, origins_of(outputs), shapes_of(outputs), site.scope.definition, None)

    def count(self, repeat: Value | None, site: Site) -> int | None:
        """The number of copies of a repeat, or None where an error left it open."""
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
        result = self._passed(copies)
        while copies.index < copies.count:
            before, steps, end = walk.failures.progress(), walk.steps, copies.alike_until()
            result, use = self._copy(copies, before)
            following = self._chained(copies, result)
            if len(walk.trace.reported) > before.errors or any(each.shape is None for each in following):
                # Further copies would repeat the error.
                return walk.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            more, handed = int(min(end, copies.count)) - copies.index, copies.operands[: copies.handed]
            if alike and use is not None and more > 0 and _shapes(following) == _shapes(handed):
                following = self._further(copies, following, result, more, walk.steps - steps)
                result = _with(result, following)
            copies.operands = (*following, *copies.operands[copies.handed :])
        return result

    def _passed(self, copies: _Copies) -> Result:
        """What a repeat without copies gives, or a copy passes on: what it takes, all where copies hand all on."""
        step, operands = copies.step, copies.operands or (UNKNOWN_TENSOR,)
        outputs = step.outputs or (step.group.outputs if step.group else ())
        if step.kind == "block" and not outputs and step.target is not None and len(operands) > 1:
            with suppress(LoadError):
                reading = self.walk.loader.block(step.target, copies.scope.definition)
                outputs = reading.definition.graph.outputs if reading.definition else ()
        if len(outputs) != len(operands) or len(operands) == 1 or any(output.when for output in outputs):
            return operands[0]
        return {output.name: operand for output, operand in zip(outputs, operands, strict=True)}

    def _copy(self, copies: _Copies, before: Progress) -> Made:
        site = copies.next()
        self.walk.spend(site.step, len(site.operands))
        names, told = site.scope.names, len(self.walk.trace.found)
        if not site.step.copies_reuse:  # else its arguments are those of what it reuses
            names.index, names.loops = copies.index, copies.names()
        site.scope.take(site.operands, site.step.operands is not None)
        is_repeat = copies.step.each is not None and site.step.repeat is not None
        make = partial(self._repeated_row, copies) if is_repeat else self.single
        if site.step is not copies.copied:
            result, use = self.changed(site, make)
        elif copies.step.each is not None and site.step.when is not None:
            result, use = self.where(site, make)
        else:
            result, use = make(site)
        if use is None and site.operands and result is site.operands[0]:
            result = self._passed(copies)
        if use is not None:
            first = tuple([each.origin for each in site.operands[: len(outputs_of(result))]])
            copies.runs.add(copies.index, use, first)
        elif self.walk.failures.came_up(before):
            copies.stand_in = self.walk.failures.stand_in(site.step, site.name, site.operands, site.path, before)
        if copies.step.each is not None and len(self.walk.trace.found) > told:
            place = row_place(copies.step.each, copies.index, copies.scope)
            if place is not None:
                codes = _OF_VALUES | (_OF_NAMES if _has_names(copies.rows[copies.index]) else set())
                self.walk.trace.annotate(told, codes, Note("in the copy for this row", place.span))
        copies.index += 1
        if copies.given is not None:
            copies.given.append(result)
        return result, use

    def _repeated_row(self, copies: _Copies, site: Site) -> Made:
        """A row of a table that is a repeat of its own; equal ones hold the same."""
        walk, before = self.walk, self.walk.steps
        key = frozen(site.scope.names.asked(site.step)), site.shapes, id(site.step), id(site.arguments), site.edits
        if key in copies.held and walk.steps + copies.held[key][1] <= walk.limits.nodes:
            held, steps = copies.held[key]
            walk.steps += steps
            return self._placed(site, *held)
        found = self._held(site)
        if found is None:
            return UNKNOWN_TENSOR, None
        copies.held[key] = found, walk.steps - before
        return self._placed(site, *found)

    def _further(
        self, copies: _Copies, following: tuple[Tensor, ...], result: Result, more: int, steps: int
    ) -> tuple[Tensor, ...]:
        """Add copies that are as the last one, as many as the limit on nodes allows; what the last gives."""
        more = min(more, (self.walk.limits.nodes - self.walk.steps) // steps)
        if more <= 0:
            return following
        self.walk.steps += more * steps
        run, sizes = copies.runs.lengthen(more), _shapes(following)
        first, copies.index = copies.index, copies.index + more
        if copies.given is not None:
            copies.given += [_with(result, _tensors(run.given(index), sizes)) for index in range(first, copies.index)]
        return _tensors(run.given(run.stop - 1), sizes)

    def _chained(self, copies: _Copies, result: Result) -> tuple[Tensor, ...]:
        """What the next copy takes of one: its only output, or all, where it takes as many."""
        step, outputs = copies.step, outputs_of(result)
        if len(outputs) in ((1, len(copies.operands)) if copies.index == 1 else (copies.handed,)):
            copies.handed = len(outputs)
            return tuple(outputs.values())
        if outputs and copies.index > 1:
            message = f"copy {copies.index - 1} of `{step.name}` gives {len(outputs)} tensors, and the one before "
            message += str(copies.handed)
            self.walk.trace.report("ambiguous-output", message, step.key, path=copies.path)
        elif outputs:  # a graph without an output has been reported
            message = f"`{step.name}` has several outputs ({listed(outputs)}), and each copy takes the one before"
            wanted = f"as many inputs as outputs, here {len(outputs)} and not {len(copies.operands)}"
            help = f"choose one with `output:`, or give it {wanted}" if step.kind == "block" else f"give it {wanted}"
            self.walk.trace.report("ambiguous-output", message, step.key, path=copies.path, help=help)
        return (UNKNOWN_TENSOR,)


def _has_names(row: Row) -> bool:
    """Whether a row may say an op or a block."""
    return any(isinstance(value, str | dict) for value in row.values())


def _lifted(result: Result, site: Site) -> Result:
    """What a copy gives, as the graph knows it in which the repeat stands."""
    return _with(result, tuple([outside(site.name, each, site.operands) for each in outputs_of(result).values()]))


def _with(result: Result, tensors: tuple[Tensor, ...]) -> Result:
    """A result with other tensors."""
    return tensors[0] if isinstance(result, Tensor) else dict(zip(result, tensors, strict=True))


def _tensors(origins: tuple[Origin, ...], sizes: tuple[Shape | None, ...]) -> tuple[Tensor, ...]:
    return tuple(map(Tensor, origins, sizes))


def _shapes(tensors: tuple[Tensor, ...]) -> tuple[Shape | None, ...]:
    return tuple([tensor.shape for tensor in tensors])
