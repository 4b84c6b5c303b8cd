"""streams, emitted by archspec 0.1.0 (spec 1233d1035cb8beb9). To regenerate:

archspec emit copies-streams.yaml -o streams.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Fuse(nn.Module):
    """The block `fuse`.

    Shape: (N, 8, 16, 16), (N, 16, 8, 8) -> (N, 8, 16, 16), (N, 16, 8, 8)

    Args:
        high_channels: Channels of `high`.
        low_channels: Channels of `low`.
    """

    def __init__(self, high_channels: int, low_channels: int) -> None:
        super().__init__()
        self.high_conv = nn.Conv2d(
            high_channels, high_channels, kernel_size=3, padding=1
        )
        self.low_conv = nn.Conv2d(low_channels, low_channels, kernel_size=3, padding=1)
        self.up = nn.Conv2d(low_channels, high_channels, kernel_size=1)
        self.up_size = nn.Upsample(scale_factor=2)
        self.down = nn.Conv2d(
            high_channels, low_channels, kernel_size=3, stride=2, padding=1
        )

    def forward(self, high: Tensor, low: Tensor) -> tuple[Tensor, Tensor]:
        high_conv = self.high_conv(high)
        low_conv = self.low_conv(low)
        out = self.up_size(self.up(low_conv))
        down = self.down(high_conv)
        high_sum = high_conv + out
        low_sum = low_conv + down
        return high_sum, low_sum


class StreamsSkip(nn.Module):
    """The group `skip` of `streams`.

    Shape: (N, 16, 8, 8), (N, 16, 8, 8), (N, 16, 8, 8) -> (N, 16, 8, 8)
    """

    def forward(self, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        out: Tensor = a + b + c + a
        return out


class StreamsOutputs(NamedTuple):
    """Outputs of streams."""

    high: Tensor
    skip: Tensor


class Streams(nn.Module):
    """Copies that hand two tensors on, as HRNet's modules do.

    Wang et al., Deep High-Resolution Representation Learning for Visual Recognition,
    2019. https://arxiv.org/abs/1908.07919

    Shape: (N, 3, 32, 32) -> (N, 8, 16, 16), (N, 16, 8, 8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.high = nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1)
        self.low = nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1)
        self.stage = nn.ModuleList([Fuse(8, 16) for _ in range(3)])
        self.skip = StreamsSkip()

    def forward(self, x: Tensor) -> StreamsOutputs:
        high = self.high(x)
        low = self.low(high)
        stage_low_outs: list[Tensor] = []
        for layer in self.stage:
            high, low = layer(high, low)
            stage_low_outs.append(low)
        low = self.skip(low, stage_low_outs[0], stage_low_outs[1])
        return StreamsOutputs(high, low)
