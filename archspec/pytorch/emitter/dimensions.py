"""The first dimensions of tensors as expressions: those of operands where an op's shape rule says so, or arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from archspec.language.algebra import Code, binary, literal
from archspec.language.values import ExpressionError
from archspec.network import Node
from archspec.ops.tensor import Shape
from archspec.pytorch.emitter.channels import added, divided, follows, is_sum, rounds_up, scales
from archspec.pytorch.emitter.model import Hints
from archspec.pytorch.emitter.scope import Scope, Spot


def known_channels(scope: Scope, shapes: Mapping[int, Shape], hints: Hints) -> Code | None:
    """The first dimension as an expression: one of those that say what it is, or a constant."""
    if any(not shape for shape in shapes.values()):
        return None
    values: dict[Spot, Any] = {(number, None): shape[0] for number, shape in shapes.items()}
    found = next((hint for hint in hints if hint is not None and scope.gives(hint, values)), None)
    if found is not None:
        return found
    first = next(iter(values.values()))
    return literal(first) if all(value == first for value in values.values()) else None


def first_dimension(scope: Scope, nodes: Mapping[Spot, Node], operands: Hints, arguments: Hints) -> Code | None:
    """The first dimension of what an op gives as an expression, None where none is found.

    It follows from those of the operands where the op's shape rule says so, else from an argument.

    Args:
        scope: The variables of the class.
        nodes: The uses of the op.
        operands: The first dimensions of the operands.
        arguments: The arguments.
    """
    if any(not shape for node in nodes.values() for shape in (node.shape, *node.input_shapes)):
        return None
    values: dict[Spot, Any] = {spot: node.shape[0] for spot, node in nodes.items()}
    distinct = list({id(node.applied): node for node in nodes.values()}.values())
    if not all(map(follows, distinct)):
        return next((code for code in arguments if code is not None and scope.gives(code, values)), None)
    if all(map(is_sum, distinct)):
        return added(operands)
    known = (operand for operand in operands if operand is not None) if all(map(scales, distinct)) else ()
    return next((code for operand in known if (code := _scaled(scope, operand, values, distinct)) is not None), None)


def _scaled(scope: Scope, hint: Code, values: Mapping[Spot, int], nodes: Sequence[Node]) -> Code | None:
    """An expression, or it times or over a number, that has some values.

    It is rounded up where the op gives such a part to sizes that do not divide.
    """
    try:
        base = dict(zip(values, scope.evaluated(hint, values), strict=True))
    except ExpressionError:
        return None
    if any(type(value) is not int or value < 1 for value in base.values()):
        return None
    spot, value = next(iter(values.items()))
    factors: list[tuple[type[ast.operator], int]] = [(ast.Mult, value // base[spot])]
    factors += [(ast.FloorDiv, base[spot] // value)] if value else []
    for operator, factor in factors:
        code = hint if factor == 1 else binary(hint, operator, literal(factor))
        if operator is ast.FloorDiv and factor > 1:
            code = divided(hint, factor, up=all(rounds_up(node, factor) for node in nodes))
        if factor > 0 and scope.gives(code, values):
            return code
    return None
