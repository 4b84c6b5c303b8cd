"""Paddings of convolutions that are one: of some uses by name, of others by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.module.folding.scope import ANY
from archspec.ops.same import constant_pads


def named_alike(columns: Sequence[Mapping[str, Any] | None], values: Sequence[Any]) -> list[Any]:
    """The paddings of a convolution in each use, with ``same_upper`` for numbers that are that, where a use has it."""
    if "same_upper" not in values:
        return list(values)
    return [
        "same_upper" if given is not None and value is not ANY and value == _number(given) else value
        for given, value in zip(columns, values, strict=True)
    ]


def _number(given: Mapping[str, Any]) -> Any:
    """What ``same_upper`` is for inputs of all sizes; None where it is not the same for them."""
    sizes = [given.get(name, 1) for name in ("kernel_size", "stride", "dilation")]
    if not all(isinstance(size, int) for size in sizes):
        return None
    kernel, stride, dilation = sizes
    pads = constant_pads(((kernel - 1) * dilation + 1,), (stride,))
    return pads[0] if pads else None
