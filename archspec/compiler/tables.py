"""The rows of tables: what the names of a node with ``each`` stand for in each of its copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.compiler.tensors import Scope
from archspec.compiler.walk import Site, Walk
from archspec.language.definition import IGNORED, Table
from archspec.language.expr import is_expression
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import UNKNOWN, kind

Row = Mapping[str, Any]
"""The values of a table's names in one copy."""


def rows(table: Table, site: Site, walk: Walk) -> tuple[Row, ...] | None:
    """The rows of a table, or None where an error left them open.

    Args:
        table: The table.
        site: The node that has it.
        walk: Where errors go.
    """
    found = walk.value(table.rows, site.scope, site.path)
    if found is UNKNOWN:
        return None
    if not isinstance(found, list):
        message = "`each` is no table"
        walk.wrong_value(message, table.rows, found, "a list with a row for each copy", site.scope, site.path)
        return None
    problems = [_problem(table, row) for row in found]
    for number, (row, problem) in enumerate(zip(found, problems, strict=True)):
        if problem:
            expected, help = problem
            place = row_place(table, number, site.scope) or table.rows
            message = f"row {number} of `each` has not the items that `as` names"
            given = str(len(row)) if isinstance(row, list) else kind(row)
            details = {"path": site.path, "expected": expected, "found": given, "help": help}
            walk.trace.report("invalid-value", message, place, **details)
    if any(problems):
        return None
    return tuple(_named(table, row) for row in found)


def _problem(table: Table, row: Any) -> tuple[str, str] | None:
    """What a row should be and how to mend it, where it has not the items that the table names."""
    count = len(table.names)
    if not table.unpacks or (isinstance(row, list) and len(row) == count):
        return None
    expected = f"{count} item{'s' * (count != 1)}"
    if isinstance(row, list):
        return expected, "write `_` in `as` for an item that nothing asks for" if len(row) > count else ""
    if isinstance(row, dict):
        item = next((key for key in row if str(key).isidentifier()), "name")
        return f"a list of {expected}", f"name the row, `as: row`, and its items `$(row.{item})`"
    return f"a list of {expected}", f"write `as: {table.names[0].value}`" if count == 1 else ""


def _named(table: Table, row: Any) -> Row:
    names = [str(name.value) for name in table.names]
    if not table.unpacks:
        return dict.fromkeys(names, row)
    return {name: item for name, item in zip(names, row, strict=True) if name != IGNORED}


def row_place(table: Table, number: int, scope: Scope) -> Value | None:
    """Where a row stands: in the node, or in the default of the parameter that it takes; None where that is not known.

    Args:
        table: The table.
        number: The number of the row.
        scope: The graph that the node stands in.
    """
    written, definition = table.rows, scope.definition
    name = str(written.value)[1:] if isinstance(written, Scalar) and is_expression(written.value) else ""
    if name in definition.params:
        written = definition.param_value(name)
        if scope.names.params.get(name) != written.plain():
            return None
    return written.items[number] if isinstance(written, Sequence) and number < len(written.items) else None
