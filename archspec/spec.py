"""The file format: pydantic models of what a file, a parameter, a node and an output may say.

The models check one level each; `archspec.reading` reads a whole file with them and keeps the places. The JSON
Schema that `archspec schema` prints is built on theirs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from archspec.expr import is_expression

VERSION = 1
"""The version of the spec language that this package reads."""


class Model(BaseModel):
    """One mapping of a spec file: unknown keys are errors, and nothing is converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)


def _names(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _or_expression(*types: type) -> BeforeValidator:
    """A value of one of the types, or an expression that will give one."""
    words = {bool: "true, false", int: "an integer"}

    def check(value: Any) -> Any:
        if is_expression(value) or type(value) in types:
            return value
        raise PydanticCustomError("expected", f"{', '.join(words[kind] for kind in types)} or an expression")

    return BeforeValidator(check)


Names = Annotated[list[str], BeforeValidator(_names), Field(min_length=1)]
Condition = Annotated[Any, _or_expression(bool)]
Count = Annotated[Any, _or_expression(int)]

ParamType = Literal["int", "float", "bool", "str", "list", "size"]

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "bool": (bool,), "str": (str,), "list": (list,), "size": (int, list),
}  # fmt: skip
_TYPE_WORDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "size": "an integer, or a list of one for each spatial dimension",
}


class Param(Model):
    """A parameter of a network or block.

    Attributes:
        type: What values it takes; None for that of the default.
        default: Its value unless another is given; a parameter without one is required.
        min: The least value of a number.
        max: The greatest value of a number.
        choices: The only values that it takes.
        doc: What it is for.
    """

    type: ParamType | None = None
    default: Any = None
    min: int | float | None = None
    max: int | float | None = None
    choices: Annotated[list[Any], Field(min_length=1)] | None = None
    doc: str = ""

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return "default" not in self.model_fields_set

    @property
    def kind(self) -> str | None:
        """The type stated, or that of the default; None for any value."""
        if self.type or self.required or self.default is None or is_expression(self.default):
            return self.type
        return next(name for name in ("bool", "int", "float", "str", "list") if _fits(self.default, name))

    def problem(self, value: Any) -> str:
        """What the parameter expects, where the value is not that; empty where it is."""
        if value is None and not self.required and self.default is None:
            return ""
        if self.kind and not _fits(value, self.kind):
            return _TYPE_WORDS[self.kind]
        if self.choices is not None and value not in self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        numbers = [
            number for number in (value if isinstance(value, list) else [value]) if isinstance(number, int | float)
        ]
        least = 1 if self.min is None and self.kind == "size" else self.min
        if least is not None and any(number < least for number in numbers):
            return f"at least {least}"
        if self.max is not None and any(number > self.max for number in numbers):
            return f"at most {self.max}"
        return ""


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    if kind == "size":
        return all(type(size) is int for size in (value if isinstance(value, list) else [value]))
    return isinstance(value, _PYTHON_TYPES[kind])


class Output(Model):
    """An output of a graph: the node that gives it, and when it exists."""

    from_: str = Field(alias="from")
    when: Condition = True
    training_only: bool = False


class Node(Model):
    """The keys of a node besides its arguments."""

    op: str | None = None
    block: str | None = None
    graph: dict[str, Any] | None = None
    from_: Names | None = Field(default=None, alias="from")
    inputs: Names | None = None
    when: Condition = True
    repeat: Count | None = None
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    output: str | None = None
    outputs: dict[str, Any] | None = None
    doc: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> Node:
        kinds = [name for name in ("op", "block", "graph") if getattr(self, name) is not None]
        if not kinds:
            raise PydanticCustomError("node", "a node says what it is: `op:`, `block:` or `graph:`")
        if len(kinds) > 1:
            words = " and ".join(f"`{kind}:`" for kind in kinds)
            raise PydanticCustomError("node", f"a node is one thing, and this one says {words}")
        return self


class Bound(Model):
    """A figure that a contract keeps between two values."""

    min: int | None = None
    max: int | None = None


class Expect(Model):
    """A contract on the compiled network. A figure is a number, or a bound."""

    params: int | Bound | None = None
    macs: int | Bound | None = None
    flops: int | Bound | None = None
    output: list[int] | None = None
    outputs: dict[str, list[int]] = {}
    shapes: dict[str, list[int]] = {}
    receptive_field: dict[str, int | list[int]] = {}


class Graph(Model):
    """What a network, a block of the file's own and a block file have in common."""

    doc: str = ""
    params: dict[str, Any] = {}
    graph: dict[str, Any]
    output: str | None = None
    outputs: dict[str, Any] | None = None


class InlineBlock(Graph):
    """An entry of ``blocks:``."""

    inputs: Annotated[list[str], Field(min_length=1)] | None = None
    example: dict[str, Any] = {}


class BlockFile(InlineBlock):
    """A file that holds a block."""

    archspec: Literal[1]
    block: str
    blocks: dict[str, Any] = {}
    extends: str | None = None


class NetworkFile(Graph):
    """A file that holds a network."""

    archspec: Literal[1]
    name: str
    inputs: Annotated[dict[str, list[Any]], Field(min_length=1)]
    variants: dict[str, dict[str, Any]] = {}
    expect: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    extends: str | None = None
