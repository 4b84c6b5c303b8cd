"""Which numbers of a file are weights, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from archspec.importers.onnx.model import Array, Model, Step

ROLES: Mapping[str, Mapping[int, str]] = {
    "Conv": {1: "weight", 2: "bias"},
    "ConvTranspose": {1: "weight", 2: "bias"},
    "Linear": {1: "weight", 2: "bias"},
    "BatchNormalization": {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"},
    "InstanceNormalization": {1: "weight", 2: "bias"},
    "LayerNormalization": {1: "weight", 2: "bias"},
    "RMSNormalization": {1: "weight"},
    "GroupNormalization": {1: "weight", 2: "bias"},
    "PRelu": {1: "weight"},
}
"""The operands of operators that are weights, and what PyTorch calls them."""

BUFFERS = frozenset(["running_mean", "running_var"])
_FOLDABLE = frozenset("BatchNormalization InstanceNormalization LayerNormalization GroupNormalization".split())
_LEAST = 1024
"""Numbers of an operand that a spec says one by one; more are a parameter."""


@dataclass(eq=False)
class Tensors:
    """The weights of a file.

    Attributes:
        arrays: Their numbers, by name.
        names: For a step, as the number that is its `id`, and the number of an operand, the name of the weight.
    """

    arrays: dict[str, Array] = field(default_factory=dict)
    names: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Numbers that are trained."""
        return sum(each.size for name, each in self.arrays.items() if name.rpartition(".")[2] not in BUFFERS)

    @property
    def statistics(self) -> int:
        """Numbers that are kept and not trained."""
        return sum(each.size for name, each in self.arrays.items() if name.rpartition(".")[2] in BUFFERS)


def is_dotted(name: str) -> bool:
    """Whether a name is as those of a state_dict: ``layer1.0.conv1.weight``."""
    return re.fullmatch(r"\w+(\.\w+)+", name, re.ASCII) is not None


def owner(model: Model, step: Step) -> str:
    """The module whose weights a step has, by their names; empty where they do not tell.

    Vectors do not: those of equal numbers may have been merged.
    """
    if step.input(1) not in model.numbers or model.numbers[step.input(1)].ndim < 2:
        return ""
    roles = ROLES.get(step.op, {})
    origins = [model.origins.get(step.input(number), "") for number in roles if step.input(number)]
    owners = {name.rpartition(".")[0] for name in origins if is_dotted(name)}
    return owners.pop() if len(owners) == 1 else ""


def found(model: Model, paths: Mapping[int, str]) -> Tensors:
    """The weights of a file.

    Args:
        model: The file.
        paths: For each step, as its `id`, the path of the module that it belongs to.
    """
    tensors = Tensors()
    homes: dict[str, set[str]] = {}
    for step in model.steps:
        for number in _weights(model, step):
            key = model.origins.get(step.inputs[number], step.inputs[number])
            homes.setdefault(key, set()).add(f"{paths[id(step)]}/{ROLES.get(step.op, {}).get(number, '')}")
    for step in model.steps:
        for number in _weights(model, step):
            _name(model, tensors, step, number, paths[id(step)], homes)
    return tensors


def _weights(model: Model, step: Step) -> list[int]:
    """The numbers of the operands of a step that are weights."""
    roles = ROLES.get(step.op)
    if roles is None:
        return [number for number, name in enumerate(step.inputs) if is_parameter(model, name)]
    given = [number for number in roles if step.input(number) in model.numbers]
    plain = [number for number in given if not is_dotted(model.origins.get(step.inputs[number], ""))]
    if step.op in _FOLDABLE and {1, 2} <= set(plain):
        weight, bias = (model.numbers[step.inputs[number]] for number in (1, 2))
        if (weight == 1).all() and not bias.any():  # there only because the operator asks for them
            return [number for number in given if number > 2]
    if step.op not in _FOLDABLE and 2 in plain and not model.numbers[step.inputs[2]].any():
        return [1]
    return given


def is_parameter(model: Model, name: str) -> bool:
    """Whether known numbers are trained, where they are the operand of arithmetic."""
    known, origin = model.numbers.get(name), model.origins.get(name, "")
    if known is None or known.dtype.kind != "f" or not origin or origin in model.buffers or known.size < 1:
        return False
    return origin in model.trained or is_dotted(origin) or known.size > _LEAST


def _name(model: Model, tensors: Tensors, step: Step, number: int, path: str, homes: Mapping[str, set[str]]) -> None:
    """Give a weight a name: its own, where it has one and is not merged with another of equal numbers."""
    role = ROLES.get(step.op, {}).get(number, "")
    array, origin = model.numbers[step.inputs[number]], model.origins.get(step.inputs[number], "")
    array = array.reshape(-1) if step.op == "PRelu" else array  # which has sizes of 1 behind that of the channels
    key = origin or step.inputs[number]
    merged = len(homes[key]) > 1 and array.size == max(array.shape, default=1) and role != ""
    name = origin
    weight = model.origins.get(step.input(1), "")
    if role == "bias" and not merged and weight.endswith(".weight") and origin.startswith(weight):
        name = f"{weight.removesuffix('weight')}bias"  # which a rewriter has called after the weight
    elif role and path and (merged or not is_dotted(origin)):
        name = f"{path}.{role}"
    elif role and (merged or not is_dotted(origin)):
        name = f"{_identifier(step.name)}.{role}"
    elif not is_dotted(origin):
        name = _identifier(origin)
    if not merged and name in tensors.arrays and _is_same(tensors.arrays[name], array):
        tensors.names[id(step), number] = name
        return
    name = _free(name, tensors.arrays)
    tensors.arrays[name] = array
    tensors.names[id(step), number] = name


def _is_same(one: Array, other: Array) -> bool:
    """Whether two are the same memory."""
    return one.shape == other.shape and bool(one.__array_interface__["data"] == other.__array_interface__["data"])


def _identifier(text: str) -> str:
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return name if name and not name[0].isdecimal() else f"m{name}"


def _free(name: str, taken: Mapping[str, object]) -> str:
    parent, _, last = name.rpartition(".")
    number = 2
    free = name
    while free in taken:
        free = f"{parent}_{number}.{last}" if parent else f"{last}_{number}"
        number += 1
    return free
