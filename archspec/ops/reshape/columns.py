"""Windows of a map as columns, and back."""

from math import prod

from archspec.errors import ArgumentError
from archspec.ops.arguments import PairPadding, PairSize, default
from archspec.ops.checks import check_fit
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Module, Reach, Taps
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, extent, places, show


def _counts(op: "Unfold | Fold", sizes: Shape) -> Shape:
    """The windows of a map of two sizes along each dimension.

    Raises:
        ArgumentError: They do not fit.
    """
    padded = tuple(size + 2 * pad for size, pad in zip(sizes, op.padding, strict=True))
    window = extent(op.kernel_size, op.dilation)
    check_fit(padded, window)
    return places(padded, window, op.stride)


class Unfold(Op, name="unfold"):
    """The windows of a map as columns: ``(C, H, W)`` becomes ``(C * prod(kernel_size), L)`` for ``L`` windows.

    The numbers of a channel's window stand one after another, row by row, and so do the windows. Costs no arithmetic.
    Source: torch.nn.Unfold, also called im2col.

    Args:
        kernel_size: Size of the window.
        dilation: Distance between neighbouring places of the window.
        padding: Places of zeros added at both ends.
        stride: Steps of the window.
    """

    kernel_size: PairSize
    dilation: PairSize = default(1)
    padding: PairPadding = default(0)
    stride: PairSize = default(1)

    example = "{op: unfold, kernel_size: 3, padding: 1}"
    spatial_ranks = frozenset({2})
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        return (channels * prod(self.kernel_size), prod(_counts(self, tuple(sizes))))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        """A column reads its window; which place of that, of its channels taken together, is not said."""
        each = prod(self.kernel_size)
        _, across = _counts(self, inputs[0][1:])
        if max(across, each) > MOST_PERIOD:
            return "unknown"
        rows, columns = (
            tuple(range(at * step - pad, at * step - pad + reach, gap) for at in range(across))
            for step, pad, reach, gap in zip(
                (0, self.stride[1]), self.padding, extent(self.kernel_size, self.dilation), self.dilation, strict=True
            )
        )
        return (
            (
                Along(0, Taps(each, 1, (range(1),) * each)),
                Along(1, Taps(across, self.stride[0], rows)),
                Along(1, Taps(across, 0, columns)),
            ),
        )

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Unfold", (), self.changed())


class Fold(Op, name="fold"):
    """The map of which columns are the windows: numbers of windows that overlap are added.

    ``(C * prod(kernel_size), L)`` becomes ``(C, H, W)``. Costs an addition for each number of a column. What a place
    sees is not known: along the columns it depends on its row and on what stands beside it.
    Source: torch.nn.Fold, also called col2im.

    Args:
        output_size: Spatial sizes of the output.
        kernel_size: Size of the window.
        dilation: Distance between neighbouring places of the window.
        padding: Places cut from both ends of the output.
        stride: Steps of the window.
    """

    output_size: PairSize
    kernel_size: PairSize
    dilation: PairSize = default(1)
    padding: PairPadding = default(0)
    stride: PairSize = default(1)

    functions = ("fold(input, output_size, kernel_size, dilation, padding, stride)",)
    example = "{op: fold, output_size: 4, kernel_size: 2, stride: 2}"
    example_inputs = ((64, 4),)
    spatial_ranks = frozenset({1})
    fresh = True
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        numbers, columns = inputs[0]
        each = prod(self.kernel_size)
        if numbers % each:
            message = f"windows of {show(self.kernel_size)} have {each} places, which do not divide {numbers} numbers"
            raise ArgumentError("kernel_size", message, help="a column has all places of a window for each channel")
        counts = _counts(self, self.output_size)
        if prod(counts) != columns:
            message = f"a map of {show(self.output_size)} has {show(counts)} = {prod(counts)} windows, not {columns}"
            raise ArgumentError("output_size", message, help="the windows are those of the `unfold` before")
        return (numbers // each, *self.output_size)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(other=elements(inputs[0]))

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Fold", (), self.changed())
