"""One class of several instances of a graph: its inputs, parameters, layers and the lines of ``forward``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from archspec.language.algebra import Code, binary
from archspec.language.definition import ALL_COPIES, Reference
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.code import Call, Listed, Part
from archspec.pytorch.emitter.construction import Child, Construction, Hints, Uses, word
from archspec.pytorch.emitter.functions import Functions, function_of, spread
from archspec.pytorch.emitter.instances import Instance, copies, given, is_chain, is_sequence
from archspec.pytorch.emitter.loops import pattern
from archspec.pytorch.emitter.model import Class, Key, Loop, Member, Statement
from archspec.pytorch.emitter.overwriting import overwrite
from archspec.pytorch.emitter.parameters import Parameters
from archspec.pytorch.emitter.registry import SEQUENTIAL_NAMES, Registry
from archspec.pytorch.emitter.scope import RESERVED, Local, Mismatch, Scope, Spot

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
        self.scope = Scope(len(part))
        self.construction = Construction(registry, self.scope)
        self.names = self.construction.names
        self.parameters = Parameters(registry, part, self.scope, self.names)
        self.children = [{child.name: child for child in instance.block.children} for instance in part]
        self.members: list[Member] = []
        self.functions = Functions(self.construction, self.scope, self.members, self.children)
        self.statements: list[Statement] = []
        self.tensors: dict[Key, Local] = {}
        self.keys: dict[tuple[int, str], list[Key]] = {}
        self.aliases: dict[str, Key] = {}
        self.lists: dict[Key, dict[int, list[str]]] = {}
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
        if self.graph.is_list and not all(member.name.isdecimal() for member in self.members):
            raise Mismatch  # an attribute would be a layer
        overwrite(self.statements, self.members, self.graph, self.registry.overwriting)
        channels = {each: self.tensors[key].channels for each, key in outputs.items()}
        statements = None if self.graph.is_list and self._follow(inputs, outputs) else self.statements
        return self._class(inputs, outputs, statements, channels)

    def _follow(self, inputs: dict[str, Key], outputs: dict[str, Key]) -> bool:
        """Whether each layer takes just what the one before gives."""
        current = (*inputs.values(),)
        for statement in self.statements:
            if statement.takes != current or statement.loop is not None or isinstance(statement.call, Function):
                return False
            current = statement.gives
        return bool(self.statements) and (*outputs.values(),) == current

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

    def _add(self, key: Key, tensor: Local) -> None:
        """Know a tensor more."""
        self.tensors[key] = tensor
        for place in tensor.paths.items():
            self.keys.setdefault(place, []).append(key)

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
            self._add(key, tensor)
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
        wanted = {output.name: self._key(output.reference) for output in declared if output.reference}
        outputs = {}
        for each in taken[0]:
            key = wanted.get(each)
            outputs[each] = self._found(
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
        joined = self._joined(nodes, functions, operands) if len(functions) == len(present) else None
        takes, functions = joined or (self._wiring(present, operands), functions)
        in_list = self.graph.is_list
        if kinds == {"repeat"} and not all(is_sequence(self.instances, block, in_list) for block in blocks.values()):
            if not self._looped(step, blocks, takes):
                self._unrolled(step, blocks, takes)
        elif functions and not in_list:
            self._function(step, nodes, functions, takes)
        else:
            self._layer(step, present, takes)

    def _pass_through(self, step: str, operands: tuple[Reference, ...]) -> None:
        """A step that no instance has: what it would take passes."""
        key = self._key(operands[0]) if operands else None
        if key is not None:
            self._alias(step, key)

    def _alias(self, step: str, key: Key) -> None:
        """Let a step's name mean a tensor that is there already."""
        self.aliases[step] = key
        self.names.tensors[step] = self.tensors[key]

    def _key(self, reference: Reference) -> Key | None:
        """The tensor that a reference of the spec means, where that is plain."""
        if reference.name in self.aliases:
            return self.aliases[reference.name]
        candidates = [(reference.name, reference.port), (reference.name, "output"), ("", reference.name)]
        return next((key for key in candidates if key in self.tensors), None)

    def _wiring(self, present: Present, operands: tuple[Reference, ...]) -> tuple[Key, ...]:
        """The tensors that a child takes, the same in each instance."""
        taken = {number: self.instances.taken(child) for number, child in present.items()}
        lengths = {len(paths) for paths in taken.values()}
        if len(lengths) != 1:
            raise Mismatch
        wanted = [key for reference in operands if (key := self._key(reference))]
        return tuple(
            self._found({n: each[place] for n, each in taken.items()}, chain(wanted[place : place + 1], wanted))
            for place in range(lengths.pop())
        )

    def _found(self, paths: Mapping[int, str], wanted: Iterable[Key]) -> Key:
        """The tensor that has these paths in the instances."""
        for key in chain(wanted, reversed(self.keys.get(next(iter(paths.items())), ()))):
            if all(self.tensors[key].paths.get(number) == path for number, path in paths.items()):
                return key
        raise Mismatch

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
            self._add((step, port), Local(paths, shapes, self.construction.channels(shapes, channels)))
            keys.append((step, port))
        if len(keys) == 1:
            self.names.tensors[step] = self.tensors[keys[0]]
        return tuple(keys)

    def _joined(
        self, nodes: Mapping[int, Node], calls: Mapping[int, Function], operands: tuple[Reference, ...]
    ) -> tuple[tuple[Key, ...], dict[int, Function]] | None:
        """What a function takes where some of it are lists of what copies give; None where none is.

        The calls know a list as one operand: there may be other copies in other instances.
        """
        keys = [(each.name, each.port) for each in operands]
        if self.lists.keys().isdisjoint(keys):
            return None
        columns: list[dict[int, str]] = [{} for _ in keys]
        changed: dict[int, Function] = {}
        for number, node in nodes.items():
            taken, places = list(self.instances.taken(node)), list[int]()
            for column, key in zip(columns, keys, strict=True):
                start = sum(places)
                places.append(len(self.lists[key][number]) if key in self.lists else 1)
                found = taken[start : start + places[-1]]
                if key in self.lists and found != self.lists[key][number]:
                    return None
                column[number] = "" if key in self.lists else found[0]
            call = spread(calls[number], places, [key in self.lists for key in keys])
            if call is None or sum(places) != len(taken):
                return None
            changed[number] = call
        wanted = [self._key(reference) for reference in operands]
        found_keys = [
            key if key in self.lists else self._found(column, [other] if other else [])
            for key, column, other in zip(keys, columns, wanted, strict=True)
        ]
        return tuple(found_keys), changed

    # Layers and functions

    def _layer(self, step: str, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer, an instance of a class, or an ``nn.Sequential``; an identity where a condition leaves it out."""
        conditional = len(present) < len(self.part)
        if conditional and len(takes) != 1:
            raise Mismatch
        uses: Uses = {(number, None): child for number, child in present.items()}
        part, channels = self.construction.made(uses, self._channels(takes), word(step))
        ports = list(given(self.instances, next(iter(present.values()))))
        hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
        condition = self._condition(step, present) if conditional else None
        gives = self._give(step, present, takes, hints)
        if conditional and len(gives) != 1:
            raise Mismatch
        self.members.append(Member(step, part, condition))
        self.statements.append(Statement(step, takes, gives, step))

    def _channels(self, keys: tuple[Key, ...]) -> list[Code | None]:
        return [self.tensors[key].channels for key in keys]

    def _condition(self, step: str, present: Present) -> Code:
        values: dict[Spot, Any] = {(number, None): number in present for number in range(len(self.part))}
        written = next(iter(present.values())).step
        when = written.when if written else None
        hints = [self.names.code(when), *self.names.shape_comparisons(when)] if when else []
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
                self.lists[lists[port]] = paths
                self._add(lists[port], Local({}, {}, self._sum(present, paths, hints)))
            for at in taken.pop() if len(taken) == 1 else ():
                key = (step, f"{at}" if single else f"{at}.{port}")
                items[key] = (port, at)
                self._know(key, {number: each[at] for number, each in paths.items()}, hints)
        loop = Loop(found.ports, found.handed, last, lists, items)
        assert isinstance(part, Call)
        layers = Listed(tuple(layer for _, layer in part.arguments))
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
        self._add(key, Local(paths, shapes, self.construction.channels(shapes, hints)))

    def _unrolled(self, step: str, present: Mapping[int, Block], takes: tuple[Key, ...]) -> None:
        """Copies that take several tensors, or are functions: each a line of ``forward``."""
        indexed = {number: dict(copies(repeat)) for number, repeat in present.items()}
        indices = {tuple(each) for each in indexed.values()}
        if len(indices) != 1 or len(present) < len(self.part):
            raise Mismatch
        layers: list[Part] = []
        last = takes[:1]
        for index in indices.pop():
            uses = {number: each[index] for number, each in indexed.items()}
            nodes = {number: copy for number, copy in uses.items() if isinstance(copy, Node)}
            functions = {number: each for number, copy in nodes.items() if (each := function_of(copy)) is not None}
            taken = self._wiring(uses, ())
            call: str | Function = f"{step}[{index}]"
            channels: Hints = ()
            if functions:
                call = self.functions.call(f"{step}{index}", nodes, functions)
                channels = [self._first_dimension(nodes, taken)]
            else:
                layers += [Call("nn.Identity")] * (index - len(layers))
                spots: Uses = {(number, None): copy for number, copy in uses.items()}
                part, channels = self.construction.made(spots, self._channels(taken), f"{step}{index}")
                layers.append(part)
            ports = list(given(self.instances, next(iter(uses.values()))))
            hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
            last = self._give(f"{step}.{index}", uses, taken, hints)
            self.statements.append(Statement(step, taken, last, call))
        if layers:
            self.members.append(Member(step, Call("nn.ModuleList", (("", Listed(tuple(layers))),))))
        if len(last) == 1:
            self._alias(step, last[0])
