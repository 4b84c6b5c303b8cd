"""How large volumes are drawn, and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.volume import Volume
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.scaling import Scale, scale

LABEL, LABEL_LINE = 8.0, 10.0
"""The size of labels, and the height of their lines."""

_TALLEST, _LOWEST = 120.0, 7.0
_THICKEST, _THINNEST = 44.0, 1.2
_LONGEST, _SHORTEST = 100.0, 6.0
"""The largest and least heights, thicknesses, and lengths of vectors."""
_BACK = 0.35
"""How far the back of a volume stands to the right, and above, for each point of its width."""
_BAR = 8.0
_JOIN = 16.0
_MOST_COPIES = 4
"""Equal volumes behind each other that are drawn each."""
_BETWEEN = 2.5
"""Between them."""
_LABELLED = ("solid", "sheet", "bar")


class Body(NamedTuple):
    """How large a volume is drawn.

    Attributes:
        slabs: The thickness of each of its copies or parts, from left to right.
        height: Of its front.
        back: How far its back stands to the right, and above.
        between: Between slabs.
    """

    slabs: tuple[float, ...]
    height: float
    back: float = 0.0
    between: float = 0.0

    @property
    def width(self) -> float:
        """Of all."""
        return sum(self.slabs) + (len(self.slabs) - 1) * self.between + self.back

    @property
    def tall(self) -> float:
        """The height of all."""
        return self.height + self.back

    def starts(self) -> Iterator[float]:
        """Where each slab begins, from the left."""
        x = 0.0
        for slab in self.slabs:
            yield x
            x += slab + self.between

    def ends(self, y: float) -> tuple[float, float]:
        """Where it begins and ends at a height from its top."""
        left = max(0.0, self.back - y)
        right = self.width - max(0.0, y - self.height)
        return left, right

    def top(self, x: float) -> float:
        """How far below its top it begins at a distance from its left."""
        return max(0.0, self.back - x)


class Scales(NamedTuple):
    """What lengths mean; a scale that nothing is drawn in is None."""

    side: Scale | None
    channels: Scale | None
    vector: Scale | None


def scales_of(volumes: Iterable[Volume]) -> Scales:
    """The scales in which volumes can be seen."""
    shown = list(volumes)
    maps = [volume for volume in shown if volume.form in ("solid", "sheet")]
    sides = {volume.height for volume in maps} | {volume.width for volume in maps if volume.form == "solid"}
    channels = {channels for volume in maps for channels in _channels(volume)}
    vectors = {volume.channels for volume in shown if volume.form == "bar"}
    return Scales(
        scale(sides, _TALLEST, _LOWEST) if sides else None,
        scale(channels, _THICKEST, _THINNEST) if channels else None,
        scale(vectors, _LONGEST, _SHORTEST) if vectors else None,
    )


def _channels(volume: Volume) -> list[int]:
    """The channels of each slab."""
    if volume.slabs:
        return [slab.channels for slab in volume.slabs]
    return [volume.channels] * min(volume.copies, _MOST_COPIES)


def body_of(volume: Volume, scales: Scales) -> Body:
    """How large a volume is drawn in some scales."""
    between = 0.0 if volume.slabs else _BETWEEN
    if volume.form == "bar" and scales.vector:
        slabs = (_BAR,) * min(volume.copies, _MOST_COPIES)
        return Body(slabs, scales.vector.length(volume.channels), _BAR * _BACK, between)
    if volume.form in ("solid", "sheet") and scales.side and scales.channels:
        back = _BACK * scales.side.length(volume.width) if volume.form == "solid" else 0.0
        slabs = tuple(map(scales.channels.length, _channels(volume)))
        return Body(slabs, scales.side.length(volume.height), back, between)
    if volume.form == "start":
        return Body((0.0,), 0.0)
    width, height = _text_size(volume)
    least = _JOIN if volume.form == "join" else 0.0
    return Body((max(least, width + 8.0),), max(least, height + 6.0))


def is_labelled(volume: Volume) -> bool:
    """Whether what it is stands below it, not in it."""
    return volume.form in _LABELLED


def label_size(volume: Volume) -> Point:
    """The size of its label; 0 where it has none."""
    return _text_size(volume) if is_labelled(volume) else (0.0, 0.0)


def _text_size(volume: Volume) -> Point:
    widths = [text_width(line, LABEL, bold=number == 0) for number, line in enumerate(volume.lines)]
    return max(widths), LABEL_LINE * len(volume.lines)
