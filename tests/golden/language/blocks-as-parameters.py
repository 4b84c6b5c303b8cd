"""chosen_blocks, emitted by archspec 0.1.0 (spec 38c65e4c1b6a207c). To regenerate:

archspec emit blocks-as-parameters.yaml -o chosen_blocks.py
"""

from collections.abc import Callable

from torch import Tensor, nn


class ConvBnRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, 8, 8, 8) -> (N, out_channels, 8, 8)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)


class ConvBn(nn.Sequential):
    """Convolution without bias and batch normalisation (Ioffe and Szegedy 2015,
    arXiv:1502.03167, section 3.2).

    Shape: (N, in_channels, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size=1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)


class Narrow(nn.Sequential):
    """The block `narrow`.

    Shape: (N, 8, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int, out_channels: int, width: int) -> None:
        super().__init__()
        self.squeeze = ConvBnRelu(in_channels, width)
        self.expand = ConvBn(width, out_channels)


class ConvNormAct(nn.Sequential):
    """Convolution, normalisation and activation, the last two any op or none (Ioffe and
    Szegedy 2015, arXiv:1502.03167, section 3.2).

    Shape: (N, 8, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, out_channels, kernel_size=3, padding=1, bias=False
        )
        self.norm = nn.BatchNorm2d(out_channels)
        self.act = nn.LeakyReLU(negative_slope=0.1)


class Residual(nn.Module):
    """Any block with a shortcut beside it.

    Shape: (N, 8, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(
        self,
        in_channels: int,
        branch_width: int,
        has_branch: bool,
        act: Callable[..., nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.branch: nn.Module = nn.Identity()
        if has_branch:
            self.branch = Narrow(in_channels, in_channels, width=branch_width)
        self.has_branch = has_branch
        self.act = act()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.branch(x)
        if self.has_branch:
            out = out + x
        out = self.act(out)
        return out


class Residual2(nn.Module):
    """Any block with a shortcut beside it.

    Shape: (N, 8, 8, 8) -> (N, 8, 8, 8)
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch = ConvNormAct(in_channels, in_channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.branch(x)
        out = self.act(out)
        return out


class ChosenBlocks(nn.Module):
    """A wrapper of any block, and networks that give it their own.

    Shape: (N, 8, 8, 8) -> (N, 8, 1, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = Residual(8, 4, True)
        self.second = Residual(8, 2, True, act=nn.SiLU)
        self.third = nn.Sequential(*(Residual2(8) for _ in range(2)))
        self.fourth = Residual(8, 4, False)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = self.second(x)
        x = self.third(x)
        x = self.fourth(x)
        x = self.pool(x)
        return x
