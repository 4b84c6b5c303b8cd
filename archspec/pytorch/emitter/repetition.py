"""Constructor calls of the copies of repeats: one expression for all, one for each run of equal ones, or a table."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.language.algebra import Code, binary, literal, name, names, substituted
from archspec.network import Block, Node
from archspec.pytorch.emitter.code import Call, Part, Repeated, asked
from archspec.pytorch.emitter.instances import Instances, copies
from archspec.pytorch.emitter.model import Child, Hints, Made, Uses
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import INDEX, Mismatch, Scope, Spot
from archspec.pytorch.emitter.tables import TableLoop, row_of
from archspec.pytorch.emitter.translation import Names
from archspec.pytorch.emitter.unifying import unified

CopiesOf = Mapping[int, Mapping[int, Child]]
"""The copies of a repeat by index, for each instance."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """Writes what makes copies, over the variables of one class.

    Attributes:
        registry: The classes made so far.
        names: What the expressions of the class know.
        make: Writes the call that makes uses of one op, class or group, from the channels that they take and a label.
        make_over: Writes the call that makes copies of a table, over the variables of its rows.
    """

    registry: Registry
    names: Names
    make: Callable[[Uses, Hints, str], Made]
    make_over: Callable[[Scope, Uses, Hints], Made]

    @property
    def scope(self) -> Scope:
        """The variables of the class."""
        return self.names.scope

    @property
    def instances(self) -> Instances:
        """The blocks of the network."""
        return self.registry.instances

    def made(self, uses: Mapping[Spot, Block], operands: Hints, label: str) -> Made:
        """``nn.Sequential`` of the copies of a repeat: one expression for all, or all but the ends, or for runs."""
        indexed = {spot[0]: dict(copies(self.instances.opened(repeat))) for spot, repeat in uses.items()}
        lengths = {number: max(each) + 1 for number, each in indexed.items()}
        step = next(iter(uses.values())).step
        if step is not None and step.each is not None:
            return self._of_table({spot[0]: repeat for spot, repeat in uses.items()}, indexed, operands, label)
        counter = str(step.counter.value) if step is not None and step.counter is not None else ""
        hint = self.names.code(step.repeat) if step else None
        values: dict[Spot, int] = {(number, None): length for number, length in lengths.items()}
        count = self.scope.resolve(values, [hint], f"{label}_repeat")
        full = all(len(each) == lengths[number] for number, each in indexed.items())
        for head, tail in [(0, 0), (1, 0), (0, 1), (1, 1)] if full else []:
            if min(lengths.values()) < head + tail:
                break
            made = self._alike(indexed, count, head, tail, operands, label, counter)
            if made is not None:
                return made
        if len(set(lengths.values())) != 1:
            raise Mismatch
        return self._runs(indexed, max(lengths.values()), operands, label)

    def _of_table(self, repeats: Mapping[int, Block], indexed: CopiesOf, operands: Hints, label: str) -> Made:
        """``nn.Sequential`` of the copies of a table: a loop over its rows, or one after another."""
        lengths = {len(each) for each in indexed.values()} | {max(each) + 1 for each in indexed.values()}
        if len(lengths) == 1 and max(lengths) > 1:
            made = TableLoop(self.instances, self.names, repeats, indexed).made(operands, self.make_over)
            if made is not None:
                return made
        if len({max(each) for each in indexed.values()}) != 1:
            raise Mismatch
        known = dict(self.scope.known)
        try:
            return self._runs(indexed, max(lengths), operands, label, repeats)
        finally:
            self.scope.known = known

    def _alike(
        self, indexed: CopiesOf, count: Code, head: int, tail: int, operands: Hints, label: str, counter: str
    ) -> Made | None:
        """The first copy apart, the last apart, or both, and one expression for all the others."""
        frozen, outer = self.scope.frozen, self.scope.index
        self.scope.frozen = not self.scope.has_columns
        arguments: list[tuple[str, Part]] = []
        channels: list[Code | None] = []
        part: Part = Call("nn.Identity")
        try:
            for start, stop in [*([(0, 1)] if head else []), (head, -tail), *([(-1, 0)] if tail else [])]:
                uses = _between(indexed, start, stop)
                if not uses:
                    continue
                apart = (start, stop) != (head, -tail)
                self._stand_at(_place(count, start) if apart else name(INDEX), counter)
                part, channels = self._fed(uses, [*operands, *channels], label)
                if INDEX in asked(part) and (apart or _is_number(count, head + tail + 1)):  # one copy, and no loop
                    return None
                arguments.append(("", part if apart else _run(part, count, head, tail)))
        except Mismatch:
            return None
        finally:
            self.scope.frozen, self.scope.index = frozen, outer
        one = self._one_loop(indexed, arguments[0][1], part, count) if head and not tail else None
        return one or Call("nn.Sequential", tuple(arguments)), _given_by(part, channels, count, more=not tail)

    def _stand_at(self, index: Code, counter: str) -> None:
        """Let a copy's index be this, for the counter of the repeat too."""
        self.scope.index = index
        if counter:
            self.scope.known[counter] = index

    def _fed(self, uses: Uses, operands: Hints, label: str) -> Made:
        """Copies that take what the ones before them give: made again with that as a hint."""
        _, given = self.make(uses, operands, label)
        return self.make(uses, [*operands, *given], label)

    def _one_loop(self, indexed: CopiesOf, first: Part, others: Part, count: Code) -> Part | None:
        """The first copy and the others in one loop, where that is shorter."""
        made = self.registry.named(first.target) if isinstance(first, Call) else None
        if made is None or not isinstance(first, Call) or not isinstance(others, Call) or others.target != made.name:
            return None
        given: dict[Spot, dict[str, Any]] = {
            (number, index): made.arguments(self.instances.same[copy.path])
            for number, each in indexed.items()
            for index, copy in each.items()
        }
        return unified(self.scope, made, given, first, others, count)

    def _runs(
        self, indexed: CopiesOf, length: int, operands: Hints, label: str, tables: Mapping[int, Block] | None = None
    ) -> Made:
        """Runs of equal copies, each with arguments of its own; a copy that passes its input on is an identity.

        Of the copies of a table, what the names of its rows stand for is known.
        """
        starts = [0, *(index for index in range(1, length) if not self._continue(indexed, index))]
        arguments: list[tuple[str, Part]] = []
        current: Hints = operands
        for start, stop in zip(starts, [*starts[1:], length], strict=True):
            uses: dict[Spot, Child] = {(number, None): each[start] for number, each in indexed.items() if start in each}
            part: Part = Call("nn.Identity")
            if uses:
                if len(uses) != len(indexed):
                    raise Mismatch
                self.scope.known |= row_of(tables, start) if tables else {}
                part, channels = self.make(uses, current, f"{label}{start}")
                current = [*channels, *operands]
            arguments.append(("", _run(part, literal(stop - start), 0, 0)))
        return Call("nn.Sequential", tuple(arguments)), [*current]

    def _continue(self, indexed: CopiesOf, index: int) -> bool:
        """Whether each instance's copy is equal to the one before."""
        return all(self._equal(each.get(index - 1), each.get(index)) for each in indexed.values())

    def _equal(self, left: Child | None, right: Child | None) -> bool:
        if isinstance(left, Node) and isinstance(right, Node):
            return left.applied is right.applied
        if isinstance(left, Block) and isinstance(right, Block) and left.kind == right.kind != "repeat":
            return self.instances.same[left.path] is self.instances.same[right.path]
        return left is right


def _between(indexed: CopiesOf, start: int, stop: int) -> dict[Spot, Child]:
    """The copies of each instance from one index to another, as slices count; a stop of 0 is the end."""
    return {
        (number, index): each[index]
        for number, each in indexed.items()
        for index in range(len(each))[slice(start, stop or None)]
    }


def _place(count: Code, start: int) -> Code:
    """The index of the first copy, or of the last."""
    return literal(0) if start == 0 else binary(count, ast.Sub, literal(1))


def _is_number(code: Code, number: int) -> bool:
    return isinstance(code, ast.Constant) and code.value == number


def _given_by(part: Part, channels: Hints, count: Code, *, more: bool) -> list[Code | None]:
    """What a repeat gives: what its last copy does, or what a copy more would take where all others are alike."""
    constant: list[Code | None] = [code for code in channels if code and INDEX not in names(code)]
    return _of_next(part, count) if len(channels) == 1 and more and not constant else constant


def _of_next(part: Part, count: Code) -> list[Code | None]:
    """What a copy more would be given that depends on its index: it takes what the last one gives."""
    given = [value for _, value in part.arguments] if isinstance(part, Call) else []
    return [substituted(code, {INDEX: count}) for code in given if isinstance(code, ast.expr) and INDEX in names(code)]


def _run(part: Part, count: Code, head: int, tail: int) -> Part:
    """``*(part for i in range(…))`` of so many copies but the first and last ones; the part alone where one is left."""
    if INDEX in asked(part):
        stop = binary(count, ast.Sub, literal(tail))
        return Repeated(part, INDEX, (literal(head), stop) if head else (stop,))
    count = binary(count, ast.Sub, literal(head + tail))
    return part if _is_number(count, 1) else Repeated(part, "_", (count,))
