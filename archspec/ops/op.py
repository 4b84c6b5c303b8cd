"""What an op is: one class that states every fact about it."""

from __future__ import annotations

import inspect
import keyword
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from archspec.errors import ArgumentError
from archspec.ops.bundled import BUNDLED
from archspec.ops.tensor import Shape, Shapes, show

NODE_KEYS = frozenset("op block graph from inputs output outputs when repeat first last after before doc".split())
"""The keys of a node that are not arguments; no op or block can have an argument of such a name."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The work of one op on one sample.

    Attributes:
        macs: Multiply-accumulates of convolutions, linear and other matrix products, bias excluded.
        other: Arithmetic operations besides: bias, elementwise, pooling, normalisation. One for each
            addition, multiplication, comparison or elementary function (exp, erf, tanh, sqrt) of an element.
    """

    macs: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The places of the input that one place of the output reads, for each spatial dimension.

    Attributes:
        kernel: Extent of the window, dilation included.
        stride: Steps of the input for one step of the output; below 1 for upsampling.
        padding: Places added before the first.
    """

    kernel: tuple[int, ...]
    stride: tuple[Fraction, ...]
    padding: tuple[Fraction, ...]

    @classmethod
    def pointwise(cls, rank: int) -> Window:
        """Each place of the output reads the same place of the input."""
        return cls((1,) * rank, (Fraction(1),) * rank, (Fraction(0),) * rank)


Reach = Window | Literal["all", "unknown"]
"""What a place of the output reads: a window, the whole input, or unknown for an op without a rule."""


@dataclass(frozen=True, slots=True)
class Operand:
    """Stands for the op's operand number ``index`` in a PyTorch call."""

    index: int


@dataclass(frozen=True, slots=True)
class Module:
    """A layer of PyTorch, constructed once and called with the operands.

    Attributes:
        target: The class, such as ``nn.Conv2d``; a name without a dot is a layer that PyTorch lacks.
        args: Positional arguments of the constructor.
        kwargs: Keyword arguments of the constructor, those at PyTorch's default left out.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """A call of a PyTorch function without weights.

    Attributes:
        target: The function, such as ``torch.cat``, ``F.pad`` or ``operator.getitem``.
        args: Positional arguments; an `Operand` stands for a tensor, a `Function` for its result, and tuples may nest.
        kwargs: Keyword arguments.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


MAX_INT = 2**31 - 1
"""PyTorch hands sizes to kernels that count in 32 bits; larger arguments are refused."""

MAX_FLOAT = 3.4028234663852886e38
"""The largest number of float32; PyTorch refuses larger arguments."""


def _per_axis(minimum: int, words: tuple[str, ...] = ()) -> Callable[[Any, ValidationInfo], Any]:
    wanted = "".join(f"`{word}`, " for word in words) + f"an integer of at least {minimum}"

    def normalise(value: Any, info: ValidationInfo) -> Any:
        """``3`` becomes ``(3, 3)`` on two spatial dimensions, so that no rule sees a union."""
        rank = (info.context or {}).get("spatial_rank")
        if isinstance(value, str) and value in words:
            return value
        sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * (rank or 1)
        if not sizes or any(type(size) is not int or not minimum <= size <= MAX_INT for size in sizes):
            raise PydanticCustomError("size", f"{wanted}, or one for each spatial dimension")
        if rank is not None and len(sizes) != rank:
            raise PydanticCustomError(
                "size", f"one integer, or {rank} (the input has {rank} spatial dimension{'s' * (rank > 1)})"
            )
        return sizes

    return normalise


def _size_schema(minimum: int, words: tuple[str, ...] = ()) -> WithJsonSchema:
    one: dict[str, Any] = {"type": "integer", "minimum": minimum}
    kinds: list[dict[str, Any]] = [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 3}]
    return WithJsonSchema({"anyOf": [*kinds, {"enum": list(words)}] if words else kinds})


Size = Annotated[tuple[int, ...], BeforeValidator(_per_axis(1)), _size_schema(1)]
"""A positive integer for each spatial dimension, written as one for all or as a list."""

Padding = Annotated[tuple[int, ...], BeforeValidator(_per_axis(0)), _size_schema(0)]
"""A non-negative integer for each spatial dimension, written as one for all or as a list."""

_WORDS = ("same", "valid")

NamedPadding = Annotated[
    tuple[int, ...] | Literal["same", "valid"], BeforeValidator(_per_axis(0, _WORDS)), _size_schema(0, _WORDS)
]
"""A `Padding`, or ``same`` (the output has the input's size) or ``valid`` (none)."""

Positive = Annotated[int, Field(ge=1, le=MAX_INT)]

Index = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)]
"""A dimension or a position; negative ones count from the end."""

Real = Annotated[float, Field(ge=-MAX_FLOAT, le=MAX_FLOAT)]
"""A finite number; integers are taken too."""


def _listed(value: Any) -> Any:
    """``3`` becomes ``(3,)``, and a list a tuple."""
    return tuple(value) if isinstance(value, list) else (value,) if type(value) is int else value


Indices = Annotated[tuple[Index, ...], BeforeValidator(_listed)]
"""A list of integers; one integer is a list of one."""


def compact(value: Any) -> Any:
    """One number for a tuple of equal ones: ``(3, 3)`` is ``3``, ``(1, 2)`` stays."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def default(value: Any) -> Any:
    """A default in the form that users write, normalised like theirs, for a field such as ``stride: Size``."""
    return Field(default=value)


class Op(BaseModel):
    """A primitive operation: its arguments are fields, its facts are methods.

    A concrete op names itself in the class statement (``class Conv(Op, name="conv")``), has a
    docstring whose first line describes it, an `example`, and an `infer` rule; without one of them the
    class is rejected where it is defined. Rules raise `ShapeError` or `ArgumentError`.

    Every field is an argument of the op in a spec, with PyTorch's name and default, and described under ``Args:``.
    Rules see the shapes of the operands without the batch. ``dim`` arguments count as PyTorch does,
    with the batch as dimension 0.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, validate_default=True, allow_inf_nan=False
    )

    name: ClassVar[str] = ""
    example: ClassVar[str]
    """A node as a user writes it, such as ``{op: conv, out_channels: 64, kernel_size: 3}``."""
    example_inputs: ClassVar[Shapes] = ((16, 8, 8),)
    """Shapes on which the example compiles."""
    inferred: ClassVar[tuple[str, ...]] = ()
    """Arguments of PyTorch's that follow from the operands, so that a spec leaves them out."""
    arity: ClassVar[tuple[int, int | None]] = (1, 1)
    """The least and greatest number of operands; None for no bound."""
    spatial_ranks: ClassVar[frozenset[int] | None] = None
    """The numbers of spatial dimensions that the op takes; None for any."""
    saved: ClassVar[tuple[Literal["input", "output"], ...] | None] = None
    """The tensors that autograd keeps for the backward pass (`input`: all operands); None where that is not known."""
    in_place: ClassVar[bool] = False
    """Whether PyTorch's layer takes ``inplace=True`` and autograd keeps no more for it."""
    fresh: ClassVar[bool] = False
    """Whether the output is always memory of its own, never a view of an operand."""

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        """Take the class argument, which `__pydantic_init_subclass__` uses once the fields are known."""
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if name:
            _register(cls, name)

    def infer(self, inputs: Shapes) -> Shape:
        """The shape of the output.

        Raises:
            ShapeError: The operands do not fit the op.
            ArgumentError: An argument does not fit the operands.
        """
        raise NotImplementedError

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        """Trainable tensors: their names in the state_dict, and their shapes."""
        return {}

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        """Tensors that are saved but not trained."""
        return {}

    def cost(self, inputs: Shapes, output: Shape) -> Cost | None:
        """The work on one sample, or None where the op has no rule (printed as ``?``)."""
        return None

    def kept(self, inputs: Shapes, output: Shape) -> tuple[Literal["input", "output"], ...] | None:
        """The tensors that autograd keeps with these arguments: `saved`, where the arguments change nothing."""
        return self.saved

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """Bytes a sample that autograd keeps besides the tensors of `kept`, such as the indices of a max pooling.

        Counted for float32 in eager training, without weights and what does not grow with the batch.
        """
        return 0

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """The places of the input that one place of the output reads."""
        return "unknown"

    def torch(self, inputs: Shapes) -> Module | Function:
        """The PyTorch counterpart."""
        raise NotImplementedError

    def changed(self, *names: str) -> dict[str, Any]:
        """The arguments that differ from their default, as one writes them: ``(3, 3)`` is ``3``."""
        fields = type(self).model_fields
        written = {name: compact(getattr(self, name)) for name in names or fields}
        return {name: value for name, value in written.items() if value != fields[name].default}

    @classmethod
    def summary(cls) -> str:
        """The first line of the docstring."""
        return inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]

    @classmethod
    def argument_docs(cls) -> dict[str, str]:
        """What the docstring says of each argument under ``Args:``."""
        _, _, section = inspect.cleandoc(cls.__doc__ or "").partition("\nArgs:\n")
        section = section.split("\n\n")[0]
        entries = re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, flags=re.MULTILINE)
        return {name: " ".join(text.split()) for name, text in entries}


def check_groups(groups: int, inputs: int, outputs: int) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        ArgumentError: ``groups`` does not divide ``inputs`` or ``outputs``.
    """
    for channels, side in [(inputs, "input"), (outputs, "output")]:
        if channels % groups:
            raise ArgumentError(
                "groups",
                f"{groups} groups do not divide the {channels} {side} channels",
                help=f"use a divisor of {gcd(inputs, outputs)}",
            )


def check_fit(sizes: Shape, kernel: Shape) -> None:
    """Refuse a window that is larger than the padded input.

    Raises:
        ArgumentError: ``kernel``, dilation included, exceeds ``sizes`` in some dimension.
    """
    if any(reach > size for size, reach in zip(sizes, kernel, strict=True)):
        raise ArgumentError(
            "kernel_size",
            f"a {show(kernel)} kernel does not fit the padded input of {show(sizes)}",
            help="use a smaller kernel or dilation, more padding, or a larger input",
        )


REGISTERED: dict[str, type[Op]] = {}
"""The ops that have been imported; `archspec.ops.registry` finds the others too."""


def _register(cls: type[Op], name: str) -> None:
    """Take a concrete op into the table, or refuse a malformed one."""
    problems = [
        text
        for wrong, text in [
            (not name.isidentifier() or keyword.iskeyword(name), "its name is no identifier"),
            (_is_taken(cls, name), "another op has that name"),
            (not _is_documented(cls), "it has no docstring"),
            (not getattr(cls, "example", ""), "it has no example"),
            (cls.infer is Op.infer, "it has no shape rule (infer)"),
            (cls.torch is Op.torch, "it has no PyTorch counterpart (torch)"),
            (bool(NODE_KEYS & cls.model_fields.keys()), "an argument has the name of a node key"),
        ]
        if wrong
    ]
    if problems:
        raise TypeError(f"op {name!r} ({cls.__module__}.{cls.__qualname__}): {'; '.join(problems)}")
    cls.name = name
    REGISTERED[name] = cls


def _is_documented(cls: type[Op]) -> bool:
    """Whether a class has a docstring of its own, or Python runs without docstrings (``-OO``)."""
    return sys.flags.optimize > 1 or bool((vars(cls).get("__doc__") or "").strip())


def _is_taken(cls: type[Op], name: str) -> bool:
    """Whether another op has the name: one that is imported, or a bundled one that is not yet."""
    if name in BUNDLED and cls.__module__ != BUNDLED[name]:
        return True
    return name in REGISTERED and REGISTERED[name].__qualname__ != cls.__qualname__
