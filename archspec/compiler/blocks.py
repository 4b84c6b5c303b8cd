"""Blocks and groups: what they hold, once for equal uses."""

from __future__ import annotations

from typing import Any

from archspec.compiler.binding import Argument, bind, has_too_many
from archspec.compiler.changes import edits_of
from archspec.compiler.graphs import Graphs
from archspec.compiler.sharing import LIBRARY, Key, Memory, Shared, frozen
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
        values = {name: walk.value(entry.value, site.scope, path) for name, entry in site.arguments.items()}
        taken = tuple([(output.name, output.reference and output.reference[:2]) for output in step.outputs])
        place = ("block", definition, taken, tuple([each.shape for each in operands]), site.edits)
        users = (site.scope.definition, site.user) if definition.takes_blocks else ()
        given = (*place, users, frozen(values))
        shared = self._known(given)
        if shared is not None:
            return shared
        with walk.trace.inside(Frame(site.key, path, definition)):
            bound = {name: self._argument(values[name], entry, site) for name, entry in site.arguments.items()}
            user = step._replace(key=site.key, target=site.target)
            params = bind(definition, bound, views(definition.graph, operands), walk.trace, path, user)
            if UNKNOWN in params.values():
                return None
            edits = edits_of(definition, params, walk.trace) + site.edits
            inner = Scope.of(definition, definition.graph, params, inside(operands), path, edits=edits)
            written = frozen(params)
            keys = (given, (*place, "bound", written))
            return self._elaborated("block", inner, keys, step.outputs, len(written.text))

    @staticmethod
    def _argument(value: Any, entry: Entry, site: Site) -> Argument:
        """A value given to a block, written by the node or beside the name of the block that the node stands for."""
        given = site.choice.arguments if site.choice else {}
        user = site.user if any(entry is other for other in given.values()) else site.scope.definition
        return Argument(value, entry, site.scope.names, user)

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
        if any(frame.definition is definition for frame in trace.frames):
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
        params, loops = scope.names.params, scope.names.asked(step)
        scope.names.frozen = scope.names.frozen or frozen(params)
        # The definition in the key keeps the group, so that its id stays its own.
        shapes = tuple([each.shape for each in operands])
        key = ("group", scope.definition, id(step.group), shapes, scope.names.frozen, frozen(loops), site.edits)
        shared = self._known(key)
        if shared is not None:
            return shared
        inner = Scope.of(scope.definition, step.group, params, inside(operands), site.path, scope.names, site.edits)
        return self._elaborated("group", inner, (key,))

    # Sharing

    def _memory(self, scope: Scope, shared: Shared) -> Memory:
        """Where a graph is kept: for the process, where all in it stands in files that a process reads once."""
        if scope.edits:
            return self.walk.memory
        inside = (scope.definition, *(reading.definition for reading in shared.readings))
        return LIBRARY if all(each and each.source.bundled for each in inside) else self.walk.memory

    def _known(self, key: Key) -> Shared | None:
        """What an equal use holds; None where there was none, or where this one would go beyond a limit."""
        walk = self.walk
        shared = LIBRARY.get(key) or walk.memory.get(key)
        if shared is None or walk.steps + shared.steps > walk.limits.nodes:
            return None
        if walk.depth + shared.height - 1 > walk.limits.nesting:
            return None
        if walk.trace.frames and shared.readings and shared.holds(frame.definition for frame in walk.trace.frames):
            return None
        walk.steps += shared.steps
        walk.height = max(walk.height, shared.height)
        walk.readings.update(dict.fromkeys(shared.readings))
        walk.changed.update(dict.fromkeys(shared.changed))
        return shared

    def _elaborated(
        self, kind: str, scope: Scope, keys: tuple[Key, ...], taken: tuple[OutputStep, ...] = (), characters: int = 0
    ) -> Shared:
        """What a block or group holds; kept for equal uses, where nothing is wrong.

        Args:
            kind: ``block`` or ``group``.
            scope: Its graph.
            keys: What decides what it holds.
            taken: The outputs that its user takes; empty for those that it declares.
            characters: The length of its arguments.
        """
        shared = self._known(keys[-1])
        if shared is None:
            weight = characters // (CHARACTERS_OF_A_VALUE * VALUES_OF_A_STEP)
            shared = self._walked(kind, scope, taken, weight)
        if not self.walk.trace.found:
            self._memory(scope, shared).keep(keys, shared)
        return shared

    def _walked(self, kind: str, scope: Scope, taken: tuple[OutputStep, ...], weight: int) -> Shared:
        walk = self.walk
        before, height, readings, changed = walk.steps, walk.height, walk.readings, walk.changed
        walk.steps += weight
        walk.height, walk.readings, walk.changed = 0, {}, {}
        body, outputs = self.graphs.body(kind, scope, scope.names.params if kind == "block" else {}, taken)
        shared = Shared(body, outputs, walk.steps - before, walk.height, tuple(walk.readings), tuple(walk.changed))
        walk.height = max(height, walk.height)
        walk.readings, walk.changed = readings | walk.readings, changed | walk.changed
        return shared
