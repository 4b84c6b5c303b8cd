"""Lists of layers that are made at one place of the source: written there, as ``nn.Sequential``, and no class."""

from __future__ import annotations

import ast
from collections import Counter

from archspec.language.algebra import Code, literal
from archspec.pytorch.emitter.code import Call, printed
from archspec.pytorch.emitter.construction import numbered
from archspec.pytorch.emitter.filling import filled
from archspec.pytorch.emitter.model import Class, Member
from archspec.pytorch.emitter.scope import REQUIRED

_SHORT = 16
"""Letters of an argument that may stand wherever the list asks for it."""


def inlined(made: list[Class]) -> list[Class]:
    """The classes, but for those that are written where an attribute is set to them: the only ones of their block."""
    classes = {each.name: each for each in made}
    places = Counter(call.target for each in made for call in each.calls())
    of_block = Counter(id(each.instances[0].graph) for each in made)
    gone = set[str]()
    for member in (member for each in made for member in each.members):
        inner = classes.get(member.part.target) if isinstance(member.part, Call) else None
        if inner is None or places[inner.name] > 1 or of_block[id(inner.instances[0].graph)] > 1:
            continue
        if _write(inner, member):
            gone.add(inner.name)
    return [each for each in made if each.name not in gone]


def _write(inner: Class, member: Member) -> bool:
    """Set an attribute to the layers of a class; whether that can be."""
    assert isinstance(member.part, Call)
    plain = inner.statements is None and inner.is_list and not inner.asked & inner.scope.locals.keys()
    values = _values(inner, member.part) if plain else None
    if values is None or any(each.condition is not None for each in inner.members):
        return False
    if any(call.of_variable for call in inner.calls()):
        return False
    layers = {each.name: filled(each.part, values) for each in inner.members}
    member.part = Call("nn.Sequential", numbered(layers))
    return True


def _values(inner: Class, call: Call) -> dict[str, Code] | None:
    """The arguments of a call by parameter, those left out too; None where one is long."""
    given = inner.stated(call)
    values: dict[str, Code] = {}
    for parameter in inner.signature:
        value = given.get(parameter.name, None if parameter.default is REQUIRED else literal(parameter.default))
        if not isinstance(value, ast.expr) or len(printed(value)) > _SHORT:
            return None
        values[parameter.name] = value
    return values
