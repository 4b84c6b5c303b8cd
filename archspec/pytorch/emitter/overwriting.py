"""Layers and sums that overwrite what they take: where nothing else needs it and autograd does not keep it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from archspec.language.algebra import literal
from archspec.network import Block, Node
from archspec.ops.facts import Function, Operand
from archspec.pytorch.emitter.code import Call, Part
from archspec.pytorch.emitter.model import Key, Member, Statement

Children = Sequence[Mapping[str, Block | Node]]
"""The nodes and blocks of a graph by name, in each instance."""
_ADD = Function("torch.add", (Operand(0), Operand(1)))


def overwrite(statements: list[Statement], members: list[Member], outputs: Iterable[Key], children: Children) -> None:
    """Let the layers and sums of a class overwrite what they can."""
    uses = Counter(key for statement in statements for key in statement.takes) + Counter(outputs)
    givers = {key: statement for statement in statements for key in statement.gives}
    named = {member.name: member for member in members}
    for statement in statements:
        giver = givers.get(statement.takes[0]) if statement.takes else None
        if giver is None or uses[statement.takes[0]] != 1 or not _all_nodes(children, giver.name, _overwritable):
            continue
        if isinstance(statement.call, Function):
            statement.in_place = _all_nodes(children, statement.name, _can_accumulate)
        elif _all_nodes(children, statement.name, lambda node: node.op.in_place):
            named[statement.name].part = in_place(named[statement.name].part)


def _all_nodes(children: Children, step: str, fact: Callable[[Node], bool]) -> bool:
    """Whether a step is a single op in every instance, and a fact holds of each."""
    found = [named.get(step) for named in children]
    return all(isinstance(child, Node) and fact(child) for child in found)


def may_overwrite(layers: Iterable[Block | Node], before: Sequence[Block | Node]) -> bool:
    """Whether layers of a chain can write over what those before give, which nothing else needs."""
    overwrites = all(isinstance(node, Node) and node.op.in_place for node in layers)
    return overwrites and bool(before) and all(isinstance(node, Node) and _overwritable(node) for node in before)


def in_place(part: Part) -> Part:
    """A layer's call with ``inplace=True``."""
    assert isinstance(part, Call)
    return Call(part.target, (*part.arguments, ("inplace", literal(True))))


def _overwritable(node: Node) -> bool:
    """Whether the next layer may overwrite the output: autograd does not keep it, and it is no view."""
    kept = node.op.kept(node.input_shapes, node.shape)
    return node.op.fresh and kept is not None and "output" not in kept


def _can_accumulate(node: Node) -> bool:
    """Whether the op is a sum of two that has the first operand's shape, which ``+=`` can write over."""
    left = node.input_shapes[0]
    return node.op.torch(node.input_shapes) == _ADD and left == node.shape and len(set(node.inputs)) == 2
