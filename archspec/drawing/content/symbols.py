"""A block by itself, with its parameters in place of numbers, as papers draw it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from archspec.drawing.content.formulas import printed
from archspec.drawing.content.labels import OpSymbol, family, is_depthwise
from archspec.drawing.content.substitution import Function, Scope, Sizes, named_inputs
from archspec.language.algebra import Code, literal, name, names
from archspec.language.definition import Let
from archspec.language.expr import is_expression
from archspec.language.functions import LetFunction
from archspec.language.loops import items_of
from archspec.network import Applied, Block, Body, Copies, Network, NetworkOutput, Node, Use
from archspec.ops.op import Op

_AXES = {0: (), 1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""Letters of spatial dimensions, by their number."""


@dataclass(frozen=True)
class SymbolicNetwork(Network):
    """A block as a network in which texts stand for numbers: ``ch1x1`` for ``64``; it has no figures.

    Attributes:
        counts: What the numbers of copies are called, by the paths of repeats.
        formulas: What the parameters follow from that stand for numbers and were not given.
    """

    counts: Mapping[str, str] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)


def symbolic(network: Network, block: Block) -> SymbolicNetwork:
    """One use of a block as a network of its own.

    A number or an op that was given for a parameter, or that a default computes, is the parameter's name; others stay.

    >>> import archspec
    >>> net = archspec.compile("specs/resnet50.yaml")
    >>> symbolic(net, net["layer1.1"])["conv3"].op.out_channels
    '4·channels'
    """
    return _Symbols(network, block).network()


class _Symbols:
    def __init__(self, network: Network, block: Block) -> None:
        self.whole = network
        self.block = block
        self.sizes = Sizes(network, block)
        self.counts: dict[str, str] = {}
        self.scope = self._defined(block, Scope(dict(_own(block)), block.path, named_inputs(block)))

    def network(self) -> SymbolicNetwork:
        """The block as a network."""
        block = self.block
        body = replace(self._body(block, self.scope), kind="network")
        inputs = {name: self._shape(path, path) for name, path in named_inputs(block).items()}
        root = Block("", body, tuple(inputs), block.step, {})
        shapes = {key: self._shape(path, block.inputs[0]) for key, path in block.outputs.items()}
        return SymbolicNetwork(
            name=block.definition,
            doc=block.template.doc,
            arguments={},
            inputs=inputs,
            outputs={key: NetworkOutput(path, shapes[key]) for key, path in root.outputs.items()},
            blocks=root,
            counts=self.counts,
            formulas=dict(self._formulas()),
        )

    def _formulas(self) -> Iterator[tuple[str, str]]:
        """What parameters follow from that a default computes."""
        template = self.block.template
        values = {key: template.param_value(key) for key in template.params if key not in self.block.written}
        values |= {let.name: let.value for let in _lets(self.block) if let.value is not None}
        for key, code in self.scope.params.items():
            if key in values and names(code) == {key}:
                found = self.sizes.code(values[key], self.scope)
                if found is not None:
                    yield key, printed(found)

    def _shape(self, path: str, origin: str) -> Any:
        """``C×H×W``; other letters where the sizes are not those of ``origin``; empty where channels are not known."""
        code, shape, first = self.sizes.channels.get(path), self.whole.shape(path), self.whole.shape(origin)
        if code is None:
            return ()
        text = f"({printed(code)})" if isinstance(code, ast.BinOp) and isinstance(code.op, ast.Add) else printed(code)
        axes = _AXES.get(len(shape) - 1, ())
        return (text, *(axes if shape[1:] == first[1:] else (f"{axis}'" for axis in axes)))

    def _path(self, path: str) -> str:
        """A path as it is inside of the block."""
        return self.sizes.inputs.get(path) or path.removeprefix(f"{self.block.path}.")

    def _body(self, block: Block, scope: Scope) -> Body:
        """What a block holds, with texts for numbers."""
        return replace(
            block.content, uses=tuple(self._uses(block, scope)), shapes=dict.fromkeys(block.content.shapes, ())
        )

    def _uses(self, block: Block, scope: Scope) -> Iterator[Use]:
        for child, use in zip(block.children, block.content.uses, strict=True):
            seen = scope
            if block.kind == "repeat" and not use.step.copies_reuse:
                seen = scope._replace(params={**scope.params, **dict(self._of_copy(block, int(child.name), scope))})
            elif use.shares and use.step.reused is not None and use.step.reused.copy is not None:
                index = int(use.shares.rpartition(".")[2])
                seen = scope._replace(params={**scope.params, "index": literal(index)})
            if block.kind != "repeat" or scope.operand:
                seen = seen._replace(operand=_operand(block, child))
            content = self._applied(child, seen) if isinstance(child, Node) else self._inner(child, seen)
            yield use._replace(content=content)

    def _of_copy(self, repeat: Block, number: int, around: Scope) -> Iterator[tuple[str, Code]]:
        """What tells a copy from the others: its index, and the names that a table or repeat gives."""
        yield "index", literal(number)
        copies, table = repeat.content.uses, repeat.step and repeat.step.each
        for each, value in copies.named_values(number).items() if isinstance(copies, Copies) else ():
            for item, plain in items_of(each, value):
                written = table and repeat.template.cell(table, number, item)
                yield item, (written and self.sizes.code(written, around)) or literal(plain)

    def _inner(self, block: Block, around: Scope) -> Body:
        given = {key: self.sizes.code(entry.value, around) for key, entry in block.written.items()}
        inputs = named_inputs(block)
        if block.kind == "block":
            params = {key: given.get(key) or literal(value) for key, value in block.arguments.items()}
            scope = self._defined(block, Scope(params, block.path, inputs))
        elif block.kind == "group":
            scope = self._defined(block, Scope(around.params, block.path, inputs, around.functions))
        else:
            scope = around
            self._note_count(block, around)
        arguments = {key: _value(given.get(key), value) for key, value in block.arguments.items()}
        return replace(self._body(block, scope), arguments=arguments)

    def _defined(self, block: Block, scope: Scope) -> Scope:
        """A scope with what a graph defines: values of the block itself stand for themselves, as its parameters do."""
        for let in _lets(block):
            found = block.content.lets[let.name]
            if isinstance(found, LetFunction):
                function = Function(found.parameters, found.text, scope)
                scope = scope._replace(functions={**scope.functions, let.name: function})
                continue
            code = self.sizes.code(let.value, scope) if let.value is not None else None
            if block is self.block and code is not None and names(code) and _is_numeric(found):
                code = name(let.name)
            scope = scope._replace(params={**scope.params, let.name: code or literal(found)})
        return scope

    def _note_count(self, repeat: Block, scope: Scope) -> None:
        count = self.sizes.code(repeat.step.repeat, scope) if repeat.step and repeat.step.repeat else None
        if count is not None and names(count):
            self.counts[self._path(repeat.path)] = printed(count)

    def _applied(self, node: Node, scope: Scope) -> Applied:
        target = node.step.target
        chosen = self.sizes.code(target, scope) if target is not None else None
        codes = {key: self.sizes.code(entry.value, scope) for key, entry in node.written.items()}
        values = {key: _value(codes.get(key), getattr(node.op, key)) for key in type(node.op).model_fields}
        self.sizes.note_channels(node, codes)
        if chosen is not None and names(chosen):
            op: Op = OpSymbol.model_construct(text=printed(chosen), family=family(node.op))
            return Applied(op, tuple(() for _ in node.input_shapes), (), {}, {}, None)
        op = type(node.op).model_construct(**values)
        first = values["groups"] if is_depthwise(node.op, node.input_shapes) else ""
        shapes: Any = tuple((first, *[""] * (len(shape) - 1)) for shape in node.input_shapes)
        return Applied(op, shapes, (), {}, {}, None)


def _lets(block: Block) -> tuple[Let, ...]:
    return block.graph.lets if block.graph is not None else ()


def _operand(block: Block, child: Block | Node) -> str:
    """What expressions of a node call its operand."""
    hidden = block.graph is not None and not block.graph.has_operand
    return "" if hidden or not child.inputs else child.inputs[0]


def _own(block: Block) -> Iterator[tuple[str, Code]]:
    """What the parameters of the block stand for: themselves where they are numbers or ops, given or computed."""
    for key, value in block.arguments.items():
        param = block.template.params.get(key)
        chosen = key in block.written or (param is not None and is_expression(param.default))
        is_op = param is not None and param.names_one and value is not None
        yield key, name(key) if chosen and (is_op or _is_numeric(value)) else literal(value)


def _is_numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_numeric, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(code: Code | None, usual: Any) -> Any:
    """A text where a parameter is part of a value; else the value."""
    if isinstance(code, ast.Tuple) and names(code):
        return tuple(printed(item) for item in code.elts)
    return printed(code) if code is not None and names(code) else usual
