"""What a process does for a sweep: some points of one spec, whose file it reads once."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from archspec.compiler.pipeline import LoadedSpec, collection_paused, opened
from archspec.errors import SpecError, UsageError
from archspec.exploration import provenance
from archspec.exploration.figures import Number, of_network
from archspec.exploration.points import Values
from archspec.language.limits import Limits

_UNREAD = frozenset({"unreadable-file", "unknown-block", "unknown-network", "path-outside"})
"""Errors that may be gone when a file is there which was not."""


class Outcome(NamedTuple):
    """What came of a point.

    Attributes:
        figures: The figures, by name; empty where the point is invalid.
        error: Why it is; else empty.
        lasting: Whether the files that were read decide it.
    """

    figures: dict[str, Number]
    error: str = ""
    lasting: bool = True


@dataclass(frozen=True)
class Subject:
    """A spec, as every process of a sweep can have it.

    Attributes:
        name: The spec as it was named.
        pickled: What was read of its file, so that all processes have the same text, and those on other machines any;
            None for a network that is known by name, which each has.
        limits: Bounds on what it may ask for.
    """

    name: str
    pickled: bytes | None
    limits: Limits

    def loaded(self) -> LoadedSpec:
        """The spec, read once a process."""
        return _loaded(self)


@lru_cache(maxsize=16)
def _loaded(subject: Subject) -> LoadedSpec:
    if subject.pickled is None:
        return opened(subject.name, None, subject.limits)
    loaded = pickle.loads(subject.pickled)
    assert isinstance(loaded, LoadedSpec)
    return loaded


class Task(NamedTuple):
    """Some points of a spec.

    Attributes:
        subject: The spec.
        variant: The variant that the values are over.
        figures: The figures that are asked for.
        numbers: The numbers of the points in the sweep.
        points: Their values.
    """

    subject: Subject
    variant: str | None
    figures: tuple[str, ...]
    numbers: Sequence[int]
    points: Sequence[Values]


class Done(NamedTuple):
    """What came of a task.

    Attributes:
        numbers: Those of its points.
        outcomes: What came of each.
        files: Digests of the files that were read, by path.
        package: The digest of what compiled.
    """

    numbers: Sequence[int]
    outcomes: list[Outcome]
    files: dict[str, str]
    package: str


def done(task: Task) -> Done:
    """Work a task out."""
    loaded = task.subject.loaded()
    with collection_paused():
        outcomes = [outcome(loaded, task.variant, values, task.figures) for values in task.points]
    return Done(task.numbers, outcomes, provenance.of_files(loaded.sources.values()), provenance.of_package())


def outcome(loaded: LoadedSpec, variant: str | None, values: dict[str, Any], figures: Sequence[str]) -> Outcome:
    """What comes of a point: an invalid one is an outcome too."""
    try:
        return Outcome(of_network(loaded.compile(variant=variant, **values), figures))
    except SpecError as error:
        codes = {each.code for each in error.diagnostics}
        return Outcome({}, _told(error), not codes & _UNREAD)
    except UsageError as error:
        return Outcome({}, str(error))


def _told(error: SpecError) -> str:
    """A spec's errors in one line: the first, with its place, and how many more there are."""
    first, *others = error.diagnostics
    more = len(others) + error.left_out
    where = f" ({first.path})" if first.path else ""
    caption = f": {first.caption}" if first.caption else ""
    return f"{first}{where}{caption}" + (f"; and {more} more" if more else "")
