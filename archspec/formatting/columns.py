"""Neighbouring lines as a table: what their author has aligned stays aligned, whatever has changed in a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from archspec.formatting.flow import Item
from archspec.formatting.lines import WIDTH

_KINDS = ("op", "block", "reuse")
"""Keys that say what a node is: those of others are no table."""


class Row(NamedTuple):
    """An entry of a block collection that stands in one line.

    Attributes:
        head: Its key with the colon, or the sign of an item.
        gap: The characters behind that.
        column: Where its value began in its author's line.
        before: What stands before the items of its value: the bracket, and what is before it.
        items: The items of its value; of one that is no collection none.
        after: What ends it.
    """

    head: str
    gap: int
    column: int
    before: str
    items: Sequence[Item]
    after: str


@dataclass
class _Padding:
    """Spaces in a row besides those that every line has."""

    value: int
    items: list[int]


def aligned(rows: Sequence[Row], indent: int) -> list[str]:
    """The texts of neighbouring rows, without the spaces that they begin with.

    Values are aligned where those of two rows are, with more spaces behind one key than behind the other; what follows
    an item of a value, where that holds of two rows that are alike. A row that would be too long is
    as it is without.
    """
    heads = [len(row.head) for row in rows]
    width = max(heads, default=0) if _are_aligned((row.column, row.gap) for row in rows) else 0
    paddings = [_Padding(max(width - head, 0), [0] * len(row.items)) for row, head in zip(rows, heads, strict=True)]
    _pad_items(rows, paddings)
    return [_text(row, padding, WIDTH - indent) for row, padding in zip(rows, paddings, strict=True)]


def _are_aligned(places: Iterable[tuple[int, int]]) -> bool:
    """Whether two of some columns are one, with other numbers of spaces before them."""
    gaps: dict[int, int] = {}
    return any(gaps.setdefault(column, gap) != gap for column, gap in places)


def _pad_items(rows: Sequence[Row], paddings: Sequence[_Padding]) -> None:
    """Align items of rows, from left to right."""
    ends = [
        len(row.head) + padding.value + 1 + len(row.before) + (len(row.items[0].text) if row.items else 0)
        for row, padding in zip(rows, paddings, strict=True)
    ]
    for place in range(1, max((len(row.items) for row in rows), default=0)):
        for numbers in _alike(rows, place):
            is_aligned = _are_aligned(rows[number].items[place][2:] for number in numbers)
            column = max(ends[number] for number in numbers)
            for number in numbers:
                padding = column - ends[number] if is_aligned else 0
                paddings[number].items[place] = padding
                ends[number] += padding + 2 + len(rows[number].items[place].text)


def _alike(rows: Sequence[Row], place: int) -> list[list[int]]:
    """The numbers of the rows whose items at a place can be aligned.

    These are neighbours with the same keys before it, and of one op or block; with those of others with the same keys
    where some of these items stand in the same column, whatever is between.
    """
    found: list[tuple[tuple[str, ...], set[int], list[int]]] = []
    for number, row in enumerate(rows):
        if place >= len(row.items):
            continue
        keys = tuple(item.text if item.key in _KINDS else item.key for item in row.items[:place])
        column = row.items[place].column
        if found and found[-1][0] == keys and found[-1][2][-1] == number - 1:
            found[-1][1].add(column)
            found[-1][2].append(number)
        else:
            found.append((keys, {column}, [number]))
    owners: dict[tuple[tuple[str, ...], int], list[int]] = {}
    groups: list[list[int]] = []
    for keys, columns, numbers in found:
        group = next((owners[keys, column] for column in columns if (keys, column) in owners), None)
        if group is None:
            groups.append(group := [])
        group += numbers
        owners.update(dict.fromkeys(((keys, column) for column in columns), group))
    return groups


def _text(row: Row, padding: _Padding, width: int) -> str:
    """A row with its padding, or with as much of it as fits."""
    plain = [0] * len(row.items)
    texts = [
        _row(row, value, items) for items in (padding.items, plain) for value in (padding.value, 0)
    ]  # as `archspec.importers.writing` has it
    return next((text for text in texts if len(text) <= width), texts[-1])


def _row(row: Row, value: int, items: Sequence[int]) -> str:
    cells = (f"{' ' * spaces}{item.text}" for item, spaces in zip(row.items, items, strict=True))
    text = f"{row.before}{', '.join(cells)}{row.after}"
    return f"{row.head}{' ' * (value + 1)}{text}" if text else row.head
