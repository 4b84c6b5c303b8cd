"""copies, emitted by archspec 0.1.0 (spec 046a58f92ae2023d). To regenerate:

archspec emit reuse-copies.yaml -o copies.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Unit(nn.Sequential):
    """The block `unit`.

    Shape: (N, 8, H, W) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, channels, kernel_size=3, stride=stride, padding=1
        )
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)


class Pair(nn.Module):
    """The block `pair`.

    Shape: (N, 8, 8, 8), (N, 8, 8, 8) -> (N, 8, 8, 8), (N, 8, 8, 8)

    Args:
        query_channels: Channels of `query`.
    """

    def __init__(self, query_channels: int) -> None:
        super().__init__()
        self.key = nn.Conv2d(query_channels, 8, kernel_size=1)
        self.other = Unit(8, 8)

    def forward(self, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        query = self.key(query)
        value = self.key(memory)
        query += value
        other = self.other(value)
        return query, other


class Tower(nn.Module):
    """The block `tower`.

    Shape: (N, 8, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int, depth: int = 3) -> None:
        super().__init__()
        self.layer = Unit(in_channels, 8)
        self.rest_repeat = depth - 1

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        for _ in range(self.rest_repeat):
            x = self.layer(x)
        return x


class CopiesGate(nn.Module):
    """The group `gate` of `copies`.

    Shape: (N, 8, 8, 8), (N, 8, 8, 8) -> (N, 8, 8, 8)

    Args:
        a_channels: Channels of `a`.
    """

    def __init__(self, a_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(a_channels, 8, kernel_size=1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        a = self.conv(a)
        a += b
        return a


class CopiesOutputs(NamedTuple):
    """Outputs of copies."""

    again: Tensor
    gate: Tensor
    gated: Tensor


class Copies(nn.Module):
    """A repeat again as a whole, one copy of it again, and several times; a block of
    two inputs on one tensor and on two.

    Shape: (N, 8, 16, 16), (N, 8, 12, 12) -> (N, 8, 6, 6), (N, 8, 8, 8), (N, 8, 12,
    12)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(
            Unit(8, 8, stride=2), *(Unit(8, 8) for _ in range(2))
        )
        self.own = Pair(8)
        self.three = Tower(8)
        self.two = Tower(8, depth=2)
        self.one = Tower(8, depth=1)
        self.gate = CopiesGate(8)
        self.act = nn.ReLU()

    def forward(self, x: Tensor, y: Tensor) -> CopiesOutputs:
        x = self.stage(x)
        again = self.stage(y)
        third = self.stage[1](y)
        more = x
        for _ in range(3):
            more = self.stage[2](more)
        own_sum, _ = self.own(more, more)
        _, cross_other = self.own(third, y)
        out = self.three(own_sum)
        out = self.two(out)
        out = self.one(out)
        out = self.gate(out, own_sum)
        deeper = self.two(cross_other)
        deeper = self.gate(deeper, deeper)
        out = self.act(out)
        act_again = self.act(deeper)
        return CopiesOutputs(again, out, act_again)
