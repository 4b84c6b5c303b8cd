"""Whether a class makes, for some values of its parameters, the layers and calls that a block holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archspec.language.algebra import Code, evaluator, plain, same
from archspec.language.definition import ALL_COPIES
from archspec.language.values import ExpressionError
from archspec.network import Applied, Body, Content, Use
from archspec.ops.facts import Function, Module, Operand
from archspec.pytorch.emitter.code import Call, Choice, Listed, Part, Repeated
from archspec.pytorch.emitter.instances import layer_of_op
from archspec.pytorch.emitter.model import Attribute, Class, Member, Spread, Statement
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import REQUIRED

Values = Mapping[str, Any]
"""Values of variables."""
Members = Mapping[str, Member]
"""Attributes of a class by name."""


class Differs(Exception):  # noqa: N818 - a signal, not an error
    """The class makes something else."""


class Agreement:
    """Compares classes with what blocks hold.

    Attributes:
        registry: The classes that constructors can call.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def holds(self, made: Class, values: Values, body: Body) -> bool:
        """Whether a class makes just what a body holds."""
        try:
            self._compare(made, values, body)
        except (Differs, ExpressionError):
            return False
        return True

    def _compare(self, made: Class, given: Values, body: Body) -> None:
        values = dict(given)
        for variable, (code, _) in made.scope.locals.items():
            values[variable] = evaluator(code)(values)
        uses = {use.name: use for use in body.uses}
        members = {member.name: member for member in made.members}
        if made.statements is None:
            there = (each for each in made.members if each.condition is None or _value(each.condition, values))
            parts = {member.name: member.part for member in there}
            self._chain(parts, values, uses)
            return
        counts = Counter(statement.name for statement in made.statements)
        _require(uses.keys() <= counts.keys())
        for statement in made.statements:
            use = uses.get(statement.name)
            if statement.gives[0][0] != statement.name:
                self._copy(statement, members, values, use, counts[statement.name])
            elif isinstance(statement.call, Function):
                self._function(statement, members, values, use, uses)
            else:
                self._member(members[statement.name], values, use)

    def _member(self, member: Member, values: Values, use: Use | None) -> None:
        present = member.condition is None or bool(_value(member.condition, values))
        if not present or use is None:
            _require(present == (use is not None))
            return
        self._part(member.part, values, use.content)

    def _function(
        self, statement: Statement, members: Members, values: Values, use: Use | None, uses: Mapping[str, Use]
    ) -> None:
        present = not statement.flag or bool(_value(members[statement.flag].part, values))
        _require(present == (use is not None))
        if use is not None:
            self._called(_unlisted(statement, uses), members, values, use.content)

    def _called(self, call: Any, members: Members, values: Values, content: Content) -> None:
        _require(isinstance(content, Applied))
        assert isinstance(content, Applied)
        wanted = content.op.torch(content.input_shapes)
        _require(isinstance(wanted, Function) and _filled(call, members, values) == wanted)

    def _copy(self, statement: Statement, members: Members, values: Values, use: Use | None, count: int) -> None:
        """A copy of a repeat that has a statement of its own."""
        index = statement.gives[0][0].rpartition(".")[2]
        copies = use.content if use is not None and isinstance(use.content, Body) else None
        copy = None if copies is None or len(copies.uses) != count else copies.use(index)
        if copy is None:
            raise Differs
        if isinstance(statement.call, Function):
            self._called(statement.call, members, values, copy.content)
        else:
            self._part(_items(members[statement.name].part)[int(index)], values, copy.content)

    def _chain(self, parts: Mapping[str, Part], values: Values, uses: Mapping[str, Use]) -> None:
        _require([name for name in parts if name in uses] == list(uses))
        for name, part in parts.items():
            if name in uses:
                self._part(part, values, uses[name].content)
            else:
                _require(_is_identity(part))

    def _part(self, part: Part, values: Values, content: Content) -> None:
        _require(isinstance(part, Call))
        assert isinstance(part, Call)
        if isinstance(content, Applied):
            self._layer(part, values, content)
        elif content.kind == "repeat":
            self._repeat(part, values, content)
        elif (made := self.registry.named(part.target)) is not None:
            self._compare(made, _arguments(part, made, values), content)
        else:
            _require(part.target == "nn.Sequential")
            self._chain(_layers(part, content), values, {use.name: use for use in content.uses})

    def _repeat(self, part: Call, values: Values, content: Body) -> None:
        _require(part.target in ("nn.Sequential", "nn.ModuleList"))
        arguments = [argument for _, argument in part.arguments]
        made = [
            each
            for part in (_items(part) if part.target == "nn.ModuleList" else arguments)
            for each in _unrolled(part, values)
        ]
        copies = {int(use.name): use for use in content.uses}
        _require(all(index < len(made) for index in copies))
        for index, (layer, inner) in enumerate(made):
            if index in copies:
                self._part(layer, inner, copies[index].content)
            else:
                _require(_is_identity(layer))

    def _layer(self, part: Call, values: Values, content: Applied) -> None:
        if part.target in self.registry.functions:
            _require(self.registry.functions[part.target] == content.op.torch(content.input_shapes))
            return
        wanted = layer_of_op(content)
        _require(wanted is not None and part.target == wanted.target)
        assert isinstance(wanted, Module)
        positional = [_value(value, values) for keyword, value in part.arguments if not keyword]
        _require(len(positional) == len(wanted.args) and all(map(same, positional, map(plain, wanted.args))))
        keywords = {keyword: _value(value, values) for keyword, value in part.arguments if keyword}
        keywords.pop("inplace", None)
        _require(wanted.kwargs.keys() <= keywords.keys())
        for keyword, value in keywords.items():
            stated = wanted.kwargs[keyword] if keyword in wanted.kwargs else getattr(content.op, keyword, REQUIRED)
            _require(same(value, plain(stated)))


def _layers(part: Call, content: Body) -> dict[str, Part]:
    """The layers of an ``nn.Sequential`` by name, those of a list by number."""
    if content.graph is not None and content.graph.is_list:
        return {str(number): layer for number, (_, layer) in enumerate(part.arguments)}
    ((_, layers),) = part.arguments
    assert isinstance(layers, Call)
    return dict(layers.arguments)


def _is_identity(part: Part) -> bool:
    return isinstance(part, Call) and part.target == "nn.Identity"


def _unlisted(statement: Statement, uses: Mapping[str, Use]) -> Any:
    """A statement's call, of all tensors of the lists that it takes."""
    starts: list[int] = [0]
    for step, port in statement.takes:
        content = uses[step].content if port.startswith(ALL_COPIES) and step in uses else None
        starts.append(starts[-1] + (len(content.uses) if isinstance(content, Body) else 1))

    def changed(argument: Any) -> Any:
        match argument:
            case Operand():
                return Operand(starts[argument.index])
            case Function():
                return replace(argument, args=changed(argument.args))
            case tuple():
                return tuple(each for item in argument for each in several(item))
        return argument

    def several(item: Any) -> list[Any]:
        if isinstance(item, Spread):
            return [Operand(number) for number in range(starts[item.index], starts[item.index + 1])]
        return [changed(item)]

    return changed(statement.call)


def _items(part: Part) -> tuple[Part, ...]:
    """The layers of an ``nn.ModuleList``."""
    assert isinstance(part, Call)
    ((_, layers),) = part.arguments
    assert isinstance(layers, Listed)
    return layers.items


def _require(condition: bool) -> None:
    if not condition:
        raise Differs


def _value(part: Part, values: Values) -> Any:
    _require(not isinstance(part, Call | Choice | Listed | Repeated))
    code: Code = part  # type: ignore[assignment]
    return plain(evaluator(code)(values))


def _arguments(call: Call, made: Class, values: Values) -> dict[str, Any]:
    """The values of a class's parameters in a call of it."""
    stated = {keyword: value for keyword, value in call.arguments if keyword}
    required = [parameter.name for parameter in made.signature if parameter.default is REQUIRED]
    stated |= zip(required, (value for keyword, value in call.arguments if not keyword), strict=True)
    return {
        parameter.name: _value(stated[parameter.name], values) if parameter.name in stated else parameter.default
        for parameter in made.signature
    }


def _unrolled(part: Part, values: Values) -> Iterator[tuple[Part, Values]]:
    """The layers that an argument stands for, and the values of their variables."""
    if not isinstance(part, Repeated):
        yield part, values
        return
    for index in range(*(_value(code, values) for code in part.range)):
        yield part.element, {**values, part.variable: index}


def _filled(argument: Any, members: Members, values: Values) -> Any:
    """A call's arguments with the values of the attributes that stand there."""
    match argument:
        case Attribute():
            return _value(members[argument.name].part, values)
        case Function():
            arguments = _filled(argument.args, members, values)
            keywords = {key: _filled(value, members, values) for key, value in argument.kwargs.items()}
            return Function(argument.target, arguments, keywords, argument.folds)
        case tuple():
            return tuple(_filled(item, members, values) for item in argument)
        case slice():
            return slice(*(_filled(end, members, values) for end in (argument.start, argument.stop, argument.step)))
    return argument
