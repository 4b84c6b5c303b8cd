"""What a file takes out of the one that it extends: errors that come of it say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from archspec.errors import Diagnostic, Note, Span
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Value
from archspec.language.usage import names_in

_CODES = {"params": ("unknown-name", "unknown-argument"), "blocks": ("unknown-block",), "graph": ("unknown-node",)}
"""The errors that name what is gone, by the key that it stood under."""
_CODES_BELOW = ("shape-mismatch", "operand-count", "invalid-argument")
"""The errors of a node that takes what the removed one took."""


class Removal(NamedTuple):
    """``x: null`` in a file that extends another.

    Attributes:
        path: The keys around it, and its own.
        span: Where it stands.
        taken: Of a node: what it took.
        takers: Of a node: those that took it.
        asked: The names that its expressions asked for.
    """

    path: tuple[str, ...]
    span: Span
    taken: frozenset[str] = frozenset()
    takers: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()

    def explains(self, diagnostic: Diagnostic) -> bool:
        """Whether an error comes of it."""
        *around, name = self.path
        owner = around[-1] if around else ""
        if diagnostic.code == "unused-parameter":
            return any(f"`{asked}`" in diagnostic.message for asked in self.asked)
        if owner == "graph" and diagnostic.code == "unused-node":
            return any(f"`{taken}`" in diagnostic.message for taken in self.taken)
        if owner == "graph" and diagnostic.code in _CODES_BELOW:
            return diagnostic.path.rpartition(".")[2] in self.takers
        if f"`{name}`" not in diagnostic.message:
            return False
        if not around:
            return diagnostic.code == "missing-key"
        if owner in _CODES:
            return diagnostic.code in _CODES[owner]
        return diagnostic.code == "missing-argument" and diagnostic.path.rpartition(".")[2] == owner


def removal(path: tuple[str, ...], span: Span, beside: Mapping[str, Value]) -> Removal:
    """The removal of a key from a mapping that had these."""
    asked = frozenset(names_in(beside[path[-1]]))
    if path[-2:-1] != ("graph",):
        return Removal(path, span, asked=asked)
    return _node_removal(path, span, beside)._replace(asked=asked)


def _node_removal(path: tuple[str, ...], span: Span, nodes: Mapping[str, Value]) -> Removal:
    """The removal of a node from a graph that had these."""
    names = list(nodes)
    at = names.index(path[-1])
    taken = _taken(nodes, names, at)
    takers = {name for i, name in enumerate(names[at + 1 :], start=at + 1) if path[-1] in _taken(nodes, names, i)}
    return Removal(path, span, frozenset(taken), frozenset(takers))


def _taken(nodes: Mapping[str, Value], names: list[str], at: int) -> list[str]:
    """What the node at a place takes."""
    value = nodes[names[at]]
    origin: Any = value.entries["from"].plain() if isinstance(value, MappingValue) and "from" in value.entries else None
    if origin is None:
        return [names[at - 1] if at else "input"]
    return [str(name).partition(".")[0] for name in (origin if isinstance(origin, list) else [origin])]


def explained(diagnostic: Diagnostic, removals: Iterable[Removal]) -> Diagnostic:
    """An error with notes on the removals that it comes of."""
    notes = tuple(
        Note(f"`{each.path[-1]}` is removed here", each.span) for each in removals if each.explains(diagnostic)
    )
    return diagnostic._replace(notes=diagnostic.notes + notes) if notes else diagnostic
