"""Tensors that a module holds: given to each sample, or as they are to what broadcasts them anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archspec.ops.facts import Batch, Function
from archspec.pytorch.emitter.model import Attribute, Key, Statement

_BROADCASTING = frozenset(f"torch.{name}" for name in ("add", "sub", "mul", "div", "maximum", "minimum"))


def expand(statements: Iterable[Statement], ranks: Mapping[Key, int], outputs: Iterable[Key]) -> None:
    """Give the tensors that a class holds a batch, but for those that only meet tensors with one.

    Args:
        statements: The lines of ``forward``.
        ranks: How many dimensions each tensor has, without the batch.
        outputs: The tensors that are returned.
    """
    statements = list(statements)
    plain = {statement.gives[0] for statement in statements if isinstance(statement.call, Attribute)} - {*outputs}
    for statement in statements:
        if not _broadcasts(statement) or plain.issuperset(statement.takes):
            plain -= {*statement.takes}
    for statement in statements:
        if isinstance(statement.call, Attribute) and statement.gives[0] not in plain:
            sizes = (-1,) * ranks[statement.gives[0]]
            statement.call = Function(".expand", (statement.call, Batch(0), *sizes))


def _broadcasts(statement: Statement) -> bool:
    return isinstance(statement.call, Function) and statement.call.target in _BROADCASTING
