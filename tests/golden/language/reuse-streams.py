"""shared_exchange, emitted by archspec 0.1.0 (spec 3e6f744a585847e3). To regenerate:

archspec emit reuse-streams.yaml -o shared_exchange.py
"""

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


class SharedExchange(nn.Module):
    """A block with two outputs, again and again with the same weights.

    Shape: (N, 8, 16, 16), (N, 8, 8, 8) -> (N, 8, 1, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self.one = Exchange(8)
        self.more = nn.ModuleList([Exchange(8) for _ in range(2)])
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        one_finer, one_coarser = self.one(fine, coarse)
        rest_finer = one_finer
        rest_coarser = one_coarser
        for _ in range(3):
            rest_finer, rest_coarser = self.one(rest_finer, rest_coarser)
        more_finer = rest_finer
        more_coarser = rest_coarser
        for layer in self.more:
            more_finer, more_coarser = layer(more_finer, more_coarser)
        again_finer = more_finer
        again_coarser = more_coarser
        for _ in range(2):
            again_finer, again_coarser = self.more[1](again_finer, again_coarser)
        out: Tensor = self.pool(again_finer)
        return out
