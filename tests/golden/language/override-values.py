"""override_values, emitted by archspec 0.1.0 (spec cef77b543a7096f5). To regenerate:

archspec emit override-values.yaml -o override_values.py
"""

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, 3, 16, 16) -> (N, 16, 16, 16)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size=3, padding=1, bias=False
        )
        self.bn = nn.BatchNorm2d(out_channels)


class ResidualBasic(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2016, arXiv:1512.03385, figure
    5, left). Where the shapes differ, the shortcut is a strided 1x1 projection
    (option B of section 3.3), or every stride-th place with zeros as added channels
    (option A).

    Shape: (N, 16, 16, 16) -> (N, 16, 16, 16)

    Args:
        channels: Channels of both convolutions.
    """

    def __init__(self, channels: int, relu2_negative_slope: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.LeakyReLU(negative_slope=0.1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.LeakyReLU(negative_slope=relu2_negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu1(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        out = self.bn2(out)
        out += x
        out = self.relu2(out)
        return out


class ConvNormAct(nn.Sequential):
    """Convolution, normalisation and activation, the last two any op or none (Ioffe and
    Szegedy 2015, arXiv:1502.03167, section 3.2).

    Shape: (N, 16, 16, 16) -> (N, 24, 16, 16)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.norm = nn.GroupNorm(num_groups=4, num_channels=out_channels)


class OverrideValues(nn.Module):
    """Changes whose ops and blocks are values of parameters, with arguments.

    Shape: (N, 3, 16, 16) -> (N, 24, 16, 16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvBnRelu(3, 16)
        self.body = nn.Sequential(ResidualBasic(16, 0.1), ResidualBasic(16, 0.3))
        self.last = ConvNormAct(16, 24)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.body(x)
        x = self.last(x)
        return x
