"""What equal uses of a block or a group have in common: each is elaborated once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from archspec.compiler.tensors import Tensor
from archspec.language.definition import Definition
from archspec.network import Body

Key = Hashable
"""All that decides what a graph holds."""


class Shared(NamedTuple):
    """A graph that was elaborated without an error.

    Attributes:
        body: What it holds.
        outputs: The tensors that it gives, as it knows them itself.
        steps: How many steps that took: they count towards the limit on nodes at each use.
        height: How many graphs stand inside each other there, its own included.
        blocks: The blocks in it.
    """

    body: Body
    outputs: dict[str, Tensor]
    steps: int
    height: int
    blocks: frozenset[int]

    def holds(self, definitions: Iterable[Definition]) -> bool:
        """Whether one of some blocks is in it."""
        return any(id(definition) in self.blocks for definition in definitions)


def frozen(values: Mapping[str, Any]) -> str:
    """Values of arguments as part of a key; ``1``, ``1.0`` and ``True`` differ."""
    return repr(sorted(values.items())) if values else ""
