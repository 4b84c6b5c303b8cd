"""Lists of modules that give what each of their layers gives, and modules of which each call gives something else."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from user_modules import module


def every(layers: Iterable[nn.Module], x: Tensor) -> list[Tensor]:
    """What each layer gives, one after the other."""
    found = []
    for layer in layers:
        x = layer(x)
        found.append(x)
    return found


class Unit(nn.Module):
    def __init__(self, kernel_size: int = 3) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).relu()


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = Unit(1), Unit(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x))


@module()
class CopiesOfCopies(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Two() for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, *every(self.layers, x)], 1)


@module()
class FewThatDiffer(nn.Module):
    """Too few for a table, and no repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Unit(k) for k in (5, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(every(self.layers, x), 1)


class Stack(nn.Sequential):
    def __init__(self, *kernels: int) -> None:
        super().__init__(*map(Unit, kernels))

    def forward(self, x: Tensor) -> list[Tensor]:  # type: ignore[override]
        return every(self, x)


@module()
class AListAsABlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = Stack(1, 3, 5), Stack(3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.a(x)
        return torch.cat([*one, *self.b(one[1])], 1)


class _Again(nn.Module):
    def __init__(self, *kernels: int) -> None:
        super().__init__()
        self.layers = Stack(*kernels)

    def forward(self, x: Tensor) -> Tensor:
        one = self.layers(x)
        return torch.cat([*one, *self.layers(one[1])], 1)


@module()
class CopiesAgain(_Again):
    def __init__(self) -> None:
        super().__init__(1, 3, 3)


@module()
class AListAgain(_Again):
    def __init__(self) -> None:
        super().__init__(5, 1, 3)


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.layers = nn.Conv2d(3, 3, 1), Stack(1, 3, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        return self.a(x), self.layers(x)


@module()
class EachCallGivesSomethingElse(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()

    def forward(self, x: Tensor) -> Tensor:
        one, _ = self.pair(x)
        _, (other, *_) = self.pair(one)
        left, (*_, right) = self.pair(other)
        return left + right
