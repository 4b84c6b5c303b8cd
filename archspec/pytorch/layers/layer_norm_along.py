"""Layer normalisation along another dimension than the last."""

from torch import Tensor, nn


class LayerNormAlong(nn.LayerNorm):
    """nn.LayerNorm over one dimension; over the channels of images with ``dim=1``."""

    def __init__(
        self,
        size: int,
        dim: int,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(size, eps, elementwise_affine, bias)
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Normalise the input, whose shape stays."""
        x, weight, bias = input.movedim(self.dim, -1), self.weight, self.bias
        x = nn.functional.layer_norm(x, self.normalized_shape, weight, bias, self.eps)
        return x.movedim(-1, self.dim)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{super().extra_repr()}, dim={self.dim}"
