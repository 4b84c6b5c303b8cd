"""Longest common and longest increasing subsequences, in the time that the differences take."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

Pair = tuple[int, int]
"""Places in two sequences."""

_MOST_COMPARED = 250_000
"""Pairs of items that are compared where no item stands once in both sequences; of more, the common ends are taken."""


def aligned(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[Pair]:
    """The places of a long common subsequence of two sequences, in order.

    Common ends and the items that stand once in both (as in patience diff) are taken first, and what is between is
    compared item by item. So it is the longest one where items are few, or most of them differ from each other.

    >>> aligned("abcd", "xbd")
    [(1, 1), (3, 2)]
    """
    return list(_aligned(one, other, 0, len(one), 0, len(other)))


_DEEPEST = 40
"""How often parts between unique items are looked into for such items again."""


def _aligned(
    one: Sequence[Hashable],
    other: Sequence[Hashable],
    start: int,
    stop: int,
    first: int,
    last: int,
    depth: int = 0,
) -> Iterator[Pair]:
    while start < stop and first < last and one[start] == other[first]:
        yield start, first
        start, first = start + 1, first + 1
    ends: list[Pair] = []
    while start < stop and first < last and one[stop - 1] == other[last - 1]:
        stop, last = stop - 1, last - 1
        ends.append((stop, last))
    if start < stop and first < last:
        anchors = _anchors(one, other, start, stop, first, last) if depth < _DEEPEST else []
        if not anchors:
            yield from _longest(one, other, start, stop, first, last)
        for place, its in anchors:
            yield from _aligned(one, other, start, place, first, its, depth + 1)
            yield place, its
            start, first = place + 1, its + 1
        if anchors:
            yield from _aligned(one, other, start, stop, first, last, depth + 1)
    yield from reversed(ends)


def _anchors(
    one: Sequence[Hashable], other: Sequence[Hashable], start: int, stop: int, first: int, last: int
) -> list[Pair]:
    """The items that stand once in both parts, as many as have one order."""
    counts = Counter(one[start:stop])
    others = Counter(other[first:last])
    places = {item: first + number for number, item in enumerate(other[first:last])}
    pairs = [
        (number, places[item])
        for number, item in enumerate(one[start:stop], start)
        if counts[item] == 1 == others.get(item, 0)
    ]
    return [pairs[number] for number in increasing([its for _, its in pairs])]


def _longest(
    one: Sequence[Hashable], other: Sequence[Hashable], start: int, stop: int, first: int, last: int
) -> Iterator[Pair]:
    """The longest common subsequence of two parts, by dynamic programming; none of parts that are too long."""
    rows, columns = stop - start, last - first
    if rows * columns > _MOST_COMPARED:
        return
    table = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            same = one[start + i] == other[first + j]
            table[i][j] = table[i + 1][j + 1] + 1 if same else max(table[i + 1][j], table[i][j + 1])
    i = j = 0
    while i < rows and j < columns:
        if one[start + i] == other[first + j]:
            yield start + i, first + j
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1


def increasing(numbers: Sequence[int]) -> list[int]:
    """The places of a longest increasing subsequence, in order.

    >>> increasing([3, 0, 1, 2])
    [1, 2, 3]
    """
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(ends, number)
        before.append(places[length - 1] if length else -1)
        if length == len(ends):
            ends.append(number)
            places.append(place)
        else:
            ends[length], places[length] = number, place
    found: list[int] = []
    place = places[-1] if places else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]
