"""Blocks and groups: what they hold, once for equal uses."""

from __future__ import annotations

from typing import Any

from archspec.compiler.binding import Argument, bind, has_too_many
from archspec.compiler.changes import edits_of
from archspec.compiler.graphs import Graphs
from archspec.compiler.sharing import Key, Shared, frozen
from archspec.compiler.tensors import UNKNOWN_TENSOR, Result, Scope, inside, outside, views
from archspec.compiler.trace import Frame
from archspec.compiler.walk import CHARACTERS_OF_A_VALUE, Made, Site, Walk
from archspec.language.definition import Definition, OutputStep
from archspec.language.limits import VALUES_OF_A_STEP
from archspec.language.loader import LoadError
from archspec.language.source import Entry
from archspec.language.values import UNKNOWN
from archspec.network import Use


class Blocks:
    """Makes nodes of blocks and groups."""

    def __init__(self, walk: Walk, graphs: Graphs) -> None:
        self.walk = walk
        self.graphs = graphs

    def made(self, site: Site) -> Made:
        """A block or group where it stands."""
        shared = self._block(site) if site.step.kind == "block" else self._group(site)
        if shared is None:
            return UNKNOWN_TENSOR, None
        result: Result = {port: outside(site.name, inner, site.operands) for port, inner in shared.outputs.items()}
        if not shared.body.uses:
            return result, None
        return result, Use(site.name, shared.body, site.origins, site.step, site.arguments)

    def _block(self, site: Site) -> Shared | None:
        step, path, walk = site.step, site.path, self.walk
        definition = self._definition(site)
        if definition is None or not self._takes_operands(definition, site):
            return None
        operands = site.operands or (UNKNOWN_TENSOR,) * max(1, len(definition.graph.inputs))
        values = {
            name: site.values[name] if name in site.values else walk.value(entry.value, site.scope, path)
            for name, entry in site.arguments.items()
        }
        taken = tuple([(output.name, output.reference and output.reference[:2]) for output in step.outputs])
        place = ("block", definition, taken, tuple([each.shape for each in operands]), site.edits.rules)
        named = any(isinstance(values.get(name), str | dict) for name in definition.block_params)
        users = (site.scope.definition, site.user) if named else ()
        given = (*place, users, frozen(values))
        shared = walk.known(given)
        if shared is not None:
            return shared
        with walk.trace.inside(Frame(site.key, path, definition)):
            bound = {name: self._argument(name, values[name], entry, site) for name, entry in site.arguments.items()}
            user = step if site.choice is None else step._replace(key=site.key, target=site.target)
            params = bind(definition, bound, views(definition.graph, operands), walk.trace, path, user)
            if UNKNOWN in params.values():
                return None
            edits = edits_of(definition, params, walk.trace) + site.edits
            inner = Scope.of(definition, definition.graph, params, inside(operands), path, edits=edits)
            written = frozen(params)
            keys = (given, (*place, "bound", written))
            weight = len(written.text) // (CHARACTERS_OF_A_VALUE * VALUES_OF_A_STEP)
            return self._elaborated("block", inner, keys, step.outputs, weight)

    @staticmethod
    def _argument(name: str, value: Any, entry: Entry, site: Site) -> Argument:
        """A value given to a block, written by the node or beside the name of the block that the node stands for."""
        is_chosen = site.choice is not None and site.choice.arguments.get(name) is entry
        return Argument(value, entry, site.scope.names, site.user if is_chosen else site.scope.definition)

    def _takes_operands(self, definition: Definition, site: Site) -> bool:
        """Whether a block has as many inputs as it is given; that it has not is reported."""
        names, count = definition.graph.inputs, len(site.operands)
        if site.step.operands is None or count == max(1, len(names)):
            return True
        words = f"{len(names)} inputs ({', '.join(names)})" if len(names) > 1 else "one input"
        message = f"the block `{definition.name}` takes {words}, not {count}"
        own = not definition.source.bundled
        help = "a block that takes several nodes names them: `inputs: [a, b]`" if own and not names else ""
        same = message if own else None
        self.walk.trace.report("operand-count", message, site.key, same=same, path=site.path, help=help)
        return False

    def _definition(self, site: Site) -> Definition | None:
        trace, target, path = self.walk.trace, site.target, site.path
        try:
            reading = self.walk.loader.block(target, site.user)
        except LoadError as error:
            trace.report(error.code, error.message, error.target, same=error.message, path=path, help=error.help)
            return None
        self.walk.readings[reading] = None
        if reading.found:
            trace.take(reading.found)
        definition = reading.definition
        if definition is None or definition.is_unusable:
            return None
        if len(definition.params) > self.walk.limits.parameters and has_too_many(definition, self.walk.limits, trace):
            return None
        if definition in [frame.definition for frame in trace.frames]:
            names = list(dict.fromkeys(frame.definition.name for frame in trace.frames))
            chain = " -> ".join([*names[names.index(definition.name) :], definition.name])
            trace.report("circular-definition", f"a block contains itself: {chain}", target, path=path)
            return None
        return None if self.walk.is_too_deep(target, path) else definition

    def _group(self, site: Site) -> Shared | None:
        step, scope = site.step, site.scope
        if step.group is None or self.walk.is_too_deep(step.key, site.path):
            return None
        names = step.group.inputs
        if step.operands is not None and len(site.operands) != max(1, len(names)):
            message = f"the group takes {len(site.operands)} nodes and names {len(names) or 'none'} of them"
            help = "name each: `from: [a, b]` with `inputs: [x, y]`"
            self.walk.trace.report("operand-count", message, step.key, path=site.path, help=help)
            return None
        operands = site.operands or (UNKNOWN_TENSOR,) * max(1, len(names))
        params, loops = scope.names.params, scope.names.differing(self.walk.memory.asked(step))
        scope.names.frozen = scope.names.frozen or frozen(params)
        # The definition in the key keeps the group, so that its id stays its own.
        shapes = tuple([each.shape for each in operands])
        key = ("group", scope.definition, id(step.group), shapes, scope.names.frozen, frozen(loops), site.edits.rules)
        shared = self.walk.known(key)
        if shared is not None:
            return shared
        inner = Scope.of(scope.definition, step.group, params, inside(operands), site.path, scope.names, site.edits)
        return self._elaborated("group", inner, (key,))

    def _elaborated(
        self, kind: str, scope: Scope, keys: tuple[Key, ...], taken: tuple[OutputStep, ...] = (), weight: int = 0
    ) -> Shared:
        """What a block or group holds; kept for equal uses, where nothing is wrong.

        Args:
            kind: ``block`` or ``group``.
            scope: Its graph.
            keys: What decides what it holds.
            taken: The outputs that its user takes; empty for those that it declares.
            weight: Steps that its arguments are worth.
        """
        shared = self.walk.known(keys[-1])
        if shared is None:
            params = scope.names.params if kind == "block" else {}
            (body, outputs), spent = self.walk.spent(lambda: self.graphs.body(kind, scope, params, taken), weight)
            shared = Shared(body, outputs, *spent)
        self.walk.keep(keys, shared, scope)
        return shared
