"""branches, emitted by archspec 0.1.0 (spec 64a75c4c8786db9f). To regenerate:

archspec emit copies-branches.yaml -o branches.py
"""

import torch
from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, 32, 32) -> (N, out_channels, 32, 32)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        dilation: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            padding=(kernel_size - 1) // 2 * dilation,
            dilation=dilation,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class BranchesBranches(nn.Module):
    """The group `branches` of `branches`.

    Shape: (N, 64, 32, 32) -> (N, 64, 32, 32), (N, 16, 32, 32)
    """

    def __init__(self, in_channels: int, rate: int) -> None:
        super().__init__()
        self.conv = ConvBnRelu(in_channels, 16, dilation=rate)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        conv = self.conv(x)
        return x, conv


class Branches(nn.Module):
    """Copies beside each other, which hand on what they took: a pyramid of dilated
    convolutions.

    Chen et al., Rethinking Atrous Convolution for Semantic Image Segmentation, 2017.
    https://arxiv.org/abs/1706.05587

    Shape: (N, 64, 32, 32) -> (N, 32, 32, 32)
    """

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [BranchesBranches(64, rate) for rate in [6, 12, 18]]
        )
        self.project = ConvBnRelu(112, 32, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        branches_map_outs: list[Tensor] = []
        for layer in self.branches:
            _, branches_map = layer(x)
            branches_map_outs.append(branches_map)
        x = torch.cat([x] + branches_map_outs, dim=1)
        x = self.project(x)
        return x
