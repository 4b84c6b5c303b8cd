"""How large volumes are drawn, and their labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.volume import MOST_COPIES, Volume
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.magnitudes import Scale, scale

LABEL, LABEL_LINE = 8.0, 10.0
"""The size of labels, and the height of their lines."""

_MANY = 64
"""Where no map has so many channels, none is as thick as the thickest may be: an image is no cube."""

_LABELLED = ("solid", "sheet", "bar")


class Measures(NamedTuple):
    """How large volumes are drawn, and how near each other.

    Attributes:
        side: The greatest and least heights of maps.
        thickness: Of their channels.
        length: Of vectors.
        back: How far the back of a volume stands to the right, and above, for each point of its width.
        bar: How thick vectors are.
        pad: What a join or card has around its text, to the left and right, and above and below.
        between: Between equal volumes behind each other.
        gutter: Between columns.
        beside: Beside labels.
    """

    side: tuple[float, float]
    thickness: tuple[float, float]
    length: tuple[float, float]
    back: float
    bar: float
    pad: tuple[float, float]
    between: float
    gutter: float
    beside: float


USUAL = Measures((120.0, 7.0), (44.0, 1.2), (100.0, 6.0), 0.35, 8.0, (8.0, 6.0), 2.5, 16.0, 3.0)
NEARER = Measures((80.0, 4.5), (22.0, 0.7), (70.0, 5.0), 0.35, 6.0, (6.0, 4.0), 2.0, 12.0, 2.0)
CLOSE = Measures((48.0, 3.0), (10.0, 0.4), (44.0, 4.0), 0.3, 4.0, (4.0, 2.0), 1.5, 8.0, 1.0)
"""For volumes with short labels, where there is little room."""


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
    measures: Measures = USUAL


def scales_of(volumes: Iterable[Volume], measures: Measures = USUAL) -> Scales:
    """The scales in which volumes can be seen."""
    shown = list(volumes)
    maps = [volume for volume in shown if volume.form in ("solid", "sheet")]
    sides = {volume.height for volume in maps} | {volume.width for volume in maps if volume.form == "solid"}
    channels = {channels for volume in maps for channels in _channels(volume)}
    vectors = {volume.channels for volume in shown if volume.form == "bar"}
    return Scales(
        scale(sides, *measures.side) if sides else None,
        _thickness(channels, *measures.thickness) if channels else None,
        scale(vectors, *measures.length) if vectors else None,
        measures,
    )


def _thickness(channels: Collection[int], thickest: float, least: float) -> Scale:
    part = min(1.0, (max(channels) / _MANY) ** 0.5)
    return scale(channels, thickest * part, least * part)


def _channels(volume: Volume) -> list[int]:
    """The channels of each slab."""
    if volume.slabs:
        return [slab.channels for slab in volume.slabs]
    return [volume.channels] * min(volume.copies, MOST_COPIES)


def body_of(volume: Volume, scales: Scales) -> Body:
    """How large a volume is drawn in some scales."""
    measures = scales.measures
    between = 0.0 if volume.slabs else measures.between
    if volume.form == "bar" and scales.vector:
        slabs = (measures.bar,) * min(volume.copies, MOST_COPIES)
        return Body(slabs, scales.vector.length(volume.channels), measures.bar * measures.back, between)
    if volume.form in ("solid", "sheet") and scales.side and scales.channels:
        back = measures.back * scales.side.length(volume.width) if volume.form == "solid" else 0.0
        slabs = tuple(map(scales.channels.length, _channels(volume)))
        return Body(slabs, scales.side.length(volume.height), back, between)
    if volume.form == "start":
        return Body((0.0,), 0.0)
    width, height = (length + pad for length, pad in zip(_text_size(volume), measures.pad, strict=True))
    least = LABEL_LINE + measures.pad[1] if volume.form == "join" else 0.0
    return Body((max(least, width),), max(least, height))


def is_labelled(volume: Volume) -> bool:
    """Whether what it is stands below it, not in it."""
    return volume.form in _LABELLED


def label_size(volume: Volume) -> Point:
    """The size of its label; 0 where it has none."""
    return _text_size(volume) if is_labelled(volume) else (0.0, 0.0)


def _text_size(volume: Volume) -> Point:
    widths = [text_width(line, LABEL, bold=number == 0) for number, line in enumerate(volume.lines)]
    return max(widths), LABEL_LINE * len(volume.lines)
