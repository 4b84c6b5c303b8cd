"""Repeats and tables: copies of a node, made one after another, and what equal ones have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from archspec.compiler.binding import evaluate
from archspec.compiler.failures import Progress
from archspec.compiler.overriding import Overriding
from archspec.compiler.repetition import Held, Repetition, arguments_of, asks_index, ends_of
from archspec.compiler.sharing import Shared, frozen
from archspec.compiler.tables import Row, row_place, rows
from archspec.compiler.tensors import (
    UNKNOWN_TENSOR,
    Result,
    Tensor,
    inside,
    origins_of,
    outputs_of,
    outside,
    shapes_of,
)
from archspec.compiler.trace import Failed, Trace
from archspec.compiler.walk import Made, Site, Walk
from archspec.errors import Note, listed
from archspec.language.choice import Choice, chosen, names_one
from archspec.language.definition import Definition, OutputStep
from archspec.language.expr import is_expression
from archspec.language.loader import LoadError
from archspec.language.names import OPERAND
from archspec.language.source import Scalar, Value
from archspec.language.values import UNKNOWN, Unknown
from archspec.network import Body, Origin, Use
from archspec.ops.tensor import Shape

_OF_VALUES = frozenset({"invalid-argument", "invalid-expression", "invalid-value", "shape-mismatch"})
"""Kinds of errors that may be the fault of a row."""
_OF_NAMES = frozenset({"missing-argument", "unknown-argument", "unknown-block", "unknown-op"})
"""Those that may be the fault of an op or a block in it."""


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
        copies = Repetition(
            step, site.scope, taken, path, site.edits, self.overriding, count, table, names.loops, site.arguments
        )
        copies.given = given
        held = self._shared(copies, site) if given is None and self._is_shared(site) else self._walked(copies)
        names.index, names.loops = around
        return held

    def _walked(self, copies: Repetition) -> Held:
        """What copies hold, made one after another."""
        result = self._copies(copies)
        uses, outputs = copies.uses(), outputs_of(result)
        if not uses:
            return result, None
        definition = copies.scope.definition
        return result, Body("repeat", {}, uses, origins_of(outputs), shapes_of(outputs), definition, None)

    def _is_shared(self, site: Site) -> bool:
        """Whether a repeat holds the same wherever its arguments and operands are equal: no copy asks for more."""
        step = site.step
        if step.kind != "block" or step.each is not None or step.reused is not None or step.changes or site.edits:
            return False
        asked = self.walk.memory.asked(step)
        return OPERAND not in asked and not asks_index(step, asked)

    def _shared(self, copies: Repetition, site: Site) -> Held:
        """What copies of a block hold, once for equal uses; their arguments are computed once for all."""
        walk, step, scope = self.walk, site.step, site.scope
        assert step.target is not None
        values = self._computed(copies) if copies.count else None
        if values is None:
            return self._walked(copies)
        target = walk.value(step.target, scope, f"{site.path}.0")
        decided = frozen({**dict(enumerate(values)), -1: target})
        place = scope.definition, id(step), tuple(copies.arguments)
        key = ("repeat", *place, copies.count, _shapes(copies.operands), decided)
        shared = walk.known(key)
        if shared is not None:
            return shared.outputs, shared.body
        held, spent = walk.spent(lambda: self._walked(copies))
        result, body = held
        if body is not None and type(result) is dict:
            walk.keep((key,), Shared(body, result, *spent), scope)  # the body keeps the step, and so its id
        return held

    def _computed(self, copies: Repetition) -> Iterable[Any] | None:
        """The values of the arguments of all copies, each once, which the copies have then; None where one is open."""
        known: dict[int, Any] = {}
        for index in sorted({0, min(1, copies.count - 1), copies.count - 1}):
            arguments, path = arguments_of(copies.step, copies.arguments, index, copies.count), f"{copies.path}.{index}"
            for entry in arguments.values():
                if id(entry) not in known:
                    known[id(entry)] = self.walk.value(entry.value, copies.scope, path)
            ends = ends_of(copies.step, index, copies.count)
            copies.values[ends] = {name: known[id(entry)] for name, entry in arguments.items()}
            if UNKNOWN in known.values():
                copies.values.clear()  # each copy finds the error for itself
                return None
        return known.values()

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

    def _copies(self, copies: Repetition) -> Result:
        """What the last copy gives, as the inside of the repeat knows it."""
        walk, step = self.walk, copies.step
        alike = step.each is None and not asks_index(step, walk.memory.asked(step))
        result: Result = UNKNOWN_TENSOR if copies.count else self._passed(copies)
        while copies.index < copies.count:
            before, steps, end = walk.failures.progress(), walk.steps, copies.alike_until()
            result, use = self._copy(copies, before)
            following = self._chained(copies, result)
            if len(walk.trace.reported) > before.errors or any(each.shape is None for each in following):
                # Further copies would repeat the error.
                return walk.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            more, handed = int(min(end, copies.count)) - copies.index, copies.operands[: copies.handed]
            if alike and use is not None and more > 0 and _shapes(following) == _shapes(handed):
                result = self._further(copies, result, more, walk.steps - steps)
                following = tuple(outputs_of(result).values())[: copies.handed]
            copies.operands = (*following, *copies.operands[copies.handed :])
        return result

    def _passed(self, copies: Repetition) -> Result:
        """What a repeat without copies gives, or a copy passes on: what it takes, all where copies hand all on."""
        outputs, operands = self._outputs(copies), copies.operands or (UNKNOWN_TENSOR,)
        if len(outputs) < max(2, len(operands)) or any(output.when for output in outputs):
            return operands[0]
        return {output.name: operand for output, operand in zip(outputs, operands, strict=False)}

    def _outputs(self, copies: Repetition) -> tuple[OutputStep, ...]:
        """What a copy that is left out would give, by name; none for an op or where no block is known."""
        step, target, user = copies.step, copies.step.target, copies.scope.definition
        if step.outputs or step.kind != "block" or target is None:
            return step.outputs or (step.group.outputs if step.group else ())
        if is_expression(target.value):
            choice = self._choice(copies, target)
            if choice is None:
                return ()
            target, user = choice.target, cast("Definition", choice.user)
        with suppress(LoadError):
            definition = self.walk.loader.block(target, user).definition
            return definition.graph.outputs if definition else ()
        return ()

    @staticmethod
    def _choice(copies: Repetition, target: Scalar) -> Choice | None:
        """The block that an expression gives; None where it gives none: an error is told where a copy needs it."""
        with suppress(Failed, Unknown):
            value = evaluate(target, copies.scope.names, Trace(), copies.path)
            found = chosen(value, "block", target, copies.scope.definition) if names_one(value, "block") else value
            return found if isinstance(found, Choice) and found.kind == "block" else None
        return None

    def _copy(self, copies: Repetition, before: Progress) -> Made:
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
            width = copies.handed if copies.gives else len(outputs_of(result))
            first = tuple([each.origin for each in site.operands[:width]])
            copies.runs.add(copies.index, use, first)
        elif self.walk.failures.came_up(before):
            copies.stand_in = self.walk.failures.stand_in(site.step, site.name, site.operands, site.path, before)
        if len(self.walk.trace.found) > told:
            self._annotate(copies, told)
        copies.index += 1
        if copies.given is not None:
            copies.given.append(result)
        return result, use

    def _annotate(self, copies: Repetition, told: int) -> None:
        """Say of errors in a copy which row it is for, and what it has from the copy before."""
        if copies.step.each is not None:
            place = row_place(copies.step.each, copies.index, copies.scope)
            if place is not None:
                codes = _OF_VALUES | (_OF_NAMES if _has_names(copies.rows[copies.index]) else set())
                self.walk.trace.annotate(told, codes, Note("in the copy for this row", place.span))
        outputs = copies.step.group.outputs if copies.step.group is not None else ()
        if copies.gives > copies.handed and outputs and outputs[0].reference is not None:
            text = "each copy takes the first output of the one before"
            self.walk.trace.annotate(told, {"shape-mismatch"}, Note(text, outputs[0].reference.value.span))

    def _repeated_row(self, copies: Repetition, site: Site) -> Made:
        """A row of a table that is a repeat of its own; equal ones hold the same."""
        if self._is_shared(site):
            shared = self._held(site)
            return (UNKNOWN_TENSOR, None) if shared is None else self._placed(site, *shared)
        walk, before = self.walk, self.walk.steps
        differing = frozen(site.scope.names.differing(walk.memory.asked(site.step)))
        key = differing, site.shapes, id(site.step), id(site.arguments), site.edits.rules
        if key in copies.held and walk.steps + copies.held[key][1] <= walk.limits.nodes:
            held, steps = copies.held[key]
            walk.steps += steps
            return self._placed(site, *held)
        found = self._held(site)
        if found is None:
            return UNKNOWN_TENSOR, None
        copies.held[key] = found, walk.steps - before
        return self._placed(site, *found)

    def _further(self, copies: Repetition, result: Result, more: int, steps: int) -> Result:
        """Add copies that are as the last one, as many as the limit on nodes allows; what the last gives."""
        more = min(more, (self.walk.limits.nodes - self.walk.steps) // steps)
        if more <= 0:
            return result
        self.walk.steps += more * steps
        run, sizes = copies.runs.lengthen(more), _shapes(tuple(outputs_of(result).values()))
        first, copies.index = copies.index, copies.index + more
        if copies.given is not None:
            copies.given += [_with(result, _tensors(run.given(index), sizes)) for index in range(first, copies.index)]
        return _with(result, _tensors(run.given(run.stop - 1), sizes))

    def _chained(self, copies: Repetition, result: Result) -> tuple[Tensor, ...]:
        """What the next copy takes of one: its first outputs, as many as it has inputs, or its only one."""
        outputs = outputs_of(result)
        given, width = tuple(outputs.values()), len(copies.operands)
        is_passed = given == copies.operands[: len(given)]
        if not copies.gives and (is_passed or len(given) == 1 or len(given) >= width):
            copies.handed, copies.gives = min(len(given), width), 0 if is_passed else len(given)
        elif copies.index == copies.count:
            pass  # nothing is handed on
        elif is_passed and isinstance(result, Tensor):
            return copies.operands[: copies.handed]  # it is left out, or null stands for it
        elif len(given) != copies.gives and not (is_passed and len(given) == copies.handed):
            self._report_chained(copies, tuple(outputs))
            return (UNKNOWN_TENSOR,)
        return given[: copies.handed]

    def _report_chained(self, copies: Repetition, outputs: tuple[str, ...]) -> None:
        """A copy that gives what the next cannot take; a graph without an output has been reported."""
        step = copies.step
        if outputs and copies.gives:
            tensors = f"tensor{'s' * (len(outputs) != 1)}"
            message = f"copy {copies.index - 1} of `{step.name}` gives {len(outputs)} {tensors}, and the one before "
            message += str(copies.gives)
            self.walk.trace.report("ambiguous-output", message, step.key, path=copies.path)
        elif outputs:
            message = f"`{step.name}` has several outputs ({listed(outputs)}), and each copy takes the one before"
            wanted = f"as many outputs as inputs, here {len(copies.operands)} and not {len(outputs)}"
            help = f"choose one with `output:`, or give it {wanted}" if step.kind == "block" else f"give it {wanted}"
            self.walk.trace.report("ambiguous-output", message, step.key, path=copies.path, help=help)


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
