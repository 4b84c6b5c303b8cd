"""What an op says of itself: its cost, what it reads, and its PyTorch counterpart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import Any, Literal, NamedTuple

Saved = tuple[Literal["input", "output"], ...]
"""The tensors that autograd keeps for the backward pass; ``input`` is all operands."""


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


Beyond = Literal["zeros", "reflect", "replicate", "circular", "end"]
"""What is read beyond the ends of a dimension: nothing that is seen; a place inside; or nothing, for it ends there."""


class Window(NamedTuple):
    """The same window at each place of the output, for each spatial dimension and for every operand.

    Attributes:
        kernel: Extent of the window, dilation included.
        stride: Steps of the input for one step of the output; of a fraction, windows begin at the place before.
        padding: Places added before the first.
        dilation: Distance between the places that are read; 1 where left out.
        beyond: What the added places hold.
        groups: Groups of channels; an output channel reads those of its group. 0: each reads the same channel alone.
        statistics: Dimensions of the input, from 0 for the channels, over which the op takes statistics besides,
            which count in no receptive field.
    """

    kernel: tuple[int, ...]
    stride: tuple[Fraction, ...]
    padding: tuple[Fraction, ...]
    dilation: tuple[int, ...] = ()
    beyond: Beyond = "zeros"
    groups: int = 1
    statistics: tuple[int, ...] = ()

    @classmethod
    def pointwise(cls, rank: int, statistics: tuple[int, ...] = ()) -> Window:
        """Each place of the output reads the same place of the input; a size of 1 is read by all."""
        ones, zeros = (Fraction(1),) * rank, (Fraction(0),) * rank
        return cls((1,) * rank, ones, zeros, groups=0, statistics=statistics)


MOST_PERIOD = 2**16
"""Places of the longest period of `Taps`; an op that reads in a longer one has an unknown reach."""


class Taps(NamedTuple):
    """The places of one dimension that places of the output read; the same again after a period, farther on.

    Place ``o`` of the output reads ``places[o % period]``, moved on by ``o // period * advance``.

    Attributes:
        period: Places of the output after which the pattern comes again.
        advance: Places of the input by which it has then moved on.
        places: The places that each of the first ``period`` places reads.
        beyond: What is read beyond the ends.
    """

    period: int
    advance: int
    places: tuple[range, ...]
    beyond: Beyond = "zeros"


class Along(NamedTuple):
    """How one dimension of an operand is read.

    Attributes:
        dim: The dimension of the output along which other places are read, from 0; None where all read the same.
        taps: The places that are read.
    """

    dim: int | None
    taps: Taps

    @classmethod
    def same(cls, dim: int) -> Along:
        """Each place of the output's dimension reads the same place."""
        return cls(dim, Taps(1, 1, (range(1),)))

    @classmethod
    def every(cls, size: int) -> Along:
        """All places are read, wherever."""
        return cls(None, Taps(1, 0, (range(size),)))

    @classmethod
    def shifted(cls, dim: int, by: int, step: int = 1, beyond: Beyond = "zeros") -> Along:
        """Place ``o`` reads place ``o * step + by``."""
        return cls(dim, Taps(1, step, (range(by, by + 1),), beyond))

    @classmethod
    def grouped(cls, groups: int, inputs: int, outputs: int) -> Along:
        """So many channels of the output read those of their group; or all, of very many."""
        each = inputs // groups
        period = outputs // groups
        if groups == 1 or period > MOST_PERIOD:
            return cls.every(inputs)
        return cls(0, Taps(period, each, (range(each),) * period, "end"))

    @classmethod
    def gathered(cls, dim: int, window: int, stride: int, padding: int, dilation: int = 1) -> Along:
        """What windows spread: place ``o`` reads each ``i`` with ``o = stride * i - padding + dilation * j``.

        So many places as ``window`` lie from the first to the last of a window's, of which ``j`` is the number. The
        stride is at most `MOST_PERIOD`.
        """
        common = gcd(stride, dilation)
        step = dilation // common
        inverse = pow(stride // common, -1, step)
        places = []
        for place in range(padding, padding + stride):
            first, last = -(-(place - window + 1) // stride), place // stride
            start = first + (place // common * inverse - first) % step
            places.append(range(0) if place % common else range(start, last + 1, step))
        return cls(dim, Taps(stride, 1, tuple(places)))


Reads = tuple[tuple[Along, ...], ...]
"""For each operand, how each of its dimensions is read, channels first."""

Reach = Window | Reads | Literal["all", "reshaped", "unknown"]
"""What a place of the output reads: a window; what is said for each dimension; the whole input; the element of the
same number, counted row by row; or unknown, for an op without a rule."""


@dataclass(frozen=True, slots=True)
class Operand:
    """Stands for the op's operand number ``index`` in a PyTorch call."""

    index: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Stands for the number of samples in the op's operand number ``index``."""

    index: int


@dataclass(frozen=True, slots=True)
class Module:
    """A layer of PyTorch, constructed once and called with the operands.

    Attributes:
        target: The class, such as ``nn.Conv2d``; a name without a dot is a layer that PyTorch lacks.
        args: Positional arguments of the constructor.
        kwargs: Keyword arguments of the constructor, those at PyTorch's default left out.
        within: A function that is given the layer and gives it back changed, such as
            ``nn.utils.parametrizations.weight_norm``; empty for none.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    within: str = ""


@dataclass(frozen=True, slots=True)
class Held(Module):
    """A tensor that the module itself holds, which each sample of an operand is given.

    Attributes:
        target: The function that makes it, such as ``torch.zeros``.
        trained: Whether it is an ``nn.Parameter``; else it is a buffer that is not saved.
    """

    trained: bool = True


@dataclass(frozen=True, slots=True)
class Function:
    """A call of a PyTorch function without weights.

    Attributes:
        target: The function, such as ``torch.cat``, ``F.pad`` or ``operator.getitem``.
        args: Positional arguments; an `Operand` stands for a tensor, a `Batch` for the number of its samples,
            a `Function` for its result, and tuples may nest.
        kwargs: Keyword arguments.
        folds: Whether the function is one of two arguments, called from the left for more: ``f(f(a, b), c)``.
    """

    target: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    folds: bool = False
