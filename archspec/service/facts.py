"""What is known of ops, blocks and parameters, as requests tell it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from archspec.language.choice import KINDS
from archspec.language.scalars import OutOfRangeError, resolved
from archspec.language.spec import TYPES, UNKNOWN_PARAM, Param
from archspec.language.tree import Entry, Value
from archspec.ops import registry
from archspec.reports.reference import argument_rows, param_rows
from archspec.service.outline import Section
from archspec.service.spots import Target


class Argument(NamedTuple):
    """An argument of an op or block.

    Attributes:
        name: Its name.
        type: What it takes, in words.
        default: Its value unless it is given, as text; ``required`` where there is none.
        doc: What it is for.
        values: The only texts that can stand there, or those that can besides numbers.
        kind: ``op`` or ``block``, where it takes one.
    """

    name: str
    type: str
    default: str
    doc: str
    values: tuple[str, ...] = ()
    kind: str = ""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default == "required"


@lru_cache(maxsize=1_000)
def op_arguments(name: str) -> tuple[Argument, ...]:
    """The arguments of an op; none of one that there is not."""
    cls = registry.find(name)
    if cls is None:
        return ()
    properties = cls.model_json_schema().get("properties", {})
    rows = argument_rows(cls)
    return tuple(Argument(*row, values=tuple(texts(properties.get(row[0], {})))) for row in rows)


def texts(schema: Any) -> Iterator[str]:
    """The texts and words that a schema allows."""
    for option in schema.get("anyOf", ()):
        yield from texts(option)
    yield from (str(value) for value in schema.get("enum", ()) if isinstance(value, str))
    if isinstance(schema.get("const"), str):
        yield schema["const"]
    if schema.get("type") == "boolean":
        yield from ("true", "false")
    if schema.get("type") == "null":
        yield "null"


def params_of(section: Section) -> dict[str, Param]:
    """The parameters of a network or block, those of what it extends too."""
    found: dict[str, Param] = {}
    for each in reversed(list(section.lineage())):
        for name, entry in each.params.items():
            found[name] = declared(entry)
    return found


def block_arguments(section: Section) -> list[Argument]:
    """The arguments of a block, or the parameters of a network."""
    params = params_of(section)
    rows = param_rows(params)
    return [Argument(*row, *_of_param(params[row[0]])) for row in rows]


def _of_param(param: Param) -> tuple[tuple[str, ...], str]:
    values = tuple(map(str, param.choices or ())) or (("true", "false") if param.kind == "bool" else ())
    nullable = param.nullable or (not param.required and param.default is None)
    return values + (("null",) if nullable else ()), str(param.kind) if param.names_one else ""


def declared(entry: Entry) -> Param:
    """A parameter as a text declares it; `UNKNOWN_PARAM` for one that is wrong."""
    value = plain(entry.value)
    if not isinstance(value, dict) or any(isinstance(value.get(kind), str) for kind in KINDS):
        if isinstance(value, str) and value in TYPES:
            return UNKNOWN_PARAM
        return Param.model_construct(default=value)
    try:
        return Param.model_validate(value)
    except ValidationError:
        return UNKNOWN_PARAM


def arguments(target: Target) -> list[Argument]:
    """The arguments that can be given to an op or block."""
    if target.kind == "op":
        return list(op_arguments(target.name))
    return block_arguments(target.section) if target.section is not None else []


def argument(target: Target, name: str) -> Argument | None:
    """An argument by its name."""
    return next((each for each in arguments(target) if each.name == name), None)


def plain(value: Value | None) -> Any:
    """A value of a tree as Python's own."""
    if value is None:
        return None
    if value.kind == "sequence":
        return [plain(entry.value) for entry in value.entries]
    if value.kind == "mapping":
        return {entry.name: plain(entry.value) for entry in value.entries}
    try:
        return value.text if value.style else resolved(value.text)
    except OutOfRangeError:
        return value.text


def summary(op: str) -> str:
    """The first line of what is said of an op."""
    cls = registry.find(op)
    return cls.summary() if cls is not None else ""


def described(op: str) -> str:
    """All that is said of an op."""
    cls = registry.find(op)
    return inspect.cleandoc(cls.__doc__ or "").split("\nArgs:\n")[0].rstrip() if cls is not None else ""


def doc_of(section: Section) -> str:
    """What a network or block says of itself."""
    found = (each.value.get("doc") for each in section.lineage())
    return next((value.text for value in found if value is not None and value.kind == "scalar"), "")
