"""Two contents compared, once for all places where they stand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from archspec.comparison.edits import Difference
from archspec.comparison.found import (
    HERE,
    SAME,
    VALUES,
    Around,
    Cause,
    Findings,
    Found,
    Key,
    Outcome,
    Slot,
    key_of,
    put,
)
from archspec.comparison.matching import Match, Matching, matched
from archspec.comparison.pair import Pair
from archspec.comparison.pairs import Pairs
from archspec.comparison.places import Place
from archspec.comparison.signatures import Signatures, kind_of
from archspec.comparison.stating import defined, described
from archspec.comparison.wiring import End, Wiring, ends_of
from archspec.language.usage import names_in
from archspec.network import Body, Use


class Comparer:
    """Compares contents; two that were compared before are not compared again."""

    def __init__(self) -> None:
        self.signatures = Signatures()
        self.pairs = Pairs(self.compared, lambda use: self.signatures.of(use.content))
        self._known: dict[tuple[int, int, bool], Outcome] = {}

    def compared(self, one: Body, other: Body, explained: bool = False) -> Outcome:
        """What differs inside of two networks, blocks or groups.

        Args:
            one: The first.
            other: The second.
            explained: Whether they are different definitions, so that nothing inside is an edit itself.
        """
        if one is other:
            return SAME
        key = id(one), id(other), explained
        if key not in self._known:
            self._known[key] = _Graphs(self, one, other, explained).outcome()
        return self._known[key]


class Told(NamedTuple):
    """An edit, and what differs."""

    key: Key
    differences: tuple[Difference, ...]


class _Graphs:
    """Two graphs that are compared."""

    def __init__(self, comparer: Comparer, one: Body, other: Body, explained: bool) -> None:
        self.comparer = comparer
        self.explained = explained
        self.one, self.other = Wiring(one), Wiring(other)
        self.matching: Matching = matched(self.one, self.other, comparer.signatures)
        self.names = {match.one.name: match.other.name for match in self.matching.matches}
        """The names in the second graph of nodes of the first."""
        self.findings: Findings = {}
        told_around = explained or one.kind == "network"
        self.lets = () if told_around else defined(one.graph, other.graph)
        """What the graphs define differently; that of a network is told with its parameters."""
        self.values: Cause = key_of("changed", "", self.lets) if self.lets else VALUES
        """Because of what values are other ones here."""
        self.causes: dict[End, Cause] = {}
        """Because of what tensors of the second graph have another shape, or are there."""
        self.gone: dict[End, Cause] = {}
        """Because of what tensors of the first graph are not there."""

    def outcome(self) -> Outcome:
        """What differs."""
        for use in self.matching.removed:
            self.gone.update(dict.fromkeys(ends_of(use), self._cause_of_presence(use, self.other) or _removed(use)))
        matches = {match.other.name: match for match in self.matching.matches}
        moved = [match for match in self.matching.matches if match.other.name in self.matching.moved]
        self.moved = {match.other.name: self._moved(match) for match in moved}
        order = {name: number for number, name in enumerate(self.one.uses)}
        removed, added = deque(self.matching.removed), deque[Use]()
        for use in self.other.uses.values():
            match = matches.get(use.name)
            if match is None:
                added.append(use)
                continue
            while removed and order[removed[0].name] < order[match.one.name]:
                self._gone(removed.popleft())
            self._new(added)
            self._matched(match)
        for use in removed:
            self._gone(use)
        self._new(added)
        self._outputs()
        self._lets()
        return Outcome(self.findings, {name: self._cause(end) for name, end in self.other.outputs.items()})

    def _tell(self, cause: Cause, key: Key, found: Found) -> None:
        """Add an edit, or what follows from one."""
        if cause is None and self.explained:
            cause = VALUES
        put(self.findings, Slot(cause, isinstance(cause, Key) and cause == self.values, key), found)

    def _lets(self) -> None:
        """Tell what the graphs define differently, where that has changed something."""
        if isinstance(self.values, Key) and any(slot.cause == self.values for slot in self.findings):
            self._tell(None, self.values, Found(self.lets, [HERE], 1))

    # What only one graph has

    def _new(self, added: deque[Use]) -> None:
        while added:
            use = added.popleft()
            key, cause = key_of("added", described(use.content)), self._cause_of_presence(use, self.one)
            self._tell(cause, key, Found((), [Place("", use.name)], 1, after=use.totals))
            self.causes.update(dict.fromkeys(ends_of(use), cause or key))

    def _gone(self, use: Use) -> None:
        cause = self._cause_of_presence(use, self.other)
        self._tell(cause, _removed(use), Found((), [Place(use.name, "")], 1, before=use.totals))

    def _cause_of_presence(self, use: Use, elsewhere: Wiring) -> Cause:
        """Because of what a node is in one graph only, where the other one states it too; None for itself."""
        if self.explained:
            return VALUES
        step = elsewhere.steps.get(use.name)
        if step is None:
            return None
        names = set(names_in(step.when)) if step.when is not None else set()
        shaped = [self._cause(End(name, "")) for name in sorted(names) if name in self.other.uses]
        inputs = [Around(0)] if names & {"input", *elsewhere.inputs} else []
        causes: list[Cause] = [*shaped, *inputs]
        return next((cause for cause in causes if cause), self.values)

    # What both have

    def _matched(self, match: Match) -> None:
        one, other = match
        place = Place(one.name, other.name)
        if one.name != other.name and not (one.name.isdecimal() and other.name.isdecimal()):
            self._tell(None, key_of("renamed", kind_of(other.content)), Found((), [place], 1))
        moved = self.moved.get(other.name)
        if moved:
            self._tell(None, moved.key, Found(moved.differences, [place], 1))
        differences = tuple(self._wired_differences(match))
        if one.content is other.content and not differences:
            return
        reason = VALUES if self.explained else None
        pair = Pair(one, other, place, differences, reason, moved and moved.key, self.values)
        outputs = self.comparer.pairs.compare(pair, lambda number: self._cause_of_operand(match, number), self.findings)
        for port, cause in outputs.items():
            self.causes[End(other.name, port)] = cause

    def _moved(self, match: Match) -> Told:
        """What is told of a node that moved: behind what it stands now."""
        one, other = match
        before = _names(self.one.taken[one.name][:1], self.one)
        differences = (Difference("after", before, _names(self.other.taken[other.name][:1], self.other)),)
        key = key_of("moved", described(other.content), differences)
        self.gone.update(dict.fromkeys(ends_of(one), key))
        self.causes.update(dict.fromkeys(ends_of(other), key))
        return Told(key, differences)

    def _wired_differences(self, match: Match) -> Iterator[Difference]:
        rewired = self.matching.rewired.get(match.other.name)
        if rewired:
            yield Difference("from", _names(rewired[0], self.one), _names(rewired[1], self.other))
        shares = self._in_other(match.one.shares)
        if shares != match.other.shares:
            yield Difference("reuse", match.one.shares or None, match.other.shares or None)

    def _in_other(self, name: str) -> str:
        """The place in the second graph of what is reused in the first."""
        first, dot, rest = name.partition(".")
        return f"{self.names.get(first, first)}{dot}{rest}"

    def _cause_of_operand(self, match: Match, number: int) -> Cause:
        """Because of what an operand has another shape."""
        taken, its = self.one.taken[match.one.name], self.other.taken[match.other.name]
        before, after = (ends[number] if number < len(ends) else None for ends in (taken, its))
        causes = [self._cause(after) if after else None, self.gone.get(before) if before else None]
        if after and not after.name and before != after:  # it takes an input of the graph now, which may be as it was
            causes.reverse()
        return next((cause for cause in causes if cause), None) or self._any(its, taken)

    def _any(self, its: tuple[End, ...], taken: tuple[End, ...]) -> Cause:
        """Because of what something that a node takes differs."""
        causes = [*map(self._cause, its), *(self.gone.get(end) for end in taken)]
        return next((cause for cause in causes if isinstance(cause, Key)), None)

    def _cause(self, end: End) -> Cause:
        """Because of what a tensor of the second graph has another shape; of an input, what is around knows."""
        if not end.name:
            return Around(int(end.port)) if end.port else None
        return self.causes.get(end) or self.causes.get(End(end.name, ""))

    def _outputs(self) -> None:
        """The outputs that another tensor is, and those that only one graph has."""
        for name, (before, after) in self.matching.rewired.items():
            if name.startswith("-> "):
                texts = _names(before, self.one), _names(after, self.other)
                self._output(Difference(f"output {name[3:]}", *texts))

    def _output(self, difference: Difference) -> None:
        key = key_of("changed", "", [difference])
        self._tell(None, key, Found((difference,), [HERE], 1))


def _removed(use: Use) -> Key:
    return key_of("removed", described(use.content))


def _names(ends: tuple[End, ...], wiring: Wiring) -> str | list[str]:
    """Tensors as a spec names them."""
    names = [wiring.name(end) for end in ends]
    return names[0] if len(names) == 1 else names
