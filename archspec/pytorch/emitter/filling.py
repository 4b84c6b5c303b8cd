"""Expressions in place of the variables of a constructor's part."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.language.algebra import Code, substituted
from archspec.pytorch.emitter.code import Call, Choice, Listed, Part, Repeated, Tabled


def filled(part: Part, values: Mapping[str, Code]) -> Part:
    """A part in which expressions stand in place of some variables."""
    if isinstance(part, Call):
        return Call(part.target, tuple((key, filled(value, values)) for key, value in part.arguments), part.of_variable)
    if isinstance(part, Listed):
        return Listed(tuple(filled(item, values) for item in part.items), part.brackets)
    if isinstance(part, Repeated):
        ends = tuple(substituted(code, values) for code in part.range)
        return Repeated(filled(part.element, values), part.variable, ends)
    if isinstance(part, Tabled):
        free = {each: code for each, code in values.items() if each not in part.variables}
        rows = tuple(tuple(substituted(code, values) for code in row) for row in part.rows)
        return Tabled(filled(part.element, free), part.variables, rows)
    if isinstance(part, Choice):
        return Choice(filled(part.layer, values), substituted(part.condition, values))
    return substituted(part, values)
