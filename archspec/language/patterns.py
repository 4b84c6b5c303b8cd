"""Patterns over dotted names: ``layer*.*.bn3`` for some tensors of a network, ``features.**`` for all below a name.

``*`` stands for one name, or for a part of one; ``**`` for any number of whole names, none included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_LONGEST = 500
"""Characters of a pattern."""
_NUMBER = re.compile("([0-9]{1,18})")


@lru_cache(maxsize=1024)
def problem(pattern: str) -> str:
    """Why a text is no pattern; empty where it is one.

    Its parts are bounded so that matching takes time in proportion to a path's length.
    """
    names = pattern.split(".")
    if len(pattern) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    if not all(names) or any(character.isspace() for character in pattern):
        return "names are joined by single dots, without spaces"
    if any(name != "**" and name.count("*") > 1 for name in names):
        return "a name has one `*` at most"
    return "`**` can stand in it once" if names.count("**") > 1 else ""


def is_pattern(text: str) -> bool:
    """Whether a text stands for several names."""
    return "*" in text


def stars(pattern: str) -> int:
    """The number of ``*``, those of ``**`` left out."""
    return pattern.replace("**", "").count("*")


def regex(pattern: str) -> str:
    r"""The regular expression that a whole path must match; each ``*`` is a group of it.

    >>> regex("layer*.**.bn")
    'layer([^.]*)\\.(?:[^.]+\\.)*bn'
    """
    *before, last = pattern.split(".")
    parts = [r"(?:[^.]+\.)*" if name == "**" else rf"{_name(name)}\." for name in before]
    if last != "**":
        return "".join(parts) + _name(last)
    if not parts:
        return ".+"
    return "".join(parts).removesuffix(r"\.") + r"(?:\.[^.]+)*"


def regex_without_groups(pattern: str) -> str:
    """The same, for a text in which a reader looks for no parts."""
    return regex(pattern).replace("([^.]*)", "[^.]*")


def _name(name: str) -> str:
    return "([^.]*)".join(map(re.escape, name.split("*")))


@lru_cache(maxsize=1024)
def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(regex(pattern))


@lru_cache(maxsize=1024)
def _start(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{regex(pattern)})(?=\.|\Z)")


def selected(pattern: str, paths: Iterable[str]) -> list[str]:
    """The paths that a pattern stands for."""
    return list(filter(_whole(pattern).fullmatch, paths))


def matches(pattern: str, path: str) -> bool:
    """Whether a path is one of those that a pattern stands for.

    >>> matches("layer*.bn1", "layer2.bn1"), matches("layer*.bn1", "layer2.0.bn1"), matches("**.bn1", "layer2.0.bn1")
    (True, False, True)
    """
    return _whole(pattern).fullmatch(path) is not None


def begins(pattern: str, path: str) -> re.Match[str] | None:
    """The match of a pattern with a path's first names.

    >>> begins("layer*.downsample.0", "layer2.downsample.0.weight").groups()
    ('2',)
    """
    return _start(pattern).match(path)


def rests(pattern: tuple[str, ...], name: str) -> list[tuple[str, ...]]:
    """What is left of a pattern, as names, for the names behind a path's first one; none where that does not fit.

    >>> rests(("**", "bn*"), "bn1"), rests(("layer*", "conv"), "stem")
    ([('**', 'bn*'), ()], [])
    """
    if not pattern:
        return []
    first, *rest = pattern
    if first == "**":
        return [pattern, *rests(tuple(rest), name)]
    return [tuple(rest)] if matches(first, name) else []


def ends(pattern: tuple[str, ...]) -> bool:
    """Whether what is left of a pattern, as names, fits where nothing is left of the path."""
    return pattern in ((), ("**",))


def filled(pattern: str, parts: tuple[str, ...]) -> str:
    """A pattern with its ``*`` replaced, the first by the first part.

    >>> filled("layer*.*.bn", ("2", "0"))
    'layer2.0.bn'
    """
    values = iter(parts)
    return re.sub(r"\*", lambda _: next(values), pattern)


def natural_order(path: str) -> tuple[tuple[str | int, ...], ...]:
    """A key that sorts paths by their names, the numbers in these by value.

    >>> sorted(["layers.10", "layers.9", "layer10.0", "layer9.1"], key=natural_order)
    ['layer9.1', 'layer10.0', 'layers.9', 'layers.10']
    """
    return tuple(
        tuple(int(part) if i % 2 else part for i, part in enumerate(_NUMBER.split(name))) for name in path.split(".")
    )
