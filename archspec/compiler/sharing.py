"""What equal uses of an op, a block or a group have in common: each is worked out once, and kept for a while."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from archspec.compiler.binding import Argument
from archspec.compiler.tensors import Tensor
from archspec.language.choice import Choice, users_in
from archspec.language.definition import Definition, Step
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


class Settled(NamedTuple):
    """What of a spec does not depend on the values that its parameters are given.

    Attributes:
        definition: The spec.
        variants: What each of its variants gives.
        usual: The values of its parameters where nothing is given.
        of_variants: Those where a variant is.
    """

    definition: Definition
    variants: dict[str, dict[str, Argument]]
    usual: dict[str, Any]
    of_variants: dict[str, dict[str, Any]]


@dataclass
class Memory:
    """Graphs by all that decides what they hold. A definition in a key is known by its identity, and kept by it.

    Attributes:
        settled: What is known of the spec itself, where nothing is wrong with that.
        rules: What its rules of ``init:`` and ``weights:`` state that are right and ask for no parameter, by the
            identity of the value.
        steps: How many steps the graphs took that are kept.
    """

    settled: Settled | None = None
    rules: dict[int, Any] = field(default_factory=dict)
    steps: int = 0
    _graphs: dict[Key, Shared] = field(default_factory=dict)
    _asked: dict[int, tuple[Step, frozenset[str]]] = field(default_factory=dict)

    def asked(self, step: Step) -> frozenset[str]:
        """The names that the expressions of a node ask for, those inside of a group too."""
        known = self._asked.get(id(step))
        if known is None:
            if len(self._asked) > _MOST:
                self._asked.clear()
            known = self._asked[id(step)] = step, frozenset(step.asked())  # which keeps its id its own
        return known[1]

    def get(self, key: Key) -> Shared | None:
        """The graph of a key, or None."""
        return self._graphs.get(key)

    def keep(self, keys: Iterable[Key], shared: Shared) -> None:
        """Keep a graph."""
        if self.steps > _MOST:
            self.forget()
        self.steps += shared.steps
        for key in keys:
            self._graphs[key] = shared

    def forget(self) -> None:
        """Forget all."""
        self._graphs.clear()
        self.steps = 0


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


Spec = TypeVar("Spec")


@dataclass
class Recent(Generic[Spec]):
    """The specs that were compiled last, by what is asked for; one that is compiled just now is not among them."""

    most: int
    _specs: dict[Key, Spec] = field(default_factory=dict)

    def take(self, key: Key) -> Spec | None:
        """The spec of a key, which nobody else has meanwhile; None where there is none."""
        return self._specs.pop(key, None)

    def put(self, key: Key, spec: Spec) -> None:
        """Keep a spec, in place of that which was used least recently where there are many."""
        self._specs[key] = spec
        for old in list(self._specs)[: -self.most]:
            self._specs.pop(old, None)  # another thread may have been here

    def forget(self) -> None:
        """Forget all."""
        self._specs.clear()


RECENT: Recent[Any] = Recent(8)


def forget() -> None:
    """Forget what is kept for the process; the block library's files stay read."""
    LIBRARY.forget()
    OPS.forget()
    RECENT.forget()


class Frozen(NamedTuple):
    """Values of arguments as part of a key.

    Attributes:
        text: The values, in which ``1``, ``1.0`` and ``True`` differ.
        users: The definitions in which the blocks among them are named, which their names alone do not tell.
    """

    text: str
    users: tuple[Hashable, ...] = ()


_NOTHING = Frozen("")
_HOLDING = frozenset({Choice, list, dict})
"""Types of values in which blocks can be named."""


def frozen(values: Mapping[Any, Any]) -> Frozen:
    """Values of arguments as part of a key."""
    if not values:
        return _NOTHING
    users = [user for value in values.values() if type(value) in _HOLDING for user in users_in(value)]
    return Frozen(repr({**values}), tuple(users))
