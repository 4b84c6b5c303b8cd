"""A blur before a stride."""

import math

import torch
from torch import Tensor, nn


class BlurPool2d(nn.Module):
    """Blurs each channel with binomial weights, and takes every ``stride``-th place.

    The input is reflected at its borders (Zhang 2019, arXiv:1904.11486). The weights
    are the buffer ``filt``, as in the author's code.
    """

    filt: Tensor

    def __init__(self, channels: int, kernel_size: int = 3, stride: int = 2) -> None:
        super().__init__()
        self.channels = channels
        self.kernel_size = kernel_size
        self.stride = stride
        before, after = (kernel_size - 1) // 2, kernel_size // 2
        self.pads = [before, after, before, after]
        row = [float(math.comb(kernel_size - 1, place)) for place in range(kernel_size)]
        taps = torch.tensor(row) / 2 ** (kernel_size - 1)
        filt = torch.outer(taps, taps).repeat(channels, 1, 1, 1)
        self.register_buffer("filt", filt)

    def forward(self, x: Tensor) -> Tensor:
        """Blur, and take every ``stride``-th place."""
        x = nn.functional.pad(x, self.pads, mode="reflect")
        filt, groups = self.filt, self.channels
        return nn.functional.conv2d(x, filt, stride=self.stride, groups=groups)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}"
