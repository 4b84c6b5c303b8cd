"""One class of several instances of a graph: its inputs, parameters, layers and the lines of ``forward``."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from archspec.language.algebra import Code, literal
from archspec.language.definition import Reference, Reuse
from archspec.network import Block, Node, one_op
from archspec.ops.facts import Function, Held
from archspec.pytorch.emitter.code import Call, Part
from archspec.pytorch.emitter.construction import word
from archspec.pytorch.emitter.draft import Draft, Present
from archspec.pytorch.emitter.expansion import expand
from archspec.pytorch.emitter.factories import parameter_of
from archspec.pytorch.emitter.functions import function_of
from archspec.pytorch.emitter.instances import Instance, copies, given, held, is_chain, is_sequence, reuse_of
from archspec.pytorch.emitter.model import Attribute, Child, Class, Key, Member, Statement, Uses
from archspec.pytorch.emitter.overwriting import overwrite
from archspec.pytorch.emitter.parameters import Parameters
from archspec.pytorch.emitter.registry import SEQUENTIAL_NAMES, Registry
from archspec.pytorch.emitter.scope import RESERVED, Local, Mismatch, Spot
from archspec.pytorch.emitter.unrolling import Repeats


class Builder:
    """Makes one class of several instances of a graph, or finds that they do not fit one."""

    def __init__(self, registry: Registry, part: list[Instance]) -> None:
        self.draft = Draft(registry, part)
        self.parameters = Parameters(registry, part, self.draft.scope, self.draft.names)
        self.repeats = Repeats(self.draft)

    def build(self) -> Class:
        """The class.

        Raises:
            Mismatch: The instances do not fit one class.
        """
        inputs = self._inputs()
        self.parameters.declare()
        if self._is_chain():
            return self._chain(inputs)
        for step in self.draft.graph.steps:
            self._step(step.name, step.operands or ())
        outputs = self._outputs()
        ranks = {key: len(next(iter(tensor.shapes.values()), ())) for key, tensor in self.draft.tensors.known.items()}
        expand(self.draft.statements, self.draft.members, ranks, outputs.values())
        if self.draft.graph.is_list and not all(member.name.isdecimal() for member in self.draft.members):
            raise Mismatch  # an attribute would be a layer
        overwrite(self.draft.statements, self.draft.members, self.draft.graph, self.draft.registry.overwriting)
        channels = {each: self.draft.tensors[key].channels for each, key in outputs.items()}
        in_order = self._follow(inputs, outputs) and (self.draft.graph.is_list or self._are_layers())
        return self._class(inputs, outputs, None if in_order else self.draft.statements, channels)

    def _follow(self, inputs: dict[str, Key], outputs: dict[str, Key]) -> bool:
        """Whether each layer takes just the one tensor that the one before gives."""
        current = (*inputs.values(),)
        for statement in self.draft.statements:
            if (
                len(current) != 1
                or statement.takes != current
                or statement.loop is not None
                or isinstance(statement.call, Function)
            ):
                return False
            current = statement.gives
        return bool(self.draft.statements) and (*outputs.values(),) == current

    def _are_layers(self) -> bool:
        """Whether all that is called are layers, or identities in their places, each once, and nothing else is held."""
        held = [member.name for member in self.draft.members]
        once = all(not statement.flag and statement.times == 1 for statement in self.draft.statements)
        listed = self.draft.first.kind == "network" or not SEQUENTIAL_NAMES.isdisjoint(held)
        called = [statement.call for statement in self.draft.statements]
        return once and not listed and held == called

    def _class(
        self,
        inputs: dict[str, Key],
        outputs: dict[str, Key],
        statements: list[Statement] | None,
        channels: dict[str, Code | None],
    ) -> Class:
        return Class(self.draft.part, self.draft.scope, inputs, outputs, self.draft.members, statements, channels)

    def _is_chain(self) -> bool:
        """Whether the class is a subclass of ``nn.Sequential``."""
        listed = {tuple(child.name for child in instance.block.children) for instance in self.draft.part}
        return (
            (self.draft.first.kind != "network" or self.draft.graph.is_list)
            and len(listed) == 1
            and SEQUENTIAL_NAMES.isdisjoint(*listed)
            and all(is_chain(self.draft.instances, instance.block) for instance in self.draft.part)
        )

    def _chain(self, inputs: dict[str, Key]) -> Class:
        uses: dict[Spot, Block] = {(number, None): instance.block for number, instance in enumerate(self.draft.part)}
        operands = [self.draft.tensors[key].channels for key in inputs.values()]
        part, channels = self.draft.construction.sequential(uses, operands, "")
        assert isinstance(part, Call)
        if self.draft.graph.is_list:
            self.draft.members += [Member(str(number), layer) for number, (_, layer) in enumerate(part.arguments)]
        else:
            ((_, layers),) = part.arguments
            assert isinstance(layers, Call)
            self.draft.members += [Member(each, layer) for each, layer in layers.arguments]
        port = next(iter(self.draft.instances.outputs(self.draft.first)))
        return self._class(inputs, {port: ("", "")}, None, {port: channels[0]})

    # Inputs and outputs

    def _inputs(self) -> dict[str, Key]:
        """The inputs by their names in ``forward``."""
        taken = [self.draft.instances.inputs(instance.block) for instance in self.draft.part]
        if len({len(paths) for paths in taken}) != 1:
            raise Mismatch
        inputs: dict[str, Key] = {}
        for number in range(len(taken[0])):
            paths = {index: each[number] for index, each in enumerate(taken)}
            label = self._label(paths)
            shapes = {index: self.draft.instances.shape(path) for index, path in paths.items()}
            tensor = Local(paths, shapes)
            key = ("", label)
            self.draft.tensors.add(key, tensor)
            self.draft.names.tensors[label or "input"] = tensor
            if len(taken[0]) == 1:
                self.draft.names.tensors["input"] = tensor
            inputs[(label + "_" * (label in RESERVED)) if len(taken[0]) > 1 else "x"] = key
        if self.draft.first.kind != "network":
            for key in inputs.values():
                tensor = self.draft.tensors[key]
                tensor.channels = self.parameters.channels(key[1] if len(inputs) > 1 else "", tensor)
        return inputs

    def _label(self, paths: Mapping[int, str]) -> str:
        """The name of an input in the graph; empty for an only one without a name."""
        places = {instance.block.inputs.index(paths[number]) for number, instance in enumerate(self.draft.part)}
        if len(places) != 1:
            raise Mismatch
        return self.draft.graph.inputs[places.pop()] if self.draft.graph.inputs else ""

    def _outputs(self) -> dict[str, Key]:
        taken = [self.draft.instances.outputs(instance.block) for instance in self.draft.part]
        if len({tuple(each) for each in taken}) != 1:
            raise Mismatch
        step = self.draft.first.step
        declared = (step.outputs if step else ()) or self.draft.graph.outputs
        wanted = {output.name: self.draft.tensors.key(output.reference) for output in declared if output.reference}
        outputs = {}
        for each in taken[0]:
            key = wanted.get(each)
            outputs[each] = self.draft.tensors.found(
                {number: tensors[each] for number, tensors in enumerate(taken)}, [key] if key else []
            )
        return outputs

    # Steps and their wiring

    def _step(self, step: str, operands: tuple[Reference, ...]) -> None:
        present = {number: named[step] for number, named in enumerate(self.draft.children) if step in named}
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
        if self.draft.tensors.lists and len(functions) == len(present):
            taken = {number: list(self.draft.instances.taken(node)) for number, node in nodes.items()}
            joined = self.draft.tensors.joined(taken, functions, operands)
        takes, functions = joined or (self.draft.wired(present, operands), functions)
        first = self.draft.tensors.key(operands[0]) if operands else None
        self.draft.construction.take(self.draft.first, None if first is None else self.draft.tensors[first])
        reused, in_list = reuse_of(next(iter(present.values()))), self.draft.graph.is_list
        if functions and not in_list:
            self._function(step, nodes, functions, takes)
        elif reused is not None and reused.step.name in self.draft.modules and not self._is_unrolled(reused, blocks):
            self._again(step, reused, present, takes)
        elif kinds == {"repeat"} and not all(self._is_sequence(block, in_list) for block in blocks.values()):
            if reused is not None or not self.repeats.looped(step, blocks, takes):
                self.repeats.unrolled(step, blocks, takes)
        else:
            self._layer(step, present, takes)

    def _pass_through(self, step: str, operands: tuple[Reference, ...]) -> None:
        """A step that no instance has: what it would take passes."""
        key = self.draft.tensors.key(operands[0]) if operands else None
        if key is not None:
            self.draft.alias(step, key)

    # Layers and functions

    def _layer(self, step: str, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer, an instance of a class, or an ``nn.Sequential``; an identity where a condition leaves it out."""
        absent = len(present) < len(self.draft.part)
        first = next(iter(present.values()))
        own = held(first.applied) if isinstance(first, Node) else None
        if absent and (len(takes) != 1 or own is not None):
            raise Mismatch
        conditional = absent and not self._may_be_none(first)
        uses: Uses = {(number, None): child for number, child in present.items()}
        part, channels = self.draft.construction.made(uses, self.draft.channels(takes), word(step))
        if own is not None:
            part = _kept(part, own)
        ports = list(given(self.draft.instances, first))
        hints = {port: channels[place:] if len(ports) > 1 else channels for place, port in enumerate(ports)}
        condition = self._condition(step, present) if conditional else None
        gives = self.draft.give(step, present, takes, hints)
        if absent and len(gives) != 1:
            raise Mismatch
        self.draft.modules[step] = present
        self.draft.members.append(Member(step, part, condition))
        called = step if own is None else Attribute(step)
        self.draft.statements.append(Statement(step, takes, gives, called, is_op=one_op(first) is not None))

    def _is_sequence(self, repeat: Block, in_list: bool) -> bool:
        """Whether copies are an ``nn.Sequential``, of which only what the last gives is taken."""
        return is_sequence(self.draft.instances, repeat, in_list) and not (
            repeat.shares and self.draft.instances.gives_copies(repeat)
        )

    def _is_unrolled(self, reused: Reuse, blocks: Mapping[int, Block]) -> bool:
        """Whether each copy is called in a line of its own."""
        if reused.is_repeat:
            return reused.step.name in self.draft.unrolled
        return any(block.kind == "repeat" and self.draft.instances.gives_copies(block) for block in blocks.values())

    def _again(self, step: str, reused: Reuse, present: Present, takes: tuple[Key, ...]) -> None:
        """A layer or class that another step has made, called again; where it is absent, its first operand passes."""
        held = self.draft.modules[reused.step.name]
        copy = None if reused.copy is None else self._copy_of(reused.copy, held, present)
        place = reused.step.name if copy is None else f"{reused.step.name}.{copy}"
        call = reused.step.name if copy is None else f"{reused.step.name}[{copy}]"
        flag, times = "", self._times(step, reused, present)
        if times == 1 and present.keys() != held.keys():
            flag = self.draft.functions.attribute(f"has_{step}", self._condition(step, present))
        ports = given(self.draft.instances, next(iter(present.values())))
        before = {port: self.draft.tensors.known.get((reused.step.name, port)) for port in ports}
        gives = self.draft.give(step, present, takes, {port: [each.channels] for port, each in before.items() if each})
        if len(present) < len(self.draft.part) and len(gives) != 1:
            raise Mismatch
        is_op = one_op(next(iter(present.values()))) is not None
        self.draft.statements.append(Statement(step, takes, gives, call, flag, reuses=place, times=times, is_op=is_op))

    def _copy_of(self, copy: int, held: Present, present: Present) -> int:
        """The index of a copy in the list of all: as it is written, where it is that in each instance."""
        if len(held) < len(self.draft.part):
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
        held = self.draft.modules[reused.step.name]
        values: dict[Spot, Any] = {(number, None): counts.get(number, 0) for number in held}
        hint = self.draft.names.code(child.step.repeat) if child.step.repeat else None
        code = self.draft.scope.resolve(values, [hint], f"{step}_repeat")
        if isinstance(code, ast.Constant) and type(code.value) is int:
            return code.value
        return Attribute(self.draft.functions.attribute(f"{step}_repeat", code))

    def _may_be_none(self, child: Child) -> bool:
        """Whether a parameter of the class makes a layer, also that which passes on what it takes."""
        step = child.step
        if step is None or step.when is not None or step.repeat is not None:
            return False
        return parameter_of(step) in self.draft.scope.factories

    def _condition(self, step: str, present: Present) -> Code:
        values: dict[Spot, Any] = {(number, None): number in present for number in range(len(self.draft.part))}
        written = next(iter(present.values())).step
        steps = [each for each in (written, written and written.reused and written.reused.step) if each]
        conditions = [each.when for each in steps if each.when]
        hints = [
            code
            for when in conditions
            for code in (self.draft.names.code(when), *self.draft.names.shape_comparisons(when))
        ]
        if (
            len(conditions) == 2
            and hints[0] is not None
            and (other := self.draft.names.code(conditions[1])) is not None
        ):
            hints.append(ast.BoolOp(ast.And(), [other, hints[0]]))
        return self.draft.scope.resolve(values, hints, f"has_{word(step)}")

    def _function(
        self, step: str, nodes: Mapping[int, Node], calls: Mapping[int, Function], takes: tuple[Key, ...]
    ) -> None:
        if len(calls) != len(nodes):
            raise Mismatch
        call = self.draft.functions.call(step, nodes, calls)
        flag = ""
        if len(nodes) < len(self.draft.part):
            flag = self.draft.functions.attribute(f"has_{step}", self._condition(step, nodes))
        gives = self.draft.give(step, nodes, takes, {"output": [self.draft.first_dimension(nodes, takes)]})
        self.draft.statements.append(Statement(step, takes, gives, call, flag))


def _length(repeat: Child) -> int:
    """The copies that the list of a repeat has; those of rows that are left out at its end are not there."""
    assert isinstance(repeat, Block)
    return max(index for index, _ in copies(repeat)) + 1


def _kept(made: Part, own: Held) -> Part:
    """A tensor as an attribute of a module: a parameter, or a buffer that is not saved."""
    if own.trained:
        return Call("nn.Parameter", (("", made),))
    return Call("nn.Buffer", (("", made), ("persistent", literal(False))))
