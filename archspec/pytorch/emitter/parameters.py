"""The parameters of a class, as far as its definition and its inputs say: which it has, and their defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from archspec.language.algebra import Code, literal, name, names, plain, same
from archspec.language.definition import Definition
from archspec.language.expr import is_expression
from archspec.language.functions import LetFunction
from archspec.language.loops import items_of
from archspec.language.source import Value
from archspec.language.usage import names_in
from archspec.network import Block
from archspec.pytorch.emitter.factories import IDENTITY
from archspec.pytorch.emitter.instances import Instance
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import REQUIRED, Local, Scope, Spot
from archspec.pytorch.emitter.translation import Inlined, Names


@dataclass(frozen=True, slots=True)
class Parameters:
    """Declares the parameters of one class.

    Attributes:
        registry: The classes made so far.
        part: The instances of the class.
        scope: Where the parameters go.
        names: What expressions of the definition can ask for.
    """

    registry: Registry
    part: list[Instance]
    scope: Scope
    names: Names

    @property
    def first(self) -> Block:
        """One of the instances' blocks."""
        return self.part[0].block

    def channels(self, label: str, tensor: Local) -> Code | None:
        """A parameter for the channels of an input, the only one where it has no label; None for a tensor of rank 0."""
        if any(not shape for shape in tensor.shapes.values()):
            return None
        what = "features" if all(len(shape) == 1 for shape in tensor.shapes.values()) else "channels"
        wanted = f"{label or 'in'}_{what}"
        values = [tensor.shapes[number][0] for number in range(len(self.part))]
        doc = f"{what.capitalize()} of {f'`{label}`' if label else 'the input'}."
        code = self.scope.add(wanted + "_" * (wanted in self.first.template.params), values, doc)
        places = enumerate(instance.block.inputs for instance in self.part)
        self.scope.inputs[code.id] = [inputs.index(tensor.paths[number]) for number, inputs in places]
        return code

    def declare(self) -> None:
        """Find what stands for each parameter: a parameter of the class, a variable of its constructor, or a value."""
        definition = self.first.template
        for parameter, param in definition.params.items():
            if param.kind == "op":
                self._declare_factory(parameter)
            values = [plain(instance.scope[parameter]) for instance in self.part]
            if self._is_default(definition, parameter, values):
                self.scope.defaults.add(parameter)
                self._computed(definition.param_value(parameter), parameter, values)
            elif self._is_exposed(definition, parameter, values):
                simple = not param.required and not is_expression(param.default)
                default = plain(param.default) if simple else REQUIRED
                if self.first.kind == "network":
                    default = values[0]
                self._expose(parameter, values, default)
            elif is_expression(param.default) and self.first.kind == "block" and not param.names_one:
                self._computed(definition.param_value(parameter), parameter, values)
            elif all(same(value, values[0]) for value in values):
                self.scope.known[parameter] = literal(values[0])
        self._declare_around(definition)

    def _declare_around(self, definition: Definition) -> None:
        """The same for what ``let`` defines, and for what tells a group from the copies beside it.

        Functions are written where they are called; ``row.channels`` is an item of a mapping.
        """
        own = {let.name: let for let in self.part[0].graph.lets}
        inputs = dict(self.names.tensors)
        for each, found in self.part[0].scope.items():
            if isinstance(found, LetFunction):
                self.names.functions[each] = Inlined(found.parameters, found.text, inputs if each in own else {})
        around = [each for each in self.part[0].scope if each not in definition.params and each not in own]
        for each in (*around, *own):
            if each in self.names.functions:
                continue
            value = own[each].value if each in own else None
            if value is not None:
                self._computed(value, each, [plain(instance.scope[each]) for instance in self.part])
                continue
            for parameter, values in columns(each, [instance.scope[each] for instance in self.part]):
                if all(same(value, values[0]) for value in values):
                    self.scope.known[parameter] = literal(values[0])
                else:
                    self._expose(parameter, values)

    def _declare_factory(self, parameter: str) -> None:
        """A parameter of the class for an op that differs among the instances: what makes its layers."""
        param, blocks = self.first.template.params[parameter], [instance.block for instance in self.part]
        known = self.registry.factories
        found = [known.of(instance.block.content, instance.scope, parameter) for instance in self.part]
        factories = [factory for factory in found if factory is not None]
        forms = {factory.takes_channels for factory in factories if factory != IDENTITY}
        if len(factories) < len(found) or len(forms) != 1 or len({factory.target for factory in factories}) == 1:
            return
        usual = [factory for block, factory in zip(blocks, factories, strict=True) if parameter not in block.written]
        one = self.first.kind == "block" and usual and all(factory == usual[0] for factory in usual)
        default = usual[0] if one else REQUIRED
        code = self.scope.add(parameter, list(factories), param.doc, default)
        self.scope.factories[parameter] = code.id

    def _expose(self, parameter: str, values: list[Any], default: Any = REQUIRED) -> None:
        """A parameter of the class for one of the definition, or for another name that is known around it."""
        param = self.first.template.params.get(parameter)
        code = self.scope.add(parameter.rpartition(".")[2], values, param.doc if param else "", default)
        self.scope.known[parameter] = code
        self.scope.declared[code.id] = parameter

    def _is_exposed(self, definition: Definition, parameter: str, values: list[Any]) -> bool:
        if definition.params[parameter].names_one:
            return False
        if self.first.kind == "network":
            return parameter in self.registry.free
        if (id(self.part[0].graph), parameter) in self.registry.handed:
            return True
        if self.first.kind == "group":
            ours = definition is self.registry.instances.network.blocks.template
            return (ours and parameter in self.registry.free) or any(not same(value, values[0]) for value in values)
        stated = [parameter in instance.block.written for instance in self.part]
        return _exposed(definition, stated, values, parameter)

    def _is_default(self, definition: Definition, parameter: str, values: list[Any]) -> bool:
        """Whether a parameter of a block that is given as a constant is nowhere another than its default computes."""
        param = definition.params[parameter]
        if self.first.kind != "block" or param.required or param.names_one or not is_expression(param.default):
            return False
        code = self.names.code(definition.param_value(parameter))
        written = [instance.block.written.get(parameter) for instance in self.part]
        given = any(written) and not any(entry and any(names_in(entry.value)) for entry in written)
        return given and code is not None and self.scope.gives(code, {(n, None): each for n, each in enumerate(values)})

    def _computed(self, value: Value, parameter: str, values: list[Any]) -> None:
        """A parameter that is computed from others: a variable of the constructor."""
        code = self.names.code(value)
        spots: dict[Spot, Any] = {(number, None): value for number, value in enumerate(values)}
        if code is not None and names(code) and self.scope.gives(code, spots):
            if not isinstance(code, ast.Name):
                variable = self.scope.unique(parameter)
                self.scope.locals[variable] = (code, values)
                code = name(variable)
            self.scope.known[parameter] = code
        elif all(same(value, values[0]) for value in values):
            self.scope.known[parameter] = literal(values[0])
        else:
            self._expose(parameter, values)


def columns(name: str, values: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    """A name with its values in several places; of mappings, each item that all of them have: ``row.channels``."""
    found = [dict(items_of(name, value)) for value in values]
    for item in found[0]:
        if all(item in each for each in found):
            yield item, [plain(each[item]) for each in found]


def _exposed(definition: Definition, given: list[bool], values: list[Any], parameter: str) -> bool:
    """Whether a parameter of a block belongs in the signature.

    It does where it is required, or given other than its default, but for a value that all uses share.
    """
    param = definition.params[parameter]
    if param.required:
        return True
    if len(values) > 1 and all(same(value, values[0]) for value in values):
        return False
    if is_expression(param.default):
        return any(given)
    return any(not same(plain(param.default), value) for value in values)
