"""Modules as people write them, with habits that break tracers: for each what import makes of it."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - as everyone calls it
from torch import Tensor, nn
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
class ControlFlowOfShapes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.large(x) if x.shape[-1] > 7 else self.small(x)


@module()
class Ignored(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    @torch.jit.ignore
    def helper(self, x: Tensor) -> Tensor:
        return self.conv(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.helper(x).relu()


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


@module(refused="asks for numbers in a tensor")
class DataDependent(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.mean() > 0:
            return x
        return -x


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


@module()
class StrangeOutputNames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Any:
        y = self.conv(x)
        return {"loss/main": y, 0: y + 1, "several": [y + 2, y + 3]}


@module()
class WindowsThatOverlap(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        windows = F.pad(x, [1, 1, 1, 1]).unfold(2, 4, 2).unfold(3, 4, 2)
        return windows.flatten(2, 3).mean((-2, -1))


@module((2, 4, 4, 6))
class ProductsByLetters(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.columns = (nn.Parameter(torch.randn(4, 5, 6)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        joined = x.flatten(0, 1)
        down = torch.einsum("bhwc,hkc->bhwk", joined, self.rows)
        return (down + torch.einsum("bhwc,wkc->bhwk", joined, self.columns)).view(-1, 2, 4, 4, 5)
