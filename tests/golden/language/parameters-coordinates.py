"""coord_net, emitted by archspec 0.1.0 (spec 3f432f7897928db6). To regenerate:

archspec emit parameters-coordinates.yaml -o coord_net.py
"""

import torch
from torch import Tensor, nn


class CoordNet(nn.Module):
    """Coordinates as a channel more (Liu et al. 2018, arXiv:1807.03247, figure 3), and
    a learned factor for each channel.

    Shape: (N, 3, 8, 8) -> (N, 8, 6, 6)
    """

    def __init__(self) -> None:
        super().__init__()
        self.columns = nn.Buffer(torch.linspace(-1.0, 1.0, 8), persistent=False)
        self.ones = nn.Buffer(torch.ones((1, 8, 1)), persistent=False)
        self.conv = nn.Conv2d(4, 8, kernel_size=3)
        self.gain = nn.Parameter(torch.full((8, 1, 1), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        out = self.columns.expand(x.shape[0], -1)
        out = out.reshape(out.shape[0], 1, 1, 8)
        out = out * self.ones
        x = torch.cat((x, out), dim=1)
        x = self.conv(x)
        x = x * self.gain
        return x
