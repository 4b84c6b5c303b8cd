"""Which node of one network is which of the other, by path."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.comparison.matching import matched
from archspec.comparison.segments import segments
from archspec.comparison.signatures import Signatures
from archspec.comparison.wiring import Wiring
from archspec.network import Body, Network, Use

Names = Mapping[str, str]


class Partners:
    """The paths of two networks that are each other's, found as they are asked for."""

    def __init__(self, one: Network, other: Network) -> None:
        self._roots = one.blocks.content, other.blocks.content
        self._signatures = Signatures()
        self._known: dict[tuple[int, int], tuple[Names, Names]] = {}

    def after(self, path: str) -> str:
        """The path in the second network of a part of the first, or of the innermost around it that has one."""
        return self._partner(path, 0)

    def before(self, path: str) -> str:
        """The path in the first network of a part of the second, or of the innermost around it that has one."""
        return self._partner(path, 1)

    def _partner(self, path: str, side: int) -> str:
        found: list[str] = []
        one, other = self._roots[side], self._roots[1 - side]
        uses: tuple[Use, Use] | None = None
        for name in path.split("."):
            its = self._names(one, other, uses, side).get(name)
            use, partner = one.use(name), other.use(its) if its is not None else None
            if its is None or use is None or partner is None:
                break
            found.append(its)
            if not isinstance(use.content, Body) or not isinstance(partner.content, Body):
                break
            one, other, uses = use.content, partner.content, (use, partner)
        return ".".join(found)

    def _names(self, one: Body, other: Body, uses: tuple[Use, Use] | None, side: int) -> Names:
        """The names inside of a content of one side, to those of the other."""
        if side:
            one, other, uses = other, one, uses and (uses[1], uses[0])
        key = id(one), id(other)
        if key not in self._known:
            names = dict(
                self._copies(*uses) if uses and "repeat" in (one.kind, other.kind) else self._nodes(one, other)
            )
            self._known[key] = names, {its: name for name, its in names.items()}
        return self._known[key][side]

    def _nodes(self, one: Body, other: Body) -> list[tuple[str, str]]:
        found = matched(Wiring(one), Wiring(other), self._signatures)
        return [(match.one.name, match.other.name) for match in found.matches]

    def _copies(self, one: Use, other: Use) -> list[tuple[str, str]]:
        """Copies that are each other's; none where only one of two nodes has copies."""
        found = segments(one, other, lambda use: self._signatures.of(use.content))
        return [
            (str(int(each.one.name) + by), str(int(each.other.name) + by))
            for each in found
            if each.one and each.other and each.one.name.isdecimal() and each.other.name.isdecimal()
            for by in range(each.copies)
        ]
