"""changed_copies, emitted by archspec 0.1.0 (spec 902e3a8bba92cc0c). To regenerate:

archspec emit reuse-changed-copies.yaml -o changed_copies.py
"""

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size=kernel_size,
            padding=(kernel_size - 1) // 2,
            groups=groups,
        )
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class ConvBnRelu2(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
        self.bn = nn.GroupNorm(num_groups=4, num_channels=out_channels)
        self.relu = nn.SiLU()


class ChangedCopies(nn.Module):
    """Copies that a change makes differ are reused as they are.

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(
            ConvBnRelu(8, 8),
            ConvBnRelu2(8, 8),
            nn.Identity(),
            ConvBnRelu(8, 8, kernel_size=1, groups=2),
        )
        self.f = nn.Conv2d(8, 8, kernel_size=1)
        self.get_submodule("a.1").requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        x = self.a(x)
        for _ in range(2):
            x = self.a[1](x)
        x = self.a[3](x)
        x = self.f(x)
        return x
