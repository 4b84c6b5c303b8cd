"""The convolution in three dimensions with weight standardisation."""

from torch import Tensor, nn

from archspec.pytorch.layers.standardized import standardized


class StdConv3d(nn.Conv3d):
    """nn.Conv3d whose weights for each output have mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve the input with the standardised weight."""
        weight = standardized(self.weight)
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output
