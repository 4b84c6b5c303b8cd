"""Checks of arguments that ops of several families make."""

from __future__ import annotations

from math import gcd

from archspec.errors import ArgumentError
from archspec.ops.tensor import Shape, show


def check_groups(groups: int, inputs: int, outputs: int) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        ArgumentError: ``groups`` does not divide ``inputs`` or ``outputs``.
    """
    for channels, side in [(inputs, "input"), (outputs, "output")]:
        if channels % groups:
            raise ArgumentError(
                "groups",
                f"{groups} groups do not divide the {channels} {side} channels",
                help=f"use a divisor of {gcd(inputs, outputs)}",
            )


def check_fit(sizes: Shape, kernel: Shape) -> None:
    """Refuse a window that is larger than the padded input.

    Raises:
        ArgumentError: ``kernel``, dilation included, exceeds ``sizes`` in some dimension.
    """
    if any(reach > size for size, reach in zip(sizes, kernel, strict=True)):
        raise ArgumentError(
            "kernel_size",
            f"a {show(kernel)} kernel does not fit the padded input of {show(sizes)}",
            help="use a smaller kernel or dilation, more padding, or a larger input",
        )
