"""detector, emitted by archspec 0.1.0 (spec a7b8d91ddb336c5a). To regenerate:

archspec emit let-from-a-free-parameter.yaml -o detector.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class Head(nn.Sequential):
    """The block `head`.

    Shape: (N, 32, 8, 8) -> (N, 75, 8, 8)
    """

    def __init__(self, in_channels: int, numbers: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(in_channels, in_channels, kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.out = nn.Conv2d(in_channels, numbers, kernel_size=1)


class DetectorOutputs(NamedTuple):
    """Outputs of detector."""

    small: Tensor
    large: Tensor


class Detector(nn.Module):
    """The network `detector`.

    Shape: (N, 3, 32, 32) -> (N, 75, 16, 16), (N, 75, 8, 8)
    """

    def __init__(self, num_classes: int = 20, anchors: int = 3) -> None:
        super().__init__()
        numbers = anchors * (5 + num_classes)
        self.stem = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.small = nn.Conv2d(16, numbers, kernel_size=1)
        self.down = nn.Conv2d(16, 32, kernel_size=3, stride=2, padding=1)
        self.large = Head(32, numbers)

    def forward(self, x: Tensor) -> DetectorOutputs:
        x = self.stem(x)
        relu = self.relu(x)
        small = self.small(relu)
        x = self.large(self.down(relu))
        return DetectorOutputs(small, x)
