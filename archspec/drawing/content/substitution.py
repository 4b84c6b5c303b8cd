"""What is written in a block, over its parameters: names become what they stand for, sizes what is known of them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from archspec.errors import UsageError
from archspec.language.algebra import Code, binary, copied, literal, name, simplified
from archspec.language.expr import is_expression, read
from archspec.language.names import OPERAND
from archspec.language.source import Scalar, Sequence, Value
from archspec.language.values import ExpressionError, TensorView
from archspec.network import Block, Network, Node


class Function(NamedTuple):
    """A function that ``let`` defines, and the scope that it stands in."""

    parameters: tuple[str, ...]
    text: str
    scope: Scope


class Scope(NamedTuple):
    """What expressions of one graph can ask for.

    Attributes:
        params: What its parameters, and the values that ``let`` defines, stand for.
        path: The path that its nodes' names begin with.
        inputs: The tensors that it takes, by its names for them.
        functions: The functions that ``let`` defines.
        operand: The tensor that the present node takes first; empty where none is called so.
    """

    params: Mapping[str, Code]
    path: str
    inputs: Mapping[str, str]
    functions: Mapping[str, Function] = MappingProxyType({})
    operand: str = ""

    def tensor(self, name: str) -> str:
        """The path of the tensor that a name means."""
        if name == OPERAND and self.operand:
            return self.operand
        return self.inputs.get(name, f"{self.path}.{name}" if self.path else name)


class Sizes:
    """What is known of the sizes of tensors in a block.

    Args:
        network: The network.
        block: The block.
    """

    def __init__(self, network: Network, block: Block) -> None:
        self.whole = network
        self.block = block
        self.inputs = {path: name for name, path in reversed(named_inputs(block).items())}
        self.channels: dict[str, Code] = {path: self._first_channels(name) for path, name in self.inputs.items()}

    def _first_channels(self, input: str) -> Code:
        if len(self.inputs) == 1 and "C" not in self.block.template.params:
            return name("C")
        return ast.Attribute(name(input), "channels", ast.Load())

    def note_channels(self, node: Node, codes: Mapping[str, Code | None]) -> None:
        """Remember how many channels the output of a node has, where that can be said."""
        argument = "out_channels" if "out_channels" in codes else "out_features" if len(node.shape) == 1 else ""
        if argument in codes:
            found = codes[argument]
        elif node.op.name == "concat" and node.shape[0] == sum(shape[0] for shape in node.input_shapes):
            parts = [self.channels.get(path) for path in node.inputs]
            found = parts[0]
            for part in parts[1:]:
                found = binary(found, ast.Add, part) if found and part else None
        elif node.op.name == "split" and node.shape[0] * getattr(node.op, "chunks", 0) == node.input_shapes[0][0]:
            whole = self.channels.get(node.inputs[0])
            found = binary(whole, ast.FloorDiv, literal(getattr(node.op, "chunks", 1))) if whole else None
        else:
            kept = all(shape[:1] == node.shape[:1] for shape in node.input_shapes)
            found = self.channels.get(node.inputs[0]) if kept else None
        if found is not None:
            self.channels[node.path] = found

    def size(self, code: Code, tensor: ast.Name, path: str, scope: Scope) -> Code:
        """A size of a tensor as written; of one that is known in a block inside alone, its number.

        Args:
            code: What is written, such as ``x.height`` or ``x.shape[-1]``.
            tensor: The name of the tensor in it.
            path: The path of the tensor.
            scope: Where it is written.
        """
        if path in self.inputs:
            tensor.id = self.inputs[path]
            return code
        if scope.path == self.block.path:
            return code
        try:
            view = TensorView(self.whole.shape(path))
            return literal(read(f"$({ast.unparse(code)})").evaluate({tensor.id: view}))
        except (KeyError, UsageError, ExpressionError):
            return code

    def code(self, value: Value, scope: Scope) -> Code | None:
        """A value as written, over the block's parameters; None for what is neither number nor text nor a list."""
        if isinstance(value, Sequence):
            items = [self.code(item, scope) for item in value.items]
            return ast.Tuple([item for item in items if item], ast.Load()) if all(items) else None
        if not isinstance(value, Scalar):
            return None
        if not is_expression(value.value):
            return literal(value.value)
        tree = copied(read(str(value.value)).tree)
        try:
            return simplified(_Translation(scope, self).visit(tree))
        except _TooLong:
            return None


class _TooLong(Exception):  # noqa: N818 - a signal, not an error
    """What a function gives is no text to be read."""


_LONGEST = 100
"""Parts of an expression that a function gives."""


class _Translation(ast.NodeTransformer):
    """Parameters become what they stand for, and sizes of tensors what is known of them."""

    def __init__(self, scope: Scope, sizes: Sizes) -> None:
        self.scope = scope
        self.sizes = sizes

    def visit_Name(self, node: ast.Name) -> Code:
        return self.scope.params.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> Code:
        node.args = [self.visit(argument) for argument in node.args]
        function = self.scope.functions.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if function is None:
            return node
        params = {**function.scope.params, **dict(zip(function.parameters, node.args, strict=True))}
        inner = _Translation(function.scope._replace(params=params), self.sizes)
        code: Code = inner.visit(copied(read(function.text).tree))
        if sum(1 for _ in ast.walk(code)) > _LONGEST:
            raise _TooLong
        return code

    def visit_Attribute(self, node: ast.Attribute) -> Code:
        item = ast.unparse(node)
        if item in self.scope.params:  # of a row of a table
            return self.scope.params[item]
        if not isinstance(node.value, ast.Name):
            return node
        path = self.scope.tensor(node.value.id)
        if node.attr in ("channels", "features") and path in self.sizes.channels:
            return self.sizes.channels[path]
        return self.sizes.size(node, node.value, path, self.scope)

    def visit_Subscript(self, node: ast.Subscript) -> Code:
        owner = node.value.value if isinstance(node.value, ast.Attribute) and node.value.attr == "shape" else None
        if isinstance(owner, ast.Name) and ast.unparse(node.value) not in self.scope.params:
            return self.sizes.size(node, owner, self.scope.tensor(owner.id), self.scope)
        found = self.generic_visit(node)
        assert isinstance(found, ast.expr)
        return found


def named_inputs(block: Block) -> dict[str, str]:
    """The tensors that a block takes, by its names for them."""
    known = (block.graph.inputs if block.graph else ()) or ("input",)
    return dict(zip(known, block.inputs, strict=False))
