"""Whether a class makes, for some values of its parameters, the layers and calls that a block holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from archspec.language.algebra import evaluator, plain, same
from archspec.language.definition import ALL_COPIES
from archspec.language.values import ExpressionError
from archspec.network import Applied, Body, Content, Use
from archspec.ops.facts import Function, Module, Operand
from archspec.pytorch.emitter.code import Call, Factory, Listed, Part, Repeated, Tabled
from archspec.pytorch.emitter.factories import IDENTITY, factory
from archspec.pytorch.emitter.instances import held, layer_of_op
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
        # What agrees for some arguments, with the classes and bodies, which keep their ids so.
        self._agreed: dict[tuple[int, int, str], tuple[Class, Body]] = {}

    def holds(self, made: Class, values: Values, body: Body) -> bool:
        """Whether a class makes just what a body holds."""
        try:
            self._compare(made, values, body)
        except (Differs, ExpressionError):
            return False
        return True

    def _compare(self, made: Class, arguments: Values, body: Body) -> None:
        values = dict(arguments)
        for variable, (code, _) in made.scope.locals.items():
            if variable in made.asked:
                values[variable] = evaluator(code)(values)
        _require(self.registry.overwriting.fits(body))
        uses = {use.name: use for use in body.uses}
        members = {member.name: member for member in made.members}
        if made.statements is None:
            there = (each for each in made.members if each.condition is None or _value(each.condition, values))
            parts = {member.name: member.part for member in there}
            self._chain(parts, values, uses)
            return
        given: dict[str, list[list[str]]] = {}
        for statement in made.statements:
            given.setdefault(statement.name, []).append(statement.gives[0][0].split(".")[1:])
        _require(uses.keys() <= given.keys())
        _require(all(_covers(paths, uses[name].content) for name, paths in given.items() if name in uses))
        for statement in made.statements:
            use = uses.get(statement.name)
            if statement.reuses:
                self._again(statement, members, values, uses)
            elif statement.gives[0][0] != statement.name:
                self._copy(statement, members, values, use)
            elif isinstance(statement.call, Function) and statement.name not in members:
                self._function(statement, members, values, use, uses)
            else:
                self._member(members[statement.name], values, use)

    def _member(self, member: Member, values: Values, use: Use | None) -> None:
        present = member.condition is None or bool(_value(member.condition, values))
        if not present or use is None:
            _require((present and not _makes_nothing(member.part, values)) == (use is not None))
            return
        self._part(member.part, values, use.content)

    def _again(self, statement: Statement, members: Members, values: Values, uses: Mapping[str, Use]) -> None:
        """What is called again; that it is the same is seen when the block is elaborated."""
        use = uses.get(statement.name)
        called = not statement.flag or bool(_value(members[statement.flag].part, values))
        times = _filled(statement.times, members, values)
        held = statement.reuses.partition(".")[0] in uses
        _require((use is not None) == (held and called and times > 0))
        if use is None:
            return
        alone = statement.gives[0][0] == statement.name
        index = "" if alone else statement.gives[0][0].removeprefix(f"{statement.name}.")
        one = alone or use.step.copies_reuse
        _require((use.shares if one else f"{use.shares}.{index}") == _counted(statement.reuses, uses))
        if use.step.copies_reuse and alone:
            _require(isinstance(use.content, Body) and len(use.content.uses) == times)

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

    def _copy(self, statement: Statement, members: Members, values: Values, use: Use | None) -> None:
        """A copy of a repeat or table that has a statement of its own."""
        part = None if isinstance(statement.call, Function) else members[statement.name].part
        for index in statement.gives[0][0].removeprefix(f"{statement.name}.").split("."):
            copies = use.content if use is not None and isinstance(use.content, Body) else None
            use = None if copies is None else copies.use(index)
            part = part and _items(part)[int(index)]
        if use is None:
            raise Differs
        if part is None:
            self._called(statement.call, members, values, use.content)
        else:
            self._part(part, values, use.content)

    def _chain(self, parts: Mapping[str, Part], values: Values, uses: Mapping[str, Use]) -> None:
        _require([name for name in parts if name in uses] == list(uses))
        for name, part in parts.items():
            if name in uses:
                self._part(part, values, uses[name].content)
            else:
                _require(_is_identity(part) or _makes_nothing(part, values))

    def _part(self, part: Part, values: Values, content: Content) -> None:
        _require(isinstance(part, Call))
        assert isinstance(part, Call)
        if isinstance(content, Applied):
            self._layer(part, values, content)
        elif content.kind == "op":
            self._part(part, values, content.uses[-1].content)
        elif content.kind == "repeat":
            self._repeat(part, values, content)
        elif (made := self.registry.named(part.target)) is not None:
            arguments = _arguments(part, made, values)
            key = id(made), id(content), repr(arguments)
            if key not in self._agreed:
                self._compare(made, arguments, content)
                self._agreed[key] = made, content
        else:
            _require(part.target == "nn.Sequential")
            _require(self.registry.overwriting.fits(content))
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
        if part.of_variable:
            given = [_value(value, values) for keyword, value in part.arguments if not keyword]
            made: Factory = values[part.target]
            _require(made == factory(content))
            _require(given == list(content.input_shapes[0][:1]) if made.takes_channels else not given)
            return
        if part.target in self.registry.functions:
            _require(self.registry.functions[part.target] == content.op.torch(content.input_shapes))
            return
        wanted: Module | None = held(content)
        if wanted is not None:
            part = _inner(part)
        wanted = wanted or layer_of_op(content)
        if wanted is not None and wanted.within:
            _require(part.target == wanted.within)
            part = _inner(part)
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


def _inner(part: Call) -> Call:
    """What an ``nn.Parameter`` or ``nn.Buffer`` is made of, or the layer that a function is given."""
    (_, inner), *_ = part.arguments
    assert isinstance(inner, Call)
    return inner


def _covers(paths: list[list[str]], content: Content) -> bool:
    """Whether statements for copies, by their paths, or one for all of a content, are those for all of its copies."""
    if [] in paths:
        return True
    if not isinstance(content, Body) or {use.name for use in content.uses} != {path[0] for path in paths}:
        return False
    return all(_covers([path[1:] for path in paths if path[0] == use.name], use.content) for use in content.uses)


def _layers(part: Call, content: Body) -> dict[str, Part]:
    """The layers of an ``nn.Sequential`` by name, those of a list by number."""
    if content.graph is not None and content.graph.is_list:
        return {str(number): layer for number, (_, layer) in enumerate(part.arguments)}
    ((_, layers),) = part.arguments
    assert isinstance(layers, Call)
    return dict(layers.arguments)


def _is_identity(part: Part) -> bool:
    return isinstance(part, Call) and part.target == "nn.Identity"


def _counted(path: str, uses: Mapping[str, Use]) -> str:
    """A path whose copy may be counted from the end of the list of all, counted from its beginning."""
    name, _, copy = path.partition(".")
    if not copy.startswith("-"):
        return path
    content = uses[name].content
    assert isinstance(content, Body)
    return f"{name}.{max(int(use.name) for use in content.uses) + 1 + int(copy)}"


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


def _makes_nothing(part: Part, values: Values) -> bool:
    """Whether a part is made by a parameter that stands for no op."""
    return isinstance(part, Call) and part.of_variable and values[part.target] == IDENTITY


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
    if not isinstance(part, ast.expr):
        raise Differs
    return plain(evaluator(part)(values))


def _arguments(call: Call, made: Class, values: Values) -> dict[str, Any]:
    """The values of a class's parameters in a call of it."""
    stated = {keyword: value for keyword, value in call.arguments if keyword}
    in_order = [value for keyword, value in call.arguments if not keyword]
    stated |= zip((parameter.name for parameter in made.signature), in_order, strict=False)
    return {
        parameter.name: _value(stated[parameter.name], values) if parameter.name in stated else parameter.default
        for parameter in made.signature
    }


def _unrolled(part: Part, values: Values) -> Iterator[tuple[Part, Values]]:
    """The layers that an argument stands for, and the values of their variables."""
    if isinstance(part, Tabled):
        for row in part.rows:
            cells = (_value(code, values) for code in row)
            yield part.element, {**values, **dict(zip(part.variables, cells, strict=True))}
        return
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
