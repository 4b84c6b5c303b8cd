"""What modules of Ultralytics hold and compute, after the constructors there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archspec.importers.draft import Shape


class Tally:
    """Numbers that are trained and kept, and multiply-accumulates, as modules are built."""

    def __init__(self) -> None:
        self.params = 0
        self.statistics = 0
        self.macs = 0

    def plain(self, taken: Shape, channels: int, kernel: int, stride: int = 1, groups: int = 1, pad: int = -1, *,
              bias: bool = True) -> Shape:  # fmt: skip
        """A convolution of a map."""
        pad = kernel // 2 if pad < 0 else pad
        height, width = ((size + 2 * pad - kernel) // stride + 1 for size in taken[1:])
        weights = channels * taken[0] // groups * kernel * kernel
        self.params += weights + bias * channels
        self.macs += weights * height * width
        return channels, height, width

    def conv(self, taken: Shape, channels: int, kernel: int, stride: int = 1, groups: int = 1, pad: int = -1) -> Shape:
        """A convolution with batch normalisation."""
        self.params += 2 * channels
        self.statistics += 2 * channels
        return self.plain(taken, channels, kernel, stride, groups, pad, bias=False)

    def bottleneck(self, taken: Shape, channels: int, e: float, kernels: Sequence[int] = (3, 3)) -> Shape:
        """Two convolutions."""
        inside = self.conv(taken, int(channels * e), kernels[0])
        return self.conv(inside, channels, kernels[1])

    def c2f(self, taken: Shape, channels: int, n: int, e: float, unit: Callable[[Shape], Shape]) -> Shape:
        """A stage whose blocks are all concatenated."""
        half = int(channels * e)
        self.conv(taken, 2 * half, 1)
        for _ in range(n):
            unit((half, *taken[1:]))
        return self.conv(((2 + n) * half, *taken[1:]), channels, 1)

    def c3(self, taken: Shape, channels: int, n: int, e: float, kernels: Sequence[int]) -> Shape:
        """A stage of two halves."""
        half = int(channels * e)
        inner = self.conv(taken, half, 1)
        self.conv(taken, half, 1)
        for _ in range(n):
            self.bottleneck(inner, half, 1.0, kernels)
        return self.conv((2 * half, *taken[1:]), channels, 1)

    def attention(self, taken: Shape) -> None:
        """Attention between all places."""
        channels, places = taken[0], taken[1] * taken[2]
        heads = max(channels // 64, 1)
        values = channels // heads
        keys = int(values * 0.5)
        self.conv(taken, channels + 2 * heads * keys, 1)
        self.macs += heads * places * places * (keys + values)
        self.conv(taken, channels, 3, groups=channels)
        self.conv(taken, channels, 1)

    def c2psa(self, taken: Shape, n: int, e: float) -> Shape:
        """A stage with attention in one half."""
        half = (int(taken[0] * e), *taken[1:])
        self.conv(taken, 2 * half[0], 1)
        for _ in range(n):
            self.attention(half)
            self.conv(self.conv(half, 2 * half[0], 1), half[0], 1)
        return self.conv((2 * half[0], *taken[1:]), taken[0], 1)

    def sppf(self, taken: Shape, channels: int) -> Shape:
        """A pyramid of poolings."""
        self.conv(taken, taken[0] // 2, 1)
        return self.conv((taken[0] // 2 * 4, *taken[1:]), channels, 1)

    def detect(self, taken: Shape, classes: int, distances: int, boxes: int, inside: int, *, light: bool) -> Shape:
        """A head for one level."""
        self.plain(self.conv(self.conv(taken, boxes, 3), boxes, 3), 4 * distances, 1)
        if light:
            first = self.conv(self.conv(taken, taken[0], 3, groups=taken[0]), inside, 1)
            second = self.conv(self.conv(first, inside, 3, groups=inside), inside, 1)
        else:
            second = self.conv(self.conv(taken, inside, 3), inside, 3)
        self.plain(second, classes, 1)
        return (4 * distances + classes, *taken[1:])
