"""Numbers that modules compute once, as the ops of the language have them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from archspec.pytorch.layers.coordinates import coordinates
from archspec.pytorch.layers.shifted_window_mask import shifted_window_mask

_Pair = tuple[int, int]


def distances(index: Tensor) -> _Pair | None:
    """The window whose pairs of places an index gives the rows of a table for; None where it is another index."""
    places = round(index.numel() ** 0.5)
    if index.is_floating_point() or places**2 != index.numel() or index.dim() > 2:
        return None
    for h, w in _factors(places):
        if torch.equal(index.flatten().long(), _distances(h, w).flatten()):
            return h, w
    return None


def distances_with_class(index: Tensor) -> _Pair | None:
    """The window of an index that has a class token before the places, as BEiT's has; None where it is another.

    Its rows of the table are the last ones: from the class to places, from places to it, and from it to itself.
    """
    side = round(index.numel() ** 0.5)
    if index.is_floating_point() or side**2 != index.numel() or side < 2:
        return None
    index = index.reshape(side, side)
    window = distances(index[1:, 1:])
    if window is None:
        return None
    rows = (2 * window[0] - 1) * (2 * window[1] - 1)
    wanted = index.clone()
    wanted[0, :], wanted[:, 0], wanted[0, 0] = rows, rows + 1, rows + 2
    return window if torch.equal(index, wanted) else None


def _distances(h: int, w: int) -> Tensor:
    rows, columns = torch.arange(h * w) // w, torch.arange(h * w) % w
    return (rows[:, None] - rows + h - 1) * (2 * w - 1) + columns[:, None] - columns + w - 1


def separations(index: Tensor, most: int) -> tuple[_Pair, int] | None:
    """The map of which an index has, for pairs of places, how far they are apart along both sides; None for others.

    Args:
        index: A row for each query, a column for each key.
        most: How many distances there are, one for each place of the map.

    Returns:
        The map's height and width, and the stride with which its places are queries.
    """
    if index.dim() != 2 or index.is_floating_point() or index.shape[1] != most:
        return None
    for h, w in _factors(most):
        places = torch.arange(most).reshape(h, w)
        for stride in (1, 2):
            queries = places[::stride, ::stride].flatten()
            apart = (queries[:, None] // w - places.flatten() // w).abs() * w
            apart += (queries[:, None] % w - places.flatten() % w).abs()
            if torch.equal(index.long(), apart):
                return (h, w), stride
    return None


def shifted_windows(mask: Tensor) -> tuple[_Pair, _Pair, _Pair] | None:
    """The map, window and shift that a mask of attention is for; None where it is another mask."""
    sizes = [size for size in mask.shape if size > 1]
    if len(sizes) == 4 and sizes[2] == sizes[3]:  # one for each head, which are all the same
        sizes = [sizes[0], *sizes[2:]]
        mask = mask.reshape(-1, mask.shape[-3], *sizes[1:])[:, 0]
    if len(sizes) != 3 or sizes[1] != sizes[2] or set(mask.flatten().tolist()) != {0.0, -100.0}:
        return None
    windows, places = sizes[:2]
    mask = mask.reshape(windows, places, places)
    for h, w in _factors(places):
        for high, wide in _factors(windows):
            size = (high * h, wide * w)
            for shift in ((h // 2, w // 2), (h // 2, 0), (0, w // 2)):
                if torch.equal(mask, shifted_window_mask(torch.zeros(1, 1, places, places), size, (h, w), shift)[:, 0]):
                    return size, (h, w), shift
    return None


def evenly_spaced(numbers: Tensor) -> tuple[float, float, int] | None:
    """The first and last of at least four numbers at equal distances, and how many they are; None for others."""
    if numbers.dim() != 1 or len(numbers) < 4 or not numbers.is_floating_point() or numbers[0] == numbers[-1]:
        return None
    start, end, steps = round(float(numbers[0]), 9), round(float(numbers[-1]), 9), len(numbers)
    wanted = torch.linspace(start, end, steps, dtype=numbers.dtype)
    return (start, end, steps) if torch.allclose(wanted, numbers, rtol=1e-6, atol=1e-7) else None


def grid(numbers: Tensor) -> tuple[float, float, list[int]] | None:
    """The limit, the factor and the steps of a grid whose coordinates numbers are, on a scale of logarithms; else None.

    Swin v2 computes its biases from them: for coordinates from -8 to 8 (Liu et al. 2021, arXiv:2111.09883, section
    3.3), in timm also from minus to plus the largest distance in a window.
    """
    if numbers.dim() != 3 or numbers.shape[-1] != 2 or min(numbers.shape) < 2 or not numbers.is_floating_point():
        return None
    steps = list(numbers.shape[:2])
    for limit, factor in ((8.0, 1 / (3 * math.log(2))), ((steps[0] - 1) / 2, 1.0)):
        places = coordinates(-limit, limit, (steps[0], steps[1]))
        if torch.allclose(places.sign() * (places.abs() + 1).log() * factor, numbers.float(), atol=1e-6):
            return limit, factor, steps
    return None


def pairs(numbers: Tensor) -> _Pair | None:
    """The window for whose pairs of places numbers say how far they are apart, on a scale of logarithms.

    timm's Swin v2 computes its biases from them.
    """
    places = round(len(numbers) ** 0.5) if numbers.dim() == 2 and numbers.shape[1] == 2 else 0
    if places < 4 or places**2 != len(numbers) or not numbers.is_floating_point():
        return None
    for h, w in _factors(places):
        if min(h, w) < 2:
            continue
        rows, columns = torch.arange(places) // w, torch.arange(places) % w
        apart = torch.stack([rows[:, None] - rows, columns[:, None] - columns], -1).reshape(-1, 2).float()
        if torch.allclose(apart.sign() * (apart.abs() + 1).log(), numbers, atol=1e-6):
            return h, w
    return None


def _factors(number: int) -> Iterator[_Pair]:
    """Pairs of numbers whose product it is, from those that are closest to each other."""
    for one in range(int(number**0.5), 0, -1):
        if number % one == 0:
            yield one, number // one
            if one != number // one:
                yield number // one, one
