"""The value of an expression: a walk over its tree makes a function of the names in scope, once.

Nothing is ever handed to Python's own evaluator, no attribute of a Python object can be reached, and each value is
bounded, so that an expression ends at once.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from archspec.errors import Help, did_you_mean, listed
from archspec.language.choice import KINDS, Choice
from archspec.language.values import ATTRIBUTES, UNKNOWN, ExpressionError, Function, TensorView, Unknown, kind
from archspec.language.work import count

Scope = Mapping[str, Any]
Evaluator = Callable[[Scope], Any]
"""What gives the value of an expression in a scope; raises `ExpressionError` and `Unknown`."""

_BOUND = 2**63
_MAX_DIGITS = 20
CONSTANTS: dict[str, bool | None] = {
    "true": True, "false": False, "null": None, "True": True, "False": False, "None": None,
}  # fmt: skip


def make_divisible(value: float, divisor: int = 8, min_value: int | None = None) -> int:
    """The nearest multiple of ``divisor``, at least ``min_value``.

    It is never below 90% of ``value``.
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


def evaluator(node: ast.expr) -> Evaluator:
    """What gives the value of an expression of the language's syntax."""
    made: Evaluator = _MAKERS[type(node)](node)
    return made


def wrong(node: ast.expr, message: str, *, help: str = "", code: str = "") -> ExpressionError:
    """An error at a part of an expression."""
    return ExpressionError(message, node.col_offset, node.end_col_offset or node.col_offset + 1, help=help, code=code)


def bounded(value: Any, node: ast.expr) -> Any:
    """A value that is a number only where it is in range.

    Raises:
        ExpressionError: It is out of range.
    """
    if isinstance(value, complex) or (isinstance(value, (int, float)) and not -_BOUND < value < _BOUND):
        raise wrong(node, "the number is out of range")
    return value


def _constant(node: ast.Constant) -> Evaluator:
    value = node.value
    return lambda _: value


def _name(node: ast.Name) -> Evaluator:
    name = node.id

    def value(scope: Scope) -> Any:
        try:
            found = scope[name]
        except KeyError:
            if name in CONSTANTS:
                return CONSTANTS[name]
            help = did_you_mean(name, scope)
            raise wrong(node, f"`{name}` is not known here", help=help, code="unknown-name") from None
        if found is UNKNOWN:
            raise Unknown
        if isinstance(found, Function):
            raise wrong(node, f"`{name}` is a function", help=f"write `{name}({', '.join(found.parameters)})`")
        return found

    return value


def _attribute(node: ast.Attribute) -> Evaluator:
    owner, attribute = evaluator(node.value), node.attr

    def value(scope: Scope) -> Any:
        tensor = owner(scope)
        if isinstance(tensor, dict):
            return _item(node, tensor)
        if not isinstance(tensor, TensorView):
            name = ast.unparse(node.value)
            message = f"only a tensor or a mapping has attributes, and `{name}` is neither"
            raise wrong(node, message, help=Help.instead("", name))
        try:
            return tensor.attribute(attribute)
        except KeyError:
            raise _no_attribute(node, tensor) from None
        except ValueError as error:
            name = ast.unparse(node.value)
            help = f"it has {listed(tensor.sizes())}; `{name}.shape[-1]` is its last size"
            raise wrong(node, f"{name} of shape {error}", help=help) from None

    return value


def _item(node: ast.Attribute, row: Mapping[str, Any]) -> Any:
    """An item of a mapping, such as a row of a table."""
    if node.attr not in row:
        message = f"`{ast.unparse(node.value)}` has no item `{node.attr}`"
        raise wrong(node, message, help=_meant(node, row))
    return row[node.attr]


def _no_attribute(node: ast.Attribute, tensor: TensorView) -> ExpressionError:
    if tensor.outputs is None:
        return wrong(node, f"a tensor has no `{node.attr}`", help=_meant(node, ATTRIBUTES))
    message = f"`{ast.unparse(node.value)}`, which has several outputs, has no `{node.attr}`"
    return wrong(node, message, help=_meant(node, tensor.outputs))


def _meant(node: ast.Attribute, known: Iterable[str]) -> str:
    """What may be meant behind the dot."""
    help = did_you_mean(node.attr, known)
    return help.around(f"{ast.unparse(node.value)}.") if isinstance(help, Help) else help


def _list(node: ast.List) -> Evaluator:
    items = [evaluator(item) for item in node.elts]
    return lambda scope: [item(scope) for item in items]


def _subscript(node: ast.Subscript) -> Evaluator:
    if isinstance(node.slice, ast.Slice):
        return _slice(node, node.slice)
    owner, position = evaluator(node.value), evaluator(node.slice)

    def value(scope: Scope) -> Any:
        items, index = owner(scope), position(scope)
        if not isinstance(items, list) or type(index) is not int:
            raise wrong(node, "an index is an integer, and only a list has items")
        if not -len(items) <= index < len(items):
            raise wrong(node, f"the list has {len(items)} items; there is none at {index}")
        return items[index]

    return value


def _slice(node: ast.Subscript, part: ast.Slice) -> Evaluator:
    owner = evaluator(node.value)
    bounds = [None if bound is None else evaluator(bound) for bound in (part.lower, part.upper, part.step)]

    def value(scope: Scope) -> Any:
        items, places = owner(scope), [None if bound is None else bound(scope) for bound in bounds]
        if not isinstance(items, list) or any(place is not None and type(place) is not int for place in places):
            raise wrong(node, "the ends of a slice are integers, and only a list has slices")
        if places[2] == 0:
            raise wrong(node, "the step of a slice cannot be 0")
        count(items)
        return items[slice(*places)]

    return value


def _binop(node: ast.BinOp) -> Evaluator:
    left, right = _operand(node.left), _operand(node.right)
    apply = _power(node) if isinstance(node.op, ast.Pow) else _applied(node, _BINARY[type(node.op)])

    def value(scope: Scope) -> Any:
        one, other = left(scope), right(scope)
        if not isinstance(one, list) and not isinstance(other, list):
            return apply(one, other)
        length = len(one if isinstance(one, list) else other)
        count(one, other)
        ones = one if isinstance(one, list) else [one] * length
        others = other if isinstance(other, list) else [other] * length
        if len(ones) != len(others):
            raise wrong(node, f"lists of {len(ones)} and {len(others)} numbers do not go together")
        return [apply(*pair) for pair in zip(ones, others, strict=True)]

    return value


def _power(node: ast.BinOp) -> Callable[..., Any]:
    apply = _applied(node, operator.pow)

    def value(base: Any, exponent: Any) -> Any:
        if abs(exponent) > 64 or abs(base) > 2**32:
            raise wrong(node, "the number is out of range")
        return apply(base, exponent)

    return value


def _unaryop(node: ast.UnaryOp) -> Evaluator:
    if isinstance(node.op, ast.Not):
        truth = _truth(node.operand)
        return lambda scope: not truth(scope)
    number, apply = _number(node.operand), _applied(node, _UNARY[type(node.op)])
    return lambda scope: apply(number(scope))


def _boolop(node: ast.BoolOp) -> Evaluator:
    items, wanted = [_truth(item) for item in node.values], isinstance(node.op, ast.Or)
    return lambda scope: wanted if any(item(scope) is wanted for item in items) else not wanted


def _compare(node: ast.Compare) -> Evaluator:
    first = evaluator(node.left)
    rest = [
        (_applied(node, _COMPARE[type(op)]), evaluator(item))
        for op, item in zip(node.ops, node.comparators, strict=True)
    ]

    def value(scope: Scope) -> bool:
        left = first(scope)
        for apply, item in rest:
            right = item(scope)
            count(left, right)
            if not apply(*_by_name(node, left, right)):
                return False
            left = right
        return True

    return value


def _by_name(node: ast.Compare, left: Any, right: Any) -> tuple[Any, Any]:
    """What is compared: of an op or a block its name, which is equal to a text or not, and never null."""
    if not isinstance(left, Choice) and not isinstance(right, Choice):
        return left, right
    equality = all(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
    if not equality or (isinstance(left, Choice) and isinstance(right, Choice)):
        what = KINDS[(left if isinstance(left, Choice) else right).kind]
        raise wrong(node, f"{what} can be compared with its name and with null, and no further")
    return left.name if isinstance(left, Choice) else left, right.name if isinstance(right, Choice) else right


def _ifexp(node: ast.IfExp) -> Evaluator:
    test, body, orelse = _truth(node.test), evaluator(node.body), evaluator(node.orelse)
    return lambda scope: body(scope) if test(scope) else orelse(scope)


def _call(node: ast.Call) -> Evaluator:
    assert isinstance(node.func, ast.Name)
    name, arguments = node.func.id, [evaluator(each) for each in node.args]
    if name not in FUNCTIONS:
        return _defined(node, name, arguments)
    apply, counted = _applied(node, FUNCTIONS[name]), name != "len"

    def value(scope: Scope) -> Any:
        operands = [argument(scope) for argument in arguments]
        if counted:
            count(*operands)
        return apply(*operands)

    return value


def _defined(node: ast.Call, name: str, arguments: list[Evaluator]) -> Evaluator:
    """A call of a function that the spec defines."""

    def value(scope: Scope) -> Any:
        function = scope.get(name)
        if function is UNKNOWN:
            raise Unknown
        if not isinstance(function, Function):
            own = [each for each, found in getattr(scope, "lets", {}).items() if isinstance(found, Function)]
            raise wrong(node.func, f"there is no function `{name}`", help=_function_hint(name, [*FUNCTIONS, *own]))
        form = f"`{name}({', '.join(function.parameters)})`"
        if len(arguments) != len(function.parameters):
            raise wrong(node, f"`{ast.unparse(node)}` does not fit the function {form}")
        operands = [argument(scope) for argument in arguments]
        try:
            return function.value(operands)
        except ExpressionError as error:
            message = error.message if error.code == "limit-exceeded" else f"in {form}: {error.message}"
            raise wrong(node, message, help=error.help, code=error.code) from None

    return value


def _function_hint(name: str, known: list[str]) -> str:
    if name == "int":
        return Help.instead("`floor` rounds down, as `int` does with what is not negative", "floor")
    return did_you_mean(name, known)


def _number(node: ast.expr) -> Evaluator:
    inner = evaluator(node)

    def value(scope: Scope) -> Any:
        found = inner(scope)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise wrong(node, f"`{ast.unparse(node)}` is {kind(found)}; a number is needed here")
        return found

    return value


def _operand(node: ast.expr) -> Evaluator:
    """A number, or a list of numbers, with which arithmetic goes on item by item."""
    inner = evaluator(node)

    def value(scope: Scope) -> Any:
        found = inner(scope)
        if type(found) is int or type(found) is float:
            return found
        if not isinstance(found, list) or not all(type(number) in (int, float) for number in found):
            raise wrong(node, f"`{ast.unparse(node)}` is {kind(found)}; a number is needed here")
        return found

    return value


def _truth(node: ast.expr) -> Evaluator:
    inner = evaluator(node)

    def value(scope: Scope) -> bool:
        found = inner(scope)
        if found is not True and found is not False:
            raise wrong(node, f"`{ast.unparse(node)}` is {kind(found)}; true or false is needed here")
        return found

    return value


def _applied(node: ast.expr, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose errors are placed, and whose result is bounded."""

    def value(*operands: Any) -> Any:
        try:
            return bounded(function(*operands), node)
        except ZeroDivisionError:
            raise wrong(node, "division by zero") from None
        except (TypeError, ValueError, OverflowError):
            kinds = " and ".join(kind(operand) for operand in operands) or "nothing"
            raise wrong(node, f"`{ast.unparse(node)}` is not defined on {kinds}") from None

    return value


_MAKERS: dict[type[ast.expr], Callable[[Any], Evaluator]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.List: _list,
    ast.Subscript: _subscript,
    ast.BinOp: _binop,
    ast.UnaryOp: _unaryop,
    ast.BoolOp: _boolop,
    ast.Compare: _compare,
    ast.IfExp: _ifexp,
    ast.Call: _call,
}
OPERATORS: tuple[type[ast.AST], ...] = (*_BINARY, *_UNARY, *_COMPARE)
"""The operators of the language."""
EXPRESSIONS: tuple[type[ast.expr], ...] = tuple(_MAKERS)
"""The kinds of expressions of the language."""
