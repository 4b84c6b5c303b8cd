"""dilated, emitted by archspec 0.1.0 (spec 254b0f16565cbbcc). To regenerate:

archspec emit override-arguments.yaml -o dilated.py
"""

import torch
from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, 3, 32, 32) -> (N, 16, 32, 32)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size=3, padding=1, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)


class ResidualBasic(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2016, arXiv:1512.03385, figure
    5, left). Where the shapes differ, the shortcut is a strided 1x1 projection
    (option B of section 3.3), or every stride-th place with zeros as added channels
    (option A).

    Shape: (N, in_channels, H, W) -> (N, channels, H / stride, W / stride)
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, conv1_padding: int = 1
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels,
            channels,
            kernel_size=3,
            stride=stride,
            padding=conv1_padding,
            dilation=conv1_padding,
            bias=False,
        )
        self.bn1 = nn.BatchNorm2d(channels, eps=0.001)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, eps=0.001)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential()
            self.downsample.conv = nn.Conv2d(
                in_channels, channels, kernel_size=1, stride=stride, bias=False
            )
            self.downsample.bn = nn.BatchNorm2d(channels, eps=0.001)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu1(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        out = self.bn2(out)
        out += self.downsample(x)
        out = self.relu2(out)
        return out


class Dilated(nn.Module):
    """A residual network whose last stage keeps its places apart instead of striding.

    Shape: (N, 3, 32, 32) -> (N, 100)
    """

    def __init__(self, num_classes: int = 100) -> None:
        super().__init__()
        self.stem = ConvBnRelu(3, 16)
        self.layer1 = nn.Sequential(*(ResidualBasic(16, 16) for _ in range(3)))
        self.layer2 = nn.Sequential(
            ResidualBasic(16, 32, stride=2), *(ResidualBasic(32, 32) for _ in range(2))
        )
        self.layer3 = nn.Sequential(
            ResidualBasic(32, 64, conv1_padding=2),
            *(ResidualBasic(64, 64, conv1_padding=2) for _ in range(2)),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
