"""Shapes of a class's inputs and outputs in words."""

from __future__ import annotations

import re

from archspec.ops.tensor import Shape
from archspec.pytorch.emitter.code import printed
from archspec.pytorch.emitter.instances import Instances
from archspec.pytorch.emitter.model import Class

_IS_LETTER = re.compile(r"[NCDHWL]|D\d+")
_LETTERS = {1: "L", 2: "HW", 3: "DHW"}


def shape_line(made: Class, instances: Instances) -> str:
    """``Shape: (N, in_channels, H, W) -> (N, channels * 4, H / stride, W / stride)``; empty where it says nothing.

    So it is where ranks differ, and where letters would tell no more than the ranks.
    """
    given = [instances.inputs(instance.block) for instance in made.instances]
    taken = [list(instances.outputs(instance.block).values()) for instance in made.instances]
    inputs = [[instances.shape(each[place]) for each in given] for place in range(len(made.inputs))]
    outputs = [[instances.shape(each[place]) for each in taken] for place in range(len(made.outputs))]
    if not inputs or any(len({len(shape) for shape in shapes}) != 1 for shapes in [*inputs, *outputs]):
        return ""
    first = [f"in_{'features' if len(shapes[0]) == 1 else 'channels'}" for shapes in inputs]
    if len(inputs) > 1:
        first = [name.replace("in_", f"{label}_") for (_, label), name in zip(made.inputs.values(), first, strict=True)]
    before = [
        _last(shapes, inputs[0], made)
        or _written(shapes, each if each in made.asked else _tied(each, made), inputs[0], made)
        for shapes, each in zip(inputs, first, strict=True)
    ]
    channels = [printed(code) if code is not None else "" for code in made.channels.values()]
    after = [
        _last(shapes, inputs[0], made) or _written(shapes, code or _parameter(_along(shapes, 0), made), inputs[0], made)
        for shapes, code in zip(outputs, channels, strict=True)
    ]
    return "" if _says_nothing(before, after) else f"Shape: {', '.join(before)} -> {', '.join(after)}"


def _says_nothing(before: list[str], after: list[str]) -> bool:
    """Whether no size is known, and none of an output is one of an input."""
    letters = (each for shape in before for each in shape[1:-1].split(", "))
    others = (each for shape in after for each in shape[1:-1].split(", ")[1:])
    return all(map(_IS_LETTER.fullmatch, letters)) and all(each.endswith("_out") for each in others)


def _last(shapes: list[Shape], reference: list[Shape], made: Class) -> str:
    """``(N, H, W, C)`` for square maps whose channels are last; empty for others."""
    if not all(len(shape) > 2 and len(set(shape[:-1])) == 1 and shape[-1] != shape[0] for shape in shapes):
        return ""
    rank = len(shapes[0]) - 1
    sizes = [_place(shapes, axis, reference, made, rank, 0) for axis in range(rank)]
    channels = _along(shapes, rank)
    known = str(channels[0]) if len(set(channels)) == 1 else _parameter(channels, made)
    letter = "C" if all(map(int.__eq__, channels, _along(reference, -1))) else "C_out"
    return f"({', '.join(['N', *sizes, known or letter])})"


def _along(shapes: list[Shape], axis: int) -> list[int]:
    """One size of each of some tensors; none where they have no dimensions."""
    return [shape[axis] for shape in shapes if shape]


def _parameter(values: list[int], made: Class) -> str:
    """A parameter that has some values, or of which they are a small multiple; empty where none is."""
    for parameter in made.signature if values else ():
        for factor in (1, 2, 4):
            if all(type(each) is int for each in parameter.values) and values == [
                factor * each for each in parameter.values
            ]:
                return parameter.name if factor == 1 else f"{factor} * {parameter.name}"
    return ""


def _tied(channels: str, made: Class) -> str:
    """The parameter that the channels of an input are so many times, ``C`` where there is none."""
    ties = ((base, factor) for base, also in made.scope.tied.items() for name, factor in also if name == channels)
    base, factor = next(ties, ("C", 1))
    return base if factor == 1 else f"{factor} * {base}"


def _written(shapes: list[Shape], channels: str, reference: list[Shape], made: Class) -> str:
    """``(N, C, H, W)`` for a tensor whose shapes are these in the instances."""
    sizes = ["N"]
    for axis in range(len(shapes[0])):
        values = _along(shapes, axis)
        if axis == 0:
            sizes.append(str(values[0]) if len(set(values)) == 1 else channels or "C_out")
        else:
            sizes.append(_place(shapes, axis, reference, made, len(shapes[0]) - 1))
    return f"({', '.join(sizes)})"


def _place(shapes: list[Shape], axis: int, reference: list[Shape], made: Class, rank: int, before: int = 1) -> str:
    """The size of one dimension of a map, which has as many dimensions `before` it: that of channels, or none."""
    values = _along(shapes, axis)
    letter = _LETTERS.get(rank, "")[axis - before :][:1] or f"D{axis + 1 - before}"
    if len(set(values)) == 1:
        return str(values[0])
    if len(reference[0]) != rank + 1:
        return f"{letter}_out"
    sizes = _along(reference, axis)
    if sizes == values:
        return letter
    for factor in (2, 3, 4):
        if all(-(-size // factor) == value for size, value in zip(sizes, values, strict=True)):
            return f"{letter} / {factor}"
    for parameter in made.signature:
        steps = parameter.values
        if all(type(step) is int and step > 0 for step in steps) and all(
            -(-size // step) == value for size, step, value in zip(sizes, steps, values, strict=True)
        ):
            return f"{letter} / {parameter.name}"
    return f"{letter}_out"
