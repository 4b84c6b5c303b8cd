"""Where something differs: a path in either network, and many paths as one pattern."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A node or block in the networks that are compared.

    Attributes:
        before: Its path in the first network; empty for what only the second has.
        after: Its path in the second network; empty for what only the first has.
        copies: How many it stands for: of equal copies of a repeat in a row, the first is named.
    """

    before: str
    after: str
    copies: int = 1

    @property
    def path(self) -> str:
        """Its path in the second network, of what was removed in the first."""
        return self.after or self.before

    def inside(self, before: str, after: str, copies: int = 1) -> Place:
        """The place as what stands around it sees it, which is so many copies; without names it is that itself."""
        if not self.path:
            return Place(before, after, copies)
        return Place(_joined(before, self.before), _joined(after, self.after), self.copies * copies)


def _joined(around: str, inside: str) -> str:
    return f"{around}.{inside}" if around and inside else inside


def pattern(paths: Sequence[str]) -> str:
    """Paths as one pattern of the language, which fits all of them and may fit more.

    >>> pattern(["layer1.0.relu1", "layer2.0.relu1"]), pattern(["norm1", "norm2"]), pattern(["fc"])
    ('layer*.0.relu1', 'norm*', 'fc')
    """
    names = [path.split(".") for path in paths]
    if len({len(each) for each in names}) == 1:
        return ".".join(_alike(set(column)) for column in zip(*names, strict=True))
    ends = _common(reversed(each) for each in names)[::-1]
    starts = _common(each[: len(each) - len(ends)] for each in names)
    return ".".join([*starts, "**", *ends])


def patterns(paths: Sequence[str]) -> list[str]:
    """Paths as a few patterns: by their number of names and what the last is called without its number.

    >>> patterns(["relu", "layer1.0.relu1", "layer1.1.relu2"])
    ['relu', 'layer1.*.relu*']
    """
    found: list[list[str]] = []
    for key in (_called, _length):
        alike: dict[Hashable, list[str]] = {}
        for path in paths:
            alike.setdefault(key(path), []).append(path)
        found = list(alike.values())
        if len(found) <= _MOST_PATTERNS:
            return list(map(pattern, found))
    return [pattern(paths)]


def _called(path: str) -> Hashable:
    return _length(path), path.rpartition(".")[2].rstrip("0123456789")


def _length(path: str) -> Hashable:
    return path.count(".")


_MOST_PATTERNS = 3


def _alike(names: set[str]) -> str:
    """Names as one with a ``*`` for what differs."""
    if len(names) == 1:
        return next(iter(names))
    start = "".join(_common(names))
    end = "".join(_common(name[len(start) :][::-1] for name in names))[::-1]
    return f"{start}*{end}"


def _common(lists: Iterable[Iterable[str]]) -> list[str]:
    """What texts, or lists of names, begin with, all of them."""
    found: list[str] = []
    for names in zip(*lists, strict=False):
        if len(set(names)) > 1:
            break
        found.append(names[0])
    return found
