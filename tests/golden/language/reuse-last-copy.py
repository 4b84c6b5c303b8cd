"""last, emitted by archspec 0.1.0 (spec 2ab7dea641227630). To regenerate:

archspec emit reuse-last-copy.yaml -o last.py
"""

from torch import Tensor, nn


class Tower(nn.Module):
    """The block `tower`.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        layers = [nn.Conv2d(8, 8, kernel_size=3, padding=1) for _ in range(depth)]
        self.layers = nn.Sequential(*layers)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers[-1](self.act(self.layers(x)))
        for _ in range(2):
            x = self.layers[-1](x)
        return x


class Last(nn.Module):
    """The network `last`.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.deep = Tower(3)
        self.flat = Tower(1)
        self.stages = nn.Sequential()
        for kernel in [3, 5]:
            self.stages.append(nn.Conv2d(8, 8, kernel_size=kernel, padding=kernel // 2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.deep(x)
        x = self.flat(x)
        x = self.stages(x)
        x = self.stages[1](x)
        return x
