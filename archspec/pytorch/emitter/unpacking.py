"""Parts of a tensor that are taken one after another: ``queries, keys, values = torch.chunk(x, 3, dim=2)``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archspec.ops.facts import Function
from archspec.pytorch.emitter.model import Statement


def unpacked(statements: list[Statement]) -> Iterator[Statement]:
    """The statements, of which those that take all parts of a tensor in order are one."""
    place = 0
    while place < len(statements):
        first = statements[place]
        call, _ = _part(first)
        several = statements[place : place + _count(call)]
        if len(several) == _count(call) > 1 and all(_is_part(each, n, first) for n, each in enumerate(several)):
            gives = tuple(key for each in several for key in each.gives)
            yield replace(first, name="", call=call, gives=gives)
            place += len(several)
        else:
            yield first
            place += 1


def _part(statement: Statement) -> tuple[Any, Any]:
    """What a statement takes an item of, and which; None twice for another statement."""
    call = statement.call
    if isinstance(call, Function) and call.target == "operator.getitem" and isinstance(call.args[0], Function):
        return call.args
    return None, None


def _count(call: Any) -> int:
    """How many parts a call gives, where that is a number in it."""
    if not isinstance(call, Function) or call.target != "torch.chunk" or type(call.args[1]) is not int:
        return 1
    return call.args[1]


def _is_part(statement: Statement, index: int, first: Statement) -> bool:
    call, found = _part(statement)
    alone = statement.gives == ((statement.name, "output"),)  # and no copy of a repeat
    return (
        alone and (call, found) == (_part(first)[0], index) and (statement.takes, statement.flag) == (first.takes, "")
    )
