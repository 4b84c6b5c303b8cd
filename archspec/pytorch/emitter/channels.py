"""How the first dimension of what an op gives follows from those of its operands, by the op's own shape rule."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from archspec.errors import RuleError
from archspec.language.algebra import Code, binary, literal
from archspec.network import Node
from archspec.ops.tensor import Shapes


def follows(node: Node) -> bool:
    """Whether it changes with those of the operands; an argument sets it where not."""
    return _larger(node, 2) != node.shape[0]


def scales(node: Node) -> bool:
    """Whether it grows as they do; where the op takes no others, whether it is that of the first operand."""
    found = {factor: _larger(node, factor) for factor in (2, 3)}
    if None in found.values():
        return node.shape[0] == node.input_shapes[0][0]
    return all(size == factor * node.shape[0] for factor, size in found.items())


def rounds_up(node: Node, factor: int) -> bool:
    """Whether a part of it, one of so many, is the larger one where it does not divide."""
    first, *rest = node.input_shapes[0]
    more = range(1, factor)
    found = [_inferred(node, ((first + each, *rest), *node.input_shapes[1:])) for each in more]
    return bool(found) and found == [-(-(first + each) // factor) for each in more]


def is_sum(node: Node) -> bool:
    """Whether it is their sum."""
    return len(node.inputs) > 1 and node.shape[0] == sum(shape[0] for shape in node.input_shapes) and scales(node)


def _larger(node: Node, factor: int) -> int | None:
    """The first dimension where those of the operands are larger; of an operand that broadcasts it may stay."""
    all_of_them = tuple((factor * first, *rest) for first, *rest in node.input_shapes)
    largest = tuple((factor * first if first > 1 else 1, *rest) for first, *rest in node.input_shapes)
    return _inferred(node, all_of_them) or _inferred(node, largest)


def _inferred(node: Node, shapes: Shapes) -> int | None:
    try:
        return node.op.infer(shapes)[0]
    except RuleError:
        return None


def added(parts: Sequence[Code | None]) -> Code | None:
    """The sum of some dimensions; numbers are written as a sum too, which says where they come from."""
    first, *others = parts
    for part in others:
        if first is None or part is None:
            return None
        if (whole := _whole(first, part)) is not None:
            first = whole
            continue
        numbers = isinstance(part, ast.Constant) and not isinstance(first, ast.Name)
        first = ast.BinOp(first, ast.Add(), part) if numbers else binary(first, ast.Add, part)
    return first


def _whole(left: Code, right: Code) -> Code | None:
    """What ``(n + 1) // 2`` and ``n // 2`` are together; None for other expressions."""
    match left, right:
        case (
            ast.BinOp(ast.BinOp(some, ast.Add(), ast.Constant(1)), ast.FloorDiv(), ast.Constant(2)),
            ast.BinOp(other, ast.FloorDiv(), ast.Constant(2)),
        ) if ast.dump(some) == ast.dump(other):
            return other
    return None


def divided(code: Code, factor: int, *, up: bool) -> Code:
    """An expression over a number, rounded down or up; of a product with a multiple of the number, what is left."""
    match code:
        case ast.BinOp(ast.Constant(int(times)), ast.Mult(), other) if times % factor == 0:
            return other if times == factor else binary(literal(times // factor), ast.Mult, other)
        case ast.BinOp(other, ast.Mult(), ast.Constant(int(times))) if times % factor == 0:
            return other if times == factor else binary(other, ast.Mult, literal(times // factor))
    rounded = binary(code, ast.Add, literal(factor - 1)) if up else code
    return binary(rounded, ast.FloorDiv, literal(factor))
