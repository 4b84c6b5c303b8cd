"""Defaults of constructors: a class has one only where a call leaves it out."""

from __future__ import annotations

from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.scope import REQUIRED


def without_unused(made: list[Class]) -> None:
    """Make parameters required that every call gives, as long as those before them are required too."""
    classes = {each.name: each for each in made}
    given: dict[str, set[str]] = {}
    for call in (call for each in made for call in each.calls()):
        if call.target in classes:
            stated = set(classes[call.target].stated(call))
            given[call.target] = given.get(call.target, stated) & stated
    for name, stated in given.items():
        for parameter in classes[name].signature:
            if parameter.name not in stated:
                break
            parameter.default = REQUIRED
