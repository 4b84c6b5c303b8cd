"""Masks of attention in shifted windows."""

import torch
from torch import Tensor


def shifted_window_mask(
    size: tuple[int, int],
    window_size: tuple[int, int],
    shift_size: tuple[int, int],
) -> Tensor:
    """-100 for pairs of places of a window that the shift has brought together.

    A map of some size was rolled up and left (Liu et al. 2021, arXiv:2103.14030,
    figure 4). The shape is (windows, 1, places, places).
    """
    rows, columns = (torch.arange(places) >= places - shift for places, shift in zip(size, shift_size, strict=True))
    parts = 2 * rows[:, None] + columns[None]
    parts = parts.unflatten(1, (-1, window_size[1])).unflatten(0, (-1, window_size[0]))
    parts = parts.transpose(1, 2).flatten(2).flatten(0, 1)
    apart = parts[:, None, :, None] != parts[:, None, None, :]
    return torch.where(apart, -100.0, 0.0)
