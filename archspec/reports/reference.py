"""Pages on ops and blocks, made from the code: what ``archspec ops`` and ``archspec blocks`` print."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from archspec.language import library
from archspec.language.definition import Definition
from archspec.language.expr import is_expression
from archspec.language.limits import Limits
from archspec.language.loader import library_block
from archspec.language.source import Mapping
from archspec.language.spec import Param
from archspec.ops import registry
from archspec.ops.arguments import MAX_INT
from archspec.ops.op import NODE_KEYS, Op
from archspec.ops.tensor import show


def op_list() -> str:
    """Every op with the first line of its docstring."""
    return _columns((name, cls.summary()) for name, cls in registry.ops().items())


def op_page(cls: type[Op]) -> str:
    """An op in full: what it does, its arguments, an example with the shapes that it gives."""
    text = inspect.cleandoc(cls.__doc__ or "").split("\nArgs:\n")[0].rstrip()
    return "\n".join([f"{cls.name}: {text}", "", *_arguments(cls), *_op_example(cls)])


def argument_rows(cls: type[Op]) -> list[tuple[str, str, str, str]]:
    """The name, type, default and description of each argument of an op."""
    schema = cls.model_json_schema()
    docs = cls.argument_docs()
    rows = []
    for name, properties in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        default = "required" if required else _yaml(properties.get("default"))
        rows.append((name, _type(properties), default, docs.get(name, "")))
    return rows


def _arguments(cls: type[Op]) -> list[str]:
    rows = argument_rows(cls)
    return ["arguments", *_indented(_columns(rows)), ""] if rows else ["It takes no arguments.", ""]


def _op_example(cls: type[Op]) -> list[str]:
    on = "" if cls.takes_nothing else f"on {' and '.join(map(show, cls.example_inputs))}: "
    return ["example", f"  {cls.name}: {cls.example}", f"  # {on}{show(example_output(cls))}"]


def example_output(cls: type[Op]) -> tuple[int, ...]:
    """The shape that an op's example gives."""
    from archspec.language.composer import parse
    from archspec.language.source import Source

    plain = parse(Source("example", cls.example), Limits(), []).plain()
    node = {} if isinstance(plain, str) else plain
    arguments = {name: value for name, value in node.items() if name not in NODE_KEYS}
    rank = len(cls.example_inputs[0]) - 1
    return cls.model_validate(arguments, context={"spatial_rank": rank}).infer(cls.example_inputs)


def block_list() -> str:
    """Every library block with the first sentence of its doc."""
    return _columns((name, _sentence(library_block(name).doc)) for name in library.blocks())


def block_page(name: str) -> str:
    """A library block in full: what it is, its parameters, an example, and its graph as written."""
    definition = library_block(name)
    head = [f"{name}: {definition.doc}", "", *_params(definition), *_block_example(definition), ""]
    return "\n".join([*head, "graph:", *_nodes(definition)])


def _nodes(definition: Definition) -> Iterator[str]:
    """The nodes of a library block as they are written, those of a file that it extends there."""
    graph = definition.value.entries["graph"]
    assert isinstance(graph, Mapping)
    for name, key in graph.keys.items():
        node = graph.entries[name]
        start, mark = (node.start, "  - ") if definition.graph.is_list else (key.start, "  ")
        yield mark + key.source.text[start : node.end].rstrip()


def param_rows(params: dict[str, Param]) -> list[tuple[str, str, str, str]]:
    """The name, type, default and description of each parameter."""
    return [(name, _param_type(param), _param_default(param), param.doc) for name, param in params.items()]


def _params(definition: Definition) -> list[str]:
    rows = param_rows(definition.params)
    return ["parameters", *_indented(_columns(rows)), ""] if rows else ["It has no parameters.", ""]


def _block_example(definition: Definition) -> list[str]:
    example = definition.example.plain() if definition.example else {}
    arguments = "".join(f", {name}: {_yaml(value)}" for name, value in example.items())
    return ["example", f"  {definition.name}1: {{block: {definition.name}{arguments}}}"]


def _param_type(param: Param) -> str:
    bounds = [f">= {param.min}"] * (param.min is not None) + [f"<= {param.max}"] * (param.max is not None)
    choices = "|".join(map(str, param.choices)) if param.choices else ""
    kind = choices or param.kind or "any"
    return " ".join(filter(None, [f"{kind} or null" if param.nullable else kind, ", ".join(bounds)]))


def _param_default(param: Param) -> str:
    if param.required:
        return "required"
    return str(param.default) if is_expression(param.default) else _yaml(param.default)


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(option) for option in schema["anyOf"]))
    if "enum" in schema:
        return "|".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    bounds = [f"{sign} {schema[key]}" for key, sign in _BOUNDS.items() if abs(schema.get(key, MAX_INT)) < MAX_INT]
    kind = str(schema.get("type", "any"))
    return " ".join(filter(None, ["list" if kind == "array" else kind, ", ".join(bounds)]))


_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<="}
"""Bounds of numbers. Those of PyTorch's own types are not told."""


def _yaml(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(item)}' for key, item in value.items())}}}"
    return str(value)


def _sentence(text: str) -> str:
    first = text.replace("\n", " ").split(" (")[0].split(". ")[0].split(": ")[0]
    return first.rstrip(".") + "."


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]


def _columns(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as aligned columns."""
    table = list(rows)
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]))]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )
