"""discriminator, emitted by archspec 0.1.0 (spec fd7934c59a93589c). To regenerate:

archspec emit parametrize-discriminator.yaml -o discriminator.py
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn


def standardized(weight: Tensor, eps: float) -> Tensor:
    """The weights of each output with mean 0 and variance 1 (Qiao et al. 2019)."""
    rows = weight.reshape(1, weight.shape[0], -1)
    rows = nn.functional.batch_norm(rows, None, None, training=True, eps=eps)
    return rows.reshape(weight.shape)


class StdConv2d(nn.Conv2d):
    """nn.Conv2d whose weights for each output have mean 0 and variance 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str | int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
        )
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        """Convolve the input with the standardised weight."""
        weight = standardized(self.weight, self.eps)
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output


def per_axis(value: int | tuple[int, ...], axes: int) -> list[int]:
    """A number for each spatial dimension."""
    return [value] * axes if isinstance(value, int) else list(value)


def pad_same(
    x: Tensor,
    padding: str,
    kernel_size: list[int],
    stride: list[int],
    dilation: list[int],
    value: float = 0.0,
) -> Tensor:
    """Pad, so that a window fits as often as the size over the stride, rounded up.

    An odd place is added at the end in "same_upper", at the start in "same_lower".
    """
    if padding not in ("same_upper", "same_lower"):
        raise ValueError(f"padding is same_upper or same_lower, not {padding}")
    pads: list[int] = []
    for axis in range(len(kernel_size) - 1, -1, -1):
        size, step = x.shape[axis + 2], stride[axis]
        window = dilation[axis] * (kernel_size[axis] - 1) + 1
        total = max((size + step - 1) // step * step - step + window - size, 0)
        start = (total + int(padding == "same_lower")) // 2
        pads += [start, total - start]
    return nn.functional.pad(x, pads, value=value)


class Conv2dSame(nn.Conv2d):
    """nn.Conv2d with an output of the input's size over the stride, rounded up."""

    padding: str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str = "same_upper",
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
        )
        self.padding = padding

    def forward(self, input: Tensor) -> Tensor:
        """Pad the input and convolve it."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(input, self.padding, list(kernel), list(step), list(gap))
        weight, bias = self.weight, self.bias
        return nn.functional.conv2d(x, weight, bias, step, 0, gap, self.groups)


class StdConv2dSame(Conv2dSame):
    """Conv2dSame whose weights for each output have mean 0 and variance 1."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: str = "same_upper",
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-6,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
        )
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        """Pad the input and convolve it with the standardised weight."""
        kernel, step, gap = self.kernel_size, self.stride, self.dilation
        x = pad_same(input, self.padding, list(kernel), list(step), list(gap))
        weight, bias = standardized(self.weight, self.eps), self.bias
        return nn.functional.conv2d(x, weight, bias, step, 0, gap, self.groups)


class Discriminator(nn.Module):
    """A discriminator with spectral normalisation (Miyato et al. 2018), whose last
    layers have other kinds.

    Shape: (N, 3, 32, 32) -> (N, 1)
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential()
        for in_channels, channels, stride in [(3, 16, 1), (16, 32, 2), (32, 64, 2)]:
            self.body.append(
                nn.Sequential(
                    OrderedDict(
                        conv=nn.utils.parametrizations.spectral_norm(
                            nn.Conv2d(
                                in_channels,
                                channels,
                                kernel_size=3,
                                stride=stride,
                                padding=1,
                            ),
                        ),
                        act=nn.LeakyReLU(negative_slope=0.1),
                    ),
                ),
            )
        self.up = nn.utils.parametrizations.weight_norm(
            nn.ConvTranspose2d(64, 8, kernel_size=2, stride=2)
        )
        self.standard = StdConv2d(8, 8, kernel_size=3, padding=1, eps=1e-08)
        self.same = StdConv2dSame(8, 4, kernel_size=3, stride=2, padding="same_upper")
        self.plain = nn.Conv2d(4, 4, kernel_size=1)
        self.score = nn.utils.parametrizations.spectral_norm(nn.Linear(256, 1))
        self.init_weights()
        self.up.requires_grad_(False)

    def init_weights(self) -> None:
        for module in self.modules():
            if (
                isinstance(module, (StdConv2d, StdConv2dSame))
                and module.bias is not None
            ):
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Conv2d):
                if "parametrizations.weight.original" in dict(module.named_parameters()):
                    nn.init.normal_(module.parametrizations.weight.original, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.orthogonal_(module.parametrizations.weight.original)
        for name, parameter in self.named_parameters():
            if name == "up.parametrizations.weight.original0":
                nn.init.ones_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        x = self.up(x)
        x = self.standard(x)
        x = self.same(x)
        x = self.plain(x)
        x = torch.flatten(x, start_dim=1)
        x = self.score(x)
        return x
