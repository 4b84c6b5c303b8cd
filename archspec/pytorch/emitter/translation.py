"""Expressions of the spec as Python's over the variables of a class."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.language.algebra import Code, copied, literal, name, same, simplified
from archspec.language.evaluation import CONSTANTS, FUNCTIONS
from archspec.language.expr import is_expression, read
from archspec.language.source import Scalar, Value
from archspec.language.source import Sequence as SequenceValue
from archspec.language.values import ATTRIBUTES, SIZES, ExpressionError
from archspec.pytorch.emitter.scope import Local, Mismatch, Scope

_LONGEST_INLINED = 100
"""Parts of an expression that a function gives, from which on it is no shorter way to say what the value is."""


class Inlined(NamedTuple):
    """A function of the spec, written where it is called.

    Attributes:
        parameters: The names of its parameters.
        text: Its expression, as the spec writes it.
        tensors: The tensors whose shapes it can ask for.
    """

    parameters: tuple[str, ...]
    text: str
    tensors: dict[str, Local]


@dataclass(slots=True)
class Names:
    """What the expressions of one graph can ask for: parameters, functions, and the shapes of its tensors."""

    scope: Scope
    tensors: dict[str, Local] = field(default_factory=dict)
    functions: dict[str, Inlined] = field(default_factory=dict)

    def code(self, value: Value | None) -> Code | None:
        """A value of the spec as an expression over the variables of the class, or None where that cannot be."""
        if isinstance(value, SequenceValue):
            parts = [self.code(item) for item in value.items]
            return None if None in parts else ast.Tuple([part for part in parts if part], ast.Load())
        if not isinstance(value, Scalar):
            return None
        if not is_expression(value.value):
            return literal(value.value)
        try:
            return self.translated(read(str(value.value)).tree)
        except (Mismatch, ExpressionError):
            return None

    def shape_comparisons(self, value: Value) -> Iterator[Code]:
        """What a comparison such as ``input.shape != other.shape`` can mean: other channels, a stride, or both."""
        if not isinstance(value, Scalar) or not is_expression(value.value):
            return
        tree = read(str(value.value)).tree
        for node in ast.walk(tree):
            match node:
                case ast.Compare(
                    ast.Attribute(ast.Name(left), "shape"),
                    [ast.Eq() | ast.NotEq() as op],
                    [ast.Attribute(ast.Name(right), "shape")],
                ):
                    template = ast.unparse(tree).replace(ast.unparse(node), "_", 1)
                    for meaning in self._meanings(left, op, right):
                        yield from self._filled(template, meaning)
                    return

    def _filled(self, template: str, meaning: Code) -> Iterator[Code]:
        try:
            yield simplified(_Translation(self, {"_": meaning}).visit(ast.parse(template, mode="eval").body))
        except (Mismatch, ExpressionError):
            return

    def _meanings(self, left: str, op: ast.cmpop, right: str) -> Iterator[Code]:
        sides = [self.tensors[each].channels for each in (left, right) if each in self.tensors]
        if len(sides) != 2 or sides[0] is None or sides[1] is None:
            return
        channels = ast.Compare(sides[0], [op], [sides[1]])
        strides = [each for each in self.scope.parameters.values() if "stride" in each.name and same(each.default, 1)]
        steps: list[Code] = [ast.Compare(name(parameter.name), [op], [literal(1)]) for parameter in strides]
        yield from (ast.BoolOp(ast.And() if isinstance(op, ast.Eq) else ast.Or(), [step, channels]) for step in steps)
        yield channels
        yield from steps

    def translated(self, tree: Code) -> Code:
        """A tree of the spec's language as an expression of Python.

        Raises:
            Mismatch: It asks for what the class does not know.
        """
        return simplified(_Translation(self).visit(copied(tree)))


class _Translation(ast.NodeTransformer):
    def __init__(self, names: Names, known: Mapping[str, Code] | None = None, *, indexed: bool = True) -> None:
        self.names = names
        self.known = {**names.scope.known, **(known or {})}
        self.indexed = indexed

    def visit_Name(self, node: ast.Name) -> Code:
        if node.id in self.known:
            return self.known[node.id]
        if node.id in CONSTANTS:
            return literal(CONSTANTS[node.id])
        if node.id == "index" and self.indexed:
            return self.names.scope.index
        raise Mismatch

    def visit_Attribute(self, node: ast.Attribute) -> Code:
        item = ast.unparse(node)
        if item in self.known:  # of a row of a table
            return self.known[item]
        if not isinstance(node.value, ast.Name):
            raise Mismatch
        tensor = self.names.tensors.get(node.value.id)
        if tensor is None or not tensor.shapes:
            raise Mismatch
        if node.attr in ("channels", "features") and tensor.channels is not None:
            return tensor.channels
        if node.attr not in SIZES:
            raise Mismatch
        sizes = {ATTRIBUTES[node.attr](shape) for shape in tensor.shapes.values()}
        if len(sizes) != 1:
            raise Mismatch
        return literal(sizes.pop())

    def visit_Call(self, node: ast.Call) -> Code:
        function = node.func
        node.args = [self.visit(argument) for argument in node.args]
        if isinstance(function, ast.Name) and function.id in self.names.functions:
            return self._inlined(self.names.functions[function.id], node.args)
        code = simplified(node)
        if not isinstance(function, ast.Name) or function.id not in FUNCTIONS:
            raise Mismatch
        return code

    def _inlined(self, function: Inlined, arguments: list[ast.expr]) -> Code:
        """What a function gives, over the variables of the class."""
        names = Names(self.names.scope, function.tensors, self.names.functions)
        inner = _Translation(names, dict(zip(function.parameters, arguments, strict=True)), indexed=False)
        code = simplified(inner.visit(copied(read(function.text).tree)))
        if sum(1 for _ in ast.walk(code)) > _LONGEST_INLINED:
            raise Mismatch
        return code
