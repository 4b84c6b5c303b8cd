"""What a comparison tells: edits, what each costs, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from archspec.comparison.places import Place, pattern
from archspec.network import Totals
from archspec.ops.tensor import Shape

Kind = Literal["added", "removed", "changed", "renamed", "moved"]

NOTHING = Totals()


def plus(one: Totals, other: Totals) -> Totals:
    """The sums of two figures."""
    return Totals(*map(sum, zip(one, other, strict=True)))


def times(totals: Totals, count: int) -> Totals:
    """Figures so many times."""
    return totals if count == 1 else Totals(*[count * figure for figure in totals])


def minus(one: Totals, other: Totals) -> Totals:
    """The differences of two figures."""
    return Totals(*[figure - its for figure, its in zip(one, other, strict=True)])


class Difference(NamedTuple):
    """A value that differs.

    Attributes:
        name: The argument or parameter; or ``op``, ``block``, ``copies``, ``from``, ``reuse``, ``output`` …
        before: The value in the first network, as a spec writes it; None too where there is none.
        after: The value in the second network.
    """

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Edit:
    """Something that differs by itself, or in `inside` and `beyond` of another edit what follows from that.

    Equal edits in several places are one.

    Attributes:
        kind: ``added``, ``removed``, ``changed``, ``renamed`` or ``moved``.
        what: The op or block, with its arguments where it was added or removed.
        differences: What differs; of a ``changed`` one alone.
        places: Where. Of very many places the first are listed; `count` has all.
        count: How many places there are, each copy of a repeat counted.
        before: Figures of these places in the first network, all that the edit changes in them by itself.
        after: The same in the second network.
        shapes: The shape of its output, before and after, where that is one op and alike in all places, and changed.
        inside: What follows in the places themselves: ops that are there or not, arguments that have other values.
        beyond: The same in other places, whose operands have other shapes because of it.
        follows: The nodes elsewhere that only take or give tensors of another shape because of it; None for none.
    """

    kind: Kind
    what: str
    differences: tuple[Difference, ...]
    places: tuple[Place, ...]
    count: int
    before: Totals
    after: Totals
    shapes: tuple[Shape, Shape] | None = None
    inside: tuple[Edit, ...] = ()
    beyond: tuple[Edit, ...] = ()
    follows: Follows | None = None

    @property
    def path(self) -> str:
        """The path where it is one place, else a pattern that fits all."""
        return pattern([place.path for place in self.places])

    @property
    def change(self) -> Totals:
        """By how much it changes the figures, with what follows `inside`."""
        return minus(plus_all([self.after, *(each.after for each in self.inside)]), self._before)

    @property
    def _before(self) -> Totals:
        return plus_all([self.before, *(each.before for each in self.inside)])


def plus_all(figures: list[Totals]) -> Totals:
    """The sums of figures."""
    return Totals(*map(sum, zip(*figures, strict=True)))


@dataclass(frozen=True)
class Follows:
    """Nodes that differ in nothing but the shapes of tensors.

    Attributes:
        places: Where they are; of very many the first.
        count: How many there are, each copy of a repeat counted.
        before: Their figures in the first network.
        after: Their figures in the second network.
    """

    places: tuple[Place, ...]
    count: int
    before: Totals
    after: Totals

    @property
    def change(self) -> Totals:
        """By how much their figures change."""
        return minus(self.after, self.before)
