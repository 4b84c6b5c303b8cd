"""What a file takes out of the one that it extends: errors that come of it say so."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from archspec.errors import Diagnostic, Note, Span
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Value

_CODES = {
    "params": ("unknown-name", "unknown-argument"),
    "let": ("unknown-name", "invalid-expression"),
    "blocks": ("unknown-block",),
    "graph": ("unknown-node",),
}
"""The errors that name what is gone, by the key that it stood under."""
_CODES_BELOW = ("shape-mismatch", "operand-count", "invalid-argument", "reuse-mismatch")
"""The errors of a node that takes what the removed one took."""


class Removal(NamedTuple):
    """``x: null`` in a file that extends another.

    Attributes:
        path: The keys around it, and its own.
        span: Where it stands.
        base: The mapping of the other file that it is taken out of.
    """

    path: tuple[str, ...]
    span: Span
    base: MappingValue

    def explains(self, diagnostic: Diagnostic) -> bool:
        """Whether an error comes of it."""
        *around, form = self.path
        name = form.partition("(")[0]
        owner = around[-1] if around else ""
        if owner == "graph" and diagnostic.code == "unused-node":
            return any(f"`{taken}`" in diagnostic.message for taken in _wiring(self.base)[name])
        if owner == "graph" and diagnostic.code in _CODES_BELOW:
            return name in _wiring(self.base).get(diagnostic.path.rpartition(".")[2], ())
        if f"`{name}`" not in diagnostic.message:
            return False
        if not around:
            return diagnostic.code == "missing-key"
        if owner in _CODES:
            return diagnostic.code in _CODES[owner]
        return diagnostic.code == "missing-argument" and diagnostic.path.rpartition(".")[2] == owner


@lru_cache(maxsize=8)
def _wiring(graph: MappingValue) -> dict[str, list[str]]:
    """What each node of a graph takes."""
    names = list(graph.entries)
    return {name: _taken(graph.entries[name], names[at - 1] if at else "input") for at, name in enumerate(names)}


def _taken(node: Value, above: str) -> list[str]:
    value = node.entries.get("from") if isinstance(node, MappingValue) else None
    origin: Any = None if value is None else value.plain()
    if origin is None:
        return [above]
    return [str(name).partition(".")[0] for name in (origin if isinstance(origin, list) else [origin])]


def explained(diagnostic: Diagnostic, removals: Iterable[Removal]) -> Diagnostic:
    """An error with notes on the removals that it comes of."""
    notes = tuple(
        Note(f"`{each.path[-1]}` is removed here", each.span) for each in removals if each.explains(diagnostic)
    )
    return diagnostic._replace(notes=diagnostic.notes + notes) if notes else diagnostic
