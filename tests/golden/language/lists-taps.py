"""taps, emitted by archspec 0.1.0 (spec 999d06659a99282d). To regenerate:

archspec emit lists-taps.yaml -o taps.py
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Permute(nn.Module):
    """`torch.permute` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 1, 3, 2)


class Features(nn.Sequential):
    """The block `features`.

    Shape: (N, 3, 32, 32) -> (N, 8, 32, 32)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, 8, kernel_size=3, padding=1), nn.ReLU(inplace=True)
        )


class Features2(nn.Sequential):
    """The block `features`.

    Shape: (N, 3, 32, 32) -> (N, 8, 16, 16), (N, 16, 16, 16), (N, 16, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, 8, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            Permute(),
            nn.MaxPool2d(kernel_size=2),
            nn.ModuleList(
                [
                    nn.Conv2d(8, 16, kernel_size=3, padding=1),
                    nn.Conv2d(16, 16, kernel_size=3, padding=1),
                ],
            ),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self[2](self[1](self[0](x)))
        layer3 = self[3](x)
        x = layer3
        layer4_outs: list[Tensor] = []
        for layer in self[4]:
            x = layer(x)
            layer4_outs.append(x)
        x = self[5](x)
        return layer3, layer4_outs[0], x


class TapsOutputs(NamedTuple):
    """Outputs of taps."""

    low: Tensor
    flat: Tensor
    c2: Tensor
    c3: Tensor


class Taps(nn.Module):
    """Tensors inside of a list, taken by their numbers where the block is used.

    Shape: (N, 3, 32, 32) -> (N, 8, 32, 32), (N, 2048), (N, 16, 16, 16), (N, 16, 16,
    16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.low = Features(3)
        self.features = Features2(3)

    def forward(self, x: Tensor) -> TapsOutputs:
        low = self.low(x)
        features_c1, features_c2, features_c3 = self.features(x)
        flat = torch.flatten(features_c1, start_dim=1)
        return TapsOutputs(low, flat, features_c2, features_c3)
