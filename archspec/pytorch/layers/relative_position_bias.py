"""Biases of attention by how far places are apart."""

import torch
from torch import Tensor


def relative_position_bias(table: Tensor, window_size: int | tuple[int, int]) -> Tensor:
    """The bias of each pair of places of a window (Liu et al. 2021, arXiv:2103.14030).

    The table has a row for each distance in height and width. Windows that slide over
    it, read backwards, are the rows of one query after another.

    Shape: (..., (2h - 1) * (2w - 1), heads) -> (..., heads, h * w, h * w)
    """
    h, w = (window_size, window_size) if isinstance(window_size, int) else window_size
    table = torch.unflatten(table.transpose(-1, -2), -1, (2 * h - 1, 2 * w - 1))
    bias = table.unfold(-2, h, 1).unfold(-2, w, 1).flip(-2, -1)
    return bias.flatten(-4, -3).flatten(-2)
