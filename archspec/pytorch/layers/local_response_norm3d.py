"""Local response normalisation over three spatial dimensions."""

from torch import Tensor, nn


class LocalResponseNorm3d(nn.LocalResponseNorm):
    """nn.LocalResponseNorm for permuted volumes too, of which PyTorch's has no view."""

    def forward(self, input: Tensor) -> Tensor:
        """Divide by a power of the mean square of the neighbouring channels."""
        x, size = input.contiguous(), self.size
        return nn.functional.local_response_norm(x, size, self.alpha, self.beta, self.k)
