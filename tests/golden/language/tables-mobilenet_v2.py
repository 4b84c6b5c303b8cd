"""mobilenet_v2, emitted by archspec 0.1.0 (spec a886e0710160734e). To regenerate:

archspec emit tables-mobilenet_v2.yaml -o mobilenet_v2.py
"""

import torch
from torch import Tensor, nn


class ConvBnRelu6(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU6 (Howard et al. 2017,
    arXiv:1704.04861, figure 3).

    Shape: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2,
            groups=groups,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu6 = nn.ReLU6(inplace=True)


class ConvBn(nn.Sequential):
    """Convolution without bias and batch normalisation (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, H, W) -> (N, out_channels, H, W)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)


class InvertedResidual(nn.Module):
    """Inverted residual with linear bottleneck: 1x1 expansion, 3x3 depthwise
    convolution, 1x1 projection without activation, and a shortcut where stride is 1
    and channels agree (Sandler et al. 2018, arXiv:1801.04381, table 1 and figure
    4d).

    Shape: (N, in_channels, H, W) -> (N, channels, H / stride, W / stride)

    Args:
        expansion: Channels inside over those of the input; 1 leaves the 1x1 out.
    """

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, expansion: int = 6
    ) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.expand: nn.Module = nn.Identity()
        if hidden != in_channels:
            self.expand = ConvBnRelu6(in_channels, hidden, kernel_size=1)
        self.depthwise = ConvBnRelu6(hidden, hidden, stride=stride, groups=hidden)
        self.project = ConvBn(hidden, channels)
        self.has_add = stride == 1 and in_channels == channels

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.project(self.depthwise(self.expand(x)))
        return out + x if self.has_add else out


class MobilenetV2(nn.Module):
    """MobileNet v2 (Sandler et al. 2018, arXiv:1801.04381), written as its table 2.

    Shape: (N, 3, 224, 224) -> (N, 1000)
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        self.conv1 = ConvBnRelu6(3, 32, stride=2)
        self.bottlenecks = nn.Sequential()
        for in_channels, t, c, n, s in [
            (32, 1, 16, 1, 1),
            (16, 6, 24, 2, 2),
            (24, 6, 32, 3, 2),
            (32, 6, 64, 4, 2),
            (64, 6, 96, 3, 1),
            (96, 6, 160, 3, 2),
            (160, 6, 320, 1, 1),
        ]:
            self.bottlenecks.append(
                nn.Sequential(
                    InvertedResidual(in_channels, c, stride=s, expansion=t),
                    *(InvertedResidual(c, c, expansion=t) for _ in range(n - 1)),
                ),
            )
        self.conv2 = ConvBnRelu6(320, 1280, kernel_size=1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(p=0.2)
        self.fc = nn.Linear(1280, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = self.bottlenecks(x)
        x = self.conv2(x)
        x = self.avgpool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.dropout(x)
        x = self.fc(x)
        return x
