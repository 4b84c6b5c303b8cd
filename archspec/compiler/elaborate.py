"""From a definition to a network: one walk in order that resolves, validates and infers node by node.

A node with an error gets an unknown shape. The walk goes on, so that each independent error is reported and none is
invented. Equal uses of a block or a group are walked once (`archspec.compiler.sharing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.compiler.application import Application, OpUse
from archspec.compiler.assembly import assembled
from archspec.compiler.binding import Argument, bind, evaluate, names_in
from archspec.compiler.failures import Failures, Progress
from archspec.compiler.repeats import Runs
from archspec.compiler.sharing import LIBRARY, Key, Memory, Shared, frozen
from archspec.compiler.tensors import (
    NOWHERE,
    UNKNOWN_TENSOR,
    Result,
    Scope,
    Tensor,
    inside,
    known,
    outputs_of,
    outside,
    shapes_of,
    tensor_of,
    views,
)
from archspec.compiler.trace import Failed, Frame, Trace
from archspec.errors import SpecError, did_you_mean, listed, nearest
from archspec.language import library
from archspec.language.definition import Definition, GraphSteps, OutputStep, Reference, Step
from archspec.language.limits import raise_limit
from archspec.language.loader import Loader, LoadError, Reading
from archspec.language.source import Entry, Scalar, Source, Value
from archspec.language.source import Sequence as SequenceValue
from archspec.language.values import UNKNOWN, Unknown
from archspec.language.wording import found, hint
from archspec.network import Body, Copies, Network, Use
from archspec.ops import registry
from archspec.ops.tensor import Shape

Made = tuple[Result, Use | None]
"""What a node gives, and its place in the graph; None for one that passes through or failed."""


def elaborate(
    definition: Definition, arguments: Mapping[str, Any], loader: Loader, memory: Memory, trace: Trace
) -> tuple[Network, list[Source]]:
    """The network of a definition with the given values of its parameters, and the files that its blocks came from.

    Errors go to ``trace``; where there is one, the network is what compiled in spite of it. What blocks of the
    loader's files hold is kept in ``memory``.

    Raises:
        SpecError: A limit was reached.
    """
    elaboration = _Elaboration(loader, memory, trace)
    network = elaboration.network(definition, arguments)
    return network, [source for reading in elaboration.readings for source in reading.sources]


class _Elaboration:
    def __init__(self, loader: Loader, memory: Memory, trace: Trace) -> None:
        self.loader = loader
        self.memory = memory
        self.trace = trace
        self.limits = loader.limits
        self.application = Application(trace)
        self.failures = Failures(trace)
        self.readings: dict[Reading, None] = {}
        self.count = 0
        self.depth = 0
        self.height = 0

    def network(self, definition: Definition, arguments: Mapping[str, Any]) -> Network:
        shapes = {name: self._input_shape(name, value, arguments) for name, value in definition.shapes.items()}
        names = definition.graph.inputs or tuple(definition.shapes)[:1] or (NOWHERE,)
        taken = [shapes.get(name) for name in names]
        inputs = tuple(Tensor(NOWHERE if shape is None else i, shape) for i, shape in enumerate(taken))
        outputs, uses = self._graph(Scope.of(definition, definition.graph, arguments, inputs, ""), ())
        body = _body("network", definition, definition.graph, arguments, outputs, uses)
        problems = self.failures.problems if self.trace.found else None
        return assembled(body, dict(zip(names, taken, strict=True)), problems)

    def _input_shape(self, name: str, value: Value, arguments: Mapping[str, Any]) -> Shape | None:
        if not isinstance(value, SequenceValue):
            return None
        try:
            shape = tuple(evaluate(size, arguments, self.trace, "") for size in value.items)
        except (Failed, Unknown):
            return None
        if shape and len(shape) <= 5 and all(type(size) is int and size >= 1 for size in shape):
            return shape
        message = f"the shape of the input `{name}` is no shape"
        expected = "1 to 5 positive integers: channels first, without the batch"
        self.trace.report("invalid-value", message, value, expected=expected, found=found(list(shape)))
        return None

    # Graphs

    def _graph(self, scope: Scope, taken: tuple[OutputStep, ...]) -> tuple[dict[str, Tensor], tuple[Use, ...]]:
        """The outputs of a graph, and what stands in it."""
        above, self.height = self.height, 0
        self.depth += 1
        try:
            return self._walked(scope, taken)
        finally:
            self.depth -= 1
            self.height = max(above, self.height + 1)

    def _walked(self, scope: Scope, taken: tuple[OutputStep, ...]) -> tuple[dict[str, Tensor], tuple[Use, ...]]:
        uses = []
        declared = taken or scope.graph.outputs
        existing = [output for output in declared if self._exists(output, scope)]
        if declared and not existing:
            message = f"no output of `{scope.path or scope.definition.name}` exists: each has a `when` that is false"
            self.trace.report("empty-graph", message, declared[0].when or scope.definition.value, path=scope.path)
        for step in _needed(scope.graph, existing):
            result, use = self._step(step, scope)
            scope.tensors[step.name] = result
            if use is not None:
                uses.append(use)
        return {output.name: self._output(output, scope) for output in existing}, tuple(uses)

    def _exists(self, output: OutputStep, scope: Scope) -> bool:
        return output.when is None or self._condition(output.when, scope, scope.child(output.name)) is not False

    def _output(self, output: OutputStep, scope: Scope) -> Tensor:
        if output.reference is None:
            return UNKNOWN_TENSOR
        if output.reference.name not in scope.tensors:
            name = output.reference.name
            message = f"the graph of `{scope.definition.name}` has no node `{name}`"
            help = did_you_mean(name, [step.name for step in scope.graph.steps])
            self.trace.report_outside("unknown-node", message, output.reference.value, help=help)
            return UNKNOWN_TENSOR
        return self._take(output.reference, scope, scope.path)

    # Nodes

    def _step(self, step: Step, scope: Scope) -> Made:
        errors, failures = len(self.trace.found), len(self.failures.problems)
        result, use = self._made(step, scope)
        if self.trace.found:
            before = Progress(errors, failures)
            references = step.resolved if step.operands is None else step.operands
            operands = [tensor_of(scope.tensors[each.name], each.port) for each in references]
            unread = not step.kind or step.operands is None
            if use is None and (self.failures.came_up(before) or unread):
                use = self.failures.stand_in(step, step.name, operands, scope.child(step.name), before)
            result = self.failures.blamed(result, operands, scope.path, before)
        return result, use

    def _made(self, step: Step, scope: Scope) -> Made:
        self._spend(step)
        path = f"{scope.path}.{step.name}" if scope.path else step.name
        operands = tuple([self._take(reference, scope, path) for reference in step.operands or ()])
        condition = step.when is None or self._condition(step.when, scope, path)
        if condition is False:
            return (operands or (UNKNOWN_TENSOR,))[0], None
        if condition is UNKNOWN or not step.kind:
            return UNKNOWN_TENSOR, None
        if step.repeat is not None:
            return self._repeat(step, scope, operands, path)
        return self._single(step, scope, operands, path, step.name, step.arguments)

    def _take(self, reference: Reference, scope: Scope, path: str) -> Tensor:
        """The tensor that a reference means."""
        result = scope.tensors[reference.name]
        if isinstance(result, Tensor):
            if reference.port and result.shape is not None:
                message = f"`{reference.name}` has one output, and no `{reference.port}`"
                self.trace.report("unknown-node", message, reference.value, path=path, help=f"write `{reference.name}`")
            return result
        name = reference.port or (next(iter(result)) if len(result) == 1 else "")
        if name in result:
            return result[name]
        help = f"take `from: {reference.name}.{nearest(name, result) or next(iter(result))}`" if result else ""
        if name:
            code, message = "unknown-node", f"`{reference.name}` has no output `{name}`; it has {listed(result)}"
        else:
            code, message = "ambiguous-output", f"`{reference.name}` has several outputs: {listed(result)}"
        if result:  # a graph without an output has been reported
            self.trace.report(code, message, reference.value, path=path, help=help)
        return UNKNOWN_TENSOR

    def _condition(self, value: Value, scope: Scope, path: str) -> Any:
        """True, false, or `UNKNOWN` where an error left it open."""
        try:
            condition = evaluate(value, scope.names, self.trace, path)
        except (Failed, Unknown):
            return UNKNOWN
        if isinstance(condition, bool):
            return condition
        self._wrong_value("the condition is neither true nor false", value, condition, "true or false", scope, path)
        return UNKNOWN

    def _wrong_value(self, message: str, value: Value, plain: Any, expected: str, scope: Scope, path: str) -> None:
        help = hint(value, plain, expected, scope.names)
        self.trace.report("invalid-value", message, value, path=path, expected=expected, found=found(plain), help=help)

    def _spend(self, step: Step) -> None:
        self.count += 1
        if self.count > self.limits.nodes:
            message = f"the network has more than {self.limits.nodes:,} nodes"
            help = raise_limit("nodes")
            raise SpecError([self.trace.diagnostic("limit-exceeded", message, step.key, help=help)])

    def _single(
        self,
        step: Step,
        scope: Scope,
        operands: tuple[Tensor, ...],
        path: str,
        name: str,
        arguments: Mapping[str, Entry],
    ) -> Made:
        """A node without its repetition, which stands there by a name."""
        if step.kind == "op":
            return self._op(step, scope, operands, path, name, arguments)
        if step.kind == "block":
            shared = self._block(step, scope, operands, path, arguments)
        else:
            shared = self._group(step, scope, operands, path)
        if shared is None:
            return UNKNOWN_TENSOR, None
        body, outputs = shared
        result = {port: outside(name, inner, operands) for port, inner in outputs.items()}
        if not body.uses:
            return result, None
        return result, Use(name, body, tuple([each.origin for each in operands]), step, arguments)

    def _op(
        self,
        step: Step,
        scope: Scope,
        operands: tuple[Tensor, ...],
        path: str,
        name: str,
        arguments: Mapping[str, Entry],
    ) -> Made:
        assert step.target is not None
        cls = registry.find(str(step.target.value))
        if cls is None:
            self._unknown_op(step.target, scope, path)
            return UNKNOWN_TENSOR, None
        use = OpUse(step, arguments, tuple([each.shape for each in operands]), scope.names, scope.graph, path)
        applied = self.application.apply(cls, use)
        if applied is None:
            return UNKNOWN_TENSOR, None
        inputs = tuple([each.origin for each in operands])
        return Tensor(name, applied.shape), Use(name, applied, inputs, step, arguments)

    def _unknown_op(self, target: Scalar, scope: Scope, path: str) -> None:
        name = str(target.value)
        help = did_you_mean(name, registry.ops()) or "`archspec ops` lists them"
        if name in scope.definition.blocks or library.find(name):
            help = f"`{name}` is a block: write `block: {name}`"
        self.trace.report("unknown-op", f"no op is called `{name}`", target, path=path, help=help)

    # Blocks and groups

    def _block(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str, arguments: Mapping[str, Entry]
    ) -> tuple[Body, dict[str, Tensor]] | None:
        assert step.target is not None
        definition = self._definition(step.target, scope, path)
        if definition is None:
            return None
        names = definition.graph.inputs
        if step.operands is not None and len(operands) != max(1, len(names)):
            words = f"{len(names)} inputs ({', '.join(names)})" if len(names) > 1 else "one input"
            message = f"the block `{definition.name}` takes {words}, not {len(operands)}"
            self.trace.report("operand-count", message, step.key, path=path)
            return None
        operands = operands or (UNKNOWN_TENSOR,) * max(1, len(names))
        values = {name: self._value(entry, scope, path) for name, entry in arguments.items()}
        place = ("block", id(definition), id(step) if step.outputs else 0, tuple([each.shape for each in operands]))
        given = (*place, frozen(values))
        shared = self._known(definition, given)
        if shared is not None:
            return shared.body, shared.outputs
        with self.trace.inside(Frame(step.key, path, definition)):
            bound = {name: Argument(values[name], entry, scope.names) for name, entry in arguments.items()}
            params = bind(definition, bound, views(definition.graph, operands), self.trace, path, step.key)
            if UNKNOWN in params.values():
                return None
            inner = Scope.of(definition, definition.graph, params, inside(operands), path)
            keys = (given, (*place, "bound", frozen(params)))
            return self._elaborated("block", definition, inner, step.outputs, keys)

    def _value(self, entry: Entry, scope: Scope, path: str) -> Any:
        try:
            return evaluate(entry.value, scope.names, self.trace, path)
        except (Failed, Unknown):
            return UNKNOWN

    def _definition(self, target: Scalar, scope: Scope, path: str) -> Definition | None:
        try:
            reading = self.loader.block(target, scope.definition)
        except LoadError as error:
            self.trace.report(error.code, error.message, error.target, path=path, help=error.help)
            return None
        self.readings[reading] = None
        if reading.found:
            self.trace.take(reading.found)
        definition = reading.definition
        if definition is None:
            return None
        if any(frame.definition is definition for frame in self.trace.frames):
            names = [frame.definition.name for frame in self.trace.frames]
            chain = " -> ".join([*names[names.index(definition.name) :], definition.name])
            self.trace.report("circular-definition", f"a block contains itself: {chain}", target, path=path)
            return None
        return None if self._too_deep(target, path) else definition

    def _too_deep(self, value: Value, path: str) -> bool:
        deep = self.depth > self.limits.nesting
        if deep:
            message = f"blocks and groups nest deeper than {self.limits.nesting}"
            self.trace.report("limit-exceeded", message, value, path=path, help=raise_limit("nesting"))
        return deep

    def _group(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str
    ) -> tuple[Body, dict[str, Tensor]] | None:
        if step.group is None or self._too_deep(step.key, path):
            return None
        names = step.group.inputs
        if step.operands is not None and len(operands) != max(1, len(names)):
            message = f"the group takes {len(operands)} nodes and names {len(names) or 'none'} of them"
            help = "name each: `from: [a, b]` with `inputs: [x, y]`"
            self.trace.report("operand-count", message, step.key, path=path, help=help)
            return None
        operands = operands or (UNKNOWN_TENSOR,) * max(1, len(names))
        index = scope.names.index
        if index is not None and not asks_index(step):
            index = None
        shapes = tuple([each.shape for each in operands])
        key = ("group", id(step.group), shapes, frozen(scope.names.params), index)
        shared = self._known(scope.definition, key)
        if shared is not None:
            return shared.body, shared.outputs
        inner = Scope.of(scope.definition, step.group, scope.names.params, inside(operands), path, index)
        return self._elaborated("group", scope.definition, inner, (), (key,))

    # Sharing

    def _memory(self, definition: Definition) -> Memory:
        return LIBRARY if definition.source.bundled else self.memory

    def _known(self, definition: Definition, key: Key) -> Shared | None:
        """What an equal use holds; None where there was none, or where this one would go beyond a limit."""
        shared = self._memory(definition).get(key)
        if shared is None or self.count + shared.steps > self.limits.nodes:
            return None
        if self.depth + shared.height - 1 > self.limits.nesting:
            return None
        if self.trace.frames and shared.readings and shared.holds(frame.definition for frame in self.trace.frames):
            return None
        self.count += shared.steps
        self.height = max(self.height, shared.height)
        self.readings.update(dict.fromkeys(shared.readings))
        return shared

    def _elaborated(
        self, kind: str, definition: Definition, scope: Scope, taken: tuple[OutputStep, ...], keys: tuple[Key, ...]
    ) -> tuple[Body, dict[str, Tensor]]:
        """What a block or group holds, and what it gives; kept for equal uses where nothing is wrong."""
        shared = self._known(definition, keys[-1])
        if shared is None:
            before, height, readings = self.count, self.height, self.readings
            self.height, self.readings = 0, {}
            outputs, uses = self._graph(scope, taken)
            arguments = scope.names.params if kind == "block" else {}
            body = _body(kind, definition, scope.graph, arguments, outputs, uses)
            shared = Shared(body, outputs, self.count - before, self.height, tuple(self.readings))
            self.height, self.readings = max(height, self.height), readings | self.readings
        if not self.trace.found:
            self._memory(definition).keep(keys, shared)
        return shared.body, shared.outputs

    # Repeats

    def _repeat(self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str) -> Made:
        count = self._count(step, scope, path)
        if count is None:
            return UNKNOWN_TENSOR, None
        outer, copies = scope.names.index, _Copies(step, scope, inside(operands), path, count)
        result = self._copies(copies)
        scope.names.index = outer
        outputs = outputs_of(result)
        lifted = {port: outside(step.name, inner, operands) for port, inner in outputs.items()}
        given: Result = lifted["output"] if isinstance(result, Tensor) else lifted
        uses = copies.uses()
        if not uses:
            return given, None
        body = Body("repeat", "", {}, uses, known(outputs), shapes_of(outputs), scope.definition, None)
        return given, Use(step.name, body, tuple([each.origin for each in operands]), step, step.arguments)

    def _copies(self, copies: _Copies) -> Result:
        """What the last copy gives, as the inside of the repeat knows it."""
        step, alike = copies.step, not asks_index(copies.step)
        result: Result = copies.operands[0] if copies.operands else UNKNOWN_TENSOR
        while copies.index < copies.count:
            before, spent = self.failures.progress(), self.count
            result, use = self._copy(copies, before)
            following = self._chained(step, result, copies.path)
            if len(self.trace.found) > before.errors or following.shape is None:
                # Further copies would repeat the error.
                return self.failures.blamed(UNKNOWN_TENSOR, copies.operands, copies.path, before)
            same = alike and use is not None and use.written is step.arguments
            if same and following.shape == copies.operands[0].shape:
                following = self._further(copies, following, self.count - spent)
                result = following if isinstance(result, Tensor) else dict.fromkeys(result, following)
            copies.operands = (following, *copies.operands[1:])
        return result

    def _copy(self, copies: _Copies, before: Progress) -> Made:
        """The next copy."""
        step, scope, index, operands = copies.step, copies.scope, copies.index, copies.operands
        path, name = f"{copies.path}.{index}", str(index)
        self._spend(step)
        scope.names.index = index
        result, use = self._single(step, scope, operands, path, name, copies.arguments())
        if use is not None:
            copies.runs.add(index, use.content, operands[0].origin, use.written)
        elif self.failures.came_up(before):
            copies.stand_in = self.failures.stand_in(step, name, operands, path, before)
        copies.index += 1
        return result, use

    def _further(self, copies: _Copies, following: Tensor, steps: int) -> Tensor:
        """Add the copies that are as the last one, as many as the limit on nodes allows; what the last gives."""
        end = copies.count - bool(copies.step.last)
        more = min(end - copies.index, (self.limits.nodes - self.count) // steps)
        if more <= 0:
            return following
        self.count += more * steps
        copies.index += more
        return Tensor(copies.runs.lengthen(more), following.shape)

    def _count(self, step: Step, scope: Scope, path: str) -> int | None:
        """The number of copies, or None where an error left it open."""
        assert step.repeat is not None
        try:
            count = evaluate(step.repeat, scope.names, self.trace, path)
        except (Failed, Unknown):
            return None
        if type(count) is int and count >= 0:
            return count
        expected = "an integer of at least 0"
        self._wrong_value("`repeat` is no number of copies", step.repeat, count, expected, scope, path)
        return None

    def _chained(self, step: Step, result: Result, path: str) -> Tensor:
        """What the next copy takes of one."""
        outputs = outputs_of(result)
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        if outputs:  # a graph without an output has been reported
            message = f"`{step.name}` has several outputs ({listed(outputs)}), and each copy takes the one before"
            help = "choose one with `output:`" if step.kind == "block" else ""
            self.trace.report("ambiguous-output", message, step.key, path=path, help=help)
        return UNKNOWN_TENSOR


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

    def arguments(self) -> Mapping[str, Entry]:
        """The arguments of the next copy."""
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


def _body(
    kind: str,
    definition: Definition,
    graph: GraphSteps,
    arguments: Mapping[str, Any],
    outputs: Mapping[str, Tensor],
    uses: tuple[Use, ...],
) -> Body:
    name = "" if kind == "group" else definition.name
    return Body(kind, name, arguments, uses, known(outputs), shapes_of(outputs), definition, graph)


def _needed(graph: GraphSteps, outputs: list[OutputStep]) -> list[Step]:
    """The steps that some outputs of a graph need, in order; all of them where these are all its outputs."""
    if outputs == list(graph.outputs):
        return list(graph.steps)
    needed = {output.reference.name for output in outputs if output.reference}
    steps = []
    for step in reversed(graph.steps):
        if step.name in needed:
            steps.append(step)
            needed.update(reference.name for reference in step.operands or ())
            needed.update(name for value in step.values() for name in names_in(value))
    return steps[::-1]


def asks_index(step: Step) -> bool:
    """Whether the expressions of a node, those inside of a group too, ask for the index of a copy."""
    values = [*step.values()]
    if step.group is not None:
        values += [output.when for output in step.group.outputs if output.when]
    if any("index" in names_in(value) for value in values):
        return True
    return step.group is not None and any(map(asks_index, step.group.steps))
