"""The copies of a repeat or table while it is walked, gathered into runs of equal ones."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.compiler.overriding import Ends, Overriding
from archspec.compiler.tables import Row
from archspec.compiler.tensors import Result, Scope, Tensor
from archspec.compiler.walk import Site
from archspec.language.definition import Step
from archspec.language.edits import NO_EDITS, Edits
from archspec.language.source import Entry
from archspec.network import Body, Copies, Origin, Run, Use


def asks_index(step: Step, asked: Collection[str]) -> bool:
    """Whether among the names that a node asks for is one of the index of its copy."""
    return "index" in asked or (step.counter is not None and str(step.counter.value) in asked)


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
        return alike and last.stop == run.start and last.operands(run.start) == run.first


Held = tuple[Result, Body | None]
"""What the last copy gives, as the inside of a repeat or table knows it, and the copies; None for no copy."""


@dataclass(slots=True)
class Repetition:
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
        gives: How many tensors each copy gives, of which the first are handed on; 0 while all copies pass theirs on.
        given: What each copy so far gives; None where nothing asks for that.
        stand_in: What stands for the copy that failed.
        held: Of a table whose rows are repeats, what each different row holds, and the steps that took.
        values: Those of the arguments of the first copy, the last, and the others, where they are known beforehand.
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
    gives: int = 0
    given: list[Result] | None = None
    stand_in: Use | None = None
    held: dict[Hashable, tuple[Held, int]] = field(default_factory=dict)
    values: dict[Ends, Mapping[str, Any]] = field(default_factory=dict)

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
        values = self.values[self._ends()] if self.values else {}
        return Site(step, self.scope, self.operands, path, name, arguments, edits, values=values)

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
