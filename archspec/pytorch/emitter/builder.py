"""One class of several instances of a graph: its inputs, parameters, layers and the lines of ``forward``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import chain
from typing import Any

from archspec.language.algebra import Code, binary, literal
from archspec.language.definition import ALL_COPIES, Reference, Reuse
from archspec.network import Block, Node, one_op
from archspec.ops.facts import Function, Held
from archspec.pytorch.emitter.code import Call, Listed, Part
from archspec.pytorch.emitter.construction import Child, Construction, Hints, Uses, word
from archspec.pytorch.emitter.expansion import expand
from archspec.pytorch.emitter.factories import parameter_of
from archspec.pytorch.emitter.functions import Functions, function_of
from archspec.pytorch.emitter.instances import Instance, copies, given, held, is_chain, is_sequence, reuse_of
from archspec.pytorch.emitter.loops import pattern
from archspec.pytorch.emitter.model import Attribute, Class, Key, Loop, Member, Statement
from archspec.pytorch.emitter.overwriting import overwrite
from archspec.pytorch.emitter.parameters import Parameters
from archspec.pytorch.emitter.registry import SEQUENTIAL_NAMES, Registry
from archspec.pytorch.emitter.scope import RESERVED, Local, Mismatch, Scope, Spot
from archspec.pytorch.emitter.tensors import Tensors

Present = Mapping[int, Child]
"""A child of the graph in each instance that has it."""


class Builder:
    """Makes one class of several instances of a graph, or finds that they do not fit one."""

    def __init__(self, registry: Registry, part: list[Instance]) -> None:
        self.registry = registry
        self.instances = registry.instances
        self.part = part
        self.first = part[0].block
        self.graph = part[0].graph
        self.scope = Scope(len(part), classes=registry.reserved | registry.names())
        self.construction = Construction(registry, self.scope)
        self.names = self.construction.names
        self.parameters = Parameters(registry, part, self.scope, self.names)
        self.children = [{child.name: child for child in instance.block.children} for instance in part]
        self.members: list[Member] = []
        self.functions = Functions(self.construction, self.scope, self.members, self.children)
        self.statements: list[Statement] = []
        self.modules: dict[str, Present] = {}
        self.unrolled: set[str] = set()
        self.tensors = Tensors()
        taken = (reference for step in self.graph.steps for reference in step.operands or ())
        self.listed = {(each.name, each.of_copy) for each in taken if each.copy == ALL_COPIES}

    def build(self) -> Class:
        """The class.

        Raises:
            Mismatch: The instances do not fit one class.
        """
        inputs = self._inputs()
        self.parameters.declare()
        if self._is_chain():
            return self._chain(inputs)
        for step in self.graph.steps:
            self._step(step.name, step.operands or ())
        outputs = self._outputs()
        ranks = {key: len(next(iter(tensor.shapes.values()), ())) for key, tensor in self.tensors.known.items()}
        expand(self.statements, self.members, ranks, outputs.values())
        if self.graph.is_list and not all(member.name.isdecimal() for member in self.members):
            raise Mismatch  # an attribute would be a layer
        overwrite(self.statements, self.members, self.graph, self.registry.overwriting)
        channels = {each: self.tensors[key].channels for each, key in outputs.items()}
        in_order = self._follow(inputs, outputs) and (self.graph.is_list or self._are_layers())
        return self._class(inputs, outputs, None if in_order else self.statements, channels)

    def _follow(self, inputs: dict[str, Key], outputs: dict[str, Key]) -> bool:
        """Whether each layer takes just the one tensor that the one before gives."""
        current = (*inputs.values(),)
        for statement in self.statements:
            if (
                len(current) != 1
                or statement.takes != current
                or statement.loop is not None
                or isinstance(statement.call, Function)
            ):
                return False
            current = statement.gives
        return bool(self.statements) and (*outputs.values(),) == current

    def _are_layers(self) -> bool:
        """Whether all that is called are layers, or identities in their places, each once, and nothing else is held."""
        held = [member.name for member in self.members]
        once = all(not statement.flag and statement.times == 1 for statement in self.statements)
        listed = self.first.kind == "network" or not SEQUENTIAL_NAMES.isdisjoint(held)
        called = [statement.call for statement in self.statements]
        return once and not listed and held == called

    def _class(
        self,
        inputs: dict[str, Key],
        outputs: dict[str, Key],
        statements: list[Statement] | None,
        channels: dict[str, Code | None],
    ) -> Class:
        return Class(self.part, self.scope, inputs, outputs, self.members, statements, channels)

    def _is_chain(self) -> bool:
        """Whether the class is a subclass of ``nn.Sequential``."""
        listed = {tuple(child.name for child in instance.block.children) for instance in self.part}
        return (
            (self.first.kind != "network" or self.graph.is_list)
            and len(listed) == 1
            and SEQUENTIAL_NAMES.isdisjoint(*listed)
            and all(is_chain(self.instances, instance.block) for instance in self.part)
        )

    def _chain(self, inputs: dict[str, Key]) -> Class:
        uses: dict[Spot, Block] = {(number, None): instance.block for number, instance in enumerate(self.part)}
        operands = [self.tensors[key].channels for key in inputs.values()]
        part, channels = self.construction.sequential(uses, operands, "")
        assert isinstance(part, Call)
        if self.graph.is_list:
            self.members += [Member(str(number), layer) for number, (_, layer) in enumerate(part.arguments)]
        else:
            ((_, layers),) = part.arguments
            assert isinstance(layers, Call)
            self.members += [Member(each, layer) for each, layer in layers.arguments]
        port = next(iter(self.instances.outputs(self.first)))
        return self._class(inputs, {port: ("", "")}, None, {port: channels[0]})

    # Inputs and outputs

    def _inputs(self) -> dict[str, Key]:
        """The inputs by their names in ``forward``."""
        taken = [self.instances.inputs(instance.block) for instance in self.part]
        if len({len(paths) for paths in taken}) != 1:
            raise Mismatch
        inputs: dict[str, Key] = {}
        for number in range(len(taken[0])):
            paths = {index: each[number] for index, each in enumerate(taken)}
            label = self._label(paths)
            shapes = {index: self.instances.shape(path) for index, path in paths.items()}
            tensor = Local(paths, shapes)
            key = ("", label)
            self.tensors.add(key, tensor)
            self.names.tensors[label or "input"] = tensor
            if len(taken[0]) == 1:
                self.names.tensors["input"] = tensor
            inputs[(label + "_" * (label in RESERVED)) if len(taken[0]) > 1 else "x"] = key
        if self.first.kind != "network":
            for key in inputs.values():
                tensor = self.tensors[key]
                tensor.channels = self.parameters.channels(key[1] if len(inputs) > 1 else "", tensor)
        return inputs

    def _label(self, paths: Mapping[int, str]) -> str:
        """The name of an input in the graph; empty for an only one without a name."""
        places = {instance.block.inputs.index(paths[number]) for number, instance in enumerate(self.part)}
        if len(places) != 1:
            raise Mismatch
        return self.graph.inputs[places.pop()] if self.graph.inputs else ""

    def _outputs(self) -> dict[str, Key]:
        taken = [self.instances.outputs(instance.block) for instance in self.part]
        if len({tuple(each) for each in taken}) != 1:
            raise Mismatch
        step = self.first.step
        declared = (step.outputs if step else ()) or self.graph.outputs
        wanted = {output.name: self.tensors.key(output.reference) for output in declared if output.reference}
        outputs = {}
        for each in taken[0]:
            key = wanted.get(each)
            outputs[each] = self.tensors.found(
                {number: tensors[each] for number, tensors in enumerate(taken)}, [key] if key else []
            )
        return outputs

    # Steps and their wiring

    def _step(self, step: str, operands: tuple[Reference, ...]) -> None:
        present = {number: named[step] for number, named in enumerate(self.children) if step in named}
        if not present:
            self._pass_through(step, operands)
            return
        nodes = {number: child for number, child in present.items() if isinstance(child, Node)}
        blocks = {number: child for number, child in present.items() if isinstance(child, Block)}
        kinds = {child.kind for child in blocks.values()}
        if (nodes and blocks) or len(kinds) > 1:
            raise Mismatch
        functions = {number: call for number, node in nodes.items() if (call := function_of(node)) is not None}
        joined = None
        if self.tensors.lists and len(functions) == len(present):
            taken = {number: list(self.instances.taken(node)) for number, node in nodes.items()}
            joined = self.tensors.joined(taken, functions, operands)
        takes, functions = joined or (self._wiring(present, operands), functions)
        first = self.tensors.key(operands[0]) if operands else None
        self.construction.take(self.first, None if first is None else self.tensors[first])
        reused, in_list = reuse_of(next(iter(present.values()))), self.graph.is_list
        if functions and not in_list:
            self._function(step, nodes, functions, takes)
        elif reused is not None and reused.step.name in self.modules and not self._is_unrolled(reused, blocks):
            self._again(step, reused, present, takes)
        elif kinds == {"repeat"} and not all(self._is_sequence(block, in_list) for block in blocks.values()):
            if reused is not None or not self._looped(step, blocks, takes):
                self._unrolled(step, blocks)
        else:
            self._layer(step, present, takes)

    def _pass_through(self, step: str, operands: tuple[Reference, ...]) -> None:
        """A step that no instance has: what it would take passes."""
        key = self.tensors.key(operands[0]) if operands else None
        if key is not None:
            self._alias(step, key)

    def _alias(self, step: str, key: Key) -> None:
        """Let a step's name mean a tensor that is there already."""
        self.tensors.alias(step, key)
        self.names.tensors[step] = self.tensors[key]

    def _wiring(self, present: Present, operands: tuple[Reference, ...]) -> tuple[Key, ...]:
        """The tensors that a child takes, the same in each instance."""
        taken = {number: self.instances.taken(child) for number, child in present.items()}
        lengths = {len(paths) for paths in taken.values()}
        if len(lengths) != 1:
            raise Mismatch
        wanted = [key for reference in operands if (key := self.tensors.key(reference))]
        return tuple(
            self.tensors.found({n: each[place] for n, each in taken.items()}, chain(wanted[place : place + 1], wanted))
            for place in range(lengths.pop())
        )

    def _give(self, step: str, present: Present, takes: tuple[Key, ...], hints: Mapping[str, Hints]) -> tuple[Key, ...]:
        """The tensors that a child gives; where it is absent, its first operand passes."""
        outputs = {number: given(self.instances, child) for number, child in present.items()}
        listed = {tuple(each) for each in outputs.values()}
        if len(listed) != 1:
            raise Mismatch
        keys = []
        for port in listed.pop():
            paths = {number: each[port] for number, each in outputs.items()}
            shapes = {number: self.instances.shape(path) for number, path in paths.items()}
            if takes:
                passed = self.tensors[takes[0]]
                paths = {**{n: path for n, path in passed.paths.items() if n not in present}, **paths}
                shapes = {**{n: shape for n, shape in passed.shapes.items() if n not in present}, **shapes}
            passing = self._channels(takes[:1]) if len(present) < len(self.part) else []
            channels = [*hints.get(port, ()), *passing]
            self.tensors.add((step, port), Local(paths, shapes, self.construction.channels(shapes, channels)))
            keys.append((step, port))
        first = next(iter(present.values()))
        if len(keys) == 1 or one_op(first) is not None:
            self.names.tensors[step] = self.tensors[keys[0]]
        return tuple(keys)

    # Layers and functions

    def _layer(self, step: str, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer, an instance of a class, or an ``nn.Sequential``; an identity where a condition leaves it out."""
        absent = len(present) < len(self.part)
        first = next(iter(present.values()))
        own = held(first.applied) if isinstance(first, Node) else None
        if absent and (len(takes) != 1 or own is not None):
            raise Mismatch
        conditional = absent and not self._may_be_none(first)
        uses: Uses = {(number, None): child for number, child in present.items()}
        part, channels = self.construction.made(uses, self._channels(takes), word(step))
        if own is not None:
            part = _kept(part, own)
        ports = list(given(self.instances, first))
        hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
        condition = self._condition(step, present) if conditional else None
        gives = self._give(step, present, takes, hints)
        if absent and len(gives) != 1:
            raise Mismatch
        self.modules[step] = present
        self.members.append(Member(step, part, condition))
        called = step if own is None else Attribute(step)
        self.statements.append(Statement(step, takes, gives, called, is_op=one_op(first) is not None))

    def _is_sequence(self, repeat: Block, in_list: bool) -> bool:
        """Whether copies are an ``nn.Sequential``, of which only what the last gives is taken."""
        return is_sequence(self.instances, repeat, in_list) and not (
            repeat.shares and self.instances.gives_copies(repeat)
        )

    def _is_unrolled(self, reused: Reuse, blocks: Mapping[int, Block]) -> bool:
        """Whether each copy is called in a line of its own."""
        if reused.is_repeat:
            return reused.step.name in self.unrolled
        return any(block.kind == "repeat" and self.instances.gives_copies(block) for block in blocks.values())

    def _again(self, step: str, reused: Reuse, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer or class that another step has made, called again; where it is absent, its first operand passes."""
        held = self.modules[reused.step.name]
        copy = None if reused.copy is None else self._copy_of(reused.copy, held, present)
        place = reused.step.name if copy is None else f"{reused.step.name}.{copy}"
        call = reused.step.name if copy is None else f"{reused.step.name}[{copy}]"
        flag, times = "", self._times(step, reused, present)
        if times == 1 and present.keys() != held.keys():
            flag = self.functions.attribute(f"has_{step}", self._condition(step, present))
        ports = given(self.instances, next(iter(present.values())))
        before = {port: self.tensors.known.get((reused.step.name, port)) for port in ports}
        gives = self._give(step, present, takes, {port: [each.channels] for port, each in before.items() if each})
        if len(present) < len(self.part) and len(gives) != 1:
            raise Mismatch
        is_op = one_op(next(iter(present.values()))) is not None
        self.statements.append(Statement(step, takes, gives, call, flag, reuses=place, times=times, is_op=is_op))

    def _copy_of(self, copy: int, held: Present, present: Present) -> int:
        """The index of a copy in the list of all: as it is written, where it is that in each instance."""
        if len(held) < len(self.part):
            raise Mismatch  # the identity in its place has no copies
        found = {number: int(each.shares.rpartition(".")[2]) for number, each in present.items()}
        if copy >= 0 or all(index == _length(held[number]) + copy for number, index in found.items()):
            return copy
        if len(set(found.values())) > 1:
            raise Mismatch  # rows at the end of some are left out
        return next(iter(found.values()))

    def _times(self, step: str, reused: Reuse, present: Present) -> int | Attribute:
        """How often a step calls what it reuses."""
        child = next(iter(present.values()))
        if child.step is None or not child.step.copies_reuse:
            return 1
        counts = {number: len(each.children) for number, each in present.items() if isinstance(each, Block)}
        held = self.modules[reused.step.name]
        values: dict[Spot, Any] = {(number, None): counts.get(number, 0) for number in held}
        hint = self.names.code(child.step.repeat) if child.step.repeat else None
        code = self.scope.resolve(values, [hint], f"{step}_repeat")
        if isinstance(code, ast.Constant) and type(code.value) is int:
            return code.value
        return Attribute(self.functions.attribute(f"{step}_repeat", code))

    def _may_be_none(self, child: Child) -> bool:
        """Whether a parameter of the class makes a layer, also that which passes on what it takes."""
        step = child.step
        if step is None or step.when is not None or step.repeat is not None:
            return False
        return parameter_of(step) in self.scope.factories

    def _channels(self, keys: tuple[Key, ...]) -> list[Code | None]:
        return [self.tensors[key].channels for key in keys]

    def _condition(self, step: str, present: Present) -> Code:
        values: dict[Spot, Any] = {(number, None): number in present for number in range(len(self.part))}
        written = next(iter(present.values())).step
        steps = [each for each in (written, written and written.reused and written.reused.step) if each]
        conditions = [each.when for each in steps if each.when]
        hints = [code for when in conditions for code in (self.names.code(when), *self.names.shape_comparisons(when))]
        if len(conditions) == 2 and hints[0] is not None and (other := self.names.code(conditions[1])) is not None:
            hints.append(ast.BoolOp(ast.And(), [other, hints[0]]))
        return self.scope.resolve(values, hints, f"has_{word(step)}")

    def _function(
        self, step: str, nodes: Mapping[int, Node], calls: Mapping[int, Function], takes: tuple[Key, ...]
    ) -> None:
        if len(calls) != len(nodes):
            raise Mismatch
        call = self.functions.call(step, nodes, calls)
        flag = ""
        if len(nodes) < len(self.part):
            flag = self.functions.attribute(f"has_{step}", self._condition(step, nodes))
        gives = self._give(step, nodes, takes, {"output": [self._first_dimension(nodes, takes)]})
        self.statements.append(Statement(step, takes, gives, call, flag))

    def _first_dimension(self, nodes: Mapping[int, Node], takes: tuple[Key, ...]) -> Code | None:
        """The first dimension of what a function gives."""
        uses: dict[Spot, Node] = {(number, None): node for number, node in nodes.items()}
        arguments = self.construction.arguments(uses)
        return self.construction.first_dimension(uses, self._channels(takes), arguments)

    # Repeats

    def _looped(self, step: str, present: Mapping[int, Block], takes: tuple[Key, ...]) -> bool:
        """Copies that are layers and hand tensors on, called in a loop; whether they can be."""
        found = pattern(self.instances, [*present.values()]) if len(present) == len(self.part) else None
        if found is None:
            return False
        indexed = {number: dict(copies(repeat)) for number, repeat in present.items()}
        gives = {number: [given(self.instances, copy) for copy in each.values()] for number, each in indexed.items()}
        wanted = {number: set(self.instances.outputs(repeat).values()) for number, repeat in present.items()}
        part, channels = self.construction.copies(
            {(number, None): repeat for number, repeat in present.items()}, self._channels(takes), word(step)
        )
        last: dict[str, Key] = {}
        lists: dict[str, Key] = {}
        items: dict[Key, tuple[str, int]] = {}
        single = len(found.ports) == 1
        for place, port in enumerate(found.ports):
            paths = {number: [copy[port] for copy in each] for number, each in gives.items()}
            hints = channels if single else channels[place : place + 1]
            taken = {tuple(at for at, path in enumerate(each[:-1]) if path in wanted[n]) for n, each in paths.items()}
            if any(each[-1] in wanted[number] for number, each in paths.items()):
                last[port] = (step, port)
                self._know((step, port), {number: each[-1] for number, each in paths.items()}, hints)
            if any(taken) or (step, port if not single else "") in self.listed:
                lists[port] = (step, "*" if single else f"*.{port}")
                self.tensors.lists[lists[port]] = paths
                self.tensors.add(lists[port], Local({}, {}, self._sum(present, paths, hints)))
            for at in taken.pop() if len(taken) == 1 else ():
                key = (step, f"{at}" if single else f"{at}.{port}")
                items[key] = (port, at)
                self._know(key, {number: each[at] for number, each in paths.items()}, hints)
        loop = Loop(found.ports, found.handed, last, lists, items)
        assert isinstance(part, Call)
        layers = Listed(tuple(layer for _, layer in part.arguments))
        self.modules[step] = present
        self.unrolled.add(step)
        self.members.append(Member(step, Call("nn.ModuleList", (("", layers),))))
        self.statements.append(Statement(step, takes, loop.gives, step, loop=loop))
        if len(last) == 1 and single:
            self.names.tensors[step] = self.tensors[next(iter(last.values()))]
        return True

    def _sum(self, present: Mapping[int, Block], paths: Mapping[int, list[str]], hints: Hints) -> Code | None:
        """The sum of the first dimensions of what the copies of a repeat give."""
        shapes = {number: [self.instances.shape(path) for path in each] for number, each in paths.items()}
        if not all(shape for each in shapes.values() for shape in each):
            return None
        step = next(iter(present.values())).step
        lengths: dict[Spot, Any] = {(number, None): len(each) for number, each in paths.items()}
        count = self.scope.find(lengths, [self.names.code(step.repeat if step else None)])
        each = self.construction.channels({number: one[0] for number, one in shapes.items()}, hints)
        product = binary(count, ast.Mult, each) if count is not None and each is not None else None
        return self.scope.find({(n, None): sum(shape[0] for shape in each) for n, each in shapes.items()}, [product])

    def _know(self, key: Key, paths: dict[int, str], hints: Hints) -> None:
        """Take a tensor that is in every instance."""
        shapes = {number: self.instances.shape(path) for number, path in paths.items()}
        self.tensors.add(key, Local(paths, shapes, self.construction.channels(shapes, hints)))

    def _unrolled(self, step: str, present: Mapping[int, Block]) -> None:
        """Copies that take several tensors, or are functions: each a line of ``forward``."""
        if len(present) < len(self.part):
            raise Mismatch
        reused = reuse_of(next(iter(present.values())))
        self.unrolled.add(step)
        layers, last = self._copies(step, reused, (), present)
        if layers:
            self.modules[step] = present
            self.members.append(Member(step, _module_list(layers)))
        if len(last) == 1:
            self._alias(step, last[0])

    def _copies(
        self, step: str, reused: Reuse | None, indices: tuple[int, ...], repeats: Mapping[int, Block]
    ) -> tuple[list[Part], tuple[Key, ...]]:
        """The layers of copies, and what the last gives.

        Args:
            step: The name of the step.
            reused: What the step reuses, whose layers are called; None for layers of its own.
            indices: Where the copies stand among those of a table.
            repeats: The repeats in the instances.
        """
        indexed = {number: dict(copies(self.instances.opened(repeat))) for number, repeat in repeats.items()}
        listed = {tuple(each) for each in indexed.values()}
        if len(listed) != 1:
            raise Mismatch
        layers: list[Part] = []
        last: tuple[Key, ...] = ()
        for index in listed.pop():
            uses = {number: each[index] for number, each in indexed.items()}
            inner = {number: copy for number, copy in uses.items() if isinstance(copy, Block) and copy.kind == "repeat"}
            if inner and not all(is_sequence(self.instances, repeat) for repeat in inner.values()):
                rows, last = self._copies(step, reused, (*indices, index), inner)
                if rows:
                    layers += [*[Call("nn.Identity")] * (index - len(layers)), _module_list(rows)]
                continue
            nodes = {number: copy for number, copy in uses.items() if isinstance(copy, Node)}
            functions = {number: each for number, copy in nodes.items() if (each := function_of(copy)) is not None}
            taken = self._wiring(uses, ())
            place = _held_place(step, reused, next(iter(repeats.values())), (*indices, index))
            called: str | Function = place[0] + "".join(f"[{each}]" for each in place[1:])
            channels: Hints = ()
            label = f"{step}{'_'.join(map(str, (*indices, index)))}"
            if functions:
                called = self.functions.call(label, nodes, functions)
                channels = [self._first_dimension(nodes, taken)]
            elif reused is None:
                layers += [Call("nn.Identity")] * (index - len(layers))
                spots: Uses = {(number, None): copy for number, copy in uses.items()}
                part, channels = self.construction.made(spots, self._channels(taken), label)
                layers.append(part)
            name = ".".join(map(str, (step, *indices, index)))
            ports = list(given(self.instances, next(iter(uses.values()))))
            hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
            last = self._give(name, uses, taken, hints)
            reuses = ".".join(place) if reused and not functions else ""
            self.statements.append(Statement(step, taken, last, called, reuses=reuses))
        return layers, last


def _held_place(step: str, reused: Reuse | None, repeat: Block, indices: tuple[int, ...]) -> tuple[str, ...]:
    """Where a copy is held: in the step itself, in what that reuses, or it is what each copy reuses."""
    if reused is None:
        return step, *map(str, indices)
    if repeat.step is not None and repeat.step.copies_reuse:
        return tuple(reused.path.split("."))
    return reused.step.name, *map(str, indices)


def _length(repeat: Child) -> int:
    """The copies that the list of a repeat has; those of rows that are left out at its end are not there."""
    assert isinstance(repeat, Block)
    return max(index for index, _ in copies(repeat)) + 1


def _module_list(layers: list[Part]) -> Part:
    return Call("nn.ModuleList", (("", Listed(tuple(layers))),))


def _kept(made: Part, own: Held) -> Part:
    """A tensor as an attribute of a module: a parameter, or a buffer that is not saved."""
    if own.trained:
        return Call("nn.Parameter", (("", made),))
    return Call("nn.Buffer", (("", made), ("persistent", literal(False))))
