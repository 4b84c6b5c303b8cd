"""left_out, emitted by archspec 0.1.0 (spec 92531b75558a4dc8). To regenerate:

archspec emit copies-left-out.yaml -o left_out.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Exchange(nn.Module):
    """The block `exchange`.

    Shape: (N, 8, 16, 16), (N, 8, 8, 8) -> (N, 8, 16, 16), (N, 8, 8, 8)

    Args:
        fine_channels: Channels of `fine`.
    """

    def __init__(self, fine_channels: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(fine_channels, 8, kernel_size=3, stride=2, padding=1)
        self.up = nn.Upsample(scale_factor=2)

    def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        out = self.down(fine)
        out += coarse
        up = fine + self.up(out)
        return up, out


class LeftOutLayers(nn.Module):
    """The group `layers` of `left_out`.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16), (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 8, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        conv = self.conv(x)
        return x, conv


class LeftOutSkips(nn.Module):
    """The group `skips` of `left_out`.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16), (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(in_channels, 8, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = self.skip(x)
        add = skip + x
        return add, skip


class LeftOutSkips2(nn.Module):
    """The group `skips` of `left_out`.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.skip = nn.Conv2d(in_channels, 8, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.skip(x)
        return out


class LeftOutOutputs(NamedTuple):
    """Outputs of left_out."""

    sum: Tensor
    coarser: Tensor


class LeftOut(nn.Module):
    """Copies that are left out hand on all that the others do, also where a block is a
    value.

    Shape: (N, 8, 16, 16), (N, 8, 8, 8) -> (N, 8, 16, 16), (N, 8, 8, 8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList([Exchange(8), nn.Identity(), Exchange(8)])
        self.named = nn.ModuleList([Exchange(8), nn.Identity(), Exchange(8)])
        self.layers = nn.ModuleList([LeftOutLayers(8) for _ in range(2)])
        self.skips = nn.ModuleList([LeftOutSkips(8), LeftOutSkips2(8)])

    def forward(self, fine: Tensor, coarse: Tensor) -> LeftOutOutputs:
        body_finer, body_coarser = self.body[0](fine, coarse)
        body_finer, body_coarser = self.body[2](body_finer, body_coarser)
        named_finer, named_coarser = self.named[0](body_finer, body_coarser)
        named_finer2, named_coarser2 = self.named[2](named_finer, named_coarser)
        layers_map_outs: list[Tensor] = []
        for layer in self.layers:
            _, layers_map = layer(named_finer2)
            layers_map_outs.append(layers_map)
        skips_add, skips_skip0 = self.skips[0](named_finer2)
        skips = self.skips[1](skips_add)
        sum = layers_map_outs[0] + layers_map
        sum = sum + named_finer2 + skips_skip0 + skips
        return LeftOutOutputs(sum, named_coarser2)
