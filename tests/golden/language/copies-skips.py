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
        layers_skip_outs: list[Tensor] = []
        for layer in self.layers[:-1]:
            x, layers_skip = layer(x)
            layers_skip_outs.append(layers_skip)
        layers_skip = self.layers[-1](x)
        layers_skip_outs.append(layers_skip)
        x = layers_skip_outs[0] + layers_skip_outs[1]
        x = x + layers_skip_outs[2]
        x = x + layers_skip_outs[3]
        x = x + layers_skip_outs[4]
        x = x + layers_skip_outs[5]
        x = x + layers_skip_outs[6]
        x = x + layers_skip_outs[7]
        x = x + layers_skip_outs[8] + layers_skip
        x = self.relu(x)
        x = self.scores(x)
        return x
