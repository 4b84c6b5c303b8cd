"""The convolution in one dimension with weight standardisation."""

from torch import Tensor, nn

from archspec.pytorch.layers.standardized import standardized


class StdConv1d(nn.Conv1d):
    """nn.Conv1d whose weights for each output have mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve the input with the standardised weight."""
        weight = standardized(self.weight)
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output
