"""Constructor calls: of a layer, of a class, of a chain written where it stands, of the copies of a repeat."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archspec.language.algebra import Code, binary, literal, name, names, plain, same, substituted
from archspec.language.functions import LetFunction
from archspec.language.names import OPERAND
from archspec.language.source import Value
from archspec.language.values import ExpressionError
from archspec.network import Block, Node, one_op
from archspec.ops.facts import Module
from archspec.ops.tensor import Shape
from archspec.pytorch.emitter.channels import added, divided, follows, is_sum, rounds_up, scales
from archspec.pytorch.emitter.code import Call, Part, Repeated, asked
from archspec.pytorch.emitter.factories import parameter_of
from archspec.pytorch.emitter.instances import copies, given
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.overwriting import in_place
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import INDEX, REQUIRED, Local, Mismatch, Scope, Spot
from archspec.pytorch.emitter.tables import TableLoop, row_of
from archspec.pytorch.emitter.translation import Inlined, Names
from archspec.pytorch.emitter.unifying import called, unified

Child = Block | Node
Uses = Mapping[Spot, Child]
"""The nodes or blocks that one constructor call makes, by where they were seen."""
Hints = Sequence[Code | None]
"""Expressions that may have the values looked for."""
Made = tuple[Part, list[Code | None]]
"""A constructor call, and hints at the channels of what its layer gives, for several outputs in their order."""
CopiesOf = Mapping[int, Mapping[int, Child]]
"""The copies of a repeat by index, for each instance."""


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

    def channels(self, shapes: Mapping[int, Shape], hints: Hints) -> Code | None:
        """The first dimension as an expression: one of those that say what it is, or a constant."""
        if any(not shape for shape in shapes.values()):
            return None
        values: dict[Spot, Any] = {(number, None): shape[0] for number, shape in shapes.items()}
        found = next((hint for hint in hints if hint is not None and self.scope.gives(hint, values)), None)
        if found is not None:
            return found
        first = next(iter(values.values()))
        return literal(first) if all(value == first for value in values.values()) else None

    def first_dimension(self, nodes: Mapping[Spot, Node], operands: Hints, arguments: Hints) -> Code | None:
        """The first dimension of what an op gives as an expression, None where none is found.

        It follows from those of the operands where the op's shape rule says so, else from an argument.

        Args:
            nodes: The uses of the op.
            operands: The first dimensions of the operands.
            arguments: The arguments.
        """
        if any(not shape for node in nodes.values() for shape in (node.shape, *node.input_shapes)):
            return None
        values: dict[Spot, Any] = {spot: node.shape[0] for spot, node in nodes.items()}
        distinct = list({id(node.applied): node for node in nodes.values()}.values())
        if not all(map(follows, distinct)):
            return next((code for code in arguments if code is not None and self.scope.gives(code, values)), None)
        if all(map(is_sum, distinct)):
            return added(operands)
        known = (operand for operand in operands if operand is not None) if all(map(scales, distinct)) else ()
        return next((code for operand in known if (code := self._scaled(operand, values, distinct)) is not None), None)

    def _scaled(self, hint: Code, values: Mapping[Spot, int], nodes: Sequence[Node]) -> Code | None:
        """An expression, or it times or over a number, that has some values.

        It is rounded up where the op gives such a part to sizes that do not divide.
        """
        try:
            base = dict(zip(values, self.scope.evaluated(hint, values), strict=True))
        except ExpressionError:
            return None
        if any(type(value) is not int or value < 1 for value in base.values()):
            return None
        spot, value = next(iter(values.items()))
        factors: list[tuple[type[ast.operator], int]] = [(ast.Mult, value // base[spot])]
        factors += [(ast.FloorDiv, base[spot] // value)] if value else []
        for operator, factor in factors:
            code = hint if factor == 1 else binary(hint, operator, literal(factor))
            if operator is ast.FloorDiv and factor > 1:
                code = divided(hint, factor, up=all(rounds_up(node, factor) for node in nodes))
            if factor > 0 and self.scope.gives(code, values):
                return code
        return None

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
        return Call(variable, arguments, of_variable=True), [self.first_dimension(uses, operands, [])]

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
        return part, [self.first_dimension(uses, operands, own)]

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
            tensor = Local(paths, shapes, self.channels(shapes, current))
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
        return Call("nn.Sequential", made), [self.channels(shapes, current)]

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

    # Repeats

    def copies(self, uses: Mapping[Spot, Block], operands: Hints, label: str) -> Made:
        """``nn.Sequential`` of the copies of a repeat: one expression for all, or all but the ends, or for runs."""
        indexed = {spot[0]: dict(copies(self.instances.opened(repeat))) for spot, repeat in uses.items()}
        lengths = {number: max(each) + 1 for number, each in indexed.items()}
        step = next(iter(uses.values())).step
        if step is not None and step.each is not None:
            return self._of_table({spot[0]: repeat for spot, repeat in uses.items()}, indexed, operands, label)
        counter = str(step.counter.value) if step is not None and step.counter is not None else ""
        hint = self.names.code(step.repeat) if step else None
        values: dict[Spot, int] = {(number, None): length for number, length in lengths.items()}
        count = self.scope.resolve(values, [hint], f"{label}_repeat")
        full = all(len(each) == lengths[number] for number, each in indexed.items())
        for head, tail in [(0, 0), (1, 0), (0, 1), (1, 1)] if full else []:
            if min(lengths.values()) < head + tail:
                break
            made = self._alike(indexed, count, head, tail, operands, label, counter)
            if made is not None:
                return made
        if len(set(lengths.values())) != 1:
            raise Mismatch
        return self._runs(indexed, max(lengths.values()), operands, label)

    def _of_table(self, repeats: Mapping[int, Block], indexed: CopiesOf, operands: Hints, label: str) -> Made:
        """``nn.Sequential`` of the copies of a table: a loop over its rows, or one after another."""
        lengths = {len(each) for each in indexed.values()} | {max(each) + 1 for each in indexed.values()}
        if len(lengths) == 1 and max(lengths) > 1:
            made = TableLoop(self.instances, self.names, repeats, indexed).made(operands, self._over)
            if made is not None:
                return made
        if len({max(each) for each in indexed.values()}) != 1:
            raise Mismatch
        known = dict(self.scope.known)
        try:
            return self._runs(indexed, max(lengths), operands, label, repeats)
        finally:
            self.scope.known = known

    def _over(self, scope: Scope, uses: Uses, operands: Hints) -> Made:
        """The call that makes copies of a table, over the variables of its rows."""
        inner = Construction(self.registry, scope)
        inner.names.tensors = self.names.tensors
        return inner.made(uses, operands, "")

    def _alike(
        self, indexed: CopiesOf, count: Code, head: int, tail: int, operands: Hints, label: str, counter: str
    ) -> Made | None:
        """The first copy apart, the last apart, or both, and one expression for all the others."""
        frozen, self.scope.frozen = self.scope.frozen, not self.scope.has_columns
        outer = self.scope.index
        arguments: list[tuple[str, Part]] = []
        channels: list[Code | None] = []
        part: Part = Call("nn.Identity")
        try:
            for start, stop in [*([(0, 1)] if head else []), (head, -tail), *([(-1, 0)] if tail else [])]:
                uses: dict[Spot, Child] = {
                    (number, index): each[index]
                    for number, each in indexed.items()
                    for index in range(len(each))[slice(start, stop or None)]
                }
                if not uses:
                    continue
                single = (start, stop) != (head, -tail)
                place = literal(0) if start == 0 else binary(count, ast.Sub, literal(1))
                self.scope.index = place if single else name(INDEX)
                if counter:
                    self.scope.known[counter] = self.scope.index
                # The copies take what the ones before them give: made again with that as a hint.
                _, given = self.made(uses, [*operands, *channels], label)
                part, channels = self.made(uses, [*operands, *channels, *given], label)
                between = isinstance(count, ast.Constant) and count.value == head + tail + 1  # one copy, and no loop
                if INDEX in asked(part) and (single or between):
                    return None
                arguments.append(("", part if single else _run(part, count, head, tail)))
        except Mismatch:
            return None
        finally:
            self.scope.frozen, self.scope.index = frozen, outer
        constant: list[Code | None] = [code for code in channels if code and INDEX not in names(code)]
        if len(channels) == 1 and not tail and not constant:
            constant = _of_next(part, count)
        one = self._one_loop(indexed, arguments[0][1], part, count) if head and not tail else None
        return one or Call("nn.Sequential", tuple(arguments)), constant

    def _one_loop(self, indexed: CopiesOf, first: Part, others: Part, count: Code) -> Part | None:
        """The first copy and the others in one loop, where that is shorter."""
        made = self.registry.named(first.target) if isinstance(first, Call) else None
        if made is None or not isinstance(first, Call) or not isinstance(others, Call) or others.target != made.name:
            return None
        given: dict[Spot, dict[str, Any]] = {
            (number, index): made.arguments(self.instances.same[copy.path])
            for number, each in indexed.items()
            for index, copy in each.items()
        }
        return unified(self.scope, made, given, first, others, count)

    def _runs(
        self, indexed: CopiesOf, length: int, operands: Hints, label: str, tables: Mapping[int, Block] | None = None
    ) -> Made:
        """Runs of equal copies, each with arguments of its own; a copy that passes its input on is an identity.

        Of the copies of a table, what the names of its rows stand for is known.
        """
        starts = [0, *(index for index in range(1, length) if not self._continue(indexed, index))]
        arguments: list[tuple[str, Part]] = []
        current: Hints = operands
        for start, stop in zip(starts, [*starts[1:], length], strict=True):
            uses: dict[Spot, Child] = {(number, None): each[start] for number, each in indexed.items() if start in each}
            part: Part = Call("nn.Identity")
            if uses:
                if len(uses) != len(indexed):
                    raise Mismatch
                self.scope.known |= row_of(tables, start) if tables else {}
                part, channels = self.made(uses, current, f"{label}{start}")
                current = [*channels, *operands]
            arguments.append(("", _run(part, literal(stop - start), 0, 0)))
        return Call("nn.Sequential", tuple(arguments)), [*current]

    def _continue(self, indexed: CopiesOf, index: int) -> bool:
        """Whether each instance's copy is equal to the one before."""
        return all(self._equal(each.get(index - 1), each.get(index)) for each in indexed.values())

    def _equal(self, left: Child | None, right: Child | None) -> bool:
        if isinstance(left, Node) and isinstance(right, Node):
            return left.applied is right.applied
        if isinstance(left, Block) and isinstance(right, Block) and left.kind == right.kind != "repeat":
            return self.instances.same[left.path] is self.instances.same[right.path]
        return left is right


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


def _of_next(part: Part, count: Code) -> list[Code | None]:
    """What a copy more would be given that depends on its index: it takes what the last one gives."""
    given = [value for _, value in part.arguments] if isinstance(part, Call) else []
    return [substituted(code, {INDEX: count}) for code in given if isinstance(code, ast.expr) and INDEX in names(code)]


def _run(part: Part, count: Code, head: int, tail: int) -> Part:
    """``*(part for i in range(…))`` of so many copies but the first and last ones; the part alone where one is left."""
    if INDEX in asked(part):
        stop = binary(count, ast.Sub, literal(tail))
        return Repeated(part, INDEX, (literal(head), stop) if head else (stop,))
    count = binary(count, ast.Sub, literal(head + tail))
    single = isinstance(count, ast.Constant) and count.value == 1
    return part if single else Repeated(part, "_", (count,))
