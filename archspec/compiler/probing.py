"""What a network, or a block or group of it, would hold for another value of a parameter, or other shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from typing_extensions import override

from archspec.compiler.binding import Argument, bind
from archspec.compiler.changes import edits_of
from archspec.compiler.elaborate import Elaboration
from archspec.compiler.repetition import asks_index
from archspec.compiler.sharing import Memory, frozen
from archspec.compiler.tensors import Names, Scope, Tensor, views
from archspec.compiler.trace import Trace
from archspec.compiler.walk import Walk
from archspec.errors import Diagnostic, SpecError
from archspec.language.definition import Definition, GraphSteps
from archspec.language.functions import LetFunction, places
from archspec.language.limits import Limits
from archspec.language.loader import Loader, Reading
from archspec.language.source import Entry, Scalar, Value
from archspec.language.usage import names_in
from archspec.language.values import UNKNOWN
from archspec.language.work import Left, bounded_lists
from archspec.network import Block, Body, Network
from archspec.network.pruning import giving
from archspec.ops.tensor import Shape


class NotKnown(Exception):  # noqa: N818 - a signal, not an error
    """A block that the network does not use would have to be read from a file, or expressions would take too long."""


class _Refused(Exception):  # noqa: N818 - a signal, not an error
    """The language refuses what is tried."""


class _Strict(Trace):
    """Stops at the first error: nobody is told what others there are, or where."""

    @override
    def report(self, code: str, message: str, value: Value, **details: Any) -> None:
        raise _Refused

    @override
    def take(self, diagnostics: Iterable[Diagnostic]) -> None:
        for _ in diagnostics:
            raise _Refused


class Probing:
    """Elaborates parts of a network anew; blocks are those that it uses, no file is read."""

    def __init__(self, network: Network) -> None:
        self._loader = _Known(_definitions(network.blocks.content), network.limits)
        self._memory = Memory()
        self._left = Left(network.limits)

    def network(
        self, network: Block, given: Mapping[str, Any], shapes: Sequence[Shape], outputs: Sequence[str]
    ) -> Body | None:
        """What the network would hold; None as for a block.

        Raises:
            NotKnown: As for a block.
        """
        entry = Entry(Scalar(network.template.source, 0, 0, ""), network.template.value)
        arguments = {name: Argument(value, entry) for name, value in given.items()}
        params = self._bound(network, arguments, {})
        if params is None:
            return None
        return self._body(network, network.template.graph, params, {}, _operands(shapes), outputs)

    def block(
        self,
        block: Block,
        given: Mapping[str, Any],
        lets: Mapping[str, Any],
        shapes: Sequence[Shape],
        outputs: Sequence[str],
    ) -> Body | None:
        """What a block would hold; None where the language refuses that.

        Args:
            block: A use of it.
            given: Values of parameters; the others have their defaults.
            lets: Values of what its ``let`` defines; the others are computed.
            shapes: Of its inputs.
            outputs: Those of its outputs that are needed.

        Raises:
            NotKnown: It would use a block of a file that the network does not use, or its ``override:`` computes.
        """
        definition, operands = block.template, _operands(shapes)
        assert block.step is not None
        entry = Entry(block.step.key, block.step.key)
        arguments = {name: Argument(value, entry) for name, value in given.items()}
        params = self._bound(block, arguments, views(definition.graph, operands))
        if params is None:
            return None
        return self._body(block, definition.graph, params, lets, operands, outputs)

    def _bound(self, block: Block, given: Mapping[str, Argument], inputs: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values of parameters; None where the language refuses one."""
        with suppress(_Refused), self._bounded():
            params = bind(block.template, given, inputs, _Strict(), block.path, block.step if block.path else None)
            return None if UNKNOWN in params.values() else params
        return None

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Bound what all that is tried does with lists."""
        try:
            with bounded_lists(self._left):
                yield
        except SpecError:
            if self._left.values < 0:
                raise NotKnown from None
            raise

    def group(
        self,
        block: Block,
        params: Mapping[str, Any],
        lets: Mapping[str, Any],
        shapes: Sequence[Shape],
        outputs: Sequence[str],
    ) -> Body | None:
        """What a group would hold where the names around it have these values; None as above.

        Args:
            block: A use of it.
            params: Values of the parameters, of what is defined around it, and of what differs from copy to copy
                there; ``row.channels`` is another value of an item of ``row``.
            lets: Values of what its ``let`` defines; the others are computed.
            shapes: Of its inputs.
            outputs: Those of its outputs that are needed.

        Raises:
            NotKnown: As above, or it asks for the index of a copy that it is not itself.
        """
        assert block.graph is not None
        around = dict(params)
        around |= {name: value.within(around) for name, value in params.items() if isinstance(value, LetFunction)}
        return self._body(block, block.graph, around, lets, _operands(shapes), outputs)

    def _body(
        self,
        block: Block,
        graph: GraphSteps,
        params: Mapping[str, Any],
        lets: Mapping[str, Any],
        operands: tuple[Tensor, ...],
        outputs: Sequence[str],
    ) -> Body | None:
        is_block, is_group = block.kind == "block", block.kind == "group"
        override = block.template.override if is_block else None
        if override is not None and any(names_in(override)):
            raise NotKnown
        decided = frozen(params), frozen(lets), places(params.values())
        around = self._around(block, params) if is_group else None
        params = {name: value for name, value in params.items() if name in block.template.params}
        walk = Walk(self._loader, self._memory, _Strict())
        taken = block.step.outputs if is_block and block.step is not None else ()
        try:
            with self._bounded():
                edits = block.content.edits if block.path else edits_of(block.template, params, walk.trace)
                scope = Scope.of(block.template, graph, params, operands, block.path, around, edits)
                scope.names.lets = lets
                scope.names.frozen = decided
                body, _ = Elaboration(walk).graphs.body(block.kind, scope, params if is_block else {}, taken)
        except (SpecError, _Refused):
            return None
        return giving(body, outputs)

    @staticmethod
    def _around(group: Block, params: Mapping[str, Any]) -> Names:
        """What differs from copy to copy around a group: values of ``params`` that are no parameters, and the index."""
        loops: dict[str, Any] = {}
        for name, value in params.items():
            if name not in group.template.params:
                first, *items = name.split(".")
                loops[first] = _changed(loops[first], items, value) if items else value
        index = group.copy
        assert group.step is not None
        if index is None and asks_index(group.step, set(group.step.asked())):
            raise NotKnown
        return Names({}, {}, index=index, loops=loops)


def _changed(row: Mapping[str, Any], items: list[str], value: Any) -> dict[str, Any]:
    """A row with another value of an item, which may be one of a mapping inside."""
    first, *inner = items
    return {**row, first: _changed(row[first], inner, value) if inner else value}


class _Known(Loader):
    """Finds the blocks that a network uses, and those beside them, without reading a file."""

    def __init__(self, known: Mapping[int, Definition], limits: Limits) -> None:
        super().__init__(Path(), limits, [])
        self._known = {place: Reading(definition, (), ()) for place, definition in known.items()}
        self._of_files = {_file(definition): Reading(definition, (), ()) for definition in known.values()}

    @override
    def block(self, target: Scalar, user: Definition) -> Reading:
        return self._known.get(id(target)) or super().block(target, user)

    @override
    def _named_file(self, target: Value) -> Reading:
        """A file of a block that the network uses, which a parameter may name."""
        if target.source.path is not None and isinstance(target, Scalar):
            with suppress(OSError, ValueError, RuntimeError):
                path = (target.source.path.parent / str(target.value)).resolve()
                if path in self._of_files:
                    return self._of_files[path]
        raise NotKnown(target)


def _file(definition: Definition) -> Path | None:
    """The file that is a block; None where the block is only part of one."""
    path = definition.source.path
    return path.resolve() if path is not None and "archspec" in definition.value.entries else None


def _definitions(root: Body) -> dict[int, Definition]:
    """The blocks that a network uses, by the identity of the value that names them."""
    found: dict[int, Definition] = {}
    seen: set[int] = set()
    waiting: list[Body] = [root]
    while waiting:
        body = waiting.pop()
        if id(body) in seen:
            continue
        seen.add(id(body))
        for use in body.firsts():
            if isinstance(use.content, Body):
                waiting.append(use.content)
                if use.content.kind == "block" and use.step.target is not None:
                    found[id(use.step.target)] = use.content.template
    return found


def _operands(shapes: Sequence[Shape]) -> tuple[Tensor, ...]:
    return tuple(Tensor(number, shape) for number, shape in enumerate(shapes))
