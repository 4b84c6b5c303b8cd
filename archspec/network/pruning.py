"""Contents without the nodes that nothing needs: once for all uses of a content of which the same is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import heappop, heappush
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
    if content.kind == "op":  # one layer gives all of its outputs
        return _left(content.uses[0].content, needed) and (content, range(len(content.uses[0].inputs)))
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
    copies = _NeededCopies(body.uses, needed)
    kept = copies.left()
    if not kept:
        return None
    runs = _in_order(kept, body.uses.runs)
    left = None if runs is None else replace(body.uses, runs=runs)
    return Pruned(None if left is None else replace(body, uses=left), frozenset(copies.wanted.inputs))


class _NeededCopies:
    """The copies of a repeat that are needed, found from the last to the first."""

    def __init__(self, copies: Copies, needed: Iterable[str]) -> None:
        self.copies = copies
        self.wanted = _Needed(needed)
        self.waiting: list[int] = []
        """A heap of the indices that are still to be looked at, each negative."""
        self.seen: set[int] = set()
        for path in needed:
            self._wait(path)

    def _wait(self, path: str) -> None:
        index = int(path.partition(".")[0])
        if index not in self.seen:
            self.seen.add(index)
            heappush(self.waiting, -index)

    def left(self) -> list[Run]:
        """What is left of the runs, the last first."""
        kept: list[Run] = []
        while self.waiting:
            run, part = self._next()
            if part is None:
                continue
            above = kept[-1] if kept else None
            if above is not None and above.start == part.stop < run.stop and above.content is part.content:
                part = part._replace(length=part.length + kept.pop().length)
            kept.append(run if part.content is run.content and part[:2] == run[:2] else part)
        return kept

    def _next(self) -> tuple[Run, Run | None]:
        """The run of the last copy that waits, and what is left of that and of the equal ones before it."""
        index = -heappop(self.waiting)
        run = self.copies.run(index)
        inside = self.wanted.inside(str(index))
        left = _left(run.content, inside)
        if left is None:
            return run, None
        content, taken = left
        first = self._take(run, index, taken)
        if index > run.start and _handed(run, taken) == inside == self.wanted.inside(str(index - 1)):
            # Those before are taken as this one is, down to one of which something else is taken too.
            heappop(self.waiting)
            first = max(run.start, 1 - self.waiting[0] if self.waiting else run.start)
            self._take(run, first, taken)
        return run, Run(first, index + 1 - first, content, run.operands(first), run.written, run.step)

    def _take(self, run: Run, index: int, taken: Iterable[int]) -> int:
        """Need what a copy takes; its index."""
        inputs = (*run.operands(index), *self.copies.others)
        for number in taken:
            self.wanted.add(origin := inputs[number])
            if _is_path(origin):
                self._wait(origin)
        return index


def _handed(run: Run, taken: Iterable[int]) -> frozenset[str] | None:
    """The tensors of a copy that the next takes, as the copy knows them; None where a copy passes operands on."""
    if isinstance(run.content, Applied):
        return frozenset({""} if 0 in taken else ())
    outputs = list(run.content.outputs.values())
    if not all(map(_is_path, outputs)):
        return None
    return frozenset(str(outputs[number]) for number in taken if number < len(run.first))


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
