"""The parameters that a class offers: those that it holds for.

A class is right for the values seen. Whether it is right for others too is tried: its block is elaborated with another
value, and the class must make just that. A parameter for which it does not is none: its value is written where it
stands, in a class for each value where there are several.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archspec.compiler.probing import NotKnown, Probing
from archspec.language.algebra import Code, binary, literal, name, names, plain, same, substituted
from archspec.network import Body
from archspec.ops.tensor import Shape
from archspec.pytorch.emitter.agreement import Agreement
from archspec.pytorch.emitter.builder import Builder
from archspec.pytorch.emitter.filling import filled
from archspec.pytorch.emitter.instances import Instance
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import Parameter

_TRIED = 3
"""Other values that a parameter is tried with."""
_LARGE = 1000
"""Where a block holds more nodes, one other value has to do."""
_INSTANCES = 6
"""Uses of a class beside whose values they are tried."""


class Holding:
    """Tries classes with other values of their parameters."""

    def __init__(self, registry: Registry, probing: Probing) -> None:
        self.registry = registry
        self.probing = probing
        self.agreement = Agreement(registry)

    def classes(self, made: Class) -> list[Class]:
        """A class with only the parameters that it holds for; several where instances differ in one of the others."""
        wrong = [parameter for parameter in made.signature if not self._holds(made, parameter)]
        given = made.scope.parameters.values()
        others = [each for each in given if each not in made.signature or _is_added(made, each)]
        tie = next(_ties([*wrong, *others], wrong), None)
        if tie is not None:
            return self.classes(_tied(made, *tie))
        different = [each for each in wrong if len(_distinct(each)) > 1]
        several = min(different, key=lambda each: len(_distinct(each)), default=None)
        if several is None:
            return [_without(made, {each.name: literal(each.values[0]) for each in wrong})]
        parts: dict[str, list[Instance]] = {}
        for instance, value in zip(made.instances, several.values, strict=True):
            parts.setdefault(repr(value), []).append(instance)
        return [each for part in parts.values() for each in self.classes(Builder(self.registry, part).build())]

    def _holds(self, made: Class, parameter: Parameter) -> bool:
        """Whether a class is right for other values of a parameter, beside those of some instance.

        So it is where the language takes no other.
        """
        if _is_added(made, parameter):
            return True
        fails = False
        for number in range(min(len(made.instances), _INSTANCES)):
            found = self._holds_in(made, parameter, number)
            if found:
                return True
            fails |= found is False
        return not fails

    def _holds_in(self, made: Class, parameter: Parameter, number: int) -> bool | None:
        """Whether a class is right for other values beside those of an instance; None where there are none."""
        arguments = made.arguments(made.instances[number])
        tried = 0
        for value in _others(made, parameter, number):
            try:
                body = self.body(made, parameter, value, number)
            except NotKnown:
                return False
            if body is None or not _has_nodes(made, body):
                continue
            if not self.agreement.holds(made, {**arguments, parameter.name: plain(value)}, body):
                return False
            tried += 1
            if tried == _TRIED or body.totals.nodes > _LARGE:
                break
        return True if tried else None

    def body(self, made: Class, parameter: Parameter, value: Any, number: int) -> Body | None:
        """What an instance's block would hold with another value of a parameter; None where it is not legal.

        Raises:
            NotKnown: It takes a tensor that nothing inside needs and that has fallen away, or `Probing` raises it.
        """
        instance, scope = made.instances[number], made.scope
        block, instances = instance.block, self.registry.instances
        if not all(map(instances.knows, block.inputs)):
            raise NotKnown
        outputs = list(instances.outputs(block))
        changes = _changes(made, parameter, value)
        if changes is None or any(each in scope.inputs and other < 1 for each, other in changes.items()):
            return None
        shapes = self._shapes(made, changes, number)
        changed = {
            scope.declared[each]: other
            for each, other in changes.items()
            if each in scope.declared and each not in scope.inputs
        }
        stated = {scope.declared[each.name] for each in made.signature if each.name in scope.declared}
        values = {**instance.scope, **changed}
        own = {let.name for let in instance.graph.lets}
        lets = {name: values[name] for name in own & stated}
        if block.kind == "group":
            around = {name: value for name, value in values.items() if name not in own}
            return self.probing.group(block, around, lets, shapes, outputs)
        if block.kind == "network":
            given = {name: values[name] for name in block.template.params}
            return self.probing.network(block, given, shapes, outputs)
        written = stated | (block.written.keys() - scope.defaults)
        given = {name: values[name] for name in block.template.params if name in written}
        return self.probing.block(block, given, lets, shapes, outputs)

    def _shapes(self, made: Class, changes: Mapping[str, Any], number: int) -> list[Shape]:
        """What an instance's block takes with other values of parameters, which may be the channels of inputs."""
        inputs = made.instances[number].block.inputs
        shapes = [self.registry.instances.shape(path) for path in inputs]
        for each, other in changes.items():
            if each in made.scope.inputs:
                path = inputs[made.scope.inputs[each][number]]  # one tensor may be several operands
                shapes = [
                    (other, *shape[1:]) if own == path else shape for own, shape in zip(inputs, shapes, strict=True)
                ]
        return shapes


def _changes(made: Class, parameter: Parameter, value: Any) -> dict[str, Any] | None:
    """The value of a parameter and of those that are so many times it; None where there is none."""
    tied = made.scope.tied.get(parameter.name, ())
    if tied and not isinstance(value, int):  # so many times a list is nothing
        return None
    return {parameter.name: value} | {name: factor * value for name, factor in tied}


def _has_nodes(made: Class, body: Body) -> bool:
    """Whether a body has the nodes that all uses of a class have: these are always there."""
    uses = [{child.name for child in instance.block.children} for instance in made.instances]
    return set.intersection(*uses) <= {use.name for use in body.uses}


def _is_added(made: Class, parameter: Parameter) -> bool:
    """Whether a parameter is none of the definition and of no input: what no expression was found for."""
    return parameter.name not in made.scope.declared and parameter.name not in made.scope.inputs


def _ties(ones: list[Parameter], others: list[Parameter]) -> Iterator[tuple[Parameter, Parameter, int]]:
    """Parameters that are so many times another wherever the class is used."""
    for one in _whole(ones):
        for other in _whole(others):
            factor = one.values[0] // other.values[0]
            pairs = zip(one.values, other.values, strict=True)
            if one is not other and all(value == factor * base for value, base in pairs):
                yield one, other, factor


def _whole(parameters: list[Parameter]) -> list[Parameter]:
    return [each for each in parameters if all(type(value) is int and value > 0 for value in each.values)]


def _tied(made: Class, one: Parameter, other: Parameter, factor: int) -> Class:
    """A class in which one parameter is so many times another."""
    tied = made.scope.tied
    also = [(each, factor * times) for each, times in tied.pop(one.name, [])]
    tied.setdefault(other.name, []).extend([(one.name, factor), *also])
    return _without(made, {one.name: binary(name(other.name), ast.Mult, literal(factor))})


def _distinct(parameter: Parameter) -> list[Any]:
    found: list[Any] = []
    for value in parameter.values:
        if not any(same(value, other) for other in found):
            found.append(value)
    return found


def _others(made: Class, parameter: Parameter, number: int) -> Iterator[Any]:
    """Other values of a parameter, likely ones first."""
    value, declared = parameter.values[number], made.scope.declared.get(parameter.name, "")
    param = made.instances[0].block.template.params.get(declared)
    seen = [other for other in parameter.values if not same(other, value)]
    default = None if param is None or param.required else param.default
    if isinstance(default, list) and type(value) is int:  # another kind of value is a default of the class too
        yield default
    if param is not None and param.choices:
        yield from (choice for choice in param.choices if not same(choice, value))
    elif type(value) is bool:
        yield not value
    elif type(value) is int:
        yield from dict.fromkeys(n for n in (2 * value, 1, value + 1, *seen, 3 * value, value - 1) if n != value)
    elif type(value) is float:
        yield from (n for n in (value / 2, value + 0.125) if n != value)
    elif isinstance(value, tuple) and all(type(n) is int for n in value):
        yield from ([2 * n for n in value], [n + 1 for n in value])
    else:
        yield from seen


def _without(made: Class, given: Mapping[str, Code]) -> Class:
    """A class in which expressions stand in place of some parameters."""
    if not given:
        return made
    scope, values = made.scope, dict(given)
    for each in given:
        del scope.parameters[each]
    for each, (code, seen) in list(scope.locals.items()):
        code = substituted(code, values)
        if names(code):
            scope.locals[each] = code, seen
        else:  # a number is written where it stands
            del scope.locals[each]
            values[each] = code
    scope.known.update({each: substituted(code, values) for each, code in scope.known.items()})
    for member in made.members:
        member.part = filled(member.part, values)
        member.condition = member.condition and substituted(member.condition, values)
    channels = {each: code and substituted(code, values) for each, code in made.channels.items()}
    return replace(made, channels=channels)
