"""One class of several instances of a graph: its inputs, parameters, layers and the lines of ``forward``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from archspec.language.algebra import Code
from archspec.language.definition import Reference, Reuse
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.code import Call, Listed, Part
from archspec.pytorch.emitter.construction import Child, Construction, Hints, Uses
from archspec.pytorch.emitter.functions import Functions, function_of
from archspec.pytorch.emitter.instances import Instance, copies, given, is_chain, is_sequence, reuse_of
from archspec.pytorch.emitter.model import Attribute, Class, Key, Member, Statement
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
        self.modules: dict[str, Present] = {}
        self.unrolled: set[str] = set()
        self.tensors: dict[Key, Local] = {}
        self.aliases: dict[str, Key] = {}

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
        overwrite(self.statements, self.members, self.graph, self.registry.overwriting)
        channels = {each: self.tensors[key].channels for each, key in outputs.items()}
        return self._class(inputs, outputs, self.statements, channels)

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
            self.first.kind != "network"
            and len(listed) == 1
            and SEQUENTIAL_NAMES.isdisjoint(*listed)
            and all(is_chain(self.instances, instance.block) for instance in self.part)
        )

    def _chain(self, inputs: dict[str, Key]) -> Class:
        uses: dict[Spot, Block] = {(number, None): instance.block for number, instance in enumerate(self.part)}
        operands = [self.tensors[key].channels for key in inputs.values()]
        part, channels = self.construction.sequential(uses, operands, "")
        assert isinstance(part, Call)
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
            self.tensors[key] = tensor
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
        takes = self._wiring(present, operands)
        nodes = {number: child for number, child in present.items() if isinstance(child, Node)}
        blocks = {number: child for number, child in present.items() if isinstance(child, Block)}
        kinds = {child.kind for child in blocks.values()}
        if (nodes and blocks) or len(kinds) > 1:
            raise Mismatch
        functions = {number: call for number, node in nodes.items() if (call := function_of(node)) is not None}
        reused = reuse_of(next(iter(present.values())))
        if functions:
            self._function(step, nodes, functions, takes)
        elif reused is not None and reused.step.name in self.modules and not self._is_unrolled(reused):
            self._again(step, reused, present, takes)
        elif kinds == {"repeat"} and not all(is_sequence(self.instances, block) for block in blocks.values()):
            self._unrolled(step, blocks, takes)
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
        for key in chain(wanted, reversed(self.tensors)):
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
            self.tensors[step, port] = Local(paths, shapes, self.construction.channels(shapes, channels))
            keys.append((step, port))
        if len(keys) == 1:
            self.names.tensors[step] = self.tensors[keys[0]]
        return tuple(keys)

    # Layers and functions

    def _layer(self, step: str, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer, an instance of a class, or an ``nn.Sequential``; an identity where a condition leaves it out."""
        conditional = len(present) < len(self.part)
        if conditional and len(takes) != 1:
            raise Mismatch
        uses: Uses = {(number, None): child for number, child in present.items()}
        part, channels = self.construction.made(uses, self._channels(takes), step)
        ports = list(given(self.instances, next(iter(present.values()))))
        hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
        condition = self._condition(step, present) if conditional else None
        gives = self._give(step, present, takes, hints)
        if conditional and len(gives) != 1:
            raise Mismatch
        self.modules[step] = present
        self.members.append(Member(step, part, condition))
        self.statements.append(Statement(step, takes, gives, step))

    def _is_unrolled(self, reused: Reuse) -> bool:
        return reused.is_repeat and reused.step.name in self.unrolled

    def _again(self, step: str, reused: Reuse, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer or class that another step has made, called again; where it is absent, its first operand passes."""
        held = self.modules[reused.step.name]
        call = reused.step.name if reused.copy is None else f"{reused.step.name}[{reused.copy}]"
        if reused.copy is not None and len(held) < len(self.part):
            raise Mismatch  # the identity in its place has no copies
        flag, times = "", self._times(step, reused, present)
        if times == 1 and present.keys() != held.keys():
            flag = self.functions.attribute(f"has_{step}", self._condition(step, present))
        ports = given(self.instances, next(iter(present.values())))
        before = {port: self.tensors.get((reused.step.name, port)) for port in ports}
        gives = self._give(step, present, takes, {port: [each.channels] for port, each in before.items() if each})
        if len(present) < len(self.part) and len(gives) != 1:
            raise Mismatch
        self.statements.append(Statement(step, takes, gives, call, flag, reuses=reused.path, times=times))

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
        return self.scope.resolve(values, hints, f"has_{step}")

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

    def _unrolled(self, step: str, present: Mapping[int, Block], takes: tuple[Key, ...]) -> None:
        """Copies that take several tensors, or are functions: each a line of ``forward``."""
        reused = reuse_of(next(iter(present.values())))
        attribute = step if reused is None else reused.step.name
        self.unrolled.add(step)
        indexed = {number: dict(copies(self.instances.opened(repeat))) for number, repeat in present.items()}
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
            call: str | Function = f"{attribute}[{index}]"
            channels: Hints = ()
            if functions:
                call = self.functions.call(f"{step}{index}", nodes, functions)
                channels = [self._first_dimension(nodes, taken)]
            elif reused is None:
                layers += [Call("nn.Identity")] * (index - len(layers))
                spots: Uses = {(number, None): copy for number, copy in uses.items()}
                part, channels = self.construction.made(spots, self._channels(taken), f"{step}{index}")
                layers.append(part)
            last = self._give(f"{step}.{index}", uses, taken, {"output": channels})
            reuses = f"{attribute}.{index}" if reused is not None and not functions else ""
            self.statements.append(Statement(step, taken, last, call, reuses=reuses))
        if layers:
            self.modules[step] = present
            self.members.append(Member(step, Call("nn.ModuleList", (("", Listed(tuple(layers))),))))
        if len(last) != 1:
            raise Mismatch
        self._alias(step, last[0])
