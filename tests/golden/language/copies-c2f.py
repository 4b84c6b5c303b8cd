"""c2f, emitted by archspec 0.1.0 (spec 41ee2e77b2aa6cec). To regenerate:

archspec emit copies-c2f.yaml -o c2f.py
"""

import torch
from torch import Tensor, nn


class ConvBnSilu(nn.Sequential):
    """Convolution without bias, batch normalisation, SiLU (Tan and Le 2019,
    arXiv:1905.11946, section 5.2).

    Shape: (N, in_channels, 16, 16) -> (N, out_channels, 16, 16)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            padding=(kernel_size - 1) // 2,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.silu = nn.SiLU()


class C2f2(nn.Module):
    """The block `c2f`.

    Shape: (N, in_channels, 16, 16) -> (N, channels, 16, 16)
    """

    def __init__(self, in_channels: int, channels: int, n: int = 1) -> None:
        super().__init__()
        hidden = channels // 2
        self.cv1 = ConvBnSilu(in_channels, 2 * hidden, kernel_size=1)
        self.m = nn.ModuleList([ConvBnSilu(hidden, hidden) for _ in range(n)])
        self.cv2 = ConvBnSilu(hidden + hidden + n * hidden, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.cv1(x)
        left, right = torch.chunk(x, 2, dim=1)
        x = right
        m_outs: list[Tensor] = []
        for layer in self.m:
            x = layer(x)
            m_outs.append(x)
        x = torch.cat([left, right] + m_outs, dim=1)
        x = self.cv2(x)
        return x


class C2f(nn.Module):
    """The outputs of all copies of a repeat, joined.

    Two YOLOv8 blocks. Source: ultralytics, nn/modules/block.py, C2f.

    Shape: (N, 3, 32, 32) -> (N, 10)
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
        self.stage1 = C2f2(8, 16)
        self.stage2 = C2f2(16, 32, n=3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
