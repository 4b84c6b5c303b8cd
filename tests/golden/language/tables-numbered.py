"""numbered, emitted by archspec 0.1.0 (spec ae2339f9473a5b0e). To regenerate:

archspec emit tables-numbered.yaml -o numbered.py
"""

from collections import OrderedDict

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, 16, 16) -> (N, out_channels, 16, 16)
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            padding=(kernel_size - 1) // 2,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class Numbered(nn.Module):
    """The number of a row, where each row is a repeat, and a row again.

    Shape: (N, 3, 16, 16) -> (N, 16, 16, 16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential()
        for in_channels, layer_kernel_size, depth, channels in [
            (3, 1, 2, 8),
            (8, 3, 3, 16),
            (16, 5, 2, 16),
        ]:
            self.stages.append(
                nn.Sequential(
                    OrderedDict(
                        layer=nn.Sequential(
                            ConvBnRelu(
                                in_channels, channels, kernel_size=layer_kernel_size
                            ),
                            *(
                                ConvBnRelu(
                                    channels, channels, kernel_size=layer_kernel_size
                                )
                                for _ in range(depth - 1)
                            ),
                        ),
                    ),
                ),
            )

    def forward(self, x: Tensor) -> Tensor:
        x = self.stages(x)
        x = self.stages[2](x)
        return x
