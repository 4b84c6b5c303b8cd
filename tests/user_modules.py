"""Modules as people write them, with habits that break tracers: for each what import makes of it."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone calls it
from torch import Tensor, nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

MODULES: dict[str, tuple[type[nn.Module], tuple[tuple[int, ...], ...], str]] = {}
"""For each its class, the shapes of its inputs, and what refuses it; empty where it is imported."""


def module(*shapes: tuple[int, ...], refused: str = "") -> Any:
    def register(cls: type[nn.Module]) -> type[nn.Module]:
        MODULES[cls.__name__] = (cls, shapes or ((3, 8, 8),), refused)
        return cls

    return register


@module()
class ViewOfSize(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(144, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.fc(x.view(x.size(0), -1))


@module()
class FunctionalInPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.conv(x), inplace=True)
        y += 1
        return y.mul_(2).clamp_(max=6)


@module()
class CatOfSlices(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x[:, :1], x[:, 1:, :, :], x[..., ::1]], dim=1)


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
class LoopOverModuleList(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for i, layer in enumerate(self.layers):
            x = layer(x) if i % 2 else torch.relu(layer(x))
        return x


@module()
class DictOfOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return OrderedDict(first=self.a(x), second=self.b(x))


@module()
class TupleOfOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = self.conv(x)
        return y, y.mean((2, 3))


class _Pair(NamedTuple):
    low: Tensor
    high: Tensor


@module()
class NamedOutputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> _Pair:
        return _Pair(self.pool(x), x.sigmoid())


@module()
class ListComprehension(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Conv2d(3, 2, k, padding=k // 2) for k in (1, 3, 5))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


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
class ControlFlowOfShapes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.large(x) if x.shape[-1] > 7 else self.small(x)


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


class _Ignored(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    @torch.jit.ignore
    def helper(self, x: Tensor) -> Tensor:
        return self.conv(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.helper(x).relu()


module()(_Ignored)


@module()
class Checkpointed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + checkpoint(self.body, x, use_reentrant=False)


@module((6,))
class ResidualMlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*[nn.Sequential(nn.Linear(6, 6), nn.GELU(), nn.Dropout(0.1)) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x) + x


@module((3, 8, 8), (5, 4, 4))
class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.conv = nn.Conv2d(3, 5, 2, stride=2), nn.Conv2d(5, 5, 1)

    def forward(self, image: Tensor, features: Tensor) -> Tensor:
        return self.conv(features) + self.down(image)


@module()
class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        b, c, _, _ = x.shape
        y = F.adaptive_avg_pool2d(x, 1).view(b, c)
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(y)))).view(b, c, 1, 1).expand_as(x)


@module((7, 12))
class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, 4, c // 4).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (c // 4) ** -0.5
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, c))


@module((7, 12))
class BatchSecond(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 12)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.transpose(0, 1)).transpose(0, 1)


@module((5, 4))
class ClassToken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 4))
        self.position = nn.Parameter(torch.zeros(1, 6, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat((self.token.expand(x.shape[0], -1, -1), x), dim=1) + self.position
        return x[:, 0]


@module()
class ChannelShuffle(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        b, c, h, w = x.size()
        return x.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, -1, h, w)


@module()
class UpsampleToSize(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(self.conv(x), size=x.shape[2:], mode="bilinear", align_corners=False)


@module()
class OddPadding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1))).sum(dim=(2, 3))


@module()
class UnusedInEvaluation(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.auxiliary = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        _ = self.auxiliary(x)
        return x


@module((3, 8, 8))
class Stacked(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.stack(x.unbind(dim=1), dim=2).squeeze()


@module((4, 6))
class Einsum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q, self.k = nn.Linear(6, 6, bias=False), nn.Linear(6, 6, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bid,bjd->bij", self.q(x), self.k(x)).softmax(dim=-1)


@module((4, 6))
class GridOfNumbers(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        rows = torch.arange(4, device=x.device, dtype=x.dtype)[:, None]
        if bool(rows.max() > 2):
            rows = rows / 3
        return x * rows


@module()
class WritesIntoSlices(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x.clone()
        y[:, 0] = 0
        y[..., 1:3] = x[..., :2]
        return y


@module()
class ChangesThroughAView(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        part = y[:, :1]
        part.add_(1)
        return y


# What is refused, with its place


@module(refused="asks for numbers in a tensor")
class DataDependent(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.mean() > 0:
            return x
        return -x


@module(refused="a weight that is computed")
class ComputedWeight(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.conv.weight / self.conv.weight.norm())


@module(refused="mixes samples")
class MixesSamples(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=0, keepdim=True)


@module(refused="depends on the size of the batch")
class CountsSamples(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, 3, 1) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[: x.shape[0]]:
            x = layer(x)
        return x


@module()
class EndOfATutorial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.last = nn.Linear(192, 5), nn.LogSoftmax(dim=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.fc(x.flatten(1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # which PyTorch gives where `dim` is left out
            return F.log_softmax(scores), self.last(scores)


@module((4, 8), (4, 8))
class Distances(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.manhattan = nn.PairwiseDistance(p=1, eps=0, keepdim=True)

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return F.pairwise_distance(x, y), self.manhattan(x[:, 0], y[:, 0])


@module(refused="no op for torch's `cumsum`")
class UnknownFunctions(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.erfinv(torch.cumsum(x, dim=1))


@module(refused="a tensor in place that is also seen")
class SeesAChange(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        part = y[:, :1]
        y.add_(1)
        return part


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
class StrangeOutputNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Any:
        y = self.conv(x)
        return {"loss/main": y, 0: y + 1, "several": [y + 2, y + 3]}


@module((10, 16))
class AttentionByNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        found, _ = self.attention(query=x, key=x, value=x, need_weights=False)
        return found


@module((10, 16), refused="attention: attention with `attn_mask`, which is not imported")
class AttentionWithAMask(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.register_buffer("mask", torch.triu(torch.full((10, 10), float("-inf")), 1))

    def forward(self, x: Tensor) -> Tensor:
        found, _ = self.attention(x, x, x, attn_mask=self.mask, need_weights=False)
        return found


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


@module()
class WindowsThatOverlap(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        windows = F.pad(x, [1, 1, 1, 1]).unfold(2, 4, 2).unfold(3, 4, 2)
        return windows.flatten(2, 3).mean((-2, -1))


@module((16, 32))
class RotaryOfABuffer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        bands = 100.0 ** -(torch.arange(8) / 8)
        rows, columns = torch.arange(4).repeat_interleave(4) + 1.0, torch.arange(4).repeat(4) + 1.0
        angles = torch.cat([torch.outer(columns, bands), torch.outer(rows, bands)], 1).repeat_interleave(2, 1)
        self.register_buffer("embedding", torch.cat([angles.sin(), angles.cos()], 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        sine, cosine = self.embedding.chunk(2, -1)
        turned = torch.stack([-x[..., 1::2], x[..., ::2]], -1).reshape(x.shape)
        return x * cosine + turned * sine


@module((2, 4, 4, 6))
class ProductsByLetters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = (nn.Parameter(torch.randn(4, 5, 6)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        joined = x.flatten(0, 1)
        down = torch.einsum("bhwc,hkc->bhwk", joined, self.rows)
        return (down + torch.einsum("bhwc,wkc->bhwk", joined, self.columns)).view(-1, 2, 4, 4, 5)


@module((6, 8), refused="used in two places")
class WeightOfTwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(8, 8), nn.Linear(8, 8)
        self.other.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.other(self.one(x).relu())
