"""Weight standardisation."""

from torch import Tensor, nn


def standardized(weight: Tensor, eps: float) -> Tensor:
    """The weights of each output with mean 0 and variance 1 (Qiao et al. 2019)."""
    rows = weight.reshape(1, weight.shape[0], -1)
    rows = nn.functional.batch_norm(rows, None, None, training=True, eps=eps)
    return rows.reshape(weight.shape)
