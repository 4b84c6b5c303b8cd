"""Layers and sums that overwrite what they take, as `archspec.analysis.overwriting` says which do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from archspec.analysis.overwriting import Overwriting
from archspec.language.algebra import literal
from archspec.language.definition import GraphSteps
from archspec.network import Block, Node
from archspec.ops.facts import Function
from archspec.pytorch.emitter.code import Call, Part
from archspec.pytorch.emitter.model import Member, Statement

Children = Sequence[Mapping[str, Block | Node]]
"""The nodes and blocks of a graph by name, in each instance."""


def overwrite(statements: list[Statement], members: list[Member], graph: GraphSteps, overwriting: Overwriting) -> None:
    """Let the layers and sums of a class overwrite what they can."""
    steps = {step.name: step for step in graph.steps}
    named = {member.name: member for member in members}
    for statement in statements:
        if overwriting.holds(steps.get(statement.name)):
            if isinstance(statement.call, Function):
                statement.in_place = True
            else:
                named[statement.name].part = in_place(named[statement.name].part)


def in_place(part: Part) -> Part:
    """A layer's call with ``inplace=True``."""
    assert isinstance(part, Call)
    return replace(part, arguments=(*part.arguments, ("inplace", literal(True))))
