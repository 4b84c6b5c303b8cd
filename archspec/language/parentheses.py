"""Which parentheses close where, for all pieces of a list at once."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def closings(text: str, pieces: Sequence[tuple[int, int]]) -> list[int | None]:
    """For each piece of a text the first after it at whose end all parentheses are closed that open from its start on.

    Args:
        text: The text.
        pieces: Where each begins and ends, in order; one that stands before the first is passed over.

    Returns:
        Numbers of pieces; None where no piece closes them. The time is in proportion to the text, times a logarithm.
    """
    first = pieces[0][0]
    places, open_after = [], [0]
    for match in re.compile("[()]").finditer(text, first, max(end for _, end in pieces)):
        places.append(match.start())
        open_after.append(open_after[-1] + (1 if match[0] == "(" else -1))
    found: list[int | None] = []
    # Later pieces that leave less open than any between; what is nearest, and leaves the most open, comes last.
    numbers: list[int] = []
    left_open: list[int] = []
    for number in range(len(pieces) - 1, -1, -1):
        start, end = pieces[number]
        at = bisect_right(left_open, open_after[bisect_left(places, start)]) - 1
        found.append(numbers[at] if at >= 0 else None)
        if start < first:
            continue
        still = open_after[bisect_left(places, end)]
        while left_open and left_open[-1] >= still:
            numbers.pop()
            left_open.pop()
        numbers.append(number)
        left_open.append(still)
    found.reverse()
    return found
