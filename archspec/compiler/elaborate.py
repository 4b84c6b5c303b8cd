"""From a definition to a network: one walk in order that resolves, validates and infers node by node.

A node with an error gets an unknown shape. The walk goes on, so that each independent error is reported and none is
invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from archspec.compiler.application import Application, Use
from archspec.compiler.assembly import Result, Tensor, Tree, assembled, known_paths, outputs_of, tensor_of
from archspec.compiler.binding import Argument, bind, evaluate, names_in
from archspec.compiler.trace import Failed, Frame, Trace
from archspec.errors import SpecError, did_you_mean, listed, nearest
from archspec.language import library
from archspec.language.definition import Definition, GraphSteps, OutputStep, Reference, Step
from archspec.language.limits import raise_limit
from archspec.language.loader import Loader, LoadError
from archspec.language.source import Entry, Scalar, Sequence, Value
from archspec.language.values import UNKNOWN, TensorView, Unknown
from archspec.language.wording import found, hint
from archspec.network import Applied, Block, Network, Node, NotCompiled
from archspec.ops import registry
from archspec.ops.tensor import Shape


@dataclass(slots=True)
class Scope:
    """What the nodes of one graph see.

    Attributes:
        definition: The network or block that the graph belongs to.
        graph: The graph.
        params: Values of its parameters.
        names: What expressions know: parameters, inputs, earlier nodes.
        tensors: What ``from`` knows: inputs and earlier nodes.
        path: The path of the graph; empty for the network's own.
    """

    definition: Definition
    graph: GraphSteps
    params: Mapping[str, Any]
    names: dict[str, Any]
    tensors: dict[str, Result]
    path: str

    def child(self, name: str) -> str:
        """The path of a node of the graph."""
        return f"{self.path}.{name}" if self.path else name


def elaborate(definition: Definition, arguments: Mapping[str, Any], loader: Loader, trace: Trace) -> Network:
    """The network of a definition with the given values of its parameters.

    Errors go to ``trace``; where there is one, the network is what compiled in spite of it.

    Raises:
        SpecError: A limit was reached.
    """
    return _Elaboration(loader, trace).network(definition, arguments)


class _Elaboration:
    def __init__(self, loader: Loader, trace: Trace) -> None:
        self.loader = loader
        self.trace = trace
        self.limits = loader.limits
        self.application = Application(trace)
        self.count = 0
        self.depth = 0
        self.problems: dict[str, str] = {}
        self.origins: dict[str, str] = {}

    def network(self, definition: Definition, arguments: Mapping[str, Any]) -> Network:
        shapes = {name: self._input_shape(name, value, arguments) for name, value in definition.shapes.items()}
        names = definition.graph.inputs or tuple(definition.shapes)[:1] or ("",)
        inputs = tuple(Tensor(name, shapes.get(name)) for name in names)
        scope = self._scope(definition, definition.graph, arguments, inputs, "")
        outputs, children = self._graph(scope, ())
        known = {name: shape for name, shape in shapes.items() if shape is not None}
        problems = self.problems if self.trace.found else None
        return assembled(definition, arguments, known, outputs, children, problems)

    def _input_shape(self, name: str, value: Value, arguments: Mapping[str, Any]) -> Shape | None:
        if not isinstance(value, Sequence):
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

    def _scope(
        self,
        definition: Definition,
        graph: GraphSteps,
        params: Mapping[str, Any],
        inputs: tuple[Tensor, ...],
        path: str,
    ) -> Scope:
        tensors: dict[str, Result] = dict(zip(graph.inputs or ("",), inputs, strict=True))
        return Scope(definition, graph, params, {**_views(graph, inputs), **params}, tensors, path)

    def _graph(self, scope: Scope, taken: tuple[OutputStep, ...]) -> tuple[dict[str, Tensor], tuple[Block | Node, ...]]:
        """The outputs of a graph, and its part of the tree."""
        self.depth += 1
        try:
            return self._walked(scope, taken)
        finally:
            self.depth -= 1

    def _walked(
        self, scope: Scope, taken: tuple[OutputStep, ...]
    ) -> tuple[dict[str, Tensor], tuple[Block | Node, ...]]:
        children = []
        declared = taken or scope.graph.outputs
        existing = [output for output in declared if self._exists(output, scope)]
        if declared and not existing:
            message = f"no output of `{scope.path or scope.definition.name}` exists: each has a `when` that is false"
            self.trace.report("empty-graph", message, declared[0].when or scope.definition.value, path=scope.path)
        for step in _needed(scope.graph, existing):
            result, tree = self._step(step, scope)
            scope.tensors[step.name] = result
            if step.name not in scope.params:
                scope.names[step.name] = _view(result)
            if tree is not None:
                children.append(tree)
        return {output.name: self._output(output, scope) for output in existing}, tuple(children)

    def _exists(self, output: OutputStep, scope: Scope) -> bool:
        return output.when is None or self._condition(output.when, scope, scope.child(output.name)) is not False

    def _output(self, output: OutputStep, scope: Scope) -> Tensor:
        if output.reference is None:
            return Tensor("", None)
        if output.reference.name not in scope.tensors:
            name = output.reference.name
            message = f"the graph of `{scope.definition.name}` has no node `{name}`"
            help = did_you_mean(name, [step.name for step in scope.graph.steps])
            self.trace.report_outside("unknown-node", message, output.reference.value, help=help)
            return Tensor("", None)
        return self._take(output.reference, scope, scope.path)

    def _step(self, step: Step, scope: Scope) -> tuple[Result, Tree]:
        before = self._progress()
        result, tree = self._made(step, scope)
        if self.trace.found:
            references = step.resolved if step.operands is None else step.operands
            operands = [tensor_of(scope.tensors[each.name], each.port) for each in references]
            unread = not step.kind or step.operands is None
            if tree is None and (self._failed_since(before) or unread):
                tree = self._stand_in(step, operands, scope.child(step.name), before)
            self._note_origin(result, operands, before)
        return result, tree

    def _progress(self) -> tuple[int, int]:
        """The numbers of errors, and of nodes that stand for failures."""
        return len(self.trace.found), len(self.problems)

    def _failed_since(self, before: tuple[int, int]) -> bool:
        """Whether an error came up that no node inside stands for."""
        return len(self.trace.found) > before[0] and len(self.problems) == before[1]

    def _stand_in(self, step: Step, operands: Iterable[Tensor], path: str, before: tuple[int, int]) -> Node:
        """What stands for a node that failed."""
        self.problems[path] = next((each.summary for each in self.trace.found[before[0] :]), "")
        op = NotCompiled.model_construct(kind=str(step.target.value) if step.target else step.name)
        taken = {each.path if each.shape is not None else self.origins.get(each.path): each for each in operands}
        known = {origin: each.shape or () for origin, each in taken.items() if origin is not None}
        return Node(path, Applied(op, tuple(known.values()), (), {}, {}, None), tuple(known), step, {})

    def _note_origin(self, result: Result, operands: Iterable[Tensor], before: tuple[int, int]) -> None:
        """Remember which failure left a result unknown: the last that came up, or one above."""
        if len(self.problems) > before[1]:
            origin: str | None = next(reversed(self.problems))
        else:
            origin = next((self.origins[each.path] for each in operands if each.path in self.origins), None)
        for each in outputs_of(result).values():
            if each.shape is None and origin is not None:
                self.origins.setdefault(each.path, origin)

    def _made(self, step: Step, scope: Scope) -> tuple[Result, Tree]:
        self._spend(step)
        path = scope.child(step.name)
        if step.operands is None:
            operands: tuple[Tensor, ...] = ()
        else:
            operands = tuple(self._take(reference, scope, path) for reference in step.operands)
        condition = step.when is None or self._condition(step.when, scope, path)
        if condition is False:
            return (operands or (Tensor("", None),))[0], None
        if condition is UNKNOWN or not step.kind:
            return Tensor(path, None), None
        if step.repeat is not None:
            return self._repeat(step, scope, operands, path)
        return self._single(step, scope, operands, path, step.arguments)

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
        return Tensor("", None)

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

    def _repeat(self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str) -> tuple[Result, Tree]:
        count = self._count(step, scope, path)
        if count is None:
            return Tensor(path, None), None
        result: Result = operands[0] if operands else Tensor("", None)
        current, children = operands, []
        outer = scope.names.get("index")
        for index in range(count):
            self._spend(step)
            scope.names["index"] = index
            arguments = step.arguments
            if index == 0 and step.first:
                arguments = arguments | step.first
            if index == count - 1 and step.last:
                arguments = arguments | step.last
            before = self._progress()
            result, tree = self._single(step, scope, current, f"{path}.{index}", arguments)
            if tree is None and self._failed_since(before):
                tree = self._stand_in(step, current, f"{path}.{index}", before)
            children += [tree] if tree is not None else []
            current = (self._chained(step, result, path), *current[1:])
            if len(self.trace.found) > before[0] or current[0].shape is None:
                result = Tensor(path, None)  # further copies would repeat the error
                break
        scope.names["index"] = outer
        if outer is None:
            del scope.names["index"]
        outputs = outputs_of(result)
        if not children:
            return result, None
        inputs = tuple(tensor.path for tensor in operands)
        paths = known_paths(outputs)
        return result, Block(
            path, "repeat", "", {}, inputs, paths, tuple(children), scope.definition, None, step, step.arguments
        )

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
        outputs = outputs_of(result)
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        if outputs:  # a graph without an output has been reported
            message = f"`{step.name}` has several outputs ({listed(outputs)}), and each copy takes the one before"
            help = "choose one with `output:`" if step.kind == "block" else ""
            self.trace.report("ambiguous-output", message, step.key, path=path, help=help)
        return Tensor("", None)

    def _single(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str, arguments: dict[str, Entry]
    ) -> tuple[Result, Tree]:
        if step.kind == "op":
            return self._op(step, scope, operands, path, arguments)
        if step.kind == "block":
            return self._block(step, scope, operands, path, arguments)
        return self._group(step, scope, operands, path)

    def _spend(self, step: Step) -> None:
        self.count += 1
        if self.count > self.limits.nodes:
            message = f"the network has more than {self.limits.nodes:,} nodes"
            help = raise_limit("nodes")
            raise SpecError([self.trace.diagnostic("limit-exceeded", message, step.key, help=help)])

    def _op(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str, arguments: dict[str, Entry]
    ) -> tuple[Result, Tree]:
        assert step.target is not None
        unknown = Tensor(path, None)
        cls = registry.find(str(step.target.value))
        if cls is None:
            self._unknown_op(step.target, scope, path)
            return unknown, None
        use = Use(step, arguments, tuple(tensor.shape for tensor in operands), scope.names, scope.graph, path)
        applied = self.application.apply(cls, use)
        if applied is None:
            return unknown, None
        inputs = tuple(tensor.path for tensor in operands)
        return Tensor(path, applied.shape), Node(path, applied, inputs, step, arguments)

    def _unknown_op(self, target: Scalar, scope: Scope, path: str) -> None:
        name = str(target.value)
        help = did_you_mean(name, registry.ops()) or "`archspec ops` lists them"
        if name in scope.definition.blocks or library.find(name):
            help = f"`{name}` is a block: write `block: {name}`"
        self.trace.report("unknown-op", f"no op is called `{name}`", target, path=path, help=help)

    def _block(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str, arguments: dict[str, Entry]
    ) -> tuple[Result, Tree]:
        assert step.target is not None
        unknown = Tensor(path, None)
        definition = self._definition(step.target, scope, path)
        if definition is None:
            return unknown, None
        names = definition.graph.inputs
        if step.operands is not None and len(operands) != max(1, len(names)):
            words = f"{len(names)} inputs ({', '.join(names)})" if len(names) > 1 else "one input"
            message = f"the block `{definition.name}` takes {words}, not {len(operands)}"
            self.trace.report("operand-count", message, step.key, path=path)
            return unknown, None
        operands = operands or (unknown,) * max(1, len(names))
        given = {name: self._argument(entry, scope, path) for name, entry in arguments.items()}
        with self.trace.inside(Frame(step.key, path, definition)):
            views = _views(definition.graph, operands)
            params = bind(definition, given, views, self.trace, path, step.key)
            if UNKNOWN in params.values():
                return unknown, None
            inner = self._scope(definition, definition.graph, params, operands, path)
            outputs, children = self._graph(inner, step.outputs)
        inputs, paths = _paths(operands, outputs)
        tree = Block(
            path, "block", definition.name, params, inputs, paths, children, definition, inner.graph, step, arguments
        )
        return outputs, tree if children else None

    def _argument(self, entry: Entry, scope: Scope, path: str) -> Argument:
        try:
            return Argument(evaluate(entry.value, scope.names, self.trace, path), entry, scope.names)
        except (Failed, Unknown):
            return Argument(UNKNOWN, entry)

    def _definition(self, target: Scalar, scope: Scope, path: str) -> Definition | None:
        try:
            with self._collect():
                definition = self.loader.block(target, scope.definition)
        except LoadError as error:
            self.trace.report(error.code, error.message, error.target, path=path, help=error.help)
            return None
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

    @contextmanager
    def _collect(self) -> Iterator[None]:
        """Errors that the loader finds in a block's file are reported once, as they are."""
        before = len(self.loader.found)
        yield
        self.trace.take(self.loader.found[before:])

    def _group(self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str) -> tuple[Result, Tree]:
        if step.group is None or self._too_deep(step.key, path):
            return Tensor(path, None), None
        names = step.group.inputs
        if step.operands is not None and len(operands) != max(1, len(names)):
            message = f"the group takes {len(operands)} nodes and names {len(names) or 'none'} of them"
            help = "name each: `from: [a, b]` with `inputs: [x, y]`"
            self.trace.report("operand-count", message, step.key, path=path, help=help)
            return Tensor(path, None), None
        operands = operands or (Tensor(path, None),) * max(1, len(names))
        inner = self._scope(scope.definition, step.group, scope.params, operands, path)
        if "index" in scope.names:
            inner.names["index"] = scope.names["index"]
        outputs, children = self._graph(inner, ())
        inputs, paths = _paths(operands, outputs)
        tree = Block(path, "group", "", {}, inputs, paths, children, scope.definition, inner.graph, step, {})
        return outputs, tree if children else None


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


def _paths(operands: tuple[Tensor, ...], outputs: dict[str, Tensor]) -> tuple[tuple[str, ...], dict[str, str]]:
    return tuple(tensor.path for tensor in operands), known_paths(outputs)


def _view(result: Result) -> TensorView:
    outputs = {name: TensorView(tensor.shape) for name, tensor in outputs_of(result).items()}
    if len(outputs) == 1:
        return next(iter(outputs.values()))
    return TensorView(None, outputs or None)


def _views(graph: GraphSteps, inputs: tuple[Tensor, ...]) -> dict[str, TensorView]:
    """A graph's inputs as expressions know them."""
    views = {name: TensorView(tensor.shape) for name, tensor in zip(graph.inputs or ("input",), inputs, strict=True)}
    return views | {"input": TensorView(inputs[0].shape)} if len(inputs) == 1 else views
