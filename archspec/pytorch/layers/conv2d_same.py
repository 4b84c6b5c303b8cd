"""The convolution in two dimensions, padded as in TensorFlow and ONNX."""

from torch import Tensor, nn

from archspec.pytorch.layers.same_padding import pad_same


class Conv2dSame(nn.Conv2d):
    """nn.Conv2d with an output of the input's size over the stride, rounded up."""

    padding: str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str = "same_upper",
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.padding = padding

    def forward(self, input: Tensor) -> Tensor:
        """Pad the input and convolve it."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(input, self.padding, list(kernel), list(step), list(gap))
        weight, bias = self.weight, self.bias
        return nn.functional.conv2d(x, weight, bias, step, 0, gap, self.groups)
