"""chosen_ops, emitted by archspec 0.1.0 (spec 63bca626fad45e8e). To regenerate:

archspec emit ops-as-parameters.yaml -o chosen_ops.py
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


class Mixer(nn.Sequential):
    """The block `mixer`.

    Shape: (N, in_channels, 16, 16) -> (N, channels, 16, 16)
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        conv_bias: bool,
        has_act: bool,
        norm: Callable[..., nn.Module] = nn.BatchNorm2d,
        act: Callable[..., nn.Module] = nn.ReLU,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, channels, kernel_size=3, padding=1, bias=conv_bias
        )
        self.norm = norm(channels)
        self.act = act() if has_act else nn.Identity()


class Mixer2(nn.Sequential):
    """The block `mixer`.

    Shape: (N, 16, 16, 16) -> (N, 8, 16, 16)
    """

    def __init__(self, in_channels: int, channels: int, slope: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, channels, kernel_size=3, padding=1, bias=False
        )
        self.norm = nn.BatchNorm2d(channels)
        self.leaky = nn.LeakyReLU(negative_slope=slope)


class Bottleneck(nn.Module):
    """Bottleneck residual block, 1x1, 3x3, 1x1 (He et al. 2016, arXiv:1512.03385,
    figure 5, right). The stride is in the 3x3 (v1.5), or with `stride_in_1x1` in the
    first 1x1, as in the paper. With `groups` and `width_per_group` it is ResNeXt's
    block (Xie et al. 2017, arXiv:1611.05431, figure 3c).

    Shape: (N, 8, 16, 16) -> (N, 8, 16, 16)

    Args:
        channels: Channels of the 3x3 convolution at one group of 64.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels * 2, channels, kernel_size=1, bias=False)
        self.bn1 = nn.InstanceNorm2d(channels)
        self.relu1 = nn.ELU(alpha=0.5)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.InstanceNorm2d(channels)
        self.relu2 = nn.ELU(alpha=0.5)
        self.conv3 = nn.Conv2d(channels, channels * 2, kernel_size=1, bias=False)
        self.bn3 = nn.InstanceNorm2d(channels * 2)
        self.relu3 = nn.ELU(alpha=0.5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu1(self.bn1(self.conv1(x)))
        out = self.conv2(out)
        out = self.bn2(out)
        out = self.relu2(out)
        out = self.conv3(out)
        out = self.bn3(out)
        out = out + x
        out = self.relu3(out)
        return out


class ChosenOps(nn.Module):
    """Ops and blocks that parameters stand for.

    Shape: (N, 3, 16, 16) -> (N, 8)
    """

    def __init__(self) -> None:
        super().__init__()
        self.plain = Mixer(3, 8, False, True)
        self.same = Mixer(8, 16, False, True, act=nn.SiLU)
        self.leaky = Mixer2(16, 8, slope=0.2)
        self.bare = Mixer(8, 8, True, False, norm=nn.Identity, act=nn.Identity)
        self.grouped = nn.Sequential(
            Mixer(8, 8, False, True, norm=partial(nn.GroupNorm, 2), act=nn.SiLU),
            Mixer(8, 8, False, True, norm=partial(nn.GroupNorm, 2)),
        )
        self.library = Bottleneck(4)
        self.between = nn.Sequential(nn.Identity(), *(nn.SiLU() for _ in range(2)))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Softmax(dim=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.plain(x)
        x = self.same(x)
        x = self.leaky(x)
        x = self.bare(x)
        x = self.grouped(x)
        x = self.library(x)
        x = self.between(x)
        x = self.pool(x)
        x = torch.flatten(x, start_dim=1)
        x = self.head(x)
        return x
