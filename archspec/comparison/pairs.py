"""Two nodes that are each other's, compared."""

from __future__ import annotations

from collections.abc import Callable

from archspec.comparison.edits import plus, times
from archspec.comparison.found import Cause, Findings, Found, Outcome, Slot, key_of, merge, put
from archspec.comparison.pair import OF_WIRES, Outputs, Pair, Taken
from archspec.comparison.repeats import Repeats
from archspec.comparison.signatures import applied_of, kind_of
from archspec.comparison.stating import WHAT, Stated
from archspec.network import Body, Use

Inside = Callable[[Body, Body, bool], Outcome]
"""Compares what two blocks or groups hold; told whether they are different definitions."""


class Pairs:
    """Compares nodes; ``inside`` compares what blocks hold, ``alike`` gives equal numbers for equal content."""

    def __init__(self, inside: Inside, alike: Callable[[Use], int]) -> None:
        self.inside = inside
        self.alike = alike

    def compare(self, pair: Pair, taken: Taken, findings: Findings) -> Outputs:
        """Add what differs between two nodes to the findings of their graph; their outputs of other shapes."""
        one, other = pair.one.content, pair.other.content
        if one is other and not pair.differences:
            return {}
        if pair.is_repeat:
            return Repeats(self.compare, self.alike, pair, taken, findings).compare()
        if isinstance(one, Body) and isinstance(other, Body) and applied_of(one) is None is applied_of(other):
            return self._blocks(pair, one, other, taken, findings)
        return self._ops(pair, taken, findings)

    def _ops(self, pair: Pair, taken: Taken, findings: Findings) -> Outputs:
        """Two ops, or an op and a block."""
        stated, what = pair.stated(), kind_of(pair.other.content)
        if stated.own:
            slot = pair.slot(pair.reason, key_of("changed", what, stated.own))
        elif stated.derived:
            cause = pair.reason or (pair.of_shapes(taken) if stated.of_shapes else pair.values)
            slot = pair.slot(cause, key_of("changed", what, stated.derived))
        elif not pair.takes_other_shapes:
            return {}
        else:
            slot = Slot(None, False, pair.moved) if pair.moved else pair.slot(pair.of_shapes(taken), None)
        copies = pair.place.copies
        found = Found(stated.own or stated.derived, [pair.place], copies, shapes=pair.shapes)
        if pair.moved and slot.key == pair.moved:  # that it moved is told already
            found.places, found.count = [], 0
        found.before, found.after = times(pair.one.totals, copies), times(pair.other.totals, copies)
        put(findings, slot, found)
        return dict.fromkeys(pair.reshaped(), slot.cause or slot.key)

    def _blocks(self, pair: Pair, one: Body, other: Body, taken: Taken, findings: Findings) -> Outputs:
        """Two blocks or groups."""
        stated = pair.stated()
        redefined = any(each.name in WHAT for each in (*stated.own, *stated.derived))
        if (pair.reason and stated.own) or (redefined and not stated.own):
            return self._as_a_whole(pair, stated, one, other, findings)
        key = key_of("changed", kind_of(other), stated.own) if stated.own else None
        values: Cause = pair.reason or pair.values
        if key:
            put(findings, Slot(None, False, key), _told(pair, stated))
            values = values if all(each.name in OF_WIRES for each in stated.own) else key
        elif stated.derived and stated.of_shapes:
            values = pair.of_shapes(taken)

        def known(number: int) -> Cause:
            return taken(number) or key or pair.moved

        inner = self.inside(one, other, redefined or pair.reason is not None)
        merge(findings, inner.findings, pair.place, lambda slot: pair.resolved(slot, values, known))
        outputs: dict[str, Cause] = {}
        for port in pair.reshaped():
            cause = inner.outputs.get(port or next(iter(other.outputs)))
            outputs[port] = pair.resolved(Slot(cause, False, None), values, known).cause or key or values
        return outputs

    def _as_a_whole(self, pair: Pair, stated: Stated, one: Body, other: Body, findings: Findings) -> Outputs:
        """Blocks that differ because of something around them: what differs inside is not told one by one."""
        told = _told(pair, stated)
        for each in self.inside(one, other, True).findings.values():
            told.before = plus(told.before, times(each.before, pair.place.copies))
            told.after = plus(told.after, times(each.after, pair.place.copies))
        cause = pair.reason or pair.values
        put(findings, pair.slot(cause, key_of("changed", kind_of(other), told.differences)), told)
        return dict.fromkeys(pair.reshaped(), cause)


def _told(pair: Pair, stated: Stated) -> Found:
    """What is stated of a block, without figures."""
    return Found(stated.own or stated.derived, [pair.place], pair.place.copies, shapes=pair.shapes)
