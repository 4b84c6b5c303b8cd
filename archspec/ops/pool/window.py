"""Windows that move over the input in steps."""

from fractions import Fraction
from math import prod

from archspec.errors import ArgumentError
from archspec.ops.arguments import MAX_INT, Padding, Real, Size, default
from archspec.ops.checks import check_fit
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.pool import INDEX_BYTES
from archspec.ops.tensor import Shape, Shapes, elements, extent, show


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


def _check_sees_input(sizes: Shape, padding: Shape, dilation: Shape) -> None:
    """Refuse a first window that steps over the whole input, from the padding before to that behind.

    PyTorch takes the maximum of nothing to be -inf, and writes out of bounds in the backward pass. Later windows
    start in the input, since the padding is at most half of the kernel.
    """
    for size, pad, step in zip(sizes, padding, dilation, strict=True):
        if -pad % step >= size:
            raise ArgumentError(
                "dilation",
                f"with padding {pad}, a dilation of {step} steps over the whole input of {show(sizes)}",
                help="use a smaller dilation, or no padding",
            )


class MaxPool(Op, name="max_pool"):
    """The maximum of each window.

    Costs ``prod(kernel_size) - 1`` comparisons for each element of the output; windows that a border cuts
    are counted whole. For the backward pass it keeps the input, and an int64 index for each element of the output.
    Source: torch.nn.MaxPool1d, MaxPool2d, MaxPool3d.

    Args:
        kernel_size: Size of the window.
        stride: Steps of the window; the kernel size where left out.
        padding: Places added at both ends, at most half of the kernel size; they never win.
        dilation: Distance between neighbouring places of the window.
        ceil_mode: Whether a last window may reach over the border.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Padding = default(0)
    dilation: Size = default(1)
    ceil_mode: bool = False

    example = "{op: max_pool, kernel_size: 3, stride: 2, padding: 1}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        _check_padding(self.kernel_size, self.padding)
        _check_sees_input(tuple(sizes), self.padding, self.dilation)
        window = extent(self.kernel_size, self.dilation)
        stride = self.stride or self.kernel_size
        return (channels, *_pooled(tuple(sizes), window, stride, self.padding, self.ceil_mode))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=(prod(self.kernel_size) - 1) * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return INDEX_BYTES * elements(output)

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        window = extent(self.kernel_size, self.dilation)
        stride = self.stride or self.kernel_size
        padding = tuple(map(Fraction, self.padding))
        return Window(window, tuple(map(Fraction, stride)), padding, self.dilation, groups=0)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.MaxPool{len(inputs[0]) - 1}d", (), self.changed())


class AvgPool(Op, name="avg_pool"):
    """The mean of each window.

    Costs ``prod(kernel_size)`` operations for each element of the output (the additions, one quotient);
    windows that a border cuts are counted whole.
    Source: torch.nn.AvgPool1d, AvgPool2d, AvgPool3d.

    Args:
        kernel_size: Size of the window.
        stride: Steps of the window; the kernel size where left out.
        padding: Places of zeros added at both ends, at most half of the kernel size.
        ceil_mode: Whether a last window may reach over the border.
        count_include_pad: Whether the added zeros count in the mean.
        divisor_override: What to divide the sum of a window by, instead of its size; not in one dimension.
    """

    kernel_size: Size
    stride: Size | None = None
    padding: Padding = default(0)
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    example = "{op: avg_pool, kernel_size: 2}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        if self.divisor_override is not None:
            self._check_divisor(len(sizes), self.divisor_override)
        _check_padding(self.kernel_size, self.padding)
        _check_whole(self.kernel_size, inputs[0][1:])
        stride = self.stride or self.kernel_size
        return (channels, *_pooled(tuple(sizes), self.kernel_size, stride, self.padding, self.ceil_mode))

    def _check_divisor(self, rank: int, divisor: int) -> None:
        if rank == 1:
            raise ArgumentError(
                "divisor_override", "avg_pool in one dimension has no divisor_override", help="leave it out"
            )
        if not 0 < abs(divisor) <= MAX_INT:
            raise ArgumentError("divisor_override", f"the divisor cannot be {divisor}", help="use a positive integer")

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=prod(self.kernel_size) * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        stride = self.stride or self.kernel_size
        return Window(self.kernel_size, tuple(map(Fraction, stride)), tuple(map(Fraction, self.padding)), groups=0)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.AvgPool{len(inputs[0]) - 1}d", (), self.changed())


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
