"""Calls that are one layer together, put as one call: weights that are standardised, and images that are blurred."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from archspec.importers.module.batches import Batched
from archspec.importers.module.runs import Call, Held, Value, Visit, leaves

BLUR = "blur_pool2d"
"""What the call is named that blurs an image: torch has no function for it."""
SCALED = "scaled_conv"
"""What a convolution is named whose standardised weights are scaled; its gain and the scale are its last arguments."""


def recognise(root: Visit) -> None:
    """Put one call in place of those that are a layer together, and leave out those of them that nothing else takes."""
    made = {id(value): call for call in root.calls() for value in call.outputs}
    for call in list(root.calls()):
        if call.function in _WITH_WEIGHT and len(call.args) > 1:
            before = [value for value in call.args[:2] if isinstance(value, Value)]
            if _standardised(call, made) or _blurred(call, made):
                _leave_out(root, [made[id(value)] for value in before if id(value) in made], made)


_WITH_WEIGHT = frozenset("conv1d conv2d conv3d linear".split())
_ALIKE = frozenset("reshape view reshape_as view_as".split())
"""What gives the numbers of a tensor in another shape."""


# Standardised weights (Qiao et al. 2019, arXiv:1903.10520), which timm computes by a batch normalisation


def _standardised(call: Call, made: dict[int, Call]) -> bool:
    """Say of a weight that is standardised that it is; whether that is so."""
    norm = _behind(call.args[1], made)
    if not isinstance(norm, Value) or id(norm) not in made:
        return False
    by = made[id(norm)]
    given = dict(zip(_NORM, by.args, strict=False)) | by.kwargs
    if by.function != "batch_norm" or not given.get("training"):
        return False
    weight = _behind(given["input"], made)
    others = [given.get(name) for name in ("running_mean", "running_var", "bias")]
    if not isinstance(weight, Held) or not weight.is_parameter or any(each is not None for each in others):
        return False
    rows = given["input"]
    if not isinstance(rows, Value) or rows.sizes[:2] != (1, weight.shape[0]) or len(rows.sizes) != 3:
        return False
    arguments = {"parametrize": "standardize", "eps": given.get("eps", 1e-5)}
    held = replace(weight, computed=arguments, parts={"weight": weight})
    gain, scale = _scaled(given.get("weight"), made)
    if gain is not None and (not call.function.startswith("conv") or call.kwargs or scale is None):
        return False
    call.args = (call.args[0], held, *call.args[2:])
    if gain is not None:
        plain = (None, None, None, 1, 0, 1, 1)  # of what was not given
        call.args = (*call.args, *plain[len(call.args) :], gain, scale)
        call.function = SCALED
    return True


def _scaled(factor: Any, made: dict[int, Call]) -> tuple[Held | None, float | None]:
    """The parameter and the number whose product scales weights (Brock et al. 2021, arXiv:2101.08692)."""
    product = _behind(factor, made)
    if product is None:
        return None, None
    by = made.get(id(product))
    if isinstance(product, Value) and by is not None and by.function in ("mul", "__mul__", "__rmul__"):
        gain, scale = by.args
        if isinstance(gain, Held) and gain.is_parameter and isinstance(scale, int | float):
            return gain, float(scale)
    return Held("", (), False), None


_NORM = "input running_mean running_var weight bias training momentum eps".split()


def _behind(tensor: Any, made: dict[int, Call]) -> Any:
    """A tensor before it got its shape."""
    while isinstance(tensor, Value) and id(tensor) in made and made[id(tensor)].function in _ALIKE:
        tensor = made[id(tensor)].args[0]
    return tensor


# Blurred images (Zhang 2019, arXiv:1904.11486): a border that is reflected, and a convolution with fixed weights


def _blurred(call: Call, made: dict[int, Call]) -> bool:
    """Say of a convolution that it is a blur; whether that is so."""
    image, weight = call.args[:2]
    numbers = weight.fixed if isinstance(weight, Value | Held) else None
    if numbers is None or numbers.dim() != 4 or not isinstance(image, Value) or id(image) not in made:
        return False
    pad = made[id(image)]
    given = dict(zip("input weight bias stride padding dilation groups".split(), call.args, strict=False)) | call.kwargs
    size, channels = numbers.shape[-1], image.sizes[1]
    stride = given.get("stride", 1)
    stride = stride if isinstance(stride, int) else _only(stride)
    before, after = (size - 1) // 2, size // 2
    padding = dict(zip("input pad mode value".split(), pad.args, strict=False)) | pad.kwargs
    plain = all(given.get(name) in (None, default, (default,) * 2, [default] * 2)
                for name, default in (("bias", None), ("padding", 0), ("dilation", 1)))  # fmt: skip
    if not (
        plain and stride and given.get("groups", 1) == channels and not isinstance(channels, Batched)
        and pad.function == "pad" and padding.get("mode") == "reflect"
        and list(padding["pad"]) == [before, after] * 2
    ):  # fmt: skip
        return False
    row = torch.tensor([float(math.comb(size - 1, place)) for place in range(size)]) / 2 ** (size - 1)
    if not torch.equal(numbers.float(), torch.outer(row, row).expand(channels, 1, size, size)):
        return False
    call.function, call.args, call.kwargs = BLUR, (pad.args[0], weight, size, stride), {}
    return True


def _only(sizes: Any) -> int:
    """The one number that sizes are; 0 where they differ."""
    found = set(sizes)
    return int(found.pop()) if len(found) == 1 else 0


# What nothing takes any longer


def _leave_out(root: Visit, calls: list[Call], made: dict[int, Call]) -> None:
    """Leave out calls, and those before them, as far as nothing takes what they give."""
    for call in calls:
        given = {id(value) for value in call.outputs}
        if not any(id(value) in given for value in _taken(root)):
            _remove(root, call)
            _leave_out(root, [made[id(value)] for value in call.operands if id(value) in made], made)


def _taken(visit: Visit) -> Iterator[Value]:
    """What calls take, and modules are given and give."""
    yield from (each for each in leaves((visit.inputs, visit.keywords, visit.outputs)) if isinstance(each, Value))
    for step in visit.steps:
        yield from step.operands if isinstance(step, Call) else _taken(step)


def _remove(visit: Visit, call: Call) -> None:
    visit.steps = [step for step in visit.steps if step is not call]
    for step in visit.steps:
        if isinstance(step, Visit):
            _remove(step, call)
