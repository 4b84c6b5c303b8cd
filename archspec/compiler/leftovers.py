"""Arguments that are left of what a node was, where a file that extends or `override:` makes it something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archspec.errors import Change, Help, listed
from archspec.language.definition import Step
from archspec.language.source import Scalar


class Leftovers(NamedTuple):
    """Arguments that what the node has become does not take, told as one mistake.

    Attributes:
        names: Their names.
        origin: Where they come from, in words.
    """

    names: list[str]
    origin: str

    def message(self, owner: str, kind: str) -> str:
        """That an op or block does not take them, which it calls arguments or parameters."""
        return f"{owner} has no {kind}{'s' * (len(self.names) > 1)} {listed(self.names)}, which {self.origin}"

    @property
    def help(self) -> Help:
        """How to remove them."""
        nulls = [f"{name}: null" for name in self.names]
        them = "it" if len(nulls) == 1 else "them"
        return Help(f"remove {them} with `{', '.join(nulls)}`", Change("set", "\n".join(nulls)))


def leftovers(unknown: Mapping[str, Scalar], step: Step) -> Iterator[Leftovers]:
    """Those among arguments that are not known, by name."""
    if step.target is None:
        return
    own = step.target.source
    as_it_was = [name for name, key in unknown.items() if step.leaves(key)]
    if as_it_was:
        yield Leftovers(as_it_was, "the node has as it was")
    given = [name for name, key in unknown.items() if name not in as_it_was and key.source.is_drawn_in_by(own)]
    if given:
        yield Leftovers(given, "the extended file gives")
