"""An op or a block as the value of a parameter: a name, with arguments or without."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from typing_extensions import override

from archspec.language.source import Entry, Scalar, Value
from archspec.language.source import Mapping as MappingValue

KINDS = {"op": "an op", "block": "a block"}
"""Types of parameters whose values are ops or blocks, in words."""


@dataclass(frozen=True, eq=False)
class Choice:
    """An op or a block that a parameter stands for. Choices are equal where they mean the same, wherever they stand.

    Attributes:
        kind: ``op`` or ``block``.
        target: Its name, where that stands.
        arguments: The values of its arguments, with nothing left to compute.
        user: The definition that it stands in (`archspec.language.definition.Definition`): one of its own blocks may
            have the name.
    """

    kind: str
    target: Scalar
    arguments: Mapping[str, Entry]
    user: Hashable

    @cached_property
    def name(self) -> str:
        """The name of the op or block, or the path of the block's file."""
        return str(self.target.value)

    @cached_property
    def size(self) -> int:
        """How many ops and blocks it says, each as often as it stands in the arguments of others."""
        return 1 + sum(choice.size for entry in self.arguments.values() for choice in _outermost(entry.value.plain()))

    @cached_property
    def users(self) -> tuple[Hashable, ...]:
        """The definitions in which blocks are named, by it and by the choices in its arguments."""
        own = (self.user,) if self.kind == "block" else ()
        return (*own, *(user for entry in self.arguments.values() for user in users_in(entry.value.plain())))

    def plain(self) -> Any:
        """As a spec says it: the name, or a mapping where there are arguments."""
        if not self.arguments:
            return self.name
        return {self.kind: self.name, **{name: plain(entry.value.plain()) for name, entry in self.arguments.items()}}

    @cached_property
    def _text(self) -> str:
        arguments = sorted((name, entry.value.plain()) for name, entry in self.arguments.items())
        return f"<{self.kind} {self.name!r} {arguments}>"

    @override
    def __repr__(self) -> str:
        return self._text

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Choice):
            return NotImplemented
        return self._text == other._text and (self.kind == "op" or self.user is other.user)

    @override
    def __hash__(self) -> int:
        return hash(self._text)


def names_one(value: Any, kind: str) -> bool:
    """Whether a plain value says an op, or a block: a name, or a mapping with its name and arguments."""
    return isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get(kind), str))


def kind_named(value: Any) -> str:
    """``op`` or ``block`` for a plain mapping that names one; empty for any other value."""
    return next((kind for kind in KINDS if isinstance(value, dict) and names_one(value, kind)), "")


def is_choice(value: Value) -> bool:
    """Whether a value as written is a mapping that names an op or a block."""
    named = [value.entries.get(kind) for kind in KINDS] if isinstance(value, MappingValue) else []
    return any(isinstance(name, Scalar) and isinstance(name.value, str) for name in named)


def chosen(value: Any, kind: str, place: Value, user: Hashable) -> Choice:
    """The choice that a value says.

    Args:
        value: The value, its expressions computed, for which `names_one` holds.
        kind: ``op`` or ``block``.
        place: Where it is written.
        user: The definition that it stands in.
    """
    if isinstance(value, str):
        return Choice(kind, _at(place, value), {}, user)
    written = place if isinstance(place, MappingValue) else None
    entries = {}
    for name, argument in value.items():
        known = written.entries.get(name) if written else None
        key = written.keys[name] if written and known is not None else _at(place, name)
        entries[name] = Entry(key, _at(known or place, argument))
    target = entries.pop(kind).value
    assert isinstance(target, Scalar)
    return Choice(kind, target, entries, user)


def _at(place: Value, value: Any) -> Scalar:
    """A value that has been computed, where it is written."""
    if isinstance(place, Scalar) and place.value == value and "$" not in str(value):
        return place
    escaped = f"${value}" if isinstance(value, str) and value.startswith("$") else value
    return Scalar(place.source, place.start, place.end, escaped)


def plain(value: Any) -> Any:
    """A value without choices in it: each as a spec says it."""
    if isinstance(value, Choice):
        return value.plain()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def users_in(value: Any) -> Sequence[Hashable]:
    """The definitions in which the choices in a value name blocks."""
    if isinstance(value, Choice):
        return value.users
    return [user for choice in _outermost(value) for user in choice.users]


def _outermost(value: Any) -> list[Choice]:
    """The choices in a value that stand in no other."""
    if isinstance(value, Choice):
        return [value]
    items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return [choice for item in items for choice in _outermost(item)]
