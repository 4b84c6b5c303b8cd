"""Which copies of two repeats, or rows of two tables, are each other's."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archspec.comparison.sequences import aligned
from archspec.language.choice import plain
from archspec.network import Body, Copies, Use


class Segment(NamedTuple):
    """Equal copies in a row, in one repeat or in both.

    Attributes:
        one: The first of them in the first repeat; None where they are new.
        other: The first of them in the second repeat; None where they are gone.
        copies: How many there are.
    """

    one: Use | None
    other: Use | None
    copies: int


class _Part(NamedTuple):
    """Equal copies in a row: the first, and how many there are."""

    use: Use
    copies: int

    def later(self, by: int) -> _Part:
        """It without its first copies."""
        if by == 0:
            return self
        return _Part(self.use._replace(name=str(int(self.use.name) + by)), self.copies - by)


def segments(one: Use, other: Use, alike: Callable[[Use], int]) -> list[Segment]:
    """The copies of two nodes, of which at least one repeats; a node that does not is one copy.

    Copies are each other's from the first on, and from the last on, as far as they are alike, and by their number
    between; rows of tables along the longest common subsequence of what they say, and by their number between.
    """
    ones, others = _parts(one), _parts(other)
    if one.step.each is None or other.step.each is None:
        return list(_copies(deque(ones), deque(others), alike))
    return list(_rows(_single(ones), _single(others), [row_of(one), row_of(other)]))


Rows = Callable[[Use], Mapping[str, Any]]


def row_of(table: Use) -> Rows:
    """What gives the values of the names in the row of a copy."""
    uses = table.content.uses if isinstance(table.content, Body) else ()
    return lambda copy: plain(dict(uses.named_values(int(copy.name)))) if isinstance(uses, Copies) else {}


def _parts(use: Use) -> list[_Part]:
    """The copies of a node."""
    content = use.content
    if not isinstance(content, Body) or content.kind != "repeat":
        return [_Part(use, 1)]
    if isinstance(content.uses, Copies):
        return [_Part(content.uses.first(run), run.length) for run in content.uses.runs]
    return [_Part(copy, 1) for copy in content.uses]


def _copies(ones: deque[_Part], others: deque[_Part], alike: Callable[[Use], int]) -> Iterator[Segment]:
    while ones and others and alike(ones[0].use) == alike(others[0].use):
        yield _first(ones, others)
    ends: list[Segment] = []
    while ones and others and alike(ones[-1].use) == alike(others[-1].use):
        ends.append(_last(ones, others))
    while ones and others:
        yield _first(ones, others)
    yield from (Segment(part.use, None, part.copies) for part in ones)
    yield from (Segment(None, part.use, part.copies) for part in others)
    yield from reversed(ends)


def _first(ones: deque[_Part], others: deque[_Part]) -> Segment:
    """Take as many copies from the start of both as there are in both."""
    part, its = ones.popleft(), others.popleft()
    both = min(part.copies, its.copies)
    for parts, taken in ((ones, part), (others, its)):
        if taken.copies > both:
            parts.appendleft(taken.later(both))
    return Segment(part.use, its.use, both)


def _last(ones: deque[_Part], others: deque[_Part]) -> Segment:
    """Take as many copies from the end of both."""
    part, its = ones.pop(), others.pop()
    both = min(part.copies, its.copies)
    for parts, taken in ((ones, part), (others, its)):
        if taken.copies > both:
            parts.append(_Part(taken.use, taken.copies - both))
    return Segment(part.later(part.copies - both).use, its.later(its.copies - both).use, both)


def _single(parts: list[_Part]) -> list[Use]:
    """Each copy by itself."""
    return [part.later(by).use for part in parts for by in range(part.copies)]


def _rows(rows: list[Use], its_rows: list[Use], values: Sequence[Rows]) -> Iterator[Segment]:
    place = its = 0
    texts, its_texts = ([repr(of(row)) for row in table] for of, table in zip(values, (rows, its_rows), strict=True))
    for i, j in [*aligned(texts, its_texts), (len(rows), len(its_rows))]:
        both = min(i - place, j - its)
        yield from (Segment(rows[place + k], its_rows[its + k], 1) for k in range(both))
        yield from (Segment(row, None, 1) for row in rows[place + both : i])
        yield from (Segment(None, row, 1) for row in its_rows[its + both : j])
        if i < len(rows):
            yield Segment(rows[i], its_rows[j], 1)
        place, its = i + 1, j + 1
