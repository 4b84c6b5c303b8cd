"""Two nodes or copies that are each other's, and what is known around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from archspec.comparison.edits import Difference
from archspec.comparison.found import VALUES, Around, Cause, Key, Slot
from archspec.comparison.places import Place
from archspec.comparison.stating import Stated, stated
from archspec.network import Applied, Body, Content, Use
from archspec.ops.tensor import Shape

Taken = Callable[[int], Cause]
"""Because of what the operand of a number has another shape; None where that is not known."""
Outputs = Mapping[str, Cause]
"""Because of what tensors have another shape, by the names of outputs; an only one has the empty name."""

OF_WIRES = frozenset({"from", "reuse", "copies"})
"""Differences that change no value inside."""


@dataclass(frozen=True)
class Pair:
    """Two nodes or copies that are each other's.

    Attributes:
        one: The first.
        other: The second.
        place: Where they are, in the graphs around them.
        differences: What is known to differ: what they take, and whose weights they use.
        reason: Because of what anything of them differs, where they stand in different definitions; else None.
        moved: The edit that they moved; None where they did not.
        values: Because of what values around them are other ones.
        settled: Names of what is told of the repeat whose copies they are.
        rows: Whether they are rows of tables that are written differently.
    """

    one: Use
    other: Use
    place: Place
    differences: tuple[Difference, ...] = ()
    reason: Cause = None
    moved: Key | None = None
    values: Cause = VALUES
    settled: frozenset[str] = frozenset()
    rows: bool = False

    @property
    def is_repeat(self) -> bool:
        """Whether one of them has copies."""
        contents = (self.one.content, self.other.content)
        return any(isinstance(content, Body) and content.kind == "repeat" for content in contents)

    def stated(self) -> Stated:
        """What its spec states differently of them."""
        found = stated(self.one, self.other, self.settled, rows=self.rows)
        return found._replace(own=(*self.differences, *found.own))

    def slot(self, cause: Cause, key: Key | None) -> Slot:
        """Where something belongs that differs in them because of something; values around them are inside of it."""
        return Slot(cause, isinstance(cause, Key) and cause in (self.values, self.reason), key)

    def resolved(self, slot: Slot, values: Cause, taken: Taken) -> Slot:
        """Where something belongs, here, that was found inside of them.

        Args:
            slot: Where it belongs inside.
            values: Because of what values inside are other ones.
            taken: Because of what inputs are.
        """
        if not isinstance(slot.cause, Around):
            return slot
        if slot.cause == VALUES:
            return Slot(values, isinstance(values, Key), slot.key)
        return self.slot(taken(slot.cause.input) or values, slot.key)

    def of_shapes(self, taken: Taken) -> Cause:
        """Because of what they have operands of other shapes."""
        shapes = [_input_shapes(use.content) for use in (self.one, self.other)]
        numbers = [number for number, (one, other) in enumerate(zip(*shapes, strict=False)) if one != other]
        numbers += range(min(map(len, shapes)), len(self.other.inputs))
        causes: Iterator[Cause] = filter(None, map(taken, numbers))
        return next(causes, None) or self.reason or self.moved or self.values

    @property
    def takes_other_shapes(self) -> bool:
        """Whether they are ops on operands of different shapes."""
        return _input_shapes(self.one.content) != _input_shapes(self.other.content)

    @property
    def shapes(self) -> tuple[Shape, Shape] | None:
        """The shapes of their outputs, where both have one and these differ."""
        found = [shapes_of(use.content).get("") for use in (self.one, self.other)]
        return (found[0], found[1]) if found[0] and found[1] and found[0] != found[1] else None

    def reshaped(self) -> Iterator[str]:
        """The outputs that have another shape."""
        one, other = shapes_of(self.one.content), shapes_of(self.other.content)
        return (port for port, shape in other.items() if one.get(port) != shape)


def shapes_of(content: Content) -> Mapping[str, Shape]:
    """The shapes of what a content gives, by name; an only one has the empty name, as has that of an op."""
    if isinstance(content, Applied):
        return {"": content.shape}
    if len(content.shapes) == 1:
        return {"": next(iter(content.shapes.values()))}
    return {"" if content.kind == "op" and name == "output" else name: shape for name, shape in content.shapes.items()}


def _input_shapes(content: Content) -> tuple[Shape, ...]:
    """The shapes of the operands of an op, and of one with several outputs."""
    if isinstance(content, Applied):
        return content.input_shapes
    return _input_shapes(content.uses[0].content) if content.kind == "op" else ()
