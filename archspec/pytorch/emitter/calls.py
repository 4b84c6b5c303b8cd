"""Calls of functions in ``forward``, as text that the names of its variables stand in."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator, Sequence
from functools import partial, reduce
from itertools import groupby
from typing import Any, TypeGuard

from archspec.language.algebra import Code, name
from archspec.ops.facts import Batch, Function, Operand
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat, printed, quoted
from archspec.pytorch.emitter.model import Attribute, Spread

_OPERATORS: dict[str, type[ast.operator]] = {
    "torch.add": ast.Add, "torch.sub": ast.Sub, "torch.mul": ast.Mult, "torch.div": ast.Div,
    "torch.matmul": ast.MatMult,
}  # fmt: skip
METHODS = frozenset({"torch.permute", "torch.reshape"})
"""Functions of a tensor and a list of numbers, which are written as methods that take the numbers."""
_EXPRESSION = WIDTH // 2
"""An operator's expression is shorter; what is longer is a call, whose arguments can stand on lines of their own."""
_MANY = 3
"""As many operands of a fold stand in one expression or call, however long their names are."""


def read(text: str) -> Code:
    """The expression of a text."""
    is_name = text.isidentifier() and not keyword.iskeyword(text)
    return name(text) if is_name else ast.parse(text, mode="eval").body


def call(function: Function, operands: Sequence[str]) -> Part:
    """A function's call; an operator where Python has one and the line is not too long."""
    if function.target == "operator.getitem":
        return read(f"{flat(_argument(function.args[0], operands))}[{_index(function.args[1])}]")
    positional = [_argument(argument, operands) for argument in function.args]
    if function.target.startswith("."):
        owner, *arguments = positional
        return Call(f"{flat(owner)}{function.target}", tuple(("", part) for part in arguments))
    if function.target in METHODS and isinstance(positional[0], ast.Name) and isinstance(positional[1], Listed):
        method = function.target.removeprefix("torch")
        return Call(f"{positional[0].id}{method}", tuple(("", part) for part in positional[1].items))
    keywords = tuple((key, _argument(value, operands)) for key, value in function.kwargs.items())
    if function.folds or (function.target in _OPERATORS and len(positional) == 2):
        return reduce(partial(_of_two, function.target, keywords), positional)
    return Call(function.target, (*(("", part) for part in positional), *keywords))


def is_long(function: Function | Attribute | str) -> TypeGuard[Function]:
    """Whether a fold, such as a sum, has so many operands that it may take several lines."""
    return isinstance(function, Function) and function.folds and len(function.args) > _MANY


def pieces(function: Function, operands: Sequence[str], target: str) -> Iterator[Part]:
    """The values that a variable takes one after another, the last of them a long fold's, each an expression that fits.

    Args:
        function: The fold.
        operands: Names of its operands.
        target: The variable, which is none of these.
    """
    keywords = tuple((key, _argument(value, operands)) for key, value in function.kwargs.items())
    join = partial(_of_two, function.target, keywords)
    first, second, *others = (_argument(argument, operands) for argument in function.args)
    part = join(first, second)
    for other in others:
        longer = join(part, other)
        if isinstance(longer, Call):
            yield part
            longer = join(read(target), other)
        part = longer
    yield part


def _of_two(target: str, keywords: tuple[tuple[str, Part], ...], left: Part, right: Part) -> Part:
    """A function of two: an operator where it has one and that is short, else a call."""
    operator = _OPERATORS.get(target)
    if operator is not None and not keywords:
        code = ast.BinOp(_expression(left), operator(), _expression(right))
        if _length(code) < _EXPRESSION:
            return code
    return Call(target, (("", left), ("", right), *keywords))


def _length(code: Code) -> int:
    """The length of an expression's text; of a chain of names without printing it."""
    if isinstance(code, ast.BinOp) and isinstance(code.right, ast.Name):
        left = code.left
        if isinstance(left, ast.Name) or (isinstance(left, ast.BinOp) and type(left.op) is type(code.op)):
            return _length(left) + len(" + ") + len(code.right.id)
    return len(printed(code))


def _expression(part: Part) -> Code:
    return part if isinstance(part, ast.expr) else read(flat(part))


def _argument(argument: Any, operands: Sequence[str]) -> Part:
    match argument:
        case Operand():
            return read(operands[argument.index])
        case Batch():
            return read(f"{operands[argument.index]}.shape[0]")
        case Function():
            return call(argument, operands)
        case tuple() if any(isinstance(item, Spread) for item in argument):
            return read(_joined(argument, operands))
        case tuple():
            return Listed(tuple(_argument(item, operands) for item in argument), "()")
        case Attribute():
            return read(f"self.{argument.name}")
        case str():
            return read(quoted(argument))
    return read(repr(argument))


def _joined(items: tuple[Any, ...], operands: Sequence[str]) -> str:
    """``[a, b] + outs``, a sum of lists, since TorchScript knows no ``[a, b, *outs]``."""
    parts: list[str] = []
    for is_list, group in groupby(items, key=lambda item: isinstance(item, Spread)):
        if is_list:
            parts += [operands[item.index] for item in group]
        else:
            parts.append(flat(Listed(tuple(_argument(item, operands) for item in group))))
    return " + ".join(parts)


def _index(index: Any) -> str:
    """``:, 1:3`` for a tuple of slices."""
    if isinstance(index, tuple):
        return ", ".join(map(_index, index))
    if not isinstance(index, slice):
        return flat(_argument(index, []))
    start, stop, step = ("" if part is None else _index(part) for part in (index.start, index.stop, index.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
