"""Residual branches that fall away at random."""

from torch import Tensor, nn


class StochasticDepth(nn.Dropout):
    """Zeroes samples with probability ``p`` in training, and divides what is left
    by 1 - p (Huang et al. 2016). As torchvision.ops.StochasticDepth in mode "row".
    """

    def forward(self, x: Tensor) -> Tensor:
        """Zero or scale samples in training, pass all on in evaluation."""
        if not self.training or self.p == 0.0:
            return x
        shape = [x.shape[0]] + [1] * (x.dim() - 1)
        return x * nn.functional.dropout(x.new_ones(shape), self.p)
