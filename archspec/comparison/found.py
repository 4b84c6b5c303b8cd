"""What is found while two contents are compared: by cause, equal things as one, so that parts can be put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.comparison.edits import NOTHING, Difference, Kind, plus, times
from archspec.comparison.places import Place
from archspec.comparison.stating import written
from archspec.network import Totals
from archspec.ops.tensor import Shape

MOST_PLACES = 1_000
"""Places of one edit that are kept; they are all counted."""


class Key(NamedTuple):
    """An edit without its places: equal ones are told as one."""

    kind: Kind
    what: str
    texts: tuple[tuple[str, str, str], ...] = ()

    def is_about(self, name: str) -> bool:
        """Whether a difference of a name is among those that it tells."""
        return any(text[0] == name for text in self.texts)


def key_of(kind: Kind, what: str, differences: Iterable[Difference] = ()) -> Key:
    """The key of an edit."""
    return Key(kind, what, tuple([(each.name, written(each.before), written(each.after)) for each in differences]))


class Around(NamedTuple):
    """Stands for what differs around a graph and is not known in it: the values of parameters, or an input's shape.

    Attributes:
        input: The number of the input; -1 for values.
    """

    input: int = -1


VALUES = Around()
"""Stands for other values of the parameters around."""

Cause = Key | Around | None
"""Because of what something differs; None for what is an edit itself."""


class Slot(NamedTuple):
    """Where a finding belongs.

    Attributes:
        cause: Because of what.
        inside: Whether it is in the place of the cause itself.
        key: What is found; None for nodes that differ only in the shapes of tensors.
    """

    cause: Cause
    inside: bool
    key: Key | None


@dataclass
class Found:
    """Where something is found, and the figures of these places."""

    differences: tuple[Difference, ...]
    places: list[Place] = field(default_factory=list)
    count: int = 0
    before: Totals = NOTHING
    after: Totals = NOTHING
    shapes: tuple[Shape, Shape] | None = None

    def add(self, other: Found, around: Place) -> None:
        """Take what is found inside of a place."""
        room = MOST_PLACES - len(self.places)
        self.places += [
            place.inside(around.before, around.after, around.copies) for place in other.places[: max(0, room)]
        ]
        if self.count and self.shapes != other.shapes:
            self.shapes = None
        elif not self.count:
            self.shapes = other.shapes
        self.count += other.count * around.copies
        self.before = plus(self.before, times(other.before, around.copies))
        self.after = plus(self.after, times(other.after, around.copies))


Findings = dict[Slot, Found]

HERE = Place("", "")
"""The place of what stands around, seen from inside."""


def merge(into: Findings, other: Mapping[Slot, Found], around: Place, slot: Callable[[Slot], Slot]) -> None:
    """Add what is found inside of a place, each in the slot that ``slot`` gives."""
    for known, found in other.items():
        put(into, slot(known), found, around)


def put(into: Findings, slot: Slot, found: Found, around: Place = HERE) -> None:
    """Add one finding."""
    into.setdefault(slot, Found(found.differences)).add(found, around)


@dataclass(frozen=True)
class Outcome:
    """The comparison of two contents, for all places where these two stand.

    Attributes:
        findings: What differs; places are relative.
        outputs: For each tensor that they give and whose shape differs, because of what; by the output's name, the
            empty name for an op.
    """

    findings: Mapping[Slot, Found]
    outputs: Mapping[str, Cause]


SAME = Outcome({}, {})
