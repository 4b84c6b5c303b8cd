"""How large numbers are drawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

_POWERS = {1.0: "", 1 / 2: "the square root of ", 1 / 3: "the cube root of "}


class Scale(NamedTuple):
    """Lengths in proportion to a power of numbers.

    Attributes:
        power: 1, or less where the least would be too small to see.
        unit: Points for 1.
    """

    power: float
    unit: float

    def length(self, size: float) -> float:
        """The length of a number in points."""
        return float(self.unit * size**self.power)

    @property
    def of(self) -> str:
        """What lengths are in proportion to: empty for the number itself, or ``the square root of``."""
        return _POWERS[self.power]


def scale(sizes: Collection[int], longest: float, least: float) -> Scale:
    """The scale in which the largest number is ``longest``, and the smallest at least ``least`` where a root does.

    >>> scale([512, 32], 120.0, 7.0).power, scale([512, 3], 46.0, 1.2).power
    (1.0, 0.5)
    """
    low, high = min(sizes, default=1), max(sizes, default=1)
    power = next((power for power in _POWERS if longest * (low / high) ** power >= least), 1 / 3)
    return Scale(power, longest / high**power)
