"""changed_rows, emitted by archspec 0.1.0 (spec 0563432bb7eadb43). To regenerate:

archspec emit override-rows.yaml -o changed_rows.py
"""

from collections.abc import Callable

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        act: Callable[..., nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = act()


class ConvBnRelu2(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, H, W) -> (N, 64, 4, 4)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2,
            bias=False,
        )
        self.bn = nn.GroupNorm(num_groups=8, num_channels=out_channels)
        self.relu = nn.ReLU()


class ChangedRows(nn.Module):
    """Rows of a table, and copies inside of them, that differ by a change.

    Shape: (N, 3, 32, 32) -> (N, 64, 4, 4)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            nn.Sequential(ConvBnRelu(3, 16, kernel_size=5, stride=2)),
            nn.Sequential(
                ConvBnRelu(16, 32, stride=2),
                ConvBnRelu(32, 32),
                ConvBnRelu(32, 32, act=nn.SiLU),
            ),
            nn.Sequential(
                ConvBnRelu2(32, 64, stride=2), ConvBnRelu2(64, 64, kernel_size=1)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(x)
        return x
