"""Neighbouring lines whose values stand below each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from archspec.importers.writing.scalars import WIDTH

_MOST_SPREAD = 12
"""Names of neighbouring nodes that differ more in length are not aligned."""
_MOST_COLUMN_SPREAD = 6
_KINDS = ("op", "block", "reuse")
"""Keys whose values are not aligned: what stands behind differs with them."""


class Line(NamedTuple):
    """An entry that fits into a line: its key, and its value, whose items are known where they can be aligned."""

    key: str
    text: str
    items: tuple[tuple[str, str], ...]


def laid(lines: list[Line], indent: int) -> Iterator[str]:
    """Neighbouring lines, with their values below each other where that reads well."""
    widths = [len(line.key) for line in lines]
    width = max(widths) if len(lines) > 2 and max(widths) - min(widths) <= _MOST_SPREAD else 0
    gaps = [[0] * len(line.items) for line in lines]
    if width or len(set(widths)) == 1:
        _pad(lines, gaps, range(len(lines)), 0)
    for line, gap in zip(lines, gaps, strict=True):
        row = (f"{' ' * spaces}{text}" for (_, text), spaces in zip(line.items, gap, strict=True))
        texts = (f"{{{', '.join(row)}}}" if line.items else line.text, line.text)
        starts = (f"{line.key}: ".ljust(width + 2), f"{line.key}: ")
        written = [f"{' ' * indent}{start}{text}" for text in texts for start in starts]
        yield next((each for each in written if len(each) <= WIDTH), written[-1])


def _pad(lines: Sequence[Line], gaps: list[list[int]], among: Iterable[int], column: int) -> None:
    """Align what stands behind an item of neighbouring lines, as long as the items before it are aligned.

    Args:
        lines: The lines.
        gaps: The spaces before each item of each line, which are found here.
        among: The lines that are looked at.
        column: The number of the item.
    """
    for key, run in _runs(among, lambda number: _key_at(lines[number], column)):
        if key is None:
            continue
        followed = [number for number in run if column + 1 < len(lines[number].items)]
        widths = [len(lines[number].items[column][1]) for number in followed]
        if key not in _KINDS and widths and max(widths) - min(widths) <= _MOST_COLUMN_SPREAD:
            for number, width in zip(followed, widths, strict=True):
                gaps[number][column + 1] = max(widths) - width
            _pad(lines, gaps, followed, column + 1)
        else:
            for _, part in _runs(followed, lambda number: lines[number].items[column][1]):
                _pad(lines, gaps, part, column + 1)


def _key_at(line: Line, column: int) -> str | None:
    return line.items[column][0] if column < len(line.items) else None


def _runs(numbers: Iterable[int], key: Callable[[int], str | None]) -> list[tuple[str | None, list[int]]]:
    """Neighbours of one key: numbers that follow each other."""
    found: list[tuple[str | None, list[int]]] = []
    for number in numbers:
        if found and found[-1][0] == key(number) and found[-1][1][-1] == number - 1:
            found[-1][1].append(number)
        else:
            found.append((key(number), [number]))
    return found
