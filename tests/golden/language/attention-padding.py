"""padded_tokens, emitted by archspec 0.1.0 (spec 7771975af4a2a40c). To regenerate:

archspec emit attention-padding.yaml -o padded_tokens.py
"""

import torch
from torch import Tensor, nn


class MultiheadAttention(nn.Module):
    """nn.MultiheadAttention with ``batch_first``, which gives its output alone.

    Of one tensor it is self-attention, of two the second is both keys and values. The
    tensors of its state are those of nn.MultiheadAttention. The padding mask is added
    to the scores of each query: 0, or minus infinity for a key that is padding.

    Shape:
        query: (N, L, embed_dim)
        key: (N, S, kdim)
        value: (N, S, vdim)
        key_padding_mask: (N, S)
        output: (N, L, embed_dim)
    """

    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    q_proj_weight: Tensor | None
    k_proj_weight: Tensor | None
    v_proj_weight: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        is_causal: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
    ) -> None:
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError("num_heads must divide embed_dim")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.is_causal = is_causal
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        packed = self.kdim == self.vdim == embed_dim
        self._add("in_proj_weight", packed, 3 * embed_dim, embed_dim)
        self._add("q_proj_weight", not packed, embed_dim, embed_dim)
        self._add("k_proj_weight", not packed, embed_dim, self.kdim)
        self._add("v_proj_weight", not packed, embed_dim, self.vdim)
        self._add("in_proj_bias", bias, 3 * embed_dim)
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias=bias)
        self.reset_parameters()

    def _add(self, name: str, present: bool, *shape: int) -> None:
        parameter = nn.Parameter(torch.empty(shape)) if present else None
        self.register_parameter(name, parameter)

    def reset_parameters(self) -> None:
        """Begin as nn.MultiheadAttention does."""
        self.out_proj.reset_parameters()
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif name != "out_proj.weight":
                nn.init.xavier_uniform_(parameter)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        """Project the operands, let each head attend, and project what they give."""
        q, k, v = self._projected(query, key, value)
        q, k, v = self._heads(q), self._heads(k), self._heads(v)
        causal, mask = self.is_causal, key_padding_mask
        if mask is not None:
            mask = mask[:, None, None]
            if causal:
                hidden = mask.new_full((q.shape[2], k.shape[2]), float("-inf"))
                causal, mask = False, mask + hidden.triu(1)
        dropout = self.dropout if self.training else 0.0
        attend = nn.functional.scaled_dot_product_attention
        out = attend(q, k, v, mask, dropout_p=dropout, is_causal=causal)
        projected: Tensor = self.out_proj(out.transpose(1, 2).flatten(2))
        return projected

    def _projected(
        self,
        query: Tensor,
        key: Tensor | None,
        value: Tensor | None,
    ) -> list[Tensor]:
        """Queries, keys and values of all heads side by side."""
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if key is None and weight is not None:
            return list(nn.functional.linear(query, weight, bias).chunk(3, dim=-1))
        key = query if key is None else key
        value = key if value is None else value
        q_weight, k_weight = self.q_proj_weight, self.k_proj_weight
        v_weight = self.v_proj_weight
        if weight is not None:
            q_weight, k_weight, v_weight = weight.chunk(3)
        q_bias: Tensor | None = None
        k_bias: Tensor | None = None
        v_bias: Tensor | None = None
        if bias is not None:
            q_bias, k_bias, v_bias = bias.chunk(3)
        assert q_weight is not None
        assert k_weight is not None
        assert v_weight is not None
        return [
            nn.functional.linear(query, q_weight, q_bias),
            nn.functional.linear(key, k_weight, k_bias),
            nn.functional.linear(value, v_weight, v_bias),
        ]

    def _heads(self, x: Tensor) -> Tensor:
        """(N, places, embed_dim) as (N, heads, places, embed_dim / heads)."""
        samples, places = x.shape[:2]
        return x.reshape(samples, places, self.num_heads, -1).transpose(1, 2)

    def extra_repr(self) -> str:
        """The arguments."""
        sizes = f"kdim={self.kdim}, vdim={self.vdim}"
        bias, causal = self.in_proj_bias is not None, self.is_causal
        heads = f"{self.embed_dim}, num_heads={self.num_heads}, dropout={self.dropout}"
        return f"{heads}, bias={bias}, is_causal={causal}, {sizes}"


class PaddedTokensLayer(nn.Module):
    """The group `layer` of `padded_tokens`.

    Shape: (N, 20, 32), (N, 20) -> (N, 20, 32)
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(32)
        self.attention = MultiheadAttention(32, num_heads=4)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        norm: Tensor = self.norm(x)
        norm = self.attention(norm, norm, norm, mask)
        norm += x
        return norm


class PaddedTokens(nn.Module):
    """Two layers of self-attention over tokens of which some are padding, whose scores
    get minus infinity.

    Shape: (N, 20, 32), (N, 20) -> (N, 20, 5)
    """

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.ModuleList([PaddedTokensLayer() for _ in range(2)])
        self.head = nn.Linear(32, 5)

    def forward(self, tokens: Tensor, padding: Tensor) -> Tensor:
        for layer in self.layer:
            tokens = layer(tokens, padding)
        tokens = self.head(tokens)
        return tokens
