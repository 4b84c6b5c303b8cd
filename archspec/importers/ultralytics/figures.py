"""The figures of a network at a scale, row after row."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from archspec.importers.draft import LIMITS, MOST_NUMBER, Shape
from archspec.importers.ultralytics.counting import Tally
from archspec.importers.ultralytics.table import ALL_C3K, Row, Scale, Table

_MOST_MODULES = 20_000
"""Modules inside of all rows of a table."""


class Figures:
    """What the rows of a table hold, compute and give.

    Attributes:
        tally: What they hold and compute.
        outputs: The shapes of the outputs.
        last: The shape that the last row gives.
    """

    def __init__(self, table: Table, name: str, scale: Scale) -> None:
        self.table = table
        self.scale = scale
        self.is_all_c3k = name in ALL_C3K and table.has_named_scales
        self.tally = Tally()
        self.outputs: list[Shape] = []
        if sum(max(row.times, row.times * scale.depth) for row in table.rows) > _MOST_MODULES:
            raise table.error(f"its rows hold more than {_MOST_MODULES:,} modules", table.value)
        shapes = [table.image]
        for row in table.rows:
            shapes.append(self._count(row, [shapes[each + 1] for each in row.taken]))
        self.last = shapes[-1]
        self.outputs = self.outputs or [self.last]

    def _count(self, row: Row, taken: list[Shape]) -> Shape:
        """Count a row; the shape that it gives."""
        kind, (shape, *_) = row.kind.removeprefix("nn."), taken
        n = max(round(row.times * self.scale.depth), 1) if row.times > 1 else 1
        if n * max(shape) > MOST_NUMBER or n > LIMITS.nodes:
            raise self.table.error("it is repeated too often", row.place)
        if kind == "Detect":
            self._detect(row, taken)
            return shape
        if kind == "Concat":
            shape = (sum(each[0] for each in taken), *shape[1:])
        elif kind == "Classify":
            shape = self._classify(shape)
        elif kind.endswith("Upsample"):
            factor = self.table.argument(row, 1, 2, int)
            shape = (shape[0], *(size * factor for size in shape[1:]))
        else:
            shape = self._module(row, kind, shape, n)
        if prod(shape) > MOST_NUMBER or min(shape) < 1:
            raise self.table.error(f"its map would be {'x'.join(map(str, shape))}", row.place)
        return shape

    def _module(self, row: Row, kind: str, taken: Shape, n: int) -> Shape:
        """Count a module whose channels are scaled, with so many of what it repeats."""
        tally, channels = self.tally, self.table.scaled(self.table.argument(row, 0, None, int), self.scale)
        if kind == "Conv":
            return self._conv(row, taken, channels, n)
        if kind == "Bottleneck":
            for _ in range(n):
                taken = tally.bottleneck(taken, channels, 0.5)
            return taken
        if kind == "C2f":
            return tally.c2f(taken, channels, n, 0.5, lambda half: tally.bottleneck(half, half[0], 1.0))
        if kind == "C3k2":
            return tally.c2f(taken, channels, n, self.table.argument(row, 2, 0.5, float), self._unit(row))
        if kind == "C3":
            return tally.c3(taken, channels, n, 0.5, (1, 3))
        return tally.c2psa(taken, n, 0.5) if kind == "C2PSA" else tally.sppf(taken, channels)

    def _conv(self, row: Row, shape: Shape, channels: int, n: int) -> Shape:
        padding = self.table.argument(row, 3, None, int, type(None))
        kernel, stride, groups = (self.table.argument(row, at, 1, int) for at in (1, 2, 4))
        for _ in range(n):
            if not stride or not kernel or shape[0] % max(groups, 1):
                raise self.table.error("this convolution has no kernel, stride or groups", row.place)
            shape = self.tally.conv(shape, channels, kernel, stride, groups, -1 if padding is None else padding)
        return shape

    def _unit(self, row: Row) -> Callable[[Shape], Shape]:
        """What a C3k2 holds."""
        tally = self.tally
        if self.table.argument(row, 1, False, bool) or self.is_all_c3k:
            return lambda half: tally.c3(half, half[0], 2, 0.5, (3, 3))
        return lambda half: tally.bottleneck(half, half[0], 0.5)

    def _classify(self, taken: Shape) -> Shape:
        classes = self.table.classes
        self.tally.conv(taken, 1280, 1)
        self.tally.params += 1281 * classes
        self.tally.macs += 1280 * classes
        self.outputs.append((classes,))
        return (classes,)

    def _detect(self, row: Row, taken: list[Shape]) -> None:
        """Count a head, whose maps are outputs."""
        tally, classes, distances = self.tally, self.table.classes, self.table.distances
        if anchors := self.table.anchors(row):
            pairs = zip(taken, anchors, strict=True)
            self.outputs += [tally.plain(shape, len(each) // 2 * (classes + 5), 1) for shape, each in pairs]
            return
        boxes, inside = max(16, taken[0][0] // 4, distances * 4), max(taken[0][0], min(classes, 100))
        light = self.table.has_light_head
        self.outputs += [tally.detect(each, classes, distances, boxes, inside, light=light) for each in taken]
