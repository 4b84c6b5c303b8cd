"""What packages that bring ops of their own build on: names of `archspec.ops`, at a place that stays."""

from archspec.ops.arguments import Index, Indices, NamedPadding, Padding, Positive, Real, Size, compact, default
from archspec.ops.checks import check_fit, check_groups
from archspec.ops.facts import Along, Batch, Cost, Function, Held, Module, Operand, Reach, Taps, Window
from archspec.ops.op import Op

__all__ = [
    "Along", "Batch", "Cost", "Function", "Held", "Index", "Indices", "Module", "NamedPadding", "Op", "Operand",
    "Padding", "Positive", "Reach", "Real", "Size", "Taps", "Window", "check_fit", "check_groups", "compact", "default",
]  # fmt: skip
