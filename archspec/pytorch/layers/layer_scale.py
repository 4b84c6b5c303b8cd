"""The learned factors at the end of a residual branch."""

import torch
from torch import Tensor, nn


class LayerScale(nn.Module):
    """A learned factor for each channel (Touvron et al. 2021, arXiv:2103.17239).

    The weight has the given shape, which the input's broadcasts with, and begins at
    ``init_value``.
    """

    def __init__(self, shape: tuple[int, ...], init_value: float = 1e-6) -> None:
        super().__init__()
        self.init_value = init_value
        self.weight = nn.Parameter(torch.empty(shape))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin at ``init_value``."""
        nn.init.constant_(self.weight, self.init_value)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the input, without a change of its shape."""
        return x * self.weight

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{tuple(self.weight.shape)}, init_value={self.init_value}"
