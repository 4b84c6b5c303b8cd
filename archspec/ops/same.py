"""SAME of TensorFlow and ONNX: padding for an output of the size of the input over the stride, rounded up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.ops.arguments import compact
from archspec.ops.tensor import Shape

Pads = tuple[tuple[int, int], ...]
"""Places before the first and after the last, for each spatial dimension."""


def same_pads(sizes: Shape, window: Shape, stride: Shape, padding: str) -> Pads:
    """The padding for spatial sizes; an odd place goes to the end in `same_upper`, to the start in `same_lower`.

    Source: ONNX, attribute ``auto_pad`` of Conv, with the window's extent; tf.nn.convolution.
    """
    pads = []
    for size, reach, step in zip(sizes, window, stride, strict=True):
        total = max((-(-size // step) - 1) * step + reach - size, 0)
        before = (total + (padding == "same_lower")) // 2
        pads.append((before, total - before))
    return tuple(pads)


def constant_pads(window: Shape, stride: Shape) -> Shape | None:
    """The padding at both ends, where it is equal there and the same for inputs of all sizes; None where it is not."""
    if all(reach == 1 or (step == 1 and reach % 2) for reach, step in zip(window, stride, strict=True)):
        return tuple(reach // 2 for reach in window)
    return None


def with_padding(arguments: Mapping[str, Any], padding: Shape | str) -> dict[str, Any]:
    """The arguments of a layer of PyTorch's with a padding that it takes, in the place of one that it does not."""
    written = {key: compact(padding) if key == "padding" else value for key, value in arguments.items()}
    return {key: value for key, value in written.items() if key != "padding" or value != 0}
