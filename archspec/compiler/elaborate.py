"""From a definition to a network: one walk in order that resolves, validates and infers node by node.

A node with an error gets an unknown shape. The walk goes on, so that each independent error is reported and none is
invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.compiler.application import Application
from archspec.compiler.assembly import assembled
from archspec.compiler.binding import evaluate, no_op, op_help
from archspec.compiler.blocks import Blocks
from archspec.compiler.graphs import Graphs
from archspec.compiler.repeats import Repeats
from archspec.compiler.sharing import Memory
from archspec.compiler.tensors import NOWHERE, UNKNOWN_TENSOR, Scope, Tensor, tensor_of
from archspec.compiler.trace import Failed, Frame, Trace
from archspec.compiler.walk import Made, Site, Walk
from archspec.language.choice import KINDS, Choice, chosen
from archspec.language.definition import Definition, Step
from archspec.language.expr import is_expression
from archspec.language.loader import Loader, Reading
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import UNKNOWN, Unknown
from archspec.language.wording import found
from archspec.network import Network, Use
from archspec.ops import registry
from archspec.ops.tensor import Shape


def elaborate(
    definition: Definition, arguments: Mapping[str, Any], loader: Loader, memory: Memory, trace: Trace
) -> tuple[Network, list[Reading]]:
    """The network of a definition with the given values of its parameters, and the blocks that it uses.

    Errors go to ``trace``; where there is one, the network is what compiled in spite of it. What blocks of the
    loader's files hold is kept in ``memory``.

    Raises:
        SpecError: A limit was reached.
    """
    walk = Walk(loader, memory, trace)
    network = Elaboration(walk).network(definition, arguments)
    return network, list(walk.readings)


class Elaboration:
    """Makes networks of definitions, and bodies of graphs."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.trace = walk.trace
        self.application = Application(walk)
        self.graphs = Graphs(walk, self.node)
        self.blocks = Blocks(walk, self.graphs)
        self.repeats = Repeats(walk, self.single)

    def network(self, definition: Definition, arguments: Mapping[str, Any]) -> Network:
        """The network of a definition; where there were errors, what compiled in spite of them."""
        shapes = {name: self._input_shape(name, value, arguments) for name, value in definition.shapes.items()}
        names = definition.graph.inputs or tuple(definition.shapes)[:1] or (NOWHERE,)
        taken = [shapes.get(name) for name in names]
        inputs = tuple(Tensor(NOWHERE if shape is None else i, shape) for i, shape in enumerate(taken))
        body, _ = self.graphs.body("network", Scope.of(definition, definition.graph, arguments, inputs, ""), arguments)
        problems = self.walk.failures.problems if self.trace.found else None
        return assembled(body, dict(zip(names, taken, strict=True)), problems, self.walk.limits)

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

    def node(self, step: Step, scope: Scope) -> Made:
        """A node of a graph; where it failed, with what stands for it."""
        failures = self.walk.failures
        before = failures.progress()
        result, use = self._made(step, scope)
        if self.trace.found:
            references = step.resolved if step.operands is None else step.operands
            operands = [tensor_of(scope.tensors[each.name], each.port) for each in references]
            unread = not step.kind or step.operands is None
            if use is None and (failures.came_up(before) or unread):
                use = failures.stand_in(step, step.name, operands, scope.child(step.name), before)
            result = failures.blamed(result, operands, scope.path, before)
        return result, use

    def _made(self, step: Step, scope: Scope) -> Made:
        walk, path = self.walk, scope.child(step.name)
        walk.spend(step, len(step.operands or ()))
        operands = tuple([walk.take(reference, scope, path) for reference in step.operands or ()])
        condition = step.when is None or walk.condition(step.when, scope, path)
        if condition is False:
            return (operands or (UNKNOWN_TENSOR,))[0], None
        if condition is UNKNOWN or not step.kind:
            return UNKNOWN_TENSOR, None
        site = Site(step, scope, operands, path, step.name, step.arguments)
        return self.single(site) if step.repeat is None else self.repeats.made(site)

    def single(self, site: Site) -> Made:
        """A node without its repetition."""
        target = site.step.target
        if target is None or not is_expression(target.value):
            return self._named(site)
        choice = self._choice(target, site)
        if choice is None:
            return (site.operands or (UNKNOWN_TENSOR,))[0], None
        if choice is UNKNOWN:
            return UNKNOWN_TENSOR, None
        arguments = {**choice.arguments, **site.arguments} if choice.arguments else site.arguments
        with self.trace.inside(Frame(site.step.key, site.path, site.scope.definition)):
            return self._named(site._replace(arguments=arguments, choice=choice))

    def _named(self, site: Site) -> Made:
        """A node whose op or block has a name."""
        return self._op(site) if site.step.kind == "op" else self.blocks.made(site)

    def _choice(self, target: Scalar, site: Site) -> Any:
        """The op or block that an expression gives, None for none; `UNKNOWN` where an error left that open."""
        value, kind = self.walk.value(target, site.scope, site.path), site.step.kind
        if isinstance(value, str):
            return chosen(value, kind, target, site.scope.definition)
        if value is None or value is UNKNOWN or (isinstance(value, Choice) and value.kind == kind):
            return value
        message, expected = f"`{target.value}` is no {kind}", f"{KINDS[kind]}, its name, or null"
        self.walk.wrong_value(message, target, value, expected, site.scope, site.path)
        return UNKNOWN

    def _op(self, site: Site) -> Made:
        cls = registry.find(str(site.target.value))
        if cls is None:
            self._unknown_op(site.target, site)
            return UNKNOWN_TENSOR, None
        applied = self.application.apply(cls, site)
        if applied is None:
            return UNKNOWN_TENSOR, None
        return Tensor(site.name, applied.shape), Use(site.name, applied, site.origins, site.step, site.arguments)

    def _unknown_op(self, target: Scalar, site: Site) -> None:
        name = str(target.value)
        help = op_help(name, site.scope.definition.blocks)
        self.trace.report("unknown-op", no_op(name), target, path=site.path, help=help)
