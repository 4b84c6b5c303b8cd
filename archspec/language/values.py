"""Values of expressions: what a tensor is to them, what is unknown, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.errors import RuleError
from archspec.language.choice import KINDS, Choice
from archspec.ops.tensor import Shape, show


class ExpressionError(RuleError):
    """An expression that cannot be read or evaluated.

    ``start`` and ``end`` are character offsets into the expression's text; equal where it is the whole that is wrong.
    """

    code = "invalid-expression"

    def __init__(self, message: str, start: int = 0, end: int = 0, *, help: str = "", code: str = "") -> None:
        super().__init__(message, help=help)
        self.start = start
        self.end = end
        self.code = code or self.code


class Unknown(Exception):  # noqa: N818 - a signal, not an error
    """The expression asks for what an earlier error left unknown: there is nothing more to report."""


UNKNOWN: Any = object()
"""The value of a name that an error left unknown."""


@dataclass(slots=True)
class TensorView:
    """A tensor as expressions see it, or the outputs of a node that has several.

    No tuple, since expressions would find that it has a length and an order.

    ``shape`` is None where an earlier error left it unknown, and for several outputs.
    """

    shape: Shape | None
    outputs: Mapping[str, TensorView] | None = None

    def attribute(self, name: str) -> Any:
        """The size, or the output, that ``name`` stands for.

        Raises:
            KeyError: There is no such attribute.
            ValueError: The tensor has no such dimension.
        """
        if self.outputs is not None:
            return self.outputs[name]
        if self.shape is None:
            raise Unknown
        if name not in ATTRIBUTES:
            raise KeyError(name)
        value = ATTRIBUTES[name](self.shape)
        if value is None:
            raise ValueError(f"{show(self.shape)} has no {name}")
        return value

    def sizes(self) -> list[str]:
        """The names of the sizes that its shape has, where that is known."""
        assert self.shape is not None
        return [name for name in SIZES if ATTRIBUTES[name](self.shape)]


class Function:
    """A function that a spec defines, `archspec.language.functions.LetFunction`.

    No abstract base class: every value of a name is asked whether it is one, and those answer slowly.

    Attributes:
        name: Its name.
        parameters: The names of its parameters.
    """

    __slots__ = ()
    name: str
    parameters: tuple[str, ...]

    def value(self, operands: list[Any]) -> Any:
        """What it gives for as many operands as it has parameters; raises `ExpressionError` and `Unknown`."""
        raise NotImplementedError


ATTRIBUTES: dict[str, Callable[[Shape], Any]] = {
    "shape": list,
    "rank": len,
    "channels": lambda shape: shape[0],
    "features": lambda shape: shape[0] if len(shape) == 1 else None,
    "length": lambda shape: shape[1] if len(shape) == 2 else None,
    "depth": lambda shape: shape[1] if len(shape) == 4 else None,
    "height": lambda shape: shape[-2] if len(shape) in (3, 4) else None,
    "width": lambda shape: shape[-1] if len(shape) in (3, 4) else None,
}
SIZES = [name for name in ATTRIBUTES if name not in ("shape", "rank")]
"""The attributes that are the size of one dimension."""


def written(value: Any) -> str:
    """A value as a spec has it, in one line: ``[null, true, 'a', {c: 1}]``."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {written(item)}' for name, item in value.items())}}}"
    if isinstance(value, Choice | TensorView):
        return kind(value)
    return kind(value) if value is None or isinstance(value, bool) else repr(value)


def kind(value: Any) -> str:
    """What a value is, in words, for a message: ``the integer 3``, ``a list``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Choice):
        return f"{KINDS[value.kind]}, `{value.name}`"
    names = {int: "the integer", float: "the number", str: "the text"}
    if type(value) in names:
        return (
            f"{names[type(value)]} {str(value)[:40]!r}" if isinstance(value, str) else f"{names[type(value)]} {value}"
        )
    if value in ([], {}):
        return "an empty list" if value == [] else "an empty mapping"
    return {list: "a list", dict: "a mapping", TensorView: "a tensor"}.get(type(value), "no value")
