"""Checks of arguments that ops of several families make."""

from __future__ import annotations

from math import gcd, isqrt

from archspec.errors import ArgumentError, ShapeError
from archspec.ops.arguments import Indices
from archspec.ops.tensor import Shape, axis, show

_MOST_LISTED = 6
_MOST_TRIED = 10_000


def check_groups(groups: int, inputs: int, outputs: int) -> None:
    """Refuse groups that do not divide the channels.

    Raises:
        ArgumentError: ``groups`` does not divide ``inputs`` or ``outputs``.
    """
    for channels, side in [(inputs, "input"), (outputs, "output")]:
        if channels % groups:
            both = f"{inputs} and {outputs} channels" if inputs != outputs else f"{inputs} channels"
            help = f"{divisors_near(groups, gcd(inputs, outputs))} divides {both}"
            if side == "output" or groups <= channels:
                help += f"; {groups} groups take {_multiples_near(groups, channels)} {side} channels"
            raise ArgumentError("groups", f"{groups} groups do not divide the {channels} {side} channels", help=help)


def divisors_near(wanted: int, number: int) -> str:
    """The divisors of a number that are nearest to another, in words."""
    small = [divisor for divisor in range(1, min(isqrt(number), _MOST_TRIED) + 1) if number % divisor == 0]
    divisors = sorted({*small, *(number // divisor for divisor in small)}, key=lambda each: (abs(each - wanted), each))
    *rest, last = map(str, sorted(divisors[:_MOST_LISTED]))
    return f"{', '.join(rest)} or {last}" if rest else last


def _multiples_near(factor: int, number: int) -> str:
    below = number // factor * factor
    return f"{below} or {below + factor}" if below else f"{factor}"


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


def check_axes(name: str, dims: Indices, shape: Shape) -> set[int]:
    """The indices into the shape of the different dimensions that an op goes along.

    Raises:
        ShapeError: There is no dimension besides the batch.
        ArgumentError: They are not different dimensions of the shape, or none is named.
    """
    if not shape:
        raise ShapeError(f"{name} needs a dimension besides the batch")
    axes = {axis(dim, len(shape)) for dim in dims}
    if None in axes or len(axes) < len(dims) or not axes:
        message = f"{list(dims)} are not different dimensions of {show(shape)} besides the batch"
        raise ArgumentError("dim", message, help=f"use numbers from 1 to {len(shape)}")
    return {index for index in axes if index is not None}
