"""scaled, emitted by archspec 0.1.0 (spec e395e6172cf34e32). To regenerate:

archspec emit let-values-and-functions.yaml -o scaled.py
"""

from collections import OrderedDict

from torch import Tensor, nn


class StageBody(nn.Module):
    """The group `body` of `stage`.

    Shape: (N, 32, 8, 8) -> (N, 32, 8, 8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Conv2d(32, 128, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)
        self.back = nn.Conv2d(128, 32, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.up(x)
        out = self.relu(out)
        out = self.back(out)
        out += x
        return out


class StageBody2(nn.Module):
    """The group `body` of `stage`.

    Shape: (N, 64, 4, 4) -> (N, 64, 4, 4)
    """

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Conv2d(64, 192, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)
        self.back = nn.Conv2d(192, 64, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.up(x)
        out = self.relu(out)
        out = self.back(out)
        out += x
        return out


class Stage(nn.Sequential):
    """The block `stage`.

    Shape: (N, 16, 16, 16) -> (N, 32, 8, 8)

    Args:
        in_channels: Channels of the input.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            OrderedDict(
                down=nn.Conv2d(in_channels, 32, kernel_size=2, stride=2),
                body=nn.Sequential(*(StageBody() for _ in range(1))),
            ),
        )


class Stage2(nn.Sequential):
    """The block `stage`.

    Shape: (N, 32, 8, 8) -> (N, 64, 4, 4)
    """

    def __init__(self) -> None:
        super().__init__(
            OrderedDict(
                down=nn.Conv2d(32, 64, kernel_size=2, stride=2),
                body=nn.Sequential(*(StageBody2() for _ in range(3))),
            ),
        )


class Scaled(nn.Module):
    """Widths that scale, each rounded where it is made.

    Shape: (N, 3, 32, 32) -> (N, 10)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
        self.stage1 = Stage(16)
        self.stage2 = Stage2()
        self.head = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(64, 640, kernel_size=1),
                relu=nn.ReLU(inplace=True),
                pool=nn.AdaptiveAvgPool2d(1),
                flat=nn.Flatten(),
            ),
        )
        self.fc = nn.Linear(640, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.head(x)
        x = self.fc(x)
        return x
