"""Attention whose weights have dropout in training."""

from torch import Tensor, nn


class ScaledDotProductAttention(nn.Module):
    """nn.functional.scaled_dot_product_attention, with dropout in training alone.

    Shape:
        query: (N, ..., L, E)
        key: (N, ..., S, E)
        value: (N, ..., S, V)
        mask: (N, ..., L, S)
        output: (N, ..., L, V)
    """

    def __init__(
        self,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
    ) -> None:
        super().__init__()
        self.dropout_p = dropout_p
        self.is_causal = is_causal
        self.scale = scale

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Sum values, weighted by how well a query fits their keys."""
        return nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            mask,
            dropout_p=self.dropout_p if self.training else 0.0,
            is_causal=self.is_causal,
            scale=self.scale,
        )

    def extra_repr(self) -> str:
        """The arguments."""
        causal, scale = self.is_causal, self.scale
        return f"dropout_p={self.dropout_p}, is_causal={causal}, scale={scale}"
