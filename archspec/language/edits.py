"""Changes of nodes inside of a network (``override:``), as each graph in it sees them."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from archspec.language import patterns
from archspec.language.definition import Change

OF_CHANGES = frozenset({"op", "block", "when", "repeat", "first", "last", "doc"})
"""The keys of a node that a change can state, besides arguments."""
_WHOLE = ("*", "**")
"""Names of a pattern that fit every name."""


class Edit(NamedTuple):
    """A change, and what is left of its pattern for the paths inside of one graph."""

    names: tuple[str, ...]
    change: Change


@dataclass(frozen=True)
class Edits:
    """The changes of nodes in one graph, and of those in blocks inside; later ones hold over earlier ones."""

    rules: tuple[Edit, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def __add__(self, other: Edits) -> Edits:
        return Edits(self.rules + other.rules) if self.rules and other.rules else self if self.rules else other

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        """The numbers of the rules whose first name is plain, by that name."""
        found: dict[str, list[int]] = {}
        for number, rule in enumerate(self.rules):
            if not patterns.is_pattern(rule.names[0]):
                found.setdefault(rule.names[0], []).append(number)
        return found

    @cached_property
    def _open(self) -> list[int]:
        """The numbers of the other rules."""
        return [number for number, rule in enumerate(self.rules) if patterns.is_pattern(rule.names[0])]

    def at(self, name: str) -> tuple[tuple[Change, ...], Edits]:
        """The changes of the node of a name, and the edits of what it holds."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._at(name)
        return known

    @cached_property
    def _known(self) -> dict[str, tuple[tuple[Change, ...], Edits]]:
        return {}

    def _at(self, name: str) -> tuple[tuple[Change, ...], Edits]:
        changes: dict[Change, None] = {}
        inside: list[Edit] = []
        for number in sorted([*self._by_name.get(name, ()), *self._open]):
            names, change = self.rules[number]
            for rest in patterns.rests(names, name):
                if patterns.ends(rest):
                    changes[change] = None
                if rest:
                    inside.append(Edit(rest, change))
        left = tuple(inside)
        return tuple(changes), self if left == self.rules else Edits(left) if left else NO_EDITS

    def same_until(self, index: int) -> float:
        """The first copy of a repeat behind that of an index which may be changed in another way."""
        if any(map(patterns.is_pattern, self._firsts)):
            return index + 1
        place = bisect_left(self._numbers, index)
        if place < len(self._numbers) and self._numbers[place] == index:
            return index + 1
        return self._numbers[place] if place < len(self._numbers) else math.inf

    @cached_property
    def _firsts(self) -> set[str]:
        """The names that tell copies apart."""
        return {name for names, _ in self.rules for name in names[: 1 + (names[0] == "**")]} - {*_WHOLE}

    @cached_property
    def _numbers(self) -> list[int]:
        return sorted(int(name) for name in self._firsts if name.isascii() and name.isdecimal())


NO_EDITS = Edits()
