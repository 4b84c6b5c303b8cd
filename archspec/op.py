"""What packages that bring ops of their own build on: the names of `archspec.ops.op`, at a place that stays."""

from archspec.ops.op import (
    Cost,
    Function,
    Index,
    Indices,
    Module,
    NamedPadding,
    Op,
    Operand,
    Padding,
    Positive,
    Reach,
    Real,
    Size,
    Window,
    check_fit,
    check_groups,
    compact,
    default,
)

__all__ = [
    "Cost", "Function", "Index", "Indices", "Module", "NamedPadding", "Op", "Operand", "Padding", "Positive", "Reach",
    "Real", "Size", "Window", "check_fit", "check_groups", "compact", "default",
]  # fmt: skip
