"""The steps of a call: the modules of a list are one, and some are told by their class; its outputs by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from archspec.importers.module.runs import Call, Value, Visit, leaves
from archspec.language.names import output_name_problem, similar_name


def is_told(visit: Visit) -> bool:
    """Whether what a module does in training is known though it does nothing in evaluation."""
    return (kind := told(visit)) is not None and kind is not _IDENTITY


def told(visit: Visit) -> tuple[str, dict[str, Any]] | None:
    """The op of a module that does something in training alone, told by its class; None for another."""
    name = type(visit.module).__name__
    if visit.steps and (name not in _DROPPED_AT_ONCE or not visit.module.training):
        return None
    if name in _DROPPED_AT_ONCE:
        p = getattr(visit.module, "drop_prob", None) or getattr(visit.module, "p", None) or 0.0
        return "stochastic_depth", {"p": float(p), "mode": getattr(visit.module, "mode", _DROPPED_AT_ONCE[name])}
    return _IDENTITY if isinstance(visit.module, nn.Identity) else None


_IDENTITY: tuple[str, dict[str, Any]] = ("identity", {})
_DROPPED_AT_ONCE = {"DropPath": "row", "StochasticDepth": "row", "BatchStochasticDepth": "batch"}
"""Modules that drop branches, by class, and what falls away at once where they do not say it themselves."""


def grouped(visit: Visit) -> list[Call | Visit]:
    """The steps of a call, in which the modules of a list that run one after another are those of one module."""
    depth = len(visit.path) + 1 if visit.path else 0
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for i, step in enumerate(visit.steps):
        if isinstance(step, Visit) and "." in step.path[depth:]:
            name = step.path[depth:].partition(".")[0]
            first.setdefault(name, i)
            last[name] = i
    steps: list[Call | Visit] = []
    i = 0
    while i < len(visit.steps):
        step = visit.steps[i]
        name = step.path[depth:].partition(".")[0] if isinstance(step, Visit) else ""
        if name in first and first[name] == i and _is_apart(visit.steps[i : last[name] + 1], visit.path, name):
            path = f"{visit.path}.{name}" if visit.path else name
            run = visit.steps[i : last[name] + 1]
            given = [(step.inputs, step.keywords) for step in run if isinstance(step, Visit)]
            steps.append(Visit(path, visit.module.get_submodule(name), tuple(given), steps=run))
            i = last[name] + 1
        else:
            steps.append(step)
            i += 1
    return steps


def _is_apart(steps: Sequence[Call | Visit], around: str, name: str) -> bool:
    """Whether the modules among steps are all those of one list."""
    path = f"{around}.{name}." if around else f"{name}."
    return all(step.path.startswith(path) for step in steps if isinstance(step, Visit))


def named_outputs(outputs: Any) -> list[tuple[str, Any]]:
    """The outputs of a network by name; near to that in a mapping, where it is none for a spec."""
    if isinstance(outputs, Value):
        return [("output", outputs)]
    if hasattr(outputs, "_asdict"):
        outputs = outputs._asdict()
    if not isinstance(outputs, Mapping):
        return [(f"output{i + 1}", value) for i, value in enumerate(leaves(outputs))]
    found: dict[str, Any] = {}
    for key, given in outputs.items():
        values = [given] if given is None or isinstance(given, Value) else list(leaves(given))
        for i, value in enumerate(values):
            wanted = similar_name(f"{key}_{i + 1}" if len(values) > 1 else str(key), output_name_problem)
            name = wanted or f"output{len(found) + 1}"
            found[f"{name}_{len(found) + 1}" if name in found else name] = value
    return [(name, value) for name, value in found.items() if value is not None]
