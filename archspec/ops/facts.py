"""What an op says of itself: its cost, what it reads, and its PyTorch counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, NamedTuple


class Cost(NamedTuple):
    """The work of one op on one sample.

    Attributes:
        macs: Multiply-accumulates of convolutions, linear and other matrix products, bias excluded.
        other: Arithmetic operations besides: bias, elementwise, pooling, normalisation. One for each
            addition, multiplication, comparison or elementary function (exp, erf, tanh, sqrt) of an element.
    """

    macs: int = 0
    other: int = 0


class Kept(NamedTuple):
    """What autograd keeps of one op for the backward pass.

    Attributes:
        operands: The indices of the operands that it keeps.
        output: Whether it keeps the output.
        besides: Bytes a sample that it keeps besides, counted for float32.
    """

    operands: tuple[int, ...] = ()
    output: bool = False
    besides: int = 0


class Window(NamedTuple):
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
        folds: Whether the function is one of two arguments, called from the left for more: ``f(f(a, b), c)``.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    folds: bool = False
