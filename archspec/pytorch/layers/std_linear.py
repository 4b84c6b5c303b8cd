"""The fully connected layer with weight standardisation."""

from torch import Tensor, nn

from archspec.pytorch.layers.standardized import standardized


class StdLinear(nn.Linear):
    """nn.Linear whose weights for each output have mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """Multiply the input with the standardised weight."""
        return nn.functional.linear(input, standardized(self.weight), self.bias)
