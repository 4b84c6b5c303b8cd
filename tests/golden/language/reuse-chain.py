"""chain, emitted by archspec 0.1.0 (spec 31e86cd03bb6ddaa). To regenerate:

archspec emit reuse-chain.yaml -o chain.py
"""

from torch import Tensor, nn


class Chain(nn.Module):
    """One linear layer twice in a row.

    Shape: (N, 10) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Linear(10, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.m(x)
        x = self.m(x)
        return x
