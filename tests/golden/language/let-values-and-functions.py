"""scaled, emitted by archspec 0.1.0 (spec 998c934d3856eb7c). To regenerate:

archspec emit let-values-and-functions.yaml -o scaled.py
"""

from torch import Tensor, nn


class StageBody(nn.Module):
    """The group `body` of `stage`.

    Shape: (N, in_channels, H, W) -> (N, in_channels, H, W)
    """

    def __init__(self, in_channels: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Conv2d(in_channels, hidden, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)
        self.back = nn.Conv2d(hidden, in_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.back(self.relu(self.up(x)))
        out += x
        return out


class Stage(nn.Sequential):
    """The block `stage`.

    Shape: (N, in_channels, H, W) -> (N, channels, H / 2, W / 2)

    Args:
        depth: How many bottlenecks there are.
        ratio: How much wider they are inside.
    """

    def __init__(
        self, in_channels: int, channels: int, depth: int, ratio: int = 4
    ) -> None:
        super().__init__()
        hidden = channels * ratio
        self.down = nn.Conv2d(in_channels, channels, kernel_size=2, stride=2)
        self.body = nn.Sequential(*(StageBody(channels, hidden) for _ in range(depth)))


class Scaled(nn.Module):
    """Widths that scale, each rounded where it is made.

    Shape: (N, 3, 32, 32) -> (N, 10)
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
        self.stage1 = Stage(16, 32, 1)
        self.stage2 = Stage(32, 64, 3, ratio=3)
        self.head = nn.Sequential()
        self.head.conv = nn.Conv2d(64, 640, kernel_size=1)
        self.head.relu = nn.ReLU(inplace=True)
        self.head.pool = nn.AdaptiveAvgPool2d(1)
        self.head.flat = nn.Flatten()
        self.fc = nn.Linear(640, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.head(x)
        x = self.fc(x)
        return x
