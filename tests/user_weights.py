"""Modules as people write them whose layers share weights, or compute them."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone calls it
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from user_modules import module


@module()
class ParametersByName(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for i in range(2):
            self.register_parameter(f"scale{i}", nn.Parameter(torch.ones(3, 1, 1)))

    def forward(self, x: Tensor) -> Tensor:
        for i in range(2):
            x = x * getattr(self, f"scale{i}")
        return x


@module()
class SharedLayer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = torch.tanh(self.norm(self.conv(x)))
        return x


@module()
class RegisteredBuffers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1), persistent=False)
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv((x - self.mean) / self.std)


@module()
class ScaleOfParameters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((3,), 1e-6))
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma.view(1, -1, 1, 1) + self.beta


@module()
class FunctionalBatchNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        n = self.norm
        return F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, self.training, 0.1, n.eps)


@module()
class WeightOfAnother(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.conv.weight, stride=2, padding=1)


@module(refused="a weight that is computed")
class ComputedWeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.conv.weight / self.conv.weight.norm())


class _Block(nn.Module):
    def __init__(self, shared: nn.Module) -> None:
        super().__init__()
        self.shared = shared

    def forward(self, x: Tensor) -> Tensor:
        return self.shared(x).relu()


@module(refused="used in two places")
class SharedBetweenBlocks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        conv = nn.Conv2d(3, 3, 1)
        self.one, self.other = _Block(conv), _Block(conv)

    def forward(self, x: Tensor) -> Tensor:
        return self.other(self.one(x))


@module((3, 8, 8), (3, 8, 8))
class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Sequential(nn.Flatten(), nn.Linear(144, 5)))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.encoder(left) - self.encoder(right)


@module()
class TwiceInARow(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.body(x))


@module()
class ComputedWeights(nn.Module):
    """A discriminator's layers, and some whose weights' lengths are trained apart."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.spectral_norm(nn.Conv2d(3, 6, 3, stride=2, bias=False))
        self.body = nn.Sequential(*(Normed(6) for _ in range(2)))
        self.up = parametrizations.weight_norm(nn.ConvTranspose2d(6, 4, 2, stride=2))
        self.fc = parametrizations.weight_norm(nn.Linear(4, 5))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.up(self.body(self.conv(x))).mean((2, 3)))


class Normed(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = parametrizations.spectral_norm(nn.Conv2d(channels, channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x).relu()


@module(refused="`conv.weight` is computed by Orthogonal")
class OrthogonalWeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.orthogonal(nn.Conv2d(3, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


@module(refused="`conv.bias` is computed by WeightNorm")
class ComputedBias(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = parametrizations.weight_norm(nn.Conv2d(3, 3, 1), name="bias")

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


@module(refused="layer_norm of `norm.weight`, which is computed by weight_norm")
class ComputedNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = parametrizations.weight_norm(nn.LayerNorm(8))

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


def _standardised(weight: Tensor, gain: Tensor | None = None) -> Tensor:
    rows = weight.reshape(1, weight.shape[0], -1)
    return F.batch_norm(rows, None, None, weight=gain, training=True, eps=1e-5).reshape_as(weight)


@module()
class StandardisedWeights(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, _standardised(self.weight), self.bias, self.stride, self.padding)


@module()
class ScaledStandardisedWeights(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(3, 4, 3, padding=1)
        self.gain = nn.Parameter(torch.ones(4, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = _standardised(self.weight, (self.gain * 0.5).view(-1))
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)


@module()
class Blurred(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("filt", torch.outer(row, row).repeat(3, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(F.pad(x, [1, 1, 1, 1], mode="reflect"), self.filt, stride=2, groups=3)


@module((6, 8), refused="used in two places")
class WeightOfTwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(8, 8), nn.Linear(8, 8)
        self.other.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.other(self.one(x).relu())
