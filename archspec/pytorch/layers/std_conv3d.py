"""The convolution in three dimensions with weight standardisation."""

from torch import Tensor, nn

from archspec.pytorch.layers.standardized import standardized


class StdConv3d(nn.Conv3d):
    """nn.Conv3d whose weights for each output have mean 0 and variance 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int, int],
        stride: int | tuple[int, int, int] = 1,
        padding: str | int | tuple[int, int, int] = 0,
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
        """Convolve the input with the standardised weight."""
        weight = standardized(self.weight, self.eps)
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output
