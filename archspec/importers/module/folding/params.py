"""Parameters of a block from the values of its uses, and arguments of ops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.module.folding.paddings import named_alike
from archspec.importers.module.folding.scope import ANY, Scope, Spec, apt, as_yaml, is_choice
from archspec.ops import registry
from archspec.ops.arguments import compact


def declared(values: Sequence[Any]) -> Any:
    """The declaration of a parameter: the usual value as its default, where one is usual."""
    values = [value for value in values if value is not ANY]
    common, count = Counter(map(repr, values)).most_common(1)[0]
    usual = next(value for value in values if repr(value) == common)
    if any(map(is_choice, values)):
        nullable = {"nullable": True} if None in values else {}
        return {"type": "op"} | ({"default": as_yaml(usual)} if usual is not None else {"default": None}) | nullable
    if {type(value) for value in values} == {int, list}:
        return {"type": "size", "min": 0} | ({"default": usual} if count * 2 > len(values) else {})
    if count * 2 > len(values) or isinstance(usual, bool):
        return usual
    kinds = {bool: "bool", int: "int", float: "float", list: "list", str: "str"}
    types = {type(value) for value in values}
    return {"type": kinds[types.pop()]} if len(types) == 1 else usual


def arguments(
    columns: Sequence[Mapping[str, Any] | None], scope: Scope, op: str, shapes: Mapping[str, Sequence[Any]]
) -> Spec:
    """The arguments of an op, whose uses are given some each."""
    stated = {name for given in columns if given for name in given}
    names = [name for name in _fields(op) if name in stated]
    made = {}
    for name in names:
        values = [given.get(name, _default(op, name)) if given is not None else ANY for given in columns]
        if (op, name) == ("conv", "padding"):
            values = named_alike(columns, values)
        made[name] = scope.express(
            values, name, apt(name, shapes), rest=-1 if (op, name) == ("reshape", "shape") else None
        )
    return made


def _fields(op: str) -> list[str]:
    """The arguments of an op, in its order."""
    return list(registry.get(op).model_fields)


def _default(op: str, name: str) -> Any:
    value = compact(registry.get(op).model_fields[name].default)
    return list(value) if isinstance(value, tuple) else value
