"""Types of arguments: what a spec can write, in the one form that rules see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

MAX_INT = 2**31 - 1
"""PyTorch hands sizes to kernels that count in 32 bits; larger arguments are refused."""

MAX_FLOAT = 3.4028234663852886e38
"""The largest number of float32; PyTorch refuses larger arguments."""


def _per_axis(
    minimum: int, words: tuple[str, ...] = (), rank: int | None = None
) -> Callable[[Any, ValidationInfo], Any]:
    fixed = rank
    wanted = "".join(f"`{word}`, " for word in words) + f"an integer of at least {minimum}"

    def normalise(value: Any, info: ValidationInfo) -> Any:
        """``3`` becomes ``(3, 3)`` on two spatial dimensions, so that no rule sees a union."""
        rank = fixed or (info.context or {}).get("spatial_rank")
        if isinstance(value, str) and value in words:
            return value
        sizes = tuple(value) if isinstance(value, list | tuple) else (value,) * (rank or 1)
        if not sizes or any(type(size) is not int or not minimum <= size <= MAX_INT for size in sizes):
            raise PydanticCustomError("size", f"{wanted}, or one for each spatial dimension")
        if rank is not None and len(sizes) != rank:
            raise PydanticCustomError(
                "size",
                f"one integer, or {rank} ({'a map' if fixed else 'the input'} has {rank} spatial dimension"
                f"{'s' * (rank > 1)})",
            )
        return sizes

    _NORMALISERS.append(normalise)
    return normalise


_NORMALISERS: list[Callable[..., Any]] = []


def is_per_axis(field: FieldInfo) -> bool:
    """Whether one number for a field of an op stands for a number for each spatial dimension."""
    inside = (each for part in get_args(field.annotation) for each in getattr(part, "__metadata__", ()))
    return any(isinstance(each, BeforeValidator) and each.func in _NORMALISERS for each in (*field.metadata, *inside))


def _size_schema(minimum: int, words: tuple[str, ...] = (), most: int = 3) -> WithJsonSchema:
    one: dict[str, Any] = {"type": "integer", "minimum": minimum}
    kinds: list[dict[str, Any]] = [one, {"type": "array", "items": one, "minItems": 1, "maxItems": most}]
    return WithJsonSchema({"anyOf": [*kinds, {"enum": list(words)}] if words else kinds})


Size = Annotated[tuple[int, ...], BeforeValidator(_per_axis(1)), _size_schema(1)]
"""A positive integer for each spatial dimension, written as one for all or as a list."""

Padding = Annotated[tuple[int, ...], BeforeValidator(_per_axis(0)), _size_schema(0)]
"""A non-negative integer for each spatial dimension, written as one for all or as a list."""

PairSize = Annotated[tuple[int, ...], BeforeValidator(_per_axis(1, rank=2)), _size_schema(1, most=2)]
"""A positive integer for each dimension of a map, which need not be the input."""

PairPadding = Annotated[tuple[int, ...], BeforeValidator(_per_axis(0, rank=2)), _size_schema(0, most=2)]
"""A non-negative integer likewise."""

_SAME = ("same_upper", "same_lower")
_WORDS = ("same", "valid", *_SAME)

NamedPadding = Annotated[
    tuple[int, ...] | Literal["same", "valid", "same_upper", "same_lower"],
    BeforeValidator(_per_axis(0, _WORDS)),
    _size_schema(0, _WORDS),
]
"""A `Padding`, or ``same`` (the output has the input's size), ``valid`` (none), or as in `StridedPadding`."""

StridedPadding = Annotated[
    tuple[int, ...] | Literal["same_upper", "same_lower"], BeforeValidator(_per_axis(0, _SAME)), _size_schema(0, _SAME)
]
"""A `Padding`, or ``same_upper`` or ``same_lower``: the output has the input's size over the stride, rounded up."""

Positive = Annotated[int, Field(ge=1, le=MAX_INT)]

Index = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)]
"""A dimension or a position; negative ones count from the end."""

Real = Annotated[float, Field(ge=-MAX_FLOAT, le=MAX_FLOAT)]
"""A finite number; integers are taken too."""

Probability = Annotated[float, Field(ge=0, le=1)]


def _listed(value: Any) -> Any:
    """``3`` becomes ``(3,)``, and a list a tuple."""
    return tuple(value) if isinstance(value, list) else (value,) if type(value) is int else value


_INDEX: dict[str, Any] = {"type": "integer", "minimum": -MAX_INT, "maximum": MAX_INT}

Indices = Annotated[
    tuple[Index, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [_INDEX, {"type": "array", "items": _INDEX}]}),
]
"""A list of integers; one integer is a list of one."""


def compact(value: Any) -> Any:
    """One number for a tuple of equal ones: ``(3, 3)`` is ``3``, ``(1, 2)`` stays."""
    return value[0] if isinstance(value, tuple) and value and all(item == value[0] for item in value) else value


def default(value: Any) -> Any:
    """A default in the form that users write, normalised like theirs, for a field such as ``stride: Size``."""
    return Field(default=value)
