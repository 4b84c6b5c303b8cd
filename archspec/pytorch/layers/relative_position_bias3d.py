"""Biases of attention in windows of videos by how far places are apart."""

import torch
from torch import Tensor


def relative_position_bias3d(table: Tensor, window: tuple[int, int, int]) -> Tensor:
    """The bias of each pair of places of a window (Liu et al. 2021, arXiv:2106.13230).

    The table has a row for each distance in depth, height and width. Windows that slide
    over it, read backwards, are the rows of one query after another.

    Shape: (..., (2d - 1) * (2h - 1) * (2w - 1), heads)
        -> (..., heads, d * h * w, d * h * w)
    """
    d, h, w = window
    distances = (2 * d - 1, 2 * h - 1, 2 * w - 1)
    table = torch.unflatten(table.transpose(-1, -2), -1, distances)
    bias = table.unfold(-3, d, 1).unfold(-3, h, 1).unfold(-3, w, 1).flip(-3, -2, -1)
    return bias.flatten(-6, -4).flatten(-3)
