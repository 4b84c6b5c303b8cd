"""Repeats in ``forward`` that are no ``nn.Sequential``: a loop over the copies, or a line for each."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from archspec.language.algebra import Code, binary
from archspec.language.definition import ALL_COPIES, Reuse
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.code import Call, Listed, Part
from archspec.pytorch.emitter.construction import word
from archspec.pytorch.emitter.dimensions import known_channels
from archspec.pytorch.emitter.draft import Draft
from archspec.pytorch.emitter.functions import function_of
from archspec.pytorch.emitter.instances import copies, given, is_sequence, reuse_of
from archspec.pytorch.emitter.loops import Pattern, pattern
from archspec.pytorch.emitter.model import Child, Hints, Key, Loop, Member, Statement, Uses
from archspec.pytorch.emitter.scope import Local, Mismatch, Spot


class Repeats:
    """Writes the calls of copies.

    Attributes:
        draft: The class.
        listed: The outputs of repeats of which all copies' are taken as a list, by step and name.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        taken = (reference for step in draft.graph.steps for reference in step.operands or ())
        self.listed = {(each.name, each.of_copy) for each in taken if each.copy == ALL_COPIES}

    def looped(self, step: str, present: Mapping[int, Block], takes: tuple[Key, ...]) -> bool:
        """Copies that are layers and hand tensors on, called in a loop; whether they can be."""
        found = pattern(self.draft.instances, [*present.values()]) if len(present) == len(self.draft.part) else None
        if found is None:
            return False
        part, channels = self.draft.construction.copies(
            {(number, None): repeat for number, repeat in present.items()}, self.draft.channels(takes), word(step)
        )
        loop = self._given(step, present, found, channels)
        assert isinstance(part, Call)
        self._hold(step, present, [layer for _, layer in part.arguments])
        self.draft.unrolled.add(step)
        self.draft.statements.append(Statement(step, takes, loop.gives, step, loop=loop))
        if len(loop.last) == 1 and len(found.ports) == 1:
            self.draft.names.tensors[step] = self.draft.tensors[next(iter(loop.last.values()))]
        return True

    def _given(self, step: str, present: Mapping[int, Block], found: Pattern, channels: Hints) -> Loop:
        """A loop with what others take of it: of the last copy, of all as a list, of single ones."""
        last: dict[str, Key] = {}
        lists: dict[str, Key] = {}
        items: dict[Key, tuple[str, int]] = {}
        gives = {
            number: [given(self.draft.instances, copy) for _, copy in copies(repeat)]
            for number, repeat in present.items()
        }
        instances = self.draft.instances
        wanted = {  # what copies hand on as they took it has a variable
            number: {*instances.outputs(repeat).values()} - {*instances.taken(repeat)}
            for number, repeat in present.items()
        }
        aside = {number: wanted[number] - {*each[-1].values()} for number, each in gives.items()}
        single = len(found.ports) == 1
        for place, port in enumerate(found.ports):
            paths = {number: [copy[port] for copy in each] for number, each in gives.items()}
            hints = channels if single else channels[place : place + 1]
            taken = {tuple(at for at, path in enumerate(each[:-1]) if path in aside[n]) for n, each in paths.items()}
            if any(each[-1] in wanted[number] for number, each in paths.items()):
                last[port] = (step, port)
                self.draft.know((step, port), {number: each[-1] for number, each in paths.items()}, hints)
            if any(taken) or (step, port if not single else "") in self.listed:
                lists[port] = (step, "*" if single else f"*.{port}")
                self.draft.tensors.lists[lists[port]] = paths
                self.draft.tensors.add(lists[port], Local({}, {}, self._sum(present, paths, hints)))
            for at in taken.pop() if len(taken) == 1 else ():
                key = (step, f"{at}" if single else f"{at}.{port}")
                items[key] = (port, at)
                self.draft.know(key, {number: each[at] for number, each in paths.items()}, hints)
        return Loop(found.ports, found.handed, last, lists, items)

    def _hold(self, step: str, present: Mapping[int, Block], layers: list[Part]) -> None:
        """Make the layers of copies a list, an attribute."""
        self.draft.modules[step] = present
        self.draft.members.append(Member(step, _module_list(layers)))

    def _sum(self, present: Mapping[int, Block], paths: Mapping[int, list[str]], hints: Hints) -> Code | None:
        """The sum of the first dimensions of what the copies of a repeat give."""
        shapes = {number: [self.draft.instances.shape(path) for path in each] for number, each in paths.items()}
        if not all(shape for each in shapes.values() for shape in each):
            return None
        step = next(iter(present.values())).step
        lengths: dict[Spot, Any] = {(number, None): len(each) for number, each in paths.items()}
        count = self.draft.scope.find(lengths, [self.draft.names.code(step.repeat if step else None)])
        each = known_channels(self.draft.scope, {number: one[0] for number, one in shapes.items()}, hints)
        product = binary(count, ast.Mult, each) if count is not None and each is not None else None
        return self.draft.scope.find(
            {(n, None): sum(shape[0] for shape in each) for n, each in shapes.items()}, [product]
        )

    def unrolled(self, step: str, present: Mapping[int, Block], takes: tuple[Key, ...]) -> None:
        """Copies that take several tensors, or are functions: each a line of ``forward``."""
        if len(present) < len(self.draft.part):
            raise Mismatch
        reused = reuse_of(next(iter(present.values())))
        self.draft.unrolled.add(step)
        layers, last = self._copies(step, reused, (), present)
        if layers:
            alike = None if reused is not None or len(layers) < 3 else self._alike(step, present, takes)
            self._hold(step, present, alike or layers)
        if len(last) == 1:
            self.draft.alias(step, last[0])

    def _alike(self, step: str, repeats: Mapping[int, Block], takes: tuple[Key, ...]) -> list[Part] | None:
        """The layers of copies in fewer expressions, where all are layers; None where that is not to be had."""
        parts = [[copy for _, copy in copies(self.draft.instances.opened(repeat))] for repeat in repeats.values()]
        if any(isinstance(copy, Node) or copy.kind == "repeat" for part in parts for copy in part):
            return None
        spots: dict[Spot, Block] = {(number, None): repeat for number, repeat in repeats.items()}
        try:
            part, _ = self.draft.construction.copies(spots, self.draft.channels(takes), word(step))
        except Mismatch:
            return None
        return [layer for _, layer in part.arguments] if isinstance(part, Call) else None

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
        indexed = {number: dict(copies(self.draft.instances.opened(repeat))) for number, repeat in repeats.items()}
        listed = {tuple(each) for each in indexed.values()}
        if len(listed) != 1:
            raise Mismatch
        layers: list[Part] = []
        last: tuple[Key, ...] = ()
        for index in listed.pop():
            uses = {number: each[index] for number, each in indexed.items()}
            inner = {number: copy for number, copy in uses.items() if isinstance(copy, Block) and copy.kind == "repeat"}
            if inner and not all(is_sequence(self.draft.instances, repeat) for repeat in inner.values()):
                rows, last = self._copies(step, reused, (*indices, index), inner)
                if rows:
                    layers += [*[Call("nn.Identity")] * (index - len(layers)), _module_list(rows)]
                continue
            place = _held_place(step, reused, next(iter(repeats.values())), (*indices, index))
            layer, last = self._called(step, uses, place, (*indices, index), reuses=reused is not None)
            if layer is not None:
                layers += [*[Call("nn.Identity")] * (index - len(layers)), layer]
        return layers, last

    def _called(
        self, step: str, uses: Mapping[int, Child], place: tuple[str, ...], indices: tuple[int, ...], *, reuses: bool
    ) -> tuple[Part | None, tuple[Key, ...]]:
        """The line of one copy: its layer, where it has one of its own, and what it gives.

        Args:
            step: The name of the step.
            uses: The copy in the instances.
            place: Where its layer is held.
            indices: Where it stands among the copies, and those of a table around.
            reuses: Whether its layer is another's.
        """
        nodes = {number: copy for number, copy in uses.items() if isinstance(copy, Node)}
        functions = {number: each for number, copy in nodes.items() if (each := function_of(copy)) is not None}
        taken = self.draft.wired(uses, ())
        called: str | Function = place[0] + "".join(f"[{each}]" for each in place[1:])
        channels: Hints = ()
        layer: Part | None = None
        label = f"{step}{'_'.join(map(str, indices))}"
        if functions:
            called = self.draft.functions.call(label, nodes, functions)
            channels = [self.draft.first_dimension(nodes, taken)]
        elif not reuses:
            spots: Uses = {(number, None): copy for number, copy in uses.items()}
            layer, channels = self.draft.construction.made(spots, self.draft.channels(taken), label)
        ports = list(given(self.draft.instances, next(iter(uses.values()))))
        hints = {port: channels[number:] if len(ports) > 1 else channels for number, port in enumerate(ports)}
        gives = self.draft.give(".".join(map(str, (step, *indices))), uses, taken, hints)
        reused = ".".join(place) if reuses and not functions else ""
        self.draft.statements.append(Statement(step, taken, gives, called, reuses=reused))
        return layer, gives


def _held_place(step: str, reused: Reuse | None, repeat: Block, indices: tuple[int, ...]) -> tuple[str, ...]:
    """Where a copy is held: in the step itself, in what that reuses, or it is what each copy reuses."""
    if reused is None:
        return step, *map(str, indices)
    if repeat.step is not None and repeat.step.copies_reuse:
        return tuple(reused.path.split("."))
    return reused.step.name, *map(str, indices)


def _module_list(layers: list[Part]) -> Part:
    return Call("nn.ModuleList", (("", Listed(tuple(layers))),))
