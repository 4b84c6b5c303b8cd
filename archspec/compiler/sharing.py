"""What equal uses of an op, a block or a group have in common: each is worked out once, and kept for a while."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archspec.compiler.tensors import Tensor
from archspec.language.choice import Choice, choices_in
from archspec.language.definition import Definition
from archspec.language.loader import Reading
from archspec.language.source import Scalar
from archspec.network import Applied, Body
from archspec.ops.op import Op
from archspec.ops.tensor import Shape

Key = Hashable
"""All that decides what a graph holds."""

_MOST = 100_000
"""Nodes inside of graphs, or ops, that are kept; then all are forgotten."""


class Shared(NamedTuple):
    """A graph that was elaborated without an error.

    Attributes:
        body: What it holds.
        outputs: The tensors that it gives, as it knows them itself.
        steps: How many steps that took: they count towards the limit on nodes at each use.
        height: How many graphs stand inside each other there, its own included.
        readings: The blocks that it uses, in order.
        changed: The patterns of ``override:`` that fit a node in it.
    """

    body: Body
    outputs: dict[str, Tensor]
    steps: int
    height: int
    readings: tuple[Reading, ...]
    changed: tuple[Scalar, ...]

    def holds(self, definitions: Iterable[Definition]) -> bool:
        """Whether one of some blocks is in it."""
        inside = [reading.definition for reading in self.readings]
        return any(definition in inside for definition in definitions)


@dataclass
class Memory:
    """Graphs by all that decides what they hold. A definition in a key is known by its identity, and kept by it."""

    _graphs: dict[Key, Shared] = field(default_factory=dict)
    _steps: int = 0

    def get(self, key: Key) -> Shared | None:
        """The graph of a key, or None."""
        return self._graphs.get(key)

    def keep(self, keys: Iterable[Key], shared: Shared) -> None:
        """Keep a graph."""
        if self._steps > _MOST:
            self.forget()
        self._steps += shared.steps
        self._graphs.update(dict.fromkeys(keys, shared))

    def forget(self) -> None:
        """Forget all."""
        self._graphs.clear()
        self._steps = 0


LIBRARY = Memory()
"""Graphs in which all is of the block library, whose definitions a process reads once."""

BoundKey = tuple[type[Op], str, int | None]
"""An op, its arguments as written, and the spatial dimensions of its first operand."""


@dataclass
class Ops:
    """Ops with their arguments, by these as written; and what they make of shapes. Both hold in any network."""

    bound: dict[BoundKey, Op] = field(default_factory=dict)
    applied: dict[tuple[type[Op], str, tuple[Shape | None, ...]], Applied] = field(default_factory=dict)

    def make_room(self) -> None:
        """Forget all where there are many."""
        if max(len(self.applied), len(self.bound)) > _MOST:
            self.forget()

    def forget(self) -> None:
        """Forget all."""
        self.applied.clear()
        self.bound.clear()


OPS = Ops()


def forget() -> None:
    """Forget what is kept for the process; the block library's files stay read."""
    LIBRARY.forget()
    OPS.forget()


class Frozen(NamedTuple):
    """Values of arguments as part of a key.

    Attributes:
        text: The values, in which ``1``, ``1.0`` and ``True`` differ.
        users: The definitions in which the blocks among them are named, which their names alone do not tell.
    """

    text: str
    users: tuple[Hashable, ...] = ()


_HOLDING = (Choice, list, dict)
"""Types of values in which blocks can be named."""


def frozen(values: Mapping[str, Any]) -> Frozen:
    """Values of arguments as part of a key."""
    if not values:
        return Frozen("")
    holding = [value for value in values.values() if type(value) in _HOLDING]
    users = [choice.user for value in holding for choice in choices_in(value) if choice.kind == "block"]
    return Frozen(repr(sorted(values.items())), tuple(users))
