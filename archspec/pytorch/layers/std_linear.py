"""The fully connected layer with weight standardisation."""

from torch import Tensor, nn

from archspec.pytorch.layers.standardized import standardized


class StdLinear(nn.Linear):
    """nn.Linear whose weights for each output have mean 0 and variance 1."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__(in_features, out_features, bias)
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        """Multiply the input with the standardised weight."""
        weight = standardized(self.weight, self.eps)
        return nn.functional.linear(input, weight, self.bias)
