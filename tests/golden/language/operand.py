"""separable, emitted by archspec 0.1.0 (spec 3695dd8dcde34a1c). To regenerate:

archspec emit operand.yaml -o separable.py
"""

import torch
from torch import Tensor, nn


class Separable2(nn.Sequential):
    """The block `separable`.

    Shape: (N, in_channels, 14, 14) -> (N, channels, 14, 14)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, kernel_size=3, padding=1, groups=in_channels
        )
        self.pointwise = nn.Conv2d(in_channels, channels, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)


class Separable(nn.Module):
    """The network `separable`.

    Shape: (N, 3, 16, 16) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3)
        self.a = Separable2(8, 16)
        self.b = nn.Sequential(*(Separable2(16, 16) for _ in range(2)))
        self.c = nn.Sequential(Separable2(16, 24), Separable2(24, 48))
        self.smooth = nn.Sequential(
            *(nn.Conv2d(48, 48, kernel_size=3, padding=1, groups=48) for _ in range(2))
        )
        self.pool = nn.AvgPool2d(kernel_size=14)
        self.fc = nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.a(x)
        x = self.b(x)
        x = self.c(x)
        x = self.smooth(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
