"""The file format: pydantic models of what a file, a parameter, a node and an output may say.

The models check one level each; `archspec.language.reading` reads a whole file with them and keeps the places. The JSON
Schema that `archspec schema` prints is built on theirs.
"""

import inspect
import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from archspec.language.choice import KINDS, Choice, kind_named, names_one
from archspec.language.expr import is_expression
from archspec.language.values import UNKNOWN, written

VERSION = 1
"""The version of the spec language that this package reads."""


class Model(BaseModel):
    """One mapping of a spec file: unknown keys are errors, and nothing is converted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    @classmethod
    def keys(cls) -> dict[str, bool]:
        """Its keys as a file has them, each with whether it must stand there."""
        return {info.alias or name: info.is_required() for name, info in cls.model_fields.items()}

    @classmethod
    def docs(cls) -> dict[str, str]:
        """What the docstrings say of its keys, those of the models that it is built on too."""
        found: dict[str, str] = {}
        for each in reversed(cls.__mro__):
            section = inspect.cleandoc(each.__doc__ or "").partition("\nAttributes:\n")[2].split("\n\n")[0]
            entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
            found |= {name: " ".join(text.split()) for name, text in entries if name in cls.model_fields}
        return {cls.model_fields[name].alias or name: text for name, text in found.items()}


def _names(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise PydanticCustomError("expected", "a name, or a list of names")
    return [value] if isinstance(value, str) else value


def _plain_default(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, dict) and info.data.get("type") not in KINDS and not kind_named(value):
        raise PydanticCustomError("expected", "a number, text, true, false, null or a list")
    return value


def _or_expression(*types: type) -> BeforeValidator:
    """A value of one of the types, or an expression that will give one."""
    words = {bool: "true, false", int: "an integer", list: "a list"}

    def check(value: Any) -> Any:
        if is_expression(value) or type(value) in types:
            return value
        raise PydanticCustomError("expected", f"{', '.join(words[kind] for kind in types)} or an expression")

    return BeforeValidator(check)


def _empty() -> list[Any]:
    """An empty list. Pydantic asks each factory for its signature, which of `list` itself takes as long as a model."""
    return []


Names = Annotated[list[str], BeforeValidator(_names), Field(min_length=1)]
Condition = Annotated[Any, _or_expression(bool)]
Count = Annotated[Any, _or_expression(int)]
Rows = Annotated[Any, _or_expression(list)]

ParamType = Literal["int", "float", "bool", "str", "list", "size", "op", "block"]

TYPES = frozenset(get_args(ParamType))
"""The types of parameters."""
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
    "op": "the name of an op, or a mapping `{op: ...}` with its arguments",
    "block": "the name of a block, or a mapping `{block: ...}` with its arguments",
}


def _at_least_min(most: Any, bounds: ValidationInfo) -> Any:
    """A greatest value, between which and the least there is something."""
    least = bounds.data.get("min")
    if least is not None and most is not None and most < least:
        raise PydanticCustomError("expected", f"at least the `min`, {least}")
    return most


class Param(Model):
    """A parameter of a network or block.

    Attributes:
        type: What values it takes; None for that of the default.
        default: Its value unless another is given; a parameter without one is required.
        min: The least value of a number.
        max: The greatest value of a number.
        choices: The only values that it takes; of ops and blocks their names.
        nullable: Whether it takes null too; it does where that is its default.
        doc: What it is for.
    """

    type: ParamType | None = None
    default: Annotated[Any, BeforeValidator(_plain_default)] = None
    min: int | float | None = None
    max: Annotated[int | float | None, AfterValidator(_at_least_min)] = None
    choices: Annotated[list[Any], Field(min_length=1)] | None = None
    nullable: bool = False
    doc: str = ""

    @cached_property
    def required(self) -> bool:
        """Whether a value must be given."""
        return "default" not in self.model_fields_set

    @cached_property
    def kind(self) -> str | None:
        """The type stated, or that of the default; None for any value."""
        unstated = self.required or self.default is None or self.default is UNKNOWN or is_expression(self.default)
        if self.type or unstated:
            return self.type
        if named := kind_named(self.default):
            return named
        return next(name for name in ("bool", "int", "float", "str", "list") if _fits(self.default, name))

    @cached_property
    def names_one(self) -> bool:
        """Whether its values are ops or blocks."""
        return self.kind in KINDS

    @property
    def expected(self) -> str:
        """What values it takes, in words."""
        return _TYPE_WORDS[self.kind] if self.kind else "any value"

    @cached_property
    def _any_of(self) -> frozenset[Any]:
        """Types of which every value is right."""
        limited = self.choices is not None or self.min is not None or self.max is not None
        limited = limited or self.kind == "size" or self.names_one
        if limited:
            return frozenset()
        return frozenset(_PYTHON_TYPES[self.kind] if self.kind else (int, float, bool, str, list))

    @cached_property
    def _least(self) -> float:
        """The least integer that is right; above `_greatest` where that takes a closer look."""
        if self.choices is not None or self.kind not in ("int", "float", "size"):
            return math.inf
        usual = 1 if self.kind == "size" else -math.inf
        return usual if self.min is None else self.min

    @cached_property
    def _greatest(self) -> float:
        return math.inf if self.max is None else self.max

    def problem(self, value: Any) -> str:
        """What the parameter expects, where the value is not that; empty where it is."""
        if type(value) in self._any_of or (type(value) is int and self._least <= value <= self._greatest):
            return ""
        if value is None and (self.nullable or (not self.required and self.default is None)):
            return ""
        if self.kind and not _fits(value, self.kind):
            return self.expected
        if self.choices is not None and _name_of(value) not in self.choices:
            return "one of " + ", ".join(
                f"`{each if isinstance(each, str) else written(each)}`" for each in self.choices
            )
        if self.names_one:
            return ""  # an op or a block is no number
        numbers = [
            number for number in (value if isinstance(value, list) else [value]) if isinstance(number, int | float)
        ]
        least = 1 if self.min is None and self.kind == "size" else self.min
        if least is not None and any(number < least for number in numbers):
            return f"at least {least}"
        if self.max is not None and any(number > self.max for number in numbers):
            return f"at most {self.max}"
        return ""


UNKNOWN_PARAM = Param.model_construct(default=UNKNOWN)
"""Stands for a parameter whose declaration is wrong."""


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "bool"
    if kind in KINDS:
        return value.kind == kind if isinstance(value, Choice) else names_one(value, kind)
    if kind == "size":
        return all(type(size) is int for size in (value if isinstance(value, list) else [value]))
    return isinstance(value, _PYTHON_TYPES[kind])


def _name_of(value: Any) -> Any:
    """The name of an op or a block, which choices are among; another value itself."""
    if isinstance(value, Choice):
        return value.name
    return value[kind_named(value)] if kind_named(value) else value


Outputs = Annotated[dict[str, Any], Field(min_length=1)]


class Output(Model):
    """An output of a graph.

    Attributes:
        from_: The node that gives it.
        when: Where it is false, the output does not exist.
        training_only: Whether it exists in training alone.
    """

    from_: str = Field(alias="from")
    when: Condition = True
    training_only: bool = False


class Node(Model):
    """The keys of a node besides its arguments."""

    op: str = ""
    block: str = ""
    graph: dict[str, Any] = Field(default_factory=dict)
    reuse: str = ""
    from_: Names = Field(default_factory=_empty, alias="from")
    inputs: Names = Field(default_factory=_empty)
    when: Condition = True
    each: Rows = Field(default_factory=_empty)
    as_: Names = Field(default_factory=_empty, alias="as")
    repeat: Count = 1
    first: dict[str, Any] = Field(default_factory=dict)
    last: dict[str, Any] = Field(default_factory=dict)
    output: str = ""
    outputs: Outputs = Field(default_factory=dict)
    doc: str = ""


NODE_DOCS = {
    "op": "The primitive operation that the node is.",
    "block": "The block that the node is: one of this file's, of the library, or the path of a file.",
    "graph": "The nodes of an inline group.",
    "reuse": "The node above that it is again, with the same weights; `layers.0` for one copy of a repeat.",
    "from": "The node or nodes that it takes; without it, the node above.",
    "inputs": "Names of a group's inputs, in the order of `from`.",
    "when": "Where it is false, the node passes its first input through.",
    "each": "The rows of a table: a copy for each, with `repeat` a repeat of its own.",
    "as": "What the rows of `each` or their items are called, or the index of `repeat`.",
    "repeat": "Copies in a row.",
    "first": "Arguments that differ in the first copy.",
    "last": "Arguments that differ in the last copy.",
    "output": "The node of the block to take as its output.",
    "outputs": "The nodes of the block to take as its outputs, by name.",
    "doc": "A remark.",
    "after": "Where an added node goes, in a file that extends another.",
    "before": "Where an added node goes, in a file that extends another.",
}
"""What the keys of a node mean."""

REUSE_KEYS = ("reuse", "from", "when", "repeat", "doc", "after", "before")
"""The keys of a node that reuses another."""


class Bound(Model):
    """A figure that a contract keeps between two values.

    Attributes:
        min: The least that it may be.
        max: The most that it may be.
    """

    min: int | None = None
    max: Annotated[int | None, AfterValidator(_at_least_min)] = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.min is None and self.max is None:
            raise PydanticCustomError("expected", "`min`, `max` or both")
        return self


_Number = Annotated[int, Tag("number")]
Figure = Annotated[
    _Number | Annotated[Bound, Tag("bound")],
    Discriminator(lambda value: "bound" if isinstance(value, dict) else "number"),
]
Sizes = Annotated[
    _Number | Annotated[list[int], Tag("sizes")],
    Discriminator(lambda value: "sizes" if isinstance(value, list) else "number"),
]


class Expect(Model):
    """A contract on the compiled network. A figure is a number, or a bound.

    Attributes:
        params: Parameters in total.
        trainable_params: Parameters without frozen ones.
        macs: Multiply-accumulates for one sample, in evaluation.
        flops: Twice that.
        output: The shape of the output.
        outputs: Shapes by output name.
        shapes: Shapes by node path.
        receptive_field: Receptive fields by node path: an integer, or one for each dimension.
    """

    params: Figure | None = None
    trainable_params: Figure | None = None
    macs: Figure | None = None
    flops: Figure | None = None
    output: list[int] | None = None
    outputs: dict[str, list[int]] = Field(default_factory=dict)
    shapes: dict[str, list[int]] = Field(default_factory=dict)
    receptive_field: dict[str, Sizes] = Field(default_factory=dict)


class Paper(Model):
    """Where a network was first described.

    Attributes:
        title: The title of the paper.
        year: The year it was published.
        url: Where it can be read.
    """

    title: str
    year: int
    url: str = ""


class Graph(Model):
    """What a network, a block of the file's own and a block file have in common.

    Attributes:
        doc: What it is.
        params: Its parameters: default values, or declarations.
        let: Names for values, and functions, that its expressions ask for.
        graph: Its nodes.
        output: The node that is its output; the last unless given.
        outputs: The nodes that are its outputs, by name.
    """

    doc: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    let: dict[str, Any] = Field(default_factory=dict)
    graph: dict[str, Any]
    output: str = ""
    outputs: Outputs = Field(default_factory=dict)


class InlineBlock(Graph):
    """An entry of ``blocks:``.

    Attributes:
        inputs: Names of its inputs; one called `input` unless given.
        example: Arguments that show its use.
    """

    inputs: Annotated[list[str], Field(min_length=1)] = Field(default_factory=_empty)
    example: dict[str, Any] = Field(default_factory=dict)


class BlockFile(InlineBlock):
    """A file that holds a block.

    Attributes:
        archspec: The version of the language.
        block: The block's name.
        blocks: Blocks of the file's own, or paths of their files.
        extends: The file that this one starts from: a path, or the name of a bundled network.
    """

    archspec: Literal[1]
    block: str
    blocks: dict[str, Any] = Field(default_factory=dict)
    extends: str = ""


class NetworkFile(Graph):
    """A file that holds a network.

    Attributes:
        archspec: The version of the language.
        name: The network's name.
        paper: Where it was first described.
        inputs: Shapes of its inputs by name: channels first, without the batch.
        init: How its tensors begin: rules by op, by node, or by pattern.
        weights: For each source of checkpoints, what its names of tensors are here.
        override: Changes of nodes inside, by path or pattern.
        freeze: Paths of what does not train.
        variants: Sets of values of the parameters, by name.
        expect: The figures that every compile checks.
        blocks: Blocks of the file's own, or paths of their files.
        extends: The file that this one starts from: a path, or the name of a bundled network.
    """

    archspec: Literal[1]
    name: str
    paper: dict[str, Any] = Field(default_factory=dict)
    inputs: Annotated[dict[str, list[Any]], Field(min_length=1)]
    init: dict[str, Any] = Field(default_factory=dict)
    weights: dict[str, dict[str, Any]] = Field(default_factory=dict)
    override: dict[str, Any] = Field(default_factory=dict)
    freeze: Annotated[list[str], Field(min_length=1)] = Field(default_factory=_empty)
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)
    expect: dict[str, Any] = Field(default_factory=dict)
    blocks: dict[str, Any] = Field(default_factory=dict)
    extends: str = ""
