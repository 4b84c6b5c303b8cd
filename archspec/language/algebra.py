"""Expressions as trees: made, simplified and evaluated for some values of their variables."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from archspec.language.expr import Expression
from archspec.language.values import ExpressionError
from archspec.ops.arguments import compact

Code = ast.expr
"""An expression over variables, such as the parameters of a block."""


def plain(value: Any) -> Any:
    """A value as source writes it: lists are tuples, ``(3, 3)`` is ``3``."""
    return compact(tuple(plain(item) for item in value)) if isinstance(value, list | tuple) else value


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of one type; ``1`` is not ``True``, ``2`` not ``2.0``."""
    return type(left) is type(right) and bool(left == right)


def literal(value: Any) -> Code:
    """A number, text, boolean, None, or tuple of them."""
    if isinstance(value, tuple | list):
        return ast.Tuple([literal(item) for item in value], ast.Load())
    return ast.Constant(value)


def name(text: str) -> Code:
    """A variable."""
    return ast.Name(text, ast.Load())


def binary(left: Code, operator: type[ast.operator], right: Code) -> Code:
    """``left operator right``, computed where both are numbers."""
    return simplified(ast.BinOp(left, operator(), right))


def names(code: Code) -> set[str]:
    """The variables that an expression asks for."""
    if isinstance(code, ast.Name | ast.Constant):
        return {code.id} if isinstance(code, ast.Name) else set()
    nodes = list(ast.walk(code))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return {node.id for node in nodes if isinstance(node, ast.Name) and id(node) not in called}


@lru_cache(maxsize=4096)
def evaluator(code: Code) -> Callable[[Mapping[str, Any]], Any]:
    """What gives the value of an expression for some values of its variables.

    Where it is not defined on them, that raises an `ExpressionError`.
    """
    if isinstance(code, ast.Name):
        return lambda values: _looked_up(values, code.id)
    if isinstance(code, ast.Constant):
        return lambda _: code.value
    if isinstance(code, ast.Tuple):
        items = [evaluator(item) for item in code.elts]
        return lambda values: tuple(item(values) for item in items)
    variables, expression = names(code), _expression(code)

    def value(values: Mapping[str, Any]) -> Any:
        if any(isinstance(values.get(each), tuple) for each in variables):
            raise ExpressionError("Python's arithmetic does not go through tuples")
        return expression.evaluate(values)

    return value


def _looked_up(values: Mapping[str, Any], variable: str) -> Any:
    if variable not in values:
        raise ExpressionError(f"`{variable}` is not known here")
    return values[variable]


def _expression(code: Code) -> Expression:
    """An expression of the spec's language, which has lists and no tuples."""
    return Expression("", ast.fix_missing_locations(_Lists().visit(copied(code))))


class _Lists(ast.NodeTransformer):
    def visit_Tuple(self, node: ast.Tuple) -> Code:
        return ast.List([self.visit(item) for item in node.elts], ast.Load())


def substituted(code: Code, values: Mapping[str, Code]) -> Code:
    """The expression with other expressions in place of its variables."""
    return simplified(_Substitution(lambda node: values.get(node.id, node)).visit(copied(code)))


def copied(code: Code) -> Code:
    """A tree of its own, for what changes trees in place."""
    copy: Code = _copied(code)
    return copy


def _copied(part: Any) -> Any:
    if isinstance(part, list):
        return [_copied(item) for item in part]
    if not isinstance(part, ast.AST):
        return part
    return type(part)(**{key: _copied(value) for key, value in ast.iter_fields(part)})


class _Substitution(ast.NodeTransformer):
    def __init__(self, replace: Callable[[ast.Name], Code]) -> None:
        self.replace = replace

    def visit_Name(self, node: ast.Name) -> Code:
        return self.replace(node)


def simplified(code: Code) -> Code:
    """The expression without arithmetic on constants, ``x * 1``, ``x + 0``, and conditions that are known."""
    return _Simplification().visit(code)  # type: ignore[no-any-return]


_NEUTRAL: dict[type[ast.operator], int] = {ast.Add: 0, ast.Sub: 0, ast.Mult: 1, ast.FloorDiv: 1}


class _Simplification(ast.NodeTransformer):
    def visit(self, node: ast.AST) -> Any:
        node = self.generic_visit(node)
        if not isinstance(node, ast.expr) or isinstance(node, ast.Slice):
            return node
        if isinstance(node, ast.Name | ast.Constant | ast.Tuple | ast.List):
            return node
        if not names(node):
            return _folded(node)
        if isinstance(node, ast.IfExp) and isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        if isinstance(node, ast.BinOp):
            return _without_neutral(_divided(node))
        return _shortened(node) if isinstance(node, ast.BoolOp) else node


def _folded(node: ast.expr) -> Code:
    try:
        value = _expression(node).evaluate({})
    except ExpressionError:
        return node
    is_part = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)  # of a list, perhaps in its sum
    return literal(value if is_part else plain(value))


def _divided(node: ast.BinOp) -> ast.BinOp:
    """``x * 64 // 16`` is ``x * 4``."""
    left, right = node.left, node.right
    if not (isinstance(node.op, ast.FloorDiv) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult)):
        return node
    match left.right, right:
        case ast.Constant(int(factor)), ast.Constant(int(divisor)) if divisor > 0 and factor % divisor == 0:
            return ast.BinOp(left.left, ast.Mult(), literal(factor // divisor))
    return node


def _without_neutral(node: ast.BinOp) -> Code:
    neutral = _NEUTRAL.get(type(node.op))
    if neutral is None:
        return node
    if isinstance(node.right, ast.Constant) and same(node.right.value, neutral):
        return node.left
    commutes = isinstance(node.op, ast.Add | ast.Mult)
    if commutes and isinstance(node.left, ast.Constant) and same(node.left.value, neutral):
        return node.right
    return node


def _shortened(node: ast.BoolOp) -> Code:
    """``False or x`` is ``x``."""
    deciding = isinstance(node.op, ast.Or)
    rest = [item for item in node.values if not (isinstance(item, ast.Constant) and item.value is not deciding)]
    for item in rest:
        if isinstance(item, ast.Constant):
            return item
    return rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
