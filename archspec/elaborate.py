"""From a definition to a network: one walk in order that resolves, validates and infers node by node.

A node with an error gets an unknown shape. The walk goes on, so that each independent error is reported and none is
invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from archspec import library, op
from archspec.application import Application, Use
from archspec.binding import Argument, bind, evaluate
from archspec.definition import Definition, GraphSteps, OutputStep, Reference, Step
from archspec.errors import SpecError, did_you_mean
from archspec.expr import TensorView, UnknownShape, kind
from archspec.loader import Loader
from archspec.network import Block, Network, NetworkOutput, Node
from archspec.source import Entry, Scalar, Sequence, Value
from archspec.tensor import Shape
from archspec.trace import Failed, Frame, Trace


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the network being built; ``shape`` is None where an error left it unknown."""

    path: str
    shape: Shape | None


Result = Tensor | dict[str, Tensor]
"""What a node gives: an op one tensor, a block or group its outputs by name."""
Tree = Block | Node | None
"""A node's place in the tree of blocks; None for one that passes through or failed."""


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


def elaborate(definition: Definition, arguments: Mapping[str, Any], loader: Loader, trace: Trace) -> Network | None:
    """The network of a definition with the given values of its parameters.

    Errors go to ``trace``; the result is None only where there is no network to speak of.

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

    def network(self, definition: Definition, arguments: Mapping[str, Any]) -> Network | None:
        inputs = {
            name: Tensor(name, self._input_shape(name, value, arguments)) for name, value in definition.shapes.items()
        }
        scope = self._scope(definition, definition.graph, arguments, tuple(inputs.values()), "")
        outputs, children = self._graph(scope, ())
        if self.trace.found:
            return None
        shapes = {name: tensor.shape for name, tensor in inputs.items() if tensor.shape is not None}
        return _finish(definition, arguments, shapes, outputs, children)

    def _input_shape(self, name: str, value: Value, arguments: Mapping[str, Any]) -> Shape | None:
        sizes = value.items if isinstance(value, Sequence) else []
        try:
            shape = tuple(evaluate(size, arguments, self.trace, "") for size in sizes)
        except Failed:
            return None
        if shape and len(shape) <= 5 and all(type(size) is int and size >= 1 for size in shape):
            return shape
        message = f"the shape of the input `{name}` is no shape"
        found = str(list(shape))
        expected = "1 to 5 positive integers: channels first, without the batch"
        self.trace.report("invalid-shape", message, value, expected=expected, found=found)
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
        children = []
        existing = [output for output in taken or scope.graph.outputs if self._exists(output, scope)]
        for step in _needed(scope.graph, existing):
            result, tree = self._step(step, scope)
            scope.tensors[step.name] = result
            if step.name not in scope.params:
                scope.names[step.name] = _view(result)
            if tree is not None:
                children.append(tree)
        return {output.name: self._output(output, scope) for output in existing}, tuple(children)

    def _exists(self, output: OutputStep, scope: Scope) -> bool:
        return output.when is None or self._condition(output.when, scope, scope.child(output.name))

    def _output(self, output: OutputStep, scope: Scope) -> Tensor:
        if output.reference is None:
            return Tensor("", None)
        if output.reference.name not in scope.tensors:
            name = output.reference.name
            message = f"the graph of `{scope.definition.name}` has no node `{name}`"
            help = did_you_mean(name, scope.tensors)
            self.trace.report_outside("unknown-node", message, output.reference.value, help=help)
            return Tensor("", None)
        return self._take(output.reference, scope)

    def _step(self, step: Step, scope: Scope) -> tuple[Result, Tree]:
        self._spend(step)
        path = scope.child(step.name)
        if step.operands is None:
            operands: tuple[Tensor, ...] = ()
        else:
            operands = tuple(self._take(reference, scope) for reference in step.operands)
        known = operands or (Tensor("", None),)
        if step.when is not None and not self._condition(step.when, scope, path):
            return known[0], None
        if step.repeat is not None:
            return self._repeat(step, scope, operands, path)
        return self._single(step, scope, operands, path, step.arguments)

    def _take(self, reference: Reference, scope: Scope) -> Tensor:
        """The tensor that a reference means."""
        result = scope.tensors[reference.name]
        if isinstance(result, Tensor):
            if reference.port and result.shape is not None:
                message = f"`{reference.name}` has one output; `.{reference.port}` means nothing"
                self.trace.report("unknown-node", message, reference.value)
            return result
        name = reference.port or (next(iter(result)) if len(result) == 1 else "")
        if name in result:
            return result[name]
        outputs = ", ".join(f"`{reference.name}.{output}`" for output in result)
        message = f"`{reference.name}` has no output `{name}`" if name else f"`{reference.name}` has several outputs"
        self.trace.report("unknown-node", message, reference.value, help=f"take one of {outputs}" if outputs else "")
        return Tensor("", None)

    def _condition(self, value: Value, scope: Scope, path: str) -> bool:
        try:
            condition = evaluate(value, scope.names, self.trace, path)
        except (Failed, UnknownShape):
            return True
        if not isinstance(condition, bool):
            message = "the condition is neither true nor false"
            self.trace.report("wrong-type", message, value, path=path, expected="true or false", found=kind(condition))
        return condition is not False

    def _repeat(self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str) -> tuple[Result, Tree]:
        count = self._count(step, scope, path)
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
            result, tree = self._single(step, scope, current, f"{path}.{index}", arguments)
            children += [tree] if tree is not None else []
            current = (self._chained(step, result, path), *current[1:])
        scope.names["index"] = outer
        if outer is None:
            del scope.names["index"]
        outputs = _outputs(result)
        if not children:
            return result, None
        inputs = tuple(tensor.path for tensor in operands)
        paths = {name: tensor.path for name, tensor in outputs.items()}
        return result, Block(path, "repeat", "", {}, inputs, paths, tuple(children), step.key)

    def _count(self, step: Step, scope: Scope, path: str) -> int:
        assert step.repeat is not None
        try:
            count = evaluate(step.repeat, scope.names, self.trace, path)
        except (Failed, UnknownShape):
            return 1
        if type(count) is not int or count < 0:
            self.trace.report(
                "wrong-type", "`repeat` is no number of copies", step.repeat, path=path,
                expected="an integer of at least 0", found=kind(count),
            )  # fmt: skip
            return 1
        return count

    def _chained(self, step: Step, result: Result, path: str) -> Tensor:
        outputs = _outputs(result)
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        message = "a block with several outputs cannot be repeated in a row"
        self.trace.report("wrong-type", message, step.key, path=path)
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
            message = f"the network has more than {self.limits.nodes:,} nodes (nodes)"
            raise SpecError([*self.trace.found, self.trace.diagnostic("limit-exceeded", message, step.key)])

    def _op(
        self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str, arguments: dict[str, Entry]
    ) -> tuple[Result, Tree]:
        assert step.target is not None
        unknown = Tensor(path, None)
        cls = op.find(str(step.target.value))
        if cls is None:
            self._unknown_op(step.target, path)
            return unknown, None
        use = Use(step, arguments, tuple(tensor.shape for tensor in operands), scope.names, scope.graph, path)
        applied = self.application.apply(cls, use)
        if applied is None:
            return unknown, None
        return Tensor(path, applied.shape), Node(path, applied, tuple(tensor.path for tensor in operands), step.key)

    def _unknown_op(self, target: Scalar, path: str) -> None:
        name = str(target.value)
        help = did_you_mean(name, op.ops()) or "`archspec ops` lists them"
        if library.find(name):
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
            if params is None:
                return unknown, None
            inner = self._scope(definition, definition.graph, params, operands, path)
            outputs, children = self._graph(inner, step.outputs)
        return self._closed(step, "block", definition.name, params, operands, outputs, children, path)

    def _argument(self, entry: Entry, scope: Scope, path: str) -> Argument:
        try:
            return Argument(evaluate(entry.value, scope.names, self.trace, path), entry)
        except (Failed, UnknownShape):
            return Argument(None, entry, known=False)

    def _definition(self, target: Scalar, scope: Scope, path: str) -> Definition | None:
        with self._collect():
            definition = self.loader.block(target, scope.definition)
        if definition is None:
            return None
        if any(frame.definition is definition for frame in self.trace.frames):
            names = [frame.definition.name for frame in self.trace.frames]
            chain = " -> ".join([*names[names.index(definition.name) :], definition.name])
            self.trace.report("recursive-block", f"a block contains itself: {chain}", target, path=path)
            return None
        if len(self.trace.frames) >= self.limits.nesting:
            message = f"blocks nest deeper than {self.limits.nesting} (nesting)"
            self.trace.report("limit-exceeded", message, target, path=path)
            return None
        return definition

    @contextmanager
    def _collect(self) -> Iterator[None]:
        """Errors that the loader finds in a block's file are reported once, as they are."""
        before = len(self.loader.found)
        yield
        self.trace.take(self.loader.found[before:])

    def _group(self, step: Step, scope: Scope, operands: tuple[Tensor, ...], path: str) -> tuple[Result, Tree]:
        if step.group is None:
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
        return self._closed(step, "group", "", {}, operands, outputs, children, path)

    @staticmethod
    def _closed(
        step: Step,
        kind_: str,
        definition: str,
        params: Mapping[str, Any],
        operands: tuple[Tensor, ...],
        outputs: dict[str, Tensor],
        children: tuple[Block | Node, ...],
        path: str,
    ) -> tuple[Result, Tree]:
        inputs = tuple(tensor.path for tensor in operands)
        paths = {name: tensor.path for name, tensor in outputs.items()}
        tree = Block(path, kind_, definition, params, inputs, paths, children, step.key)
        return outputs, tree if children else None


def _finish(
    definition: Definition,
    arguments: Mapping[str, Any],
    inputs: Mapping[str, Shape],
    outputs: dict[str, Tensor],
    children: tuple[Block | Node, ...],
) -> Network:
    """The network, without the nodes that no output needs."""
    training = {output.name for output in definition.graph.outputs if output.training_only}
    paths = {name: tensor.path for name, tensor in outputs.items()}
    tree = Block("", "network", definition.name, arguments, tuple(inputs), paths, children, definition.value)
    needed = set(paths.values())
    for node in reversed(list(tree.nodes())):
        if node.path in needed:
            needed.update(node.inputs)
    tree = _pruned(tree, needed) or tree
    return Network(
        name=definition.name,
        doc=definition.doc,
        arguments=arguments,
        inputs=inputs,
        outputs={
            name: NetworkOutput(tensor.path, tensor.shape or (), name in training) for name, tensor in outputs.items()
        },
        nodes=tuple(tree.nodes()),
        blocks=tree,
    )


def _pruned(block: Block, needed: set[str]) -> Block | None:
    from dataclasses import replace

    kept = []
    for child in block.children:
        part = _pruned(child, needed) if isinstance(child, Block) else child if child.path in needed else None
        if part is not None:
            kept.append(part)
    if len(kept) == len(block.children) and all(new is old for new, old in zip(kept, block.children, strict=True)):
        return block
    return replace(block, children=tuple(kept)) if kept else None


def _needed(graph: GraphSteps, outputs: list[OutputStep]) -> list[Step]:
    """The steps that some outputs of a graph need, in order; all of them where these are all its outputs."""
    if outputs == list(graph.outputs):
        return list(graph.steps)
    needed = {output.reference.name for output in outputs if output.reference}
    for step in reversed(graph.steps):
        if step.name in needed:
            needed.update(reference.name for reference in step.operands or ())
    return [step for step in graph.steps if step.name in needed]


def _outputs(result: Result) -> dict[str, Tensor]:
    return {"output": result} if isinstance(result, Tensor) else result


def _view(result: Result) -> TensorView:
    tensors = list(_outputs(result).values())
    return TensorView(tensors[0].shape if len(tensors) == 1 else None)


def _views(graph: GraphSteps, inputs: tuple[Tensor, ...]) -> dict[str, TensorView]:
    """A graph's inputs as expressions know them."""
    views = {name: TensorView(tensor.shape) for name, tensor in zip(graph.inputs or ("input",), inputs, strict=True)}
    return views | {"input": TensorView(inputs[0].shape)} if len(inputs) == 1 else views
