"""The same, padded as in TensorFlow and ONNX."""

from torch import Tensor, nn

from archspec.pytorch.layers.conv3d_same import Conv3dSame
from archspec.pytorch.layers.same_padding import pad_same
from archspec.pytorch.layers.standardized import standardized


class StdConv3dSame(Conv3dSame):
    """Conv3dSame whose weights for each output have mean 0 and variance 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: str = "same_upper",
        dilation: int | tuple[int, int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
        )
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        """Pad the input and convolve it with the standardised weight."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(input, self.padding, list(kernel), list(step), list(gap))
        weight, bias = standardized(self.weight, self.eps), self.bias
        return nn.functional.conv3d(x, weight, bias, step, 0, gap, self.groups)
