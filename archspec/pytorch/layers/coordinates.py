"""Coordinates of a grid."""

import torch
from torch import Tensor


def coordinates(start: float, end: float, steps: tuple[int, ...]) -> Tensor:
    """The coordinates of the points of a grid, in the last dimension."""
    axes = [torch.linspace(start, end, size) for size in steps]
    return torch.stack(torch.meshgrid(axes, indexing="ij"), dim=-1)
