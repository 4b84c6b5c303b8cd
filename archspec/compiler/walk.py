"""What every part of the walk over a definition shares: how far it came, what it found, and what nodes take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from archspec.compiler.binding import evaluate, of_expression
from archspec.compiler.failures import Failures
from archspec.compiler.sharing import LIBRARY, Key, Memory, Shared
from archspec.compiler.tensors import UNKNOWN_TENSOR, OutputsOfOp, Result, Scope, Tensor, outputs_of
from archspec.compiler.trace import Failed, Trace
from archspec.errors import Change, Help, SpecError, listed, nearest
from archspec.language.choice import Choice
from archspec.language.definition import ALL_COPIES, UNKNOWN_OUTPUTS, Definition, Reference, Step
from archspec.language.edits import Edits
from archspec.language.interruption import go_on
from archspec.language.limits import VALUES_OF_A_STEP, raise_limit
from archspec.language.loader import Loader, Reading
from archspec.language.source import Entry, Scalar, Value
from archspec.language.values import UNKNOWN, Unknown
from archspec.language.wording import found, hint
from archspec.network import Origin, Use
from archspec.ops.tensor import Shape

Made = tuple[Result, Use | None]
"""What a node gives, and its place in the graph; None for one that passes through or failed."""

T = TypeVar("T")

CHARACTERS_OF_A_VALUE = 8
"""Of arguments that are written out."""


_NO_VALUES: Mapping[str, Any] = {}


class Site(NamedTuple):
    """A node, or one copy of it, where it stands.

    Attributes:
        step: The node as written.
        scope: The graph that it stands in.
        operands: What it takes.
        path: Its path.
        name: What it is called where it stands; of a copy, its index.
        arguments: The values of its arguments, for this copy of a repeat.
        edits: What ``override:`` changes inside of it.
        choice: What it is, where its graph leaves that to a value; None where the graph names it.
        values: Those of its arguments that were computed before, for all copies.
    """

    step: Step
    scope: Scope
    operands: tuple[Tensor, ...]
    path: str
    name: str
    arguments: Mapping[str, Entry]
    edits: Edits
    choice: Choice | None = None
    values: Mapping[str, Any] = _NO_VALUES

    def chosen(self, choice: Choice) -> Site:
        """It, where a value says what it is."""
        arguments = {**choice.arguments, **self.arguments} if choice.arguments else self.arguments
        return Site(*self[:5], arguments, self.edits, choice, self.values)

    @property
    def target(self) -> Scalar:
        """The value that names its op or block."""
        target = self.step.target if self.choice is None else self.choice.target
        assert target is not None
        return target

    @property
    def key(self) -> Scalar:
        """The place of errors about it as a whole: its name, or the value that says what it is."""
        return self.step.key if self.choice is None else self.choice.target

    @property
    def user(self) -> Definition:
        """The definition that names its op or block, which may be one of the blocks there."""
        if self.choice is not None:
            assert isinstance(self.choice.user, Definition)
            return self.choice.user
        stated = next((each for each in reversed(self.step.changes) if "block" in each.value.entries), None)
        return stated.definition if stated else self.scope.definition

    @property
    def shapes(self) -> tuple[Shape | None, ...]:
        """Shapes of its operands; None for one that an error left unknown."""
        return tuple([tensor.shape for tensor in self.operands])

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where its graph has its operands from."""
        return tuple([tensor.origin for tensor in self.operands])


class Spent(NamedTuple):
    """What a part of the walk took, as `Shared` has it: steps, height, blocks used, and patterns that fitted."""

    steps: int
    height: int
    readings: tuple[Reading, ...]
    changed: tuple[Scalar, ...]


class Walk:
    """The state of one elaboration.

    Attributes:
        loader: Where blocks come from.
        memory: Where graphs of the loader's files are kept.
        trace: Where errors go.
        failures: The nodes that failed so far.
        limits: Bounds.
        steps: The steps taken so far.
        depth: The graphs around the present node.
        height: The graphs inside each other in what was walked of the present graph.
        readings: The blocks used so far in the block or group that is walked.
        changed: The patterns of ``override:`` that have fitted a node so far, there.
    """

    def __init__(self, loader: Loader, memory: Memory, trace: Trace) -> None:
        self.loader = loader
        self.memory = memory
        self.trace = trace
        self.failures = Failures(trace)
        self.limits = loader.limits
        self.steps = 0
        self.depth = 0
        self.height = 0
        self.readings: dict[Reading, None] = {}
        self.changed: dict[Scalar, None] = {}

    def spend(self, step: Step, operands: int = 0) -> None:
        """Take a step more, and further ones where a node takes many operands.

        Raises:
            SpecError: It is one too many.
            Interrupted: Nobody wants the network any more.
        """
        go_on()
        self.steps += 1
        if operands >= VALUES_OF_A_STEP:
            self.weigh(step, operands)
        elif self.steps > self.limits.nodes:
            raise self._too_many(step, "")

    def weigh(self, step: Step, values: int) -> None:
        """Take the steps that so many operands, or values of arguments, are worth.

        Raises:
            SpecError: They are too many.
        """
        self.steps += values // VALUES_OF_A_STEP
        if self.steps > self.limits.nodes:
            raise self._too_many(step, f", where {VALUES_OF_A_STEP} operands or values of arguments count as one more")

    def _too_many(self, step: Step, counting: str) -> SpecError:
        message, help = f"the network has more than {self.limits.nodes:,} nodes{counting}", raise_limit("nodes")
        return SpecError([self.trace.diagnostic("limit-exceeded", message, step.key, help=help)])

    def is_too_deep(self, value: Value, path: str) -> bool:
        """Whether a block or group stands in too many others; that is reported."""
        deep = self.depth > self.limits.nesting
        if deep:
            message = f"blocks and groups nest deeper than {self.limits.nesting}"
            self.trace.report("limit-exceeded", message, value, path=path, help=raise_limit("nesting"))
        return deep

    # Sharing

    def known(self, key: Key) -> Shared | None:
        """What an equal use holds; None where there was none, or where this one would go beyond a limit."""
        shared = LIBRARY.get(key) or self.memory.get(key)
        if shared is None or self.steps + shared.steps > self.limits.nodes:
            return None
        if self.depth + shared.height - 1 > self.limits.nesting:
            return None
        if self.trace.frames and shared.readings and shared.holds(frame.definition for frame in self.trace.frames):
            return None
        self.steps += shared.steps
        self.height = max(self.height, shared.height)
        self.readings.update(dict.fromkeys(shared.readings))
        self.changed.update(dict.fromkeys(shared.changed))
        return shared

    def spent(self, make: Callable[[], T], weight: int = 0) -> tuple[T, Spent]:
        """What a function makes, and what of the walk that took; ``weight`` is steps that it takes besides."""
        before, height, readings, changed = self.steps, self.height, self.readings, self.changed
        self.steps += weight
        self.height, self.readings, self.changed = 0, {}, {}
        made = make()
        spent = Spent(self.steps - before, self.height, tuple(self.readings), tuple(self.changed))
        self.height = max(height, self.height)
        self.readings, self.changed = readings | self.readings, changed | self.changed
        return made, spent

    def keep(self, keys: Iterable[Key], shared: Shared, scope: Scope) -> None:
        """Keep what stands in a graph for equal uses, where nothing is wrong so far.

        It is kept for the process where all in it stands in files that a process reads once.
        """
        if self.trace.found:
            return
        inside = (scope.definition, *(reading.definition for reading in shared.readings))
        is_bundled = not scope.edits and all(each and each.source.bundled for each in inside)
        (LIBRARY if is_bundled else self.memory).keep(keys, shared)

    # Values

    def value(self, value: Value, scope: Scope, path: str) -> Any:
        """The plain value, or `UNKNOWN` where an error left it open."""
        try:
            return evaluate(value, scope.names, self.trace, path)
        except (Failed, Unknown):
            return UNKNOWN

    def condition(self, value: Value, scope: Scope, path: str) -> Any:
        """True, false, or `UNKNOWN` where an error left it open."""
        condition = self.value(value, scope, path)
        if isinstance(condition, bool) or condition is UNKNOWN:
            return condition
        self.wrong_value("the condition is neither true nor false", value, condition, "true or false", scope, path)
        return UNKNOWN

    def wrong_value(self, message: str, value: Value, plain: Any, expected: str, scope: Scope, path: str) -> None:
        """Report a value that is not what was expected."""
        help = hint(value, plain, expected, scope.names)
        details = {"path": path, "expected": expected, "found": found(plain), "help": help}
        self.trace.report("invalid-value", message, value, same=of_expression(message, value), **details)

    def take(self, reference: Reference, scope: Scope, path: str) -> Tensor:
        """The tensor that a reference means."""
        result = scope.tensors[reference.name]
        if reference.port and reference.copy:
            return self._take_copy(reference, scope, path)
        if isinstance(result, Tensor):
            if reference.port and result.shape is not None:
                message = f"`{reference.name}` has one output, and no `{reference.port}`"
                help = Help.instead(f"write `{reference.name}`", reference.name)
                same = (scope.path, reference.name)
                self.trace.report("unknown-node", message, reference.value, same=same, path=path, help=help)
                return UNKNOWN_TENSOR
            return result
        single = len(result) == 1 or isinstance(result, OutputsOfOp)
        name = reference.port or (next(iter(result)) if single else "")
        if name in result:
            return result[name]
        if result and UNKNOWN_OUTPUTS not in result:  # a graph without an output has been reported
            self._no_output(reference, name, result, scope, path)
        return UNKNOWN_TENSOR

    def _take_copy(self, reference: Reference, scope: Scope, path: str) -> Tensor:
        """What a copy of a repeat gives."""
        if scope.is_unknown(reference.name):
            return UNKNOWN_TENSOR
        copies, name, index = scope.copies.get(reference.name, ()), reference.name, int(reference.copy)
        if not -len(copies) <= index < len(copies):
            there = f"{len(copies)} cop{'y' if len(copies) == 1 else 'ies'}" if copies else "no copies here"
            help = f"they are 0 to {len(copies) - 1}, or -{len(copies)} to -1 from the end" if copies else ""
            meant = f"{name}.{len(copies) - 1}" if copies else name
            help = Help.instead(help or f"write `{name}`", meant) if not reference.of_copy else help
            message = f"`{name}` has {there}, and no `{reference.copy}`"
            self.trace.report("unknown-node", message, reference.value, path=path, help=help)
            return UNKNOWN_TENSOR
        outputs = outputs_of(copies[index])
        port = reference.of_copy or (next(iter(outputs)) if len(outputs) == 1 else "")
        if port in outputs:
            return outputs[port]
        code, message = "ambiguous-output", f"a copy of `{name}` has several outputs: {listed(outputs)}"
        inside = port.partition(".")[0]
        if inside == ALL_COPIES or inside.removeprefix("-").isdecimal():
            message, help = f"copies inside of a copy of `{name}` are not seen", f"{name}.{reference.copy}"
            help = Help.instead(f"take `{help}`", help)
            self.trace.report("unknown-node", message, reference.value, same=message, path=path, help=help)
            return UNKNOWN_TENSOR
        if port:
            code, message = "unknown-node", f"a copy of `{name}` has no output `{port}`; it has {listed(outputs)}"
        copy = ALL_COPIES if f".{ALL_COPIES}" in str(reference.value.plain()) else reference.copy
        meant = f"{name}.{copy}.{nearest(port, outputs) or next(iter(outputs))}"
        help = Help.instead(f"take `{meant}`", meant)
        self.trace.report(code, message, reference.value, same=message, path=path, help=help)
        return UNKNOWN_TENSOR

    def _no_output(
        self, reference: Reference, name: str, result: Mapping[str, Tensor], scope: Scope, path: str
    ) -> None:
        target = next((step.target for step in scope.graph.steps if step.name == reference.name), None)
        given = frozenset(port for port, tensor in result.items() if tensor is not UNKNOWN_TENSOR)
        same = (str(target.value), given) if target else None
        meant = f"{reference.name}.{nearest(name, result) or next(iter(result))}"
        is_named = str(reference.value.plain()).partition(".")[0] == reference.name
        change = Change("replace", meant) if is_named else Change("set", f"from: {meant}")
        help = Help(f"take `from: {meant}`", change)
        if name:
            code, message = "unknown-node", f"`{reference.name}` has no output `{name}`; it has {listed(result)}"
        else:
            code, message = "ambiguous-output", f"`{reference.name}` has several outputs: {listed(result)}"
        self.trace.report(code, message, reference.value, same=same, path=path, help=help)
        # expressions that ask for it, and further nodes that take it, are not wrong too
        known = dict(result) if len(result) > 1 else {}
        scope.tensors[reference.name] = known | {name if known else UNKNOWN_OUTPUTS: UNKNOWN_TENSOR}
