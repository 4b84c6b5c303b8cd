"""rows, emitted by archspec 0.1.0 (spec ff222a7f8420f47a). To regenerate:

archspec emit tables-rows.yaml -o rows.py
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pyramid(nn.Sequential):
    """The block `pyramid`.

    Shape: (N, 8, 32, 32) -> (N, channels, 32, 32)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential()
        for in_channels_, width, size in [
            (in_channels, channels, 3),
            (channels, channels * 2, 1),
            (channels * 2, channels, 3),
        ]:
            self.convs.append(
                nn.Conv2d(in_channels_, width, kernel_size=size, padding=size // 2)
            )


class RowsStages(nn.Sequential):
    """The group `stages` of `rows`.

    Shape: (N, in_channels, H, W) -> (N, channels, H / 2, W / 2)
    """

    def __init__(self, in_channels: int, channels: int, depth: int, act: bool) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            nn.Conv2d(in_channels, channels, kernel_size=1),
            *(nn.Conv2d(channels, channels, kernel_size=1) for _ in range(depth - 1)),
        )
        self.act = nn.ReLU() if act else nn.Identity()
        self.pool = nn.MaxPool2d(kernel_size=2)


class Mix(nn.Module):
    """The block `mix`.

    Shape: (N, 40, 4, 4) -> (N, 16, 4, 4)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel_size=1)
        self.gate = nn.Conv2d(in_channels, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        conv: Tensor = self.conv(x)
        conv += self.gate(x)
        return conv


class Mix2(nn.Module):
    """The block `mix`.

    Shape: (N, 16, 4, 4), (N, 40, 4, 4) -> (N, channels, 4, 4)

    Args:
        a_channels: Channels of `a`.
        b_channels: Channels of `b`.
    """

    def __init__(self, a_channels: int, b_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(a_channels, channels, kernel_size=1)
        self.gate = nn.Conv2d(b_channels, channels, kernel_size=1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a = self.conv(a)
        a += self.gate(b)
        return a


class RowsCounted(nn.Sequential):
    """The group `counted` of `rows`.

    Shape: (N, in_channels, 4, 12) -> (N, 8 * (j + 1), 4, 12)
    """

    def __init__(self, in_channels: int, j: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 8 * (j + 1), kernel_size=1)
        self.relu = nn.ReLU(inplace=True)


class Rows(nn.Module):
    """Tables of every kind.

    Shape: (N, 3, 32, 32) -> (N, 1152)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.small = Pyramid(8, 8)
        self.large = Pyramid(8, 12)
        self.plain = nn.Sequential()
        for in_channels, width in [(12, 8), (8, 16), (16, 16)]:
            self.plain.append(nn.Conv2d(in_channels, width, kernel_size=1))
        self.stages = nn.Sequential(
            *(
                RowsStages(in_channels, channels, depth, act)
                for in_channels, channels, depth, act in [
                    (16, 24, 2, True),
                    (24, 32, 1, False),
                    (32, 40, 3, True),
                ]
            ),
        )
        self.mixes = nn.ModuleList(
            [
                nn.ModuleList([Mix(40, 16), Mix2(16, 40, 16)]),
                nn.ModuleList([Mix2(16, 40, 24)]),
            ],
        )
        self.counted = nn.Sequential(
            RowsCounted(24, 0), RowsCounted(8, 1), RowsCounted(16, 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.small(x)
        x = self.large(x)
        x = self.plain(x)
        stages = self.stages(x)
        x = self.mixes[0][0](stages)
        x = self.mixes[0][1](x, stages)
        x = self.mixes[1][0](x, stages)
        x = F.pad(x, (1, 2))
        x = F.pad(x, (2, 2))
        x = F.pad(x, (1, 0))
        x = self.counted(x)
        return torch.flatten(x, start_dim=1)
