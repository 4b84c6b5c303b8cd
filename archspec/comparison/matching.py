"""Which nodes of two graphs are each other's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.comparison.sequences import aligned, increasing
from archspec.comparison.signatures import Signatures, kind_of
from archspec.comparison.wiring import End, Wiring
from archspec.network import Use

_ROUNDS = 4
"""How often neighbours that have found each other may help the next ones to."""


class Match(NamedTuple):
    """Two nodes that are each other's."""

    one: Use
    other: Use


@dataclass(frozen=True)
class Matching:
    """The nodes of two graphs.

    Attributes:
        matches: Those that are each other's, in the order of the second graph.
        removed: Those that only the first has.
        added: Those that only the second has.
        moved: The names, in the second graph, of matched ones that moved themselves.
        rewired: What matched ones take in place of what they took, by their names in the second graph: where no node
            that was added, removed or moved explains it. The output ``x`` of the graph is ``-> x``.
    """

    matches: tuple[Match, ...]
    removed: tuple[Use, ...]
    added: tuple[Use, ...]
    moved: frozenset[str] = frozenset()
    rewired: Mapping[str, tuple[tuple[End, ...], tuple[End, ...]]] = field(default_factory=dict)


def matched(one: Wiring, other: Wiring, signatures: Signatures) -> Matching:
    """Match the nodes of two graphs.

    Nodes of one name are each other's; in a list, whose names are numbers, the longest common subsequence. Of the rest
    those with equal content whose neighbours are each other's, then what stands at the same place and is the same kind
    of op or block.
    """
    return _Matcher(one, other, signatures).matching()


class _Matcher:
    def __init__(self, one: Wiring, other: Wiring, signatures: Signatures) -> None:
        self.one = one
        self.other = other
        self.signatures = signatures
        self.partner: dict[str, str] = {}
        """The names in the second graph of nodes of the first."""
        self.found: set[str] = set()
        """The names in the second graph of those that have a partner."""

    def matching(self) -> Matching:
        """The matching."""
        numbered = self._is_list(self.one) and self._is_list(self.other)
        if not numbered:
            self._pair((name, name) for name in self.one.uses if name in self.other.uses)
            self._by_neighbours()
        if len(self.partner) < max(len(self.one.uses), len(self.other.uses)):
            self._in_order(lambda use: self.signatures.of(use.content))
            if numbered:
                self._elsewhere()
            self._in_order(lambda use: kind_of(use.content))
            if numbered:
                self._in_order(lambda _: "")
        return self._settled()

    @staticmethod
    def _is_list(wiring: Wiring) -> bool:
        graph = wiring.body.graph
        return graph is not None and graph.is_list

    def _pair(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, its in pairs:
            self.partner[name] = its
            self.found.add(its)

    def _left(self) -> tuple[list[Use], list[Use]]:
        """The nodes without a partner."""
        ones = [use for use in self.one.uses.values() if use.name not in self.partner]
        return ones, [use for use in self.other.uses.values() if use.name not in self.found]

    def _by_neighbours(self) -> None:
        """Pair what has equal content, and takes the same or is taken by the same, where that is only one each."""
        for _ in range(_ROUNDS):
            before = len(self.partner)
            for takes, given in ((True, True), (True, False), (False, True)):
                ones, others = self._left()
                if not ones or not others:
                    return
                known = {use.name: self._key(use, self.one, self.partner.get, takes, given) for use in ones}
                wanted = {use.name: self._key(use, self.other, self._itself, takes, given) for use in others}
                self._pair(_only(known, wanted))
            if len(self.partner) == before:
                return

    def _itself(self, name: str) -> str | None:
        """The name of a node of the second graph that has a partner."""
        return name if name in self.found else None

    def _key(self, use: Use, wiring: Wiring, called: Callable[[str], str | None], takes: bool, given: bool) -> Hashable:
        """What a node is, and its neighbours by their names in the second graph; None where one has no partner."""
        taken = [(called(end.name) if end.name else "", end.port) for end in wiring.taken[use.name] if takes]
        takers = wiring.takers.get(use.name, frozenset()) if given else ()
        giving = {name if name.startswith("-> ") else called(name) for name in takers}
        known = None not in giving and all(name is not None for name, _ in taken)
        return (self.signatures.of(use.content), tuple(taken), frozenset(giving)) if known else None

    def _in_order(self, what: Callable[[Use], Hashable]) -> None:
        """Pair what is the same and stands at the same place between nodes that have a partner."""
        ones, others = list(self.one.uses.values()), list(self.other.uses.values())
        tokens: list[Hashable] = [
            ("partner", self.partner[use.name]) if use.name in self.partner else ("own", what(use)) for use in ones
        ]
        its: list[Hashable] = [
            ("partner", use.name) if use.name in self.found else ("own", what(use)) for use in others
        ]
        for place, other in aligned(tokens, its):
            if ones[place].name not in self.partner:
                self._pair([(ones[place].name, others[other].name)])

    def _elsewhere(self) -> None:
        """Pair what has equal content, anywhere in a list, where that is only one each."""
        ones, others = self._left()
        known = {use.name: self.signatures.of(use.content) for use in ones}
        self._pair(_only(known, {use.name: self.signatures.of(use.content) for use in others}))

    # What moved, and what takes something else

    def _settled(self) -> Matching:
        back = {its: name for name, its in self.partner.items()}
        removed, added = self._left()
        order = {name: place for place, name in enumerate(self.one.uses)}
        kept = [name for name in self.other.uses if name in back]
        in_place = {kept[place] for place in increasing([order[back[name]] for name in kept])}
        candidates = frozenset(name for name in kept if name not in in_place)
        wires = _Wires(self, back, removed, added, candidates)
        matches = tuple([Match(self.one.uses[back[name]], self.other.uses[name]) for name in kept])
        moved = frozenset(name for name in candidates if wires.has_moved(name))
        rewired = wires.changed([name for name in kept if name not in moved])
        return Matching(matches, tuple(removed), tuple(added), moved, rewired)


class _Wires:
    """What matched nodes take, as if there were none that were added, removed or moved."""

    def __init__(
        self,
        matcher: _Matcher,
        back: Mapping[str, str],
        removed: Iterable[Use],
        added: Iterable[Use],
        candidates: Collection[str],
    ) -> None:
        self.one, self.other = matcher.one, matcher.other
        self.partner, self.back = matcher.partner, back
        self.gone = frozenset(use.name for use in removed)
        self.new = frozenset(use.name for use in added)
        self.passed = self.one.without({*self.gone, *(back[name] for name in candidates)})
        self.its_passed = self.other.without({*self.new, *candidates})

    def has_moved(self, name: str) -> bool:
        """Whether a node that stands elsewhere takes something else, or is taken by something else."""
        its = self.back[name]
        before, after = self._before(self.one.taken[its]), self._after(self.other.taken[name])
        if [end for end, _ in before] != [end for end, _ in after]:
            return True
        takers = self.one.takers.get(its, frozenset()) - self.gone
        others = self.other.takers.get(name, frozenset()) - self.new
        return {self.partner.get(taker, taker) for taker in takers} != others

    def changed(self, names: Iterable[str]) -> dict[str, tuple[tuple[End, ...], tuple[End, ...]]]:
        """What takes something else, by its name in the second graph."""
        pairs = [(name, self.one.taken[self.back[name]], self.other.taken[name]) for name in names]
        pairs += [
            (f"-> {output}", (end,), (self.other.outputs[output],))
            for output, end in self.one.outputs.items()
            if output in self.other.outputs
        ]
        if len(self.one.outputs) == 1 == len(self.other.outputs):
            (output, end), (its, other) = *self.one.outputs.items(), *self.other.outputs.items()
            pairs += [(f"-> {its}", (end,), (other,))] if output != its else []
        return {name: (before, after) for name, before, after in pairs if not self._same(before, after)}

    def _same(self, before: tuple[End, ...], after: tuple[End, ...]) -> bool:
        """Whether tensors are the same, all of them or without those behind what only one graph has."""
        ones, others = self._before(before), self._after(after)
        if [end for end, _ in ones] == [end for end, _ in others]:
            return True
        return [end for end, passed in ones if not passed] == [end for end, passed in others if not passed]

    def _before(self, ends: Iterable[End]) -> list[tuple[End, bool]]:
        """Tensors of the first graph as the second knows them, past what is left out, and whether that was passed."""
        found = [(self.passed.get(end, end), end in self.passed) for end in ends]
        return [
            (End(self.partner.get(end.name, end.name), end.port) if end.name else end, passed) for end, passed in found
        ]

    def _after(self, ends: Iterable[End]) -> list[tuple[End, bool]]:
        """The same for tensors of the second graph."""
        return [(self.its_passed.get(end, end), end in self.its_passed) for end in ends]


def _only(known: Mapping[str, Hashable], wanted: Mapping[str, Hashable]) -> Iterator[tuple[str, str]]:
    """The names whose keys stand once on both sides."""
    ones, others = _once(known), _once(wanted)
    yield from ((name, others[key]) for key, name in ones.items() if key in others)


def _once(keys: Mapping[str, Hashable]) -> dict[Hashable, str]:
    found: dict[Hashable, str] = {}
    twice: set[Hashable] = {None}
    for name, key in keys.items():
        if key in found:
            twice.add(key)
        found[key] = name
    return {key: name for key, name in found.items() if key not in twice}
