"""Defaults of constructors: a class has one only where a call leaves it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archspec.pytorch.emitter.code import Call, Choice, Listed, Part, Repeated, Tabled
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.scope import REQUIRED


def without_unused(made: list[Class]) -> None:
    """Make parameters required that every call gives, as long as those before them are required too."""
    classes = {each.name: each for each in made}
    given: dict[str, set[str]] = {}
    for call in (call for each in made for member in each.members for call in calls(member.part)):
        if call.target in classes:
            stated = set(parameters(classes[call.target], call))
            given[call.target] = given.get(call.target, stated) & stated
    for name, stated in given.items():
        for parameter in classes[name].signature:
            if parameter.name not in stated:
                break
            parameter.default = REQUIRED


def calls(part: Part) -> Iterator[Call]:
    """The calls inside of a part, itself too."""
    if isinstance(part, Call):
        yield part
    for each in _inside(part):
        yield from calls(each)


def _inside(part: Part) -> Iterable[Part]:
    match part:
        case Call():
            return (value for _, value in part.arguments)
        case Listed():
            return part.items
        case Repeated() | Tabled():
            return (part.element,)
        case Choice():
            return (part.layer,)
    return ()


def parameters(made: Class, call: Call) -> dict[str, Part]:
    """The arguments of a call of a class, by the names of its parameters."""
    in_order = zip((each.name for each in made.signature), call.arguments, strict=False)
    return {keyword or parameter: value for parameter, (keyword, value) in in_order}
