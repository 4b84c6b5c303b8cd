"""Numbers that modules compute once, as the ops of the language have them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from archspec.pytorch.layers.coordinates import coordinates
from archspec.pytorch.layers.shifted_window_mask import shifted_window_mask
from archspec.pytorch.layers.shifted_window_mask3d import shifted_window_mask3d

_Pair = tuple[int, int]


def distances(index: Tensor, rows: int) -> tuple[int, ...] | None:
    """The window whose pairs of places an index gives the rows of a table for; None where it is another index.

    Args:
        index: A row for each pair, or a matrix of queries and keys; it may be that of the window's first places.
        rows: How many rows the table has, one for each distance.
    """
    places = round(index.numel() ** 0.5)
    if index.is_floating_point() or places**2 != index.numel() or index.dim() > 2:
        return None
    given = index.reshape(places, places).long()
    for window in sorted(_windows_of(rows), key=math.prod):
        if math.prod(window) >= places and torch.equal(given, _distances(window, places)):
            return window
    return None


def _windows_of(rows: int) -> Iterator[tuple[int, ...]]:
    """The windows of two or three sides that have so many distances."""
    for first, rest in _factors(rows):
        if rows % 2:
            yield (first + 1) // 2, (rest + 1) // 2
    for first, rest in _factors(rows):
        for second, third in _factors(rest):
            if rows % 2 and min(first, second, third) > 1:
                yield (first + 1) // 2, (second + 1) // 2, (third + 1) // 2


def distances_with_class(index: Tensor) -> tuple[int, ...] | None:
    """The window of an index that has a class token before the places, as BEiT's has; None where it is another.

    Its rows of the table are the last ones: from the class to places, from places to it, and from it to itself.
    """
    side = round(index.numel() ** 0.5)
    if index.is_floating_point() or side**2 != index.numel() or side < 2:
        return None
    index = index.reshape(side, side)
    rows = int(index[0, 1])
    window = distances(index[1:, 1:], rows)
    if window is None or math.prod(window) != side - 1:
        return None
    wanted = index.clone()
    wanted[0, :], wanted[:, 0], wanted[0, 0] = rows, rows + 1, rows + 2
    return window if torch.equal(index, wanted) else None


def _distances(window: tuple[int, ...], count: int) -> Tensor:
    """The rows of a table for pairs of the first places of a window."""
    places = torch.stack(torch.unravel_index(torch.arange(count), window), -1)
    apart = places[:, None] - places + torch.tensor(window) - 1
    steps = torch.tensor([math.prod(2 * side - 1 for side in window[i + 1 :]) for i in range(len(window))])
    return (apart * steps).sum(-1)


def differences(index: Tensor, rows: int) -> tuple[int, int] | None:
    """The strides with which places of a row are queries and keys, whose differences an index gives; None for others.

    A row of ``n`` places has ``2n - 1`` differences. Of one that was pooled each place stands for several: of queries
    for the first, of keys for the last of them, as in MViT v2 (Li et al. 2022, arXiv:2112.01526, section 4.1).
    """
    if index.dim() != 2 or index.is_floating_point() or rows != 2 * max(index.shape) - 1:
        return None
    queries, keys = (max(index.shape) // size for size in index.shape)
    places = torch.arange(max(index.shape))
    wanted = places[::queries, None] - places[keys - 1 :: keys] + max(index.shape) - 1
    return (queries, keys) if torch.equal(index.long(), wanted) else None


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


def shifted_windows(mask: Tensor) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """The map, window and shift that a mask of attention is for; None where it is another mask."""
    sizes = [size for size in mask.shape if size > 1]
    if len(sizes) == 4 and sizes[2] == sizes[3]:  # one for each head, which are all the same
        sizes = [sizes[0], *sizes[2:]]
        mask = mask.reshape(-1, mask.shape[-3], *sizes[1:])[:, 0]
    if len(sizes) != 3 or sizes[1] != sizes[2] or set(mask.flatten().tolist()) != {0.0, -100.0}:
        return None
    windows, places = sizes[:2]
    mask = mask.reshape(windows, places, places)
    for rank in (2, 3):
        for window in _sides(places, rank):
            for shift in itertools.product(*(dict.fromkeys((side // 2, 0)) for side in window)):
                if not torch.equal(mask[-1:], _mask(window, window, shift)):  # the last window is one of all parts
                    continue
                for grid in _sides(windows, rank):
                    size = tuple(map(math.prod, zip(window, grid, strict=True)))
                    if torch.equal(mask, _mask(size, window, shift)):
                        return size, window, shift
    return None


def _mask(size: tuple[int, ...], window: tuple[int, ...], shift: tuple[int, ...]) -> Tensor:
    scores = torch.zeros(1, 1, math.prod(window), math.prod(window))
    match size, window, shift:
        case (high, wide), (h, w), (up, left):
            return shifted_window_mask(scores, (high, wide), (h, w), (up, left))[:, 0]
        case (deep, high, wide), (d, h, w), (ahead, up, left):
            return shifted_window_mask3d(scores, (deep, high, wide), (d, h, w), (ahead, up, left))[:, 0]
        case _:
            raise ValueError(f"no windows of images or videos: {size}, {window}, {shift}")


def _sides(number: int, rank: int) -> Iterator[tuple[int, ...]]:
    """Sides whose product a number is, from those that are closest to each other."""
    if rank == 1:
        yield (number,)
    elif rank == 2:
        yield from _factors(number)
    else:
        yield from ((first, *rest) for rest_size, first in _factors(number) for rest in _sides(rest_size, rank - 1))


def evenly_spaced(numbers: Tensor) -> tuple[float, float, int] | None:
    """The first and last of at least four numbers at equal distances, and how many they are; None for others."""
    if numbers.dim() != 1 or len(numbers) < 4 or not numbers.is_floating_point() or numbers[0] == numbers[-1]:
        return None
    start, end, steps = round(float(numbers[0]), 9), round(float(numbers[-1]), 9), len(numbers)
    wanted = torch.linspace(start, end, steps, dtype=numbers.dtype)
    return (start, end, steps) if torch.allclose(wanted, numbers, rtol=1e-6, atol=1e-7) else None


def even_grid(numbers: Tensor) -> tuple[float, float, list[int]] | None:
    """The first and last coordinate of each dimension of a grid, and its steps; None for other numbers."""
    if numbers.dim() < 3 or numbers.shape[-1] != numbers.dim() - 1 or not numbers.is_floating_point():
        return None
    first, last = (round(float(numbers.flatten(0, -2)[place, 0]), 9) for place in (0, -1))
    steps = list(numbers.shape[:-1])
    wanted = coordinates(first, last, tuple(steps))
    is_even = first != last and torch.allclose(wanted, numbers.float(), rtol=1e-6, atol=1e-7)
    return (first, last, steps) if is_even else None


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


def lookups(numbers: Tensor) -> int | None:
    """How many places are in a row for whose pairs numbers pick the distance: 1 at it, and 0 elsewhere; else None.

    ``[i, j, j - i + length - 1]`` is 1, as in MaxViT's code for TensorFlow (Tu et al. 2022, arXiv:2204.01697).
    """
    length = len(numbers) if numbers.dim() == 3 else 0
    if length < 2 or numbers.shape != (length, length, 2 * length - 1):
        return None
    places, distances = torch.arange(length), torch.arange(2 * length - 1)
    apart = places[None, :, None] - places[:, None, None] + length - 1
    return length if torch.equal((apart == distances).to(numbers.dtype), numbers) else None


@dataclass(frozen=True)
class Rotations:
    """The angles by which rotary embeddings turn (Su et al. 2021, arXiv:2104.09864), as timm has them for a map.

    Attributes:
        size: Height and width of the map.
        start: The number of the first place along each side.
        bands: By how much a step along a side turns each pair.
        across_first: Whether the angles along the width stand before those along the height.
        apart: Whether both of a pair stand half of all angles apart; else side by side.
    """

    size: _Pair
    start: float
    bands: list[float]
    across_first: bool
    apart: bool


def rotations(numbers: Tensor) -> Rotations | None:
    """The angles of whose sines and cosines numbers are the first and second half of each row; None for others."""
    if numbers.dim() != 2 or not numbers.is_floating_point() or len(numbers) < 4 or numbers.shape[1] % 8:
        return None
    sine, cosine = numbers.double().chunk(2, dim=1)
    angles, count = torch.atan2(sine, cosine), sine.shape[1] // 4
    for h, w in _factors(len(numbers)):
        for across_first in (False, True):
            steps, last = (1, w - 1) if across_first else (w, (h - 1) * w)
            if min(h, w) < 2:
                continue
            for apart in (False, True):
                columns = slice(count) if apart else slice(0, 2 * count, 2)
                bands = _turn(angles[steps, columns] - angles[0, columns])
                start = round(float(angles[0, 0] / bands[0]), 4)
                far = start + last // steps
                bands += _turn(angles[last, columns] - far * bands) / far
                found = Rotations((h, w), start, bands.float().tolist(), across_first, apart)
                if torch.allclose(_rotated(found), numbers.double(), rtol=0, atol=4e-6):
                    return found
    return None


def _turn(angles: Tensor) -> Tensor:
    """Angles between minus and plus half a turn."""
    return (angles + math.pi) % (2 * math.pi) - math.pi


def _rotated(found: Rotations) -> Tensor:
    """Their sines and cosines."""
    (h, w), bands = found.size, torch.tensor(found.bands, dtype=torch.float64)
    sides = [found.start + side for side in (torch.arange(h).repeat_interleave(w), torch.arange(w).repeat(h))]
    angles = torch.cat([torch.outer(side, bands) for side in (reversed(sides) if found.across_first else sides)], 1)
    angles = torch.cat([angles, angles], 1) if found.apart else angles.repeat_interleave(2, 1)
    return torch.cat([angles.sin(), angles.cos()], 1)


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
