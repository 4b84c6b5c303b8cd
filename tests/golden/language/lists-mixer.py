"""mixer, emitted by archspec 0.1.0 (spec b83d543ae7ac91d2). To regenerate:

archspec emit lists-mixer.yaml -o mixer.py
"""

import re

from torch import Tensor, nn


class Permute(nn.Module):
    """`torch.permute` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1)


class Mul(nn.Module):
    """`torch.mul` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 0.5


class Permute2(nn.Module):
    """`torch.permute` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2)


class Mlp(nn.Sequential):
    """The block `mlp`.

    Shape: (N, 4, 4, in_features) -> (N, 4, 4, width)
    """

    def __init__(self, width: int, in_features: int, drop: bool = True) -> None:
        super().__init__(
            nn.Linear(in_features, width),
            nn.ReLU(inplace=True),
            nn.Dropout() if drop else nn.Identity(),
            nn.Linear(width, width),
        )


class Mixer(nn.Sequential):
    """A list as a whole network, with functions as layers, copies, a list in a list,
    and what a condition leaves out.

    Shape: (N, 3, 16, 16) -> (N, 10)
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__(
            nn.Conv2d(3, 8, kernel_size=4, stride=4),
            nn.Identity(),
            nn.Sequential(
                *(nn.Conv2d(8, 8, kernel_size=3, padding=1) for _ in range(2))
            ),
            Permute(),
            nn.Sequential(Mlp(16, 8), *(Mlp(16, 16) for _ in range(2))),
            nn.Sequential(Mul(), Mlp(12, 16, drop=False)),
            Permute2(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(12, num_classes),
        )
        self.init_weights()

    def init_weights(self) -> None:
        for name, parameter in self.named_parameters():
            if name == "9.bias":
                nn.init.zeros_(parameter)
            if re.fullmatch(r"4\.[^.]*\.[^.]*\.weight", name):
                nn.init.xavier_uniform_(parameter, gain=1)
