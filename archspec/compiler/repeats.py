"""Repeats: copies of a node, gathered into runs of equal ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from archspec.compiler.failures import Progress
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
from archspec.errors import listed
from archspec.language.definition import Step
from archspec.language.loader import LoadError
from archspec.language.source import Entry
from archspec.language.usage import names_in
from archspec.language.values import UNKNOWN
from archspec.network import Body, Content, Copies, Origin, Run, Use
from archspec.ops.tensor import Shape


def asks_index(step: Step) -> bool:
    """Whether the expressions of a node, those inside of a group too, ask for the index of a copy."""
    values = [*step.values()]
    if step.group is not None:
        values += [output.when for output in step.group.outputs if output.when]
    if any("index" in names_in(value) for value in values):
        return True
    return step.group is not None and any(map(asks_index, step.group.steps))


class Runs:
    """Copies in order, one after another."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def add(self, index: int, content: Content, first: tuple[Origin, ...], written: Mapping[str, Entry]) -> None:
        """A copy more, which takes ``first``."""
        run = Run(index, 1, content, first, written)
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
        alike = last.content is run.content and last.written is run.written
        return alike and last.stop == run.start and last.given(run.start - 1) == run.first


@dataclass(slots=True)
class _Copies:
    """The copies of a repeat that is walked.

    Attributes:
        step: The node that repeats.
        scope: The graph that it stands in.
        operands: What the next copy takes.
        path: Its path.
        count: How many copies there will be.
        index: The index of the next copy.
        runs: The copies so far.
        handed: How many of the operands each copy has from the one before: one, or all.
        given: What each copy so far gives; None where nothing asks for that.
        stand_in: What stands for the copy that failed.
    """

    step: Step
    scope: Scope
    operands: tuple[Tensor, ...]
    path: str
    count: int
    index: int = 0
    runs: Runs = field(default_factory=Runs)
    handed: int = 1
    given: list[Result] | None = None
    stand_in: Use | None = None

    def next(self) -> Site:
        """The next copy."""
        name = str(self.index)
        return Site(self.step, self.scope, self.operands, f"{self.path}.{name}", name, self._arguments())

    def _arguments(self) -> Mapping[str, Entry]:
        arguments = self.step.arguments
        if self.index == 0 and self.step.first:
            arguments = arguments | self.step.first
        if self.index == self.count - 1 and self.step.last:
            arguments = arguments | self.step.last
        return arguments

    def uses(self) -> Sequence[Use]:
        """The copies that hold something."""
        copies = Copies(tuple(self.runs.runs), self.step, tuple(range(self.handed, len(self.operands))))
        return copies if self.stand_in is None else [*copies, self.stand_in]


class Repeats:
    """Makes nodes of repeats; ``single`` makes each copy."""

    def __init__(self, walk: Walk, single: Callable[[Site], Made]) -> None:
        self.walk = walk
        self.single = single

    def made(self, site: Site) -> Made:
        """A repeat where it stands."""
        count = self._count(site)
        if count is None:
            return UNKNOWN_TENSOR, None
        names = site.scope.names
        outer, copies = names.index, _Copies(site.step, site.scope, inside(site.operands), site.path, count)
        if site.name in site.scope.taken:
            copies.given = []
        result = self._copies(copies)
        names.index = outer
        outputs = outputs_of(result)
        given = _lifted(result, site)
        if copies.given is not None:
            site.scope.copies[site.name] = tuple([_lifted(each, site) for each in copies.given])
        uses = copies.uses()
        if not uses:
            return given, None
        body = Body("repeat", {}, uses, origins_of(outputs), shapes_of(outputs), site.scope.definition, None)
        return given, Use(site.name, body, site.origins, site.step, site.arguments)

    def _count(self, site: Site) -> int | None:
        """The number of copies, or None where an error left it open."""
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
        walk, step, alike = self.walk, copies.step, not asks_index(copies.step)
        result = self._passed(copies)
        while copies.index < copies.count:
            before, steps = walk.failures.progress(), walk.steps
            result, use = self._copy(copies, before)
            following = self._chained(copies, result)
            if len(walk.trace.reported) > before.errors or any(each.shape is None for each in following):
                # Further copies would repeat the error.
                return walk.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            same = alike and use is not None and use.written is step.arguments
            if same and _shapes(following) == _shapes(copies.operands[: copies.handed]):
                following = self._further(copies, following, result, walk.steps - steps)
                result = _with(result, following)
            copies.operands = (*following, *copies.operands[copies.handed :])
        return result

    def _passed(self, copies: _Copies) -> Result:
        """What a repeat without copies gives: what it takes, all of it where copies would hand all on."""
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
        site.scope.names.index = copies.index
        result, use = self.single(site)
        if use is not None:
            first = tuple([each.origin for each in site.operands[: len(outputs_of(result))]])
            copies.runs.add(copies.index, use.content, first, use.written)
        elif self.walk.failures.came_up(before):
            copies.stand_in = self.walk.failures.stand_in(site.step, site.name, site.operands, site.path, before)
        copies.index += 1
        if copies.given is not None:
            copies.given.append(result)
        return result, use

    def _further(
        self, copies: _Copies, following: tuple[Tensor, ...], result: Result, steps: int
    ) -> tuple[Tensor, ...]:
        """Add the copies that are as the last one, as many as the limit on nodes allows; what the last gives."""
        end = copies.count - bool(copies.step.last)
        more = min(end - copies.index, (self.walk.limits.nodes - self.walk.steps) // steps)
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
