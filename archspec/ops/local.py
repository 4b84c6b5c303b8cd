"""Convolutions whose weights are not shared: each place of the output has its own."""

from fractions import Fraction
from math import prod

from archspec.ops.arguments import Padding, Positive, Size, default
from archspec.ops.checks import check_fit, check_groups
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements, extent, places


class LocalConv(Op, name="local_conv"):
    """Locally connected layer: a convolution with weights of its own at each place of the output.

    The weight is laid out as ``(*places, out_channels, *kernel_size, in_channels / groups)``, the bias as
    ``(out_channels, *places)``, where ``places`` are the spatial sizes of the output. Costs as many
    multiply-accumulates as the convolution with the same arguments. For the backward pass it keeps the input
    unfolded along its last dimension, not the input itself; of a batch of one, the input unfolded along both.
    Source: PyTorch has no such layer; torch.nn.Conv1d, Conv2d with other weights at each place.

    Args:
        out_channels: Channels of the output.
        kernel_size: Size of the window.
        stride: Steps of the window.
        padding: Places of zeros added at both ends.
        dilation: Distance between neighbouring places of the window.
        groups: Number of groups of channels that are convolved apart.
        bias: Whether to add a learned number to each element of the output.
    """

    out_channels: Positive
    kernel_size: Size
    stride: Size = default(1)
    padding: Padding = default(0)
    dilation: Size = default(1)
    groups: Positive = 1
    bias: bool = True

    example = "{op: local_conv, out_channels: 16, kernel_size: 3}"
    inferred = ("in_channels", "in_size")
    spatial_ranks = frozenset({1, 2})
    fresh = True
    saved = ()
    saved_for_weights = True

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        check_groups(self.groups, channels, self.out_channels)
        window = extent(self.kernel_size, self.dilation)
        padded = tuple(size + 2 * pad for size, pad in zip(sizes, self.padding, strict=True))
        check_fit(padded, window)
        return (self.out_channels, *places(padded, window, self.stride))

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        _, *spots = output = self.infer(inputs)
        weight = (*spots, self.out_channels, *self.kernel_size, inputs[0][0] // self.groups)
        return {"weight": weight} | ({"bias": output} if self.bias else {})

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        macs = elements(output) * prod(self.kernel_size) * (inputs[0][0] // self.groups)
        return Cost(macs=macs, other=self.bias * elements(output))

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The rows that the windows see, made a multiple of the stride, each unfolded."""
        *rows, columns = output[1:]
        windows = zip(rows, self.kernel_size, self.stride, self.dilation, strict=False)
        seen = prod(step * (size + gap * (kernel - 1) // step) for size, kernel, step, gap in windows)
        return 4 * inputs[0][0] * seen * columns * self.kernel_size[-1]

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        window = extent(self.kernel_size, self.dilation)
        stride, padding = tuple(map(Fraction, self.stride)), tuple(map(Fraction, self.padding))
        return Window(window, stride, padding, self.dilation, groups=self.groups)

    def torch(self, inputs: Shapes) -> Module:
        """``LocalConv{n}d(in_channels, out_channels, in_size=…, …)``: the input's sizes fix the number of weights."""
        channels, *sizes = inputs[0]
        size = {"in_size": tuple(sizes) if len(sizes) > 1 else sizes[0]}
        arguments = self.changed("kernel_size", "stride", "padding", "dilation", "groups", "bias")
        return Module(f"LocalConv{len(sizes)}d", (channels, self.out_channels), size | arguments)
