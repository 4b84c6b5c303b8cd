"""Residual branches that fall away at random, for all samples of a batch at once."""

from torch import Tensor, nn


class BatchStochasticDepth(nn.Dropout):
    """Zeroes batches with probability ``p`` in training, and divides what is left
    by 1 - p (Huang et al. 2016). As torchvision.ops.StochasticDepth in mode "batch".
    """

    def forward(self, x: Tensor) -> Tensor:
        """Zero or scale the batch in training, pass it on in evaluation."""
        if not self.training or self.p == 0.0:
            return x
        return x * nn.functional.dropout(x.new_ones([1] * x.dim()), self.p)
