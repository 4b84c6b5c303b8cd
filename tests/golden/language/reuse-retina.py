"""retina, emitted by archspec 0.1.0 (spec a140365da45cb323). To regenerate:

archspec emit reuse-retina.yaml -o retina.py
"""

from typing import NamedTuple

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, H, W) -> (N, 16, H / stride, W / stride)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=3,
            stride=stride,
            padding=1,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class ConvRelu(nn.Sequential):
    """Convolution and ReLU (Krizhevsky et al. 2012, section 3.1).

    Shape: (N, 16, 16, 16) -> (N, 16, 16, 16)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.relu = nn.ReLU(inplace=True)


class Head(nn.Sequential):
    """The block `head`.

    Shape: (N, 16, 16, 16) -> (N, 36, 16, 16)
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(*(ConvRelu(16, 16) for _ in range(2)))
        self.predict = nn.Conv2d(16, out_channels, kernel_size=3, padding=1)


class RetinaOutputs(NamedTuple):
    """Outputs of retina."""

    classes3: Tensor
    classes4: Tensor
    boxes3: Tensor
    boxes4: Tensor


class Retina(nn.Module):
    """A pyramid whose levels have one head for classes and one for boxes.

    Shape: (N, 3, 64, 64) -> (N, 36, 16, 16), (N, 36, 8, 8), (N, 36, 16, 16), (N, 36,
    8, 8)
    """

    def __init__(self, num_classes: int = 4) -> None:
        super().__init__()
        self.stem = ConvBnRelu(3, 16, stride=4)
        self.down = ConvBnRelu(16, 16, stride=2)
        self.p3 = nn.Conv2d(16, 16, kernel_size=1)
        self.p4 = nn.Conv2d(16, 16, kernel_size=1)
        self.classes3 = Head(9 * num_classes)
        self.boxes3 = Head(36)

    def forward(self, x: Tensor) -> RetinaOutputs:
        stem = self.stem(x)
        down = self.down(stem)
        p3 = self.p3(stem)
        p4 = self.p4(down)
        classes3 = self.classes3(p3)
        classes4 = self.classes3(p4)
        boxes3 = self.boxes3(p3)
        boxes4 = self.boxes3(p4)
        return RetinaOutputs(classes3, classes4, boxes3, boxes4)
