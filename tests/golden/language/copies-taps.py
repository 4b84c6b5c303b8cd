"""pyramid, emitted by archspec 0.1.0 (spec 3ae3afb015fc7455). To regenerate:

archspec emit copies-taps.yaml -o pyramid.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Stage(nn.Sequential):
    """The block `stage`.

    Shape: (N, in_channels, H, W) -> (N, channels, H / 2, W / 2)
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel_size=3, stride=2, padding=1)
        self.relu = nn.ReLU(inplace=True)


class Backbone(nn.Module):
    """The block `backbone`.

    Shape: (N, 3, 32, 32) -> (N, 16, 8, 8), (N, 24, 4, 4), (N, 32, 2, 2)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.body = nn.ModuleList(
            [Stage(in_channels, 8), *(Stage(8 * i, 8 * (i + 1)) for i in range(1, 4))]
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        body_outs: list[Tensor] = []
        for layer in self.body:
            x = layer(x)
            body_outs.append(x)
        return body_outs[1], body_outs[2], x


class Backbone2(nn.Sequential):
    """The block `backbone`.

    Shape: (N, 3, 32, 32) -> (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(Stage(in_channels, 8))


class PyramidOutputs(NamedTuple):
    """Outputs of pyramid."""

    c2: Tensor
    c3: Tensor
    c4: Tensor
    sum: Tensor


class Pyramid(nn.Module):
    """Outputs of single copies, counted from either end.

    Shape: (N, 3, 32, 32) -> (N, 16, 8, 8), (N, 24, 4, 4), (N, 32, 2, 2), (N, 8, 16,
    16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone(3)
        self.slim = Backbone2(3)
        self.stages = nn.ModuleList([nn.Conv2d(8, 8, kernel_size=1) for _ in range(3)])

    def forward(self, x: Tensor) -> PyramidOutputs:
        backbone_c2, backbone_c3, backbone_c4 = self.backbone(x)
        slim = self.slim(x)
        x = slim
        stages_outs: list[Tensor] = []
        for layer in self.stages:
            x = layer(x)
            stages_outs.append(x)
        sum = slim + stages_outs[0] + stages_outs[1] + x
        return PyramidOutputs(backbone_c2, backbone_c3, backbone_c4, sum)
