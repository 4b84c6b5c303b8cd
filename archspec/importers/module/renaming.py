"""Rules that lead from a module's names of tensors to those of its spec."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from archspec.importers.module.draft import Graph


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
    groups: dict[tuple[str, str], list[str]] = {}
    for left, right in found.items():
        starred = _starred(left, right, _WHOLE)
        if right is not None and starred[0] != left and starred[1] is not None:
            groups.setdefault((starred[0], starred[1]), []).append(left)
    rules = dict(found)
    for (left, right), members in groups.items():
        others = {key: value for key, value in rules.items() if key not in members}
        free = [name for name in wanted if not any(_covers(key, name) for key in [*others, *members])]
        kept = {match[0]: match[0] for name in free if wanted[name] == name and (match := _matched(left, name))}
        if len(kept) + 1 < len(members) and all(_is_right(own, own, wanted) for own in kept):
            rules = {**others, **kept, left: right}
    return rules


def in_order(
    found: Mapping[str, str | None], is_right: Callable[[Mapping[str, str | None]], bool]
) -> dict[str, str | None]:
    """Fewer rules, of which some pair modules in order, as ``"blocks*.**": "blocks*.**"`` does.

    Args:
        found: The rules.
        is_right: Whether rules lead all tensors where they belong.
    """
    rules = dict(found)
    tops: dict[tuple[str, str], list[str]] = {}
    for left, right in found.items():
        if right is not None and "." in left and "." in right:
            tops.setdefault((f"{left.partition('.')[0]}.**", f"{right.partition('.')[0]}.**"), []).append(left)
    for (left, right), members in tops.items():
        fewer = {key: value for key, value in rules.items() if key not in members} | {left: right}
        if len(members) >= _LEAST_IN_ORDER and is_right(fewer):
            rules = fewer
    groups: dict[tuple[str, str], list[str]] = {}
    for left, right in rules.items():
        if right is not None and "." in left and "." in right:
            one, other = (_numbers_starred(each.rpartition(".")[0]) for each in (left, right))
            groups.setdefault((f"{one}.**", f"{other}.**"), []).append(left)
    for (left, right), members in groups.items():
        if len(members) >= _LEAST_IN_ORDER:
            fewer = {key: value for key, value in rules.items() if key not in members} | {left: right}
            rules = fewer if is_right(fewer) else rules
    return rules


def _numbers_starred(path: str) -> str:
    """A path with a star for each number, or for a whole name that has several of them."""
    names = (_NUMBER.sub("*", name) for name in path.split("."))
    return ".".join("*" if name.count("*") > 1 else name for name in names)


_NUMBER = re.compile(r"\d+")
_LEAST_IN_ORDER = 3


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
        for left, right in (*starred, (shorter, its)):
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


def _covers(left: str, name: str) -> bool:
    return _matched(left, name) is not None


def _matched(left: str, name: str) -> re.Match[str] | None:
    pattern = "".join("([^.]*)" if part == "*" else re.escape(part) for part in re.split(r"(\*)", left))
    return re.match(rf"{pattern}(?=\.|$)", name)


def _is_right(left: str, right: str | None, wanted: Mapping[str, str | None]) -> bool:
    """Whether a rule gives what is wanted for every tensor that it applies to."""
    for name, own in wanted.items():
        match = _matched(left, name)
        if match is None:
            continue
        given = None
        if right is not None:
            stars = iter(match.groups())
            given = (
                "".join(next(stars) if part == "*" else part for part in re.split(r"(\*)", right)) + name[match.end() :]
            )
        if given != own:
            return False
    return True
