"""Constructor calls: of a layer, of a class, of a chain written where it stands, of the copies of a repeat."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archspec.language.algebra import Code, names, plain, same, substituted
from archspec.language.functions import LetFunction
from archspec.language.names import OPERAND
from archspec.language.source import Value
from archspec.network import Block, Node, one_op
from archspec.ops.facts import Module
from archspec.pytorch.emitter.code import Call, Part
from archspec.pytorch.emitter.dimensions import first_dimension, known_channels
from archspec.pytorch.emitter.factories import parameter_of
from archspec.pytorch.emitter.instances import given
from archspec.pytorch.emitter.model import Child, Class, Hints, Made, Uses
from archspec.pytorch.emitter.overwriting import in_place
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.repetition import Repetition
from archspec.pytorch.emitter.scope import REQUIRED, Local, Mismatch, Scope, Spot
from archspec.pytorch.emitter.translation import Inlined, Names
from archspec.pytorch.emitter.unifying import called


class Construction:
    """Writes constructor calls over the variables of one class."""

    def __init__(self, registry: Registry, scope: Scope) -> None:
        self.registry = registry
        self.instances = registry.instances
        self.scope = scope
        self.names = Names(scope)

    def made(self, uses: Uses, operands: Hints, label: str) -> Made:
        """The call that makes uses of one op, class or group.

        Args:
            uses: What is made.
            operands: Channels of the tensors that it takes.
            label: Begins the names of parameters that have to be added.

        Raises:
            Mismatch: One call cannot make them all.
        """
        ops = {spot: one_op(use) for spot, use in uses.items()}
        nodes = {spot: op for spot, op in ops.items() if op is not None}
        blocks = {spot: use for spot, use in uses.items() if isinstance(use, Block) and spot not in nodes}
        if nodes and blocks:
            raise Mismatch
        if nodes:
            return self._layer(nodes, operands, label)
        if all(block.kind == "repeat" for block in blocks.values()):
            return self.copies(blocks, operands, label)
        if all(self.registry.is_inline(block) for block in blocks.values()):
            return self.sequential(blocks, operands, label)
        return self._instance(blocks, operands, label)

    def copies(self, uses: Mapping[Spot, Block], operands: Hints, label: str) -> Made:
        """``nn.Sequential`` of the copies of a repeat."""
        return Repetition(self.registry, self.names, self.made, self._over).made(uses, operands, label)

    def _over(self, scope: Scope, uses: Uses, operands: Hints) -> Made:
        """The call that makes copies of a table, over the variables of its rows."""
        inner = Construction(self.registry, scope)
        inner.names.tensors = self.names.tensors
        return inner.made(uses, operands, "")

    def written(self, uses: Mapping[Spot, Child]) -> dict[str, Code | None]:
        """The arguments as the spec writes them, over the variables of the class, where they can be."""
        seen: dict[str, dict[int, Value]] = {}
        for use in uses.values():
            for key, entry in use.written.items():
                seen.setdefault(key, {})[id(entry.value)] = entry.value
        return {key: self._known(values.values()) for key, values in seen.items()}

    def arguments(self, uses: Mapping[Spot, Child]) -> Hints:
        """The arguments as the spec writes them, those in a list one by one."""
        written = self.written(uses).values()
        return [part for code in written for part in (code.elts if isinstance(code, ast.Tuple) else [code])]

    def _known(self, values: Iterable[Value]) -> Code | None:
        """The first of some values of the spec that is an expression over the variables of the class."""
        return next((code for value in values if (code := self.names.code(value)) is not None), None)

    def _by_factory(self, variable: str, uses: Mapping[Spot, Node], operands: Hints, label: str) -> Made:
        """The call of a parameter that makes the layers."""
        arguments: tuple[tuple[str, Part], ...] = ()
        if any(each.takes_channels for each in self.scope.parameters[variable].values):
            values: dict[Spot, Any] = {spot: node.input_shapes[0][0] for spot, node in uses.items()}
            arguments = (("", self.scope.resolve(values, operands, f"{label}_channels")),)
        return Call(variable, arguments, of_variable=True), [first_dimension(self.scope, uses, operands, [])]

    def _layer(self, uses: Mapping[Spot, Node], operands: Hints, label: str) -> Made:
        variable = self.scope.factories.get(parameter_of(next(iter(uses.values())).step))
        if variable is not None:
            return self._by_factory(variable, uses, operands, label)
        distinct = {id(node.applied): node for node in uses.values()}
        variables = self.scope.parameters.keys() | self.scope.locals.keys()
        layers = {each: self.registry.layer(node, variables) for each, node in distinct.items()}
        calls = {spot: layers[id(node.applied)] for spot, node in uses.items()}
        node, call = next(iter(uses.values())), next(iter(calls.values()))
        kind = call.target, call.within, len(call.args)
        if any((each.target, each.within, len(each.args)) != kind for each in calls.values()):
            raise Mismatch
        written = self.written(uses)
        inferred = [each for each in node.op.inferred if each not in call.kwargs][: len(call.args)]
        fields = list(type(node.op).model_fields)
        positional: list[Code] = []
        for place, kind in zip(range(len(call.args)), [*inferred, *fields, *call.args], strict=False):
            values = {spot: each.args[place] for spot, each in calls.items()}
            hints = operands if kind in inferred else [written.get(kind)]
            wanted = self._wanted(label, str(kind), inferred)
            positional.append(self.scope.resolve(values, hints, wanted))
        keywords: list[tuple[str, Code]] = []
        stated = {key for each in calls.values() for key in each.kwargs}
        for key in sorted(stated, key=_order(node)):
            values = {spot: _keyword(uses[spot], each, key) for spot, each in calls.items()}
            meant = [written.get(key)] if key in fields else operands
            wanted = self._wanted(label, key, node.op.inferred)
            keywords.append((key, self.scope.resolve(values, meant, wanted, _usual(uses, values))))
        own = [*positional[len(inferred) :], *(code for _, code in keywords)]
        part = Call(call.target, (*(("", code) for code in positional), *keywords))
        part = Call(call.within, (("", part),)) if call.within else part
        return part, [first_dimension(self.scope, uses, operands, own)]

    def _wanted(self, label: str, argument: str, inferred: Sequence[str]) -> str:
        """The name of a parameter that has to be added for an argument of a layer."""
        return argument if argument in inferred and argument not in self.scope.parameters else f"{label}_{argument}"

    def _instance(self, uses: Mapping[Spot, Block], operands: Hints, label: str) -> Made:
        classes = {id(made): made for made in (self.registry.of(block) for block in uses.values())}
        if len(classes) != 1:
            raise Mismatch
        (made,) = classes.values()
        given = {spot: made.arguments(self.instances.same[block.path]) for spot, block in uses.items()}
        written = self.written(uses) | self._defined(next(iter(uses.values())))
        chosen: dict[str, Code] = {}
        for parameter in made.signature:
            values = {spot: each[parameter.name] for spot, each in given.items()}
            declared = made.scope.declared.get(parameter.name, "")
            hints = [written.get(declared), *operands, self.scope.known.get(declared)]
            chosen[parameter.name] = self.scope.resolve(values, hints, f"{label}_{parameter.name}")
        call = called(self.scope, made, given, chosen)
        return call, [_outer(code, made, chosen) for code in made.channels.values()]

    def _defined(self, block: Block) -> dict[str, Code | None]:
        """What the graph of a group defines, where it is an expression of the class around."""
        names = Names(self.scope, {}, self.names.functions)
        lets = block.graph.lets if block.graph is not None and block.kind == "group" else ()
        return {let.name: names.code(let.value) for let in lets if not let.parameters}

    def sequential(self, uses: Mapping[Spot, Block], operands: Hints, label: str) -> Made:
        """``nn.Sequential`` with named layers, those of a list without names, for blocks that are chains."""
        uses = {spot: self.instances.opened(block) for spot, block in uses.items()}
        some = next(iter(uses.values()))
        outside, self.names.tensors = self.names.tensors, {}
        known, functions = dict(self.scope.known), dict(self.names.functions)
        layers: list[tuple[str, Part]] = []
        current: Hints = operands
        for place, child in enumerate(some.children):
            inner = {spot: block.children[place] for spot, block in uses.items()}
            paths = {spot[0]: self.instances.taken(each)[0] for spot, each in inner.items()}
            shapes = {number: self.instances.shape(path) for number, path in paths.items()}
            tensor = Local(paths, shapes, known_channels(self.scope, shapes, current))
            seen = [some.children[place - 1].name] if place else ["input", *(some.graph.inputs if some.graph else ())]
            self.names.tensors.update(dict.fromkeys(seen, tensor))
            if not place:
                self._define(uses)
            self.take(some, tensor)
            part, channels = self.made(inner, [tensor.channels], f"{label}_{word(child.name)}".lstrip("_"))
            layers.append((child.name, in_place(part) if self.registry.overwriting.holds(child.step) else part))
            current = channels
        self.names.tensors, self.scope.known, self.names.functions = outside, known, functions
        ends = {spot[0]: next(iter(given(self.instances, block).values())) for spot, block in uses.items()}
        shapes = {number: self.instances.shape(path) for number, path in ends.items()}
        made = (
            numbered(dict(layers)) if some.graph and some.graph.is_list else (("", Call("OrderedDict", tuple(layers))),)
        )
        return Call("nn.Sequential", made), [known_channels(self.scope, shapes, current)]

    def take(self, block: Block, tensor: Local | None) -> None:
        """Begin the expressions of a node of a block that takes a tensor first."""
        if block.graph is not None and block.graph.has_operand:
            self.names.tensors.pop(OPERAND, None)
            if tensor is not None:
                self.names.tensors[OPERAND] = tensor

    def _define(self, uses: Mapping[Spot, Block]) -> None:
        """What a group that is written where it stands defines, as far as it is an expression of the class."""
        some = next(iter(uses.values()))
        inputs = dict(self.names.tensors)
        for let in some.graph.lets if some.graph is not None and some.kind == "group" else ():
            found = some.content.lets[let.name]
            if isinstance(found, LetFunction):
                self.names.functions[let.name] = Inlined(found.parameters, found.text, inputs)
                continue
            code = self.scope.find(
                {spot: plain(use.content.lets[let.name]) for spot, use in uses.items()}, [self.names.code(let.value)]
            )
            if code is not None:
                self.scope.known[let.name] = code


def numbered(layers: Mapping[str, Part]) -> tuple[tuple[str, Part], ...]:
    """The layers of a list by number as arguments of ``nn.Sequential``; one that is not there is an identity."""
    length = max(map(int, layers), default=-1) + 1
    return tuple(("", layers.get(str(number), Call("nn.Identity"))) for number in range(length))


def word(name: str) -> str:
    """The name of a node as the beginning of a variable's; that of a list's node is a number."""
    return f"layer{name}" if name.isdecimal() else name


def _usual(uses: Mapping[Spot, Node], values: Mapping[Spot, Any]) -> Any:
    """The value of the uses that `override:` does not change, where it changes others."""
    unchanged = [values[spot] for spot, node in uses.items() if not node.step.changes]
    alike = bool(unchanged) and all(same(value, unchanged[0]) for value in unchanged)
    return unchanged[0] if alike and len(unchanged) < len(uses) else REQUIRED


def _order(node: Node) -> Any:
    """Keywords in the order of the op's arguments."""
    fields = list(type(node.op).model_fields)
    return lambda key: (fields.index(key) if key in fields else len(fields), key)


def _keyword(node: Node, call: Module, key: str) -> Any:
    """The value of a keyword, which is left out where it is the default."""
    if key in call.kwargs:
        return call.kwargs[key]
    fields = type(node.op).model_fields
    if key not in fields:
        raise Mismatch
    return plain(fields[key].default)


def _outer(code: Code | None, made: Class, values: Mapping[str, Code]) -> Code | None:
    """An expression over a class's variables as one over those of its user."""
    if code is None:
        return None
    for variable, (definition, _) in reversed(made.scope.locals.items()):
        if variable in names(code):
            code = substituted(code, {variable: definition})
    return substituted(code, values) if names(code) <= values.keys() else None
