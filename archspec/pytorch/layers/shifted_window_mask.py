"""Masks of attention in shifted windows."""

import torch
from torch import Tensor


def shifted_window_mask(
    scores: Tensor,
    size: int | tuple[int, int],
    window_size: int | tuple[int, int],
    shift_size: int | tuple[int, int],
) -> Tensor:
    """Less 100 for places of a window that the shift of the map has brought together.

    A map of some size was rolled up and left (Liu et al. 2021, arXiv:2103.14030,
    figure 4). The scores are (..., windows, heads, places, places).
    """
    high, wide = (size, size) if isinstance(size, int) else size
    h, w = (window_size, window_size) if isinstance(window_size, int) else window_size
    up, left = (shift_size, shift_size) if isinstance(shift_size, int) else shift_size
    rows = torch.arange(high, device=scores.device) >= high - up
    columns = torch.arange(wide, device=scores.device) >= wide - left
    parts = (2 * rows[:, None] + columns).reshape(high // h, h, wide // w, w)
    parts = parts.transpose(1, 2).reshape(-1, 1, h * w)
    return scores - 100.0 * (parts[:, :, :, None] != parts[:, :, None])
