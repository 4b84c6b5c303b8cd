"""The heights at which lines leave and enter boxes that are as high as several levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.drawing.content.cards import Card
from archspec.drawing.content.scene import Edge
from archspec.drawing.layout.geometry import Rect, middle_of
from archspec.drawing.layout.levels import Place, Scales


class Heights(NamedTuple):
    """The heights of lines.

    Attributes:
        found: The scales.
        place: The column and level of each box.
        cards: The cards of the boxes.
        axes: The height of each level.
    """

    found: Scales
    place: Mapping[str, Place]
    cards: Mapping[str, Card]
    axes: Mapping[int, float]

    def of(self, edge: Edge, id: str, other: str, boxes: Mapping[str, Rect]) -> float:
        """The height of a line between a box as high as several levels and another, where it can lead straight.

        It is the middle of a box of one level; of two that are as high as several, of what says what they are of the
        one that begins at the level.
        """
        level = self.found.carried[edge]
        if other not in self.found.spans and self.place[other][1] == level:
            return middle_of(boxes[other])
        for begun in (id, other):
            if begun in self.found.spans and self.place[begun][1] == level:
                return boxes[begun][1] + self.cards[begun].height / 2
        return self.axes[level]
