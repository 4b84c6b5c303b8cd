"""Repeats: copies of a node, gathered into runs of equal ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from archspec.language.source import Entry
from archspec.language.usage import names_in
from archspec.language.values import UNKNOWN
from archspec.network import Body, Content, Copies, Origin, Run, Use


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
        alike = last.content is run.content and last.written == run.written
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
        stand_in: What stands for the copy that failed.
    """

    step: Step
    scope: Scope
    operands: tuple[Tensor, ...]
    path: str
    count: int
    index: int = 0
    runs: Runs = field(default_factory=Runs)
    stand_in: Use | None = None

    def next(self) -> Site:
        """The next copy."""
        name = str(self.index)
        return Site(self.step, self.scope, self.operands, f"{self.path}.{name}", name, self.arguments())

    def arguments(self) -> Mapping[str, Entry]:
        """The values of the arguments of the next copy."""
        arguments = self.step.arguments
        if self.index == 0 and self.step.first:
            arguments = arguments | self.step.first
        if self.index == self.count - 1 and self.step.last:
            arguments = arguments | self.step.last
        return arguments

    def uses(self) -> Sequence[Use]:
        """The copies that hold something."""
        copies = Copies(tuple(self.runs.runs), self.step, tuple(range(1, len(self.operands))))
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
        result = self._copies(copies)
        names.index = outer
        outputs = outputs_of(result)
        lifted = {port: outside(site.name, inner, site.operands) for port, inner in outputs.items()}
        given: Result = lifted["output"] if isinstance(result, Tensor) else lifted
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
        result: Result = copies.operands[0] if copies.operands else UNKNOWN_TENSOR
        while copies.index < copies.count:
            before, steps = walk.failures.progress(), walk.steps
            usual = copies.arguments() is step.arguments
            result, use = self._copy(copies, before)
            following = self._chained(step, result, copies.path)
            if len(walk.trace.reported) > before.errors or following.shape is None:
                # Further copies would repeat the error.
                return walk.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            same = alike and use is not None and usual
            if same and following.shape == copies.operands[0].shape:
                following = self._further(copies, following, walk.steps - steps)
                result = following if isinstance(result, Tensor) else dict.fromkeys(result, following)
            copies.operands = (following, *copies.operands[1:])
        return result

    def _copy(self, copies: _Copies, before: Progress) -> Made:
        site = copies.next()
        self.walk.spend(site.step, len(site.operands))
        site.scope.names.index = copies.index
        result, use = self.single(site)
        if use is not None:
            copies.runs.add(copies.index, use.content, site.operands[0].origin, use.written)
        elif self.walk.failures.came_up(before):
            copies.stand_in = self.walk.failures.stand_in(site.step, site.name, site.operands, site.path, before)
        copies.index += 1
        return result, use

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
