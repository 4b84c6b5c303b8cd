"""skips, emitted by archspec 0.1.0 (spec e1561dd7ae3cbf3f). To regenerate:

archspec emit copies-skips.yaml -o skips.py
"""

import torch.nn.functional as F
from torch import Tensor, nn


class SkipsLayers(nn.Module):
    """The group `layers` of `skips`.

    Shape: (N, 32, 4096) -> (N, 32, 4096), (N, 64, 4096)
    """

    def __init__(self, in_channels: int, rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.filter = nn.Conv1d(in_channels, 32, kernel_size=2, dilation=rate)
        self.tanh = nn.Tanh()
        self.gate = nn.Conv1d(in_channels, 32, kernel_size=2, dilation=rate)
        self.sigmoid = nn.Sigmoid()
        self.skip = nn.Conv1d(32, 64, kernel_size=1)
        self.dense = nn.Conv1d(32, 32, kernel_size=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        before = F.pad(x, (self.rate, 0))
        out = self.tanh(self.filter(before))
        mul = out * self.sigmoid(self.gate(before))
        skip = self.skip(mul)
        out = x + self.dense(mul)
        return out, skip


class SkipsLayers2(nn.Module):
    """The group `layers` of `skips`.

    Shape: (N, 32, 4096) -> (N, 64, 4096)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.filter = nn.Conv1d(in_channels, 32, kernel_size=2, dilation=512)
        self.tanh = nn.Tanh()
        self.gate = nn.Conv1d(in_channels, 32, kernel_size=2, dilation=512)
        self.sigmoid = nn.Sigmoid()
        self.skip = nn.Conv1d(32, 64, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        before = F.pad(x, (512, 0))
        x = self.tanh(self.filter(before))
        x = x * self.sigmoid(self.gate(before))
        x = self.skip(x)
        return x


class Skips(nn.Module):
    """Layers that hand one tensor on and leave another aside, of which all are added.

    van den Oord et al., WaveNet: A Generative Model for Raw Audio, 2016.
    https://arxiv.org/abs/1609.03499

    Shape: (N, 256, 4096) -> (N, 256, 4096)
    """

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv1d(256, 32, kernel_size=1)
        self.layers = nn.ModuleList(
            [*(SkipsLayers(32, 2**i) for i in range(9)), SkipsLayers2(32)]
        )
        self.relu = nn.ReLU(inplace=True)
        self.scores = nn.Conv1d(64, 256, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.start(x)
        layers_add, layers_skip0 = self.layers[0](x)
        layers_add, layers_skip1 = self.layers[1](layers_add)
        layers_add, layers_skip2 = self.layers[2](layers_add)
        layers_add, layers_skip3 = self.layers[3](layers_add)
        layers_add, layers_skip4 = self.layers[4](layers_add)
        layers_add, layers_skip5 = self.layers[5](layers_add)
        layers_add, layers_skip6 = self.layers[6](layers_add)
        layers_add, layers_skip7 = self.layers[7](layers_add)
        layers_add, layers_skip8 = self.layers[8](layers_add)
        layers = self.layers[9](layers_add)
        x = layers_skip0 + layers_skip1 + layers_skip2
        x = x + layers_skip3 + layers_skip4
        x = x + layers_skip5 + layers_skip6
        x = x + layers_skip7 + layers_skip8 + layers
        x = self.relu(x)
        x = self.scores(x)
        return x
