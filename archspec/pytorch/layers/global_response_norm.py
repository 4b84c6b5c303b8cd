"""Global response normalisation."""

import torch
from torch import Tensor, nn


class GlobalResponseNorm(nn.Module):
    """Scales each channel by its norm over the mean norm (Woo et al. 2023).

    Weight and bias have a number for each channel and begin at zero, so that the layer
    begins as the identity. As timm's GlobalResponseNorm, arXiv:2301.00808.
    """

    def __init__(self, channels: int, dim: int = 1, eps: float = 1e-6) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def reset_parameters(self) -> None:
        """Begin as the identity."""
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the input, whose shape stays."""
        dim = self.dim % x.dim()
        places = list(range(1, x.dim()))
        places.pop(dim - 1)
        norms = torch.linalg.vector_norm(x, dim=places, keepdim=True)
        shares = norms / (norms.mean(dim, keepdim=True) + self.eps)
        shape = [1] * x.dim()
        shape[dim] = -1
        weight, bias = self.weight.view(shape), self.bias.view(shape)
        return x + torch.addcmul(bias, weight, x * shares)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.weight.shape[0]}, dim={self.dim}, eps={self.eps}"
