"""What docstrings say of parameters, each once in a file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.registry import Registry

EVIDENT = frozenset(
    "in_channels in_features out_channels out_features kernel_size stride padding dilation groups bias".split()
)
"""Parameters that are called as those of PyTorch's layers."""
OBVIOUS = frozenset(
    {
        ("num_classes", "Number of classes."),
        ("act", "Activation."),
        ("norm", "Normalisation."),
        ("heads", "Heads of attention."),
        ("drop_path", "Probability that training drops the branch."),
        ("drop_path", "Probability that training drops a branch."),
        ("squeeze_channels", "Channels between the two layers."),
        ("hidden", "Features between the linear layers."),
    }
)
"""Names of parameters with descriptions that say no more."""


@dataclass(eq=False)
class Descriptions:
    """Remembers what has been said.

    Attributes:
        registry: The classes, those inside of others first.
        said: Names of parameters with descriptions that need not be said again.
        known: For each class, its parameters that have been described, there or above.
    """

    registry: Registry
    said: set[tuple[str, str]] = field(default_factory=lambda: set(OBVIOUS))
    known: dict[str, set[str]] = field(default_factory=dict)

    def paragraph(self, made: Class, shapes: str) -> str:
        """The paragraph ``Args:`` of a docstring, which is then said too; empty where nothing is to say.

        Left out are parameters without a description, those that are called as PyTorch calls them, sizes that the line
        on shapes names, and what a class above says: of a parameter of that name, or of the one that it is handed to.
        """
        named = EVIDENT.union(re.split(r"[(),]\s*", shapes))
        found = {each.name: each.doc for each in made.signature if each.doc and each.name not in named}
        handed = found.keys() & set(self._handed(made))
        described = {each: doc for each, doc in found.items() if each not in handed and (each, doc) not in self.said}
        self.said.update(described.items())
        self.known[made.name] = {*described, *handed}
        return "\n".join(["Args:", *(f"    {each}: {doc}" for each, doc in described.items())]) if described else ""

    def _handed(self, made: Class) -> Iterator[str]:
        """The parameters that are those of the same name of a class inside, which have been described."""
        for call in made.calls():
            inner = self.registry.named(call.target)
            for parameter, value in inner.stated(call).items() if inner is not None else ():
                alike = isinstance(value, ast.Name) and value.id == parameter
                if alike and parameter in self.known.get(call.target, ()):
                    yield parameter
