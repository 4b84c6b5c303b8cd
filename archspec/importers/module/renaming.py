"""Rules that lead from a module's names of tensors to those of its spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache

from archspec.importers.module.draft import Graph

_Wider = Callable[[str, str], "tuple[str, str] | None"]
"""The sides of a rule that pairs in order, in which one for a single module may be contained."""


def own_names(graph: Graph, path: str = "") -> Iterator[tuple[str, str]]:
    """The name of each tensor in the module, and in the spec."""
    for node in graph.nodes:
        if node.reused is not None:
            continue
        here = f"{path}.{node.name}" if path else node.name
        if node.graph is not None:
            yield from own_names(node.graph, here)
        for tensor, held in node.held.items():
            yield held.name, f"{here}.{tensor}" if tensor else here


def rules(names: Mapping[str, str], tensors: Collection[str]) -> dict[str, str | None]:
    """Rules from the names in a module to those in its spec; None for what the spec leaves out.

    Args:
        names: For each tensor of the spec its name there, by its name in the module.
        tensors: The names of all tensors in the module.
    """
    wanted = {name: names.get(name) for name in tensors}
    found: dict[str, str | None] = {}
    for name, own in wanted.items():
        if own != name and not any(_covers(left, name) for left in found):
            left, right = _widest(name, own, wanted)
            found[left] = right
    return _with_exceptions(found, wanted)


def _with_exceptions(found: Mapping[str, str | None], wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """Fewer rules: one for many names, behind those for the few that it would be wrong for."""
    rules = dict(found)
    groups: dict[tuple[str, str], list[str]] = {}
    for own_left, own_right in found.items():
        for left, right in {_starred(own_left, own_right, _WHOLE), _starred_in_common(own_left, own_right)}:
            if right is not None and left != own_left:
                groups.setdefault((left, right), []).append(own_left)
    for (left, right), members in sorted(groups.items()):
        others = {key: value for key, value in rules.items() if key not in members}
        touched = {name: match[0] for name in wanted if (match := _matched(left, name))}
        kept = {module: module for name, module in touched.items() if wanted[name] == name}
        fewer: dict[str, str | None] = {**others, **kept, left: right}
        if len(fewer) < len(rules) and all(_given(fewer, name) == wanted[name] for name in touched):
            rules = fewer
    return rules


def in_order(
    found: Mapping[str, str | None], is_right: Callable[[Mapping[str, str | None]], bool]
) -> dict[str, str | None]:
    """Fewer rules, of which some pair modules in order, as ``"blocks*.**": "blocks*.**"`` does.

    Args:
        found: The rules.
        is_right: Whether rules lead all tensors where they belong.
    """
    plain = _paired(found, _WIDER, is_right)
    if len(plain) <= _FEW:
        return plain
    return min(plain, _paired(found, _LEAVES_FIRST, is_right), key=len)


def _paired(
    found: Mapping[str, str | None], widers: Sequence[_Wider], is_right: Callable[[Mapping[str, str | None]], bool]
) -> dict[str, str | None]:
    """The rules with those put together that a wider one can stand for."""
    rules = dict(found)
    for wider in widers:
        groups: dict[tuple[str, str], list[str]] = {}
        for left, right in rules.items():
            if right is not None and "." in left and "." in right and (pair := wider(left, right)):
                groups.setdefault(pair, []).append(left)
        for (left, right), members in groups.items():
            fewer: dict[str, str | None] = {key: value for key, value in rules.items() if key not in members}
            fewer[left] = right
            if len(members) >= _LEAST_IN_ORDER and is_right(fewer):
                rules = fewer
    return rules


def _below_top(left: str, right: str) -> tuple[str, str]:
    """All below the first names."""
    return f"{left.partition('.')[0]}.**", f"{right.partition('.')[0]}.**"


def _below_numbers(left: str, right: str) -> tuple[str, str]:
    """All below what holds the module, whatever its number."""
    one, other = (_numbers_starred(each.rpartition(".")[0]) for each in (left, right))
    return f"{one}.**", f"{other}.**"


def _leaf(left: str, right: str) -> tuple[str, str] | None:
    """All of the module's own name, or of its list's and its number; None where the names differ."""
    names = left.split(".")
    start = -2 if names[-1].isdecimal() else -1
    for own in (names[start], "_".join(names[start:])):
        before, found, after = f".{right}.".rpartition(f".{own}.")
        if found and before and not names[start].isdecimal():
            return ".".join(["**", *names[start:]]), f"**.{own}.{after}".rstrip(".")
    return None


def _leaf_below_top(left: str, right: str) -> tuple[str, str] | None:
    """The same below the first names alone."""
    pair = _leaf(left, right)
    return (f"{left.partition('.')[0]}.{pair[0]}", f"{right.partition('.')[0]}.{pair[1]}") if pair else None


def _numbers_starred(path: str) -> str:
    """A path with a star for each number, or for a whole name that has several of them."""
    names = (_NUMBER.sub("*", name) for name in path.split("."))
    return ".".join("*" if name.count("*") > 1 else name for name in names)


_NUMBER = re.compile(r"\d+")
_LEAST_IN_ORDER = 3
_FEW = 12
"""Rules that need no second try."""
_WIDER = (_below_top, _below_numbers, _leaf, _leaf_below_top)
_LEAVES_FIRST = (_below_top, _leaf, _leaf_below_top, _below_numbers)
"""What makes rules that pair in order of rules for single modules, in two orders in which they are tried."""


def _widest(name: str, own: str | None, wanted: Mapping[str, str | None]) -> tuple[str, str | None]:
    """The most general rule that is right for all tensors."""
    pairs = [(name, own)]
    while own is not None and "." in name and "." in own and name.rpartition(".")[2] == own.rpartition(".")[2]:
        name, own = name.rpartition(".")[0], own.rpartition(".")[0]
        pairs.append((name, own))
    while own is None and "." in name:
        name = name.rpartition(".")[0]
        pairs.append((name, None))
    for shorter, its in reversed(pairs):
        starred = (_starred(shorter, its, numbers) for numbers in (_AT_END, _WHOLE))
        for left, right in (*starred, _starred_in_common(shorter, its), (shorter, its)):
            if _is_right(left, right, wanted):
                return left, right
    return pairs[0]


_AT_END = re.compile(r"\d+(?=\.|$)")
"""Numbers at the end of names."""
_WHOLE = re.compile(r"(?:(?<=\.)|^)\d+(?=\.|$)")
"""Names that are numbers."""


def _starred(name: str, own: str | None, star: re.Pattern[str]) -> tuple[str, str | None]:
    """A rule with a star for each number of a kind."""
    if own is not None and star.findall(own) != star.findall(name):
        return name, own
    return star.sub("*", name), None if own is None else star.sub("*", own)


def _starred_in_common(name: str, own: str | None) -> tuple[str, str | None]:
    """A rule with a star for each number in the names that both begin with."""
    names, its = name.split("."), (own or "").split(".")
    count = next((i for i, (one, other) in enumerate(zip(names, its, strict=False)) if one != other), 0)
    left, right = (["*" if i < count and each.isdecimal() else each for i, each in enumerate(given)]
                   for given in (names, its))  # fmt: skip
    return ".".join(left), None if own is None else ".".join(right)


def _covers(left: str, name: str) -> bool:
    return _matched(left, name) is not None


def _matched(left: str, name: str) -> re.Match[str] | None:
    return _pattern(left).match(name)


@lru_cache(maxsize=4096)
def _pattern(left: str) -> re.Pattern[str]:
    """What the names that a rule applies to begin with."""
    text = "".join("([^.]*)" if part == "*" else re.escape(part) for part in re.split(r"(\*)", left))
    return re.compile(rf"{text}(?=\.|$)")


def _is_right(left: str, right: str | None, wanted: Mapping[str, str | None]) -> bool:
    """Whether a rule gives what is wanted for every tensor that it applies to."""
    return all(_given({left: right}, name) == own for name, own in wanted.items() if _covers(left, name))


def _given(rules: Mapping[str, str | None], name: str) -> str | None:
    """The name that the first rule that applies gives, and the same where none does."""
    for left, right in rules.items():
        if match := _matched(left, name):
            stars = iter(match.groups())
            parts = re.split(r"(\*)", right or "")
            filled = "".join(next(stars) if part == "*" else part for part in parts)
            return None if right is None else filled + name[match.end() :]
    return name
