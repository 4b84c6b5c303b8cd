"""Residual branches that fall away at random."""

from torch import Tensor, nn


class StochasticDepth(nn.Dropout):
    """Zeroes its input with probability ``p`` in training (Huang et al. 2016).

    What is left is scaled by 1 / (1 - p). In mode "row" each sample has a chance of its
    own, in mode "batch" all share one. As torchvision.ops.StochasticDepth.
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__(p)
        if mode not in ("batch", "row"):
            raise ValueError(f'mode must be "batch" or "row", got "{mode}"')
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Zero or scale the input in training, pass it on in evaluation."""
        if not self.training or self.p == 0.0:
            return x
        shape = [x.shape[0] if self.mode == "row" else 1] + [1] * (x.dim() - 1)
        return x * nn.functional.dropout(x.new_ones(shape), self.p)
