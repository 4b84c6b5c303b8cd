"""From what a command is given to a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import archspec
from archspec.commands.printing import print_report
from archspec.commands.streams import STANDARD, standard_input
from archspec.errors import SpecError, UsageError, did_you_mean
from archspec.language.limits import Limits

if TYPE_CHECKING:
    from archspec.compiler.lint import Warned
    from archspec.compiler.pipeline import LoadedSpec


class Asked(NamedTuple):
    """The spec that a command is given, and the options that say how it compiles."""

    spec: str
    variant: str | None
    set_: Sequence[str] | None
    root: Path | None
    limit: Sequence[str] | None
    strict: bool

    def opened(self) -> LoadedSpec:
        """The spec, which is looked into when it is compiled."""
        from archspec.compiler.pipeline import of_bytes, opened

        limits = limits_of(self.limit or ())
        if self.spec == STANDARD:
            return of_bytes(standard_input(limits.file_bytes), "<stdin>", self.root or Path(), limits)
        return opened(self.spec, self.root, limits)

    def compiler(self, opened: LoadedSpec | None = None) -> Callable[[str | None], archspec.Network]:
        """What compiles a variant of the spec, which is read once; of one that is open where it is given."""
        params = dict(assignments(self.set_ or (), "--set"))
        loaded = opened or self.opened()
        return lambda variant: loaded.compile(variant=variant, **params)

    def network(self, opened: LoadedSpec | None = None) -> archspec.Network:
        """The network; its warnings are printed, or raised where they are taken for errors."""
        from archspec.compiler.lint import warned

        network = self.compiler(opened)(self.variant)
        print_report(accepted(warned(network), self.strict))
        return network


def accepted(warned: Warned, strict: bool) -> Warned:
    """Warnings, where they are not taken for errors.

    Raises:
        SpecError: They are, and there are some.
    """
    if strict and warned.diagnostics:
        errors = [each._replace(severity="error") for each in warned.diagnostics]
        raise SpecError(errors, warned.sources, left_out=warned.left_out)
    return warned


def assignments(texts: Sequence[str], option: str) -> list[tuple[str, Any]]:
    """What was given to an option as ``NAME=VALUE``, any number of times.

    Raises:
        UsageError: Something else was given.
    """
    from archspec.language.assignment import assignment

    return [assignment(text, option) for text in texts]


def limits_of(texts: Sequence[str]) -> Limits:
    """The bounds that ``--limit`` says.

    Raises:
        UsageError: There is no such bound, or it is given no positive integer.
    """
    limits = Limits()
    known = [field.name for field in fields(Limits)]
    for name, value in assignments(texts, "--limit"):
        if name not in known:
            raise UsageError(f"there is no limit `{name}`; {did_you_mean(name, known)}")
        if type(value) is not int or value < 1:
            raise UsageError(f"the limit `{name}` is a positive integer, not {value}")
        limits = replace(limits, **{name: value})
    return limits
