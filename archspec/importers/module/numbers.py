"""Numbers that no input and no parameter gives, as nodes: said, or computed by ops."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from archspec.importers.module.draft import Place, Wire
from archspec.importers.module.patterns import evenly_spaced, grid, pairs
from archspec.importers.module.recording import UnrecordableError

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
    if found := grid(numbers):
        return _scaled_grid(place, *found)
    if window := pairs(numbers):
        return _scaled_pairs(place, *window)
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


def _scaled_grid(place: Place, limit: float, factor: float, steps: list[int]) -> Wire:
    """The coordinates of a grid on a scale of logarithms."""
    places = place.node("coordinates", [], start=-limit, end=limit, steps=steps)
    wire = _on_scale(place, places, factor)
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
