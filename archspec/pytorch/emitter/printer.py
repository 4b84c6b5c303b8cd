"""Classes as text."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from archspec.language.algebra import literal, name
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.calls import call
from archspec.pytorch.emitter.chaining import chained
from archspec.pytorch.emitter.code import WIDTH, Factory, Listed, laid_out, printed
from archspec.pytorch.emitter.constructor import constructor_body
from archspec.pytorch.emitter.forward import Forward, annotate, attribute
from archspec.pytorch.emitter.model import Class, Key
from archspec.pytorch.emitter.nesting import nested, returned_value
from archspec.pytorch.emitter.scope import REQUIRED, Parameter
from archspec.pytorch.emitter.unpacking import unpacked

Lines = Iterator[str]
_UNTYPED = "torch.linalg."
"""Begins the functions of which PyTorch does not say that they return a tensor."""


def class_text(made: Class, paragraphs: list[str], taken: frozenset[str]) -> Lines:
    """The lines of a class of a block or group, with the paragraphs of its docstring."""
    base = "nn.Sequential" if made.is_sequential else "nn.Module"
    yield from class_line(made.name, base)
    yield from docstring(paragraphs, 4)
    if made.members or made.is_sequential:
        yield ""
        yield from constructor(made)
    if made.statements is not None:
        yield ""
        yield from _forward(made, taken)


def function_text(name: str, function: Function) -> Lines:
    """The lines of a class of a function, as a layer."""
    yield from class_line(name, "nn.Module")
    yield f'    """`{function.target}` as a layer."""'
    yield ""
    yield from signature_of_forward(["x"], "Tensor")
    if not function.target.startswith(_UNTYPED):
        yield from laid_out("return ", call(function, ["x"]), "", 8)
        return
    yield from laid_out("x = ", call(function, ["x"]), "", 8)
    yield "        return x"


def class_line(class_name: str, base: str) -> Lines:
    """``class Name(base):``, the base on a line of its own where the name is long."""
    line = f"class {class_name}({base}):"
    yield from [line] if len(line) <= WIDTH else [f"class {class_name}(", f"    {base}", "):"]


def docstring(parts: list[str], indent: int) -> Lines:
    """The lines of a docstring of paragraphs; empty ones are left out. What stands in it can never end it."""
    space = " " * indent
    paragraphs = [lines for part in parts if (lines := _wrapped(part, WIDTH - indent))]
    if not paragraphs:
        return
    body = [line for paragraph in paragraphs for line in ("", *paragraph)][1:]
    if len(body) == 1 and len(body[0]) + indent + 6 <= WIDTH:
        yield f'{space}"""{body[0]}"""'
        return
    yield f'{space}"""{body[0]}'
    yield from (f"{space}{line}" if line else "" for line in body[1:])
    yield f'{space}"""'


def _wrapped(text: str, width: int) -> list[str]:
    lines = []
    for line in escaped(text).strip().splitlines():
        margin = " " * (len(line) - len(line.lstrip()))
        hanging = margin + "    " if margin else ""
        lines += textwrap.wrap(
            line.strip(),
            width - 3,
            initial_indent=margin,
            subsequent_indent=hanging,
            break_on_hyphens=False,
            break_long_words=False,
        ) or [""]
    return lines


def escaped(text: str) -> str:
    """Text that can stand in a docstring: no backslash, quote at the end, or character that is not seen."""
    text = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return text.replace("\\", "\\\\").replace('"', "'")


def constructor(made: Class, ending: Iterable[str] = ()) -> Lines:
    """The lines of ``__init__``, and what it ends with."""
    yield from _signature("__init__", map(_declared, made.signature), "None")
    yield from constructor_body(made)
    yield from ending


def _declared(parameter: Parameter) -> str:
    text = f"{parameter.name}: {_type(parameter)}"
    return text if parameter.default is REQUIRED else f"{text} = {printed(literal(parameter.default))}"


def _type(parameter: Parameter) -> str:
    """The type of a parameter's values."""
    values = [*parameter.values, *([] if parameter.default is REQUIRED else [parameter.default])]
    kinds = sorted({_kind(value) for value in values}, key=lambda kind: (kind == "None", kind))
    return " | ".join(
        "float" if kind == "int" and "float" in kinds else kind
        for kind in dict.fromkeys(kinds)
        if not (kind == "int" and "float" in kinds)
    )


def _kind(value: Any) -> str:
    if isinstance(value, Factory):
        return "Callable[..., nn.Module]"
    if isinstance(value, tuple):
        return f"tuple[{', '.join(map(_kind, value)) or '()'}]"
    return "None" if value is None else type(value).__name__


def _forward(made: Class, taken: frozenset[str]) -> Lines:
    result = "Tensor" if len(made.outputs) == 1 else f"tuple[{', '.join(['Tensor'] * len(made.outputs))}]"
    yield from signature_of_forward(list(made.inputs), result)
    yield from forward_body(made, list(made.outputs.values()), taken, returning)


def forward_body(
    made: Class, outputs: list[Key], taken: frozenset[str], returning: Callable[[list[str]], Iterable[str]]
) -> Lines:
    """The lines of ``forward`` below its signature.

    Args:
        made: The class.
        outputs: The tensors that are given, in order.
        taken: Names that no variable can have.
        returning: The lines that return several variables.
    """
    assert made.statements is not None
    returned = outputs[0] if len(outputs) == 1 else None
    statements = list(unpacked(made.statements))
    forward = Forward({key: each for each, key in made.inputs.items()}, statements, outputs, returned, taken)
    lines = list(chain(*forward.lines()))
    variables = [forward.variables[key] for key in outputs]
    lines = nested(lines, made.inputs, variables, _finishing(made), _steps(made))
    lines = chained(lines, list(made.inputs), variables, taken)
    value = returned_value(lines, variables[0], made.inputs) if returned else None
    if isinstance(value, ast.Name):
        annotate(lines, value.id, made.inputs)
    for line in lines:
        yield from line.text(8)
    yield from returning(variables) if value is None else laid_out("return ", value, "", 8)


def _finishing(made: Class) -> set[str]:
    """The calls of layers that keep the size of what they take, and multiply no matrices: norms and activations."""
    nodes = (child for instance in made.instances for child in instance.block.children if isinstance(child, Node))
    return {attribute(node.name) for node in nodes if node.input_shapes[:1] == (node.shape,) and node.macs == 0}


def _steps(made: Class) -> set[str] | None:
    """The calls of the blocks of a network, each a step of it; None for what stands inside."""
    block = made.instances[0].block
    return None if block.path else {attribute(child.name) for child in block.children if isinstance(child, Block)}


def returning(variables: list[str]) -> Lines:
    """``return a, b``, in parentheses over several lines where that is long."""
    line = f"        return {', '.join(variables)}"
    if len(line) <= WIDTH:
        yield line
    else:
        several = Listed(tuple(map(name, variables)), "()")
        yield from laid_out("return ", several if len(variables) > 1 else name(variables[0]), "", 8)


def signature_of_forward(inputs: list[str], result: str) -> Lines:
    """``def forward(self, x: Tensor) -> Tensor:``."""
    return _signature("forward", (f"{each}: Tensor" for each in inputs), result)


def _signature(method: str, parameters: Iterable[str], result: str) -> Lines:
    """The first line of a method; where that is long, its parameters on one line of their own, or one on each."""
    declared = ["self", *parameters]
    inside = ", ".join(declared)
    one = f"    def {method}({inside}) -> {result}:"
    if len(one) <= WIDTH:
        yield one
        return
    yield f"    def {method}("
    yield from [f"        {inside}"] if len(inside) + 8 <= WIDTH else (f"        {each}," for each in declared)
    yield f"    ) -> {result}:"
