"""partly_frozen, emitted by archspec 0.1.0 (spec 346183a988842067). To regenerate:

archspec emit freeze-patterns.yaml -o partly_frozen.py
"""

import re

import torch
from torch import Tensor, nn


class ResidualBasic(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2016, arXiv:1512.03385, figure
    5, left). Where the shapes differ, the shortcut is a strided 1x1 projection
    (option B of section 3.3), or every stride-th place with zeros as added channels
    (option A).

    Shape: (N, in_channels, H, W) -> (N, channels, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential()
            self.downsample.conv = nn.Conv2d(
                in_channels, channels, kernel_size=1, stride=stride, bias=False
            )
            self.downsample.bn = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu1(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        out = self.bn2(out)
        out += self.downsample(x)
        out = self.relu2(out)
        return out


class PartlyFrozen(nn.Module):
    """The network `partly_frozen`.

    Shape: (N, 3, 32, 32) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=3, padding=1)
        self.layer1 = nn.Sequential(*(ResidualBasic(16, 16) for _ in range(2)))
        self.layer2 = nn.Sequential(
            ResidualBasic(16, 32, stride=2), *(ResidualBasic(32, 32) for _ in range(11))
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, 10)
        self.stem.requires_grad_(False)
        self.get_submodule("layer1.0").requires_grad_(False)
        for name, parameter in self.named_parameters():
            if re.match(r"(?:[^.]+\.)*bn[^.]*\.", name):
                parameter.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.fc(x)
        return x
