"""From a definition to a network: one walk in order that resolves, validates and infers node by node.

A node with an error gets an unknown shape. The walk goes on, so that each independent error is reported and none is
invented.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from archspec.compiler.application import Application
from archspec.compiler.assembly import assembled
from archspec.compiler.binding import evaluate, no_op, op_help
from archspec.compiler.blocks import Blocks
from archspec.compiler.changes import edits_of
from archspec.compiler.graphs import Graphs
from archspec.compiler.overriding import Overriding
from archspec.compiler.repeats import Repeats
from archspec.compiler.reuses import Reuses
from archspec.compiler.sharing import Memory
from archspec.compiler.tensors import NOWHERE, UNKNOWN_TENSOR, OutputsOfOp, Scope, Tensor, tensor_of
from archspec.compiler.trace import Failed, Frame, Trace
from archspec.compiler.walk import Made, Site, Walk
from archspec.language.choice import KINDS, Choice, chosen, names_one
from archspec.language.definition import Definition, Step
from archspec.language.edits import NO_EDITS, Edits
from archspec.language.expr import is_expression
from archspec.language.loader import Loader, Reading
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import UNKNOWN, Unknown
from archspec.language.wording import found, whole_sizes
from archspec.network import Applied, Body, Network, Origin, Use
from archspec.ops import registry
from archspec.ops.tensor import Shape

_MOST_DIMENSIONS = 5
"""Dimensions of an input, the batch left out."""


class Elaborated(NamedTuple):
    """A network, the blocks that it uses, and the patterns of ``override:`` that fit a node."""

    network: Network
    blocks: list[Reading]
    changed: Collection[Scalar]


def elaborate(
    definition: Definition, arguments: Mapping[str, Any], loader: Loader, memory: Memory, trace: Trace
) -> Elaborated:
    """The network of a definition with the given values of its parameters.

    Errors go to ``trace``; where there is one, the network is what compiled in spite of it. What blocks of the
    loader's files hold is kept in ``memory``.

    Raises:
        SpecError: A limit was reached.
    """
    walk = Walk(loader, memory, trace)
    network = Elaboration(walk).network(definition, arguments)
    return Elaborated(network, list(walk.readings), frozenset(walk.changed))


class Elaboration:
    """Makes networks of definitions, and bodies of graphs."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.trace = walk.trace
        self.application = Application(walk)
        self.graphs = Graphs(walk, self.node)
        self.blocks = Blocks(walk, self.graphs)
        self.overriding = Overriding(walk.trace)
        self.repeats = Repeats(walk, self.overriding, self.single, self.where, self.changed_copy)
        self.reuses = Reuses(walk, self.single, self.repeats)

    def network(self, definition: Definition, arguments: Mapping[str, Any]) -> Network:
        """The network of a definition; where there were errors, what compiled in spite of them."""
        shapes = {name: self._input_shape(name, value, arguments) for name, value in definition.shapes.items()}
        names = definition.graph.inputs or tuple(definition.shapes)[:1] or (NOWHERE,)
        taken = [shapes.get(name) for name in names]
        inputs = tuple(Tensor(NOWHERE if shape is None else i, shape) for i, shape in enumerate(taken))
        edits = edits_of(definition, arguments, self.trace)
        scope = Scope.of(definition, definition.graph, arguments, inputs, "", edits=edits)
        body, _ = self.graphs.body("network", scope, arguments)
        problems = self.walk.failures.problems if self.trace.found else None
        return assembled(body, dict(zip(names, taken, strict=True)), problems, self.walk.limits)

    def _input_shape(self, name: str, value: Value, arguments: Mapping[str, Any]) -> Shape | None:
        if not isinstance(value, Sequence):
            return None
        try:
            shape = tuple(evaluate(size, arguments, self.trace, "") for size in value.items)
        except (Failed, Unknown):
            return None
        if shape and len(shape) <= _MOST_DIMENSIONS and all(type(size) is int and size >= 1 for size in shape):
            return shape
        message = f"the shape of the input `{name}` is no shape"
        expected = f"1 to {_MOST_DIMENSIONS} positive integers: channels first, without the batch"
        help = whole_sizes(value, shape)
        self.trace.report("invalid-value", message, value, expected=expected, found=found(list(shape)), help=help)
        return None

    def node(self, step: Step, scope: Scope) -> Made:
        """A node of a graph; where it failed, with what stands for it."""
        failures = self.walk.failures
        before = failures.progress()
        if scope.edits:
            result, use = self._edited(step, scope)
        else:
            result, use = self._made(step, scope, NO_EDITS)
        if self.trace.found:
            references = step.resolved if step.operands is None else step.operands
            operands = [tensor_of(scope.tensors[each.name], each.port) for each in references]
            unread = not step.kind or step.operands is None
            if use is None and (failures.came_up(before) or unread):
                use = failures.stand_in(step, step.name, operands, scope.child(step.name), before)
            result = failures.blamed(result, operands, scope.path, before)
        return result, use

    def _edited(self, step: Step, scope: Scope) -> Made:
        """A node of a graph in which ``override:`` changes something."""
        walk = self.walk
        changes, edits = scope.edits.at(step.name if step.reused is None else step.reused.step.name)
        changed = self.overriding.changed(step, changes, scope.child(step.name)) if changes else step
        result, use = self._made(changed, scope, edits)
        if changes:
            path = scope.child(step.name)
            if use is not None or step.when is None or walk.condition(step.when, scope, path) is not False:
                walk.changed.update((change.key, None) for change in changes)
            self.trace.above += [change.key for change in changes]
        if step.kind != "op" or step.has_copies:  # it may hold nodes that were changed
            self.trace.above += [change.key for _, change in edits.rules if change.key in walk.changed]
        return result, use

    def _made(self, step: Step, scope: Scope, edits: Edits) -> Made:
        walk, path = self.walk, scope.child(step.name)
        references = scope.expanded(step.operands or ())
        walk.spend(step, len(references))
        operands = tuple([walk.take(reference, scope, path) for reference in references])
        scope.take(operands, step.operands is not None)
        site = Site(step, scope, operands, path, step.name, step.arguments, edits)
        make = self.repeats.made if step.reused is None else self.reuses.made
        return self._changed(site, make) if step.changes else self.where(site, make)

    def changed_copy(self, site: Site, make: Callable[[Site], Made]) -> Made:
        """A copy of a repeat that ``override:`` changed."""
        self.walk.changed.update((change.key, None) for change in site.step.changes)
        return self._changed(site, make)

    def _changed(self, site: Site, make: Callable[[Site], Made]) -> Made:
        """A node that ``override:`` changed."""
        with self.trace.making(site.step, site.path):
            return self.where(site, make)

    def where(self, site: Site, make: Callable[[Site], Made]) -> Made:
        """A node where its condition holds; else it passes its first operand through."""
        step = site.step
        condition = step.when is None or self.walk.condition(step.when, site.scope, site.path)
        if condition is False:
            return (site.operands or (UNKNOWN_TENSOR,))[0], None
        if condition is UNKNOWN or not step.kind or site.scope.is_open(step.operands or ()):
            return UNKNOWN_TENSOR, None
        return make(site)

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
        with self.trace.inside(Frame(site.step.key, site.path, site.scope.definition)):
            return self._named(site.chosen(choice))

    def _named(self, site: Site) -> Made:
        """A node whose op or block has a name."""
        return self._op(site) if site.step.kind == "op" else self.blocks.made(site)

    def _choice(self, target: Scalar, site: Site) -> Any:
        """The op or block that an expression gives, None for none; `UNKNOWN` where an error left that open."""
        value, kind = self.walk.value(target, site.scope, site.path), site.step.kind
        if names_one(value, kind):  # such as that of a row of a table
            value = chosen(value, kind, target, site.scope.definition)
        if value is None or value is UNKNOWN or (isinstance(value, Choice) and value.kind == kind):
            return value if not self._takes_nothing(value, site) else UNKNOWN
        message, expected = f"`{target.value}` is no {kind}", f"{KINDS[kind]}, its name, or null"
        self.walk.wrong_value(message, target, value, expected, site.scope, site.path)
        return UNKNOWN

    def _takes_nothing(self, choice: Any, site: Site) -> bool:
        """Whether an op is given to a node that takes no tensor; that is reported, since each node of `$act` does."""
        cls = registry.find(choice.name) if isinstance(choice, Choice) and choice.kind == "op" else None
        if cls is None or not cls.takes_nothing:
            return False
        message, place = f"`{choice.name}` takes no tensor, and the node that it is given to takes one", choice.target
        self.trace.report("invalid-value", message, place, path=site.path, help=f"write `op: {choice.name}` at a node")
        return True

    def _op(self, site: Site) -> Made:
        cls = registry.find(str(site.target.value))
        if cls is None:
            self._unknown_op(site.target, site)
            return UNKNOWN_TENSOR, None
        applied = self.application.apply(cls, site)
        if applied is None:
            return UNKNOWN_TENSOR, None
        if site.name == site.step.name and site.name in site.scope.parted:
            parts = self.application.parts(applied, site)
            if parts is None:
                return UNKNOWN_TENSOR, None
            if parts:
                return self._parted(site, parts)
        return Tensor(site.name, applied.shape), Use(site.name, applied, site.origins, site.step, site.arguments)

    @staticmethod
    def _parted(site: Site, parts: Mapping[str, Applied]) -> Made:
        """An op of which outputs are taken by name."""
        operands: tuple[Origin, ...] = tuple(range(len(site.operands)))
        uses = []
        for name, part in parts.items():
            uses.append(Use(name, part, operands, site.step, site.arguments))
            operands = (*operands, name)
        outputs = {name: Tensor(f"{site.name}.{name}", parts[name].shape) for name in [*parts][::-1]}
        origins, shapes = {name: name for name in outputs}, {name: parts[name].shape for name in outputs}
        body = Body("op", {}, tuple(uses), origins, shapes, site.scope.definition, None)
        return OutputsOfOp(outputs), Use(site.name, body, site.origins, site.step, site.arguments)

    def _unknown_op(self, target: Scalar, site: Site) -> None:
        name = str(target.value)
        help = op_help(name, site.scope.definition.blocks)
        self.trace.report("unknown-op", no_op(name), target, path=site.path, help=help)
