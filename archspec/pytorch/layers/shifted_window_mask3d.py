"""Masks of attention in shifted windows of videos."""

import torch
from torch import Tensor


def shifted_window_mask3d(
    scores: Tensor,
    size: tuple[int, int, int],
    window_size: tuple[int, int, int],
    shift_size: tuple[int, int, int],
) -> Tensor:
    """Less 100 for places of a window that the shift of the map has brought together.

    A map of some size was rolled along depth, height and width (Liu et al. 2021,
    arXiv:2106.13230). The scores are (..., windows, heads, places, places).
    """
    deep, high, wide = size
    d, h, w = window_size
    ahead, up, left = shift_size
    frames = torch.arange(deep, device=scores.device) >= deep - ahead
    rows = torch.arange(high, device=scores.device) >= high - up
    columns = torch.arange(wide, device=scores.device) >= wide - left
    parts = 4 * frames[:, None, None] + 2 * rows[:, None] + columns
    parts = parts.reshape(deep // d, d, high // h, h, wide // w, w)
    parts = parts.permute(0, 2, 4, 1, 3, 5).reshape(-1, 1, d * h * w)
    return scores - 100.0 * (parts[:, :, :, None] != parts[:, :, None])
