"""Rules that say what the tensors of a checkpoint are called in a network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from archspec.language import patterns
from archspec.ops.tensor import Shape
from archspec.pytorch.weights.tensors import is_counter, module_of, tensor_of

Rules = Mapping[str, str | None]
"""Names of a checkpoint, or patterns of them, to those of a network; None for what is left out."""


class Renaming:
    """The rules of one source, made ready.

    A rule applies to a name that begins with its left side; the first that does holds. One whose left side has ``**``
    pairs modules in order, after the others have taken theirs.
    """

    def __init__(self, rules: Rules, expected: Mapping[str, Shape]) -> None:
        self.rules = list(rules.items())
        self.expected = expected
        self.literal = {left: i for i, (left, _) in enumerate(self.rules) if not patterns.is_pattern(left)}
        self.names = 1 + max((left.count(".") for left in self.literal), default=-1)
        self.patterns = [i for i, (left, _) in enumerate(self.rules) if patterns.is_pattern(left)]

    def of(self, names: Mapping[str, str], found: Mapping[str, Shape]) -> dict[str, str | None]:
        """What each name is in the network; None for one that is left out, empty for one without a counterpart."""
        renamed: dict[str, str | None] = {}
        ordered: dict[int, list[str]] = defaultdict(list)
        for name in names:
            rule, parts, rest = self._first(name)
            if rule is None:
                renamed[name] = name
                continue
            left, right = self.rules[rule]
            if right is None:
                renamed[name] = None
            elif "**" in left:
                renamed[name] = ""
                ordered[rule].append(name)
            else:
                renamed[name] = patterns.filled(right, parts) + rest
        for rule, members in sorted(ordered.items()):
            shapes = {name: found[names[name]] for name in members}
            renamed |= self._in_order(shapes, self.rules[rule][1] or "", renamed.values())
        return renamed

    def _first(self, name: str) -> tuple[int | None, tuple[str, ...], str]:
        """The rule that holds for a name, what its ``*`` stand for, and the rest of the name."""
        best = min(
            (self.literal.get(start, len(self.rules)) for start in _starts(name, self.names)), default=len(self.rules)
        )
        for i in self.patterns:
            if i > best:
                break
            left = self.rules[i][0]
            match = None if "**" in left else patterns.begins(left, name)
            if match:
                return i, match.groups(), name[match.end() :]
            if "**" in left and patterns.matches(left, module_of(name)):
                return i, (), ""
        if best == len(self.rules):
            return None, (), ""
        return best, (), name[len(self.rules[best][0]) :]

    def _in_order(self, members: Mapping[str, Shape], right: str, taken: Iterable[str | None]) -> dict[str, str | None]:
        """The modules of some tensors paired with the network's, the first of a kind with the first of that kind."""
        used = {module_of(name) for name in taken if name and name in self.expected}
        free = {
            name: shape
            for name, shape in self.expected.items()
            if module_of(name) not in used and patterns.matches(right, module_of(name))
        }
        ours, theirs = _kinds(free), _kinds(members)
        pairs: dict[str, str] = {}
        for kind, modules in theirs.items():
            ordered = sorted(modules, key=patterns.natural_order)
            pairs.update(zip(ordered, ours.get(kind, ()), strict=False))
        return {name: f"{pairs[module_of(name)]}.{tensor_of(name)}" for name in members if module_of(name) in pairs}


def _starts(name: str, most: int) -> Iterator[str]:
    """A name's first names: one of them, two, and so on; a rule has no more than ``most``."""
    return accumulate(name.split(".", most)[:most], "{}.{}".format)


Kind = tuple[tuple[str, int], ...]
"""Names and numbers of dimensions of a module's tensors, those of its counter left out."""


def _kinds(tensors: Mapping[str, Shape]) -> dict[Kind, list[str]]:
    """Modules by kind, in order."""
    parts: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for name, shape in tensors.items():
        parts[module_of(name)] += [] if is_counter(name) else [(tensor_of(name), len(shape))]
    kinds: dict[Kind, list[str]] = defaultdict(list)
    for module, kind in parts.items():
        kinds[tuple(sorted(kind))].append(module)
    return kinds
