"""passed_by, emitted by archspec 0.1.0 (spec 75dd939949c6b93f). To regenerate:

archspec emit copies-passed-by.yaml -o passed_by.py
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


class PassedByOutputs(NamedTuple):
    """Outputs of passed_by."""

    finer: Tensor
    coarser: Tensor


class PassedBy(nn.Module):
    """A copy that is passed by hands on all that the others do.

    Shape: (N, 8, 16, 16), (N, 8, 8, 8) -> (N, 8, 16, 16), (N, 8, 8, 8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList(
            [nn.Identity(), Exchange(8), nn.Identity(), Exchange(8)]
        )

    def forward(self, fine: Tensor, coarse: Tensor) -> PassedByOutputs:
        body_finer, body_coarser = self.body[1](fine, coarse)
        body_finer, body_coarser = self.body[3](body_finer, body_coarser)
        return PassedByOutputs(body_finer, body_coarser)
