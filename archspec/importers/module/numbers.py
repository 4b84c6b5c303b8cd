"""Numbers that no input and no parameter gives, as nodes: said, or computed by ops."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from archspec.importers.module.draft import Place, Wire
from archspec.importers.module.patterns import Rotations, even_grid, evenly_spaced, grid, lookups, pairs, rotations
from archspec.importers.module.runs import UnrecordableError

FEW_NUMBERS = 64
"""How many numbers a spec says even where they can be computed."""
_MOST_NUMBERS = 1024
"""How many it says one by one."""


def are_many(numbers: Tensor) -> bool:
    """Whether numbers are better computed than said."""
    return numbers.numel() > FEW_NUMBERS and not _are_one(numbers)


def constant(place: Place, numbers: Tensor) -> Wire:
    """Numbers as an operand.

    Raises:
        UnrecordableError: They are more than a spec says.
    """
    if even := even_grid(numbers):
        return _grid(place, *even)
    if found := grid(numbers):
        return _scaled_grid(place, *found)
    if window := pairs(numbers):
        return _scaled_pairs(place, *window)
    if length := lookups(numbers):
        return _lookup(place, length)
    if turned := rotations(numbers):
        return _rotations(place, turned)
    if numbers.numel() > _MOST_NUMBERS and not _are_one(numbers):
        raise UnrecordableError(f"{numbers.numel():,} numbers that nothing computes are an operand")
    if not bool(numbers.isfinite().all()):
        raise UnrecordableError("numbers that are not finite are an operand")
    numbers = numbers.reshape(1) if numbers.dim() == 0 else numbers
    if spaced := evenly_spaced(numbers):
        wire = place.node("linspace", [], **dict(zip(("start", "end", "steps"), spaced, strict=True)))
    elif _are_one(numbers):
        wire = place.node("constant", [], value=numbers.flatten()[0].item(), shape=list(numbers.shape))
    else:
        wire = place.node("constant", [], value=_shortest(numbers))
    wire.shape = tuple(numbers.shape)
    return wire


def _are_one(numbers: Tensor) -> bool:
    return bool((numbers == numbers.flatten()[0]).all())


def _grid(place: Place, start: float, end: float, steps: list[int]) -> Wire:
    """The coordinates of a grid."""
    wire = place.node("coordinates", [], start=start, end=end, steps=steps)
    wire.shape = (*steps, len(steps))
    return wire


def _scaled_grid(place: Place, limit: float, factor: float, steps: list[int]) -> Wire:
    """The coordinates of a grid on a scale of logarithms."""
    wire = _on_scale(place, _grid(place, -limit, limit, steps), factor)
    wire.shape = (*steps, len(steps))
    return wire


def _scaled_pairs(place: Place, h: int, w: int) -> Wire:
    """How far pairs of places of a window are apart along both sides, on a scale of logarithms."""
    apart = {size: _on_scale(place, _differences(place, size)) for size in {h, w}}
    sides = []
    for size, shape in ((h, [h, 1, h, 1]), (w, [1, w, 1, w])):
        side = place.node("reshape", [apart[size]], shape=shape)
        sides.append(place.node("expand", [side], shape=[h, w, h, w]))
    wire = place.node("reshape", [place.node("stack", sides, dim=5)], shape=[(h * w) ** 2, 2])
    wire.shape = ((h * w) ** 2, 2)
    return wire


def _lookup(place: Place, length: int) -> Wire:
    """For each pair of places in a row 1 at their distance: what of 1 is left without how far that is from others."""
    apart = place.node("reshape", [_differences(place, length)], shape=[length, length, 1])
    distances = place.node("linspace", [], start=1.0 - length, end=length - 1.0, steps=2 * length - 1)
    row = place.node("reshape", [distances], shape=[1, 1, 2 * length - 1])
    off = place.node("abs", [place.node("add", [row, apart])])
    wire = place.node("relu", [place.node("add", [place.node("neg", [off])], value=1.0)])
    wire.shape = (length, length, 2 * length - 1)
    return wire


def _rotations(place: Place, turned: Rotations) -> Wire:
    """The sines and cosines of rotary embeddings."""
    (h, w), count = turned.size, len(turned.bands)
    bands = place.node("constant", [], value=_shortest(torch.tensor(turned.bands).reshape(1, 1, count)))
    sides = []
    for size, shape in ((h, [h, 1, 1]), (w, [1, w, 1])):
        places = place.node("linspace", [], start=turned.start, end=turned.start + size - 1, steps=size)
        angles = place.node("mul", [place.node("reshape", [places], shape=shape), bands])
        sides.append(place.node("expand", [angles], shape=[h, w, count]))
    wire = place.node("concat", sides[::-1] if turned.across_first else sides, dim=3)
    shape = [h * w, 1, 2 * count] if turned.apart else [h * w, 2 * count, 1]
    both = [h * w, 2, 2 * count] if turned.apart else [h * w, 2 * count, 2]
    wire = place.node("expand", [place.node("reshape", [wire], shape=shape)], shape=both)
    wire = place.node("reshape", [wire], shape=[h * w, 4 * count])
    wire = place.node("concat", [place.node("sin", [wire]), place.node("cos", [wire])], dim=2)
    wire.shape = (h * w, 8 * count)
    return wire


def _differences(place: Place, size: int) -> Wire:
    """For each of so many places how far each of them is before it."""
    places = place.node("linspace", [], start=0.0, end=size - 1.0, steps=size)
    row, column = (place.node("unsqueeze", [places], dim=dim) for dim in (1, 2))
    return place.node("sub", [column, row])


def _on_scale(place: Place, numbers: Wire, factor: float = 1.0) -> Wire:
    """``sign(x) * log(1 + |x|)``, times a factor."""
    size = place.node("log", [place.node("add", [place.node("abs", [numbers])], value=1.0)])
    if factor != 1:
        size = place.node("mul", [size], value=factor)
    return place.node("mul", [place.node("sign", [numbers]), size])


def _shortest(numbers: Tensor) -> Any:
    """Numbers as lists, with as few digits as say them in their type."""
    if numbers.dtype.is_floating_point:
        texts = [float(f"{value:.9g}") for value in numbers.flatten().tolist()]
        short = [float(f"{value:.7g}") for value in texts]
        chosen = short if torch.equal(torch.tensor(short, dtype=numbers.dtype), numbers.flatten()) else texts
        return torch.tensor(chosen, dtype=torch.float64).reshape(numbers.shape).tolist()
    return numbers.int().tolist()
