"""A shortcut whose shape is not that of its branch: the convolution that projects it."""

from __future__ import annotations

from itertools import count

from archspec.compiler.walk import Site
from archspec.errors import Change, Help
from archspec.ops.arguments import compact
from archspec.ops.tensor import Shape


def shortcut_help(site: Site, help: str) -> str:
    """The help for a sum of two operands that do not fit, with the strided 1x1 convolution that one of them lacks.

    Source: He et al. 2016 (arXiv:1512.03385, section 3.3, option B).

    Args:
        site: The node.
        help: What is told where that is not what it lacks.
    """
    operands, shapes = site.step.operands or (), site.shapes
    if site.target.value != "add" or len(operands) != 2 or None in shapes or operands[0].value is operands[1].value:
        return help
    if site.step.value is None or "from" not in site.step.value.entries:
        return help
    for shortcut, branch in ((1, 0), (0, 1)):
        short, main = shapes[shortcut], shapes[branch]
        assert short is not None
        assert main is not None
        stride = _stride(short, main)
        if stride is not None and not operands[shortcut].copy:
            taken = operands[shortcut].value
            names = {step.name for step in site.scope.graph.steps}
            name = next(each for number in count() if (each := f"shortcut{number or ''}") not in names)
            step = f", stride: {stride}" * (stride != "1")
            node = f"{{op: conv, from: {taken.plain()}, out_channels: {main[0]}, kernel_size: 1{step}}}"
            changes = Change("insert", f"{name}: {node}", site.step.key.span), Change("replace", name, taken.span)
            return Help(help, *changes)
    return help


def _stride(shortcut: Shape, branch: Shape) -> str | None:
    """The stride of the convolution that makes one shape of the other; None where none does."""
    if len(shortcut) != len(branch) or len(shortcut) < 2:
        return None
    strides = []
    for before, after in zip(shortcut[1:], branch[1:], strict=True):
        stride = -(-before // after)
        if (before - 1) // stride + 1 != after:
            return None
        strides.append(stride)
    found = compact(tuple(strides))
    return str(list(found) if isinstance(found, tuple) else found)
