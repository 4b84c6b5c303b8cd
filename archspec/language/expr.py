"""The expression language of ``$name`` and ``$(...)``.

Python's parser reads an expression; a walk over a whitelist of syntax nodes evaluates it. Nothing is ever handed to
Python's own evaluator, no attribute of a Python object can be reached, and each value is bounded, so that an expression
ends at once.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from archspec.errors import RuleError, did_you_mean
from archspec.ops.tensor import Shape, show

Scalar = int | float | bool | str | None
_BOUND = 2**63
_MAX_DEPTH = 50
_MAX_DIGITS = 20
_CONSTANTS: dict[str, Scalar] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
}  # fmt: skip


class ExpressionError(RuleError):
    """An expression that cannot be read or evaluated.

    ``start`` and ``end`` are character offsets into the expression's text; equal where it is the whole that is wrong.
    """

    code = "invalid-expression"

    def __init__(self, message: str, start: int = 0, end: int = 0, *, help: str = "", code: str = "") -> None:
        super().__init__(message, help=help)
        self.start = start
        self.end = end
        self.code = code or self.code


class Unknown(Exception):  # noqa: N818 - a signal, not an error
    """The expression asks for what an earlier error left unknown: there is nothing more to report."""


UNKNOWN: Any = object()
"""The value of a name that an error left unknown."""


@dataclass(frozen=True, slots=True)
class TensorView:
    """A tensor as expressions see it, or the outputs of a node that has several.

    ``shape`` is None where an earlier error left it unknown, and for several outputs.
    """

    shape: Shape | None
    outputs: Mapping[str, TensorView] | None = None

    def attribute(self, name: str) -> Any:
        """The size, or the output, that ``name`` stands for.

        Raises:
            KeyError: There is no such attribute.
            ValueError: The tensor has no such dimension.
        """
        if self.outputs is not None:
            return self.outputs[name]
        if name not in _ATTRIBUTES:
            raise KeyError(name)
        if self.shape is None:
            raise Unknown
        value = _ATTRIBUTES[name](self.shape)
        if value is None:
            raise ValueError(f"{show(self.shape)} has no {name}")
        return value


_ATTRIBUTES: dict[str, Callable[[Shape], Any]] = {
    "shape": list,
    "rank": len,
    "channels": lambda shape: shape[0],
    "features": lambda shape: shape[0] if len(shape) == 1 else None,
    "length": lambda shape: shape[1] if len(shape) == 2 else None,
    "depth": lambda shape: shape[1] if len(shape) == 4 else None,
    "height": lambda shape: shape[-2] if len(shape) in (3, 4) else None,
    "width": lambda shape: shape[-1] if len(shape) in (3, 4) else None,
}


def make_divisible(value: float, divisor: int = 8, min_value: int | None = None) -> int:
    """The nearest multiple of ``divisor``, at least ``min_value`` and never below 90% of ``value``.

    Source: MobileNet v2's official code, ``_make_divisible``.
    """
    least = divisor if min_value is None else min_value
    rounded = max(least, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _round(value: float, digits: int = 0) -> float:
    return round(value, max(-_MAX_DIGITS, min(digits, _MAX_DIGITS))) if digits else round(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "round": _round,
    "floor": math.floor,
    "ceil": math.ceil,
    "abs": abs,
    "len": len,
    "sum": sum,
    "make_divisible": make_divisible,
}

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}


def is_expression(value: Any) -> bool:
    """Whether a plain value of a spec is an expression: a text that begins with one ``$``."""
    return isinstance(value, str) and value.startswith("$") and not value.startswith("$$")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that has been read; ``text`` is what stands after ``$``, or inside ``$(...)``."""

    text: str
    tree: ast.expr

    @property
    def names(self) -> frozenset[str]:
        """The names that it asks for."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name))
        return frozenset(node.id for node in nodes) - FUNCTIONS.keys() - _CONSTANTS.keys()

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """The value, with names looked up in ``scope``.

        Raises:
            ExpressionError: A name is unknown, or an operation is not defined on its operands.
            Unknown: It asks for what an earlier error left unknown.
        """
        return _Evaluation(scope).value(self.tree)


@lru_cache(maxsize=4096)
def read(value: str) -> Expression:
    """The expression of a text that begins with ``$``.

    Raises:
        ExpressionError: It is no expression of the language.
    """
    text = value[1:].strip()
    if text.startswith("("):
        if not text.endswith(")"):
            raise ExpressionError("the expression does not end with `)`", help="write `$(...)`")
        text = text[1:-1]
    elif not text.isidentifier():
        inner = text.removeprefix("{").removesuffix("}").strip()
        meant = f"${inner}" if inner.isidentifier() else f"$({inner})"
        help = f"write `{meant}`; a text that begins with a dollar is written `$${text}`"
        raise ExpressionError(f"`{value}` is neither `$name` nor `$(...)`", help=help)
    # A newline inside a folded YAML text would end a Python expression.
    text = text.replace("\n", " ")
    tree = _parse(text)
    _check(tree)
    return Expression(text, tree)


def _parse(text: str) -> ast.expr:
    leading = len(text) - len(text.lstrip())
    if "\\" in text:
        raise ExpressionError("this is no expression: it holds a backslash", text.index("\\"), text.index("\\") + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise _syntax_error(text) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("the expression nests too deep") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset += leading
            node.end_col_offset = (node.end_col_offset or 0) + leading
    return tree


_MISTAKES = (
    (r"^\s*$", "the expression is empty", "write `$name` or `$(...)`"),
    (r"&&|\|\|", "`{}` is no operator of the language", "write `and` or `or`"),
    (r"!(?!=)", "`{}` is no operator of the language", "write `not`"),
    (r"(?<![=!<>])=(?!=)", "`=` does not compare", "write `==`"),
    (r"\?", "`?` is no operator of the language", "write `a if condition else b`"),
    (r"\$", "a `$` stands only before an expression", "inside of `$(...)` names have none"),
    (r"(?:[-+*/%<>=]+|\b(?:and|or|not|if|else|in))\s*$", "nothing follows `{}`", ""),
)
"""What an expression that cannot be read may hold, what to say of it, and how to mend it."""


def _syntax_error(text: str) -> ExpressionError:
    if text.count("(") != text.count(")"):
        return ExpressionError("the parentheses of this expression do not match")
    for pattern, message, help in _MISTAKES:
        if match := re.search(pattern, text):
            return ExpressionError(message.format(match[0].strip()), match.start(), match.end(), help=help)
    return ExpressionError("this cannot be read as an expression")


_ALLOWED = (
    ast.Constant, ast.Name, ast.Load, ast.Attribute, ast.List, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.BoolOp,
    ast.And, ast.Or, ast.Compare, ast.IfExp, ast.Call, *_BINARY, *_UNARY, *_COMPARE,
)  # fmt: skip
_HINTS: dict[type[ast.AST], str] = {
    ast.Tuple: "a list is written [a, b]",
    ast.Is: "write `==`",
    ast.IsNot: "write `!=`",
    ast.BitXor: "a power is written `**`",
    ast.BitAnd: "write `and`",
    ast.BitOr: "write `or`",
}


def _check(tree: ast.expr) -> None:
    for node, place in _placed(tree, tree, 0):
        if not isinstance(node, _ALLOWED):
            raise _error(place, f"{_describe(node)} is not part of the language", help=_HINTS.get(type(node), ""))
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
            raise _error(place, "only numbers, text, lists and booleans can be written here")
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            _bounded(node.value, place)
        if isinstance(node, ast.Call):
            _check_call(node)


def _placed(node: ast.AST, place: ast.expr, depth: int) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Every node with the nearest expression around it, which has a column; operators have none."""
    if depth > _MAX_DEPTH:
        raise _error(place, f"the expression nests deeper than {_MAX_DEPTH}")
    here = node if isinstance(node, ast.expr) else place
    yield node, here
    for child in ast.iter_child_nodes(node):
        yield from _placed(child, here, depth + 1)


def _describe(node: ast.AST) -> str:
    return f"`{type(node).__name__}`" if not isinstance(node, ast.expr) else f"`{ast.unparse(node)}`"


def _check_call(node: ast.Call) -> None:
    if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
        name = ast.unparse(node.func)
        raise _error(node.func, f"there is no function `{name}`", help=did_you_mean(name, FUNCTIONS))
    if node.keywords:
        raise _error(node, f"`{node.func.id}` takes its arguments by position")


def _error(node: ast.expr, message: str, *, help: str = "", code: str = "") -> ExpressionError:
    return ExpressionError(message, node.col_offset, node.end_col_offset or node.col_offset + 1, help=help, code=code)


def _bounded(value: Any, node: ast.expr) -> Any:
    if isinstance(value, complex) or (isinstance(value, int | float) and not -_BOUND < value < _BOUND):
        raise _error(node, "the number is out of range")
    return value


class _Evaluation:
    """One walk over an expression's tree."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.scope = scope

    def value(self, node: ast.expr) -> Any:
        result: Any = getattr(self, f"_{type(node).__name__.lower()}")(node)
        return result

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.scope:
            value = self.scope[node.id]
            if value is UNKNOWN:
                raise Unknown
            return value
        if node.id in _CONSTANTS:
            return _CONSTANTS[node.id]
        help = did_you_mean(node.id, self.scope)
        raise _error(node, f"`{node.id}` is not known here", help=help, code="unknown-name")

    def _attribute(self, node: ast.Attribute) -> Any:
        tensor = self.value(node.value)
        if not isinstance(tensor, TensorView):
            raise _error(node, f"only a tensor has attributes, and `{ast.unparse(node.value)}` is none")
        try:
            return tensor.attribute(node.attr)
        except KeyError:
            known = _ATTRIBUTES if tensor.outputs is None else tensor.outputs
            what = "a tensor" if tensor.outputs is None else f"`{ast.unparse(node.value)}`, which has several outputs,"
            raise _error(node, f"{what} has no `{node.attr}`", help=did_you_mean(node.attr, known)) from None
        except ValueError as error:
            raise _error(node, f"{ast.unparse(node.value)} of shape {error}") from None

    def _list(self, node: ast.List) -> Any:
        return [self.value(item) for item in node.elts]

    def _subscript(self, node: ast.Subscript) -> Any:
        items, index = self.value(node.value), self.value(node.slice)
        if not isinstance(items, list) or type(index) is not int:
            raise _error(node, "an index is an integer, and only a list has items")
        if not -len(items) <= index < len(items):
            raise _error(node, f"the list has {len(items)} items; there is none at {index}")
        return items[index]

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self._operand(node.left), self._operand(node.right)
        if not isinstance(left, list) and not isinstance(right, list):
            return self._arithmetic(node, left, right)
        length = len(left if isinstance(left, list) else right)
        lefts = left if isinstance(left, list) else [left] * length
        rights = right if isinstance(right, list) else [right] * length
        if len(lefts) != len(rights):
            raise _error(node, f"lists of {len(lefts)} and {len(rights)} numbers do not go together")
        return [self._arithmetic(node, *pair) for pair in zip(lefts, rights, strict=True)]

    def _arithmetic(self, node: ast.BinOp, left: Any, right: Any) -> Any:
        if isinstance(node.op, ast.Pow) and (abs(right) > 64 or abs(left) > 2**32):
            raise _error(node, "the number is out of range")
        return self._apply(node, _BINARY[type(node.op)], left, right)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            return not self._truth(node.operand)
        return self._apply(node, _UNARY[type(node.op)], self._number(node.operand))

    def _boolop(self, node: ast.BoolOp) -> bool:
        wanted = isinstance(node.op, ast.Or)
        return wanted if any(self._truth(item) is wanted for item in node.values) else not wanted

    def _compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, item in zip(node.ops, node.comparators, strict=True):
            right = self.value(item)
            if not self._apply(node, _COMPARE[type(op)], left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self._truth(node.test) else node.orelse)

    def _call(self, node: ast.Call) -> Any:
        function = FUNCTIONS[ast.unparse(node.func)]
        return self._apply(node, function, *(self.value(argument) for argument in node.args))

    def _number(self, node: ast.expr) -> Any:
        value = self.value(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _error(node, f"`{ast.unparse(node)}` is {kind(value)}; a number is needed here")
        return value

    def _operand(self, node: ast.expr) -> Any:
        """A number, or a list of numbers, with which arithmetic goes on item by item."""
        value = self.value(node)
        numbers = value if isinstance(value, list) else [value]
        if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
            raise _error(node, f"`{ast.unparse(node)}` is {kind(value)}; a number is needed here")
        return value

    def _truth(self, node: ast.expr) -> bool:
        value = self.value(node)
        if not isinstance(value, bool):
            raise _error(node, f"`{ast.unparse(node)}` is {kind(value)}; true or false is needed here")
        return value

    def _apply(self, node: ast.expr, function: Callable[..., Any], *operands: Any) -> Any:
        try:
            return _bounded(function(*operands), node)
        except ZeroDivisionError:
            raise _error(node, "division by zero") from None
        except (TypeError, ValueError, OverflowError):
            kinds = " and ".join(kind(operand) for operand in operands) or "nothing"
            raise _error(node, f"`{ast.unparse(node)}` is not defined on {kinds}") from None


def kind(value: Any) -> str:
    """What a value is, in words, for a message: ``the integer 3``, ``a list``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    names = {int: "the integer", float: "the number", str: "the text"}
    if type(value) in names:
        return (
            f"{names[type(value)]} {str(value)[:40]!r}" if isinstance(value, str) else f"{names[type(value)]} {value}"
        )
    return {list: "a list", dict: "a mapping", TensorView: "a tensor"}.get(type(value), "no value")
