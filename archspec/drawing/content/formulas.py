"""Expressions printed as papers write formulas."""

from __future__ import annotations

import ast

from archspec.language.algebra import Code

_PRECEDENCE: dict[type[ast.operator], int] = {
    ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.FloorDiv: 2, ast.Mod: 2, ast.Pow: 3,
}  # fmt: skip
_SIGNS: dict[type[ast.operator], str] = {
    ast.Add: " + ", ast.Sub: " - ", ast.Mult: "·", ast.Div: "/", ast.FloorDiv: "/", ast.Mod: " mod ", ast.Pow: "^",
}  # fmt: skip


def printed(code: Code) -> str:
    """An expression as formulas are written.

    >>> printed(ast.parse("width * 4 // (groups + 1)", mode="eval").body)
    '4·width/(groups + 1)'
    """
    match code:
        case ast.BinOp(left, ast.Mult(), ast.Constant() as factor) if not isinstance(left, ast.Constant):
            return printed(ast.BinOp(factor, ast.Mult(), left))
        case ast.BinOp(left, op, right):
            level = _PRECEDENCE.get(type(op), 0)
            return f"{_operand(left, level)}{_SIGNS.get(type(op), ' ? ')}{_operand(right, level + 1)}"
        case ast.Attribute(value, attribute):
            return f"{printed(value)}.{attribute}"
        case ast.Call(function, arguments):
            return f"{printed(function)}({', '.join(map(printed, arguments))})"
        case ast.Constant(float(number)):
            return f"{number:g}"
    return ast.unparse(code)


def _operand(code: Code, level: int) -> str:
    """An operand, in parentheses where its sign binds less than that around it."""
    if isinstance(code, ast.BinOp) and _PRECEDENCE.get(type(code.op), 0) < level:
        return f"({printed(code)})"
    return f"({printed(code)})" if isinstance(code, ast.IfExp | ast.BoolOp | ast.Compare) else printed(code)
