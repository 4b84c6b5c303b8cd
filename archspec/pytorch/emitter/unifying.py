"""The first copy of a repeat and the others as one expression of their index, where that is shorter."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from archspec.language.algebra import Code, literal, name, names
from archspec.pytorch.emitter.code import Call, Part, Repeated, laid_out
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.scope import INDEX, REQUIRED, Scope, Spot

_MOST = 2
"""Arguments that may ask whether a copy is the first; with more of them, two calls are plainer."""
_SHORTER = 3
"""Lines that one expression has to save."""
_INDENT = 16
Given = Mapping[Spot, Mapping[str, Any]]
"""The values of a class's parameters in some uses of it."""


def called(scope: Scope, made: Class, given: Given, codes: Mapping[str, Code]) -> Call:
    """The call of a class with some arguments, those left out that are the default.

    Args:
        scope: The variables that the arguments are over.
        made: The class.
        given: The values of its parameters.
        codes: Expressions of them.
    """
    arguments: list[tuple[str, Part]] = []
    in_order = True  # while arguments need no keyword: they have no default, or the variable says what they are
    for parameter in made.signature:
        code = codes[parameter.name]
        required = parameter.default is REQUIRED
        values = {spot: each[parameter.name] for spot, each in given.items()}
        if not required and not names(code) and scope.gives(literal(parameter.default), values):
            in_order = False
            continue
        in_order = in_order and (required or (isinstance(code, ast.Name) and code.id == parameter.name))
        arguments.append(("" if in_order else parameter.name, code))
    return Call(made.name, tuple(arguments))


def unified(scope: Scope, made: Class, given: Given, first: Call, others: Call, count: Code) -> Call | None:
    """``nn.Sequential`` of copies of one class in a single loop; None where that is not shorter than two calls.

    Args:
        scope: The variables that the calls are over.
        made: The class.
        given: The values of its parameters in all copies.
        first: The call that makes the first copy.
        others: That of all others.
        count: How many copies there are.
    """
    codes: dict[str, Code] = {}
    for parameter, (one, other) in _pairs(made, first, others).items():
        values = {spot: each[parameter] for spot, each in given.items()}
        choices = [other, one, ast.IfExp(ast.Compare(name(INDEX), [ast.Eq()], [literal(0)]), one, other)]
        found = next((code for code in choices if scope.gives(code, values)), None)
        if found is None:
            return None
        codes[parameter] = found
    asking = [code for code in codes.values() if isinstance(code, ast.IfExp)]
    loop = Repeated(called(scope, made, given, codes), INDEX, (count,))
    rest = Repeated(others, INDEX, (literal(1), count))
    shorter = _lines(loop) + _SHORTER <= _lines(first) + _lines(rest)
    return Call("nn.Sequential", (("", loop),)) if shorter and len(asking) <= _MOST else None


def _pairs(made: Class, first: Call, others: Call) -> dict[str, tuple[Code, Code]]:
    """The arguments of two calls of a class by parameter; the default where one leaves it out."""
    one, other = (_codes(made, call) for call in (first, others))
    return {each.name: (one[each.name], other[each.name]) for each in made.signature}


def _codes(made: Class, call: Call) -> dict[str, Code]:
    defaults = {each.name: literal(each.default) for each in made.signature if each.default is not REQUIRED}
    return defaults | {each: value for each, value in made.stated(call).items() if isinstance(value, ast.expr)}


def _lines(part: Part) -> int:
    return len(laid_out("", part, ",", _INDENT))
