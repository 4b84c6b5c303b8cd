"""A file as an ``nn.Module``, whose modules are those that its nodes belong to, and whose functions are torch's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from archspec.errors import shown
from archspec.importers.draft import Given
from archspec.importers.module.recording import place_of
from archspec.importers.onnx import functions, shapes
from archspec.importers.onnx.arithmetic import MALFORMED, UnknownError, computed
from archspec.importers.onnx.bound import Bound, UnsaidError, unsaid
from archspec.importers.onnx.model import Array, Model, Step
from archspec.importers.onnx.scopes import SEQUENTIAL, Visit
from archspec.importers.onnx.tensors import BUFFERS, Tensors

RULES = {**functions.RULES, **shapes.RULES}
"""For each operator what it becomes; those of known numbers alone are in `arithmetic`."""


@dataclass(eq=False)
class _Frame:
    """The tensors of one run.

    Attributes:
        plan: What is run.
        weights: The weights by name.
        batch: The size of the batch.
        known: Tensors that were given so far, and numbers, by name.
        wrong: Names of tensors that depend on what cannot be said.
    """

    plan: Plan
    weights: Mapping[str, Tensor]
    batch: int
    known: dict[str, Tensor | Array]
    wrong: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Plan:
    """What a network does, which all copies of it share.

    Attributes:
        model: The file.
        tensors: Its weights.
        given: How it is imported; what cannot be said is noted there.
    """

    model: Model
    tensors: Tensors
    given: Given

    def __deepcopy__(self, _: Mapping[int, Any]) -> Plan:
        return self


class Part(nn.Module):
    """A module of a file."""

    def forward(self, frame: _Frame, visit: Visit) -> None:
        """Do what a call of it does."""
        run(self, frame, visit)


class Network(Part):
    """The network of a file."""

    def __init__(self, plan: Plan, root: Visit) -> None:
        super().__init__()
        self.plan = plan
        self.root = root
        for visit in root.walk():
            if visit.path:
                _holder(self, visit.path, visit.kind)
        for name, array in plan.tensors.arrays.items():
            parent, _, last = name.rpartition(".")
            holder = _holder(self, parent, "Part") if parent else self
            tensor = torch.empty(array.shape, device="meta")
            if last in BUFFERS:
                holder.register_buffer(last, tensor)
            else:
                holder.register_parameter(last, nn.Parameter(tensor))

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        return self  # it has no numbers

    def forward(self, *inputs: Tensor) -> Tensor | dict[str, Tensor]:  # type: ignore[override]
        """What it gives: a tensor, or several by name."""
        model = self.plan.model
        weights = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        known: dict[str, Tensor | Array] = {**model.numbers}
        known.update(zip(model.inputs, inputs, strict=True))
        frame = _Frame(self.plan, weights, len(inputs[0]), known)
        run(self, frame, self.root)
        given = {name: frame.known[name] for name in model.outputs}
        found = {name: value for name, value in given.items() if isinstance(value, Tensor)}
        for name in given.keys() - found.keys():
            self.plan.given.faults.add("an output depends on no input", self.plan.given.start, path=f"output {name}")
        return next(iter(found.values())) if len(given) == len(found) == 1 else found


_classes: dict[str, type[Part]] = {}


def _holder(root: nn.Module, path: str, kind: str) -> nn.Module:
    """The module of a path, which is made where there is none."""
    holder = root
    parts = path.split(".")
    for i, part in enumerate(parts):
        inner = holder._modules.get(part)
        if inner is None:
            name = kind if i == len(parts) - 1 else ""
            inner = _made(name)
            holder.add_module(part, inner)
        holder = inner
    return holder


def _made(kind: str) -> nn.Module:
    """A module of a class; of none, what only holds others."""
    if not kind:
        return nn.ModuleList()
    if kind == SEQUENTIAL:
        inner = nn.Sequential()
        inner.forward = partial(run, inner)  # type: ignore[method-assign]
        return inner
    name = kind if kind.isidentifier() else "Part"
    return _classes.setdefault(name, type(name, (Part,), {}))()


def run(module: nn.Module, frame: _Frame, visit: Visit) -> None:
    """Do what a module does."""
    depth = len(visit.path) + 1 if visit.path else 0
    for item in visit.items:
        if isinstance(item, Visit):
            module.get_submodule(item.path[depth:])(frame, item)
        else:
            _step(frame, item)


def _step(frame: _Frame, step: Step) -> None:
    """Run a node. What cannot be said is noted, and what it takes first stands for what it gives."""
    plan = frame.plan
    token = place_of.set(step.place)
    wrong = not frame.wrong.isdisjoint(step.inputs)
    try:
        results = _results(frame, step)
    except UnsaidError as problem:
        if not wrong or step.op not in RULES:
            plan.given.faults.add(str(problem), plan.given.start, path=step.place, help=problem.help)
    except MALFORMED as error:
        if not wrong:
            line = shown(str(error).strip().partition("\n")[0])
            message = f"it cannot be computed: {line}"
            plan.given.faults.add(message, plan.given.start, path=step.place)
    else:
        frame.known.update(zip(step.outputs, results, strict=False))
        frame.wrong.update(step.outputs if wrong else ())
        return
    finally:
        place_of.reset(token)
    first = next((value for name in step.inputs if isinstance(value := frame.known.get(name), Tensor)), None)
    first = (
        first if first is not None else next(v for n in plan.model.inputs if isinstance(v := frame.known[n], Tensor))
    )
    for name in step.outputs:
        frame.known[name] = unsaid(first, f"The {step.op} {step.name} is not here.")
        frame.wrong.add(name)


def _results(frame: _Frame, step: Step) -> list[Tensor | Array]:
    """What a node gives.

    Raises:
        UnsaidError: Nothing here does what it does.
    """
    given = [frame.known[name] if name else None for name in step.inputs]
    numbers = [each for each in given if not isinstance(each, Tensor)]
    names = frame.plan.tensors.names
    if len(numbers) == len(given) and not any((id(step), i) in names for i in range(len(given))):
        try:
            return list(computed(step, numbers))
        except UnknownError:
            raise UnsaidError(f"there is nothing for the operator {step.op} of numbers that are known") from None
    if step.op not in RULES:
        from archspec.ops.foreign import ELSEWHERE, plain

        raise UnsaidError(f"there is nothing for the operator {step.op}", ELSEWHERE.get(plain(step.op), ""))
    weights = {i: frame.weights[names[id(step), i]] for i in range(len(given)) if (id(step), i) in names}
    found = RULES[step.op](
        Bound(step, [weights.get(i, each) for i, each in enumerate(given)], frame.plan.model, frame.batch)
    )
    return list(found) if isinstance(found, list | tuple) else [found]
