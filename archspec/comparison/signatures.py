"""Which contents are equal, whatever shapes they are used on."""

from __future__ import annotations

from collections.abc import Hashable

from archspec.network import Applied, Body, Content, Copies
from archspec.ops.op import Op


def op_of(content: Content) -> Op | None:
    """The op of a content that is one, with several outputs too; None for a block, group or repeat."""
    applied = applied_of(content)
    return applied.op if applied is not None else None


def applied_of(content: Content) -> Applied | None:
    """What a content is that is one op, of one with several outputs that which gives the first; else None."""
    if isinstance(content, Applied):
        return content
    last = content.uses[-1].content if content.kind == "op" else None
    return last if isinstance(last, Applied) else None


class Signatures:
    """Numbers of contents: equal for equal ops with equal arguments, wired and named alike inside."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._known: dict[int, tuple[int, Content]] = {}

    def of(self, content: Content) -> int:
        """The number of a content."""
        known = self._known.get(id(content))
        if known is None:
            number = self._numbers.setdefault(self._canonical(content), len(self._numbers))
            known = self._known[id(content)] = number, content  # the content stays, and its id its own
        return known[0]

    def _canonical(self, content: Content) -> Hashable:
        op = op_of(content)
        if op is not None:
            return type(op), op, isinstance(content, Body)
        assert isinstance(content, Body)
        if isinstance(content.uses, Copies):
            return tuple([(run.length, self.of(run.content)) for run in content.uses.runs])
        inside = [(use.name, use.inputs, use.shares, self.of(use.content)) for use in content.uses]
        return content.definition, tuple(inside), tuple(content.outputs.values())


def kind_of(content: Content) -> str:
    """What a content is, without arguments: the name of an op or block, ``group``, or what a repeat has copies of."""
    op = op_of(content)
    if op is not None:
        return op.name
    assert isinstance(content, Body)
    if content.kind == "repeat":
        first = next(iter(content.firsts()), None)
        return kind_of(first.content) if first is not None else content.kind
    return content.definition or content.kind
