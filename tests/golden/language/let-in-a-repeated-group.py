"""tapered, emitted by archspec 0.1.0 (spec ca9551af404ddbcd). To regenerate:

archspec emit let-in-a-repeated-group.yaml -o tapered.py
"""

import torch
from torch import Tensor, nn


class TaperedBody(nn.Module):
    """The group `body` of `tapered`.

    Shape: (N, in_channels, 16, 16) -> (N, half + (out - half), 16, 16)
    """

    def __init__(self, in_channels: int, out: int) -> None:
        super().__init__()
        half = out // 2
        self.left = nn.Conv2d(in_channels, half, kernel_size=3, padding=1)
        self.right = nn.Conv2d(in_channels, out - half, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        left = self.left(x)
        right = self.right(x)
        return torch.cat((left, right), dim=1)


class Tapered(nn.Module):
    """The network `tapered`.

    Shape: (N, 3, 16, 16) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=3, padding=1)
        body = [TaperedBody(16 + 8 * i, 16 + (i + 1) * 8) for i in range(3)]
        self.body = nn.Sequential(*body)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(40, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.body(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
