"""Checks of arguments that ops of several families make."""

from __future__ import annotations

from math import gcd, isqrt

from archspec.errors import ArgumentError, Change, Help, ShapeError
from archspec.ops.arguments import Indices, compact
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
            message = f"{groups} groups do not divide the {channels} {side} channels"
            raise ArgumentError(
                "groups", message, help=Help.instead(help, str(_divisors(groups, gcd(inputs, outputs))[0]))
            )


def divisors_near(wanted: int, number: int) -> str:
    """The divisors of a number that are nearest to another, in words."""
    *rest, last = map(str, sorted(_divisors(wanted, number)[:_MOST_LISTED]))
    return f"{', '.join(rest)} or {last}" if rest else last


def _divisors(wanted: int, number: int) -> list[int]:
    """The divisors of a number, that which is nearest to another first."""
    small = [divisor for divisor in range(1, min(isqrt(number), _MOST_TRIED) + 1) if number % divisor == 0]
    return sorted({*small, *(number // divisor for divisor in small)}, key=lambda each: (abs(each - wanted), each))


def _multiples_near(factor: int, number: int) -> str:
    below = number // factor * factor
    return f"{below} or {below + factor}" if below else f"{factor}"


def check_fit(sizes: Shape, kernel: Shape) -> None:
    """Refuse a window that is larger than the padded input.

    Raises:
        ArgumentError: ``kernel``, dilation included, exceeds ``sizes`` in some dimension.
    """
    if any(reach > size for size, reach in zip(sizes, kernel, strict=True)):
        help = "use a smaller kernel or dilation, more padding, or a larger input"
        if all(reach % 2 for reach in kernel):
            padding = compact(tuple(reach // 2 for reach in kernel))
            written = f"padding: {list(padding) if isinstance(padding, tuple) else padding}"
            help = Help(f"{help}; `{written}` keeps the size at a stride of 1", Change("set", written))
        message = f"a {show(kernel)} kernel does not fit the padded input of {show(sizes)}"
        raise ArgumentError("kernel_size", message, help=help)


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
