"""conditions, emitted by archspec 0.1.0 (spec e45172bd8a2af1df). To regenerate:

archspec emit tables-conditions.yaml -o conditions.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, 14, 14) -> (N, 24, 14, 14)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size=3, padding=1, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class ConditionsOutputs(NamedTuple):
    """Outputs of conditions."""

    left: Tensor
    units: Tensor


class Conditions(nn.Module):
    """Rows of a table of which some are left out, a row that is such again, and rows
    that are repeats.

    Shape: (N, 8, 16, 16) -> (N, 16, 14, 14), (N, 24, 14, 14)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            nn.Conv2d(8, 8, kernel_size=1),
            nn.Identity(),
            nn.Conv2d(8, 16, kernel_size=3),
        )
        self.units = nn.Sequential(
            nn.Sequential(ConvBnRelu(16, 24), ConvBnRelu(24, 24))
        )

    def forward(self, x: Tensor) -> ConditionsOutputs:
        stages = self.stages(x)
        units = self.units(stages)
        return ConditionsOutputs(stages, units)
