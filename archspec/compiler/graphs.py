"""Graphs: their nodes in order, as many as their outputs need, and the outputs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from archspec.compiler.binding import defined
from archspec.compiler.sharing import frozen
from archspec.compiler.tensors import UNKNOWN_TENSOR, Scope, Tensor, origins_of, shapes_of
from archspec.compiler.walk import CHARACTERS_OF_A_VALUE, Made, Walk
from archspec.errors import Help, SpecError, did_you_mean
from archspec.language.definition import GraphSteps, OutputStep, Reference, Step
from archspec.language.functions import places
from archspec.language.limits import VALUES_OF_A_STEP, raise_limit
from archspec.language.usage import names_in
from archspec.network import Body, Use

Outputs = dict[str, Tensor]
"""What a graph gives, by the names of its outputs, as it knows it itself."""


class Graphs:
    """Walks graphs; ``node`` makes each of their nodes."""

    def __init__(self, walk: Walk, node: Callable[[Step, Scope], Made]) -> None:
        self.walk = walk
        self.node = node

    def body(
        self, kind: str, scope: Scope, arguments: Mapping[str, Any], taken: tuple[OutputStep, ...] = ()
    ) -> tuple[Body, Outputs]:
        """What a network, block or group holds, and what it gives.

        Args:
            kind: What it is.
            scope: Its graph.
            arguments: The values of its own parameters.
            taken: The outputs that its user takes; empty for those that it declares.
        """
        self._define(scope)
        outputs, uses = self._graph(scope, taken)
        parts = origins_of(outputs), shapes_of(outputs)
        lets = {let.name: scope.names.lets[let.name] for let in scope.graph.lets}
        return Body(kind, arguments, uses, *parts, scope.definition, scope.graph, lets, scope.edits), outputs

    def _define(self, scope: Scope) -> None:
        """Compute what a graph defines."""
        walk, lets = self.walk, scope.graph.lets
        if len(lets) > walk.limits.parameters:
            message = f"a `let` has more than {walk.limits.parameters:,} values and functions"
            help = raise_limit("parameters")
            raise SpecError([walk.trace.diagnostic("limit-exceeded", message, lets[0].key, path=scope.path, help=help)])
        if lets:
            names = scope.names
            names.lets = defined(scope.graph, names, walk.trace, scope.path).lets
            written = frozen({let.name: names.lets[let.name] for let in lets})
            walk.steps += len(written.text) // (CHARACTERS_OF_A_VALUE * VALUES_OF_A_STEP)
            names.frozen = names.frozen or frozen(names.params), written, places(names.lets.values())

    def _graph(self, scope: Scope, taken: tuple[OutputStep, ...]) -> tuple[Outputs, tuple[Use, ...]]:
        walk = self.walk
        above, walk.height = walk.height, 0
        walk.depth += 1
        around = walk.trace.begin_graph()
        try:
            return self._walked(scope, taken)
        finally:
            walk.trace.end_graph(around)
            walk.depth -= 1
            walk.height = max(above, walk.height + 1)

    def _walked(self, scope: Scope, taken: tuple[OutputStep, ...]) -> tuple[Outputs, tuple[Use, ...]]:
        declared = taken or scope.graph.outputs
        existing = [output for output in declared if self._exists(output, scope)]
        self._check_outputs(scope, declared, existing)
        steps = _needed(scope.graph, existing)
        named = _named_outputs(steps, existing)
        if named:
            scope.taken = frozenset([reference.name for reference in named if reference.copy])
            scope.parted = _parted(steps, named)
        for step in steps:
            result, use = self.node(step, scope)
            scope.tensors[step.name] = result
            if use is not None:
                scope.uses[step.name] = use
        return {output.name: self._output(output, scope) for output in existing}, tuple(scope.uses.values())

    def _check_outputs(self, scope: Scope, declared: tuple[OutputStep, ...], existing: list[OutputStep]) -> None:
        """Report a graph without outputs, or a network without one in evaluation."""
        name = scope.path or scope.definition.name
        if declared and not existing:
            message = f"no output of `{name}` exists: each has a `when` that is false"
            place, help = declared[0].when or scope.definition.value, "an output without `when` is always there"
            self.walk.trace.report("empty-graph", message, place, path=scope.path, help=help)
        elif existing and existing[0].training_only and all(output.training_only for output in existing):
            message = f"no output of `{name}` exists in evaluation: each that is there is `training_only`"
            help = Help.removal(f"leave it out at one of them, for example at `{existing[0].name}`")
            self.walk.trace.report("empty-graph", message, existing[0].training_only, path=scope.path, help=help)

    def _exists(self, output: OutputStep, scope: Scope) -> bool:
        if output.when is None:
            return True
        return self.walk.condition(output.when, scope, scope.child(output.name)) is not False

    def _output(self, output: OutputStep, scope: Scope) -> Tensor:
        if output.reference is None:
            return UNKNOWN_TENSOR
        if output.reference.name not in scope.tensors:
            name = output.reference.name
            message = f"the graph of `{scope.definition.name}` has no node `{name}`"
            help = did_you_mean(name, [step.name for step in scope.graph.steps])
            self.walk.trace.report_outside("unknown-node", message, output.reference.value, help=help)
            return UNKNOWN_TENSOR
        return self.walk.take(output.reference, scope, scope.path)


def _named_outputs(steps: Iterable[Step], outputs: Iterable[OutputStep]) -> list[Reference]:
    """What steps and outputs take that has a name of its own: outputs of nodes, and copies of repeats."""
    named = [reference for step in steps for reference in step.operands or () if reference.port]
    return named + [output.reference for output in outputs if output.reference and output.reference.port]


def _parted(steps: Iterable[Step], taken: Iterable[Reference]) -> frozenset[str]:
    """The nodes without copies of which something takes an output by name; those that reuse one another alike."""
    found = {each.name for each in taken if each.port != "output" and not each.copy}
    reused = {step.name: step.reused.step.name for step in steps if step.reused is not None}
    found |= {reused[name] for name in found & reused.keys()}
    return frozenset(found | {name for name, other in reused.items() if other in found})


def _needed(graph: GraphSteps, outputs: list[OutputStep]) -> Sequence[Step]:
    """The steps that some outputs of a graph need, in order; all of them where these are all its outputs."""
    if outputs == list(graph.outputs):
        return graph.steps
    needed = {output.reference.name for output in outputs if output.reference}
    steps = []
    for step in reversed(graph.steps):
        if step.name in needed:
            steps.append(step)
            operands = step.resolved if step.operands is None else step.operands
            needed.update(reference.name for reference in operands)
            needed.update(name for value in step.values() for name in names_in(value))
            if step.reused is not None:
                needed.add(step.reused.step.name)
    return steps[::-1]
