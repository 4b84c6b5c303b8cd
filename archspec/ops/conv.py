"""Convolutions with shared weights, in one, two or three spatial dimensions."""

from fractions import Fraction
from math import prod
from typing import Literal

from archspec.errors import ArgumentError, Help
from archspec.ops.arguments import NamedPadding, Padding, Positive, Real, Size, compact, default
from archspec.ops.checks import check_fit, check_groups
from archspec.ops.facts import MOST_PERIOD, Along, Cost, Kept, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.parametrization import EPS, Computed, Normed, check_standardized, estimated, parametrized, trained
from archspec.ops.same import Pads, constant_pads, same_pads, with_padding
from archspec.ops.tensor import Shape, Shapes, elements, extent, places, show


class Conv(Op, name="conv"):
    """Convolution (cross-correlation) with weights shared over places.

    Costs ``prod(kernel_size) * C_in / groups`` multiply-accumulates for each element of the output, and
    an addition where there is a bias.
    Source: torch.nn.Conv1d, Conv2d, Conv3d; `same_upper` and `same_lower`: ONNX's Conv, and TensorFlow's SAME, which
    is `same_upper`.

    Args:
        out_channels: Channels of the output.
        kernel_size: Size of the window.
        stride: Steps of the window.
        padding: Places added at both ends; `same` keeps the input's size (stride 1 only), `valid` adds none;
            `same_upper` and `same_lower` give the input's size over the stride, rounded up, with an odd place at
            the end or at the start; they add zeros only.
        dilation: Distance between neighbouring places of the window.
        groups: Number of groups of channels that are convolved apart.
        bias: Whether to add a learned number to each output channel.
        padding_mode: What the added places hold.
        parametrize: How the weight is computed each time: by `weight_norm` or `spectral_norm` of
            torch.nn.utils.parametrizations, of tensors that are named as there; or by `standardize`, which gives each
            output's weights mean 0 and variance 1. What that takes, once for a batch, is not counted.
        eps: Added to the variance of weights that are standardised, above 0.
    """

    out_channels: Positive
    kernel_size: Size
    stride: Size = default(1)
    padding: NamedPadding = default(0)
    dilation: Size = default(1)
    groups: Positive = 1
    bias: bool = True
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    parametrize: Computed = None
    eps: Real = EPS

    example = "{op: conv, out_channels: 64, kernel_size: 3, padding: 1}"
    inferred = ("in_channels",)
    spatial_ranks = frozenset({1, 2, 3})
    fresh = True
    saved = ("input",)

    @property
    def window(self) -> Shape:
        """Extent of the kernel, dilation included."""
        return extent(self.kernel_size, self.dilation)

    @property
    def fixed(self) -> Shape | Literal["same", "valid"] | None:
        """The padding as PyTorch's layer takes it; None where it differs with the input's size, or from its `same`."""
        if self.padding not in ("same_upper", "same_lower"):
            return self.padding  # type: ignore[return-value]
        if self.padding == "same_upper" and max(self.stride) == 1 and min(reach % 2 for reach in self.window) == 0:
            return "same"
        return constant_pads(self.window, self.stride)

    def pads(self, inputs: Shapes) -> Pads:
        """Places added before the first and after the last, for each spatial dimension."""
        fixed = self.fixed
        if fixed is None:
            return same_pads(inputs[0][1:], self.window, self.stride, str(self.padding))
        if fixed == "valid":
            return ((0, 0),) * len(self.kernel_size)
        if fixed == "same":
            return tuple(((reach - 1) // 2, reach // 2) for reach in self.window)
        return tuple((int(pad), int(pad)) for pad in fixed)

    def padded(self, inputs: Shapes) -> Shape:
        """The input's shape with the padding."""
        channels, *sizes = inputs[0]
        return (channels, *(size + sum(pads) for size, pads in zip(sizes, self.pads(inputs), strict=True)))

    def infer(self, inputs: Shapes) -> Shape:
        check_groups(self.groups, inputs[0][0], self.out_channels)
        if self.padding == "same" and max(self.stride) > 1:
            message = f"padding `same` needs stride 1, not {max(self.stride)}"
            raise ArgumentError("padding", message, help=self._strided_same(inputs[0][1:]))
        self._check_zeros()
        self._check_padding_mode(inputs)
        _, *sizes = self.padded(inputs)
        check_fit(tuple(sizes), self.window)
        check_standardized(self.parametrize, self._weight(inputs), self.eps)
        return (self.out_channels, *places(tuple(sizes), self.window, self.stride))

    def _strided_same(self, sizes: Shape) -> str:
        """How to write what `same` with a stride may mean: each size over the stride, rounded up."""
        outer = tuple(-(-size // stride) for size, stride in zip(sizes, self.stride, strict=True))
        if all(reach % 2 for reach in self.window):
            padding = compact(tuple(reach // 2 for reach in self.window))
            written = list(padding) if isinstance(padding, tuple) else padding
            help = f"write `padding: {written}` for {show(outer)}; TensorFlow's `same` is `padding: same_upper`"
            return Help.instead(help, str(written))
        return Help.instead("TensorFlow's `same` is `padding: same_upper`", "same_upper")

    def _check_zeros(self) -> None:
        """TensorFlow and ONNX, whose words these are, add zeros only, and so does timm, whose layer that is."""
        if self.parametrize == "standardize" and self.padding_mode != "zeros":
            message = f"a standardised convolution adds zeros, not what `padding_mode: {self.padding_mode}` says"
            raise ArgumentError("padding_mode", message, help=f"write a `pad` with `mode: {self.padding_mode}` above")
        if self.padding in ("same_upper", "same_lower") and self.padding_mode != "zeros":
            message = f"padding `{self.padding}` adds zeros, not what `padding_mode: {self.padding_mode}` says"
            raise ArgumentError("padding_mode", message, help="leave it out, or give `padding` a number")

    def _check_padding_mode(self, inputs: Shapes) -> None:
        """A reflection needs a place besides the border, a circle goes round once."""
        spare = {"reflect": 1, "circular": 0}.get(self.padding_mode)
        if spare is None:
            return
        sizes = inputs[0][1:]
        for size, pads in zip(sizes, self.pads(inputs), strict=True):
            if max(pads) > size - spare:
                raise ArgumentError(
                    "padding",
                    f"{self.padding_mode} padding of {max(pads)} is too large for an input of {show(sizes)}",
                    help=f"{self.padding_mode} takes at most {size - spare} here",
                )

    def _weight(self, inputs: Shapes) -> Shape:
        return (self.out_channels, inputs[0][0] // self.groups, *self.kernel_size)

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        bias = {"bias": (self.out_channels,)} if self.bias else {}
        return trained(self.parametrize, {"weight": self._weight(inputs)} | bias)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        return estimated(self.parametrize, self._weight(inputs))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        macs = elements(output) * prod(self.kernel_size) * (inputs[0][0] // self.groups)
        return Cost(macs=macs, other=self.bias * elements(output))

    def pads_apart(self, inputs: Shapes) -> bool:
        """Whether a copy of the input is padded first, and kept for the backward pass."""
        if self.padding_mode != "zeros" or self.fixed is None:
            return True
        return any(before != after for before, after in self.pads(inputs))

    def kept(self, inputs: Shapes, output: Shape) -> tuple[Literal["input", "output"], ...]:
        return () if self.pads_apart(inputs) and self.padding_mode in ("zeros", "circular") else ("input",)

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        """The padded copy; with zeros, PyTorch's `same` adds only what the end has more than the start."""
        if not self.pads_apart(inputs):
            return 0
        if self.padding_mode != "zeros" or self.fixed is None:
            return 4 * elements(self.padded(inputs))
        channels, *sizes = inputs[0]
        axes = zip(sizes, self.pads(inputs), strict=True)
        return 4 * channels * prod(size + end - start for size, (start, end) in axes)

    def keeps(self, inputs: Shapes, output: Shape, gradients: tuple[bool, ...]) -> Kept:
        """An input that is padded apart is kept for its own gradient, and its padded copy for that of the weight."""
        takes = "input" in self.kept(inputs, output) and (gradients[0] or not self.pads_apart(inputs))
        return Kept((0,) if takes else (), False, self.saved_bytes(inputs, output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        stride, padding = tuple(map(Fraction, self.stride)), tuple(Fraction(pad) for pad, _ in self.pads(inputs))
        return Window(self.window, stride, padding, self.dilation, self.padding_mode, self.groups)

    def torch(self, inputs: Shapes) -> Module:
        """``Conv{n}dSame`` pads as each input's size asks for; PyTorch's layer where all ask for the same."""
        channels, *sizes = inputs[0]
        names = ("kernel_size", "stride", "padding", "dilation", "groups", "bias", "padding_mode", "eps")
        arguments = self.changed(*names)
        target = f"Conv{len(sizes)}dSame"
        if self.fixed is not None:
            target = f"nn.Conv{len(sizes)}d"
            arguments = arguments if self.fixed == self.padding else with_padding(arguments, self.fixed)
        return parametrized(self.parametrize, Module(target, (channels, self.out_channels), arguments))


class ConvTranspose(Op, name="conv_transpose"):
    """Transposed convolution: spreads each place of the input over a window of the output.

    Costs ``prod(kernel_size) * C_out / groups`` multiply-accumulates for each element of the input, and an
    addition for each element of the output where there is a bias.
    Source: torch.nn.ConvTranspose1d, ConvTranspose2d, ConvTranspose3d.

    Args:
        out_channels: Channels of the output.
        kernel_size: Size of the window.
        stride: Places of the output for one step in the input.
        padding: Places cut from both ends of the output.
        output_padding: Places added at the far end of the output; less than the stride or the dilation.
        groups: Number of groups of channels that are convolved apart.
        bias: Whether to add a learned number to each output channel.
        dilation: Distance between neighbouring places of the window.
        parametrize: How the weight is computed each time: by `weight_norm` or `spectral_norm` of
            torch.nn.utils.parametrizations, of tensors that are named as there. What that takes, once for a batch, is
            not counted.
    """

    out_channels: Positive
    kernel_size: Size
    stride: Size = default(1)
    padding: Padding = default(0)
    output_padding: Padding = default(0)
    groups: Positive = 1
    bias: bool = True
    dilation: Size = default(1)
    parametrize: Normed = None

    example = "{op: conv_transpose, out_channels: 64, kernel_size: 2, stride: 2}"
    inferred = ("in_channels",)
    spatial_ranks = frozenset({1, 2, 3})
    fresh = True
    saved = ("input",)

    def infer(self, inputs: Shapes) -> Shape:
        channels, *sizes = inputs[0]
        check_groups(self.groups, channels, self.out_channels)
        for extra, stride, dilation in zip(self.output_padding, self.stride, self.dilation, strict=True):
            if extra >= max(stride, dilation):
                raise ArgumentError(
                    "output_padding",
                    f"output_padding {extra} is not less than the stride {stride} or the dilation {dilation}",
                    help=f"use at most {max(stride, dilation) - 1}",
                )
        output = tuple(self._spread(size, axis) for axis, size in enumerate(sizes))
        if min(output) < 1:
            raise ArgumentError(
                "padding",
                f"padding {show(self.padding)} leaves nothing of the output ({show(output)})",
                help="use less padding or a larger kernel",
            )
        return (self.out_channels, *output)

    def _spread(self, size: int, axis: int) -> int:
        """The size of the output along one spatial dimension."""
        window = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return (size - 1) * self.stride[axis] + window + self.output_padding[axis] - 2 * self.padding[axis]

    def _weight(self, inputs: Shapes) -> Shape:
        return (inputs[0][0], self.out_channels // self.groups, *self.kernel_size)

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        bias = {"bias": (self.out_channels,)} if self.bias else {}
        return trained(self.parametrize, {"weight": self._weight(inputs)} | bias)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        return estimated(self.parametrize, self._weight(inputs), dim=1)

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        macs = elements(inputs[0]) * prod(self.kernel_size) * (self.out_channels // self.groups)
        return Cost(macs=macs, other=self.bias * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        if max(self.stride) > MOST_PERIOD:
            return "unknown"
        axes = zip(extent(self.kernel_size, self.dilation), self.stride, self.padding, self.dilation, strict=True)
        spread = (Along.gathered(dim, *axis) for dim, axis in enumerate(axes, 1))
        return ((Along.grouped(self.groups, inputs[0][0], self.out_channels), *spread),)

    def torch(self, inputs: Shapes) -> Module:
        channels, *sizes = inputs[0]
        arguments = ("kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation")
        sides = (channels, self.out_channels)
        layer = Module(f"nn.ConvTranspose{len(sizes)}d", sides, self.changed(*arguments))
        return parametrized(self.parametrize, layer)
