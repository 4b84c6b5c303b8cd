"""Windows that move over the input in steps."""

from fractions import Fraction
from math import prod
from operator import le
from typing import ClassVar

from archspec.errors import ArgumentError, Help
from archspec.ops.arguments import MAX_INT, Real, Size, StridedPadding, default
from archspec.ops.checks import check_fit
from archspec.ops.facts import Along, Cost, Module, Reach, Saved, Taps, Window
from archspec.ops.op import Op, Parts
from archspec.ops.same import Pads, constant_pads, same_pads, with_padding
from archspec.ops.tensor import PLACE_BYTES, Places, Shape, Shapes, elements, extent, show


def _positions(size: int, window: int, stride: int, padding: int, ceil_mode: bool) -> int:
    """The number of positions of a window; the last starts in the input or in the padding before it."""
    spare = size + 2 * padding - window
    if not ceil_mode:
        return spare // stride + 1
    count = -(-spare // stride) + 1
    return count - ((count - 1) * stride >= size + padding)


def _pooled(sizes: Shape, window: Shape, stride: Shape, padding: Shape, ceil_mode: bool) -> Shape:
    """The spatial sizes of the output.

    Raises:
        ArgumentError: The window does not fit.
    """
    axes = zip(sizes, window, stride, padding, strict=True)
    result = tuple(_positions(*axis, ceil_mode) for axis in axes)
    if min(result) < 1:
        check_fit(tuple(size + 2 * pad for size, pad in zip(sizes, padding, strict=True)), window)
    return result


def _check_whole(kernel: Shape, sizes: Shape) -> None:
    """PyTorch's mean in three dimensions takes no kernel that is larger than the input without its padding."""
    if len(sizes) == 3 and any(size < reach for size, reach in zip(sizes, kernel, strict=True)):
        raise ArgumentError(
            "kernel_size",
            f"a {show(kernel)} kernel does not fit the input of {show(sizes)}",
            help="use a smaller kernel, or a pad op before (the padding argument does not help in three dimensions)",
        )


def _check_padding(kernel: Shape, padding: Shape) -> None:
    """PyTorch takes no window that could lie in the padding alone."""
    for size, pad in zip(kernel, padding, strict=True):
        if pad > size // 2:
            raise ArgumentError(
                "padding",
                f"padding {pad} is more than half of the kernel size {size}",
                help=f"use at most {size // 2}, or a pad op before",
            )


def _check_sees_input(sizes: Shape, counts: Shape, pads: Pads, stride: Shape, dilation: Shape) -> None:
    """Refuse a window that steps over the whole input, from the padding before to that behind.

    PyTorch takes the maximum of nothing to be -inf, and writes out of bounds in the backward pass. The first place
    behind the start of the input that the first window reads is ``-pad % dilation``, and each further window reads one
    a stride behind it, until it reads one before; the first that is not in the input is looked for.
    """
    for size, count, (pad, _), step, gap in zip(sizes, counts, pads, stride, dilation, strict=True):
        first = -pad % gap
        ahead = max(0, -(-(size - first) // step))
        if ahead < count and ahead * step < pad and first + ahead * step < gap:
            raise ArgumentError(
                "dilation",
                f"with padding {pad}, a dilation of {gap} steps over the whole input of {show(sizes)}",
                help="use a smaller dilation, or no padding",
            )


class _Padded(Op):
    """A pooling whose padding is given, or follows from the input's size."""

    kernel_size: Size
    stride: Size | None = None
    padding: StridedPadding = default(0)

    layer: ClassVar[str]
    """The name of PyTorch's layer, without the dimensions."""

    @property
    def steps(self) -> Shape:
        """Steps of the window."""
        return self.stride or self.kernel_size

    @property
    def window(self) -> Shape:
        """Extent of the window, dilation included."""
        return self.kernel_size

    def fixed(self, inputs: Shapes) -> Shape | None:
        """The padding as PyTorch's layer takes it; None where it differs with the input's size or is too large."""
        if not isinstance(self.padding, str):
            return self.padding
        padding = constant_pads(self.window, self.steps)
        small = padding and all(pad <= size // 2 for pad, size in zip(padding, self.kernel_size, strict=True))
        return padding if small else None

    def pads(self, inputs: Shapes) -> Pads:
        """Places added before the first and after the last, for each spatial dimension."""
        if isinstance(self.padding, str):
            return same_pads(inputs[0][1:], self.window, self.steps, self.padding)
        return tuple((pad, pad) for pad in self.padding)

    def pooled(self, inputs: Shapes, ceil_mode: bool) -> Shape:
        """The shape of the output.

        Raises:
            ArgumentError: The window or its padding does not fit, or ``ceil_mode`` has no effect.
        """
        channels, *sizes = inputs[0]
        if isinstance(self.padding, str):
            if ceil_mode:
                message = f"padding `{self.padding}` rounds up without it"
                raise ArgumentError("ceil_mode", message, help="leave out `ceil_mode`")
            return (channels, *(-(-size // step) for size, step in zip(sizes, self.steps, strict=True)))
        _check_padding(self.kernel_size, self.padding)
        return (channels, *_pooled(tuple(sizes), self.window, self.steps, self.padding, ceil_mode))

    def kept(self, inputs: Shapes, output: Shape) -> Saved:
        return ("input",) if self.fixed(inputs) is not None else ()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The padded copy, in the place of the input."""
        if self.fixed(inputs) is not None:
            return 0
        channels, *sizes = inputs[0]
        return 4 * channels * prod(size + sum(pads) for size, pads in zip(sizes, self.pads(inputs), strict=True))

    def torch(self, inputs: Shapes) -> Module:
        """``…Pool{n}dSame`` pads as each input's size asks for; PyTorch's layer where all ask for the same."""
        rank, fixed, arguments = len(inputs[0]) - 1, self.fixed(inputs), self.changed()
        if fixed is None:
            return Module(f"{self.layer}{rank}dSame", (), arguments)
        if isinstance(self.padding, str):
            arguments = with_padding(arguments, fixed)
        return Module(f"nn.{self.layer}{rank}d", (), arguments)


class MaxPool(_Padded, name="max_pool"):
    """The maximum of each window.

    Where in the input each maximum stands is `NAME.indices`, for `max_unpool`.
    Costs ``prod(kernel_size) - 1`` comparisons for each element of the output; windows that a border cuts
    are counted whole. For the backward pass it keeps the input, and an int64 index for each element of the output.
    Source: torch.nn.MaxPool1d, MaxPool2d, MaxPool3d; `same_upper` and `same_lower`: ONNX's MaxPool, and TensorFlow's
    SAME, which is `same_upper`.

    Args:
        kernel_size: Size of the window.
        stride: Steps of the window; the kernel size where left out.
        padding: Places added at both ends, at most half of the kernel size; they never win. `same_upper` and
            `same_lower` give the input's size over the stride, rounded up, with an odd place at the end or at the
            start.
        dilation: Distance between neighbouring places of the window.
        ceil_mode: Whether a last window may reach over the border.
    """

    dilation: Size = default(1)
    ceil_mode: bool = False

    layer = "MaxPool"
    example = "{op: max_pool, kernel_size: 3, stride: 2, padding: 1}"
    spatial_ranks = frozenset({1, 2, 3})

    @property
    def window(self) -> Shape:
        return extent(self.kernel_size, self.dilation)

    def infer(self, inputs: Shapes) -> Shape:
        output = self.pooled(inputs, self.ceil_mode)
        _check_sees_input(inputs[0][1:], output[1:], self.pads(inputs), self.steps, self.dilation)
        return output

    def parts(self, inputs: Shapes) -> Parts:
        if self.fixed(inputs) is None:
            message = f"padding `{self.padding}` is added apart, so that PyTorch counts the places in a padded copy"
            raise ArgumentError("padding", message, help="for `indices` give the padding as a number")
        return {
            name: part.model_construct(**{field: getattr(self, field) for field in type(self).model_fields})
            for name, part in (("indices", _Indices), ("output", _Maxima))
        }

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(prod(self.kernel_size) - 1) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return super().saved_bytes(inputs, output) + PLACE_BYTES * elements(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        padding = tuple(Fraction(before) for before, _ in self.pads(inputs))
        return Window(self.window, tuple(map(Fraction, self.steps)), padding, self.dilation, groups=0)


class _OfBoth(MaxPool):
    """A max pooling that gives the maxima and their places."""

    def torch(self, inputs: Shapes) -> Module:
        """The layer that gives both."""
        layer = super().torch(inputs[:1])
        return Module(layer.target, layer.args, {**layer.kwargs, "return_indices": True})


class _Indices(_OfBoth):
    """The places of the maxima."""

    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        window = self.reach(inputs, ())
        assert isinstance(window, Window)
        return Places(super().infer(inputs), inputs[0], window)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def kept(self, inputs: Shapes, output: Shape) -> Saved:
        return ()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 0


class _Maxima(_OfBoth):
    """The maxima, of the map and their places."""

    arity = (2, 2)

    def infer(self, inputs: Shapes) -> Shape:
        return super().infer(inputs[:1])

    def kept(self, inputs: Shapes, output: Shape) -> Saved:
        return ("input",)

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 0

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """What it reads of the places is what they are read of."""
        window = super().reach(inputs[:1], output)
        assert isinstance(window, Window)
        reads = zip(window.kernel, window.stride, window.padding, window.dilation, strict=True)
        axes = (
            Along(dim, Taps(1, int(stride), (range(-int(padding), kernel - int(padding), gap),)))
            for dim, (kernel, stride, padding, gap) in enumerate(reads, 1)
        )
        return (Along.same(0), *axes), tuple(map(Along.same, range(len(output))))


class AvgPool(_Padded, name="avg_pool"):
    """The mean of each window.

    Costs ``prod(kernel_size)`` operations for each element of the output (the additions, one quotient);
    windows that a border cuts are counted whole.
    Source: torch.nn.AvgPool1d, AvgPool2d, AvgPool3d; `same_upper` and `same_lower`: ONNX's AveragePool, and
    TensorFlow's SAME, which is `same_upper`. Both count no added zeros, which here is `count_include_pad: false`.

    Args:
        kernel_size: Size of the window.
        stride: Steps of the window; the kernel size where left out.
        padding: Places of zeros added at both ends, at most half of the kernel size. `same_upper` and `same_lower`
            give the input's size over the stride, rounded up, with an odd place at the end or at the start.
        ceil_mode: Whether a last window may reach over the border.
        count_include_pad: Whether the added zeros count in the mean.
        divisor_override: What to divide the sum of a window by, instead of its size; not in one dimension.
    """

    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    layer = "AvgPool"
    example = "{op: avg_pool, kernel_size: 2}"
    spatial_ranks = frozenset({1, 2, 3})

    def fixed(self, inputs: Shapes) -> Shape | None:
        """In three dimensions PyTorch takes no kernel that is larger than the input, whatever the padding."""
        fits = len(inputs[0]) < 4 or all(map(le, self.kernel_size, inputs[0][1:]))
        return super().fixed(inputs) if fits or not isinstance(self.padding, str) else None

    def infer(self, inputs: Shapes) -> Shape:
        if self.divisor_override is not None:
            self._check_divisor(len(inputs[0]) - 1, self.divisor_override)
        if not isinstance(self.padding, str):
            _check_whole(self.kernel_size, inputs[0][1:])
        return self.pooled(inputs, self.ceil_mode)

    def _check_divisor(self, rank: int, divisor: int) -> None:
        if rank == 1:
            raise ArgumentError(
                "divisor_override",
                "avg_pool in one dimension has no divisor_override",
                help=Help.removal("leave it out"),
            )
        if not 0 < abs(divisor) <= MAX_INT:
            raise ArgumentError("divisor_override", f"the divisor cannot be {divisor}", help="use a positive integer")

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=prod(self.kernel_size) * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        padding = tuple(Fraction(before) for before, _ in self.pads(inputs))
        return Window(self.kernel_size, tuple(map(Fraction, self.steps)), padding, groups=0)


class LpPool(Op, name="lp_pool"):
    """The p-norm of each window, ``sum(x^p)^(1/p)``.

    Costs a power for each element of the input, and ``prod(kernel_size)`` operations for each element of the
    output (the additions, one root); windows that a border cuts are counted whole. For the backward pass it keeps
    the input and its powers, and four steps of the root of each element of the output.
    Source: torch.nn.LPPool1d, LPPool2d, LPPool3d.

    Args:
        norm_type: The exponent p, not 0; 1 sums, 2 is the Euclidean norm.
        kernel_size: Size of the window.
        stride: Steps of the window; the kernel size where left out.
        ceil_mode: Whether a last window may reach over the border.
    """

    norm_type: Real
    kernel_size: Size
    stride: Size | None = None
    ceil_mode: bool = False

    functions = tuple(f"lp_pool{n}d(input, norm_type, kernel_size, stride, ceil_mode)" for n in (1, 2, 3))
    example = "{op: lp_pool, norm_type: 2, kernel_size: 2}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        if self.norm_type == 0:
            raise ArgumentError("norm_type", "there is no 0-norm of a window", help="use 1 for the sum, 2 for Euclid's")
        channels, *sizes = inputs[0]
        _check_whole(self.kernel_size, inputs[0][1:])
        stride = self.stride or self.kernel_size
        return (channels, *_pooled(tuple(sizes), self.kernel_size, stride, (0,) * len(sizes), self.ceil_mode))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]) + prod(self.kernel_size) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * (elements(inputs[0]) + 4 * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        stride = self.stride or self.kernel_size
        return Window(self.kernel_size, tuple(map(Fraction, stride)), (Fraction(0),) * len(stride), groups=0)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.LPPool{len(inputs[0]) - 1}d", (), self.changed())
