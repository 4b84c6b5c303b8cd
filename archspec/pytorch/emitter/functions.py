"""Calls of functions in ``forward``: what they have in common in all instances, and attributes for what differs."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from archspec.language.algebra import Code, names, same
from archspec.network import Node
from archspec.ops.facts import Batch, Function, Module, Operand
from archspec.pytorch.emitter.construction import Construction
from archspec.pytorch.emitter.model import Attribute, Hints, Member, Spread
from archspec.pytorch.emitter.overwriting import Children
from archspec.pytorch.emitter.scope import Mismatch, Scope, Spot, free_attribute


def function_of(node: Node) -> Function | None:
    """The function that a node calls; None for a layer."""
    call = node.op.torch(node.input_shapes)
    return None if isinstance(call, Module) else call


def spread(call: Function, places: list[int], lists: list[bool]) -> Function | None:
    """A call whose operands are some tensors and lists of tensors; None where it takes a list's tensors one by one.

    Args:
        call: The call, of tensors alone.
        places: How many of these each tensor or list is.
        lists: Which of them are lists.
    """
    owners = [number for number, count in enumerate(places) for _ in range(count)]

    def changed(argument: Any, inside: bool) -> Any:
        if isinstance(argument, Operand):
            owner = owners[argument.index]
            if lists[owner] and not inside:
                raise Mismatch
            return Spread(owner) if lists[owner] else Operand(owner)
        if isinstance(argument, Function):
            return replace(argument, args=tuple(changed(each, False) for each in argument.args))
        if not isinstance(argument, tuple):
            return argument
        return tuple(dict.fromkeys(changed(each, True) for each in argument))

    try:
        return replace(call, args=tuple(changed(argument, False) for argument in call.args))
    except Mismatch:
        return None


@dataclass(frozen=True, slots=True)
class Functions:
    """Merges calls of functions in one class.

    Attributes:
        construction: What finds the arguments that the spec writes.
        scope: The variables of the class.
        members: Its attributes so far, to which it adds.
        children: The nodes and blocks of its graph.
    """

    construction: Construction
    scope: Scope
    members: list[Member]
    children: Children

    def call(self, step: str, nodes: Mapping[int, Node], calls: Mapping[int, Function]) -> Function:
        """The call of a function; a number that differs between instances is an attribute of the module."""
        hints = self.construction.arguments({(number, None): node for number, node in nodes.items()})
        merged = self._merged(calls, hints, f"{step}_size")
        assert isinstance(merged, Function)
        return merged

    def _merged(self, seen: Mapping[int, Any], hints: Hints, label: str) -> Any:
        """What the arguments in the instances have in common; numbers that differ become attributes."""
        first = next(iter(seen.values()))
        if all(same(value, first) for value in seen.values()):
            return self._alike(first, seen, hints, label)
        if any(type(value) is not type(first) for value in seen.values()):
            raise Mismatch
        if isinstance(first, Function):
            return self._merged_calls(first, seen, hints, label)
        if isinstance(first, tuple):
            if len({len(value) for value in seen.values()}) != 1:
                raise Mismatch
            return self._merged_items(first, seen, hints, label)
        if isinstance(first, slice):
            ends = {number: (part.start, part.stop, part.step) for number, part in seen.items()}
            return slice(*self._merged(ends, hints, label))
        if not isinstance(first, int | float):
            raise Mismatch
        values: dict[Spot, Any] = {(number, None): value for number, value in seen.items()}
        return Attribute(self.attribute(label, self.scope.resolve(values, hints, label)))

    def _merged_items(self, first: tuple[Any, ...], seen: Mapping[int, Any], hints: Hints, label: str) -> Any:
        before = isinstance(first[0], Batch) if first else 0
        alike = len(first) - before == len(hints)  # a list that the spec writes item by item
        own = [hints[i - before : i - before + 1] if alike and i >= before else [] for i in range(len(first))]
        return tuple(
            self._merged({n: value[i] for n, value in seen.items()}, [*own[i], *hints], label)
            for i in range(len(first))
        )

    def _alike(self, first: Any, seen: Mapping[int, Any], hints: Hints, label: str) -> Any:
        """What is the same in all instances: numbers that the spec computes are those of the class's variables."""
        known = [hint for hint in hints if hint is not None]
        if not any(map(names, known)):
            return first
        if isinstance(first, Function):
            return self._merged_calls(first, seen, hints, label)
        if isinstance(first, tuple):
            return self._merged_items(first, seen, hints, label)
        if type(first) not in (int, float):
            return first
        values: dict[Spot, Any] = {(number, None): value for number, value in seen.items()}
        found = next((hint for hint in known if self.scope.gives(hint, values)), None)
        return Attribute(self.attribute(label, found)) if found is not None and names(found) else first

    def _merged_calls(self, first: Function, seen: Mapping[int, Function], hints: Hints, label: str) -> Function:
        if len({(call.target, tuple(call.kwargs)) for call in seen.values()}) != 1:
            raise Mismatch
        kwargs = {
            key: self._merged(
                {n: call.kwargs[key] for n, call in seen.items()}, hints, f"{label.removesuffix('_size')}_{key}"
            )
            for key in first.kwargs
        }
        args = self._merged({n: call.args for n, call in seen.items()}, hints, label)
        return replace(first, args=args, kwargs=kwargs)

    def attribute(self, wanted: str, code: Code) -> str:
        """The attribute that holds a value; one for all equal ones."""
        for member in self.members:
            if isinstance(member.part, ast.expr) and ast.dump(member.part) == ast.dump(code):
                return member.name
        if isinstance(code, ast.Name):
            wanted = code.id
        wanted = free_attribute(wanted, {member.name for member in self.members}.union(*self.children))
        self.members.append(Member(wanted, code))
        return wanted
