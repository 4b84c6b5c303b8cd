"""Contents without the nodes that nothing needs: once for all uses of a content of which the same is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeGuard, TypeVar

from archspec.network.content import Applied, Body, Content, Copies, Origin, Pruned, Run, Use

T = TypeVar("T")
Common = dict[str, frozenset[str]]
"""The tensors that are needed of nodes that others reuse, by the names of these nodes."""


def without_unused(body: Body) -> Body:
    """A body without the nodes that none of its outputs needs."""
    pruned = _pruned(body, _given(body))
    return replace(body, uses=(), whole=body) if pruned is None else pruned.body or body


def giving(body: Body, outputs: Iterable[str]) -> Body:
    """A body without the nodes that none of some outputs needs."""
    pruned = _pruned(body, frozenset(origin for name in outputs if _is_path(origin := body.outputs[name])))
    return replace(body, uses=()) if pruned is None else pruned.body or body


def needed(body: Body, outputs: Iterable[str]) -> frozenset[str]:
    """The names of what a body holds, blocks as a whole, that some of its outputs need."""
    wanted = _Needed(origin for name in outputs if _is_path(origin := body.outputs[name]))
    names = set()
    for use in reversed(body.uses):
        inside = wanted.inside(use.name)
        left = _left(use.content, inside | _given(use.content)) if inside else None
        if left is not None:
            names.add(use.name)
            for number in left[1]:
                wanted.add(use.inputs[number])
    return frozenset(names)


class _Needed:
    """The tensors of a graph that are needed, as what stands in it knows them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.inputs: set[int] = set()
        self.common: Common = {}
        self._inside: dict[str, set[str]] = {}
        for path in paths:
            self.add(path)

    def add(self, origin: Origin) -> None:
        """A tensor more."""
        if isinstance(origin, int):
            self.inputs.add(origin)
        else:
            name, _, rest = origin.partition(".")
            self._inside.setdefault(name, set()).add(rest)

    def reuse(self, use: Use, inside: frozenset[str]) -> None:
        """What a node reuses, of which it needs the same as of itself."""
        if use.step.copies_reuse:
            assert isinstance(use.content, Body)
            inside = frozenset().union(*(_given(copy.content) for copy in use.content.firsts()))
        else:
            self.common.setdefault(use.shares, frozenset())
        for path in inside:
            self.add(f"{use.shares}.{path}" if path else use.shares)

    def inside(self, name: str) -> frozenset[str]:
        """Those that what stands there by a name gives, by their paths in it; an op's has none."""
        return frozenset(self._inside.get(name, ()))


def _left(content: Content, needed: frozenset[str]) -> tuple[Content, Iterable[int]] | None:
    """What is left of a content of which some tensors are needed, and the inputs that it needs; None for nothing."""
    if not needed:
        return None
    if isinstance(content, Applied):
        return content, range(len(content.input_shapes))
    pruned = _pruned(content, needed)
    return pruned and (pruned.body or content, pruned.inputs)


def _pruned(body: Body, needed: frozenset[str]) -> Pruned | None:
    if needed not in body.pruned:
        prune = _repeat if isinstance(body.uses, Copies) else _graph
        body.pruned[needed] = prune(body, needed)
    return body.pruned[needed]


def _graph(body: Body, needed: frozenset[str]) -> Pruned | None:
    common: Common = {}
    while True:
        kept, wanted = _kept(body, needed, common)
        if wanted.common == common:
            break
        common = wanted.common
    if not kept:
        return None
    uses = _in_order(kept, body.uses)
    return Pruned(None if uses is None else replace(body, uses=uses, whole=body), frozenset(wanted.inputs))


def _kept(body: Body, needed: frozenset[str], common: Common) -> tuple[list[Use], _Needed]:
    """What is left of a graph, the last first, and what it needs.

    A node and those that reuse it are one module, which gives each time all that is needed of any of them.

    Args:
        body: The graph.
        needed: The tensors in it that are needed.
        common: What was found to be needed of nodes that others reuse.
    """
    wanted, kept = _Needed(needed), []
    for use in reversed(body.uses):
        inside = wanted.inside(use.name)
        if use.shares and inside and not use.step.copies_reuse:
            inside |= common.get(use.shares, frozenset())
        left = _left(use.content, inside)
        if left is not None:
            kept.append(use if left[0] is use.content else use._replace(content=left[0]))
            for number in left[1]:
                wanted.add(use.inputs[number])
            if use.shares:
                wanted.reuse(use, inside)
            elif use.name in wanted.common:
                wanted.common[use.name] = inside
    return kept, wanted


def _repeat(body: Body, needed: frozenset[str]) -> Pruned | None:
    """A repeat: the copies that give what is needed, and those whose outcome such a copy takes."""
    assert isinstance(body.uses, Copies)
    kept: list[Run] = []
    wanted: set[Origin] = {*needed}
    indices = sorted({int(path.partition(".")[0]) for path in needed}, reverse=True)
    for run in reversed(body.uses.runs):
        asked = [index for index in indices if run.start <= index < run.stop]
        ends = list(dict.fromkeys([run.stop - 1] * (run.given(run.stop - 1) in wanted) + asked))
        left = _left(run.content, _given(run.content)) if ends else None
        if left is None:
            continue
        content, taken = left
        if 0 in taken:
            whole = content is run.content and ends[0] == run.stop - 1
            kept.append(run if whole else run._replace(content=content, length=ends[0] - run.start + 1))
        else:
            kept += [Run(end, 1, content, run.operand(end), run.written, run.step) for end in ends]
        wanted.update(body.uses.first(run).inputs[number] for number in taken)
    inputs = {origin for origin in wanted if isinstance(origin, int)}
    if not kept:
        return None
    runs = _in_order(kept, body.uses.runs)
    copies = None if runs is None else replace(body.uses, runs=runs)
    return Pruned(None if copies is None else replace(body, uses=copies), frozenset(inputs))


def _in_order(kept: list[T], parts: Sequence[T]) -> tuple[T, ...] | None:
    """What was kept, the last first, in order; None where nothing was changed."""
    kept.reverse()
    unchanged = len(kept) == len(parts) and all(one is other for one, other in zip(kept, parts, strict=True))
    return None if unchanged else tuple(kept)


def _is_path(origin: Origin) -> TypeGuard[str]:
    return isinstance(origin, str)


def _given(content: Content) -> frozenset[str]:
    """The tensors that a content gives, as it knows them."""
    return frozenset({""}) if isinstance(content, Applied) else frozenset(filter(_is_path, content.outputs.values()))
