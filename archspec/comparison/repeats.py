"""Two nodes with copies that are each other's, compared: equal copies in a row once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from archspec.comparison.edits import NOTHING, Difference, plus, times
from archspec.comparison.found import Cause, Findings, Found, Key, Slot, key_of, put
from archspec.comparison.pair import OF_WIRES, Outputs, Pair, Taken
from archspec.comparison.places import Place
from archspec.comparison.segments import Segment, row_of, segments
from archspec.comparison.signatures import kind_of
from archspec.comparison.stating import WHAT, changes, described, text
from archspec.language.expr import is_expression
from archspec.network import Use

Compare = Callable[[Pair, Taken, Findings], Outputs]


class Repeats:
    """Compares two nodes of which at least one has copies; ``compare`` compares two copies."""

    def __init__(
        self, compare: Compare, alike: Callable[[Use], int], pair: Pair, taken: Taken, findings: Findings
    ) -> None:
        self.copies = compare
        self.pair = pair
        self.taken = taken
        self.findings = findings
        self.segments = segments(pair.one, pair.other, alike)
        self.what = kind_of(pair.other.content)
        rows = [_rows(use) for use in (pair.one, pair.other)]
        self.is_table = None not in rows
        self.other_rows = pair.rows or rows[0] != rows[1]
        """Whether the tables of rows are written differently."""

    def compare(self) -> Outputs:
        """Add what differs to the findings; the outputs of other shapes."""
        pair = self.pair
        stated, counted = pair.stated(), self._counted()
        own = (*map(self._as_written, stated.own), *(counted if self._counts_differ() else ()))
        key = key_of("changed", self.what, own) if own and not pair.reason else None
        cause: Cause = key or pair.reason or pair.values
        if own:
            slot = Slot(None, False, key) if key else pair.slot(cause, key_of("changed", self.what, own))
            put(self.findings, slot, Found(own, [pair.place], pair.place.copies, shapes=pair.shapes))
        if counted:
            self._tell_count(key, cause, counted)
        inner = self._pair_of_copies(key, own, any(each.name in WHAT for each in stated.derived))
        outputs = self._compare_copies(inner, cause)
        return {port: outputs.get(port) or cause for port in pair.reshaped()}

    def _as_written(self, difference: Difference) -> Difference:
        """What differs, as expressions where these give each row of a table another value."""
        texts = [text(use, difference.name) for use in (self.pair.one, self.pair.other)]
        if not self.is_table or not any(map(is_expression, texts)):
            return difference
        return difference._replace(before=texts[0], after=texts[1])

    # How many copies there are

    def _counted(self) -> tuple[Difference, ...]:
        """The numbers of copies, where they differ; rows of tables are told one by one."""
        before = sum(segment.copies for segment in self.segments if segment.one is not None)
        after = sum(segment.copies for segment in self.segments if segment.other is not None)
        return () if self.is_table or before == after else (Difference("copies", before, after),)

    def _counts_differ(self) -> bool:
        """Whether the numbers of copies are written differently."""
        texts = [use.step.repeat and use.step.repeat.plain() for use in (self.pair.one, self.pair.other)]
        return texts[0] != texts[1] or self.pair.rows

    def _tell_count(self, key: Key | None, cause: Cause, counted: tuple[Difference, ...]) -> None:
        """Add the figures of the copies that only one has."""
        before, after = NOTHING, NOTHING
        for segment in self.segments:
            if segment.one is None and segment.other is not None:
                after = plus(after, times(segment.other.totals, segment.copies * self.pair.place.copies))
            elif segment.other is None and segment.one is not None:
                before = plus(before, times(segment.one.totals, segment.copies * self.pair.place.copies))
        if key and key.is_about("copies"):
            put(self.findings, Slot(None, False, key), Found((), [], 0, before, after, self.pair.shapes))
            return
        found = Found(counted, [self.pair.place], self.pair.place.copies, before, after, self.pair.shapes)
        put(self.findings, self.pair.slot(cause, key_of("changed", self.what, counted)), found)

    # The copies

    def _pair_of_copies(self, key: Key | None, own: Iterable[Difference], redefined: bool) -> Pair:
        """What copies that are each other's have in common."""
        pair = self.pair
        settled = pair.settled | {each.name for each in own}
        valued = key if key and not settled <= OF_WIRES else None
        reason = pair.reason
        if settled & WHAT or redefined:
            reason = key or reason or pair.values
        rows = self.is_table and self.other_rows
        return replace(
            pair, differences=(), reason=reason, values=valued or pair.values, settled=frozenset(settled), rows=rows
        )

    def _compare_copies(self, inner: Pair, cause: Cause) -> Outputs:
        """Compare the copies in order; what the last gives."""
        outputs: Outputs = {}
        taken: Taken = self.taken
        for segment in self.segments:
            if segment.one is None or segment.other is None:
                outputs = dict.fromkeys(outputs or [""], self._alone(segment, cause))
            else:
                outputs = self._compare_both(inner, segment.one, segment.other, segment.copies, taken)
            taken = _handed(tuple(outputs.values()), self.taken)
        return outputs

    def _compare_both(self, inner: Pair, one: Use, other: Use, copies: int, taken: Taken) -> Outputs:
        """Compare equal copies in a row: the first, and those that take what it and they give."""
        outputs = self.copies(self._copy(inner, one, other, 1), taken, self.findings)
        if copies > 1:
            given = _handed(tuple(outputs.values()), self.taken)
            outputs = self.copies(self._copy(inner, _next(one), _next(other), copies - 1), given, self.findings)
        return outputs

    def _copy(self, inner: Pair, one: Use, other: Use, copies: int) -> Pair:
        around = self.pair.place
        before = _path(around.before, one, self.pair.one)
        place = Place(before, _path(around.after, other, self.pair.other), around.copies * copies)
        return replace(inner, one=one, other=other, place=place, differences=self._values_of_rows(one, other))

    def _values_of_rows(self, one: Use, other: Use) -> tuple[Difference, ...]:
        """What the rows of groups say differently, where that is an edit; those of blocks and ops are arguments."""
        if not (self.is_table and self.other_rows) or self.pair.reason:
            return ()
        if any(use.step.group is None for use in (one, other)):
            return ()
        return tuple(changes(row_of(self.pair.one)(one), row_of(self.pair.other)(other)))

    def _alone(self, segment: Segment, cause: Cause) -> Cause:
        """Tell a row that only one table has; the cause of what it gives."""
        if not self.is_table:
            return cause
        pair = self.pair
        edit: Cause = pair.reason or (None if self.other_rows else pair.values)
        found = Found((), [], pair.place.copies)
        if segment.one is not None:
            key = key_of("removed", described(segment.one.content))
            found.places = [Place(_path(pair.place.before, segment.one, pair.one), "", pair.place.copies)]
            found.before = times(segment.one.totals, pair.place.copies)
        else:
            assert segment.other is not None
            key = key_of("added", described(segment.other.content))
            found.places = [Place("", _path(pair.place.after, segment.other, pair.other), pair.place.copies)]
            found.after = times(segment.other.totals, pair.place.copies)
        put(self.findings, pair.slot(edit, key), found)
        return edit or key


def _next(copy: Use) -> Use:
    """The copy after one that is equal to it."""
    return copy._replace(name=str(int(copy.name) + 1))


def _path(around: str, copy: Use, node: Use) -> str:
    """The path of a copy; of a node without copies its own."""
    return around if copy is node else f"{around}.{copy.name}"


def _rows(use: Use) -> Any:
    """The table of a node as it is written; None for one without."""
    return use.step.each.rows.plain() if use.step.each is not None else None


def _handed(given: tuple[Cause, ...], around: Taken) -> Taken:
    """Because of what the operands of a copy have other shapes, which takes what the one before gives."""

    def taken(number: int) -> Cause:
        if number == 0 and not given:
            return None
        return given[number] if number < len(given) else around(number)

    return taken
